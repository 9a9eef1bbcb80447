package interp_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// The types of a session whose methods and functions are declared again and again; # stands for the number of a declaration's form.
const redeclaredTypes = `type Tagger interface { Tag() string }
type Flipper interface { Flip() string }
type S[T any] struct { v T; n int }
type W[T any] struct { S[T]; w int }
type Q struct { n int }
`

var redeclared = []struct {
	text  string
	later bool // not declared from the start
}{
	{text: `func (s S[T]) Get() string { return fmt.Sprint("get#", s.v) }`},
	{text: `func (s *S[T]) Ptr() string { return fmt.Sprint("ptr#", s.n, s.Get()) }`},
	{text: `func (s S[T]) Tag() string { return "tag#" + s.Get() }`},
	{text: `func (q Q) Tag() string { return fmt.Sprint("q#", q.n) }`},
	{text: `func gen[T any](s S[T]) string { return "gen#" + s.Tag() }`},
	{text: `func deep[T Tagger](x T) string { return "deep#" + x.Tag() + gen(S[T]{v: x}) }`},
	{text: `func use(t Tagger) string { return "use#" + t.Tag() }`},
	{text: `func num(s S[int]) string { return fmt.Sprint("num#", s.Num()) }`},
	{text: `func numAny[T any](s S[T]) string { return fmt.Sprint("any#", s.Num()) }`},
	{text: `func (s S[T]) Num() KIND { return KIND(#) }`},                         // with a signature of its own in each form
	{text: `func (s STARS[T]) Flip() string { return fmt.Sprint("flip#", s.n) }`}, // with a pointer as its receiver in every other form
	{text: `func flip[T any](s *S[T]) string { return "fn#" + s.Flip() + Flipper(s).Flip() }`},
	{text: `func (s S[T]) String() string { return "str#" + s.Tag() }`, later: true},
	{text: `func (w W[T]) Tag() string { return "w#" + w.S.Tag() }`, later: true},
	{text: `func (w *W[T]) Ptr() string { return "wp#" + w.S.Ptr() }`, later: true},
	{text: `func (q Q) Error() string { return "err#" + q.Tag() }`, later: true},
	{text: `func (q *Q) More() string { return "more#" }`, later: true},
}

// Values, and ways to call what is declared again.
const redeclaredSetup = `s, w, q := S[int]{1, 2}, W[string]{S[string]{"a", 3}, 4}, Q{5}
nest := S[S[int]]{s, 6}
var it, iw, ip, iq Tagger = s, w, &s, q
get, ptr, tag, expr, lit, inst := s.Get, s.Ptr, w.S.Tag, S[int].Get, func() string { return use(s) + s.Tag() + gen(w.S) }, gen[int]
var flipper Flipper = &s
var dynamic any = &w
byTag := map[Tagger]int{it: 1, iq: 2}
`

const redeclaredProbe = `fmt.Println(s.Get(), s.Ptr(), s.Tag(), w.Tag(), w.Get(), w.Ptr(), q.Tag())
fmt.Println(gen(s), gen(w.S), gen(nest), deep(s), deep(q), deep(w), deep(nest), use(it), use(iw), use(ip), use(iq))
fmt.Println(get(), ptr(), tag(), expr(s), lit(), inst(s), num(s), numAny(s), numAny(w.S))
fmt.Println(s, &s, w, q, nest, []any{it, iw, iq}, []S[int]{s}, map[string]Tagger{"x": iw})
fmt.Println(it == Tagger(s), byTag[s], byTag[q], any(it) == any(s), reflect.DeepEqual(iq, Tagger(q)))
fmt.Println(s.Flip(), flip(&s), flip(&w.S), w.Flip(), Flipper(&w).Flip(), flipper.Flip(), dynamic.(Flipper).Flip())
fmt.Println(S[float64]{1.5, 1}.Tag(), gen(S[bool]{}), deep(S[[2]int]{}))
`

// redeclaration is a declaration in one of its forms.
func redeclaration(i, form int) string {
	kind := []string{"int", "float64", "int8"}[form%3]
	return strings.NewReplacer("#", strconv.Itoa(form), "KIND", kind, "STAR", []string{"", "*"}[form%2]).Replace(redeclared[i].text)
}

// redeclare runs a session in which methods and functions are declared again at random, and compares what it shows in the end with a
// session that has nothing but the last declarations.
func redeclare(t *testing.T, r *rand.Rand) {
	forms := map[int]int{} // of what is declared
	first := redeclaredTypes
	for i, d := range redeclared {
		if !d.later {
			first += redeclaration(i, 0) + "\n"
			forms[i] = 0
		}
	}
	s := newSession(t)
	cells := []string{first, redeclaredSetup}
	for range 4 + r.IntN(12) {
		switch r.IntN(6) {
		case 0:
			cells = append(cells, redeclaredProbe)
			continue
		case 1: // has an error, and changes nothing
			cells = append(cells, redeclaration(r.IntN(len(redeclared)), r.IntN(9))+"\nvar wrong int = \"\"")
			continue
		}
		var cell string
		seen := map[int]bool{}
		for range 1 + r.IntN(3) {
			i := r.IntN(len(redeclared))
			if !seen[i] {
				seen[i] = true
				forms[i] = r.IntN(9)
				cell += redeclaration(i, forms[i]) + "\n"
			}
		}
		cells = append(cells, cell)
	}
	for i, cell := range cells {
		shown := show(s, i+1, cell, "")
		if strings.Contains(shown, "panic") || strings.Contains(shown, "fault") || strings.Contains(shown, "arning") {
			t.Fatalf("cell %d shows\n%s\nin the session\n%s", i+1, shown, strings.Join(cells, "\n---\n"))
		}
	}
	last := redeclaredTypes
	for i := range redeclared {
		if form, ok := forms[i]; ok {
			last += redeclaration(i, form) + "\n"
		}
	}
	fresh := newSession(t)
	mustRun(t, fresh, 1, last)
	mustRun(t, fresh, 2, redeclaredSetup)
	got, want := show(s, len(cells)+1, redeclaredProbe, ""), show(fresh, 3, redeclaredProbe, "")
	if got != want {
		t.Fatalf("got\n%s\nwant\n%s\nin the session\n%s", got, want, strings.Join(cells, "\n---\n"))
	}
}

// TestRedeclare compares random sessions with fresh ones that have the last declarations.
func TestRedeclare(t *testing.T) {
	n := 25
	if testing.Short() {
		n = 8
	}
	for seed := range n {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			redeclare(t, rand.New(rand.NewPCG(uint64(seed), 1)))
		})
	}
}

// TestRedeclareBesideGoroutines declares methods again while goroutines call them, in cells and from compiled code.
func TestRedeclareBesideGoroutines(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector does not see tables of methods hand functions over")
	}
	s := newSession(t)
	cells := []string{`type R[T any] struct { v T }
func (r R[T]) Name() string { return "r0" }
type Namer interface { Name() string }
var stop atomic.Bool
var calls atomic.Int64
var wg sync.WaitGroup
one := func(x Namer) int { return len(fmt.Sprint(x)) + len(x.Name()) }
for range 4 {
	wg.Go(func() {
		for !stop.Load() {
			one(R[int]{1})
			_, _ = any(R[string]{}).(fmt.Stringer)
			_ = R[float64]{}.Name()
			calls.Add(1)
		}
	})
}
wait := func() { for n := calls.Load(); calls.Load() < n+2000; { runtime.Gosched() } }
wait()`}
	for _, methods := range []string{
		`func (r R[T]) Name() string { return "r1" }`,
		`func (r R[T]) String() string { return "S" + r.Name() }`,
		`func (r R[T]) String() int { return 1 }`,
		`func (r *R[T]) Name() string { return "r2" }`,
		"func (r R[T]) String() string { return \"T\" + r.Name() }\nfunc (r R[T]) A() {}\nfunc (r R[T]) B() {}",
		`func (r R[T]) Name() string { return "r3" }`,
	} {
		cells = append(cells, methods+"\nwait()")
	}
	cells = append(cells, "stop.Store(true)\nwg.Wait()\none(R[int]{1}), fmt.Sprint(R[string]{})")
	for i, cell := range cells {
		want := ""
		if i == len(cells)-1 {
			want = "→ 5, \"Tr3\"  ((int, string))\n"
		}
		if got := show(s, i+1, cell, ""); got != want {
			t.Fatalf("cell %d shows %q, want %q", i+1, got, want)
		}
	}
}
