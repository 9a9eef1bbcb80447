// Package lower readies checked syntax for go/ssa, which in the release that go.mod names makes something else of it
// than the language says in two cases, see [Files], and takes the square of the size of big switches (bigswitch.go) and functions ([Heavy]).
package lower

import (
	"go/ast"
	"go/token"
	"go/types"
)

// Files changes array literals that are assigned to variables with a value: a = [2]P{{X: 1}, {Y: 2}}. go/ssa builds a literal in
// the variable itself, and takes it that the elements of an array are zero there. When all elements are given nothing has
// made them so, and what an element's literal leaves out keeps what it was. As a = *&[2]P{…} the literal is built elsewhere,
// in new memory. Labelled loops over functions get another block (loop.go), switches of many constants become two (bigswitch.go). The syntax can be
// checked again, and its parts keep their positions.
func Files(files []*ast.File, info *types.Info) {
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.LabeledStmt:
				loop(n, info)
			case *ast.BlockStmt:
				switches(n.List, info)
			case *ast.CaseClause:
				switches(n.Body, info)
			case *ast.CommClause:
				switches(n.Body, info)
			}
			s, ok := n.(*ast.AssignStmt)
			if !ok || s.Tok != token.ASSIGN && s.Tok != token.DEFINE || len(s.Lhs) != len(s.Rhs) {
				return true
			}
			for i, e := range s.Rhs {
				lit, ok := ast.Unparen(e).(*ast.CompositeLit)
				if !ok || declares(s.Lhs[i], info) || !keepsParts(lit, info) {
					continue
				}
				s.Rhs[i] = elsewhere(lit, info)
			}
			return true
		})
	}
}

// declares reports whether an assignment to e makes a variable, which is zero.
func declares(e ast.Expr, info *types.Info) bool {
	id, ok := e.(*ast.Ident)
	return ok && info.Defs[id] != nil
}

// elsewhere returns *&lit.
func elsewhere(lit *ast.CompositeLit, info *types.Info) ast.Expr {
	addr := &ast.UnaryExpr{OpPos: lit.Pos(), Op: token.AND, X: lit}
	value := &ast.StarExpr{Star: lit.Pos(), X: addr}
	tv := info.Types[lit]
	info.Types[value] = tv
	tv.Type = types.NewPointer(tv.Type)
	info.Types[addr] = tv
	return value
}

// keepsParts reports whether an array in lit has all its elements, and one of them leaves something out.
func keepsParts(lit *ast.CompositeLit, info *types.Info) bool {
	array, size := parts(lit, info)
	if len(lit.Elts) < size {
		return false // all of it is made zero
	}
	for _, e := range inner(lit) {
		if array && incomplete(e, info) || keepsParts(e, info) {
			return true
		}
	}
	return false
}

// incomplete reports whether lit, a struct or an array, leaves something out.
func incomplete(lit *ast.CompositeLit, info *types.Info) bool {
	_, size := parts(lit, info)
	if len(lit.Elts) < size {
		return true
	}
	for _, e := range inner(lit) {
		if incomplete(e, info) {
			return true
		}
	}
	return false
}

// parts counts the fields or elements of the type of lit; 0 when it is neither a struct nor an array.
func parts(lit *ast.CompositeLit, info *types.Info) (array bool, n int) {
	t := info.TypeOf(lit)
	if t == nil {
		return false, 0
	}
	switch t := t.Underlying().(type) {
	case *types.Struct:
		return false, t.NumFields()
	case *types.Array:
		return true, int(t.Len())
	}
	return false, 0
}

// inner returns the literals that are elements of lit.
func inner(lit *ast.CompositeLit) []*ast.CompositeLit {
	var list []*ast.CompositeLit
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			e = kv.Value
		}
		if l, ok := ast.Unparen(e).(*ast.CompositeLit); ok {
			list = append(list, l)
		}
	}
	return list
}
