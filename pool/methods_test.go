package pool

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var updateMethods = flag.Bool("update-methods", false, "write methods.go anew")

// Each exported function that takes a pool or an executor first is a method too: methods.go, which only builds with Go 1.27 and later, has
// it, with the same comment. Run this test with -update-methods after adding or changing one.
func TestEveryFunctionIsAMethod(t *testing.T) {
	want := `//go:build go1.27

package pool

// The functions of this package that take a pool or an executor first, as methods, which have type parameters since Go 1.27: p.Map(f, xs)
// is Map(p, f, xs). Written by TestEveryFunctionIsAMethod. In a notebook's cells the same methods are there in a build with any release.

import "iter"
`
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || file == "methods.go" {
			continue
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !fn.Name.IsExported() || len(fn.Type.Params.List) == 0 {
				continue
			}
			recv := fn.Type.Params.List[0]
			star, ok := recv.Type.(*ast.StarExpr)
			if !ok || len(recv.Names) != 1 {
				continue
			}
			of, ok := star.X.(*ast.Ident)
			if !ok || of.Name != "Pool" && of.Name != "Executor" {
				continue
			}
			n++
			want += method(t, fset, fn, of.Name)
		}
	}
	if n < 25 {
		t.Errorf("only %d functions take a pool", n)
	}
	if *updateMethods {
		if err := os.WriteFile("methods.go", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("methods.go")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("methods.go is not what the package's functions make: go test ./pool -run TestEveryFunctionIsAMethod -update-methods")
	}
}

// method writes a function as a method of its first parameter.
func method(t *testing.T, fset *token.FileSet, fn *ast.FuncDecl, of string) string {
	text := func(n any) string {
		var b bytes.Buffer
		if err := printer.Fprint(&b, fset, n); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	fields := func(list []*ast.Field) (decl, names []string) {
		for _, f := range list {
			var ns []string
			for _, n := range f.Names {
				ns = append(ns, n.Name)
			}
			decl = append(decl, strings.Join(append(ns, text(f.Type)), ", "))
			if len(ns) > 0 {
				decl[len(decl)-1] = strings.Join(ns, ", ") + " " + text(f.Type)
			}
			if _, ok := f.Type.(*ast.Ellipsis); ok {
				ns[0] += "..."
			}
			names = append(names, ns...)
		}
		return decl, names
	}
	name := strings.TrimPrefix(fn.Name.Name, of)
	recv := fn.Type.Params.List[0].Names[0].Name
	types := ""
	if p := fn.Type.TypeParams; p != nil {
		decl, _ := fields(p.List)
		types = "[" + strings.Join(decl, ", ") + "]"
	}
	params, args := fields(fn.Type.Params.List[1:])
	results, give := "", ""
	if r := fn.Type.Results; r != nil {
		decl, _ := fields(r.List)
		give = "return "
		if results = " " + strings.Join(decl, ", "); len(decl) > 1 {
			results = " (" + strings.Join(decl, ", ") + ")"
		}
	}
	var b strings.Builder
	b.WriteByte('\n')
	for line := range strings.Lines(strings.ReplaceAll(fn.Doc.Text(), fn.Name.Name+" ", name+" ")) {
		b.WriteString(strings.TrimRight("// "+line, " \n") + "\n")
	}
	fmt.Fprintf(&b, "func (%s *%s) %s%s(%s)%s {\n\t%s%s(%s)\n}\n", recv, of, name, types, strings.Join(params, ", "), results, give, fn.Name.Name, strings.Join(append([]string{recv}, args...), ", "))
	return b.String()
}
