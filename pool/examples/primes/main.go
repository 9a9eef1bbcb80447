// Command primes counts prime numbers on all CPUs: package pool in an ordinary Go program, where workers are goroutines.
//
//	go run ./pool/examples/primes -n 2000000
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"poolbook/pool"
)

// span is a range of numbers, from included, to not.
type span struct{ from, to int }

// count counts the primes of a span.
func count(s span) (int, error) {
	if s.from < 0 {
		return 0, fmt.Errorf("numbers begin at 0, not at %d", s.from)
	}
	primes := 0
next:
	for n := max(s.from, 2); n < s.to; n++ {
		for d := 2; d*d <= n; d++ {
			if n%d == 0 {
				continue next
			}
		}
		primes++
	}
	return primes, nil
}

func main() {
	limit := flag.Int("n", 1_000_000, "count the primes below this `number`")
	step := flag.Int("step", 10_000, "how many `numbers` make one task")
	flag.Parse()
	if err := run(*limit, *step); err != nil {
		fmt.Fprintln(os.Stderr, "primes:", err)
		os.Exit(1)
	}
}

func run(limit, step int) error {
	if step < 1 {
		return errors.New("a task has at least one number")
	}
	p := pool.New()
	defer p.Terminate()
	var spans []span
	for _, from := range pool.Range(0, limit, step) {
		spans = append(spans, span{from, min(from+step, limit)})
	}
	r := pool.MapAsyncErr(p, count, spans, pool.Label("primes"), pool.ChunkSize(1))
	for !r.WaitTimeout(200 * time.Millisecond) {
		s := r.Stats()
		fmt.Fprintf(os.Stderr, "\r%d of %d spans", s.Done, s.Items)
	}
	counts, err := r.Get()
	if err != nil {
		return err
	}
	total := pool.Reduce(func(sum, n int) int { return sum + n }, counts, 0)
	fmt.Printf("\r%d primes below %d (%v)\n", total, limit, r.Stats())
	p.Close()
	return p.Join()
}
