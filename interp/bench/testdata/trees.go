package main

import "fmt"

type Node struct{ left, right *Node }

func build(depth int) *Node {
	if depth == 0 {
		return &Node{}
	}
	return &Node{build(depth - 1), build(depth - 1)}
}

func (n *Node) count() int {
	if n.left == nil {
		return 1
	}
	return 1 + n.left.count() + n.right.count()
}

func main() {
	long := build(14)
	total := 0
	for depth := 4; depth <= 14; depth += 2 {
		for r := 0; r < 1<<(14-depth+4)/4; r++ {
			total += build(depth).count()
		}
	}
	fmt.Println(total, long.count())
}
