package interp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"poolbook/interp"
)

func TestInterrupt(t *testing.T) {
	for _, code := range []string{
		"for {\n}",
		"i := 0\nfor {\n i++\n}",
		"time.Sleep(time.Hour)",
		"<-make(chan int)",
		"var mu sync.Mutex\nmu.Lock()\nmu.Lock()",
		"func f() { f2() }\nfunc f2() { for { } }\nf()",
		"select {}",
		"var wg sync.WaitGroup\nwg.Add(1)\nwg.Wait()",
	} {
		s := newSession(t)
		ctx, cancel := context.WithCancel(context.Background())
		// Something that could still wake the cell: without it some of these are deadlocks.
		mustRun(t, s, 1, "keep := 5\ngo func() { time.Sleep(time.Minute) }()")
		timer := time.AfterFunc(100*time.Millisecond, cancel)
		start := time.Now()
		_, err := s.Run(ctx, interp.Cell{Number: 2, Code: code})
		took := time.Since(start)
		timer.Stop()
		cancel()
		var ie *interp.InterruptError
		var de *interp.DeadlockError
		switch {
		case errors.As(err, &de):
		case !errors.As(err, &ie) || !errors.Is(err, context.Canceled):
			t.Errorf("%q: %v", code, err)
		case len(ie.Stack) == 0 || ie.Stack[len(ie.Stack)-1].Cell != 2:
			t.Errorf("%q: stack %v", code, ie.Stack)
		}
		if took > hangs {
			t.Errorf("%q took %v", code, took)
		}
		if v := mustRun(t, s, 3, "keep").Value.Int(); v != 5 {
			t.Errorf("after %q keep is %d", code, v)
		}
	}
}

// TestInterruptCompiled interrupts cells in compiled code that does not return: the error comes soon, and says where.
func TestInterruptCompiled(t *testing.T) {
	for _, code := range []string{
		"r, w, _ := os.Pipe(); defer w.Close(); defer r.Close()\nr.Read(make([]byte, 1))",
		"l, _ := net.Listen(\"tcp\", \"127.0.0.1:0\"); defer l.Close()\nl.Accept()",
		"func accept() { l, _ := net.Listen(\"tcp\", \"127.0.0.1:0\"); l.Accept() }\naccept()",
		"p, w := io.Pipe(); defer w.Close(); s := bufio.NewScanner(p)\ns.Scan()",
	} {
		s := newSession(t)
		mustRun(t, s, 1, "keep := 5")
		ctx, cancel := context.WithCancel(t.Context())
		var at time.Time
		time.AfterFunc(200*time.Millisecond, func() { at = time.Now(); cancel() })
		_, err := s.Run(ctx, interp.Cell{Number: 2, Code: code})
		took := time.Since(at)
		var ie *interp.InterruptError
		if !errors.As(err, &ie) || !ie.Abandoned {
			t.Errorf("%q: %v", code, err)
		} else if raceEnabled { // there is no trace from outside then, and all is slow
			continue
		} else if len(ie.Stack) == 0 || ie.Stack[len(ie.Stack)-1].Line != 2 {
			t.Errorf("%q: %v", code, err)
		}
		if took > hangs {
			t.Errorf("%q took %v", code, took)
		}
		if v := mustRun(t, s, 3, "keep").Value.Int(); v != 5 {
			t.Errorf("after %q keep is %d", code, v)
		}
	}
}

// TestInterruptedInput interrupts cells that wait for input, as the last thing they do.
func TestInterruptedInput(t *testing.T) {
	for _, code := range []string{
		"var a string\nfmt.Scanln(&a)",
		"sc := bufio.NewScanner(os.Stdin)\nsc.Scan()",
		"b := make([]byte, 9)\nos.Stdin.Read(b)",
	} {
		s := newSession(t)
		for range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			_, err := s.Run(ctx, interp.Cell{Number: 1, Code: code, Stdin: interrupted{ctx, cancel}})
			var ie *interp.InterruptError
			if !errors.As(err, &ie) || len(ie.Stack) == 0 || ie.Stack[len(ie.Stack)-1].Line != 2 {
				t.Fatalf("%q: %v", code, err)
			}
		}
	}
}

// interrupted is an input that is interrupted when it is read.
type interrupted struct {
	ctx    context.Context
	cancel context.CancelFunc
}

func (i interrupted) Read([]byte) (int, error) {
	i.cancel()
	return 0, i.ctx.Err()
}

// TestSourcePackage runs a generic package from source over a compiled one, as pool is made, and calls back into the cell.
func TestSourcePackage(t *testing.T) {
	source := fstest.MapFS{"gen.go": {Data: []byte(`package gen

import (
	"fmt"
	"iter"

	"example/core"
)

type Result[R any] struct{ vals []R }

func (r *Result[R]) Get() ([]R, error) { return r.vals, nil }

var names = map[string]int{"a": 1}

func init() { names["b"] = 2 }

type Option func(*options)

type options struct{ label string }

func Label(s string) Option { return func(o *options) { o.label = s } }

func Map[T, R any](fn func(T) R, items []T, opts ...Option) *Result[R] {
	var o options
	for _, f := range opts {
		f(&o)
	}
	r := &Result[R]{}
	for _, x := range items {
		v, ok := core.Apply(fn, []any{x}).(R)
		if !ok {
			panic(fmt.Sprintf("gen: %T", v))
		}
		r.vals = append(r.vals, v)
	}
	return r
}

func All[T any](xs []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, x := range xs {
			if !yield(x, nil) {
				return
			}
		}
	}
}

func Where() string { return core.Origin() }

func Names() int { return len(names) }
`)}}
	s, err := interp.New(interp.Config{
		Packages: []interp.Package{{Path: "example/core", Name: "core", Symbols: map[string]reflect.Value{
			"Origin": reflect.ValueOf(func() string { return "compiled" }),
			"Apply": reflect.ValueOf(func(fn any, args []any) any {
				var in []reflect.Value
				for _, a := range args {
					in = append(in, reflect.ValueOf(a))
				}
				return reflect.ValueOf(fn).Call(in)[0].Interface()
			}),
		}}},
		Sources: map[string]fs.FS{"example/gen": source},
		Preload: []string{"example/gen"},
		Intrinsics: map[string]func(interp.Call, []reflect.Value) []reflect.Value{
			"example/core.Origin": func(c interp.Call, _ []reflect.Value) []reflect.Value {
				return []reflect.Value{reflect.ValueOf(fmt.Sprintf("cell %d %s", c.Cell().Number, c.Cell().ID))}
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, tt := range []struct{ code, want string }{
		{"type P struct{ X int }\nfunc sq(n int) P { return P{n * n} }\nr, err := gen.Map(sq, []int{1, 2, 3}, gen.Label(\"l\")).Get()\nr[2].X", "9"},
		{"gen.Where()", "cell 2 id"},
		{"gen.Names()", "2"},
		{"n := 0\nfor v, err := range gen.All([]int{1, 2, 3}) { if err == nil { n += v } }\nn", "6"},
		{"gen.Map(strings.ToUpper, []string{\"a\"}).Get()", "[A]"},
	} {
		res, err := s.Run(context.Background(), interp.Cell{Number: i + 1, ID: "id", Code: tt.code})
		if err != nil {
			t.Fatalf("%q: %v", tt.code, err)
		}
		if got := fmt.Sprint(res.Value.Interface()); got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.code, got, tt.want)
		}
	}
	_, err = s.Run(context.Background(), interp.Cell{Number: 9, Code: "gen.Map(func(n int) int { return 1 / n }, []int{0})"})
	var re *interp.RuntimeError
	if !errors.As(err, &re) || len(re.Stack) != 2 || re.Stack[0].Func != "function literal" {
		t.Errorf("a panic in a callback: %v", err)
	}
}

// TestProgramEndsByGoroutine: a panic in a goroutine is the end of a program, as it is when it is compiled.
func TestProgramEndsByGoroutine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(`package main

import "fmt"

func main() {
	defer fmt.Println("deferred")
	ticks, printed := make(chan int), make(chan bool)
	go func() {
		for i := 3; ; i-- {
			ticks <- 6 / i
			<-printed
		}
	}()
	for n := range ticks {
		fmt.Println(n)
		printed <- true
	}
}
`), 0o666); err != nil {
		t.Fatal(err)
	}
	out := &output{}
	code, err := newSession(t).RunProgram(t.Context(), []string{file}, nil, interp.Stdio{Stdout: out, Stderr: out})
	var re *interp.RuntimeError
	if code != 2 || !errors.As(err, &re) || !re.Goroutine || len(re.Stack) != 1 || re.Stack[0].Line != 10 {
		t.Errorf("got %d, %v", code, err)
	}
	if out.String() != "2\n3\n6\n" {
		t.Errorf("it wrote %q", out)
	}
}

func TestRunProgram(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return p
	}
	main := write("main.go", `package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"unused/later"
)

func main() {}
`)
	run := func(args []string, files ...string) (string, int, error) {
		s := newSession(t)
		out := &output{}
		code, err := s.RunProgram(context.Background(), files, args, interp.Stdio{Stdin: strings.NewReader("from stdin\n"), Stdout: out, Stderr: out})
		return out.String(), code, err
	}
	if _, code, err := run(nil, main); code != 1 || err == nil || !strings.Contains(err.Error(), "main.go, line 8") {
		t.Errorf("a missing package: %d %v", code, err)
	}
	a := write("a.go", `package main

import (
	"bufio"
	"flag"
	"fmt"
	"io/fs"
	"os"
)

var total = start + 1

func init() { fmt.Println("init", total) }

func main() {
	n := flag.Int("n", 1, "times")
	flag.Parse()
	line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	fmt.Print(*n, " ", flag.Args(), " ", len(os.Args), " ", line)
	finish(*n)
}
`)
	b := write("b.go", "package main\n\nimport \"os\"\n\nvar start = 41\n\nfunc finish(n int) {\n\tif n == 3 {\n\t\tos.Exit(4)\n\t}\n\tvar xs []int\n\t_ = xs[n]\n}\n")
	out, code, err := run([]string{"-n", "3", "x", "y"}, a, b)
	if code != 4 || err != nil || out != "init 42\n3 [x y] 5 from stdin\n" {
		t.Errorf("got %q, %d, %v", out, code, err)
	}
	_, code, err = run(nil, a, b)
	var re *interp.RuntimeError
	if code != 2 || !errors.As(err, &re) || len(re.Stack) != 2 || re.Stack[0].Line != 12 || !strings.HasSuffix(re.Stack[0].File, "b.go") {
		t.Errorf("got %d, %v", code, err)
	}
}

// TestProgramDeclaresTwice holds that what a program declares twice is told with both places, and what lacks its body.
func TestProgramDeclaresTwice(t *testing.T) {
	for name, tt := range map[string]struct{ a, b, want string }{
		"function":        {"func f() {}\nfunc f() {}", "", "f redeclared in this block"},
		"other file":      {"func f() {}", "func f() {}", "b.go, line 3"},
		"variable":        {"var x = 1\nvar x = 2", "", "other declaration of x is on line 3"},
		"import":          {"import \"os\"\nimport \"os\"", "", "os redeclared in this block"},
		"label":           {"func f() { L: for { break L }; L: for { break L } }", "", "label L already declared"},
		"method":          {"type T int\nfunc (T) M() {}\nfunc (T) M() {}", "", "method T.M already declared on line 4"},
		"field":           {"type T struct { A int; A string }", "", "A redeclared"},
		"case":            {"func f(n int) { switch n { case 1: case 1: } }", "", "duplicate case 1"},
		"main":            {"func main() {}", "", "main redeclared in this block"},
		"function's body": {"func f() error", "", "missing function body"},
		"method's body":   {"type T int\nfunc (T) M()", "", "missing function body"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files := []string{filepath.Join(dir, "a.go"), filepath.Join(dir, "b.go")}
			for i, text := range []string{tt.a + "\n\nfunc main() {}\n", tt.b + "\n"} {
				if err := os.WriteFile(files[i], []byte("package main\n\n"+text), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			code, err := newSession(t).RunProgram(t.Context(), files, nil, interp.Stdio{Stdout: io.Discard, Stderr: io.Discard})
			if ce := (*interp.CompileError)(nil); code != 1 || !errors.As(err, &ce) || !strings.Contains(ce.Error(), tt.want) {
				t.Errorf("got %d, %v; want %q", code, err, tt.want)
			}
		})
	}
}

// BenchmarkUnitCall measures a call of a small loaded unit, as a worker makes it for each task.
func BenchmarkUnitCall(b *testing.B) {
	s := newSession(b)
	u, err := s.Unit(mustRun(b, s, 1, "func square(n int) int { return n * n }\nsquare").Value, interp.UnitExtra{})
	if err != nil {
		b.Fatal(err)
	}
	l, err := s.LoadUnit(u.Source, u.Entry, u.Hash)
	if err != nil {
		b.Fatal(err)
	}
	ctx, args := context.Background(), []reflect.Value{reflect.ValueOf(7)}
	for b.Loop() {
		if _, err := l.Call(ctx, args); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPrint measures lines that a cell prints, before and after it mentions os.
func BenchmarkPrint(b *testing.B) {
	for _, tt := range []struct{ name, first string }{{"plain", ""}, {"pipes", "w := os.Stdout"}} {
		b.Run(tt.name, func(b *testing.B) {
			s := newSession(b)
			mustRun(b, s, 1, tt.first)
			mustRun(b, s, 2, fmt.Sprintf("for i := range %d { fmt.Println(i) }", b.N))
		})
	}
}

// TestStreams holds the order of what reaches the cell in different ways, and that goroutines write to the cell that started them.
func TestStreams(t *testing.T) {
	s := newSession(t)
	first, second := &output{}, &output{}
	run := func(n int, out *output, code string) {
		t.Helper()
		if _, err := s.Run(context.Background(), interp.Cell{Number: n, Code: code, Stdout: out, Stderr: out}); err != nil {
			t.Fatal(err)
		}
	}
	run(1, first, `fmt.Println("one")
cmd := exec.Command("echo", "two")
cmd.Stdout = os.Stdout
cmd.Run()
fmt.Println("three")
type sink struct{ w io.Writer }
func (s sink) Write(p []byte) (int, error) { return s.w.Write(p) }
e := json.NewEncoder(sink{os.Stdout})
e.Encode("four")
log.SetFlags(0)
log.SetOutput(sink{os.Stdout})
log.Print("five")
slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr { if a.Key == "time" { return slog.Attr{} }; return a }})).Info("six")
fmt.Fprintln(os.Stderr, "seven")
go_on, done := make(chan bool), make(chan bool)
go func() { <-go_on; fmt.Println("late"); close(done) }()`)
	run(2, second, "fmt.Println(\"second\")\ngo_on <- true\n<-done")
	want := "one\ntwo\nthree\n\"four\"\nfive\nlevel=INFO msg=six\nseven\nlate\n"
	if first.String() != want {
		t.Errorf("first cell: %q, want %q", first, want)
	}
	if second.String() != "second\n" {
		t.Errorf("second cell: %q", second)
	}
}

// TestBusySession declares cells while goroutines of earlier cells compile and run code of theirs.
func TestBusySession(t *testing.T) {
	s := newSession(t)
	mustRun(t, s, 1, `type W struct{ n atomic.Int64 }
func (w *W) Work(i int) string { w.n.Add(1); return fmt.Sprint(i, []any{w.n.Load() > 0, struct{ A int }{i}}) }
func fresh[T any](x T) string { return fmt.Sprintf("%T", x) }
w := &W{}
stop := make(chan bool)
for i := range 8 {
	go func() {
		for {
			select {
			case <-stop: return
			default:
			}
			w.Work(i)
			fresh([]int{i}); fresh(map[string]W{}); fresh("x")
			runtime.Gosched()
		}
	}()
}`)
	for i := range 60 {
		mustRun(t, s, 2+i, fmt.Sprintf("type T%d struct{ A int; w *W }\nfunc (t T%[1]d) M() string { return t.w.Work(t.A) }\nfunc f%[1]d() string { return fresh(T%[1]d{}) + T%[1]d{%[1]d, w}.M() }\nf%[1]d()", i))
	}
	mustRun(t, s, 100, "close(stop)")
}

// TestLeftWaiting holds that a goroutine that waits when its cell ends is there for later cells, and that a deadlock of a later cell is
// found all the same.
func TestLeftWaiting(t *testing.T) {
	s := newSession(t)
	mustRun(t, s, 1, "in, out := make(chan int), make(chan int)\ngo func() { for x := range in { out <- x * x } }()")
	time.Sleep(150 * time.Millisecond) // a deadlock would be found in this time
	if v := mustRun(t, s, 2, "in <- 7\n<-out").Value.Int(); v != 49 {
		t.Errorf("the goroutine answers %d", v)
	}
	var deadlock *interp.DeadlockError
	if _, err := s.Run(t.Context(), interp.Cell{Number: 3, Code: "<-out"}); !errors.As(err, &deadlock) {
		t.Errorf("waiting for a goroutine that waits: %v", err)
	}
	if v := mustRun(t, s, 4, "in <- 8\n<-out").Value.Int(); v != 64 {
		t.Errorf("after the deadlock the goroutine answers %d", v)
	}
}

// TestTextOfSameNumber runs cells that have a number in common, as expressions have that front ends ask for: each error shows its own text.
func TestTextOfSameNumber(t *testing.T) {
	s := newSession(t)
	for _, tt := range []struct{ code, line string }{
		{`panic("one")`, `panic("one")`}, {`panic(fmt.Sprint("two", 2))`, `panic(fmt.Sprint("two", 2))`}, {"func() {\n\tpanic(3)\n}()", "panic(3)"},
	} {
		_, err := s.Run(t.Context(), interp.Cell{Code: tt.code})
		if err == nil || !strings.Contains(err.Error(), tt.line) {
			t.Errorf("%q: %v", tt.code, err)
		}
	}
}
