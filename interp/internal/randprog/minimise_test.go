package randprog

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"
	"time"

	"poolbook/interp/internal/bridge"
	"poolbook/interp/internal/check/stdlib"
	"poolbook/interp/internal/goabi"
)

// minimiser takes statements, declarations and operands out of a program as long as what the interpreter does with it differs.
type minimiser struct {
	t         *testing.T
	mode, env string
	file      string
	end       time.Time
	last      string // the difference of what is left

	fset *token.FileSet
	tree *ast.File
	imp  types.Importer
}

// run returns the least program that it finds; src itself when that does not differ alone.
func (m *minimiser) run(src string) string {
	m.fset = token.NewFileSet()
	var err error
	if m.tree, err = parser.ParseFile(m.fset, "main.go", src, parser.SkipObjectResolution); err != nil {
		return src
	}
	m.imp = stdlib.New(stdlib.Config{Bridge: bridge.New(), Fset: token.NewFileSet()})
	best := m.text()
	if !m.differs(best) {
		return "// alone it does not differ\n" + best
	}
	for size := len(best) + 1; len(best) < size && time.Now().Before(m.end); {
		size = len(best)
		m.lists()
		m.unwrap()
		best = m.text()
	}
	m.expressions()
	m.differs(m.text())
	return m.text()
}

// try reports whether the tree as it is now is a program that differs.
func (m *minimiser) try() bool {
	if time.Now().After(m.end) {
		return false
	}
	src := m.text()
	return m.checks(src) && m.differs(src)
}

// text prints the tree without the imports that it has no need of.
func (m *minimiser) text() string {
	used := map[string]bool{}
	ast.Inspect(m.tree, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := s.X.(*ast.Ident); ok {
				used[id.Name] = true
			}
		}
		return true
	})
	for _, d := range m.tree.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			var specs []ast.Spec
			for _, s := range g.Specs {
				path := strings.Trim(s.(*ast.ImportSpec).Path.Value, `"`)
				if used[path[strings.LastIndex(path, "/")+1:]] {
					specs = append(specs, s)
				}
			}
			g.Specs = specs
		}
	}
	m.tree.Comments = nil
	var b bytes.Buffer
	if err := format.Node(&b, m.fset, m.tree); err != nil {
		return "" // an empty list where none may be
	}
	return b.String()
}

// checks reports whether src type-checks.
func (m *minimiser) checks(src string) bool {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "main.go", src, parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	_, err = (&types.Config{Importer: m.imp, GoVersion: goabi.Language}).Check("main", fset, []*ast.File{f}, nil)
	return err == nil
}

// differs reports whether the interpreter does something else with src than Go, and Go always does the same with it.
func (m *minimiser) differs(src string) bool {
	write(m.t, m.file, src)
	want, err := compiled(m.t, m.file)
	if err != nil {
		return false
	}
	j := job{File: m.file}
	if m.mode == "cells" {
		j = cellsOf(src)
	}
	got := interpret(m.t, j, m.env)
	d := firstDifference(sections(want, 1)[0], sections(got, 1)[0])
	if d == "" || strings.Contains(got, "declarations:") && !strings.Contains(m.last, "declarations:") && m.last != "" {
		return false
	}
	if m.last == "" { // the first time
		if plain, err := compiled(m.t, m.file, "-gcflags=-N -l"); err != nil || plain != want {
			m.t.Logf("the compiler's optimizer changes what the program prints: %s", firstDifference(want, plain))
			return false
		}
	}
	m.last = d
	return true
}

// cellsOf makes two cells of a program: its declarations, and the statements of program0.
func cellsOf(src string) job {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "main.go", src, parser.SkipObjectResolution)
	if err != nil {
		return job{}
	}
	at := func(p token.Pos) int { return fset.Position(p).Offset }
	var decls, body string
	for _, d := range f.Decls {
		text := src[at(d.Pos()):at(d.End())]
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "main" {
			continue
		} else if ok && fn.Name.Name == "program0" {
			if len(fn.Body.List) > 1 {
				body = src[at(fn.Body.List[1].Pos()):at(fn.Body.Rbrace)]
			}
			continue
		}
		decls += text + "\n"
	}
	return job{Cells: []Program{{decls, body}}}
}

// lists takes elements out of the lists of declarations, statements and specs.
func (m *minimiser) lists() {
	cut(&m.tree.Decls, m.try)
	ast.Inspect(m.tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			if n.Tok != token.IMPORT && len(n.Specs) > 1 {
				cut(&n.Specs, m.try)
			}
		case *ast.BlockStmt:
			cut(&n.List, m.try)
		case *ast.CaseClause:
			cut(&n.Body, m.try)
		case *ast.CommClause:
			cut(&n.Body, m.try)
		case *ast.FieldList:
			if len(n.List) > 0 {
				cut(&n.List, m.try)
			}
		case *ast.CompositeLit:
			cut(&n.Elts, m.try)
		case *ast.IfStmt:
			if e := n.Else; e != nil {
				if n.Else = nil; !m.try() {
					n.Else = e
				}
			}
		}
		return true
	})
}

// cut takes elements out of a list, many at once first, as long as ok holds.
func cut[T any](list *[]T, ok func() bool) {
	for size := len(*list); size > 0; size /= 2 {
		for at := 0; at < len(*list); {
			old := *list
			less := append(append([]T(nil), old[:at]...), old[min(at+size, len(old)):]...)
			if *list = less; !ok() {
				*list = old
				at += size
			}
		}
	}
}

// unwrap puts the statements of a block in its place.
func (m *minimiser) unwrap() {
	ast.Inspect(m.tree, func(n ast.Node) bool {
		b, ok := n.(*ast.BlockStmt)
		if !ok {
			return true
		}
		for i := 0; i < len(b.List); i++ {
			var inside []ast.Stmt
			switch s := b.List[i].(type) {
			case *ast.BlockStmt:
				inside = s.List
			case *ast.IfStmt:
				inside = s.Body.List
			case *ast.ForStmt:
				inside = s.Body.List
			case *ast.RangeStmt:
				inside = s.Body.List
			case *ast.LabeledStmt:
				inside = []ast.Stmt{s.Stmt}
			case *ast.ExprStmt:
				if call, ok := s.X.(*ast.CallExpr); ok && len(call.Args) == 0 {
					if f, ok := call.Fun.(*ast.FuncLit); ok {
						inside = f.Body.List
					}
				}
			}
			if inside == nil {
				continue
			}
			old := b.List
			b.List = append(append(append([]ast.Stmt(nil), old[:i]...), inside...), old[i+1:]...)
			if m.try() {
				i--
			} else {
				b.List = old
			}
		}
		return true
	})
}

// expressions puts operands in the place of expressions.
func (m *minimiser) expressions() {
	for changed := true; changed && time.Now().Before(m.end); {
		changed = false
		ast.Inspect(m.tree, func(n ast.Node) bool {
			each := func(p *ast.Expr) {
				for _, x := range operands(*p) {
					old := *p
					if *p = x; m.try() {
						changed = true
						return
					}
					*p = old
				}
			}
			switch n := n.(type) {
			case *ast.CallExpr:
				for i := range n.Args {
					each(&n.Args[i])
				}
			case *ast.AssignStmt:
				for i := range n.Rhs {
					each(&n.Rhs[i])
				}
			case *ast.ValueSpec:
				for i := range n.Values {
					each(&n.Values[i])
				}
			case *ast.ReturnStmt:
				for i := range n.Results {
					each(&n.Results[i])
				}
			case *ast.BinaryExpr:
				each(&n.X)
				each(&n.Y)
			case *ast.IndexExpr:
				each(&n.Index)
			case *ast.KeyValueExpr:
				each(&n.Value)
			case *ast.CompositeLit:
				for i := range n.Elts {
					each(&n.Elts[i])
				}
			case *ast.ParenExpr:
				each(&n.X)
			case *ast.UnaryExpr:
				each(&n.X)
			case *ast.IfStmt:
				each(&n.Cond)
			case *ast.RangeStmt:
				each(&n.X)
			case *ast.SwitchStmt:
				if n.Tag != nil {
					each(&n.Tag)
				}
			}
			return true
		})
	}
}

// operands are the expressions within x that might do in its place.
func operands(x ast.Expr) []ast.Expr {
	switch x := x.(type) {
	case *ast.CallExpr:
		return append([]ast.Expr(nil), x.Args...)
	case *ast.ParenExpr:
		return []ast.Expr{x.X}
	case *ast.BinaryExpr:
		return []ast.Expr{x.X, x.Y}
	case *ast.UnaryExpr:
		return []ast.Expr{x.X}
	case *ast.IndexExpr:
		return []ast.Expr{x.Index}
	}
	return nil
}
