package lower

import (
	"go/ast"
	"go/token"
)

// go/ssa looks for the values of a function's variables by copying the list of all variables for each block of it, and goes through all blocks for
// each that assigns: 12,000 loops, each with its variable, took 40 s.
const (
	heavyBytes  = 50_000     // a file of fewer has no such function
	heavyWork   = 30_000_000 // variables times blocks
	heavyBlocks = 6_000
)

// Heavy reports whether a function of the files has so many variables and blocks that go/ssa should leave its variables in memory
// (ssa.NaiveForm).
func Heavy(files []*ast.File) bool {
	for _, f := range files {
		if f.FileEnd-f.FileStart < heavyBytes {
			continue
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil && heavy(fn.Body) {
				return true
			}
		}
	}
	return false
}

func heavy(body *ast.BlockStmt) bool {
	vars, blocks := 0, 0
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				vars += len(n.Lhs)
			}
		case *ast.ValueSpec:
			vars += len(n.Names)
		case *ast.RangeStmt:
			vars, blocks = vars+3, blocks+3
		case *ast.ForStmt:
			vars, blocks = vars+1, blocks+3
		case *ast.IfStmt, *ast.CaseClause, *ast.CommClause:
			blocks += 2
		case *ast.BinaryExpr:
			if n.Op == token.LAND || n.Op == token.LOR {
				blocks++
			}
		}
		return true
	})
	return vars*blocks > heavyWork || blocks > heavyBlocks
}
