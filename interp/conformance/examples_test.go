package conformance

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
)

// TestExamples runs every example of the standard library's public packages that states its output and stands by itself.
func TestExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: this runs more than a thousand programs")
	}
	src := filepath.Join(goroot(t, "src"), "src")
	exe := poolbook(t)
	programs, err := examples(src, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(programs) == 0 {
		t.Fatal("no examples found below " + src)
	}
	programs = slices.DeleteFunc(programs, func(p program) bool { return !strings.Contains(p.name, *only) })
	verdicts := runAll(t, exe, programs)
	judge(t, "testdata/examples.txt", verdicts)
	report(t, verdicts)
}

// report logs the rate of each package that is not perfect.
func report(t *testing.T, verdicts []verdict) {
	type rate struct{ passed, all int }
	rates := map[string]*rate{}
	for _, v := range verdicts {
		pkg, _, _ := strings.Cut(v.name, ".")
		r := rates[pkg]
		if r == nil {
			r = &rate{}
			rates[pkg] = r
		}
		r.all++
		if v.err == nil {
			r.passed++
		}
	}
	perfect := 0
	var rest []string
	for pkg, r := range rates {
		if r.passed == r.all {
			perfect++
		} else {
			rest = append(rest, fmt.Sprintf("%s %d/%d", pkg, r.passed, r.all))
		}
	}
	sort.Strings(rest)
	t.Logf("%d packages pass all their examples; the others: %s", perfect, strings.Join(rest, ", "))
}

// examples extracts the examples below src as files in dir.
func examples(src, dir string) ([]program, error) {
	var programs []program
	err := filepath.WalkDir(src, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		switch entry.Name() {
		case "internal", "vendor", "testdata", "cmd", "builtin":
			return filepath.SkipDir
		}
		found, err := packageExamples(src, path, dir)
		programs = append(programs, found...)
		return err
	})
	return programs, err
}

func packageExamples(src, folder, dir string) ([]program, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		return nil, err
	}
	pkg, err := filepath.Rel(src, folder)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if ok, err := build.Default.MatchFile(folder, filepath.Base(name)); err != nil || !ok {
			continue // for another platform, or an experiment that this toolchain has not switched on
		}
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(f.Name.Name, "_test") {
			files = append(files, f)
		}
	}
	var programs []program
	for _, example := range doc.Examples(files...) {
		if example.Play == nil || example.Output == "" && !example.EmptyOutput {
			continue
		}
		name := filepath.ToSlash(pkg) + "." + example.Name
		file := filepath.Join(dir, strings.ReplaceAll(name, "/", "_")+".go")
		var text bytes.Buffer
		if err := format.Node(&text, fset, example.Play); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			return nil, err
		}
		programs = append(programs, program{name: name, files: []string{file}, dir: folder, stdoutOnly: true, check: checkOutput(example)})
	}
	return programs, nil
}

// checkOutput compares as go test does: without leading and trailing space, and in any order of lines where the example says so.
func checkOutput(example *doc.Example) func([]byte) error {
	return func(out []byte) error {
		got, want := strings.TrimSpace(string(out)), strings.TrimSpace(example.Output)
		if example.Unordered {
			got, want = sortedLines(got), sortedLines(want)
		}
		if got != want {
			return fmt.Errorf("printed %s instead of %s", firstLines([]byte(got)), firstLines([]byte(want)))
		}
		return nil
	}
}

func sortedLines(s string) string {
	lines := strings.Split(s, "\n")
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}
