package main

import "fmt"

func produce(n int, out chan<- int) {
	for i := 0; i < n; i++ {
		out <- i
	}
	close(out)
}

func main() {
	c := make(chan int, 100)
	go produce(1_000_000, c)
	sum := 0
	for v := range c {
		sum += v
	}
	fmt.Println(sum)
}
