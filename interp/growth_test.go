package interp_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// BenchmarkGrowth measures what a session of 5,000 cells costs in the end: each
// cell declares a variable, a function and a type, replaces a function that
// earlier cells call, and calls some. early-ms and late-ms are the time of a
// cell in the first and the last 500 (the best of their tenths), early-KB and
// late-KB what a cell in the first and the second half leaves in the heap.
// plain-ms and plain-KB are those of a cell after them that declares nothing.
func BenchmarkGrowth(b *testing.B) {
	const cells, window = 5000, 500
	heap := func() float64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc) / 1024
	}
	for range b.N {
		s := newSession(b)
		mustRun(b, s, 1, "func shared(n int) int { return n }\nfunc caller(n int) int { return shared(n) + 1 }")
		run := func(from, to int) time.Duration {
			best := time.Duration(0)
			for at := from; at < to; at += window / 10 {
				start := time.Now()
				for i := at; i < at+window/10; i++ {
					mustRun(b, s, i, fmt.Sprintf("v%d := %d\nfunc f%d(x int) int { return x + v%d }\ntype T%d struct{ A int }\nfunc shared(n int) int { return n + %d }\ncaller(1) + f%d(3)", i, i, i, i, i, i, i))
				}
				if d := time.Since(start) / (window / 10); best == 0 || d < best {
					best = d
				}
			}
			return best
		}
		ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
		h0 := heap()
		early := run(2, 2+window)
		run(2+window, 2+cells/2)
		h1 := heap()
		run(2+cells/2, 2+cells-window)
		late := run(2+cells-window, 2+cells)
		h2 := heap()
		b.ReportMetric(ms(early), "early-ms")
		b.ReportMetric(ms(late), "late-ms")
		b.ReportMetric((h1-h0)/(cells/2), "early-KB")
		b.ReportMetric((h2-h1)/(cells/2), "late-KB")
		start := time.Now()
		for i := range window {
			mustRun(b, s, 2+cells+i, "v2 = v2 + 1\nv2 * 2")
		}
		b.ReportMetric(ms(time.Since(start)/window), "plain-ms")
		b.ReportMetric((heap()-h2)/window, "plain-KB")
		s.Close()
	}
}
