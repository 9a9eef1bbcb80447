package main

import "fmt"

func main() {
	total := 0
	for i := 0; i < 1_000_000; i++ {
		total += len(fmt.Sprintf("%d:%s:%.2f", i, "item", float64(i)/3))
	}
	fmt.Println(total)
}
