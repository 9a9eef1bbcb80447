package check

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// dropKept leaves out type declarations that say what the session already has, so that a cell that is run again keeps its types, and
// the values of them.
func (p *pass) dropKept(decls []ast.Decl) []ast.Decl {
	own := map[string]bool{} // names that the cell declares, for better or worse
	for name := range p.declared {
		own[name] = true
	}
	same := map[string]*typeRecord{}
	for _, d := range decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				own[d.Name.Name] = true
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.ValueSpec:
					for _, id := range s.Names {
						own[id.Name] = true
					}
				case *ast.TypeSpec:
					name := s.Name.Name
					own[name] = true
					if r := p.env.specs[name]; r != nil && r.text == p.text(s) && p.env.Lookup(name) == r.obj && same[name] == nil {
						same[name] = r
					}
				}
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for name, r := range same {
			for dep, obj := range r.deps {
				if p.env.Lookup(dep) != obj || own[dep] && same[dep] == nil {
					delete(same, name)
					changed = true
					break
				}
			}
		}
	}
	if len(same) == 0 {
		return decls
	}
	var out []ast.Decl
	for _, d := range decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE {
			out = append(out, d)
			continue
		}
		var rest []ast.Spec
		for _, s := range g.Specs {
			if r := same[s.(*ast.TypeSpec).Name.Name]; r != nil {
				p.kept = append(p.kept, r)
				continue
			}
			rest = append(rest, s)
		}
		if len(rest) > 0 {
			out = append(out, &ast.GenDecl{TokPos: g.TokPos, Tok: g.Tok, Lparen: g.Lparen, Specs: rest, Rparen: g.Rparen})
		}
	}
	return out
}

// text returns the words of a node of the cell, without regard to spacing.
func (p *pass) text(n ast.Node) string {
	from, ok := p.cell.Offset(n.Pos())
	to, ok2 := p.cell.Offset(n.End())
	if !ok || !ok2 || from > to {
		return ""
	}
	return strings.Join(strings.Fields(p.cell.Code[from:to]), " ")
}

// uses returns the session's objects that n mentions, by key: "x", "Point", "Point.Area".
func (p *pass) uses(n ast.Node) map[string]types.Object {
	deps := map[string]types.Object{}
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		obj := p.pkg.Info.Uses[id]
		if obj == nil || obj.Pkg() == nil || !p.env.IsCell(obj.Pkg()) {
			return true
		}
		if f, ok := obj.(*types.Func); ok {
			if f.Signature().Recv() != nil {
				deps[methodKey(f.Origin())] = f
				return true
			}
		}
		if obj.Parent() == obj.Pkg().Scope() {
			deps[obj.Name()] = obj
		}
		return true
	})
	return deps
}

// packages returns the package names that n mentions.
func (p *pass) packages(n ast.Node) map[string]string {
	var m map[string]string
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if pn, ok := p.pkg.Info.Uses[id].(*types.PkgName); ok {
				if m == nil {
					m = map[string]string{}
				}
				m[id.Name] = pn.Imported().Path()
			}
		}
		return true
	})
	return m
}
