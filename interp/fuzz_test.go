package interp_test

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/tools/txtar"

	"poolbook/interp"
)

// reaches is what a mutated cell must not have: ways to the machine, and to more memory than there is.
var reaches = regexp.MustCompile(`os\b|exec|syscall|\bnet|http|unsafe|plugin|runtime|debug|signal|reflect|log\.|flag|embed|import|` +
	`[0-9_]{5}|<<|0[xX]|[eE][0-9]|Repeat|Grow|(?m)^\s*[%!]`)

// testCells are the cells of testdata without those that reach out.
func testCells(tb testing.TB) []string {
	var cells []string
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		tb.Fatal("no cells", err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		for _, f := range a.Files {
			if f.Name == "cell" && !reaches.Match(f.Data) {
				cells = append(cells, string(f.Data))
			}
		}
	}
	return cells
}

// FuzzSession runs two cells of any text: neither may end the process or hold out against an interrupt, one that was refused leaves the
// session as it was, and the session takes the next cell.
func FuzzSession(f *testing.F) {
	last := ""
	for _, c := range testCells(f) {
		f.Add(last, c)
		last = c
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		if reaches.MatchString(first) || reaches.MatchString(second) {
			t.Skip("it reaches out")
		}
		s := newSession(t)
		cells := []string{first, second, first}
		if raceEnabled && strings.Contains(first, "go ") {
			cells = cells[:2] // declaring anew what a goroutine still reads is a race of the cell's own
		}
		for i, code := range cells {
			before := names(s)
			_, err := run(t, s, i+1, code, 200*time.Millisecond)
			var refused *interp.CompileError
			if errors.As(err, &refused) && !reflect.DeepEqual(names(s), before) {
				t.Fatalf("a refused cell changed the variables from %v to %v", before, names(s))
			}
		}
		res, err := run(t, s, 9, "probe := 41\nprobe + 1", time.Minute)
		if err != nil || res.Type == "int" && res.Value.Int() != 42 {
			t.Fatalf("the next cell: %v, %v", res.Value, err)
		}
	})
}

// run runs a cell and interrupts it after a while.
func run(t *testing.T, s *interp.Session, number int, code string, after time.Duration) (interp.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), after)
	defer cancel()
	type outcome struct {
		res interp.Result
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		res, err := s.Run(ctx, interp.Cell{Number: number, Code: code})
		done <- outcome{res, err}
	}()
	select {
	case o := <-done:
		if o.err != nil && strings.Contains(o.err.Error(), "fault in Poolbook") {
			t.Fatal(o.err)
		}
		return o.res, o.err
	case <-time.After(after + 30*time.Second):
		t.Fatalf("the cell holds out against an interrupt:\n%s", code)
		panic("unreachable")
	}
}

// names are the session's variables with their types.
func names(s *interp.Session) []string {
	var list []string
	for _, v := range s.Variables() {
		list = append(list, v.Name+" "+v.Type)
	}
	return list
}

// FuzzComplete asks for completions and descriptions anywhere in any text.
func FuzzComplete(f *testing.F) {
	for _, c := range testCells(f) {
		f.Add(c, len(c)/2)
		f.Add(c, len(c))
	}
	f.Add("p.", 2)
	f.Add("x := []int{1,\n\tfmt.Pr", 21)
	s := newSession(f)
	if _, err := s.Run(context.Background(), interp.Cell{Number: 1, Code: "type P struct { Name string; age int }\nfunc (P) Say() {}\np, ps := P{}, []P{{}}"}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, code string, cursor int) {
		c := s.Complete(code, cursor)
		at := min(max(cursor, 0), len(code))
		if c.Start < 0 || c.Start > at || c.End < at || c.End > len(code) {
			t.Fatalf("bytes %d to %d are to be replaced, at %d of %d", c.Start, c.End, at, len(code))
		}
		typed := strings.ToLower(code[c.Start:at])
		for _, m := range c.Matches {
			if !has(strings.ToLower(m.Text), typed) {
				t.Fatalf("%q does not complete %q", m.Text, typed)
			}
		}
		for detail := range 2 {
			if d, ok := s.Inspect(code, cursor, detail); ok && d.Text() == "" {
				t.Fatal("it describes something with nothing")
			}
		}
		s.IsComplete(code)
	})
}

// has reports whether name has the letters of typed in their order.
func has(name, typed string) bool {
	for _, r := range typed {
		i := strings.IndexRune(name, r)
		if i < 0 {
			return false
		}
		name = name[i+utf8.RuneLen(r):]
	}
	return true
}
