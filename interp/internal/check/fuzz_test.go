package check

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"poolbook/interp/internal/split"
)

// FuzzCheck checks a cell after another one, both made of what the test cells are made of: neither may make the checker fail, and a cell
// that was refused must leave the session as it was.
func FuzzCheck(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	more, _ := filepath.Glob("../../testdata/*.txtar")
	var last string
	for _, file := range append(files, more...) {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, c := range ar.Files {
			if c.Name == "cell" && !strings.Contains(string(c.Data), "import") {
				f.Add(last, string(c.Data))
				last = string(c.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		e := newTestEnv()
		e.imp = noImports{}
		for i, code := range []string{first, second, first, "probe := 1\nprobe"} {
			cell, errs := split.Parse(e.Fset, "cell", code)
			if len(errs) > 0 {
				continue
			}
			before := e.Names()
			c, diags := e.Check(cell, i+1)
			for _, d := range diags {
				if strings.Contains(d.Msg, "the type checker failed") {
					t.Fatalf("%s\nfirst:\n%s\nsecond:\n%s", d.Msg, first, second)
				}
			}
			if c == nil {
				if len(e.Names()) != len(before) {
					t.Fatal("a refused cell changed the session")
				}
				continue
			}
			c.Commit()
		}
		if e.Lookup("probe") == nil {
			t.Fatalf("the session does not take a cell any more after\n%s\nand\n%s", first, second)
		}
	})
}

// noImports has no packages.
type noImports struct{ gcImporter }

func (noImports) ByName(string) []string { return nil }
