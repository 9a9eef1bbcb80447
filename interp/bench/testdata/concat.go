package main

import "fmt"

func main() {
	total := 0
	for i := 0; i < 2_000; i++ {
		s := ""
		for j := 0; j < 500; j++ {
			s += string(rune('a' + (i+j)%26))
		}
		total += len(s) + int(s[len(s)-1])
	}
	fmt.Println(total)
}
