//go:build unix

package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
)

// measured finds what the programs of BenchmarkPool print: "name 12.3", in
// milliseconds.
var measured = regexp.MustCompile(`(?m)^([a-z-]+) ([0-9.]+)$`)

// inGo is a cell that measures the pool from a user's point of view.
const inGo = `
func square(n int) int { return n * n }

func leibniz(r pool.Args2[int, int]) float64 {
	pi := 0.0
	for k := r.A; k <= r.B; k++ {
		if k%2 == 1 {
			pi += 1 / float64(2*k-1)
		} else {
			pi -= 1 / float64(2*k-1)
		}
	}
	return pi * 4
}

func report(name string, start time.Time) {
	fmt.Printf("%s %.1f\n", name, float64(time.Since(start).Microseconds())/1000)
}

start := time.Now()
p := pool.New(pool.Processes(2))
pool.Map(p, square, []int{1, 2})
report("first-result", start)

xs := make([]int, 100000)
start = time.Now()
pool.Map(p, square, xs)
report("map-of-small-tasks", start)

const n = 10000000
start = time.Now()
pool.Map(p, leibniz, []pool.Args2[int, int]{{1, n / 2}, {n/2 + 1, n}})
report("pi", start)

start = time.Now()
p.Close()
p.Join()
report("close", start)
`

const inPython = `
import time, multiprocessing
def square(n): return n * n
def leibniz(r):
    pi = 0
    for k in range(r[0], r[1] + 1):
        s = 1 if k % 2 else -1
        pi += s / (2 * k - 1)
    return pi * 4
def report(name, start): print(name, "%.1f" % ((time.perf_counter() - start) * 1000), flush=True)
if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    start = time.perf_counter()
    p = multiprocessing.Pool(2)
    p.map(square, [1, 2])
    report("first-result", start)
    xs = [0] * 100000
    start = time.perf_counter()
    p.map(square, xs)
    report("map-of-small-tasks", start)
    n = 10000000
    start = time.perf_counter()
    p.map(leibniz, [(1, n // 2), (n // 2 + 1, n)])
    report("pi", start)
    start = time.perf_counter()
    p.close()
    p.join()
    report("close", start)
`

// BenchmarkPool measures the same work on two processes in a cell and in
// Python: go test -run '^$' -bench Pool ./cmd/poolbook
func BenchmarkPool(b *testing.B) {
	b.Run("poolbook", func(b *testing.B) {
		p := &testPlace{t: b, dir: b.TempDir(), mark: "bench"}
		for range b.N {
			report(b, p.cellOutput(b, inGo))
		}
	})
	b.Run("python", func(b *testing.B) {
		p := &testPlace{t: b, dir: b.TempDir(), mark: "bench"}
		file := p.write("bench.py", inPython)
		for range b.N {
			report(b, p.run(5*time.Minute, "", debianPython, file).stdout)
		}
	})
}

// BenchmarkKernel measures the start of a kernel until its first result, and
// the round trip of a small cell after that.
func BenchmarkKernel(b *testing.B) {
	p := &testPlace{t: b, dir: b.TempDir(), mark: "bench"}
	program(b)
	b.Run("start", func(b *testing.B) {
		for range b.N {
			p.cellOutput(b, "fmt.Println(1)")
		}
	})
	b.Run("cell", func(b *testing.B) {
		k := p.kernel(context.Background())
		for i := 0; b.Loop(); i++ {
			if _, err := k.Execute(context.Background(), fmt.Sprintf("x%d := %d", i%100, i), client.ExecuteOptions{}, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func report(b *testing.B, text string) {
	b.Helper()
	found := measured.FindAllStringSubmatch(text, -1)
	if len(found) == 0 {
		b.Fatalf("nothing was measured: %s", text)
	}
	for _, m := range found {
		ms, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(ms, m[1]+"-ms")
	}
}

// cellOutput runs a cell in a new kernel and returns what it prints.
func (p *testPlace) cellOutput(b *testing.B, code string) string {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	k := p.kernel(ctx)
	text := ""
	reply, err := k.Execute(ctx, code, client.ExecuteOptions{}, func(m *protocol.Message) error {
		if m.Header.Type == protocol.TypeStream {
			s, err := protocol.Decode[protocol.Stream](m)
			text += s.Text
			return err
		}
		return nil
	})
	if err != nil || reply.Status != protocol.StatusOK {
		b.Fatalf("%v: %+v", err, reply)
	}
	if err := k.Shutdown(ctx); err != nil {
		b.Fatal(err)
	}
	return text
}
