package check

import (
	"go/ast"
	"go/scanner"
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
	base int // of the first file that belongs to the view
}

// lookName is what positions in a view's files call the cell.
const lookName = "cell"

// Look checks code without making it part of the session. When it cannot be parsed there is no view, but the errors.
func (e *Env) Look(code string) (*View, []*split.Error) {
	v := &View{env: e, base: e.Fset.Base()}
	cell, errs := split.Parse(e.Fset, lookName, code)
	if len(errs) > 0 {
		v.removeFiles()
		return nil, errs
	}
	v.cell, v.pass = cell, e.newPass(cell, 0)
	v.pass.lenient = true
	v.pass.run()
	return v, nil
}

// Close takes back what checking changed.
func (v *View) Close() {
	v.pass.undo()
	v.removeFiles()
}

// Grows reports whether the code has methods of earlier types: until Close they have them.
func (v *View) Grows() bool { return len(v.pass.adopt) > 0 }

// removeFiles forgets the view's files: there is a view for each key that a user types.
func (v *View) removeFiles() {
	var own []*token.File
	for f := range v.env.Fset.Iterate {
		if f.Base() >= v.base && f.Name() == lookName {
			own = append(own, f)
		}
	}
	for _, f := range own {
		v.env.Fset.RemoveFile(f)
	}
}

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

// spans reports whether the byte offset is in n or at its end.
func (v *View) spans(n ast.Node, offset int) bool {
	from, ok := v.cell.Offset(n.Pos())
	to, ok2 := v.cell.Offset(n.End())
	return ok && ok2 && from <= offset && offset <= to
}

// path returns the nodes around the byte offset, the innermost first.
func (v *View) path(offset int) []ast.Node {
	var nodes []ast.Node
	v.walk(func(n ast.Node) bool {
		if n == nil {
			return false
		}
		if _, file := n.(*ast.File); !file && !v.spans(n, offset) {
			return false
		}
		nodes = append(nodes, n)
		return true
	})
	slices.Reverse(nodes)
	return nodes
}

// Locals returns the names of the cell that can be used at the byte offset. Local tells which of them are declared inside the function
// or the block around it.
func (v *View) Locals(offset int) (names map[string]types.Object, local map[string]bool) {
	names, local = map[string]types.Object{}, map[string]bool{}
	for n, s := range v.pass.pkg.Info.Scopes {
		if _, isFile := n.(*ast.File); isFile || s == nil {
			continue
		}
		if t, ok := n.(*ast.FuncType); ok { // its scope is the whole function's
			if !v.inFunc(t, offset) {
				continue
			}
		} else if !v.spans(n, offset) {
			continue
		}
		for _, name := range s.Names() {
			obj := s.Lookup(name)
			if at, ok := v.cell.Offset(obj.Pos()); ok && at > offset {
				continue // it is declared after the place
			}
			if old := names[name]; old == nil || old.Pos() < obj.Pos() { // the inner one
				names[name], local[name] = obj, true
			}
		}
	}
	scope := v.pass.pkg.Types.Scope()
	for _, name := range scope.Names() {
		if !strings.Contains(name, "·") && names[name] == nil {
			names[name] = scope.Lookup(name)
		}
	}
	for _, n := range v.path(offset) { // what the statement around the place declares cannot be used in it
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, e := range n.Lhs {
					v.without(names, e)
				}
			}
		case *ast.ValueSpec:
			for _, id := range n.Names {
				v.without(names, id)
			}
		case *ast.BlockStmt:
			return names, local
		}
	}
	return names, local
}

// without removes the name of e if it is e that declares it.
func (v *View) without(names map[string]types.Object, e ast.Expr) {
	if id, ok := e.(*ast.Ident); ok && names[id.Name] != nil && names[id.Name].Pos() == id.Pos() {
		delete(names, id.Name)
	}
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
	for _, n := range v.path(offset) {
		id, ok := n.(*ast.Ident)
		if !ok {
			continue
		}
		info := v.pass.pkg.Info
		if o := info.Uses[id]; o != nil {
			return o
		}
		if o := info.Defs[id]; o != nil {
			return o
		}
		if sel := v.selection(id); sel != nil {
			return sel
		}
		if pkgs := v.packagesNamed(id); len(pkgs) > 0 {
			return types.NewPkgName(token.NoPos, v.pass.pkg.Types, id.Name, pkgs[0])
		}
	}
	return nil
}

// selection is what the name behind a dot means, also a method of the pointer where the value has no address.
func (v *View) selection(id *ast.Ident) types.Object {
	info := v.pass.pkg.Info
	var obj types.Object
	v.walk(func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || sel.Sel != id {
			return obj == nil
		}
		if s := info.Selections[sel]; s != nil {
			obj = s.Obj()
		} else if t := v.typeOf(sel.X); t != nil {
			obj, _, _ = types.LookupFieldOrMethod(t, true, v.pass.pkg.Types, id.Name)
		}
		return false
	})
	return obj
}

// packagesNamed returns the packages that id may mean: the one that it is, or, when it means nothing, all of that name.
func (v *View) packagesNamed(id *ast.Ident) []*types.Package {
	if pn, ok := v.pass.pkg.Info.Uses[id].(*types.PkgName); ok {
		if v.imports(id.Name) {
			return []*types.Package{pn.Imported()}
		}
	} else if v.pass.pkg.Info.Uses[id] != nil {
		return nil
	}
	var list []*types.Package
	for _, path := range v.env.ByName(id.Name) {
		if pkg, err := v.env.imp.Import(path); err == nil {
			list = append(list, pkg)
		}
	}
	return list
}

// imports reports whether the cell or an earlier one has chosen the package of that name.
func (v *View) imports(name string) bool {
	if v.env.imports[name] != "" || v.env.preload[name] != "" {
		return true
	}
	return slices.ContainsFunc(v.cell.Decls.Imports, func(s *ast.ImportSpec) bool { return v.pass.importName(s) == name })
}

// Doc returns the comment before the declaration of a cell's function, type, field or variable.
func (e *Env) Doc(obj types.Object) string {
	c := e.files[e.Fset.File(obj.Pos())]
	if c == nil {
		return ""
	}
	return docOf(c, obj)
}

// Doc is [Env.Doc] for what the cell of the view itself declares.
func (v *View) Doc(obj types.Object) string {
	if slices.Contains(v.cell.Files(), v.env.Fset.File(obj.Pos())) {
		return docOf(v.cell, obj)
	}
	return ""
}

// docOf is the comment in the lines before a declaration, or that behind it when it is a field, a variable or a constant.
func docOf(c *split.Cell, obj types.Object) string {
	off, ok := c.Offset(obj.Pos())
	if !ok {
		return ""
	}
	if doc := docBefore(c.Code[:off]); doc != "" {
		return doc
	}
	switch obj.(type) {
	case *types.Var, *types.Const:
		rest, _, _ := strings.Cut(c.Code[off:], "\n")
		return docBehind(rest)
	}
	return ""
}

// docBehind is the comment that ends a line, unless it is the first line of a block.
func docBehind(line string) string {
	var sc scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(line))
	sc.Init(file, []byte(line), nil, scanner.ScanComments)
	for last := token.ILLEGAL; ; {
		switch _, tok, lit := sc.Scan(); tok {
		case token.EOF:
			return ""
		case token.COMMENT:
			if text, ok := strings.CutPrefix(lit, "//"); ok && last != token.LBRACE && last != token.LPAREN {
				return strings.TrimSpace(text)
			}
		case token.SEMICOLON: // the scanner's own, at the end of the line
		default:
			last = tok
		}
	}
}

func docBefore(code string) string {
	lines := strings.Split(code, "\n")
	lines = lines[:len(lines)-1]
	if n := len(lines); n > 0 && strings.HasSuffix(strings.TrimSpace(lines[n-1]), "*/") {
		before := strings.Join(lines, "\n")
		if open := strings.LastIndex(before, "/*"); open >= 0 {
			return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(before[open+2:]), "*/"))
		}
	}
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

// SourceOf returns the text of the declaration of a cell's function, method, type, constant or variable, "" if there is none.
func (e *Env) SourceOf(obj types.Object) string {
	if c := e.files[e.Fset.File(obj.Pos())]; c != nil {
		return sourceAt(c, obj.Pos())
	}
	return ""
}

// SourceOf is [Env.SourceOf] for what the cell of the view itself declares.
func (v *View) SourceOf(obj types.Object) string {
	if slices.Contains(v.cell.Files(), v.env.Fset.File(obj.Pos())) {
		return sourceAt(v.cell, obj.Pos())
	}
	return ""
}

// sourceAt returns the text of the top-level declaration or statement around pos.
func sourceAt(c *split.Cell, pos token.Pos) string {
	off, ok := c.Offset(pos)
	if !ok {
		return ""
	}
	for _, p := range c.Pieces {
		if p.Start <= off && off < p.End {
			return strings.TrimSpace(c.Code[p.Start:p.End])
		}
	}
	return ""
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
