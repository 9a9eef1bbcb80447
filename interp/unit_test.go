package interp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"poolbook/interp"
)

// send takes a function apart in one session and makes it again in another, with copies of its variables.
func send(t *testing.T, from, to *interp.Session, fn reflect.Value) (*interp.Unit, *interp.LoadedUnit) {
	t.Helper()
	u, err := from.Unit(fn, interp.UnitExtra{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := to.LoadUnit(u.Source, u.Entry, u.Hash)
	if err != nil {
		t.Fatalf("%v\n%s", err, u.Source)
	}
	for _, v := range u.Vars {
		dst, ok := l.Var(v.ID)
		if !ok {
			t.Fatalf("variable %s (%s) is not in the loaded unit:\n%s", v.Name, v.ID, u.Source)
		}
		copyValue(t, dst, v.Value)
	}
	return u, l
}

// copyValue copies a value between sessions, whose types differ, as JSON does: the test's variables are plain data.
func copyValue(t *testing.T, dst, src reflect.Value) {
	t.Helper()
	if src.Type() == dst.Type() {
		dst.Set(src)
		return
	}
	data, err := json.Marshal(src.Interface())
	if err == nil {
		err = json.Unmarshal(data, dst.Addr().Interface())
	}
	if err != nil {
		t.Fatalf("copy %s: %v", src.Type(), err)
	}
}

// TestUnits sends the value of a cell's final expression, a function, and calls it with arguments.
func TestUnits(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cells []string
		args  []any
		want  string
	}{
		{"declared", []string{"func square(n int) int { return n * n }", "square"}, []any{7}, "[49]"},
		{"std", []string{"strings.ToUpper"}, []any{"abc"}, "[ABC]"},
		{"reaches others", []string{"const k = 3", "type P struct{ X, Y int }\nfunc (p P) Sum() int { return p.X + p.Y + k }", "func f(n int) int { return P{n, n}.Sum() + g(n) }\nfunc g(n int) int { if n == 0 { return 0 }; return h(n-1) }\nfunc h(n int) int { return g(n) }", "f"}, []any{2}, "[7]"},
		{"literal", []string{"k := 10", "func() func(int) int { local := 5; return func(n int) int { return n*k + local } }()"}, []any{2}, "[25]"},
		{"held by a variable", []string{"func twice(f func(int) int) func(int) int { return func(n int) int { return f(f(n)) } }", "inc := func(n int) int { return n + 1 }", "h := twice(inc)", "h"}, []any{5}, "[7]"},
		{"recursive closure", []string{"var fib func(int) int\nfib = func(n int) int { if n < 2 { return n }; return fib(n-1) + fib(n-2) }\nfib"}, []any{10}, "[55]"},
		{"local recursive closure", []string{"func mk() func(int) int { var f func(int) int; f = func(n int) int { if n == 0 { return 1 }; return n * f(n-1) }; return f }", "mk()"}, []any{5}, "[120]"},
		{"generic", []string{"func Map[T, R any](xs []T, f func(T) R) []R { var out []R; for _, x := range xs { out = append(out, f(x)) }; return out }", "func run(n int) []string { return Map(make([]int, n), func(i int) string { return \"x\" }) }", "run"}, []any{2}, "[[x x]]"},
		{"instance", []string{"func Id[T any](x T) T { return x }", "Id[string]"}, []any{"a"}, "[a]"},
		{"literal in an instance", []string{"func Const[T any](x T) func(int) []T { type box struct{ v T }; return func(n int) []T { var out []T; for range n { b := box{x}; out = append(out, b.v) }; return out } }", "Const(\"q\")"}, []any{2}, "[[q q]]"},
		{"method value", []string{"type P struct{ X int }\nfunc (p P) Add(n int) int { return p.X + n }", "p := P{4}", "p.Add"}, []any{3}, "[7]"},
		{"method expression", []string{"type N int\nfunc (n N) Double() int { return int(n) * 2 }\nfunc f(n int) int { g := N.Double; return g(N(n)) }", "f"}, []any{3}, "[6]"},
		{"local type", []string{"func mk() func(int) string { type pair struct{ a, b int }; p := pair{1, 2}; _ = p; return func(n int) string { q := pair{n, n}; return fmt.Sprint(q) } }", "mk()"}, []any{3}, "[{3 3}]"},
		{"reads variables", []string{"type Conf struct{ Scale int; Names []string }\nconf := Conf{3, []string{\"a\"}}", "func f(n int) int { return n * conf.Scale + len(conf.Names) }", "f"}, []any{4}, "[13]"},
		{"redefined callee", []string{"func g(n int) int { return 1 }", "func f(n int) int { return g(n) }", "func g(n int) int { return n * 100 }", "f"}, []any{2}, "[200]"},
		{"variadic", []string{"func sum(xs ...int) int { t := 0; for _, x := range xs { t += x }; return t }\nfunc f(n int) int { return sum(n, n) }", "f"}, []any{4}, "[8]"},
		{"import name", []string{"import str \"strings\"\nfunc f(s string) string { return str.Repeat(s, 2) }", "f"}, []any{"ab"}, "[abab]"},
		{"iota and typed constants", []string{"type Color int\nconst (\n Red Color = iota\n Green\n)\nfunc (c Color) String() string { return [...]string{\"red\", \"green\"}[c] }\nfunc f(n int) string { return fmt.Sprint(Green, Red, n) }", "f"}, []any{1}, "[green red 1]"},
		{"interfaces", []string{"type Shape interface{ Area() float64 }\ntype Sq struct{ s float64 }\nfunc (q Sq) Area() float64 { return q.s * q.s }\nfunc f(n int) float64 { var s Shape = Sq{float64(n)}; return s.Area() }", "f"}, []any{3}, "[9]"},
		{"session variable of a function", []string{"op := func(n int) int { return n + 1 }", "func f(n int) int { return op(n) * 2 }", "op = func(n int) int { return n + 10 }", "f"}, []any{1}, "[22]"},
		{"embedding", []string{"type Base struct{ id int }\nfunc (b *Base) ID() int { return b.id }", "type Outer struct { Base; n string }", "func f(n int) int { o := Outer{Base{n}, \"x\"}; return o.ID() }", "f"}, []any{4}, "[4]"},
		{"dot import", []string{"import . \"strings\"\nfunc f(s string) string { return ToUpper(s) + Repeat(\"-\", 2) }", "f"}, []any{"a"}, "[A--]"},
		{"goroutines", []string{"func f(n int) int { var wg sync.WaitGroup; var sum atomic.Int64; for i := range n { wg.Go(func() { sum.Add(int64(i)) }) }; wg.Wait(); return int(sum.Load()) }", "f"}, []any{5}, "[10]"},
		{"two versions of a type", []string{"type P struct{ X int }\nfunc mk(n int) P { return P{n} }\nold := mk", "type P struct{ X, Y int }\nfunc sum(p P) int { return p.X + p.Y }", "func(n int) int { return old(n).X + sum(P{n, n}) }"}, []any{2}, "[6]"},
		{"captured struct of a local type", []string{"func mk() func(int) int { type conf struct{ A int }; c := conf{5}; return func(n int) int { return n * c.A } }", "mk()"}, []any{3}, "[15]"},
		{"generic method", []string{"type Box[T any] struct{ V T }\nfunc (b Box[T]) Get(n int) []T { var out []T; for range n { out = append(out, b.V) }; return out }", "b := Box[string]{\"z\"}", "b.Get"}, []any{2}, "[[z z]]"},
		{"redefined generic method", []string{"type Box[T any] struct{ V T }\nfunc (b Box[T]) Get() T { return b.V }\nfunc (b Box[T]) Both() []T { return []T{b.Get(), b.V} }", "func f(n int) []int { return Box[int]{n}.Both() }", "func (b Box[T]) Get() T { var zero T; return zero }", "f"}, []any{2}, "[[0 2]]"},
		{"value of a redefined generic method", []string{"type Box[T any] struct{ V T }\nfunc (b Box[T]) Get(n int) T { return b.V }", "get := Box[string]{\"a\"}.Get", "func (b Box[T]) Get(n int) T { var zero T; return zero }\nfunc (b Box[T]) More() {}", "get"}, []any{2}, "[]"},
		{"instance of a redefined generic function", []string{"func Rep[T any](x T) []T { return []T{x} }", "rep, lit := Rep[string], func(s string) []string { return append(Rep(s), Rep(s)...) }", "func Rep[T any](x T) []T { return []T{x, x} }", "func(s string) int { return len(rep(s)) + 10*len(lit(s)) }"}, []any{"x"}, "[42]"},
		{"generic method with another signature", []string{"type Box[T any] struct{ V T }\nfunc (b Box[T]) Get() T { return b.V }", "func f(n int) string { return fmt.Sprint(Box[int]{n}.Get()) }", "func (b Box[T]) Get() []T { return []T{b.V} }", "f"}, []any{2}, "[[2]]"},
		{"defer and recover", []string{"func f(n int) (s string) { defer func() { if r := recover(); r != nil { s = fmt.Sprint(\"r \", r) } }(); panic(n) }", "f"}, []any{2}, "[r 2]"},
		{"labels and closures in loops", []string{"k := 2\nfunc f(n int) int { t := 0\nouter:\n for i := range n { for j := range n { if j > i { continue outer }; g := func() int { return k * j }; t += g() } }; return t }", "f"}, []any{3}, "[8]"},
		{"two results", []string{"func f(n int) (int, error) { if n > 0 { return n, nil }; return 0, errors.New(\"neg\") }", "f"}, []any{3}, "[3 <nil>]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from, to := newSession(t), newSession(t)
			var res interp.Result
			for i, c := range tt.cells {
				res = mustRun(t, from, i+1, c)
			}
			_, l := send(t, from, to, res.Value)
			var args []reflect.Value
			for _, a := range tt.args {
				args = append(args, reflect.ValueOf(a))
			}
			out, err := l.Call(context.Background(), args)
			if err != nil {
				t.Fatal(err)
			}
			var vals []any
			for _, v := range out {
				vals = append(vals, v.Interface())
			}
			if got := fmt.Sprint(vals); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			// The function value itself can be called by compiled code too.
			if got := l.Func().Call(args); len(got) != len(out) {
				t.Errorf("%d results from the value", len(got))
			}
		})
	}
}

func TestUnitHash(t *testing.T) {
	s := newSession(t)
	mustRun(t, s, 1, "other := 1\nfunc helper(n int) int { return n + 1 }")
	mustRun(t, s, 2, "func task(n int) int { return helper(n) }")
	hash := func() string {
		u, err := s.Unit(mustRun(t, s, 9, "task").Value, interp.UnitExtra{})
		if err != nil {
			t.Fatal(err)
		}
		return u.Hash
	}
	first := hash()
	mustRun(t, s, 3, "other := 2\nfunc unrelated() {}")
	if hash() != first {
		t.Error("an unrelated cell changes the hash")
	}
	mustRun(t, s, 4, "func task(n int) int { return helper(n) }")
	if hash() != first {
		t.Error("running a cell again changes the hash")
	}
	mustRun(t, s, 5, "func helper(n int) int { return n + 2 }")
	if hash() == first {
		t.Error("a changed helper does not change the hash")
	}
}

func TestUnitVariables(t *testing.T) {
	from, to := newSession(t), newSession(t)
	mustRun(t, from, 1, "type Rec struct{ N int }\nvar cache []Rec\nlimit := 3")
	setup := mustRun(t, from, 2, "func() { cache = append(cache, Rec{limit}) }").Value
	task := mustRun(t, from, 3, "func(n int) int { return n + len(cache) + cache[0].N }").Value
	u, l := send(t, from, to, setup)
	if len(u.Assigns) != 1 || !strings.HasPrefix(u.Assigns[0], "cache") {
		t.Errorf("assigns %v", u.Assigns)
	}
	if _, err := l.Call(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	u2, err := from.Unit(task, interp.UnitExtra{})
	if err != nil {
		t.Fatal(err)
	}
	l2, err := to.LoadUnit(u2.Source, u2.Entry, u2.Hash)
	if err != nil {
		t.Fatal(err)
	}
	out, err := l2.Call(context.Background(), []reflect.Value{reflect.ValueOf(10)})
	if err != nil {
		t.Fatal(err)
	}
	if out[0].Int() != 14 {
		t.Errorf("got %d: the units do not share cache", out[0].Int())
	}
	again, err := to.LoadUnit(u.Source, u.Entry, u.Hash)
	if err != nil || again != l {
		t.Errorf("loaded again: %v", err)
	}
}

func TestUnitStack(t *testing.T) {
	from, to := newSession(t), newSession(t)
	mustRun(t, from, 3, "x := 1\n\n\nfunc task(n int) int {\n\treturn 10 / n\n}")
	_, l := send(t, from, to, mustRun(t, from, 4, "task").Value)
	_, err := l.Call(context.Background(), []reflect.Value{reflect.ValueOf(0)})
	var re *interp.RuntimeError
	if !errors.As(err, &re) || len(re.Stack) == 0 {
		t.Fatalf("got %v", err)
	}
	if got := re.Stack[0].String(); got != "cell [3], line 5, in task" {
		t.Errorf("got %q", got)
	}
}

func TestUnitRefusals(t *testing.T) {
	for _, tt := range []struct{ cell, want string }{
		{"var f func()\nf", "nil"},
		{"_, cancel := context.WithCancel(context.Background())\ncancel", "cannot be sent"},
	} {
		s := newSession(t)
		_, err := s.Unit(mustRun(t, s, 1, tt.cell).Value, interp.UnitExtra{})
		var ue *interp.UnitError
		if !errors.As(err, &ue) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v", tt.cell, err)
		}
	}
}

func TestTypeNames(t *testing.T) {
	from, to := newSession(t), newSession(t)
	mustRun(t, from, 1, "type P struct{ X int }\ntype Pair[A, B any] struct { a A; b B }")
	for _, expr := range []string{"P{}", "[]P{}", "map[string]*P{}", "time.Second", "json.Decoder{}", "Pair[P, time.Time]{}", "func(int) string { return \"\" }", "struct{ A int `json:\"a\"` }{}", "[]any{}", "big.NewInt(1)"} {
		v := mustRun(t, from, 2, expr).Value
		name, err := from.TypeName(v.Type())
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		typ, err := from.TypeByName(name)
		if err != nil || typ != v.Type() {
			t.Errorf("%s: %s → %v, %v", expr, name, typ, err)
		}
	}
	_, l := send(t, from, to, mustRun(t, from, 3, "func(p P) any { return p }").Value)
	name, err := from.TypeName(mustRun(t, from, 4, "P{}").Value.Type())
	if err != nil {
		t.Fatal(err)
	}
	typ, err := to.TypeByName(name)
	if err != nil || typ != l.Func().Type().In(0) {
		t.Errorf("in the other session: %v, %v", typ, err)
	}
}

// TestUnitsShareTypes loads two units that reach the same type, with literals that set its unexported fields by position.
func TestUnitsShareTypes(t *testing.T) {
	from, to := newSession(t), newSession(t)
	mustRun(t, from, 1, "type pt struct{ x, y float64 }\nvar last pt")
	set := mustRun(t, from, 2, "func(f float64) { last = pt{1, f} }").Value
	get := mustRun(t, from, 3, "func() float64 { p := pt{2, 3}; return last.x + last.y + p.y }").Value
	_, a := send(t, from, to, set)
	u, err := from.Unit(get, interp.UnitExtra{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := to.LoadUnit(u.Source, u.Entry, u.Hash)
	if err != nil {
		t.Fatalf("%v\n%s", err, u.Source)
	}
	if _, err := a.Call(context.Background(), []reflect.Value{reflect.ValueOf(4.5)}); err != nil {
		t.Fatal(err)
	}
	out, err := b.Call(context.Background(), nil)
	if err != nil || out[0].Float() != 8.5 {
		t.Errorf("got %v, %v", out, err)
	}
}

// TestUnitOutput holds where a loaded unit's output goes, that of os.Stdout included.
func TestUnitOutput(t *testing.T) {
	from, to := newSession(t), newSession(t)
	out := &output{}
	to.SetUnitCell(interp.Cell{Stdout: out, Stderr: out})
	_, l := send(t, from, to, mustRun(t, from, 1, "func(n int) { fmt.Println(\"a\", n); fmt.Fprintln(os.Stdout, \"b\"); w := bufio.NewWriter(os.Stdout); w.WriteString(\"c\\n\"); w.Flush(); println(\"d\"); os.Exit(n) }").Value)
	_, err := l.Call(context.Background(), []reflect.Value{reflect.ValueOf(3)})
	var exit *interp.ExitError
	if !errors.As(err, &exit) || exit.Code != 3 {
		t.Errorf("got %v", err)
	}
	if out.String() != "a 3\nb\nc\nd\n" {
		t.Errorf("output %q", out)
	}
}

// TestUnitsOfPrograms sends functions that a program of two files declares. The program hands them over through an intrinsic.
func TestUnitsOfPrograms(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return p
	}
	main := write("main.go", `package main

import "send"

var offset = 100

type point struct{ X, Y int }

func (p point) add(n int) int { return p.X + p.Y + n + offset }

func main() {
	offset++
	k := 7
	type local struct{ A int }
	send.Func("declared", square)
	send.Func("literal", func(n int) int { return n*k + offset })
	send.Func("method", point{1, 2}.add)
	send.Func("local", func(n int) int { return local{n}.A + int(area(sq{2})) })
	send.Func("instance", first[int])
	send.Func("fails", inverse)
	send.Func("literal fails", func(n int) int { return []int{k}[n] })
}
`)
	other := write("other.go", `package main

type shape interface{ Area() float64 }

type sq struct{ s float64 }

func (q sq) Area() float64 { return q.s * q.s * scale }

const scale = 2

func area(s shape) float64 { return s.Area() }

func square(n int) int { return n * n }

func first[T any](xs ...T) T { return xs[0] }

func inverse(n int) int {
	f := func() int {
		return 10 / n
	}
	return f()
}
`)
	to := newSession(t)
	var from *interp.Session
	got := map[string]string{}
	from, err := interp.New(interp.Config{
		Packages: []interp.Package{{Path: "send", Name: "send", Symbols: map[string]reflect.Value{"Func": reflect.ValueOf(func(string, any) {})}}},
		Intrinsics: map[string]func(interp.Call, []reflect.Value) []reflect.Value{"send.Func": func(_ interp.Call, args []reflect.Value) []reflect.Value {
			name := args[0].String()
			_, l := send(t, from, to, reflect.ValueOf(args[1].Interface()))
			arg := reflect.ValueOf(3)
			switch name {
			case "instance":
				arg = reflect.ValueOf([]int{3})
			case "fails":
				arg = reflect.ValueOf(0)
			}
			out, err := l.Call(context.Background(), []reflect.Value{arg})
			var re *interp.RuntimeError
			switch {
			case errors.As(err, &re):
				for _, f := range re.Stack {
					got[name] += strings.TrimPrefix(f.String(), dir+string(filepath.Separator)) + "\n"
				}
			case err != nil:
				got[name] = err.Error()
			default:
				got[name] = fmt.Sprint(out[0])
			}
			return nil
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { from.Close() })
	out := &output{}
	if code, err := from.RunProgram(context.Background(), []string{main, other}, nil, interp.Stdio{Stdout: out, Stderr: out}); code != 0 || err != nil {
		t.Fatal(code, err, out)
	}
	for name, want := range map[string]string{
		"declared": "9", "literal": "122", "method": "107", "local": "11", "instance": "3",
		"fails":         "other.go, line 19, in function literal in inverse\nother.go, line 21, in inverse\n",
		"literal fails": "main.go, line 21, in function literal\n",
	} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
}
