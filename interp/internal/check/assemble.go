package check

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"

	"poolbook/interp/internal/check/stdlib"
	"poolbook/interp/internal/goabi"
	"poolbook/interp/internal/split"
)

// assemble makes the file that go/types checks.
func (p *pass) assemble() {
	c := p.cell
	p.file = &ast.File{Package: c.Decls.Package, Name: &ast.Ident{NamePos: c.Decls.Name.NamePos, Name: p.pkg.Types.Name()},
		FileStart: c.Decls.FileStart, FileEnd: c.Decls.FileEnd}
	p.itemise()
	explicit := map[string]bool{} // package names that the cell imports
	var imports, decls []ast.Decl
	for _, d := range c.Decls.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			imports = append(imports, g)
			for _, s := range g.Specs {
				explicit[p.importName(s.(*ast.ImportSpec))] = true
			}
			continue
		}
		decls = append(decls, d)
	}
	decls = p.dropKept(decls)
	for _, d := range decls {
		p.declareNames(d)
	}
	for _, r := range p.carried {
		decls = append(decls, r.decl)
	}
	p.receivers(decls)
	for _, it := range p.items {
		decls = append(decls, p.packageVars(it)...)
	}
	imports = append(imports, p.implicitImports(explicit)...)
	if c.Embeds {
		imports = append(imports, stdlib.EmbedImport(c.Decls.Name.End()))
	}
	p.entry = &ast.FuncDecl{
		Name: &ast.Ident{NamePos: c.BodyFile.Pos(0), Name: Entry},
		Type: &ast.FuncType{Func: c.BodyFile.Pos(0), Params: &ast.FieldList{}},
		Body: &ast.BlockStmt{Lbrace: c.BodyFile.Pos(0), List: p.checkedBody(), Rbrace: c.BodyFile.Pos(c.BodyFile.Size() - 1)},
	}
	p.file.Decls = append(append(imports, decls...), p.entry)
	for _, d := range imports {
		for _, s := range d.(*ast.GenDecl).Specs {
			p.file.Imports = append(p.file.Imports, s.(*ast.ImportSpec))
		}
	}
	p.pkg.Info.FileVersions[p.file] = goabi.Language
}

func (p *pass) importName(s *ast.ImportSpec) string {
	if s.Name != nil {
		return s.Name.Name
	}
	path, _ := strconv.Unquote(s.Path.Value)
	if pkg, err := p.env.imp.Import(path); err == nil {
		return pkg.Name()
	}
	return ""
}

// itemise sorts the statements into those that declare variables and others.
func (p *pass) itemise() {
	seen := map[string]bool{} // declared by the statements so far
	for i, stmt := range p.cell.Body {
		it := &item{stmt: stmt}
		for {
			l, ok := it.stmt.(*ast.LabeledStmt)
			if !ok {
				break
			}
			it.labels = append(it.labels, l)
			it.stmt = l.Stmt
		}
		p.items = append(p.items, it)
		switch s := it.stmt.(type) {
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE || slices.ContainsFunc(s.Lhs, func(e ast.Expr) bool { _, ok := e.(*ast.Ident); return !ok }) {
				break
			}
			if len(s.Rhs) > 1 && len(s.Lhs) != len(s.Rhs) {
				p.errorf(s, "assignment mismatch: %s but %s", plural(len(s.Lhs), "variable"), plural(len(s.Rhs), "value"))
				break
			}
			it.define, it.again = s, map[int]bool{}
			fresh := false
			for i, e := range s.Lhs {
				name := e.(*ast.Ident).Name
				switch {
				case name == "_":
				case seen[name]:
					it.again[i] = true
				default:
					fresh = true
					seen[name] = true
				}
			}
			if !fresh {
				p.diags = append(p.diags, Diag{Pos: s.TokPos, End: s.TokPos + 2, Msg: "no new variables on left side of :=",
					Hint: "to give a variable another value use = instead of :="})
			}
		case *ast.DeclStmt:
			if g, ok := s.Decl.(*ast.GenDecl); ok && g.Tok == token.VAR {
				it.decl = g
				for _, spec := range g.Specs {
					for _, id := range spec.(*ast.ValueSpec).Names {
						seen[id.Name] = true
					}
				}
			}
		case *ast.ExprStmt:
			n := len(p.cell.Pieces)
			if i == len(p.cell.Body)-1 && len(p.cell.Final) == 0 && n > 0 && p.cell.Pieces[n-1].Kind == split.Stmt {
				it.expr = s.X
				p.result = it
			}
		}
	}
	if len(p.cell.Final) > 0 {
		p.items = append(p.items, &item{stmt: &ast.EmptyStmt{Semicolon: p.cell.Final[0].Pos()}, finals: p.cell.Final})
	}
	delete(seen, "_")
	for name := range seen {
		p.declared[name] = true
	}
	p.renameEarlier(seen)
}

// renameEarlier finds identifiers that stand before the statement that declares their name, as in `x := x + 1`: they mean the earlier x.
func (p *pass) renameEarlier(own map[string]bool) {
	var vars map[string]bool // names that var declarations of this cell declare: usable before them, as at package level
	for _, id := range p.cell.Unresolved {
		if !own[id.Name] || isFieldKey(p.cell, id) {
			continue
		}
		name := id.Name
		if ent := p.env.names[name]; ent != nil {
			p.rename(id, ent.obj)
			continue
		}
		if p.env.imports[name] != "" || p.env.preload[name] != "" || len(p.env.imp.ByName(name)) > 0 {
			if p.selects(id) {
				p.rename(id, nil)
				continue
			}
		}
		if types.Universe.Lookup(name) != nil {
			p.errorf(id, "%s is used here before this cell declares a variable of that name", name)
			continue
		}
		if vars == nil {
			vars = map[string]bool{}
			for _, it := range p.items {
				if it.decl != nil {
					for _, s := range it.decl.Specs {
						for _, n := range s.(*ast.ValueSpec).Names {
							vars[n.Name] = true
						}
					}
				}
			}
		}
		if vars[name] && p.inVar(id) {
			continue
		}
		p.diags = append(p.diags, Diag{Pos: id.Pos(), End: id.End(), Msg: "undefined: " + name, Hint: "this cell declares " + name + " only later"})
	}
}

func (p *pass) rename(id *ast.Ident, old types.Object) {
	p.renamed = append(p.renamed, renaming{id, id.Name})
	id.Name += "·"
	if old != nil {
		p.aliases[id.Name] = old
	}
}

// inVar tells whether id stands in a var declaration other than the one of its own name.
func (p *pass) inVar(id *ast.Ident) bool {
	for _, it := range p.items {
		if it.decl == nil || id.Pos() < it.decl.Pos() || it.decl.End() <= id.Pos() {
			continue
		}
		for _, s := range it.decl.Specs {
			if s.Pos() <= id.Pos() && id.Pos() < s.End() {
				return !slices.ContainsFunc(s.(*ast.ValueSpec).Names, func(n *ast.Ident) bool { return n.Name == id.Name }) || inFuncLit(s, id)
			}
		}
	}
	return false
}

// inFuncLit tells whether id is in a function literal of n: it is then evaluated later than n.
func inFuncLit(n ast.Node, id *ast.Ident) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if f, ok := n.(*ast.FuncLit); ok && f.Pos() <= id.Pos() && id.Pos() < f.End() {
			found = true
		}
		return !found
	})
	return found
}

// isFieldKey tells whether id may be the key of a struct literal, which names a field whatever is in scope.
func isFieldKey(c *split.Cell, id *ast.Ident) bool {
	found := false
	for _, s := range c.Body {
		if id.Pos() < s.Pos() || s.End() <= id.Pos() {
			continue
		}
		ast.Inspect(s, func(n ast.Node) bool {
			if lit, ok := n.(*ast.CompositeLit); ok {
				for _, e := range lit.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok && kv.Key == id {
						if _, isMap := lit.Type.(*ast.MapType); !isMap {
							found = true
						}
					}
				}
			}
			return !found
		})
	}
	return found
}

// selects tells whether id is the operand of a selector: id.Name.
func (p *pass) selects(id *ast.Ident) bool {
	return len(p.selectors()[id.Name]) > 0
}

// selectors returns what the cell selects from each unresolved name: "rand" → Intn, Float64.
func (p *pass) selectors() map[string][]string {
	sel := map[string][]string{}
	visit := func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := s.X.(*ast.Ident); ok {
				sel[id.Name] = append(sel[id.Name], s.Sel.Name)
			}
		}
		return true
	}
	ast.Inspect(p.cell.Decls, visit)
	for _, s := range p.cell.Body {
		ast.Inspect(s, visit)
	}
	for _, e := range p.cell.Final {
		ast.Inspect(e, visit)
	}
	return sel
}

func (p *pass) declareNames(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			if d.Name.Name != "init" && d.Name.Name != "_" {
				p.declared[d.Name.Name] = true
			}
		} else if base := ReceiverBase(d); base != nil {
			p.methods[base.Name+"."+d.Name.Name] = true
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				p.declared[s.Name.Name] = true
			case *ast.ValueSpec:
				for _, id := range s.Names {
					p.declared[id.Name] = true
				}
			}
		}
	}
}

// ReceiverBase returns the name of a method's receiver type; nil for a function.
func ReceiverBase(d *ast.FuncDecl) *ast.Ident {
	if d.Recv == nil || len(d.Recv.List) != 1 {
		return nil
	}
	t := ast.Unparen(d.Recv.List[0].Type)
	if s, ok := t.(*ast.StarExpr); ok {
		t = ast.Unparen(s.X)
	}
	switch x := t.(type) {
	case *ast.IndexExpr:
		t = x.X
	case *ast.IndexListExpr:
		t = x.X
	}
	id, _ := t.(*ast.Ident)
	return id
}

// receivers notes the types of earlier cells that have methods among decls.
func (p *pass) receivers(decls []ast.Decl) {
	for _, d := range decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		base := ReceiverBase(f)
		if base == nil || p.declared[base.Name] {
			continue
		}
		tn, ok := p.env.Lookup(base.Name).(*types.TypeName)
		if !ok || tn.IsAlias() || !p.env.IsCell(tn.Pkg()) {
			continue
		}
		named, ok := tn.Type().(*types.Named)
		if !ok {
			continue
		}
		i := slices.IndexFunc(p.adopt, func(a *adopted) bool { return a.typ == named })
		if i < 0 {
			i = len(p.adopt)
			p.adopt = append(p.adopt, &adopted{typ: named, pos: f.Name.Pos(), methods: map[string]token.Pos{}})
		}
		if f.Name.Name != "_" {
			p.adopt[i].methods[f.Name.Name] = f.Name.Pos()
		}
	}
}

// packageVars returns the package-level form of a statement that declares variables.
func (p *pass) packageVars(it *item) []ast.Decl {
	switch {
	case it.decl != nil:
		return []ast.Decl{it.decl}
	case it.define == nil:
		return nil
	}
	s := it.define
	one := func(spec *ast.ValueSpec) ast.Decl {
		return &ast.GenDecl{TokPos: s.Pos(), Tok: token.VAR, Specs: []ast.Spec{spec}}
	}
	if len(s.Lhs) == len(s.Rhs) {
		var decls []ast.Decl
		for i := range s.Lhs {
			if !it.again[i] {
				decls = append(decls, one(&ast.ValueSpec{Names: []*ast.Ident{s.Lhs[i].(*ast.Ident)}, Values: s.Rhs[i : i+1]}))
			}
		}
		return decls
	}
	spec := &ast.ValueSpec{Values: s.Rhs}
	for i, e := range s.Lhs {
		id := e.(*ast.Ident)
		if it.again[i] {
			id = &ast.Ident{NamePos: id.NamePos, Name: p.stand(it, i)}
		}
		spec.Names = append(spec.Names, id)
	}
	return []ast.Decl{one(spec)}
}

// stand is the name of the variable that stands for a value of a call, to be assigned to a variable declared before: what messages about
// that assignment call it.
func (p *pass) stand(it *item, i int) string {
	s := it.define
	from, _ := p.cell.Offset(s.Rhs[0].Pos())
	to, _ := p.cell.Offset(s.Rhs[0].End())
	name := "a value"
	if from < to {
		name = p.cell.Code[from:to]
	}
	return name + "·" + strconv.Itoa(int(s.Pos())) + "·" + strconv.Itoa(i)
}

// checkedBody returns the statements as go/types shall see them.
func (p *pass) checkedBody() []ast.Stmt {
	var list []ast.Stmt
	for _, it := range p.items {
		var stmts []ast.Stmt
		switch {
		case it.decl != nil:
		case it.define != nil:
			s := it.define
			for i, e := range s.Lhs {
				if !it.again[i] {
					continue
				}
				rhs := ast.Expr(&ast.Ident{NamePos: s.Rhs[0].Pos(), Name: p.stand(it, i)})
				if len(s.Lhs) == len(s.Rhs) {
					rhs = s.Rhs[i]
				}
				stmts = append(stmts, &ast.AssignStmt{Lhs: []ast.Expr{e}, TokPos: s.TokPos, Tok: token.ASSIGN, Rhs: []ast.Expr{rhs}})
			}
		case it.finals != nil:
			for _, e := range it.finals {
				stmts = append(stmts, &ast.AssignStmt{Lhs: []ast.Expr{&ast.Ident{NamePos: e.Pos(), Name: "_"}}, TokPos: e.Pos(), Tok: token.ASSIGN, Rhs: []ast.Expr{e}})
			}
		case it.expr != nil && needsUse(it.expr):
			stmts = append(stmts, &ast.AssignStmt{Lhs: []ast.Expr{&ast.Ident{NamePos: it.expr.Pos(), Name: "_"}}, TokPos: it.expr.Pos(), Tok: token.ASSIGN, Rhs: []ast.Expr{it.expr}})
		default:
			stmts = append(stmts, it.stmt)
		}
		list = append(list, relabel(it.labels, stmts)...)
	}
	return list
}

// needsUse tells whether an expression is no statement: go/types gives it its final type only where its value is used.
func needsUse(e ast.Expr) bool {
	switch x := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		id, ok := ast.Unparen(x.Fun).(*ast.Ident)
		return ok && slices.Contains([]string{"min", "max", "real", "imag", "complex"}, id.Name)
	case *ast.UnaryExpr:
		return x.Op != token.ARROW
	}
	return true
}

// relabel puts the labels of a statement before what took its place.
func relabel(labels []*ast.LabeledStmt, stmts []ast.Stmt) []ast.Stmt {
	if len(labels) == 0 {
		return stmts
	}
	var first ast.Stmt
	if len(stmts) > 0 {
		first, stmts = stmts[0], stmts[1:]
	} else {
		first = &ast.EmptyStmt{Semicolon: labels[len(labels)-1].Colon, Implicit: true}
	}
	for _, l := range slices.Backward(labels) {
		first = &ast.LabeledStmt{Label: l.Label, Colon: l.Colon, Stmt: first}
	}
	return append([]ast.Stmt{first}, stmts...)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
