//go:build go1.27

package pool_test

import (
	"fmt"

	"poolbook/pool"
)

// In programs for Go 1.27 and later the functions are methods too.
func Example_methods() {
	p := pool.New(pool.Processes(2))
	squares, err := p.Map(func(n int) int { return n * n }, []int{1, 2, 3})
	fmt.Println(squares, err)
	r := p.MapAsync(func(n int) string { return fmt.Sprint("item ", n) }, []int{4, 5}, pool.ChunkSize(1))
	fmt.Println(r.Get())
	for v, err := range p.Imap(func(n int) float64 { return float64(n) / 2 }, []int{1, 2}) {
		fmt.Println(v, err)
	}
	p.Close()
	p.Join()

	ex := pool.NewProcessExecutor(pool.MaxWorkers(2))
	fmt.Println(ex.Submit(func() string { return "done" }).Result())
	ex.Shutdown()
	// Output:
	// [1 4 9] <nil>
	// [item 4 item 5] <nil>
	// 0.5 <nil>
	// 1 <nil>
	// done <nil>
}
