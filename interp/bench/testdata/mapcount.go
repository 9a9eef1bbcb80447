package main

import (
	"fmt"
	"strconv"
)

func main() {
	keys := make([]string, 50_000)
	for i := range keys {
		keys[i] = "key" + strconv.Itoa(i)
	}
	counts := map[string]int{}
	for i := 0; i < 5_000_000; i++ {
		counts[keys[i*7919%len(keys)]] += i & 3
	}
	total := 0
	for _, c := range counts {
		total += c
	}
	fmt.Println(len(counts), total)
}
