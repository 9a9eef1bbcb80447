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

// Pinned reports whether a cell stays for good: its types, their methods and generic functions are known to the program in ways that nothing
// can look through.
func (c *Checked) Pinned() bool {
	if c.Source == nil || len(c.Grown)+len(c.adopted) > 0 {
		return true
	}
	pinned := false
	ast.Inspect(c.Files[0], func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeSpec, *ast.StructType, *ast.InterfaceType:
			pinned = true
		case *ast.FuncDecl:
			pinned = pinned || n.Recv != nil || n.Type.TypeParams != nil
		}
		return !pinned
	})
	return pinned
}

// Mentions returns the packages of other cells that code of the cell names which may run after the cell: that of functions and literals. With
// statements, that of the cell's own statements too.
func (c *Checked) Mentions(statements bool) []*types.Package {
	seen := map[*types.Package]bool{c.Types: true}
	var list []*types.Package
	add := func(p *types.Package) {
		if p != nil && !seen[p] && c.env.IsCell(p) {
			seen[p] = true
			list = append(list, p)
		}
	}
	for _, r := range c.carried {
		add(r.pkg.Types) // it has their text
	}
	names := func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if obj := c.Info.Uses[id]; obj != nil {
				add(obj.Pkg())
			}
		}
		return true
	}
	for _, d := range c.Files[0].Decls {
		if f, ok := d.(*ast.FuncDecl); !statements && ok && f.Recv == nil && (f.Name.Name == Entry || f.Name.Name == VarsFunc) {
			ast.Inspect(f, func(n ast.Node) bool {
				later := false
				switch n := n.(type) {
				case *ast.FuncLit, *ast.GoStmt:
					later = true
				case *ast.RangeStmt: // the body of a loop over a function is one as well
					if t := c.Info.TypeOf(n.X); t != nil {
						_, later = t.Underlying().(*types.Signature)
					}
				}
				if later {
					ast.Inspect(n, names)
				}
				return !later
			})
			continue
		}
		ast.Inspect(d, names)
	}
	return list
}

// Needed calls yield with the packages of cells that names stand for, and that functions are written in which are checked again when names
// change.
func (e *Env) Needed(yield func(*types.Package)) {
	for _, ent := range e.names {
		yield(ent.pkg.Types)
		yield(ent.obj.Pkg())
	}
	for _, r := range e.funcs {
		yield(r.pkg.Types)
		yield(r.obj.Pkg())
	}
	for _, r := range e.specs {
		yield(r.pkg.Types)
		yield(r.obj.Pkg())
	}
}

// Shorten is called before cells are released: what has the place of a function is found without those between.
func (e *Env) Shorten() {
	for f := range e.latest {
		e.latest[f] = e.Latest(f)
	}
}

// Release forgets a cell that nothing needs any more, and returns its files.
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
	scope := c.Types.Scope()
	for _, name := range scope.Names() {
		switch obj := scope.Lookup(name).(type) {
		case *types.Func:
			delete(e.decls, obj)
			delete(e.latest, obj)
		case *types.Var:
			delete(e.varIDs, obj)
		}
	}
	return files
}
