package randprog

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
)

// gen is a program in the making.
type gen struct {
	rand   *rand.Rand
	prefix string
	count  map[string]int

	named   []*typ // types of basic kinds with names
	structs []*typ
	ifaces  []*typ
	funcs   []*fn

	scope   []*variable
	fixed   int   // variables of scope below are not assigned to
	pure    bool  // nothing that was there before is changed
	event   event // of the statement
	results []*typ
	loops   []*loop // those around, the innermost last
	block   int     // where the variables of the block begin in scope
	trace   int
	size    int // statements that may still come
}

// loop is a loop of the function in the making; its label is written when something uses it.
type loop struct {
	label string
	used  bool
}

// variable is what a name in scope stands for: a variable or a constant.
type variable struct {
	name  string
	t     *typ
	fixed bool // never assigned to
	pure  bool // a function that changes nothing
}

func (g *gen) n(n int) int { return g.rand.IntN(n) }

// p is true in percent of 100 cases.
func (g *gen) p(percent int) bool { return g.rand.IntN(100) < percent }

// name returns a new name.
func (g *gen) name(kind string) string {
	g.count[kind]++
	return fmt.Sprintf("%s%d", kind, g.count[kind])
}

// global returns a new name for the top level, which no other program has.
func (g *gen) global(kind string) string { return g.name(kind + g.prefix + "x") }

func (g *gen) declare(v *variable) { g.scope = append(g.scope, v) }

// visible are the variables in scope that no other one hides, the innermost first.
func (g *gen) visible() iter.Seq[*variable] {
	return func(yield func(*variable) bool) {
		seen := map[string]bool{}
		for i := len(g.scope) - 1; i >= 0; i-- {
			if v := g.scope[i]; !seen[v.name] {
				seen[v.name] = true
				if !yield(v) {
					return
				}
			}
		}
	}
}

// assignable returns a variable of type t that may be assigned to, or nil.
func (g *gen) assignable(ok func(*typ) bool) *variable {
	seen := map[string]bool{}
	var list []*variable
	for i := len(g.scope) - 1; i >= g.fixed; i-- {
		v := g.scope[i]
		if !seen[v.name] && !v.fixed && ok(v.t) {
			list = append(list, v)
		}
		seen[v.name] = true
	}
	if len(list) == 0 {
		return nil
	}
	return list[g.n(len(list))]
}

// enter begins a scope; the function that it returns ends it.
func (g *gen) enter() func() {
	n, block := len(g.scope), g.block
	g.block = n
	return func() { g.scope, g.block = g.scope[:n], block }
}

// nested begins a function within the statement; the function that it returns ends it.
func (g *gen) nested(pure bool) func() {
	old := *g
	g.event, g.loops, g.results, g.block = calm, nil, nil, len(g.scope)
	if pure {
		g.pure, g.fixed = true, len(g.scope)
	}
	return func() {
		g.scope = g.scope[:len(old.scope)]
		g.fixed, g.pure, g.event, g.results, g.loops, g.block = old.fixed, old.pure, old.event, old.results, old.loops, old.block
	}
}

// A Program is a random program that ends, whatever happens in it, and prints the same wherever it runs.
type Program struct {
	// Decls are its types, functions and variables. No other program has their names but one of the same prefix.
	Decls string
	// Body are its statements.
	Body string
}

// New returns the program of a seed. It needs [Prelude].
func New(seed uint64, prefix string) Program {
	g := &gen{rand: rand.New(rand.NewPCG(seed, 0)), prefix: prefix, count: map[string]int{}}
	var decls, body strings.Builder
	g.declarations(&decls)
	g.size = 6 + g.n(20)
	body.WriteString("fuel = 2000\n")
	for g.size > 0 {
		g.stmt(&body, 3)
	}
	g.printAll(&body)
	return Program{decls.String(), body.String()}
}

// File returns a program of Go that runs all of them, each after a line "== n" with its index.
func File(programs []Program) string {
	var b strings.Builder
	b.WriteString("package main\n" + Imports + Prelude)
	for i, p := range programs {
		fmt.Fprintf(&b, "\n%s\nfunc program%d() {\ndefer func() { fmt.Println(\"ended with\", recover()) }()\n%s}\n", p.Decls, i, p.Body)
	}
	b.WriteString("\nfunc main() {\n")
	for i := range programs {
		fmt.Fprintf(&b, "fmt.Println(\"== %d\")\nprogram%d()\n", i, i)
	}
	b.WriteString("}\n")
	return b.String()
}

// Imports are the packages that programs use.
const Imports = `
import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
)

var (
	_ = cmp.Compare[int]
	_ = errors.New
	_ iter.Seq[int]
	_ = maps.Clone[map[int]int]
	_ = math.Pi
	_ = bits.Len
	_ = runtime.Goexit
	_ = slices.Max[[]int]
	_ = sort.Ints
	_ = strconv.Itoa
	_ = strings.Cut
	_ sync.Mutex
)
`

// Prelude is what programs have in common.
const Prelude = `
// fuel bounds the rounds of all loops.
var fuel int

func id[T any](x T) T { return x }

func ref[T any](x T) *T { return &x }

func yes(any) bool { return true }

func deref[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

func pick[T any](b bool, x, y T) T {
	if b {
		return x
	}
	return y
}

// as is x when it is a T, otherwise y.
func as[T any](x any, y T) T {
	if t, ok := x.(T); ok {
		return t
	}
	return y
}

// at is an element of s, whatever i.
func at[T any](s []T, i int) T {
	var zero T
	if len(s) == 0 {
		return zero
	}
	return s[uint(i)%uint(len(s))]
}

// push appends to a copy: what append does to other slices depends on capacities.
func push[T any](s []T, x ...T) []T {
	if len(s) > 30 {
		s = s[:3]
	}
	return append(s[:len(s):len(s)], x...)
}

func mapped[T, U any](s []T, f func(T) U) []U {
	var list []U
	for _, x := range s {
		list = append(list, f(x))
	}
	return list
}

func clip[S ~string](s S) S {
	if len(s) > 60 {
		return s[len(s)-20:]
	}
	return s
}

// clamp makes x a number that every type of integers has a value for.
func clamp(x float64) int64 {
	if x != x {
		return 0
	}
	return int64(max(-1e15, min(1e15, x)))
}

func tr[T any](n int, x T) T {
	fmt.Print("<", n, ">")
	return x
}

func show(label string, x ...any) {
	fmt.Print(label)
	for _, v := range x {
		text := fmt.Sprintf(" %v", v)
		fmt.Print(text[:min(len(text), 300)])
	}
	fmt.Println()
}

func caught(label string) {
	if e := recover(); e != nil {
		fmt.Printf("%s: %T %v\n", label, e, e)
	}
}

func each[T any](s []T) iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		defer fmt.Println("each ends")
		for i, x := range s {
			if !yield(i, x) {
				return
			}
		}
	}
}

func upTo(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				break
			}
		}
	}
}

type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~float64
}

func sum[T Number](list ...T) (total T) {
	for _, x := range list {
		total += x
	}
	return
}

type Pair[K comparable, V any] struct {
	Key K
	Val V
}

func (p Pair[K, V]) String() string { return fmt.Sprintf("<%v|%v>", p.Key, p.Val) }

func (p *Pair[K, V]) Set(v V) { p.Val = v }

type List[T any] struct {
	head *node[T]
	n    int
}

type node[T any] struct {
	x    T
	next *node[T]
}

func (l *List[T]) Push(x T) { l.head = &node[T]{x, l.head}; l.n++ }

func (l *List[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for n := l.head; n != nil; n = n.next {
			if !yield(n.x) {
				return
			}
		}
	}
}

type Tree[T cmp.Ordered] struct {
	left, right *Tree[T]
	x           T
}

func (t *Tree[T]) Insert(x T) *Tree[T] {
	if t == nil {
		return &Tree[T]{x: x}
	}
	switch {
	case x < t.x:
		t.left = t.left.Insert(x)
	case x > t.x:
		t.right = t.right.Insert(x)
	}
	return t
}

func (t *Tree[T]) Walk(f func(T)) {
	if t != nil {
		t.left.Walk(f)
		f(t.x)
		t.right.Walk(f)
	}
}
`
