package vm_test

import (
	"errors"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"poolbook/interp/internal/vm"
)

func mustLoadLimited(t *testing.T, limit int64, available func() (free, total int64, ok bool), src string) *program {
	t.Helper()
	p, err := loadLimited("main.go", "package main\n"+src, limit, available)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.m.NewRun(t.Context(), vm.RunConfig{}).Call(p.main.Func("init")); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestOutOfMemory runs programs that want more than they may have.
func TestOutOfMemory(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"slice":      {`n := 1 << 40; use(make([]byte, n))`, "1.0 TB were asked for at once, and the limit is 256 MB"},
		"constant":   {`use(make([]byte, 1<<40))`, "1.0 TB were asked for at once"},
		"new":        {`use(new([1 << 40]byte))`, "1.0 TB were asked for at once"},
		"variable":   {`var a [1 << 36]byte; use(a[n])`, "64.0 GB were asked for at once"},
		"map":        {`n := 1 << 40; use(make(map[string]int, n))`, "28 TB were asked for at once"},
		"chan":       {`n := 1 << 40; use(make(chan int, n))`, "8.0 TB were asked for at once"},
		"repeat":     {`use(strings.Repeat("ab", 1<<40))`, "2.0 TB were asked for at once"},
		"overflow":   {`var b strings.Builder; b.Grow(1<<62)`, "were asked for at once"},
		"append":     {`for { w = append(w, [100]int{}) }`, "out of memory: the data in memory takes"},
		"concat":     {`s := "x"; for { s += s }`, "out of memory: "},
		"pieces":     {`for { l = append(l, make([]byte, 1<<20)) }`, "1 MB more were asked for, and the limit is 256 MB"},
		"small":      {`m := map[int][]int{}; for { m[len(m)] = make([]int, 100) }`, "out of memory: the data in memory takes"},
		"recover":    {`for { func() { defer func() { recover() }(); l = append(l, make([]byte, 1<<20)) }() }`, "out of memory"},
		"compiled":   {`var b strings.Builder; for { b.WriteString("some text, some more text, and then some") }`, "out of memory: the data in memory takes"},
		"goroutines": {`for { go func() { select {} }() }`, " goroutines, each with memory of its own"},
		"goroutine": {`go func() { var l []*[100]int; for { l = append(l, new([100]int)) } }()
			select {}`, "out of memory: the data in memory takes"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "goroutines" && raceEnabled {
				t.Skip("so many take long to end beside the race detector")
			}
			p := mustLoadLimited(t, 256<<20, nil, `import "strings"
var _ strings.Builder
var ( n int; b []byte; w [][100]int; l [][]byte; sink any )
func use(v any) { sink = v }
func main() { `+c.body+` }
func Next() int { sink, b, l, w = nil, nil, nil, nil; return 7 }`)
			r := p.m.NewRun(t.Context(), vm.RunConfig{})
			_, err := r.Call(p.main.Func("main"))
			var f *vm.Fatal
			if !errors.As(err, &f) {
				t.Fatalf("error %v", err)
			}
			if !strings.Contains(f.Message, c.want) {
				t.Errorf("message %q, want %q", f.Message, c.want)
			}
			// beside the race detector there is no trace of what is in compiled code
			if !raceEnabled && (len(f.Stack) == 0 || !f.Stack[0].Pos.IsValid()) {
				t.Errorf("stack %v", f.Stack)
			}
			ended := r.Wait()
			for name == "goroutines" && !ended { // so many take their time on a busy machine
				ended = r.Wait()
			}
			if !ended {
				t.Error("goroutines went on")
			}
			res, err := p.m.NewRun(t.Context(), vm.RunConfig{}).Call(p.main.Func("Next"))
			if err != nil || res[0].Int() != 7 {
				t.Errorf("the run after it: %v", err)
			}
			runtime.GC()
		})
	}
}

// TestGarbageIsNotData makes more than the limit allows, but keeps little of it.
func TestGarbageIsNotData(t *testing.T) {
	p := mustLoadLimited(t, 256<<20, nil, `
var keep []byte
func main() {
	for i := range 2000 {
		keep = make([]byte, 1<<20)
		keep[i] = 1
	}
}`)
	if _, err := p.m.NewRun(t.Context(), vm.RunConfig{}).Call(p.main.Func("main")); err != nil {
		t.Fatal(err)
	}
}

// TestLargeFrames has functions whose values do not fit in a frame.
func TestLargeFrames(t *testing.T) {
	p := mustLoadLimited(t, math.MaxInt64, nil, `
type big struct{ a [1 << 34]byte }
func take(b big) byte { return b.a[0] }
func main() { var p *big; take(*p) }
func Copy() int { var a, b [1<<21]int; a[5] = 7; b = a; a[5] = 8; return b[5] }`)
	_, err := p.m.NewRun(t.Context(), vm.RunConfig{}).Call(p.main.Func("main"))
	if err == nil || !strings.Contains(err.Error(), "use slices, or pointers made with new") {
		t.Errorf("error %v", err)
	}
	res, err := p.m.NewRun(t.Context(), vm.RunConfig{}).Call(p.main.Func("Copy"))
	if err != nil || res[0].Int() != 7 {
		t.Errorf("%v, %v", res, err)
	}
}

// TestOutOfAvailableMemory has other programs take what the machine has: the run that takes more ends long before its own limit, one that
// takes little does not.
func TestOutOfAvailableMemory(t *testing.T) {
	const total = 1 << 30
	for name, c := range map[string]struct{ body, want string }{
		"small":    {`m := map[int][]int{}; for { m[len(m)] = make([]int, 100) }`, "there is hardly any left on this machine"},
		"pieces":   {`for { l = append(l, make([]byte, 1<<20)) }`, "there is hardly any left on this machine"},
		"at once":  {`n := 600 << 20; l = append(l, make([]byte, n))`, "600 MB were asked for, and this machine, or this container, has"},
		"a little": {`for range 50 { l = append(l, make([]byte, 1<<20)) }`, ""},
		"garbage":  {`for range 2000 { l = [][]byte{make([]byte, 1<<20)} }`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			heap := func() int64 {
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				return int64(now.HeapAlloc)
			}
			var from atomic.Int64
			p := mustLoadLimited(t, 64<<30, func() (int64, int64, bool) {
				return total/4 - (heap() - from.Load()), total, from.Load() > 0 // the others have the rest
			}, `var ( l [][]byte )
func main() { `+c.body+` }
func Next() int { l = nil; return 7 }`)
			runtime.GC()
			from.Store(heap())
			r := p.m.NewRun(t.Context(), vm.RunConfig{})
			_, err := r.Call(p.main.Func("main"))
			var f *vm.Fatal
			if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &f) || !strings.Contains(f.Message, c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			r.Wait()
			results, err := p.m.NewRun(t.Context(), vm.RunConfig{}).Call(p.main.Func("Next"))
			if err != nil || results[0].Int() != 7 {
				t.Errorf("afterwards: %v, %v", results, err)
			}
		})
	}
}
