package main

import (
	"fmt"
	"sort"
	"strings"
)

func text(size int) string {
	var b strings.Builder
	seed := uint32(7)
	for b.Len() < size {
		seed = seed*1664525 + 1013904223
		b.WriteString("word")
		b.WriteByte(byte('a' + seed>>10%26))
		b.WriteByte(byte('a' + seed>>20%26))
		b.WriteByte(' ')
	}
	return b.String()
}

func main() {
	counts := map[string]int{}
	for _, w := range strings.Fields(text(10_000_000)) {
		counts[w]++
	}
	words := make([]string, 0, len(counts))
	for w := range counts {
		words = append(words, w)
	}
	sort.Slice(words, func(i, j int) bool {
		if counts[words[i]] != counts[words[j]] {
			return counts[words[i]] > counts[words[j]]
		}
		return words[i] < words[j]
	})
	fmt.Println(len(words), words[0], counts[words[0]])
}
