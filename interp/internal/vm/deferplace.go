package vm

import (
	"go/ast"
	"go/token"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// endOf is the place of fn in traces while its deferred calls run, at the return of b, or for nil after a recovered panic. It is NoPos where
// fn has no source, or is a cell's statements: then the last statement stands for it. The compiler makes the calls part of each return, which has the return's line; in functions where it cannot, or that
// would grow too much, the closing brace runs them. After a panic the line depends on how it has ordered the code: here it is the brace.
// Source: OpenCodedDeferDisallowed and maxOpenDefers of cmd/compile/internal/ssagen, Go 1.26.
func endOf(fn *ssa.Function, b *ssa.BasicBlock) token.Pos {
	var body *ast.BlockStmt
	switch syntax := fn.Syntax().(type) {
	case *ast.FuncDecl:
		body = syntax.Body
	case *ast.FuncLit:
		body = syntax.Body
	}
	if body == nil || strings.HasPrefix(fn.Name(), "·") { // of a cell's statements: there is no brace
		return token.NoPos
	}
	defers, returns, repeated := 0, 0, false
	var visit func(n ast.Node, loop bool)
	visit = func(n ast.Node, loop bool) {
		ast.Inspect(n, func(in ast.Node) bool {
			switch in := in.(type) {
			case *ast.FuncLit:
				return false
			case *ast.ForStmt:
				visit(in.Body, true)
				return false
			case *ast.RangeStmt:
				visit(in.Body, true)
				return false
			case *ast.ReturnStmt:
				returns++
			case *ast.DeferStmt:
				defers++
				repeated = repeated || loop
			}
			return true
		})
	}
	visit(body, false)
	if b != nil && !repeated && defers <= 8 && returns*defers <= 15 {
		if p := b.Instrs[len(b.Instrs)-1].Pos(); p.IsValid() {
			return p
		}
	}
	return body.Rbrace
}
