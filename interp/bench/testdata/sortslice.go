package main

import (
	"fmt"
	"sort"
)

func main() {
	xs := make([]int, 300_000)
	seed := uint32(1)
	for i := range xs {
		seed = seed*1664525 + 1013904223
		xs[i] = int(seed >> 8)
	}
	sort.Slice(xs, func(i, j int) bool { return xs[i] < xs[j] })
	fmt.Println(xs[0], xs[len(xs)/2], xs[len(xs)-1])
}
