package vm_test

import (
	"errors"
	"strings"
	"testing"

	"poolbook/interp/internal/vm"
)

// mustFault runs the program's main, which must end with a fault.
func (p *program) mustFault(t *testing.T) (*vm.Run, *vm.Fatal) {
	t.Helper()
	r := p.m.NewRun(t.Context(), vm.RunConfig{})
	_, err := r.Call(p.main.Func("main"))
	var f *vm.Fatal
	if !errors.As(err, &f) {
		t.Fatalf("error %v", err)
	}
	return r, f
}

// TestConcurrentMaps lets two goroutines into one map, which the runtime would end the process for.
func TestConcurrentMaps(t *testing.T) {
	const other = `func() { for i := 0; ; i++ { m[i&15] = "y" } }`
	for name, c := range map[string]struct{ start, body, want string }{
		"writes":   {"go " + other + "()", `m[1] = "x"`, "concurrent map writes: two goroutines wrote the map m "},
		"read":     {"go " + other + "()", `n += len(m[1])`, "concurrent map read and map write: one goroutine wrote the map m while"},
		"comma ok": {"go " + other + "()", `_, ok := m[1]; if ok { n++ }`, "concurrent map read and map write"},
		"range":    {"go " + other + "()", `for k := range m { n += k }`, "concurrent map iteration and map write"},
		"delete":   {"go " + other + "()", `delete(m, 2)`, "concurrent map writes"},
		"clear":    {"go " + other + "()", `clear(m)`, "concurrent map writes"},
		"deferred": {"go " + other + "()", `func() { defer delete(m, 2) }()`, "concurrent map writes"},
		"callback": {"time.AfterFunc(time.Millisecond, " + other + ")", `m[1] = "x"`, "concurrent map writes"},
		"field":    {"s := &struct{ in map[int]string }{m}; go " + other + "()", `s.in[1] = "x"`, "concurrent map writes"},
		"generic":  {"go " + other + "()", `set(m, 1, "x")`, "concurrent map writes"},
	} {
		t.Run(name, func(t *testing.T) {
			p := mustLoad(t, `import "time"
var _ = time.Now
func set[K comparable, V any](m map[K]V, k K, v V) { m[k] = v }
func main() {
	m := map[int]string{}
	n := 0; _ = n
	`+c.start+`
	defer func() { recover() }()
	for { `+c.body+` }
}`)
			r, f := p.mustFault(t)
			if !strings.HasPrefix(f.Message, c.want) {
				t.Errorf("message %q, want %q", f.Message, c.want)
			}
			if len(f.Stack) == 0 || len(f.Other) != 1 || !f.Other[0].Pos.IsValid() {
				t.Errorf("stack %v, other %v", f.Stack, f.Other)
			}
			if !r.Wait() {
				t.Error("goroutines went on")
			}
		})
	}
}

// TestConcurrentMapsLater has the conflict after the call: whoever looks after the run's goroutines is told, once.
func TestConcurrentMapsLater(t *testing.T) {
	p := mustLoad(t, `
var m = map[int]int{}
func write() { for i := 0; ; i++ { m[i&15]++ } }
func main() { for range 3 { go write() } }`)
	told := make(chan error, 10)
	r := p.m.NewRun(t.Context(), vm.RunConfig{OnPanic: func(err error) { told <- err }})
	if _, err := r.Call(p.main.Func("main")); err != nil && !errors.As(err, new(*vm.Fatal)) {
		t.Fatal(err)
	} else if err == nil {
		if err := <-told; !errors.As(err, new(*vm.Fatal)) {
			t.Errorf("told of %v", err)
		}
	}
	if !r.Wait() {
		t.Error("goroutines went on")
	}
	if len(told) != 0 {
		t.Errorf("told again: %v", <-told)
	}
}

// TestMapsUnderLocks shares maps as one should.
func TestMapsUnderLocks(t *testing.T) {
	p := mustLoad(t, `import ("sync"; "time")
type key struct{ a, b any }
func main() {}
func Locked() int {
	var mu sync.RWMutex
	var wg sync.WaitGroup
	m, names, keys, fixed := map[int]int{}, map[string]int{}, map[key]int{}, map[int]int{1: 1, 2: 2}
	work := func(i int) {
		mine := map[int]int{}
		for j := range 500 {
			mu.Lock()
			m[j]++
			keys[key{i, j}] = 1
			delete(keys, key{i, j})
			names["n"] += fixed[1]
			mu.Unlock()
			mu.RLock()
			for range names { mine[j] += fixed[2] + m[j] - m[j] }
			mu.RUnlock()
		}
	}
	for i := range 4 { wg.Go(func() { work(i) }) }
	wg.Add(4)
	for i := range 4 { time.AfterFunc(time.Duration(i)*time.Millisecond, func() { defer wg.Done(); work(i) }) }
	wg.Wait()
	func() {
		defer func() { recover() }()
		keys[key{[]int{1}, 1}] = 1 // does not stay in use
	}()
	keys[key{1, 1}] = 1
	return names["n"]*1000 + m[3]*10 + len(keys)
}`)
	for range 5 {
		r := p.m.NewRun(t.Context(), vm.RunConfig{})
		res, err := r.Call(p.main.Func("Locked"))
		if err != nil {
			t.Fatal(err)
		}
		if got := res[0].Int(); got != 4000081 {
			t.Errorf("result %d", got)
		}
	}
}

// TestMapsHandedOn has maps that one goroutine uses alone, and another one later.
func TestMapsHandedOn(t *testing.T) {
	p := mustLoad(t, `import "sync"
func main() {}
func Sum() int {
	var wg sync.WaitGroup
	first, last := make(chan map[int]int), make(chan map[int]int)
	in := first
	for i := range 5 {
		out := make(chan map[int]int)
		if i == 4 { out = last }
		from := in
		wg.Go(func() {
			own := map[string]int{}
			for m := range from {
				for k := range 20 { m[k]++; own["n"]++ }
				out <- m
			}
			if own["n"] != 6000 { panic(own["n"]) }
			close(out)
		})
		in = out
	}
	go func() {
		for range 300 { first <- make(map[int]int) }
		close(first)
	}()
	n := 0
	for m := range last {
		for _, v := range m { n += v }
	}
	wg.Wait()
	return n
}`)
	for range 3 {
		r := p.m.NewRun(t.Context(), vm.RunConfig{})
		res, err := r.Call(p.main.Func("Sum"))
		if err != nil {
			t.Fatal(err)
		}
		if got := res[0].Int(); got != 30_000 {
			t.Errorf("result %d", got)
		}
	}
}

// TestMapsOfTimers lets compiled code's goroutines come and go beside a loop that was alone in its maps.
func TestMapsOfTimers(t *testing.T) {
	p := mustLoad(t, `import ("time"; "sync/atomic")
func main() {
	m := map[int]int{}
	var n atomic.Int32
	for range 200 {
		time.AfterFunc(time.Millisecond, func() { k := map[int]int{}; k[1]++; n.Add(1) })
	}
	for i := 0; n.Load() < 200; i++ { m[i&255]++ }
	time.AfterFunc(time.Millisecond, func() { for { m[1]++ } })
	for i := 0; ; i++ { m[i&255]++ }
}`)
	for range 3 {
		r := p.m.NewRun(t.Context(), vm.RunConfig{})
		if _, err := r.Call(p.main.Func("main")); !errors.As(err, new(*vm.Fatal)) {
			t.Fatal(err)
		}
		r.Wait()
	}
}
