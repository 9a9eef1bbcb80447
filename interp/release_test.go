package interp_test

import (
	"runtime"
	"testing"
)

// TestCellsThatDeclareNothingLeaveNothing runs many of them, and looks at what is left of each.
func TestCellsThatDeclareNothingLeaveNothing(t *testing.T) {
	s := newSession(t)
	mustRun(t, s, 1, "x := 0\nfunc f(n int) int { return n + 1 }\nvar m = map[string]int{}\ntype point struct{ X int }\nvar p point\nfunc seq(yield func(int) bool) { _ = yield(1) && yield(2) }")
	heap := func() int64 {
		var m runtime.MemStats
		for range 3 {
			runtime.GC()
		}
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	number := 1
	for _, code := range []string{
		"1 + 1",
		"x = x + 1",
		"x = f(x)\nx",
		"fmt.Sprintln(x, \"text\")",
		"for i := range 3 { x += i }",
		"m[\"a\"]++\nlen(m)",
		"p = point{X: 3}\np",
		"if y := f(x); y > 3 { p.X = y }",
		"for v := range seq { x += v }",
		"defer fmt.Sprint(x)\nlabel:\n\tfor { break label }",
	} {
		run := func(n int) {
			for range n {
				number++
				mustRun(t, s, number, code)
			}
		}
		run(300) // what is remembered for good
		// What other tests of the process have left going may take or give memory in a round; a leak takes it in each.
		const cells, rounds, most = 2000, 4, 200
		var left []int64
		for len(left) < rounds && (len(left) == 0 || left[len(left)-1] > most) {
			before := heap()
			run(cells)
			left = append(left, (heap()-before)/cells)
		}
		if left[len(left)-1] > most {
			t.Errorf("%q: each cell leaves %d bytes, in rounds of %d cells", code, left, cells)
		} else {
			t.Logf("%q: %d bytes", code, left)
		}
	}
}
