package pool_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"poolbook/pool"
	"poolbook/pool/core"
)

// TestSource holds what an interpreter of the package relies on: the source is complete, imports nothing but the standard library and
// core, and uses nothing of core but its symbols.
func TestSource(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, f := range files {
		name := f.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || name == "embed.go" {
			continue
		}
		text, err := fs.ReadFile(pool.Source, name)
		if err != nil {
			t.Errorf("%s is not in Source", name)
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range file.Comments {
			if strings.HasPrefix(c.Text(), "build ") || strings.Contains(c.List[0].Text, "go:build") {
				t.Errorf("%s has a build constraint", name)
			}
		}
		for _, imp := range file.Imports {
			path, _ := strconv.Unquote(imp.Path.Value)
			if first, _, _ := strings.Cut(path, "/"); path != "poolbook/pool/core" && (strings.Contains(first, ".") || first == "poolbook") {
				t.Errorf("%s imports %s", name, path)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "core" {
					used[sel.Sel.Name] = true
				}
			}
			if _, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s starts a goroutine", name)
			}
			return true
		})
	}
	symbols := core.Symbols()
	for _, n := range slices.Sorted(maps.Keys(used)) {
		if _, ok := symbols[n]; !ok {
			t.Errorf("core.%s is not in core.Symbols", n)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(symbols)) {
		if !used[n] {
			t.Errorf("core.Symbols has %s, which pool does not use", n)
		}
	}
}
