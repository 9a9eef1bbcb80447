package interp_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"go/version"
	"log"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"poolbook/interp"
	"poolbook/interp/display"
)

var update = flag.Bool("update", false, "write what the cells print and return into testdata")

// output is a writer that cells may use at the same time.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func newSession(t testing.TB) *interp.Session {
	t.Helper()
	s, err := interp.New(interp.Config{
		Packages: []interp.Package{{Path: "poolbook/interp/display", Name: "display", Symbols: display.Symbols(), Source: display.Source}},
		Preload:  []string{"poolbook/interp/display"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// show runs a cell and returns what a notebook would show.
func show(s *interp.Session, number int, code, stdin string) string {
	out := &output{}
	res, err := s.Run(context.Background(), interp.Cell{Number: number, Code: code, Stdout: out, Stderr: out, Stdin: strings.NewReader(stdin)})
	var b strings.Builder
	b.WriteString(out.String())
	if n := b.Len(); n > 0 && b.String()[n-1] != '\n' {
		b.WriteString("⏎\n")
	}
	for _, w := range res.Warnings {
		b.WriteString(w.String() + "\n")
	}
	if err != nil {
		fmt.Fprintf(&b, "%s\n", err)
	}
	if res.Value.IsValid() {
		fmt.Fprintf(&b, "→ %s  (%s)\n", display.Text(res.Value), res.Type)
	}
	return b.String()
}

// TestCells runs testdata/*.txtar in a session each: the files named "cell" in order, with what each shows in the "want" after it. Those named
// *_go1.N.txtar need the language of that release.
func TestCells(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	if len(files) == 0 {
		t.Fatal("no cells")
	}
	log.SetOutput(interp.ProcessStderr) // sessions leave an output that go test -json has given it alone
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			if _, since, ok := strings.Cut(name, "_go"); ok && version.Compare("go"+interp.Language, "go"+since) < 0 {
				t.Skipf("needs the language of Go %s", since)
			}
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := newSession(t)
			got := txtar.Archive{Comment: ar.Comment}
			n, stdin := 0, ""
			for _, f := range ar.Files {
				switch f.Name {
				case "stdin":
					stdin = string(f.Data)
					got.Files = append(got.Files, f)
				case "cell":
					n++
					got.Files = append(got.Files, f, txtar.File{Name: "want", Data: []byte(show(s, n, string(f.Data), stdin))})
				}
			}
			w, g := string(txtar.Format(ar)), string(txtar.Format(&got))
			if w == g {
				return
			}
			if *update {
				if err := os.WriteFile(file, []byte(g), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("(-want +got)\n%s", cmp.Diff(w, g))
		})
	}
}

func mustRun(t testing.TB, s *interp.Session, number int, code string) interp.Result {
	t.Helper()
	out := &output{}
	res, err := s.Run(context.Background(), interp.Cell{Number: number, Code: code, Stdout: out, Stderr: out})
	if err != nil {
		t.Fatalf("cell %d: %v\n%s", number, err, out)
	}
	return res
}

func TestNilConfigAndVariables(t *testing.T) {
	s := newSession(t)
	mustRun(t, s, 1, "x := 40\ntype P struct{ A int }\np := P{1}")
	x := mustRun(t, s, 2, "x + 2")
	if x.Value.Int() != 42 || x.Type != "int" {
		t.Errorf("got %v %s", x.Value, x.Type)
	}
	var names []string
	for _, v := range s.Variables() {
		names = append(names, fmt.Sprintf("%s %s = %s (cell %d)", v.Name, v.Type, display.Text(v.Value), v.Cell))
	}
	want := []string{"p P = P{A: 1} (cell 1)", "x int = 40 (cell 1)"}
	if !reflect.DeepEqual(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

// A map is listed with what it has, and with its length alone while code that may write it runs.
func TestVariablesOfMaps(t *testing.T) {
	s := newSession(t)
	mustRun(t, s, 1, `m := map[string]int{"b": 2, "a": 1}
large := map[int]bool{}
for i := range 20000 { large[i] = true }
var stop atomic.Bool
wait := func() { for !stop.Load() { time.Sleep(time.Millisecond) } }`)
	listed := func(name string) (summary string, parts []string) {
		for _, v := range s.Variables() {
			if v.Name != name {
				continue
			}
			for _, p := range v.Parts() {
				parts = append(parts, p.Name+" "+p.Type+" "+p.Summary(10))
			}
			if !v.HasParts() {
				t.Errorf("%s has no parts", name)
			}
			return v.Summary(60), parts
		}
		t.Fatal("no variable", name)
		return "", nil
	}
	if summary, parts := listed("m"); summary != `map[string]int{"a": 1, "b": 2}` || !slices.Equal(parts, []string{`["a"] int 1`, `["b"] int 2`}) {
		t.Errorf("m: %s, %q", summary, parts)
	}
	if summary, parts := listed("large"); summary != "map[int]bool (20000)" || parts != nil {
		t.Errorf("large: %s, %q", summary, parts)
	}
	if raceEnabled {
		return // its length is read beside writes, which is one word
	}
	mustRun(t, s, 2, `go func() { for i := 0; !stop.Load(); i++ { m[strconv.Itoa(i%1000)] = i } }()`)
	for range 1000 {
		if summary, parts := listed("m"); !strings.HasPrefix(summary, "map[string]int (") || parts != nil {
			t.Fatalf("m is written: %s, %q", summary, parts)
		}
	}
	mustRun(t, s, 3, "stop.Store(true)")
}

func TestFailedCellChangesNothing(t *testing.T) {
	s := newSession(t)
	mustRun(t, s, 1, "x := 1\nfunc f() int { return 1 }\ntype T int")
	_, err := s.Run(context.Background(), interp.Cell{Number: 2, Code: "x := \"a\"\nfunc f() string { return x }\nfunc (t T) M() {}\ny := undefinedName"})
	var ce *interp.CompileError
	if !errors.As(err, &ce) || len(ce.Diagnostics) != 1 {
		t.Fatalf("got %v", err)
	}
	if v := mustRun(t, s, 3, "x + f()").Value.Int(); v != 2 {
		t.Errorf("got %d", v)
	}
	if _, err := s.Run(context.Background(), interp.Cell{Number: 4, Code: "T(1).M()"}); err == nil {
		t.Error("a method of the failed cell is there")
	}
}

// A map that a goroutine writes while it is shown is an error, or the end of the goroutine, and not of the process.
func TestShownWhileWritten(t *testing.T) {
	s := newSession(t)
	var log syncBuffer
	if _, err := s.Run(t.Context(), interp.Cell{Number: 1, Stderr: &log,
		Code: "type Box struct{ inside map[int]int }\nbox := &Box{map[int]int{}}\ngo func() { for i := 0; ; i++ { box.inside[i%1000] = i } }()"}); err != nil {
		t.Fatal(err)
	}
	for n := 2; n < 200; n++ {
		r, err := s.Run(t.Context(), interp.Cell{Number: n, Code: "box"})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Look(t.Context(), r, func() { display.MIME(r.Value) })
		if err != nil && !strings.Contains(err.Error(), "concurrent map") {
			t.Fatal(err)
		}
		if err != nil || strings.Contains(log.String(), "concurrent map") {
			return
		}
	}
	t.Error("nobody noticed")
}

// A method that shows a value can be interrupted, and what ends its goroutine is the error.
func TestShowingInterrupted(t *testing.T) {
	for code, want := range map[string]string{
		"type Slow struct{}\nfunc (Slow) String() string { for {} }\nSlow{}":                         "interrupted\n  cell [1], line 2",
		"type Slow2 int\nfunc (Slow2) HTML() string { select {} }\ngo func() { for {} }()\nSlow2(1)": "interrupted\n  cell [1], line 2",
		"type Ends struct{}\nfunc (Ends) String() string { os.Exit(3); return \"\" }\nEnds{}":        "os.Exit ended the cell: exit status 3",
		"type Deep struct{}\nfunc (d *Deep) String() string { return d.String() }\n&Deep{}":          "stack overflow",
	} {
		s := newSession(t)
		ctx, cancel := context.WithCancel(t.Context())
		r, err := s.Run(ctx, interp.Cell{Number: 1, Code: code})
		if err != nil {
			t.Fatal(err)
		}
		defer cancel()
		if strings.HasPrefix(want, "interrupted") {
			time.AfterFunc(50*time.Millisecond, cancel)
		}
		shown := ""
		err = s.Look(ctx, r, func() { shown = display.Text(r.Value) })
		if strings.Contains(code, "HTML") {
			err = s.Look(ctx, r, func() { shown = fmt.Sprint(display.MIME(r.Value)) })
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, shown %.200s", code, err, shown)
		}
		if v := mustRun(t, s, 2, "1 + 1").Value.Int(); v != 2 {
			t.Error("the session is broken")
		}
	}
}

// A map that a goroutine writes while package display shows it is an error too.
func TestDisplayedWhileWritten(t *testing.T) {
	for _, call := range []string{"Show(m)", "All([]any{m})", `Update("id", &box)`, "JSON(m)", "MIMEBundle(m)"} {
		t.Run(call, func(t *testing.T) {
			s := newSession(t)
			_, err := s.Run(t.Context(), interp.Cell{Number: 1, Host: dropped{}, Code: `m := map[string]any{}
box := struct{ Inside map[string]any }{m}
go func() { for i := 0; ; i++ { m[strconv.Itoa(i%1000)] = i } }()
defer func() { recover() }()
for { display.` + call + " }"})
			if err == nil || !strings.Contains(err.Error(), "concurrent map") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// dropped is a notebook that nobody looks at.
type dropped struct{}

func (dropped) Display(display.Bundle, string, bool) {}
func (dropped) Clear(bool)                           {}

// syncBuffer is a bytes.Buffer for several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestManyMethods adds methods to a type in more cells than there is room for: up to there they count, then a warning says what does not.
func TestManyMethods(t *testing.T) {
	s := newSession(t)
	mustRun(t, s, 1, "type T struct{}\nvar x T\nvar boxed any = x")
	for i := range 64 {
		if res := mustRun(t, s, i+2, fmt.Sprintf("func (T) M%d() int { return %d }", i, i)); len(res.Warnings) > 0 {
			t.Fatalf("method %d: %v", i, res.Warnings[0])
		}
	}
	if res := mustRun(t, s, 70, "var last interface{ M63() int } = x\nlast.M63() + reflect.TypeOf(boxed).NumMethod()"); res.Value.Int() != 127 {
		t.Errorf("result %v", res.Value)
	}
	res := mustRun(t, s, 71, "func (T) TooMany() int { return 1 }")
	if len(res.Warnings) != 1 || res.Warnings[0].Line != 1 || !strings.Contains(res.Warnings[0].Message, "no room") {
		t.Errorf("warnings %v", res.Warnings)
	}
	if res := mustRun(t, s, 72, "x.TooMany()"); res.Value.Int() != 1 {
		t.Errorf("result %v", res.Value)
	}
}

// TestSharedMapShown shows a map that another goroutine writes: that ends the cell.
func TestSharedMapShown(t *testing.T) {
	s := newSession(t)
	_, err := s.Run(t.Context(), interp.Cell{Number: 1, Code: `m := map[string]int{}
go func() { for i := 0; ; i++ { m[strconv.Itoa(i%100)] = i } }()
for { display.Update("x", []any{m}) }`})
	var re *interp.RuntimeError
	if !errors.As(err, &re) || !strings.Contains(re.Message, "the map m") {
		t.Fatalf("the cell ended with %v", err)
	}
}
