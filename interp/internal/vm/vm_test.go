package vm_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"poolbook/interp/internal/vm"
)

// mustLoad loads a program and runs its initialisation.
func mustLoad(t *testing.T, src string) *program {
	t.Helper()
	p, err := load("package main\n" + src)
	if err != nil {
		t.Fatal(err)
	}
	r := p.m.NewRun(t.Context(), vm.RunConfig{})
	if _, err := r.Call(p.main.Func("init")); err != nil {
		t.Fatal(err)
	}
	return p
}

// signal is closed by the first write to it.
type signal chan struct{}

func (s signal) Write(p []byte) (int, error) {
	close(s)
	return len(p), nil
}

// TestInterrupt cancels programs that would never end, wherever they are.
func TestInterrupt(t *testing.T) {
	for _, j := range []vm.JIT{vm.JITNever, vm.JITEager} {
		t.Run(j.String(), func(t *testing.T) {
			vm.SetJIT(t, j)
			testInterrupt(t)
		})
	}
}

func testInterrupt(t *testing.T) {
	for name, body := range map[string]string{
		"loop":       `for { n++ }`,
		"empty loop": `for { }`,
		"nested":     `for { for i := range 1000 { for j := range 1000 { n += i ^ j } } }`,
		"recursion":  `var f func(int) int; f = func(n int) int { if n == 0 { return 1 }; return f(n-1) + f(n-1) }; f(60)`,
		"calls":      `var f func(); f = func() { if n++; n > 1000 { return }; f() }; for { n = 0; f() }`,
		"receive":    `time.AfterFunc(time.Hour, func() {}); c := make(chan int); <-c`,
		"send":       `time.AfterFunc(time.Hour, func() {}); c := make(chan int); c <- 1`,
		"select":     `time.AfterFunc(time.Hour, func() {}); c := make(chan int); select { case <-c: case c <- 1: }`,
		"nil chan":   `time.AfterFunc(time.Hour, func() {}); var c chan int; <-c`,
		"sleep":      `time.Sleep(time.Hour)`,
		"mutex":      `time.AfterFunc(time.Hour, func() {}); var mu sync.Mutex; mu.Lock(); mu.Lock()`,
		"rwmutex":    `time.AfterFunc(time.Hour, func() {}); var mu sync.RWMutex; mu.Lock(); mu.RLock()`,
		"wait group": `time.AfterFunc(time.Hour, func() {}); var wg sync.WaitGroup; wg.Add(1); wg.Wait()`,
		"cond":       `time.AfterFunc(time.Hour, func() {}); var mu sync.Mutex; c := sync.NewCond(&mu); mu.Lock(); c.Wait()`,
		"sort":       `s := make([]int, 100); for { sort.Slice(s, func(i, j int) bool { n++; return s[i] < s[j] }) }`,
		"callback":   `sort.Slice(make([]int, 9), func(i, j int) bool { for { n++ } })`,
		"goroutine":  `go func() { for { n++ } }(); time.Sleep(time.Hour)`,
		"recover":    `defer func() { recover() }(); for { func() { defer func() { recover() }(); n++ }() }`,
	} {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			p := mustLoad(t, `import ("sync"; "time"; "sort")
var n int
var _ sync.Mutex
var _ = time.Now
var _ = sort.Ints
var ended bool
func main() { defer func() { ended = true }(); print("begun"); `+body+` }`)
			ctx, cancel := context.WithCancel(t.Context())
			begun := make(signal)
			r := p.m.NewRun(ctx, vm.RunConfig{Stderr: begun})
			done := make(chan error)
			go func() {
				_, err := r.Call(p.main.Func("main"))
				done <- err
			}()
			<-begun
			time.Sleep(time.Millisecond) // most get to where they stay
			begin := time.Now()
			cancel()
			select {
			case err := <-done:
				var in *vm.Interrupted
				if !errors.Is(err, vm.ErrInterrupted) || !errors.As(err, &in) {
					t.Fatalf("error %v", err)
				}
				if len(in.Stack) == 0 {
					t.Error("no stack")
				}
				t.Log(time.Since(begin))
			case <-time.After(2 * time.Second):
				t.Fatal("the run went on")
			}
			if !r.Wait() {
				t.Error("goroutines went on")
			}
			if !p.m.Global(p.main.Var("ended")).Bool() {
				t.Error("deferred calls did not run")
			}
			if _, err := r.Call(p.main.Func("main")); !errors.Is(err, vm.ErrInterrupted) {
				t.Errorf("a call after the end: %v", err)
			}
		})
	}
}

func TestPanicStack(t *testing.T) {
	p := mustLoad(t, `
func f(m map[string]int) { m["a"]++ }
type T struct{}
func (*T) g() { f(nil) }
func main() {
	func() { (&T{}).g() }()
}`)
	r := p.m.NewRun(t.Context(), vm.RunConfig{})
	_, err := r.Call(p.main.Func("main"))
	var pe *vm.Panic
	if !errors.As(err, &pe) {
		t.Fatal(err)
	}
	want := "\tmain.f main.go:3:29\n\tmain.(*T).g main.go:5:18\n\tmain.main.func1 main.go:7:19\n\tmain.main main.go:7:23\n"
	if got := p.trace(pe.Stack); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	var re runtime.Error
	if !errors.As(err, &re) {
		t.Errorf("%T is no runtime.Error", pe.Value)
	}
}

func TestReplace(t *testing.T) {
	p := mustLoad(t, `
func f() string { return "old" }
func g() string { return "new" }
func h() string { return "newest" }
func call() string { return f() }
func value() func() string { return f }
func main() {}`)
	r := p.m.NewRun(t.Context(), vm.RunConfig{})
	call := func() string {
		res, err := r.Call(p.main.Func("call"))
		if err != nil {
			t.Fatal(err)
		}
		return res[0].String()
	}
	res, err := r.Call(p.main.Func("value"))
	if err != nil {
		t.Fatal(err)
	}
	value := res[0].Interface().(func() string)
	if call() != "old" || value() != "old" {
		t.Error("before")
	}
	p.m.Replace(p.main.Func("f"), p.main.Func("g"))
	if call() != "new" || value() != "new" {
		t.Error("after", call(), value())
	}
	p.m.Replace(p.main.Func("g"), p.main.Func("h"))
	if call() != "newest" || value() != "newest" {
		t.Error("after another", call(), value())
	}
}

// Functions are inlined into callers that are inlined themselves, and all of
// them notice a replacement.
func TestReplaceInlined(t *testing.T) {
	p := mustLoad(t, `
type T struct{ n int }
func (t T) get() int { return t.n }
func (t T) get2() int { return t.n + 100 }
func low(n int) int { return n }
func low2(n int) int { return -n }
func mid(n int) int { return low(n) + T{n}.get() }
func high() int { return mid(1) + mid(2) }
func seq() func(func(int) bool) { return func(yield func(int) bool) { yield(1) } }
func seq2() func(func(int) bool) { return func(yield func(int) bool) { _ = yield(2) && yield(3) } }
func sum() (n int) {
	for i := range seq() {
		n += i
	}
	return n
}
func main() {}`)
	r := p.m.NewRun(t.Context(), vm.RunConfig{})
	check := func(fn string, want int64) {
		t.Helper()
		res, err := r.Call(p.main.Func(fn))
		if err != nil {
			t.Fatal(err)
		}
		if got := res[0].Int(); got != want {
			t.Errorf("%s() = %d, want %d", fn, got, want)
		}
	}
	check("high", 6)
	check("sum", 1)
	if code := p.m.Dump(p.main.Func("high")); strings.Contains(code, "Call") {
		t.Errorf("calls are left:\n%s", code)
	}
	p.m.Replace(p.main.Func("low"), p.main.Func("low2"))
	check("high", 0)
	get := p.main.Prog.LookupMethod(p.main.Type("T").Type(), p.main.Pkg, "get")
	get2 := p.main.Prog.LookupMethod(p.main.Type("T").Type(), p.main.Pkg, "get2")
	p.m.Replace(get, get2)
	check("high", 200)
	p.m.Replace(p.main.Func("seq"), p.main.Func("seq2"))
	check("sum", 5)
}

func TestClosure(t *testing.T) {
	p := mustLoad(t, `
type T struct{ s string }
func (t T) m(n int) string { return t.s }
var n = 5
func funcs() (func() int, func(int) string, func([3]int8, ...string) string) {
	k := 2
	return func() int { k++; return k + n }, T{"bound"}.m, func(a [3]int8, s ...string) string { return s[a[0]] }
}
func main() {}`)
	r := p.m.NewRun(t.Context(), vm.RunConfig{})
	res, err := r.Call(p.main.Func("funcs"))
	if err != nil {
		t.Fatal(err)
	}
	if f := res[0].Interface().(func() int); f() != 8 || f() != 9 {
		t.Error("calls from compiled code")
	}
	c, ok := p.m.Closure(res[0])
	if !ok || c.Fn.Name() != "funcs$1" || len(c.Free) != 1 || c.Free[0].Elem().Int() != 4 {
		t.Errorf("%v %+v", ok, c)
	}
	again := p.m.Value(r, c.Fn, c.Free...)
	if got, err := r.CallValue(again, nil); err != nil || got[0].Int() != 10 {
		t.Error(got, err)
	}
	b, ok := p.m.Closure(res[1])
	if !ok || len(b.Free) != 1 || b.Free[0].Field(0).String() != "bound" {
		t.Errorf("%v %+v", ok, b)
	}
	if s := res[1].Interface().(func(int) string)(1); s != "bound" {
		t.Error(s)
	}
	if s := res[2].Interface().(func([3]int8, ...string) string)([3]int8{1}, "a", "b"); s != "b" {
		t.Error(s)
	}
	for _, f := range []any{strings.ToUpper, func() int { return p.fset.Base() }, (func())(nil), reflect.ValueOf(p).MethodByName} {
		if _, ok := p.m.Closure(reflect.ValueOf(f)); ok {
			t.Errorf("%T taken for the machine's", f)
		}
	}
	if got, err := r.CallValue(reflect.ValueOf(strings.ToUpper), []reflect.Value{reflect.ValueOf("x")}); err != nil || got[0].String() != "X" {
		t.Error(got, err)
	}
	_, err = r.CallValue(res[2], []reflect.Value{reflect.ValueOf([3]int8{7}), reflect.ValueOf([]string{"a"})})
	var pe *vm.Panic
	if !errors.As(err, &pe) || len(pe.Stack) != 1 {
		t.Errorf("%v", err)
	}
}

// TestResultsBesideOthers: a call from a goroutine that the machine did not start reads its results after it has given back what it
// ran with, so the next call must not write there.
func TestResultsBesideOthers(t *testing.T) {
	p := mustLoad(t, `import "strconv"
func text(n int) string { return strconv.Itoa(n) }
func value() func(int) string { return text }
func main() {}`)
	r := p.m.NewRun(t.Context(), vm.RunConfig{})
	res, err := r.Call(p.main.Func("value"))
	if err != nil {
		t.Fatal(err)
	}
	if got := vm.FirstOfTwo(res[0], 1, 2); got != "1" {
		t.Errorf("the first call's result is %q after the second", got)
	}
}

func TestGlobals(t *testing.T) {
	p := mustLoad(t, `
var a, b = 1, []string{"x"}
func main() { a++; b = append(b, "y") }`)
	x := 40
	p.m.SetGlobal(p.main.Var("a"), reflect.ValueOf(&x).Elem())
	r := p.m.NewRun(t.Context(), vm.RunConfig{})
	if _, err := r.Call(p.main.Func("main")); err != nil {
		t.Fatal(err)
	}
	if x != 41 || fmt.Sprint(p.m.Global(p.main.Var("b"))) != "[x y]" {
		t.Error(x, p.m.Global(p.main.Var("b")))
	}
}

func TestGoroutinePanic(t *testing.T) {
	p := mustLoad(t, `
func main() { c := make(chan int); go func() { defer close(c); panic("lost") }(); <-c }`)
	got := make(chan error, 1)
	r := p.m.NewRun(t.Context(), vm.RunConfig{OnPanic: func(err error) { got <- err }})
	if _, err := r.Call(p.main.Func("main")); err != nil {
		t.Fatal(err)
	}
	var pe *vm.Panic
	if err := <-got; !errors.As(err, &pe) || !pe.Goroutine || pe.Value != "lost" || len(pe.Stack) != 1 {
		t.Errorf("%#v", err)
	}
	r.Stop()
	if !r.Wait() {
		t.Error("goroutines left")
	}
}

// TestManyRuns shares a machine between runs at the same time, with collections
// all the while.
func TestManyRuns(t *testing.T) {
	p := mustLoad(t, `import ("fmt"; "sort"; "strings")
type Node struct { l, r *Node; val []string; any any }
func tree(n int) *Node { if n == 0 { return nil }; return &Node{tree(n-1), tree(n-1), []string{fmt.Sprint(n)}, map[int]string{n: strings.Repeat("x", n)}} }
func (n *Node) sum() int { if n == nil { return 0 }; return len(n.val[0]) + len(n.any.(map[int]string)) + n.l.sum() + n.r.sum() }
func work() int {
	t := tree(8)
	s := []*Node{}
	for i := range 20 { s = append(s, tree(i%4)) }
	sort.Slice(s, func(i, j int) bool { return s[i].sum() < s[j].sum() })
	c := make(chan *Node)
	go func() { for _, n := range s { c <- n }; close(c) }()
	k := 0
	for n := range c { k += n.sum() }
	return t.sum() + k
}
func main() {}`)
	var stop atomic.Bool
	collected := make(chan struct{})
	go func() {
		defer close(collected)
		for !stop.Load() {
			runtime.GC()
		}
	}()
	results := make(chan string)
	for range 4 {
		go func() {
			var last string
			for range 10 {
				r := p.m.NewRun(t.Context(), vm.RunConfig{})
				res, err := r.Call(p.main.Func("work"))
				last = fmt.Sprint(err)
				if err == nil {
					last = fmt.Sprint(res[0])
				}
				if last != "620" {
					break
				}
			}
			results <- last
		}()
	}
	for range 4 {
		if s := <-results; s != "620" {
			t.Error(s)
		}
	}
	stop.Store(true)
	<-collected
}

// TestNoAllocation runs loops that make no garbage when compiled.
func TestNoAllocation(t *testing.T) {
	for name, body := range map[string]string{
		"arithmetic": `n, x, s := 0, 1.5, [4]int{}
	for i := range 10_000 {
		n = f(n, i)
		x = x*0.5 + float64(n&7)
		s[i&3] += int(x)
	}
	return s[0]`,
		"complex": `z, n := complex(0, 0), 0
	for i := range 10_000 {
		if z = z*z + complex(float64(i&3)-2, 0.5); real(z)*real(z) > 4 {
			z = 0
			n++
		}
	}
	return n`,
		"methods": `n, list := 0, []area{square{3}, &rect{2, 5}}
	for i := range 10_000 { n += list[i&1].area() }
	return n`,
		"recursion": `return fib(18)`,
		"closures": `n := 0
	add := func(i int) { n += i }
	for i := range 10_000 { add(i) }
	return n`,
		"slices": `n, list := 0, make([]float64, 100)
	for i := range 10_000 {
		list[i%100] += float64(i)
		for _, x := range list[:i&3] { n += int(x) }
	}
	return n`,
		"structs": `p := rect{1, 2}
	for i := range 10_000 { q := p; q.w += i; p = turned(q) }
	return p.w`,
		"strings": `n, s := 0, "some words here"
	for i := range 10_000 {
		if s[i%15] == ' ' || s[:4] == "some" { n++ }
	}
	for range 100 { for _, r := range s { n += int(r) } }
	return n`,
		"maps": `m := map[int]int{1: 1, 2: 2, 3: 3}
	for i := range 10_000 { m[i&3] += i; if _, ok := m[i]; !ok { m[0]++ } }
	return len(m)`,
		"generics": `n := 0
	for i := range 10_000 { n = most(n, i^5) }
	return n`,
		"iterators": `n := 0
	for range 100 { for i := range below(100) { n += i } }
	return n`,
	} {
		p := mustLoad(t, `
import "iter"
func f(a, b int) int { return a ^ b<<3 }
func fib(n int) int { if n < 2 { return n }; return fib(n-1) + fib(n-2) }
type area interface { area() int }
type square struct { side int }
func (s square) area() int { return s.side*s.side }
type rect struct { w, h int }
func (r *rect) area() int { return r.w*r.h }
func turned(r rect) rect { return rect{r.h, r.w} }
func most[T int | float64](a, b T) T { if a > b { return a }; return b }
func below(n int) iter.Seq[int] { return func(yield func(int) bool) { for i := 0; i < n && yield(i); i++ {} } }
func Run() int {
	`+body+`
}
func main() {}`)
		r := p.m.NewRun(t.Context(), vm.RunConfig{})
		fn := p.main.Func("Run")
		n := testing.AllocsPerRun(10, func() {
			if _, err := r.Call(fn); err != nil {
				t.Error(err)
			}
		})
		most := 30.0
		switch name {
		case "strings":
			most = 130 // where each of the 100 loops is in its string
		case "iterators":
			most = 630 // the closures of each of the 100 loops
		}
		if n > most {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestEndedContext makes runs of contexts that have ended: they end at once, whichever comes first.
func TestEndedContext(t *testing.T) {
	p := mustLoad(t, "func main() {}")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 5000 {
		r := p.m.NewRun(ctx, vm.RunConfig{})
		<-r.Context().Done()
	}
}
