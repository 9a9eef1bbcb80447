package check

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// implicitImports returns imports for the package names that the cell uses and does not import. explicit are those it imports.
func (p *pass) implicitImports(explicit map[string]bool) []ast.Decl {
	var (
		need = map[string]string{} // name → path
		sel  map[string][]string
	)
	find := func(name, base string) {
		if need[name] != "" {
			return
		}
		if path := p.env.imports[base]; path != "" {
			need[name] = path
			if p.env.guessed[base] {
				if sel == nil {
					sel = p.selectors()
				}
				if !p.has(path, sel[name]) {
					if other := p.guess(base, sel[name]); p.has(other, sel[name]) {
						need[name] = other
					}
				}
			}
			return
		}
		if path := p.env.preload[base]; path != "" {
			need[name] = path
			return
		}
		if sel == nil {
			sel = p.selectors()
		}
		if len(sel[name]) > 0 {
			if path := p.guess(base, sel[name]); path != "" {
				need[name] = path
			}
		}
	}
	look := func(ids []*ast.Ident) {
		for _, id := range ids {
			if base, ok := strings.CutSuffix(id.Name, "·"); ok {
				if p.aliases[id.Name] == nil {
					find(id.Name, base)
				}
				continue
			}
			if p.declared[id.Name] || explicit[id.Name] || p.env.names[id.Name] != nil || types.Universe.Lookup(id.Name) != nil {
				continue
			}
			find(id.Name, id.Name)
		}
	}
	look(p.cell.Decls.Unresolved)
	look(p.cell.Unresolved)
	for _, e := range p.cell.Final {
		var ids []*ast.Ident
		ast.Inspect(e, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if id, ok := s.X.(*ast.Ident); ok {
					ids = append(ids, id)
				}
			}
			return true
		})
		look(ids)
	}
	for _, r := range p.carried {
		for name, path := range r.imports {
			if need[name] == "" && !explicit[name] && !p.declared[name] {
				need[name] = path
			}
		}
	}
	var decls []ast.Decl
	add := func(name, path string) {
		spec := &ast.ImportSpec{Name: ast.NewIdent(name), Path: &ast.BasicLit{Kind: token.STRING, Value: strconv.Quote(path)}}
		decls = append(decls, &ast.GenDecl{Tok: token.IMPORT, Specs: []ast.Spec{spec}})
	}
	for _, name := range slices.Sorted(maps.Keys(need)) {
		add(name, need[name])
	}
	for _, path := range p.env.dots {
		add(".", path)
	}
	return decls
}

// guess chooses among the packages of a name the first that has all that the cell selects from it.
func (p *pass) guess(name string, members []string) string {
	if f, ok := p.env.imp.(interface {
		Find(name string, members ...string) (path string, ok bool)
	}); ok { // finds out without reading packages
		if path, ok := f.Find(name, members...); ok {
			return path
		}
	}
	paths := p.env.imp.ByName(name)
	for _, path := range paths {
		if p.has(path, members) {
			return path
		}
	}
	if len(paths) > 0 {
		return paths[0]
	}
	return ""
}

// has reports whether the package of a path has all those members.
func (p *pass) has(path string, members []string) bool {
	pkg, err := p.env.imp.Import(path)
	return err == nil && !slices.ContainsFunc(members, func(m string) bool { return pkg.Scope().Lookup(m) == nil })
}
