package pool_test

import (
	"fmt"

	"poolbook/pool"
)

func ExampleMapAsync() {
	p := pool.NewThreadPool(pool.Processes(3))
	r := pool.MapAsync(p, func(n int) int { return n * n }, []int{1, 2, 3, 4, 5})
	fmt.Println("Processing...")
	squares, err := r.Get()
	fmt.Println("Squared numbers:", squares, err)
	p.Close()
	fmt.Println(p.Join())
	// Output:
	// Processing...
	// Squared numbers: [1 4 9 16 25] <nil>
	// <nil>
}

func ExampleMapResult_Outcomes() {
	pool.With(func(p *pool.Pool) {
		r := pool.MapAsyncErr(p, func(n int) (int, error) {
			if n == 2 {
				return 0, fmt.Errorf("no %d", n)
			}
			return 10 * n, nil
		}, []int{1, 2, 3})
		for i, o := range r.Outcomes() {
			if o.Err != nil {
				fmt.Println(i, "failed")
				continue
			}
			fmt.Println(i, o.Value)
		}
	})
	// Output:
	// 0 10
	// 1 failed
	// 2 30
}

func ExampleImap() {
	p := pool.NewThreadPool(pool.Processes(2))
	defer p.Terminate()
	for v, err := range pool.Imap(p, func(s string) int { return len(s) }, []string{"a", "bb", "ccc"}) {
		fmt.Println(v, err)
	}
	// Output:
	// 1 <nil>
	// 2 <nil>
	// 3 <nil>
}

func ExampleMapReduce() {
	p := pool.NewThreadPool()
	defer p.Terminate()
	words := func(line string) []pool.KeyValue[int, string] {
		return []pool.KeyValue[int, string]{{Key: len(line), Value: line}}
	}
	counts, err := pool.MapReduce(p, words, func(_ int, lines []string) int { return len(lines) }, []string{"go", "py", "zig"})
	fmt.Println(counts, err)
	// Output: map[2:2 3:1] <nil>
}
