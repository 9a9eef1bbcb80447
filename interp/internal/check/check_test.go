package check

import (
	"fmt"
	"go/build"
	"go/importer"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/txtar"

	"poolbook/interp/internal/goabi"
	"poolbook/interp/internal/split"
)

// gcImporter reads the standard library's source, for tests that need no bridge.
type gcImporter struct{ types.Importer }

var shared = importer.ForCompiler(token.NewFileSet(), "source", nil)

func (gcImporter) ByName(name string) []string {
	switch name {
	case "strings", "sort", "errors", "math", "strconv":
		return []string{name}
	case "rand":
		return []string{"math/rand"}
	}
	return nil
}

func newTestEnv() *Env { return NewEnv(token.NewFileSet(), gcImporter{shared}, nil) }

// runCell checks and commits a cell and returns what there is to say of it.
func runCell(t testing.TB, e *Env, prog *ssa.Program, number int, code string) string {
	t.Helper()
	cell, errs := split.Parse(e.Fset, fmt.Sprintf("cell [%d]", number), code)
	var b strings.Builder
	for _, err := range errs {
		fmt.Fprintf(&b, "syntax %d: %s\n", 1+strings.Count(code[:err.Offset], "\n"), err.Msg)
	}
	if cell == nil {
		return b.String()
	}
	c, diags := e.Check(cell, number)
	write := func(d Diag) {
		pos := e.Fset.Position(d.Pos)
		kind := "error"
		if d.Warning {
			kind = "warning"
		}
		fmt.Fprintf(&b, "%s %s:%d:%d: %s\n", kind, pos.Filename, pos.Line, pos.Column, d.Msg)
		if d.Hint != "" {
			fmt.Fprintf(&b, "\thint: %s\n", d.Hint)
		}
	}
	for _, d := range diags {
		write(d)
	}
	if c == nil {
		return b.String()
	}
	for _, d := range c.Warnings {
		write(d)
	}
	c.Commit()
	if prog != nil {
		for _, imp := range c.Types.Imports() {
			if prog.ImportedPackage(imp.Path()) == nil {
				prog.CreatePackage(imp, nil, nil, true)
			}
		}
		prog.CreatePackage(c.Types, c.Files, c.Info, false).Build()
	}
	for _, v := range c.Vars {
		shares := ""
		if v.Old != nil {
			shares = " (same storage)"
		}
		fmt.Fprintf(&b, "var %s %s%s\n", v.New.Name(), e.TypeString(v.New.Type()), shares)
	}
	var fs []string
	for _, f := range c.Funcs {
		fs = append(fs, methodKey(f.New))
	}
	slices.Sort(fs)
	for _, f := range fs {
		fmt.Fprintf(&b, "replaces %s\n", f)
	}
	for _, r := range c.Results {
		fmt.Fprintf(&b, "value %s\n", e.TypeString(r.Type()))
	}
	return b.String()
}

// TestCells runs testdata/*.txtar: files named "cell" are run in order and what they say is compared with the "want" that follows.
func TestCells(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	if len(files) == 0 {
		t.Fatal("no test cells")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			e := newTestEnv()
			prog := ssa.NewProgram(e.Fset, ssa.InstantiateGenerics|ssa.BareInits|ssa.SanityCheckFunctions)
			n := 0
			var got txtar.Archive
			got.Comment = ar.Comment
			for _, f := range ar.Files {
				if f.Name != "cell" {
					continue
				}
				n++
				got.Files = append(got.Files, f, txtar.File{Name: "want", Data: []byte(strings.ReplaceAll(runCell(t, e, prog, n, string(f.Data)), build.Default.GOROOT, "$GOROOT"))})
			}
			compare(t, file, ar, &got)
		})
	}
}

// Files for a later release are refused with what to do.
func TestFilesForALaterRelease(t *testing.T) {
	for _, c := range []struct{ source, version string }{{"package main\n", "go1.99.1"}, {"//go:build go1.99\n\npackage main\n", goabi.Language}} {
		_, diags := newTestEnv().CheckFiles(map[string]string{"main.go": c.source}, nil, c.version)
		if want := "this Poolbook was built with " + goabi.Name + ": build it with Go 1.99"; len(diags) != 1 || diags[0].Hint != want {
			t.Errorf("%q for %s: %+v", c.source, c.version, diags)
		}
	}
}
