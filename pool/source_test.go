package pool_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"reflect"
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
	used, methods := map[string]bool{}, map[string]bool{}
	for _, f := range files {
		name := f.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || name == "embed.go" || name == "methods.go" {
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
				methods[sel.Sel.Name] = true
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
	// A type that only the result of a method has is missing to an interpreter all the same, unless nothing is done with it.
	for n, v := range symbols {
		if v.Kind() != reflect.Pointer || !v.IsNil() {
			continue
		}
		for i := range v.Type().NumMethod() {
			m := v.Type().Method(i)
			if !methods[m.Name] {
				continue
			}
			for k := range m.Type.NumOut() {
				out := m.Type.Out(k)
				if out.Kind() == reflect.Pointer {
					out = out.Elem()
				}
				if _, ok := symbols[out.Name()]; !ok && strings.HasSuffix(out.PkgPath(), "pool/core") {
					t.Errorf("core.%s, which a %s's %s returns, is not in core.Symbols", out.Name(), n, m.Name)
				}
			}
		}
	}
	for _, n := range slices.Sorted(maps.Keys(symbols)) {
		if !used[n] {
			t.Errorf("core.Symbols has %s, which pool does not use", n)
		}
	}
}
