package check

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"poolbook/interp/internal/goabi"
)

// finish turns the last pass into what go/ssa and the session need.
func (p *pass) finish(warnings []Diag) *Checked {
	c := &Checked{Package: p.pkg, Files: []*ast.File{p.file}, Warnings: warnings, env: p.env, carried: p.carried, kept: p.kept, adopted: p.adopt}
	scope := p.pkg.Types.Scope()
	olds := map[*types.Var]*types.Var{}
	for _, name := range scope.Names() {
		obj := scope.Lookup(name)
		if obj.Pkg() != p.pkg.Types {
			continue
		}
		var old types.Object
		if ent := p.env.names[name]; ent != nil && sameMeaning(ent.obj, obj) {
			old = ent.obj
		}
		switch obj := obj.(type) {
		case *types.Var:
			if strings.Contains(name, "·") {
				continue // only go/types needed it
			}
			v := Var{New: obj}
			v.Old, _ = old.(*types.Var)
			olds[obj] = v.Old
			c.Vars = append(c.Vars, v)
		case *types.Func:
			if f, ok := old.(*types.Func); ok {
				c.Funcs = append(c.Funcs, Replaced{f, obj})
			}
		}
	}
	for _, a := range p.adopt {
		c.Grown = append(c.Grown, Grown{a.typ, a.pos})
		c.Warnings = append(c.Warnings, p.unnoticed(a)...)
		for _, s := range a.swaps {
			if s.same {
				c.Funcs = append(c.Funcs, s.Replaced)
			}
		}
	}
	c.rewrite(p, olds)
	return c
}

// rewrite gives the file its executable form: package-level variables without values, and the statements as functions.
func (c *Checked) rewrite(p *pass, olds map[*types.Var]*types.Var) {
	var decls []ast.Decl
	main := false
	for _, d := range p.file.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			if d.Tok == token.VAR {
				continue
			}
		case *ast.FuncDecl:
			if d == p.entry {
				continue
			}
			if d.Recv == nil && d.Name.Name == "init" {
				c.Inits++
			}
			if d.Recv == nil && d.Name.Name == "main" && !slices.ContainsFunc(p.carried, func(r *funcRecord) bool { return r.decl == d }) {
				main = true
			}
		}
		decls = append(decls, d)
	}
	b := &builder{c: c, p: p}
	for _, v := range c.Vars {
		b.declare(v.New)
	}
	items := p.items
	b.sortVars(items)
	var vars, body []ast.Stmt
	leading := c.Inits > 0
	for _, it := range items {
		leading = leading && it.decl != nil
		stmts := relabel(it.labels, b.statements(it, olds))
		if leading {
			vars = append(vars, stmts...)
		} else {
			body = append(body, stmts...)
		}
	}
	if main && !b.callsMain() {
		if f, ok := c.Types.Scope().Lookup("main").(*types.Func); ok && f.Signature().Params().Len() == 0 && f.Signature().TypeParams() == nil {
			body = append(body, &ast.ExprStmt{X: b.call(f)})
		}
	}
	entry := *p.entry
	block := *p.entry.Body
	block.List = body
	entry.Body = &block
	decls = append(decls, &entry)
	if c.Inits > 0 {
		pre := entry
		preBlock := block
		preBlock.List = vars
		pre.Body = &preBlock
		pre.Name = &ast.Ident{NamePos: entry.Name.NamePos, Name: VarsFunc}
		c.Info.Defs[pre.Name] = types.NewFunc(pre.Name.NamePos, c.Types, VarsFunc, types.NewSignatureType(nil, nil, nil, nil, nil, false))
		decls = append(decls, &pre)
	}
	c.Info.InitOrder = nil
	file := *p.file
	file.Decls = append(decls, b.decls...)
	c.Files = []*ast.File{&file}
	c.Info.FileVersions[&file] = goabi.Language
}

// builder makes checked syntax: nodes together with their entries in types.Info.
type builder struct {
	c     *Checked
	p     *pass
	decls []ast.Decl
}

// declare adds a package-level variable without a value to the file.
func (b *builder) declare(v *types.Var) {
	id := &ast.Ident{NamePos: v.Pos(), Name: v.Name()}
	b.c.Info.Defs[id] = v
	b.decls = append(b.decls, &ast.GenDecl{TokPos: v.Pos(), Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{id}}}})
}

// hidden makes and declares a variable that no cell can name.
func (b *builder) hidden(pos token.Pos, name string, t types.Type) *types.Var {
	v := types.NewVar(pos, b.c.Types, name, t)
	b.declare(v)
	return v
}

func (b *builder) use(obj types.Object, pos token.Pos) *ast.Ident {
	id := &ast.Ident{NamePos: pos, Name: obj.Name()}
	b.c.Info.Uses[id] = obj
	if v, ok := obj.(*types.Var); ok {
		b.c.Info.Types[id] = types.TypeAndValue{Type: v.Type()}
	}
	return id
}

func (b *builder) call(f *types.Func) *ast.CallExpr {
	pos := b.p.entry.Body.Rbrace
	id := b.use(f, pos)
	call := &ast.CallExpr{Fun: id, Lparen: pos, Rparen: pos}
	b.c.Info.Types[id] = types.TypeAndValue{Type: f.Type()}
	b.c.Info.Types[call] = types.TypeAndValue{Type: types.NewTuple()}
	return call
}

// statements returns the executable form of a top-level statement.
func (b *builder) statements(it *item, olds map[*types.Var]*types.Var) []ast.Stmt {
	info := b.c.Info
	switch {
	case it.decl != nil:
		var list []ast.Stmt
		for _, s := range it.decl.Specs {
			list = append(list, b.varSpec(s.(*ast.ValueSpec), olds)...)
		}
		return list
	case it.define != nil:
		s := it.define
		assign := &ast.AssignStmt{TokPos: s.TokPos, Tok: token.ASSIGN, Rhs: s.Rhs}
		for _, e := range s.Lhs {
			id := e.(*ast.Ident)
			obj := info.Defs[id]
			if obj == nil {
				obj = info.Uses[id]
			}
			if obj == nil || id.Name == "_" {
				assign.Lhs = append(assign.Lhs, &ast.Ident{NamePos: id.Pos(), Name: "_"})
				continue
			}
			assign.Lhs = append(assign.Lhs, b.use(obj, id.Pos()))
		}
		return []ast.Stmt{assign}
	case it.expr != nil:
		return b.final(it)
	case it.finals != nil:
		return b.results(it.finals)
	}
	return []ast.Stmt{it.stmt}
}

func (b *builder) varSpec(s *ast.ValueSpec, olds map[*types.Var]*types.Var) []ast.Stmt {
	info := b.c.Info
	if len(s.Values) > 0 {
		assign := &ast.AssignStmt{TokPos: s.Names[0].Pos(), Tok: token.ASSIGN, Rhs: s.Values}
		for _, id := range s.Names {
			if obj := info.Defs[id]; obj != nil && id.Name != "_" {
				assign.Lhs = append(assign.Lhs, b.use(obj, id.Pos()))
			} else {
				assign.Lhs = append(assign.Lhs, &ast.Ident{NamePos: id.Pos(), Name: "_"})
			}
		}
		if blankOnly(assign.Lhs) && s.Type != nil && len(s.Values) == len(s.Names) {
			// `var _ Shape = Circle{}`: the value converted to the type, as the checker did.
			var list []ast.Stmt
			for i, id := range s.Names {
				if info.TypeOf(s.Type) == nil {
					continue
				}
				v := b.hidden(id.Pos(), fmt.Sprintf("·blank%d", len(b.decls)), info.TypeOf(s.Type))
				list = append(list, &ast.AssignStmt{Lhs: []ast.Expr{b.use(v, id.Pos())}, TokPos: id.Pos(), Tok: token.ASSIGN, Rhs: s.Values[i : i+1]})
			}
			return list
		}
		return []ast.Stmt{assign}
	}
	// A variable declared again without a value starts from zero; one with storage of its own is zero already.
	var list []ast.Stmt
	for _, id := range s.Names {
		v, ok := info.Defs[id].(*types.Var)
		if !ok || olds[v] == nil {
			continue
		}
		zero := b.hidden(id.Pos(), fmt.Sprintf("·zero%d", len(b.decls)), v.Type())
		list = append(list, &ast.AssignStmt{Lhs: []ast.Expr{b.use(v, id.Pos())}, TokPos: id.Pos(), Tok: token.ASSIGN, Rhs: []ast.Expr{b.use(zero, id.Pos())}})
	}
	return list
}

func blankOnly(list []ast.Expr) bool {
	return !slices.ContainsFunc(list, func(e ast.Expr) bool { return e.(*ast.Ident).Name != "_" })
}

// final stores the values of the cell's last expression.
func (b *builder) final(it *item) []ast.Stmt {
	t := b.c.Info.TypeOf(it.expr)
	var list []types.Type
	switch t := t.(type) {
	case nil:
	case *types.Tuple:
		if _, isCall := ast.Unparen(it.expr).(*ast.CallExpr); !isCall && t.Len() > 0 { // v, ok
			list = append(list, t.At(0).Type())
			break
		}
		for v := range t.Variables() {
			list = append(list, v.Type())
		}
	default:
		list = append(list, t)
	}
	if len(list) == 0 || b.prints(it.expr) { // a call without results, or whose results nobody wants to see
		return []ast.Stmt{&ast.ExprStmt{X: it.expr}}
	}
	return b.store([]ast.Expr{it.expr}, list)
}

// results stores the values of a list of expressions.
func (b *builder) results(exprs []ast.Expr) []ast.Stmt {
	var list []types.Type
	for _, e := range exprs {
		t := b.c.Info.TypeOf(e)
		if tuple, ok := t.(*types.Tuple); ok && tuple.Len() > 0 { // v, ok
			t = tuple.At(0).Type()
		}
		list = append(list, t)
	}
	return b.store(exprs, list)
}

// store assigns expressions to variables of the types.
func (b *builder) store(exprs []ast.Expr, list []types.Type) []ast.Stmt {
	pos := exprs[0].Pos()
	assign := &ast.AssignStmt{TokPos: pos, Tok: token.ASSIGN, Rhs: exprs}
	for i, t := range list {
		if b.p.cell.HideResult {
			assign.Lhs = append(assign.Lhs, &ast.Ident{NamePos: pos, Name: "_"})
			continue
		}
		v := b.hidden(pos, fmt.Sprintf("·result%d", i), types.Default(t))
		b.c.Results = append(b.c.Results, v)
		assign.Lhs = append(assign.Lhs, b.use(v, pos))
	}
	return []ast.Stmt{assign}
}

// prints tells whether an expression is a call of fmt.Print or one of its kin.
func (b *builder) prints(e ast.Expr) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	f, ok := b.c.Info.Uses[sel.Sel].(*types.Func)
	return ok && f.Pkg() != nil && f.Pkg().Path() == "fmt" && strings.Contains(f.Name(), "rint") && f.Signature().Results().Len() == 2
}

func (b *builder) callsMain() bool {
	main := b.c.Types.Scope().Lookup("main")
	found := false
	for _, it := range b.p.items {
		ast.Inspect(it.stmt, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && b.c.Info.Uses[id] == main {
				found = true
			}
			return !found
		})
	}
	return found
}

// sortVars puts runs of consecutive var declarations into the order of their dependencies, as a Go program has it.
func (b *builder) sortVars(items []*item) {
	if len(b.c.Info.InitOrder) < 2 {
		return
	}
	rank := map[ast.Expr]int{}
	for i, init := range b.c.Info.InitOrder {
		rank[init.Rhs] = i + 1
	}
	for i := 0; i < len(items); {
		if items[i].decl == nil {
			i++
			continue
		}
		j := i
		var specs []ast.Spec
		for ; j < len(items) && items[j].decl != nil; j++ {
			specs = append(specs, items[j].decl.Specs...)
		}
		order := func(s ast.Spec) int {
			last := 0
			for _, v := range s.(*ast.ValueSpec).Values {
				last = max(last, rank[v])
			}
			return last
		}
		sorted := slices.Clone(specs)
		slices.SortStableFunc(sorted, func(x, y ast.Spec) int { return order(x) - order(y) })
		if !slices.Equal(sorted, specs) {
			g := *items[i].decl
			g.Specs = sorted
			it := *items[i]
			it.decl = &g
			items[i] = &it
			for k := i + 1; k < j; k++ {
				empty := *items[k]
				empty.decl = &ast.GenDecl{Tok: token.VAR, TokPos: items[k].decl.TokPos}
				items[k] = &empty
			}
		}
		i = j
	}
}

// Commit makes the cell part of the session: its names are what later cells see.
func (c *Checked) Commit() {
	e := c.env
	for _, f := range c.Source.Files() {
		e.files[f] = c.Source
	}
	for _, f := range c.Funcs {
		e.latest[f.Old] = f.New
	}
	for _, a := range c.adopted {
		a.commit(e)
	}
	for _, v := range c.Vars {
		if id := e.varIDs[v.Old]; v.Old != nil && id != "" {
			e.varIDs[v.New] = id
		} else {
			e.varIDs[v.New] = fmt.Sprintf("%s#%d", v.New.Name(), c.Seq)
		}
	}
	p := &pass{env: e, pkg: c.Package, cell: c.Source}
	for _, d := range c.Files[0].Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			switch d.Tok {
			case token.IMPORT:
				c.commitImports(d)
			case token.TYPE:
				for _, s := range d.Specs {
					c.commitType(p, s.(*ast.TypeSpec))
				}
			}
		case *ast.FuncDecl:
			c.commitFunc(p, d)
		}
	}
	scope := c.Types.Scope()
	for _, name := range scope.Names() {
		obj := scope.Lookup(name)
		if obj.Pkg() != c.Types || strings.Contains(name, "·") {
			continue
		}
		if _, ok := obj.(*types.Func); !ok {
			delete(e.funcs, name)
		}
		if _, ok := obj.(*types.TypeName); !ok {
			delete(e.specs, name)
		}
		e.set(obj, c.Package)
	}
	for _, r := range c.kept {
		e.names[r.obj.Name()].pkg = c.Package
		r.pkg = c.Package
	}
}

func (c *Checked) commitImports(d *ast.GenDecl) {
	e := c.env
	for _, s := range d.Specs {
		s := s.(*ast.ImportSpec)
		var pn *types.PkgName
		if s.Name != nil {
			pn, _ = c.Info.Defs[s.Name].(*types.PkgName)
			if s.Name.Name == "." {
				path := strings.Trim(s.Path.Value, "`\"")
				if !slices.Contains(e.dots, path) {
					e.dots = append(e.dots, path)
				}
				continue
			}
		} else {
			pn, _ = c.Info.Implicits[s].(*types.PkgName)
		}
		if pn == nil || strings.HasSuffix(pn.Name(), "·") || pn.Name() == "_" {
			continue
		}
		was := e.imports[pn.Name()]
		e.imports[pn.Name()] = pn.Imported().Path()
		e.guessed[pn.Name()] = !s.Path.Pos().IsValid() && (e.guessed[pn.Name()] || was != pn.Imported().Path())
		if e.names[pn.Name()] != nil {
			delete(e.names, pn.Name())
			replaceIn(e.scope, pn.Name(), nil)
		}
	}
}

func (c *Checked) commitType(p *pass, s *ast.TypeSpec) {
	obj, ok := c.Info.Defs[s.Name].(*types.TypeName)
	if !ok {
		return
	}
	c.env.decls[obj] = s
	r := &typeRecord{spec: s, text: p.text(s), pkg: c.Package, obj: obj, deps: p.uses(s)}
	c.env.specs[obj.Name()] = r
}

func (c *Checked) commitFunc(p *pass, d *ast.FuncDecl) {
	obj, ok := c.Info.Defs[d.Name].(*types.Func)
	if !ok || d.Name.Name == "init" || d.Name.Name == "_" || strings.HasPrefix(d.Name.Name, "·") {
		return
	}
	c.env.decls[obj] = d
	r := &funcRecord{key: methodKey(obj), decl: d, pkg: c.Package, obj: obj, deps: map[string]bool{}, imports: p.packages(d)}
	for key := range p.uses(d) {
		if key != r.key {
			r.deps[key] = true
		}
	}
	if old := c.env.funcs[r.key]; old != nil && old.decl == d {
		r.pkg = old.pkg // checked again, not written again
	}
	c.env.funcs[r.key] = r
}
