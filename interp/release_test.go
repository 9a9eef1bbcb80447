package interp_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// heapInUse is what lives in the heap, in bytes.
func heapInUse() int64 {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestCellsThatDeclareNothingLeaveNothing runs many of them, and looks at what is left of each.
func TestCellsThatDeclareNothingLeaveNothing(t *testing.T) {
	s := newSession(t)
	mustRun(t, s, 1, "x := 0\nfunc f(n int) int { return n + 1 }\nvar m = map[string]int{}\ntype point struct{ X int }\nvar p point\nfunc seq(yield func(int) bool) { _ = yield(1) && yield(2) }")
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
		run := func() {
			number++
			mustRun(t, s, number, code)
		}
		for range 300 { // what is remembered for good
			run()
		}
		leavesNothing(t, code, 2000, 200, run)
	}
}

// leavesNothing runs n times what is to leave no more than most bytes each time. What other tests of the process have left going may take or give
// memory in a round; a leak takes it in each.
func leavesNothing(t *testing.T, what string, n, most int64, run func()) {
	t.Helper()
	const rounds = 4
	var left []int64
	for len(left) < rounds && (len(left) == 0 || left[len(left)-1] > most) {
		before := heapInUse()
		for range n {
			run()
		}
		left = append(left, (heapInUse()-before)/n)
	}
	if left[len(left)-1] > most {
		t.Errorf("%q leaves %d bytes each time, in rounds of %d", what, left, n)
	} else {
		t.Logf("%q: %d bytes", what, left)
	}
}

// TestReplacedCellsLeaveNothing runs cells that make functions, that declare the same names again and again, and that fail, in turn, and looks at
// what is left of them. ONLY_CELLS in the environment chooses those with a text in their name.
func TestReplacedCellsLeaveNothing(t *testing.T) {
	replacedCellsLeaveNothing(t, os.Getenv("ONLY_CELLS"))
}

// TestInstancesLeaveNothing does so with cells that use generic types of the library, each of which makes instances of its own.
func TestInstancesLeaveNothing(t *testing.T) {
	replacedCellsLeaveNothing(t, "instances of types")
}

func replacedCellsLeaveNothing(t *testing.T, only string) {
	s := newSession(t)
	mustRun(t, s, 1, "x := 0\nvar keep func() int\nfunc f(n int) int { return n }\nfunc caller(n int) int { return f(n) }\ncaller(1)")
	number := 1
	kinds := []struct{ name, code string }{
		{"a function literal", "func() int { return x }()"},
		{"a function literal that is kept", "keep = func() int { return x + %d }\nkeep()"},
		{"a goroutine", "done := make(chan int)\ngo func() { done <- %d }()\n<-done"},
		{"a function", "func f(n int) int { return n + %d }"},
		{"a function that earlier ones call", "func f(n int) int { return n + %d }\ncaller(1)"},
		{"a function that becomes machine code", "func h(n int) int { s := 0; for i := range n { s += i ^ %d }; return s }\nh(3000)"},
		{"functions that call each other", "func a(n int) int { if n == 0 { return %d }; return b(n - 1) }\nfunc b(n int) int { return a(n) }\na(3)"},
		{"a variable", "v := %d"},
		{"a variable made of itself", "v = v + 1\nw := v\nw = w + %d"},
		{"a constant", "const c = %d"},
		{"a type with the same text", "type P struct{ X int }\nP{%d}"},
		{"a method value", "var b strings.Builder\nwrite := b.WriteString\nwrite(\"%d\")"},
		{"an instance", "slices.Max([]int{1, %d})"},
		{"instances of types", "slices.Sorted(maps.Keys(map[int]string{%d: \"a\", -2: \"b\"}))"},
		{"a panic", "func() { panic(%d) }()"},
		{"an error", "undefined%d"},
		{"a syntax error", "1 + + %d )"},
	}
	round := func(n int) {
		for n > 0 {
			for _, c := range kinds {
				if !strings.Contains(c.name, only) {
					continue
				}
				number++
				n--
				code := c.code
				if strings.Contains(code, "%") {
					code = fmt.Sprintf(code, number)
				}
				if _, err := run(t, s, number, code, time.Minute); err != nil && !strings.HasPrefix(c.name, "a panic") && !strings.HasSuffix(c.name, "error") {
					t.Fatalf("%s: %v", code, err)
				}
			}
		}
	}
	// What was replaced goes in a sweep, which comes after some cells, and another one after a collection. The heap has what other tests of the
	// process have left too, and takes its time.
	settled := func() int64 {
		for range 2 {
			runtime.GC()
			round(80)
		}
		return heapInUse()
	}
	const cells, rounds, most = 1600, 5, 300
	var left []int64
	for before := settled(); len(left) < rounds && (len(left) < 2 || left[len(left)-1] > most); {
		round(cells)
		now := settled()
		left = append(left, (now-before)/cells)
		before = now
	}
	if left[len(left)-1] > most {
		t.Errorf("each cell leaves %d bytes, in rounds of %d cells", left, cells)
	} else {
		t.Logf("%d bytes", left)
	}
}
