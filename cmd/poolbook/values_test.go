//go:build unix

package main

import (
	"strings"
	"testing"
)

// TestValues holds what arrives in a worker process, and what is refused, kind by kind. Each case is a notebook and what its cells print.
func TestValues(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cells []string
		want  string
	}{
		{"embedded types", []string{`
type A struct{ N int }
func (a A) Get() int { return a.N }
type B struct { A; M int }
type G[T any] struct{ V T }
type H struct{ G[int] }
type I interface{ Get() int }
type J interface { I; fmt.Stringer }
type K struct{ *A }
type L struct{ I }
p := pool.New(pool.Processes(1))
fmt.Println(pool.Map(p, func(b B) int { return b.N + b.Get() + b.A.N }, []B{{A{1}, 2}}))
fmt.Println(pool.Map(p, func(h H) H { return H{G: G[int]{h.V + 1}} }, []H{{G[int]{3}}}))
fmt.Println(pool.Map(p, func(k K) int { return k.N + k.Get() }, []K{{&A{1}}}))
fmt.Println(pool.Map(p, func(l L) int { return l.Get() }, []L{{A{1}}}))
fmt.Println(pool.Map(p, func(j J) bool { return j == nil }, []J{nil}))`, `
type A struct{ Other string }
type B2 struct{ A; B }
fmt.Println(pool.Map(p, func(b B2) string { return fmt.Sprintf("%+v %v %v", b, b.A.Other, b.B.A.N) }, []B2{{A{"o"}, B{M: 1}}}))`},
			"[3] <nil>\n[{{4}}] <nil>\n[2] <nil>\n[1] <nil>\n[true] <nil>\n[{A:{Other:o} B:{A:{N:0} M:1}} o 0] <nil>\n"},

		{"pools in bubbles of package synctest", []string{`
p := pool.New(pool.Processes(1))
l := pool.NewLock()
says := make(chan any, 10)`, `%test -run Bubble
func TestBubble(t *testing.T) {
	for _, f := range []func(){
		func() { pool.New(pool.Processes(1)) }, func() { pool.NewThreadPool(pool.Processes(1)) },
		func() { p.Map(func(n int) int { return n }, []int{1}) }, func() { l.Lock() }, func() { pool.NewQueue[int](0) },
	} {
		synctest.Test(t, func(*testing.T) { defer func() { says <- recover() }(); f() })
	}
}`, `for len(says) > 0 { fmt.Println(<-says) }
fmt.Println(p.Map(func(n int) int { return n + 1 }, []int{1}))`},
			"PASS\n" + strings.Repeat(noBubble+"\n", 5) + "[2] <nil>\n"},
		{"types whose methods read variables, in values that are read later than the call", []string{`
type Shape interface{ Area() int }
type D struct { N int }
var scale = 3
var top Shape = D{1}
func (d D) Area() int { if d.N == 1 { return scale }; return d.N*scale + top.Area() }
type W struct { D D; C chan int }
func (w *W) Do(n int) int { return n + w.D.N }
w := &W{C: make(chan int)}
q := pool.NewQueue[any](0)
q.Put(D{2})
p := pool.New(pool.Processes(1))
_, err := pool.Map(p, func(f any) int { return 1 }, []any{w.Do}) // refused: but the worker knows the type from now on
fmt.Println(err)
fmt.Println(pool.Apply(p, func() int { x, _ := q.Get(); return x.(interface{ Area() int }).Area() }))`, `
area := func(s Shape) int { return s.Area() }
for r, err := range pool.ImapSeq(p, area, slices.Values([]Shape{D{2}})) { fmt.Println(r, err) }
scale = 10
for r, err := range pool.ImapSeq(p, area, slices.Values([]Shape{D{2}, D{3}})) { fmt.Println(r, err) }
fmt.Println(pool.Map(p, area, []Shape{D{2}}))
scale = 100
for r, err := range pool.ImapSeq(p, area, slices.Values([]Shape{D{2}})) { fmt.Println(r, err) }`},
			"pool.Map: items[0].receiver.C: chan int cannot be sent to another process (use pool.NewQueue)\n9 <nil>\n9 <nil>\n30 <nil>\n40 <nil>\n[30] <nil>\n300 <nil>\n"},

		{"functions inside values", []string{`
type Handler struct { Do func(int) int; By map[string]func() int; Any any }
type Acc struct{ N int }
func (a *Acc) Add(n int) int { a.N += n; return a.N }
func (a Acc) Get() int { return a.N }
func (a Acc) Notebook() int { v, _ := pool.Apply(p, func() int { return 1 }); return v }
var scale = 3
p := pool.New(pool.Processes(1))
func handler(n int) Handler {
	h := Handler{Any: strings.ToUpper}
	h.Do = func(i int) int { n += i; return n * scale }
	h.By = map[string]func() int{"n": func() int { return n }, "len": func() int { return len(h.By) }}
	return h
}
use := func(h Handler) []int { return []int{h.Do(1), h.Do(1), h.By["n"](), h.By["len"](), len(h.Any.(func(string) string)("abc"))} }
fmt.Println(pool.Map(p, use, []Handler{handler(1), handler(10)}))
scale = 5
fmt.Println(pool.Map(p, use, []Handler{handler(1), handler(10)}))
for r, err := range pool.ImapSeq(p, use, slices.Values([]Handler{handler(1)})) { fmt.Println(r, err) }
scale = 7
for r, err := range pool.ImapSeq(p, use, slices.Values([]Handler{handler(1)})) { fmt.Println(r, err) }`, `
// what they share with variables, each other, and method values
h, acc := handler(5), &Acc{10}
var fib func(int) int
fib = func(n int) int { if n < 2 { return n }; return fib(n-1) + fib(n-2) }
fs := []func(int) int{h.Do, handler(7).Do, acc.Add, func(i int) int { acc.N += 100; return acc.N }, fib}
work := func(i int) (r []int) { for _, f := range fs { r = append(r, f(i)) }; return append(r, acc.N, h.By["n"]()) }
fmt.Println(pool.Map(p, work, []int{10}))
fmt.Println(work(10))`, `
// there and back, through a queue, and what a task makes
back, err := pool.Map(p, func(h Handler) Handler { h.Do(1); return h }, []Handler{handler(1)})
fmt.Println(use(back[0]), err)
q := pool.NewQueue[func() int](0)
q.Put(Acc{4}.Get)
q.Put(handler(6).By["n"])
fmt.Println(pool.Apply(p, func() int { f, _ := q.Get(); return f() }))
f, err := q.Get()
fmt.Println(f(), err)
what := func(err error) { s, _, _ := strings.Cut(err.Error(), " cannot be sent"); fmt.Println(s, strings.Contains(err.Error(), "make it in the notebook")) }
_, err = pool.Map(p, func(i int) func() int { return func() int { return i } }, []int{1})
what(err)
_, err = pool.Map(p, func(i int) []Handler { return []Handler{{By: map[string]func() int{"n": func() int { return i }}}} }, []int{1})
what(err)
_, err = pool.MapErr(p, func(i int) (int, error) { return 0, q.Put(func() int { return i }) }, []int{1})
what(err)
_, err = pool.Map(p, func(i int) iter.Seq[int] { return slices.Values([]int{i}) }, []int{1})
fmt.Println(strings.Contains(err.Error(), "slices.Collect"))
c := make(chan int)
_, err = pool.Map(p, use, []Handler{{Do: func(i int) int { return i + cap(c) }}})
fmt.Println(err)`},
			"[[6 9 3 2 3] [33 36 12 2 3]] <nil>\n[[10 15 3 2 3] [55 60 12 2 3]] <nil>\n[10 15 3 2 3] <nil>\n[14 21 3 2 3] <nil>\n" +
				"[[105 119 20 120 55 120 15]] <nil>\n[105 119 20 120 55 120 15]\n[21 28 4 2 3] <nil>\n4 <nil>\n6 <nil>\n" +
				"the result: func() int true\nthe result[0].By[\"n\"]: func() int true\nfunc() int true\ntrue\n" +
				"pool.Map: items[0].Do.c: chan int cannot be sent to another process (use pool.NewQueue)\n"},

		{"struct types without a name that embed others", []string{`
type Color int
func (c Color) Area() int { return int(c) }
type point struct{ X int }
func (p *point) Inc() int { p.X++; return p.X }
type Box[T any] struct{ V T }
type Alias = Box[string]
p := pool.New(pool.Processes(1))
xs := []any{struct{ Color; N int }{3, 4}, &struct{ point; Z int ` + "`a:\"b\"`" + ` }{point{5}, 6}, struct{ *point }{&point{7}}, struct{ Alias }{Alias{"x"}}, []struct{ Color }{{1}}, Box[struct{ Color }]{}}
f := func(x any) string {
	s := fmt.Sprintf("%T", x)
	if i, ok := x.(interface{ Inc() int }); ok { s += fmt.Sprint(" inc ", i.Inc()) }
	if c, ok := x.(struct{ Color; N int }); ok { s += fmt.Sprint(" area ", c.Area(), c.Color) }
	if a, ok := x.(struct{ Alias }); ok { s += a.Alias.V }
	return s
}
r, err := pool.Map(p, f, xs)
fmt.Println(strings.Join(r, "\n"), err)`, `
type Color struct{ Name string }
func (c Color) Area() int { return len(c.Name) }`, `
g := func(x any) string { c, ok := x.(struct{ Color; N int }); return fmt.Sprint(c.Name, ok) }
fmt.Println(pool.Map(p, g, []any{struct{ Color; N int }{Color{"ab"}, 4}, xs[0]}))`},
			"struct { main.Color; N int } area 3 3\n*struct { main.point; Z int \"a:\\\"b\\\"\" } inc 6\nstruct { *main.point } inc 8\nstruct { main.Box[string] }x\n" +
				"[]struct { main.Color }\nmain.Box[struct { main.Color }] <nil>\n[abtrue false] <nil>\n"},

		{"errors that a task changes", []string{`
type Bad struct { N int; F func(int) int }
func (b *Bad) Error() string { return fmt.Sprint("bad ", b.N) }
p := pool.New(pool.Processes(1))
{
	e := &Bad{F: func(i int) int { return i }}
	var in error = e
	wrapped := fmt.Errorf("in %w", e)
	path := &os.PathError{Op: "open", Path: "a", Err: io.EOF}
	var other error = path
	_, err := pool.MapErr(p, func(i int) (int, error) { e.N = 5; return 0, in }, []int{1})
	fmt.Println(err.(*pool.RemoteError).Err)
	_, err = pool.MapErr(p, func(i int) (int, error) { e.N = 6; return 0, wrapped }, []int{1})
	fmt.Println(errors.Unwrap(err.(*pool.RemoteError).Err))
	_, err = pool.MapErr(p, func(i int) (int, error) { path.Path = "b"; return 0, other }, []int{1})
	fmt.Println(err.(*pool.RemoteError).Err)
}
var errMine = &Bad{N: 1}
type Two struct { E error; Any any }
for range 2 { // the second time the worker has an errMine already
	two := &Two{errMine, []any{errMine, fmt.Errorf("in %w", errMine)}}
	fmt.Println(pool.Apply(p, func() bool { l := two.Any.([]any); return two.E == l[0] && errors.Is(l[1].(error), two.E) }))
}
type Grid struct { A [2][3]int; P any }
gr := &Grid{}
gr.P = &gr.A
fmt.Println(pool.Map(p, func(g *Grid) int { g.P.(*[2][3]int)[1][2] = 7; return g.A[1][2] }, []*Grid{gr}))`},
			"bad 5\nbad 6\nopen b: EOF\ntrue <nil>\ntrue <nil>\n[7] <nil>\n"},

		{"types in interfaces", []string{`
type Shape interface{ Area() int }
type Sq struct{ S int }
var scale = 2
func (s Sq) Area() int { return s.S * s.S * scale }
type E1 struct{ c int }
func (e *E1) Error() string { return fmt.Sprint("e1 ", e.c) }
type Gen[T any] struct{ V T }
for n := range 2 {
	p := pool.New(pool.Processes(2*n + 1))
	fmt.Println(pool.Map(p, func(s Shape) int { return s.Area() }, []Shape{Sq{2}, Sq{3}}))
	fmt.Println(pool.Map(p, func(s any) string { return fmt.Sprintf("%T", s) }, []any{Gen[Sq]{}, &Gen[*Sq]{}, map[string][]Sq{}, struct{ A Sq }{}}))
	fmt.Println(pool.Map(p, func(e error) bool { var e1 *E1; return errors.As(e, &e1) && e1.c == 3 }, []error{fmt.Errorf("y %w", &E1{3})}))
	m := map[string]any{"a": Sq{1}}
	fmt.Println(pool.Apply(p, func() string { return fmt.Sprintf("%T", m["a"]) }))
	q, v := pool.NewQueue[any](0), pool.NewValue[any](Sq{6})
	q.Put(Sq{5})
	fmt.Println(pool.Apply(p, func() int { x, _ := q.Get(); return x.(Shape).Area() + v.Get().(Shape).Area() }))
	p.Terminate()
}`, `
func local() {
	type pt struct{ X int }
	p := pool.New(pool.Processes(1))
	defer p.Terminate()
	fmt.Println(pool.Map(p, func(x any) any { return x }, []any{pt{1}}))
}
local()`}, strings.Repeat("[8 18] <nil>\n[main.Gen[main.Sq] *main.Gen[*main.Sq] map[string][]main.Sq struct { A main.Sq }] <nil>\n[true] <nil>\nmain.Sq <nil>\n122 <nil>\n", 2) + "[{1}] <nil>\n"},

		{"types declared anew", []string{`
type R struct{ W, H int }
func (r R) Area() int { return r.W * r.H }
type E1 struct{ C int }
func (e *E1) Error() string { return fmt.Sprint("old ", e.C) }
p := pool.New(pool.Processes(1))
q := pool.NewQueue[any](0)
q.Put(R{1, 2})
old, oldf := R{3, 4}, func(i int) any { return R{i, 7} }`, `
type R struct{ H, W int }
func (r R) Area() int { return -r.W }
type E1 struct{ D string }
func (e *E1) Error() string { return "new " + e.D }
now := R{H: 1, W: 2}
a, _ := pool.Map(p, func(i int) any { return R{H: i, W: 7} }, []int{5})
b, _ := pool.Map(p, oldf, []int{5})
fmt.Printf("%+v %+v\n", a, b)
fmt.Println(pool.Map(p, func(x any) string { _, isNow := x.(R); return fmt.Sprintf("%T%+v %v %v", x, x, isNow, x.(interface{ Area() int }).Area()) }, []any{old, now, &old}))
fmt.Println(pool.Apply(p, func() string { v, _ := q.Get(); return fmt.Sprintf("%+v", v) }))
_, err := pool.MapErr(p, func(i int) (int, error) { return 0, &E1{"x"} }, []int{1})
var e1 *E1
fmt.Println(errors.As(err, &e1), e1)`, `
func (r R) Area() int { return 99 }
q.Put(now); q.Put(old)
fmt.Println(pool.Map(p, func(x interface{ Area() int }) int { return x.Area() }, []interface{ Area() int }{old, now}))
fmt.Println(pool.Apply(p, func() int { v, _ := q.Get(); w, _ := q.Get(); return v.(R).Area() + w.(interface{ Area() int }).Area() }))`},
			"[{H:5 W:7}] [{W:5 H:7}]\n[main.R{W:3 H:4} false 12 main.R{H:1 W:2} true -2 *main.R&{W:3 H:4} false 12] <nil>\n{W:1 H:2} <nil>\ntrue new x\n[12 99] <nil>\n111 <nil>\n"},

		{"values without memory", []string{`
type NotFound struct{}
func (*NotFound) Error() string { return "not found" }
p := pool.New(pool.Processes(1))
_, err := pool.MapErr(p, func(i int) (int, error) { return 0, &NotFound{} }, []int{1})
var nf *NotFound
fmt.Println(errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &nf))
_, err = pool.Map(p, func(i int) int { panic(nil) }, []int{1})
fmt.Println(errors.Is(err, os.ErrDeadlineExceeded), strings.Contains(err.Error(), "nil argument"))
_, err = pool.MapErr(p, func(i int) (int, error) { return 0, os.ErrDeadlineExceeded }, []int{1})
fmt.Println(errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, net.ErrClosed))`}, "false true\nfalse true\ntrue false\n"},

		{"errors keep their identity", []string{`
errMine := errors.New("mine")
type bad struct{ N int }
func (b *bad) Error() string { return fmt.Sprint("bad ", b.N) }
kept := &bad{1}
p := pool.New(pool.Processes(1))
m := map[string]error{"a": errMine}
s := struct{ List []error }{[]error{errMine, kept}}
for _, f := range []func(int) (int, error){
	func(int) (int, error) { return 0, m["a"] },
	func(int) (int, error) { return 0, fmt.Errorf("x: %w", s.List[0]) },
} {
	_, err := pool.MapErr(p, f, []int{1})
	fmt.Println(errors.Is(err, errMine))
}
_, err := pool.MapErr(p, func(int) (int, error) { return 0, s.List[1] }, []int{1})
_, err2 := pool.MapErr(p, func(int) (int, error) { s.List[1].(*bad).N = 7; return 0, s.List[1] }, []int{1})
fmt.Println(errors.Is(err, kept), errors.Is(err2, kept), errors.Unwrap(err2))
fmt.Println(pool.Map(p, func(e error) bool { return e == errMine }, []error{errMine, errors.New("mine")}))
var re runtime.Error
_, err = pool.Map(p, func(i int) int { var m map[string]int; m["a"] = 1; return 1 }, []int{1})
fmt.Println(errors.As(err, &re), re)
_, err = pool.Map(p, func(i int) int { return []int{}[i] }, []int{1})
fmt.Println(errors.As(err, &re), re)
var te *json.UnmarshalTypeError
_, err = pool.MapErr(p, func(i int) (int, error) { var n int; return 0, json.Unmarshal([]byte("\"x\""), &n) }, []int{1})
fmt.Println(errors.As(err, &te), te.Type)`}, "true\ntrue\ntrue false bad 7\n[true false] <nil>\ntrue assignment to entry in nil map\ntrue runtime error: index out of range [1] with length 0\ntrue int\n"},

		{"standard values", []string{`
type key struct{}
p := pool.New(pool.Processes(1))
cause := errors.New("enough")
ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), key{}, 5), time.Hour)
ended, end := context.WithCancelCause(ctx)
end(cause)
fmt.Println(pool.Apply(p, func() string { d, ok := ctx.Deadline(); return fmt.Sprint(ok, time.Until(d) > time.Minute, ctx.Value(key{}), ctx.Err(), ended.Err(), context.Cause(ended) == cause, context.Background()) }))
cancel()
r := rand.New(rand.NewPCG(1, 2))
want := *r
fmt.Println(pool.Apply(p, func() int { return r.IntN(1000) }))
fmt.Println(want.IntN(1000))
for _, h := range []hash.Hash{sha256.New(), md5.New(), sha512.New(), crc32.NewIEEE(), crc64.New(crc64.MakeTable(crc64.ISO)), fnv.New64a(), adler32.New(), hmac.New(sha256.New, []byte("k"))} {
	h.Write([]byte("some"))
	got, err := pool.Apply(p, func() []byte { h.Write([]byte(" more")); return h.Sum(nil) })
	h.Write([]byte(" more"))
	if err != nil && strings.Contains(err.Error(), "h: hash.Hash cannot be sent") { fmt.Print("refused "); continue }
	fmt.Print(err == nil && string(got) == string(h.Sum(nil)), " ")
}
fmt.Println()`, `
for _, f := range []any{slices.Values([]int{1}), maps.Keys(map[int]int{1: 1})} {
	seq := f.(iter.Seq[int])
	_, err := pool.Apply(p, func() int { n := 0; for v := range seq { n += v }; return n })
	fmt.Println(err)
}
once := sync.OnceValue(func() int { return 7 })
_, err := pool.Apply(p, func() int { return once() })
fmt.Println(err)
h := unique.Make("a")
_, err = pool.Apply(p, func() bool { return h == unique.Make("a") })
fmt.Println(err)
seeds := []maphash.Seed{maphash.MakeSeed()}
_, err = pool.Apply(p, func() uint64 { return maphash.String(seeds[0], "x") })
fmt.Println(err)`},
			"true true 5 <nil> context canceled true context.Background <nil>\n" + "X\nX\n" + "true true true true true true true true \n" +
				"a function that slices.Values has made cannot be sent to another process: collect what it yields before the call, with slices.Collect\n" +
				"a function that maps.Keys has made cannot be sent to another process: collect what it yields before the call, with slices.Collect\n" +
				"a function that sync.OnceValue has made cannot be sent to another process: call it before the call of the pool and send the result, or make it inside the task\n" +
				"pool.Apply: h: unique.Handle[string] cannot be sent to another process (it is one process's own: send its Value, and call unique.Make in the task)\n" +
				"pool.Apply: seeds[0]: maphash.Seed cannot be sent to another process (its hashes are those of one process: make it in the task)\n"},

		{"shared memory", []string{`
type Node struct{ V int }
type Graph struct { Best *Node; Nodes []Node; Arr [3]Node; PA *Node; Sl []Node; N int; PN *int }
p := pool.New(pool.Processes(1))
l := list.New()
l.PushBack(1)
l.PushBack(2)
fmt.Println(pool.Apply(p, func() string { n := 0; for e := l.Front(); e != nil; e = e.Next() { n++ }; l.PushFront(0); return fmt.Sprint(n, l.Len()) }))
g := &Graph{Nodes: []Node{{1}, {2}}}
g.Best, g.PA, g.Sl, g.PN = &g.Nodes[1], &g.Arr[2], g.Arr[1:], &g.N
f := func(g *Graph) string {
	g.N, g.Best.V, g.Sl[0].V = 5, 50, 9
	return fmt.Sprint(g.Best == &g.Nodes[1], g.PA == &g.Arr[2], &g.Sl[1] == g.PA, *g.PN, g.Nodes, g.Arr)
}
back, err := pool.Map(p, func(g *Graph) *Graph { return g }, []*Graph{g})
fmt.Println(f(back[0]), err)
fmt.Println(pool.Map(p, f, []*Graph{g}))
a := []int{1, 2, 3, 4}
b, c := a[:2], a[1:3]
x, arr := 5, [4]int{}
px, pa, sa := &x, &arr[2], arr[:]
fmt.Println(pool.Apply(p, func() string { a[1], *px, *pa, sa[0] = 100, 6, 7, 1; return fmt.Sprint(b, c, x, arr) }))
big := make([]int, 100000)
head := big[:10]
fmt.Println(pool.Apply(p, func() int { big[3] = 4; return head[3] }))
fmt.Println(pool.Starmap(p, func(a, b []int) string { a[1] = 77; return fmt.Sprint(a, b) }, []pool.Args2[[]int, []int]{{a, b}}))`},
			"2 3 <nil>\ntrue true true 5 [{1} {50}] [{0} {9} {0}] <nil>\n[true true true 5 [{1} {50}] [{0} {9} {0}]] <nil>\n[1 100] [100 3] 6 [1 0 7 0] <nil>\n4 <nil>\n[[1 77 3 4] [1 77]] <nil>\n"},

		{"methods that are not called", []string{`
p := pool.New(pool.Processes(1))
conn, _ := net.Pipe()
type S struct{ N int }
func (s S) Twice() int { return s.N * 2 }
func (s S) All() ([]int, error) { return pool.Map(p, func(i int) int { return i }, []int{1}) }
func (s S) Send() { conn.Write(nil) }
fmt.Println(pool.Map(p, func(s S) int { return s.Twice() }, []S{{2}}))
fmt.Println(pool.Map(p, func(s any) int { return s.(interface{ Twice() int }).Twice() }, []any{S{3}}))
_, err := pool.Map(p, func(s S) int { s.Send(); return 1 }, []S{{2}})
fmt.Println(err)
_, err = pool.Map(p, func(s interface{ Send() }) int { s.Send(); return 1 }, []interface{ Send() }{S{2}})
fmt.Println(err)
_, err = pool.Map(p, func(i int) int { v, _ := pool.Map(p, func(i int) int { return i }, []int{1}); return len(v) }, []int{2})
fmt.Println(err)
r := pool.MapAsync(p, func(i int) int { return i }, []int{1})
_, err = pool.Map(p, func(i int) int { v, _ := r.Get(); return len(v) }, []int{2})
fmt.Println(err)`},
			"[4] <nil>\n[6] <nil>\npool.Map: conn: net.Conn cannot be sent to another process (open it in the task)\npool.Map: conn: net.Conn cannot be sent to another process (open it in the task)\n" +
				"pool.Map: p: *pool.Pool cannot be sent to another process (it belongs to the notebook's process: a task can make a pool of its own, or return what is to be done)\n" +
				"pool.Map: r: *pool.MapResult[int] cannot be sent to another process (it belongs to the notebook's process: get what the task needs from it before the call)\n"},

		{"the end of a source, and of a task", []string{`
p := pool.New(pool.Processes(1))
source := func(yield func(int) bool) { for i := range 5 { if !yield(i) { return } }; panic("source") }
for v, err := range pool.ImapSeq(p, func(i int) int { return i * 10 }, source, pool.ChunkSize(3)) { fmt.Print(v, " ", err, "; ") }
fmt.Println()
_, err := pool.Apply(p, func() int { return <-make(chan int) })
fmt.Println(strings.SplitN(err.Error(), " [", 2)[0])`},
			"0 <nil>; 10 <nil>; 20 <nil>; 30 <nil>; 40 <nil>; 0 pool.ImapSeq: reading the items: panic: source; \npanic: fatal error: all goroutines are asleep - deadlock!\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlace(t)
			got := strings.TrimPrefix(p.travel(tt.cells), "\n")
			lines, want := strings.Split(got, "\n"), strings.Split(tt.want, "\n")
			for i := range want {
				if want[i] == "X" && i+1 < len(lines) { // some number, the same twice
					want[i] = lines[i]
					if n, _, _ := strings.Cut(lines[i], " "); want[i+1] == "X" {
						want[i+1] = n
					}
				}
			}
			if got != strings.Join(want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
			}
		})
	}
}
