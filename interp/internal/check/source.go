package check

import (
	"go/ast"
	"go/token"
	"go/types"
)

// Decl returns the syntax that declares a function, method or type of a committed cell or program: *ast.FuncDecl or *ast.TypeSpec. Types declared
// in functions are found too.
func (e *Env) Decl(obj types.Object) (ast.Node, *Package, bool) {
	p := e.cells[obj.Pkg()]
	if p == nil {
		return nil, nil, false
	}
	if n := e.decls[obj]; n != nil {
		return n, p, true
	}
	for id, def := range p.Info.Defs {
		if def == obj {
			if spec := e.specAt(p, id); spec != nil {
				return spec, p, true
			}
		}
	}
	return nil, nil, false
}

// specAt finds the type declaration of a name in the syntax of a cell.
func (e *Env) specAt(p *Package, id *ast.Ident) ast.Node {
	var spec *ast.TypeSpec
	find := func(n ast.Node) bool {
		if s, ok := n.(*ast.TypeSpec); ok && s.Name == id {
			spec = s
		}
		return spec == nil
	}
	for _, f := range p.files {
		ast.Inspect(f, find)
	}
	if c := p.Source; c != nil {
		ast.Inspect(c.Decls, find)
		for _, s := range c.Body {
			ast.Inspect(s, find)
		}
		for _, x := range c.Final {
			ast.Inspect(x, find)
		}
	}
	for _, n := range e.decls { // functions of other cells that were checked again
		if spec != nil {
			return spec
		}
		if f, ok := n.(*ast.FuncDecl); ok && f.Pos() <= id.Pos() && id.Pos() < f.End() {
			ast.Inspect(f, find)
		}
	}
	if spec == nil {
		return nil
	}
	return spec
}

// Latest returns the function that took f's place, f itself when none did.
func (e *Env) Latest(f *types.Func) *types.Func {
	for e.latest[f] != nil && e.latest[f] != f {
		f = e.latest[f]
	}
	return f
}

// VarID identifies a session variable: a variable declared again with the same type keeps its ID.
func (e *Env) VarID(v *types.Var) string { return e.varIDs[v] }

// programText is a file of a program.
type programText struct {
	code     string
	oldLoops bool // its loops have one variable for all rounds, as before Go 1.22
}

// OldLoops reports whether the loops at pos have one variable for all rounds.
func (e *Env) OldLoops(pos token.Pos) bool { return e.texts[e.Fset.File(pos)].oldLoops }

// Text returns a piece of the source of a cell or program and its position there.
func (e *Env) Text(from, to token.Pos) (string, token.Position, bool) {
	tf := e.Fset.File(from)
	if text, ok := e.texts[tf]; ok {
		if to < from || e.Fset.File(to) != tf {
			return "", token.Position{}, false
		}
		return text.code[tf.Offset(from):tf.Offset(to)], e.Fset.Position(from), true
	}
	c := e.files[tf]
	if c == nil {
		return "", token.Position{}, false
	}
	a, ok := c.Offset(from)
	b, ok2 := c.Offset(to)
	if !ok || !ok2 || a > b {
		return "", token.Position{}, false
	}
	return c.Code[a:b], e.Fset.Position(from), true
}

// InfoOf returns the type information of a cell; nil for other packages.
func (e *Env) InfoOf(p *types.Package) *types.Info {
	if c := e.cells[p]; c != nil {
		return c.Info
	}
	return nil
}
