//go:build unix

package main

import (
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// progressLine is what tells of calls that take long, as they do on a busy machine.
var progressLine = regexp.MustCompile(`(?m)^\w+: \d+/\d+ · .*\n`)

// arrives runs cells and compares what they print.
func arrives(t *testing.T, want string, cells ...string) {
	t.Helper()
	if got := progressLine.ReplaceAllString(strings.TrimPrefix(newPlace(t).travel(cells), "\n"), ""); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestRuntimeErrors holds that errors.As finds the exported errors of Go's run time in what a task has failed with.
func TestRuntimeErrors(t *testing.T) {
	arrives(t, "true "+new(runtime.PanicNilError).Error()+`
true interface conversion: interface {} is main.Sq, not string
true interface conversion: interface is nil, not main.Shape
true interface conversion: main.Sq is not main.Shape: missing method Area
true
`, `
type Shape interface{ Area() int }
type Sq struct{ N int }
p := pool.New(pool.Processes(1))
fail := func(f func()) error { _, err := pool.Apply(p, func() int { f(); return 0 }); return err }
var pn *runtime.PanicNilError
fmt.Println(errors.As(fail(func() { panic(nil) }), &pn), pn)
var ta *runtime.TypeAssertionError
var re runtime.Error
for _, f := range []func(){
	func() { var a any = Sq{1}; _ = a.(string) },
	func() { var a any; _ = a.(Shape) },
	func() { var a any = Sq{1}; _ = a.(Shape) },
} {
	fmt.Println(errors.As(fail(f), &ta), ta)
}
fmt.Println(errors.As(fail(func() { var a any = 1; _ = a.(string) }), &re))`)
}

// TestDeadlines holds that a task may wait for the deadline of a context that it has got, also in a variable, an item, or a context made of it, and
// that the deadline's cause comes along.
func TestDeadlines(t *testing.T) {
	arrives(t, `context deadline exceeded <nil>
context deadline exceeded <nil>
[context deadline exceeded] <nil>
true context deadline exceeded
`, `
p := pool.New(pool.Processes(1))
soon := func() context.Context { ctx, _ := context.WithTimeout(context.Background(), 50*time.Millisecond); return ctx }
ctx := soon()
fmt.Println(pool.Apply(p, func() error { <-ctx.Done(); return ctx.Err() }))
ctx = soon()
fmt.Println(pool.Apply(p, func() error { sub, end := context.WithCancel(ctx); defer end(); <-sub.Done(); return sub.Err() }))
fmt.Println(pool.Map(p, func(c context.Context) error { <-c.Done(); return c.Err() }, []context.Context{soon()}))
why := errors.New("too late")
over, end := context.WithTimeoutCause(context.Background(), 1, why)
<-over.Done()
defer end()
_, err := pool.ApplyErr(p, func() (int, error) { return 0, fmt.Errorf("%w: %w", context.Cause(over), over.Err()) })
fmt.Println(errors.Is(err, why), over.Err())`)
}

// TestSentinelsOfAllPackages tries errors of packages whose other variables a session has for itself.
func TestSentinelsOfAllPackages(t *testing.T) {
	arrives(t, "[true true true] <nil>\ntrue\n", `
import "go/build/constraint"
p := pool.New(pool.Processes(1))
var _ constraint.Expr
fmt.Println(pool.Starmap(p, func(i int, e error) bool { return e == []error{flag.ErrHelp, io.EOF, http.ErrServerClosed}[i] }, []pool.Args2[int, error]{{0, flag.ErrHelp}, {1, io.EOF}, {2, http.ErrServerClosed}}))
e, _ := pool.Apply(p, func() error { return flag.ErrHelp })
fmt.Println(e == flag.ErrHelp)`)
}

// TestLocalTypes holds that values of types that functions declare come back as what the same call gives in the notebook.
func TestLocalTypes(t *testing.T) {
	arrives(t, `true <nil>
true <nil>
true <nil>
true <nil>
true <nil>
true <nil>
q {{q {2}} 2} 3 {{3 {3}} 2} 2.5 {{2.5 {3}} 2} <nil>
[main.In[int]] <nil>
pool.Map: items[0]: main.In[int] cannot be sent to another process (the type is declared inside a generic function: declare it at the top level of a cell)
the result: main.In[int] cannot be sent to another process (the type is declared inside a generic function: declare it at the top level of a cell)
`, `
p := pool.New(pool.Processes(1))
type A struct{ N int }
func same[T, R any](f func(T) R, items ...T) {
	var want []R
	for _, x := range items { want = append(want, f(x)) }
	got, err := pool.Map(p, f, items)
	fmt.Println(reflect.DeepEqual(got, want), err)
}
func chain(x int) any {
	const n = 3
	type L struct { A; arr [n]int }
	type M struct { *L; K int }
	type N []M
	m := M{&L{A: A{x}}, 2}
	m.L.arr[1] = m.N
	return N{m}
}
func (a A) In() any { type L struct{ a A }; return L{a} }
func shadow() []any { x := 1; { type x struct{ Y int }; return []any{x{3}, func() any { type x struct{ Z int }; return x{4} }(), []struct{ x }{{x{5}}}} }; return []any{x} }
func closure() func(int) any { type L struct{ a A }; return func(i int) any { type Q struct { L; next *Q }; return Q{L{A{i}}, nil} } }`, `
same(chain, 1, 2)
same(A.In, A{1})
same(func(int) []any { return shadow() }, 1)
same(closure(), 1, 2)
same(func(x any) any { return x }, chain(1), A{3}.In(), closure()(2), any(shadow()))
same(func(i int) any { type L int; type K = L; switch x := any(K(i)).(type) { case L: return x + 1; default: return nil } }, 1)`, `
func mk[T any](v T) func(int) any { type In struct { V T; A }; type Out struct { In; K int }; return func(i int) any { o := Out{In{v, A{i}}, 2}; o.In.N++; return fmt.Sprint(o.In.V, " ", o) } }
c, d := mk("q"), mk(3)
fmt.Println(pool.Apply(p, func() string { return fmt.Sprintf("%v %v %v", c(1), d(2), mk(2.5)(2)) }))
func gen[T any](v T) any { type In struct{ V T }; return In{v} }
fmt.Println(pool.Map(p, func(i int) string { return fmt.Sprintf("%T", gen(1)) }, []int{1}))
_, err := pool.Map(p, func(i any) any { return i }, []any{gen(1)})
fmt.Println(err)
_, err = pool.Map(p, func(i int) any { return gen(i) }, []int{1})
fmt.Println(strings.Split(err.Error(), " (item")[0])`)
}

// TestEmbeddingWithoutName sends structs without a name that embed types, in interfaces.
func TestEmbeddingWithoutName(t *testing.T) {
	arrives(t, "true <nil>\n", `
type Shape interface{ Area() int }
type A struct{ Old int }
old := any(struct{ A }{A{1}})`, `
type A struct{ N int }
func (a A) Area() int { return a.N }
type G[K, V any] struct { K K; V V }
type Al = A
p := pool.New(pool.Processes(1))
in := []any{old, struct { A; n int }{A{3}, 1}, struct{ *A }{&A{2}}, []struct{ A }{{A{1}}}, map[string]struct{ Shape }{"a": {A{1}}}, struct{ G[A, int] }{},
	struct{ time.Duration }{3}, struct { Shape; error }{}, struct{ Al }{A{5}}, G[struct{ A }, *struct{ A }]{}, struct { A "k:\"a\"" }{}, struct{ S struct{ A } }{}}
out, err := pool.Map(p, func(x any) any { return x }, in)
fmt.Println(reflect.DeepEqual(in, out), err)`)
}

// TestRefusals holds that what cannot be sent is refused with its place and what to do instead.
func TestRefusals(t *testing.T) {
	arrives(t, `pool.Apply: f: *os.File cannot be sent to another process (open it in the task)
pool.Apply: conns[1]: net.Conn cannot be sent to another process (open it in the task)
pool.Apply: m: sync.Map cannot be sent to another process (copy it into a map before the call)
pool.Apply: l: *log.Logger cannot be sent to another process (make it in the task)
pool.Apply: s.t: *time.Timer cannot be sent to another process (make it in the task)
pool.Apply: v: reflect.Value cannot be sent to another process (send what its Interface method returns)
pool.Apply: c.in[2]: chan int cannot be sent to another process (use pool.NewQueue)
`, `
p := pool.New(pool.Processes(1))
use := func(f func()) { _, err := pool.Apply(p, func() int { f(); return 0 }); fmt.Println(err) }
f := os.Stdout
a, _ := net.Pipe()
conns := []net.Conn{nil, a}
var m sync.Map
m.Store(1, 2)
l := log.New(os.Stderr, "", 0)
s := struct{ t *time.Timer }{time.NewTimer(time.Hour)}
v := reflect.ValueOf(1)
c := struct{ in []chan int }{[]chan int{nil, nil, make(chan int)}}
for _, f := range []func(){func() { f.Name() }, func() { _ = conns }, func() { m.Load(1) }, func() { l.Prefix() }, func() { _ = s }, func() { v.Int() }, func() { _ = c }} { use(f) }`)
}

// TestVariableThatChanges holds that a method which reads a variable is there in workers whenever the variable can be sent, also within one cell.
func TestVariableThatChanges(t *testing.T) {
	arrives(t, "[0] <nil>\n[panic] <nil>\n[0] <nil>\n[panic] <nil>\n", `
p := pool.New(pool.Processes(1))
var ch chan int
type C struct{ N int }
func (c C) Len() int { return len(ch) }
f := func(c C) (s string) {
	defer func() { if recover() != nil { s = "panic" } }()
	return fmt.Sprint(reflect.ValueOf(c).MethodByName("Len").Call(nil)[0].Int())
}
for range 2 {
	fmt.Println(pool.Map(p, f, []C{{1}}))
	ch = make(chan int)
	fmt.Println(pool.Map(p, f, []C{{1}}))
	ch = nil
}`)
}
