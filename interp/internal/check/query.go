package check

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"

	"poolbook/interp/internal/split"
)

// A View is a cell that was checked to be asked about, errors and all. Nothing of it is kept.
type View struct {
	env  *Env
	cell *split.Cell
	pass *pass
}

// Look checks code without making it part of the session; nil when it cannot be parsed.
func (e *Env) Look(code string) *View {
	cell, errs := split.Parse(e.Fset, "cell", code)
	if len(errs) > 0 {
		return nil
	}
	p := e.newPass(cell, 0)
	p.run()
	return &View{e, cell, p}
}

// Close takes back what checking changed.
func (v *View) Close() { v.pass.undo() }

// walk visits the syntax of the cell.
func (v *View) walk(f func(ast.Node) bool) {
	ast.Inspect(v.cell.Decls, f)
	for _, s := range v.cell.Body {
		ast.Inspect(s, f)
	}
	for _, e := range v.cell.Final {
		ast.Inspect(e, f)
	}
}

// Operand returns what stands before a dot at the byte offset: a package, or the type of the expression that ends there.
func (v *View) Operand(offset int) (pkg *types.Package, t types.Type) {
	var best ast.Expr
	v.walk(func(n ast.Node) bool {
		switch n.(type) {
		case *ast.Ident, *ast.SelectorExpr, *ast.CallExpr, *ast.IndexExpr, *ast.ParenExpr, *ast.TypeAssertExpr, *ast.CompositeLit, *ast.BasicLit:
			e := n.(ast.Expr)
			if end, ok := v.cell.Offset(e.End()); ok && end == offset && (best == nil || e.Pos() < best.Pos()) {
				best = e
			}
		}
		return true
	})
	if best == nil {
		return nil, nil
	}
	if id, ok := best.(*ast.Ident); ok {
		if pn, ok := v.pass.pkg.Info.Uses[id].(*types.PkgName); ok {
			return pn.Imported(), nil
		}
		// A name that nothing selects from yet is no import for the pass.
		if v.pass.pkg.Info.Uses[id] == nil {
			for _, path := range v.env.ByName(id.Name) {
				if pkg, err := v.env.imp.Import(path); err == nil {
					return pkg, nil
				}
			}
		}
	}
	return nil, v.pass.pkg.Info.TypeOf(best)
}

// Locals returns the names of the cell that can be used at the byte offset.
func (v *View) Locals(offset int) map[string]types.Object {
	names := map[string]types.Object{}
	for n, s := range v.pass.pkg.Info.Scopes {
		if _, isFile := n.(*ast.File); isFile || s == nil {
			continue
		}
		if t, ok := n.(*ast.FuncType); ok { // its scope is the whole function's
			if !v.inFunc(t, offset) {
				continue
			}
		} else {
			from, ok := v.cell.Offset(n.Pos())
			to, ok2 := v.cell.Offset(n.End())
			if !ok || !ok2 || offset < from || offset > to {
				continue
			}
		}
		for _, name := range s.Names() {
			names[name] = s.Lookup(name)
		}
	}
	scope := v.pass.pkg.Types.Scope()
	for _, name := range scope.Names() {
		if !strings.Contains(name, "·") && names[name] == nil {
			names[name] = scope.Lookup(name)
		}
	}
	return names
}

func (v *View) inFunc(t *ast.FuncType, offset int) bool {
	in := false
	v.walk(func(n ast.Node) bool {
		var end token.Pos
		switch f := n.(type) {
		case *ast.FuncDecl:
			if f.Type == t {
				end = f.End()
			}
		case *ast.FuncLit:
			if f.Type == t {
				end = f.End()
			}
		}
		if end.IsValid() {
			from, _ := v.cell.Offset(t.Pos())
			to, _ := v.cell.Offset(end)
			in = in || from <= offset && offset <= to
		}
		return true
	})
	return in
}

// ObjectAt returns what the identifier at the byte offset means.
func (v *View) ObjectAt(offset int) types.Object {
	var obj types.Object
	v.walk(func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || obj != nil {
			return obj == nil
		}
		from, ok := v.cell.Offset(id.Pos())
		if ok && from <= offset && offset <= from+len(id.Name) {
			if o := v.pass.pkg.Info.Uses[id]; o != nil {
				obj = o
			} else if o := v.pass.pkg.Info.Defs[id]; o != nil {
				obj = o
			} else if sel := v.selection(id); sel != nil {
				obj = sel
			} else if paths := v.env.ByName(id.Name); len(paths) > 0 {
				if pkg, err := v.env.imp.Import(paths[0]); err == nil {
					obj = types.NewPkgName(token.NoPos, v.pass.pkg.Types, id.Name, pkg)
				}
			}
		}
		return obj == nil
	})
	return obj
}

func (v *View) selection(id *ast.Ident) types.Object {
	for sel, s := range v.pass.pkg.Info.Selections {
		if sel.Sel == id {
			return s.Obj()
		}
	}
	return nil
}

// Doc returns the comment before the declaration of a cell's function or type.
func (e *Env) Doc(obj types.Object) string {
	c := e.files[e.Fset.File(obj.Pos())]
	if c == nil {
		return ""
	}
	off, ok := c.Offset(obj.Pos())
	if !ok {
		return ""
	}
	lines := strings.Split(c.Code[:off], "\n")
	lines = lines[:len(lines)-1]
	var doc []string
	for _, l := range slices.Backward(lines) {
		text, ok := strings.CutPrefix(strings.TrimSpace(l), "//")
		if !ok {
			break
		}
		doc = append(doc, strings.TrimPrefix(text, " "))
	}
	slices.Reverse(doc)
	return strings.Join(doc, "\n")
}

// ObjectString writes an object as a cell would declare it.
func (e *Env) ObjectString(obj types.Object) string {
	s := e.clean(types.ObjectString(obj, e.Qualify), nil)
	return mainDot().ReplaceAllString(s, "$1")
}

// Packages returns the names that cells may use for packages without importing them.
func (e *Env) Packages() []string {
	m := e.Imports()
	return slices.Sorted(maps.Keys(m))
}
