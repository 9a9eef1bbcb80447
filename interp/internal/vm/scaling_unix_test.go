//go:build unix

package vm_test

import (
	"syscall"
	"testing"
	"time"

	"poolbook/interp/internal/vm"
)

// BenchmarkTwoGoroutines does the same work twice, by one goroutine and by two.
// two/one is the time of two over that of one: 0.5 is perfect on two cores, and
// compiled Go comes to 0.5 to 0.6 on a quiet machine. cpu is the same of processor
// time, which other work on the machine disturbs less: 1 when nothing is contended.
// The work has what could be: calls, method calls, closures, maps and allocation.
func BenchmarkTwoGoroutines(b *testing.B) {
	p, err := load(`package main
import "sync"
type shape interface{ area() int }
type square struct{ side int }
type rect struct{ w, h int }
func (s square) area() int { return s.side * s.side }
func (r *rect) area() int { return r.w * r.h }
type node struct{ left, right *node }
func tree(d int) *node {
	if d == 0 {
		return nil
	}
	return &node{tree(d - 1), tree(d - 1)}
}
func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}
func work() (n int) {
	shapes := []shape{square{3}, &rect{2, 5}}
	add := func(k int) { n += k }
	counts := make(map[int]int)
	for i := range 200_000 {
		add(shapes[i&1].area())
		counts[i&63]++
	}
	tree(12)
	return n + fib(24)
}
func One() { work(); work() }
func Two() {
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { work() })
	}
	wg.Wait()
}
func main() {}`)
	if err != nil {
		b.Fatal(err)
	}
	r := p.m.NewRun(b.Context(), vm.RunConfig{})
	if _, err := r.Call(p.main.Func("init")); err != nil {
		b.Fatal(err)
	}
	best := map[string]time.Duration{}
	least := func(key string, d time.Duration) {
		if best[key] == 0 || d < best[key] {
			best[key] = d
		}
	}
	for b.Loop() {
		for _, fn := range []string{"One", "Two"} {
			start, used := time.Now(), processorTime()
			if _, err := r.Call(p.main.Func(fn)); err != nil {
				b.Fatal(err)
			}
			least(fn, time.Since(start))
			least(fn+" cpu", processorTime()-used)
		}
	}
	b.ReportMetric(float64(best["Two"])/float64(best["One"]), "two/one")
	b.ReportMetric(float64(best["Two cpu"])/float64(best["One cpu"]), "cpu")
}

// processorTime is what the process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
