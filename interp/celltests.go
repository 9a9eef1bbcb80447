package interp

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"poolbook/interp/internal/vm"
)

// cellTests are tests, benchmarks, fuzz targets and examples that cells have declared, in the order of their declaration.
type cellTests struct {
	tests      []testing.InternalTest
	benchmarks []testing.InternalBenchmark
	fuzz       []testing.InternalFuzzTarget
	examples   []testing.InternalExample
}

// testFlags returns the flag set that has the flags of package testing, which defines them on the command line that there is at the time, and
// once in a process.
var testFlags = sync.OnceValue(func() *flag.FlagSet {
	own := flag.NewFlagSet("%test", flag.ContinueOnError)
	own.SetOutput(io.Discard)
	old := flag.CommandLine
	flag.CommandLine = own
	testing.Init()
	flag.CommandLine = old
	if own.Lookup("test.run") == nil {
		return old // somebody was first
	}
	return own
})

// testingMu holds that one session at a time has the flags and the run of package testing, which are the process's.
var testingMu sync.Mutex

// testNow runs %test: the tests and benchmarks of the cell, or without any those of all cells; with flags, all that the flags choose. The output
// is that of go test's programs.
func (s *Session) testNow(ctx context.Context, run *vm.Run, c Cell, m magic) error {
	failed := func(format, hint string, args ...any) error {
		return &CompileError{[]Diagnostic{{Cell: c.Number, Line: m.line, Column: 1, Message: "%test: " + fmt.Sprintf(format, args...), Hint: hint, SourceLine: line(c.Code, m.line)}}}
	}
	if s.streams.process == nil {
		return failed("tests run in a kernel, in poolbook repl and in poolbook run", "package testing has one set of flags and one output in a process, which is not this session's own here")
	}
	words, err := testWords(commandWords(m.args))
	if err != nil {
		return failed("%v", "the flags are those of go test: -run REGEXP, -v, -bench REGEXP, -count N, -short …", err)
	}
	all, own := s.cellTests(run, 0), s.cellTests(run, c.Number)
	chosen := all
	if len(words) == 0 {
		words = []string{"-test.v"}
		if own.count() > 0 {
			chosen = own
		}
		if len(own.benchmarks) > 0 {
			words = append(words, "-test.bench=.")
		}
	}
	if chosen.count() == 0 {
		return failed("there are no tests", "tests are functions such as func TestSum(t *testing.T) { … }, in this cell or an earlier one")
	}
	testingMu.Lock()
	defer testingMu.Unlock()
	flags := testFlags()
	saved := map[*flag.Flag]string{}
	flags.VisitAll(func(f *flag.Flag) {
		if strings.HasPrefix(f.Name, "test.") {
			saved[f] = f.Value.String()
			_ = f.Value.Set(f.DefValue)
		}
	})
	defer func() {
		for f, v := range saved {
			_ = f.Value.Set(v)
		}
	}()
	if err := flags.Parse(words); err != nil {
		return failed("%s", "the flags are those of go test: -run REGEXP, -v, -bench REGEXP, -count N, -short …", strings.ReplaceAll(err.Error(), "-test.", "-"))
	}
	if flags.NArg() > 0 {
		return failed("%s is no flag", "packages and files are for go test: %%test runs what cells have declared", flags.Arg(0))
	}
	if !flag.Parsed() {
		_ = flag.CommandLine.Parse(nil) // it asks whether somebody has
	}
	s.streams.drain()
	code := testing.MainStart(testDeps{}, chosen.tests, chosen.benchmarks, chosen.fuzz, chosen.examples).Run()
	s.streams.drain()
	switch {
	case ctx.Err() != nil:
		return &InterruptError{Stack: []Frame{{Cell: c.Number}}}
	case code != 0:
		return &ExitError{Code: code, By: "%test"}
	}
	return nil
}

// testWords are flags as the programs of go test take them, of those that people write.
func testWords(words []string) ([]string, error) {
	refused := map[string]string{
		"json": "the output is text here", "fuzz": "fuzzing for new inputs needs go test; the seeds of fuzz targets run as tests",
		"timeout": "interrupt the cell, or give poolbook run --timeout", "cover": "coverage needs go test", "race": "the race detector needs go test",
	}
	var list []string
	for _, w := range words {
		name, ok := strings.CutPrefix(w, "-")
		if !ok {
			list = append(list, w)
			continue
		}
		name = strings.TrimPrefix(strings.TrimPrefix(name, "-"), "test.")
		bare, _, _ := strings.Cut(name, "=")
		if why := refused[bare]; why != "" {
			return nil, fmt.Errorf("there is no -%s: %s", bare, why)
		}
		list = append(list, "-test."+name)
	}
	return list, nil
}

func (t *cellTests) count() int {
	return len(t.tests) + len(t.benchmarks) + len(t.fuzz) + len(t.examples)
}

// cellTests finds the tests that the session's functions are, or those that a cell has declared last.
func (s *Session) cellTests(run *vm.Run, cell int) *cellTests {
	s.mu.Lock()
	defer s.mu.Unlock()
	var funcs []*types.Func
	for _, name := range s.env.Names() {
		if f, ok := s.env.Lookup(name).(*types.Func); ok && isTest(name) {
			if p := s.env.PackageOf(f); p != nil && (cell == 0 || p.Cell == cell) {
				funcs = append(funcs, f)
			}
		}
	}
	slices.SortFunc(funcs, func(a, b *types.Func) int { return int(a.Pos()) - int(b.Pos()) })
	list := &cellTests{}
	for _, f := range funcs {
		fn := s.prog.FuncValue(f)
		if fn == nil || f.Signature().TypeParams() != nil {
			continue
		}
		name := f.Name()
		switch call := s.machine.Value(run, fn).Interface().(type) {
		case func(*testing.T):
			if strings.HasPrefix(name, "Test") {
				list.tests = append(list.tests, testing.InternalTest{Name: name, F: call})
			}
		case func(*testing.B):
			if strings.HasPrefix(name, "Benchmark") {
				list.benchmarks = append(list.benchmarks, testing.InternalBenchmark{Name: name, F: call})
			}
		case func(*testing.F):
			if strings.HasPrefix(name, "Fuzz") {
				list.fuzz = append(list.fuzz, testing.InternalFuzzTarget{Name: name, Fn: call})
			}
		case func():
			if e := s.example(f); e != nil {
				list.examples = append(list.examples, testing.InternalExample{Name: name, F: call, Output: e.Output, Unordered: e.Unordered})
			}
		}
	}
	return list
}

// isTest reports whether go test would take a function of that name for one of its own.
func isTest(name string) bool {
	for _, prefix := range []string{"Test", "Benchmark", "Fuzz", "Example"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			r, _ := utf8.DecodeRuneInString(rest)
			return rest == "" || !unicode.IsLower(r)
		}
	}
	return false
}

// example is what the comments in a function say of its output; nil for one that has none, and is not run. mu is held.
func (s *Session) example(f *types.Func) *doc.Example {
	node, _, ok := s.env.Decl(f)
	if !ok {
		return nil
	}
	decl, ok := node.(*ast.FuncDecl)
	if !ok {
		return nil
	}
	text, _, ok := s.env.Text(decl.Pos(), decl.End())
	if !ok {
		return nil
	}
	file, err := parser.ParseFile(token.NewFileSet(), "cell_test.go", "package cell\n"+text, parser.ParseComments)
	if err != nil {
		return nil
	}
	for _, e := range doc.Examples(file) {
		if e.Output != "" || e.EmptyOutput {
			return e
		}
	}
	return nil
}

// testDeps is what go test gives to the programs that it makes.
type testDeps struct{}

func (testDeps) ImportPath() string { return "main" }
func (testDeps) ModulePath() string { return "" }

func (testDeps) MatchString(pattern, text string) (bool, error) {
	return regexp.MatchString(pattern, text)
}

func (testDeps) SetPanicOnExit0(bool)                    {}
func (testDeps) StartTestLog(io.Writer)                  {}
func (testDeps) StopTestLog() error                      { return nil }
func (testDeps) StopCPUProfile()                         {}
func (testDeps) ResetCoverage()                          {}
func (testDeps) SnapshotCoverage()                       {}
func (testDeps) CheckCorpus([]any, []reflect.Type) error { return nil }

var errNoProfile = errors.New("there are no profiles of cells")

func (testDeps) StartCPUProfile(io.Writer) error { return errNoProfile }

func (testDeps) WriteProfileTo(string, io.Writer, int) error { return errNoProfile }

// corpusEntry is testing's, which has no name outside of it.
type corpusEntry = struct {
	Parent     string
	Path       string
	Data       []byte
	Values     []any
	Generation int
	IsSeed     bool
}

func (testDeps) CoordinateFuzzing(time.Duration, int64, time.Duration, int64, int, []corpusEntry, []reflect.Type, string, string) error {
	return errors.ErrUnsupported
}

func (testDeps) RunFuzzWorker(func(corpusEntry) error) error { return errors.ErrUnsupported }

func (testDeps) ReadCorpus(string, []reflect.Type) ([]corpusEntry, error) { return nil, nil }

func (testDeps) InitRuntimeCoverage() (mode string, tearDown func(coverprofile string, gocoverdir string) (string, error), snapcov func() float64) {
	return "", nil, nil
}
