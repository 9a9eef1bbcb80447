package main

import "fmt"

func main() {
	const n = 10_000_000
	pi, sign := 0.0, 1.0
	for k := 0; k < n; k++ {
		pi += sign / float64(2*k+1)
		sign = -sign
	}
	fmt.Printf("%.9f\n", pi*4)
}
