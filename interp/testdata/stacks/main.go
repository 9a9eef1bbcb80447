// Stacks prints what package runtime says about the calls of a program: compiled without inlining and interpreted, that is the same.
// Stacks prints what package runtime says about the calls of a program: compiled without inlining and interpreted, that is the same.
package main

import (
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
)

func short(s string) string {
	return s[strings.LastIndexByte(s, '/')+1:]
}

// show prints the calls in package main, and what the runtime has around them.
func show(tag string) {
	pcs := make([]uintptr, 64)
	n := runtime.Callers(0, pcs)
	frames := runtime.CallersFrames(pcs[:n])
	fmt.Println("--", tag)
	for {
		f, more := frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "main."):
			fmt.Printf("%s %s:%d %t %s\n", f.Function, short(f.File), f.Line, filepath.IsAbs(f.File), f.Func.Name())
		case f.Function == "runtime.panicmem" || f.Function == "runtime.sigpanic":
		case strings.HasPrefix(f.Function, "runtime."):
			fmt.Println(f.Function)
		}
		if !more {
			break
		}
	}
}

type T struct{ n int }

func (t T) Val()  { show("value method") }
func (t *T) Ptr() { show("pointer method") }
func (t T) Clos() { func() { show("closure in value method") }() }
func (t *T) Clos2() {
	func() {
		func() { show("closure in closure in pointer method") }()
	}()
}

type E struct{ *T }
type E2 struct{ T }

type I interface{ Val() }

func G[A, B any](a A, b B) { show("generic") }
func GC[A any](a A)        { func() { show("closure in generic") }() }

type L[X any] struct{ x X }

func (l L[X]) M()   { show("method of generic") }
func (l *L[X]) PM() { func() { show("closure in method of generic") }() }

var atInit = func() int { show("package variable"); return 1 }()
var fn = func() { show("function in variable") }

func init() { show("init 0") }
func init() { func() { show("init 1 closure") }() }

func seq(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func ranges() {
	for range seq(1) {
		show("range func")
		for range seq(1) {
			show("nested range func")
			func() { show("closure in range body") }()
		}
		defer show("defer in range body")
	}
	for range seq(1) {
		show("second loop")
	}
	f := func() {
		for range seq(1) {
			show("range in closure")
		}
	}
	f()
}

func panics() {
	defer func() {
		show("deferred on panic")
		recover()
	}()
	deep()
}
func deep() { panic("x") }

func nilderef() {
	defer func() {
		recover()
		show("deferred on fault")
	}()
	var p *T
	p.n++
}

type ce struct{ error }

func (c ce) Error() string { show("Error method"); return "e" }

type st int

func (s st) String() string { show("String method"); return "s" }

func main() {
	show("main")
	func() { show("func1") }()
	f := func() {
		func() { show("func2.1") }()
		g := func() { show("func2.2") }
		g()
	}
	f()
	t := T{1}
	t.Val()
	t.Ptr()
	(&t).Val()
	t.Clos()
	t.Clos2()
	E{&t}.Val()
	E{&t}.Ptr()
	(&E2{t}).Ptr()
	var i I = t
	i.Val()
	i = &t
	i.Val()
	i = E{&t}
	i.Val()
	i = &E2{}
	i.Val()
	m := t.Val
	m()
	T.Val(t)
	(*T).Ptr(&t)
	(*T).Val(&t)
	me := (*T).Ptr
	me(&t)
	im := I.Val
	im(t)
	G(1, "")
	G[T, *T](t, nil)
	GC(1)
	GC([]int{})
	L[int]{}.M()
	(&L[string]{}).PM()
	fn()
	ranges()
	panics()
	nilderef()
	defer show("deferred in main")
	defer func() { show("deferred closure") }()
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		show("goroutine")
	}()
	wg.Wait()
	wg.Go(func() { show("wg.Go") })
	wg.Wait()
	wg.Add(1)
	go gor(&wg)
	wg.Wait()
	once := sync.Once{}
	once.Do(func() { show("once") })
	shown := false
	sort.Slice([]int{2, 1}, func(a, b int) bool {
		if !shown {
			show("sort")
			shown = true
		}
		return a < b
	})
	slices.SortFunc([]int{2, 1}, func(a, b int) int {
		if shown {
			show("slices.SortFunc")
			shown = false
		}
		return 0
	})
	strings.Map(func(r rune) rune { show("strings.Map"); return r }, "a")
	_ = fmt.Sprint(ce{errors.New("x")})
	_ = fmt.Sprint(st(1))
	reflect.ValueOf(show).Call([]reflect.Value{reflect.ValueOf("reflect call")})
	reflect.ValueOf(t).MethodByName("Val").Call(nil)
	for _, f := range []any{show, t.Val, T.Val, (*T).Ptr, t.Ptr, main, fn, f, G[int, string], i.Val, I.Val, seq, seq(1), L[int].M, strings.ToUpper, (*strings.Builder).String} {
		fmt.Println(runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name())
	}
	callers()
	type local struct{ T }
	local{t}.Val()
	switch {
	default:
		func() { show("in switch") }()
	}
	var arr = []func(){func() { show("in slice") }, func() { func() { show("nested in slice") }() }}
	for _, f := range arr {
		f()
	}
	rec(3)
	more()
	for range 100_000 { // what runs often may become machine code
		hot(false)
	}
	hot(true)
	subtracted()
}

type pair[K comparable, V any] struct {
	k K
	v V
}

func (p pair[K, V]) each() iter.Seq[K] {
	return func(yield func(K) bool) { yield(p.k) }
}

func (p *pair[K, V]) loop() {
	for range p.each() {
		func() { show("closure in a loop of a generic method") }()
	}
	defer func() { show("deferred in a generic method") }()
}

type outer struct {
	inner
	*T
}

type inner struct{ I }

var first, second = func() int { show("first of two"); return 1 }(), func() int { return second1 }()
var second1 = func() int { show("needed by the second"); return 2 }()

func returns(n int) int {
	defer func() { show("deferred") }()
	if n == 1 {
		return n
	}
	for range n {
		defer func() { show("deferred in a loop") }()
		if n == 2 {
			return n
		}
	}
	return 0
}

func manyReturns(n int) int {
	defer func() { show("deferred, and returns at the end") }()
	defer func() { show("second of four") }()
	defer show("third")
	defer show("fourth")
	if n == 1 {
		return 2
	}
	if n == 2 {
		return 3
	}
	if n == 3 {
		return 4
	}
	if n == 4 {
		return 5
	}
	return 0
}

func replaces() {
	defer func() {
		recover()
	}()
	defer func() {
		show("during the first")
		panic("second")
	}()
	panic("first")
}

func more() {
	for i, f := 0, func() { show("in a loop's start") }; i < 1; i, f = i+1, func() { show("in a loop's step") } {
		f()
		func() { show("in a loop's body") }()
	}
	if f := func() bool { show("in a condition"); return true }; f() {
		func() { show("in a branch") }()
	}
	switch f := func() int { show("in a switch"); return 1 }; f() {
	case func() int { show("in a case"); return 1 }():
		func() { show("in a clause") }()
	}
	select {
	case func() chan int { c := make(chan int, 1); show("in a select"); return c }() <- func() int { show("to be sent"); return 1 }():
		func() { show("in a select's clause") }()
	}
	for range func(yield func() bool) { show("in a loop's function"); yield() } {
		for range func(yield func() bool) { yield() } {
			show("in its body")
			func() {
				for range seq(1) {
					func() { show("in a literal in it") }()
				}
			}()
			done := make(chan bool)
			go func() { show("a goroutine in it"); close(done) }()
			<-done
		}
	}
	(&pair[string, []int]{}).loop()
	p := pair[T, func()]{}
	p.loop()
	outer{inner{T{}}, nil}.I.Val()
	outer{inner{&T{}}, &T{}}.Ptr()
	inner{outer{}.T}.Clos3()
	returns(1)
	returns(2)
	returns(3)
	manyReturns(1)
	manyReturns(2)
	replaces()
	m := map[string]func(){"a": func() { show("in a map") }}
	m["a"]()
	struct{ f func() }{func() { show("in a struct") }}.f()
	var alias = func(f func()) func() { return func() { f() } }
	alias(func() { show("in an argument") })()
	func(f func()) { defer f() }(func() { show("deferred argument") })
	next, stop := iter.Pull(seq(1))
	next()
	stop()
	defer (&T{}).Ptr()
	defer T{}.Clos()
	defer func() {
		defer show("deferred twice")
	}()
}

func (i inner) Clos3() { func() { show("in a method of an embedded type") }() }

func hot(print bool) {
	f := func() {
		if print {
			show("often called")
		}
	}
	for range seq(1) {
		f()
	}
}

func subtracted() {
	pcs := make([]uintptr, 2)
	runtime.Callers(1, pcs)
	for _, pc := range pcs {
		f := runtime.FuncForPC(pc - 1)
		file, line := f.FileLine(pc - 1)
		one, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		fmt.Println(f.Name(), short(file), line, f.Entry() == one.Entry, one.Func == f || one.Func.Name() == f.Name(), one.PC == pc-1)
	}
	f := reflect.ValueOf(hot).Pointer()
	fmt.Println(runtime.FuncForPC(f).Entry() == f)
	var none runtime.Frames
	fmt.Println(none.Next())
	fmt.Println(runtime.Callers(100, pcs), runtime.FuncForPC(1) == nil)
}

func rec(n int) {
	if n == 0 {
		show("recursion")
		return
	}
	rec(n - 1)
}
func gor(wg *sync.WaitGroup) { defer wg.Done(); show("go function") }

func callers() {
	for i := range 5 {
		pc, file, line, ok := runtime.Caller(i)
		name := "?"
		if ok {
			name = runtime.FuncForPC(pc).Name()
		}
		fmt.Println(i, name, short(file), line > 0, ok)
	}
	for i := range 6 {
		pcs := make([]uintptr, 10)
		fmt.Println(i, runtime.Callers(i, pcs))
	}
	pc, _, _, _ := runtime.Caller(0)
	f := runtime.FuncForPC(pc)
	file, line := f.FileLine(pc)
	fmt.Println(f.Name(), short(file), line)
	file, line = f.FileLine(f.Entry())
	fmt.Println(short(file), line)
}
