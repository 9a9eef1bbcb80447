package interp_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"

	"poolbook/interp"
)

// looped runs a unit's loop over slices and returns what it leaves behind.
type looped struct {
	out      reflect.Value
	done     []string
	failed   []string
	at, end  int
	finished bool
	err      error
}

func loop(t *testing.T, l *interp.LoadedUnit, at, end int, columns ...any) *looped {
	t.Helper()
	fn, each := l.Loop()
	if !fn.IsValid() {
		t.Fatal("no loop")
	}
	r := &looped{at: at, end: end}
	var args []reflect.Value
	for _, c := range columns {
		args = append(args, reflect.ValueOf(c))
	}
	if in := fn.Type(); in.NumIn() > len(columns)+4 {
		n := end
		if each {
			n = 1
		}
		r.out = reflect.MakeSlice(in.In(len(columns)), n, n)
		args = append(args, r.out)
	}
	done := func(i int) { r.done = append(r.done, fmt.Sprint(i, r.out.Index(0))) }
	failed := func(i int, err error) { r.failed = append(r.failed, fmt.Sprint(i, err)) }
	args = append(args, reflect.ValueOf(&r.at), reflect.ValueOf(&r.end), reflect.ValueOf(done), reflect.ValueOf(failed))
	var wg sync.WaitGroup
	wg.Go(func() { r.finished, r.err = l.CallLoop(context.Background(), args) }) // an item may end the goroutine
	wg.Wait()
	return r
}

// TestUnitLoops runs the loops of functions of each shape.
func TestUnitLoops(t *testing.T) {
	for _, tt := range []struct {
		name, cell string
		columns    []any
		want       string
	}{
		{"value", "func f(n int) int { return n * n }\nf", []any{[]int{1, 2, 3}}, "[1 4 9] [] []"},
		{"from std", "strings.ToUpper", []any{[]string{"a", "b", "c"}}, "[A B C] [] []"},
		{"literal", "k := 10; func(n int) float64 { return float64(n) / 2 }", []any{[]int{1, 2, 3}}, "[0.5 1 1.5] [] []"},
		{"two parameters", "func f(a int, s string) string { return strings.Repeat(s, a) }\nf", []any{[]int{1, 2, 3}, []string{"x", "y", "z"}}, "[x yy zzz] [] []"},
		{"numbers in a struct", "type P struct{ X, Y int }\nfunc f(n int) P { return P{n, -n} }\nf", []any{[]int{1, 2, 3}}, "[{1 -1} {2 -2} {3 -3}] [] []"},
		{"shared memory", "var buf []int\nfunc f(n int) []int { buf = append(buf[:0], n); return buf }\nf", []any{[]int{1, 2, 3}}, "[[3]] [0 [1] 1 [2] 2 [3]] []"},
		{"value and error", "func f(n int) (int, error) { if n == 2 { return 0, errors.New(\"two\") }; return n, nil }\nf", []any{[]int{1, 2, 3}}, "[1 0 3] [] [1 two]"},
		{"pointer and error", "func f(n int) (*int, error) { if n == 2 { return nil, errors.New(\"two\") }; return nil, nil }\nf", []any{[]int{1, 2, 3}}, "[<nil>] [0 <nil> 2 <nil>] [1 two]"},
		{"error", "func f(n int) error { if n == 2 { return nil }; return fmt.Errorf(\"no %d\", n) }\nf", []any{[]int{1, 2, 3}}, "<invalid reflect.Value> [] [0 no 1 2 no 3]"},
		{"nothing", "func f(n int) {}\nf", []any{[]int{1, 2, 3}}, "<invalid reflect.Value> [] []"},
		{"instance", "func Id[T any](x T) T { return x }\nId[string]", []any{[]string{"a", "b", "c"}}, "[a b c] [] []"},
		{"method", "type T struct{ k int }\nfunc (t T) Add(n int) int { return t.k + n }\nT{4}.Add", []any{[]int{1, 2, 3}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from, to := newSession(t), newSession(t)
			u, err := from.Unit(mustRun(t, from, 1, tt.cell).Value, interp.UnitExtra{})
			if err != nil {
				t.Fatal(err)
			}
			l, err := to.LoadUnit(u.Source, u.Entry, u.Hash)
			if err != nil {
				t.Fatalf("%v\n%s", err, u.Source)
			}
			r := loop(t, l, 0, 3, tt.columns...)
			if r.err != nil || !r.finished || r.at != 3 {
				t.Fatalf("came to %d, finished %t, %v", r.at, r.finished, r.err)
			}
			if got := fmt.Sprint(r.out, r.done, r.failed); tt.want != "" && got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestUnitLoopEnds: a loop comes out at a panic, at the end of its goroutine, and before an end that has come nearer.
func TestUnitLoopEnds(t *testing.T) {
	from, to := newSession(t), newSession(t)
	u, err := from.Unit(mustRun(t, from, 1, `func f(n int) int {
	if n == 2 {
		panic("two")
	}
	if n == 4 {
		runtime.Goexit()
	}
	return n
}
f`).Value, interp.UnitExtra{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := to.LoadUnit(u.Source, u.Entry, u.Hash)
	if err != nil {
		t.Fatal(err)
	}
	items := []int{1, 2, 3, 4, 5}
	r := loop(t, l, 0, 5, items)
	var panicked *interp.RuntimeError
	if !errors.As(r.err, &panicked) || r.at != 1 || r.out.Index(0).Int() != 1 {
		t.Fatalf("at %d: %v", r.at, r.err)
	}
	if len(panicked.Stack) != 1 || panicked.Stack[0].Func != "f" || panicked.Stack[0].Line != 3 {
		t.Errorf("stack %v", panicked.Stack)
	}
	if r = loop(t, l, 2, 5, items); r.err != nil || r.finished || r.at != 3 {
		t.Errorf("Goexit: at %d, finished %t, %v", r.at, r.finished, r.err)
	}
	if r = loop(t, l, 4, 5, items); r.err != nil || !r.finished || r.out.Index(4).Int() != 5 {
		t.Errorf("the rest: %+v", r)
	}
	mustRun(t, from, 2, "")
	none, err := from.Unit(mustRun(t, from, 3, "func() int { return 1 }").Value, interp.UnitExtra{})
	if err != nil {
		t.Fatal(err)
	}
	if l, err = to.LoadUnit(none.Source, none.Entry, none.Hash); err != nil {
		t.Fatal(err)
	}
	if fn, _ := l.Loop(); fn.IsValid() {
		t.Error("a function without parameters has a loop")
	}
}

// TestUnitAgain: the units of closures of one literal are made from the first one's, with their own captured values; one that calls a function
// by a variable is not.
func TestUnitAgain(t *testing.T) {
	s := newSession(t)
	mustRun(t, s, 1, "scale := 3")
	fs := mustRun(t, s, 2, "func() []func() int { var fs []func() int; for i := range 3 { name := \"x\"; fs = append(fs, func() int { return i*scale + len(name) }) }; return fs }()").Value
	hash := ""
	for i := range 3 {
		u, err := s.Unit(fs.Index(i), interp.UnitExtra{})
		if err != nil {
			t.Fatal(err)
		}
		values := map[string]string{}
		for _, v := range u.Vars {
			values[v.Name] = fmt.Sprint(v.Value)
		}
		if want := map[string]string{"i": fmt.Sprint(i), "scale": "3", "name": "x"}; !reflect.DeepEqual(values, want) {
			t.Errorf("closure %d has %v, want %v", i, values, want)
		}
		if hash == "" {
			hash = u.Hash
		}
		if u.Hash != hash {
			t.Error("closures of one literal are different units")
		}
	}
	two := mustRun(t, s, 3, "var h func() int\nuse := func() int { if h == nil { return 0 }; return h() }\nset := func() { h = func() int { return 1 } }\n[]any{use, set}").Value
	use, set := two.Index(0).Elem(), two.Index(1).Elem()
	before, err := s.Unit(use, interp.UnitExtra{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Call(context.Background(), interp.Cell{}, set, nil); err != nil {
		t.Fatal(err)
	}
	after, err := s.Unit(use, interp.UnitExtra{})
	if err != nil {
		t.Fatal(err)
	}
	if after.Hash == before.Hash || !strings.Contains(after.Source, "return 1") {
		t.Error("the function that a variable holds now is not in the unit")
	}
	runtime.KeepAlive(s)
}
