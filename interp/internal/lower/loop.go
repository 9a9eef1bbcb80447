package lower

import (
	"go/ast"
	"go/token"
	"go/types"
)

// loop gives the loop of again: for x := range f {…} a block and a label of its own, again: {againʹ: for x := range f {…}}, when it has a
// goto again in it: the label of a loop over a function is, for a goto in its body, what go/ssa has for continue.
func loop(l *ast.LabeledStmt, info *types.Info) {
	r, ok := l.Stmt.(*ast.RangeStmt)
	if !ok {
		return
	}
	label := info.Defs[l.Label]
	var restarts bool
	var exits []*ast.BranchStmt // break and continue
	ast.Inspect(r.Body, func(n ast.Node) bool {
		if b, ok := n.(*ast.BranchStmt); ok && b.Label != nil && info.Uses[b.Label] == label {
			if b.Tok == token.GOTO {
				restarts = true
			} else {
				exits = append(exits, b)
			}
		}
		return true
	})
	if !restarts {
		return
	}
	inner := ast.Stmt(r)
	if len(exits) > 0 {
		own := types.NewLabel(l.Pos(), label.Pkg(), label.Name()+"ʹ")
		id := &ast.Ident{NamePos: l.Pos(), Name: own.Name()}
		info.Defs[id] = own
		inner = &ast.LabeledStmt{Label: id, Colon: l.Colon, Stmt: r}
		for _, b := range exits {
			delete(info.Uses, b.Label)
			b.Label = &ast.Ident{NamePos: b.Label.Pos(), Name: own.Name()}
			info.Uses[b.Label] = own
		}
	}
	l.Stmt = &ast.BlockStmt{Lbrace: r.Pos(), List: []ast.Stmt{inner}, Rbrace: r.End() - 1}
}
