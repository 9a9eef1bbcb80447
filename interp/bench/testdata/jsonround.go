package main

import (
	"encoding/json"
	"fmt"
)

type Item struct {
	ID    int      `json:"id"`
	Name  string   `json:"name"`
	Price float64  `json:"price"`
	Tags  []string `json:"tags"`
}

func main() {
	items := make([]Item, 2_000)
	for i := range items {
		items[i] = Item{i, fmt.Sprint("item ", i), float64(i) / 4, []string{"a", "b", "c"}}
	}
	size := 0
	for r := 0; r < 50; r++ {
		text, err := json.Marshal(items)
		if err != nil {
			panic(err)
		}
		var back []Item
		if err := json.Unmarshal(text, &back); err != nil {
			panic(err)
		}
		size += len(back)
	}
	fmt.Println(size)
}
