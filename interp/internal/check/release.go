package check

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// Lasting reports whether something of a cell may be needed after it has run: it declares something, or makes functions, goroutines, types or
// instances of generic ones, which may outlive it.
func (c *Checked) Lasting() bool {
	if len(c.Vars)+len(c.Funcs)+len(c.Grown)+len(c.carried)+len(c.kept)+len(c.adopted)+c.Inits > 0 || len(c.Info.Instances) > 0 || c.Source == nil {
		return true
	}
	for _, o := range c.Info.Defs {
		if o != nil && o.Parent() == c.Types.Scope() && !isOwn(o.Name()) {
			return true
		}
	}
	called := map[*ast.SelectorExpr]bool{}
	lasting := false
	ast.Inspect(c.Files[0], func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.GoStmt, *ast.TypeSpec, *ast.StructType, *ast.InterfaceType:
			lasting = true
		case *ast.CallExpr:
			if s, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr); ok {
				called[s] = true
			}
		case *ast.SelectorExpr: // a method value is a function
			if s := c.Info.Selections[n]; s != nil && s.Kind() != types.FieldVal && !called[n] {
				lasting = true
			}
		}
		return !lasting
	})
	return lasting
}

// isOwn reports whether a name is one that cells get for their statements and results.
func isOwn(name string) bool {
	return strings.Contains(name, "·") || name == "_" || name == "init"
}

// Release forgets a cell that is not lasting, and returns its files.
func (e *Env) Release(c *Checked) []*token.File {
	e.forget(c.Package)
	files := c.Source.Files()
	for _, f := range files {
		delete(e.files, f)
	}
	ast.Inspect(c.Files[0], func(n ast.Node) bool {
		if lit, ok := n.(*ast.CompositeLit); ok {
			delete(e.keyed, lit)
		}
		return true
	})
	return files
}
