package check

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"poolbook/interp/internal/check/stdlib"
	"poolbook/interp/internal/goabi"
	"poolbook/interp/internal/pattern"
	"poolbook/interp/internal/split"
)

// pass is one run of go/types over a cell.
type pass struct {
	env     *Env
	cell    *split.Cell
	pkg     *Package
	carried []*funcRecord

	file     *ast.File
	entry    *ast.FuncDecl
	items    []*item
	declared map[string]bool // package-level names of the cell
	methods  map[string]bool // "T.m", those that the cell itself writes
	kept     []*typeRecord
	adopt    []*adopted
	result   *item

	renamed []renaming
	aliases map[string]types.Object // "x·" → the earlier x
	undoes  []func()
	lenient bool // type information is wanted whatever the errors
	diags   []Diag
	unkeyed []token.Pos // literals with unexported fields of other cells' types
}

// renaming is an identifier that means the earlier x, in a statement before the one that declares the cell's own x.
type renaming struct {
	id   *ast.Ident
	name string
}

// item is one top-level statement.
type item struct {
	stmt   ast.Stmt // without its labels
	labels []*ast.LabeledStmt
	// define is set for x, y := …: fresh are the names it declares, again those declared before in the cell.
	define *ast.AssignStmt
	again  map[int]bool
	// decl is set for var declarations.
	decl *ast.GenDecl
	// expr is the final expression.
	expr ast.Expr
	// finals are several of them.
	finals []ast.Expr
}

func (e *Env) newPass(cell *split.Cell, number int) *pass {
	e.seq++
	return &pass{
		env: e, cell: cell,
		pkg: &Package{Seq: e.seq, Cell: number, Source: cell,
			Types: types.NewPackage("main", fmt.Sprintf("main·%d", e.seq)),
			Info: &types.Info{
				Types:        map[ast.Expr]types.TypeAndValue{},
				Defs:         map[*ast.Ident]types.Object{},
				Uses:         map[*ast.Ident]types.Object{},
				Implicits:    map[ast.Node]types.Object{},
				Instances:    map[*ast.Ident]types.Instance{},
				Scopes:       map[ast.Node]*types.Scope{},
				Selections:   map[*ast.SelectorExpr]*types.Selection{},
				FileVersions: map[*ast.File]string{},
			}},
		declared: map[string]bool{}, methods: map[string]bool{}, aliases: map[string]types.Object{},
	}
}

// undo takes back what the pass changed of earlier cells.
func (p *pass) undo() {
	for _, f := range slices.Backward(p.undoes) {
		f()
	}
	p.undoes = nil
	p.env.forget(p.pkg)
}

// run assembles and checks; without diagnostics the pass's info is complete.
func (p *pass) run() (diags []Diag) {
	for try := 0; ; try++ {
		p.env.know(p.pkg)
		p.assemble()
		if len(p.diags) == 0 || p.lenient {
			p.check()
		}
		for _, r := range p.renamed {
			r.id.Name = r.name
		}
		if len(p.unkeyed) > 0 && try < 10 && p.keyLiterals() {
			fresh := p.env.newPass(p.cell, p.pkg.Cell)
			fresh.carried, fresh.lenient = p.carried, p.lenient
			p.undo()
			*p = *fresh
			continue
		}
		break
	}
	if !p.lenient {
		p.hint()
	}
	slices.SortStableFunc(p.diags, func(a, b Diag) int { return p.place(a.Pos) - p.place(b.Pos) })
	return p.diags
}

// place orders positions of the cell's two files by their offset in the cell.
func (p *pass) place(pos token.Pos) int {
	off, ok := p.cell.Offset(pos)
	if !ok {
		return -1
	}
	return off
}

func (p *pass) errorf(n ast.Node, format string, args ...any) {
	p.diags = append(p.diags, Diag{Pos: n.Pos(), End: n.End(), Msg: fmt.Sprintf(format, args...)})
}

// check runs go/types over the assembled file.
func (p *pass) check() {
	scope := p.pkg.Types.Scope()
	setScopeParent(scope, p.env.scope)
	imp := &recorder{p.env.imp, true, p.cell.Embeds}
	p.pkg.instances = types.NewContext()
	conf := types.Config{
		Context:                  p.pkg.instances,
		GoVersion:                goabi.Language,
		Importer:                 imp,
		DisableUnusedImportCheck: true,
		Error:                    p.report,
	}
	checker := types.NewChecker(&conf, p.env.Fset, p.pkg.Types, p.pkg.Info)
	for name, old := range p.aliases {
		scope.Insert(aliasOf(name, old))
	}
	for _, a := range p.adopt {
		p.hide(a)
	}
	for _, a := range p.adopt {
		scope.Insert(a.typ.Obj())
		declareType(checker, a.typ.Obj())
		defer p.makeRoom(checker, a)()
	}
	func() {
		defer func() {
			if r := recover(); r != nil {
				p.diags = append(p.diags, Diag{Pos: p.file.Package, Msg: fmt.Sprintf("the type checker failed on this cell: %v", r)})
			}
		}()
		checker.Files([]*ast.File{p.file}) // errors go to report
	}()
	p.bodies(p.file)
	for _, a := range p.adopt {
		p.settle(a)
	}
	for id, obj := range p.pkg.Info.Uses {
		if old, ok := p.aliases[obj.Name()]; ok && obj.Parent() == scope {
			p.pkg.Info.Uses[id] = old
		}
	}
}

// aliasOf makes an object that checks like old under another name.
func aliasOf(name string, old types.Object) types.Object {
	switch old := old.(type) {
	case *types.Var:
		return types.NewVar(old.Pos(), old.Pkg(), name, old.Type())
	case *types.Const:
		return types.NewConst(old.Pos(), old.Pkg(), name, old.Type(), old.Val())
	case *types.Func:
		return types.NewFunc(old.Pos(), old.Pkg(), name, old.Signature())
	default:
		return types.NewTypeName(old.Pos(), old.Pkg(), name, old.Type())
	}
}

// declaredAt finds the place of a method in the message about another one of its name, always of the same cell.
var declaredAt = pattern.New(`( already declared) at .*:(\d+):\d+$`)

// report takes go/types' complaints and drops those that a session allows.
func (p *pass) report(err error) {
	e, ok := err.(types.Error)
	if !ok {
		p.diags = append(p.diags, Diag{Msg: err.Error()})
		return
	}
	if more, ok := strings.CutPrefix(e.Msg, "\t"); ok { // goes with the message before
		if n := len(p.diags); n > 0 && p.diags[n-1].Hint == "" && strings.HasPrefix(more, "other declaration") {
			if at := p.env.Fset.Position(e.Pos); at.IsValid() {
				where := fmt.Sprintf("on line %d", at.Line)
				if at.Filename != p.env.Fset.Position(p.diags[n-1].Pos).Filename {
					where += " of " + strings.NewReplacer("[", "", "]", "").Replace(filepath.Base(at.Filename))
				}
				p.diags[n-1].Hint = fmt.Sprintf("%s is %s", p.clean(more), where)
			}
		}
		return
	}
	switch {
	case strings.Contains(e.Msg, "declared and not used"),
		strings.HasPrefix(e.Msg, "initialization cycle"),
		strings.HasPrefix(e.Msg, "cannot define new methods on non-local type") && strings.Contains(e.Msg, "main·"):
		return
	case strings.HasSuffix(e.Msg, "is not used") && p.result != nil && p.result.expr.Pos() <= e.Pos && e.Pos < p.result.expr.End():
		return
	case strings.HasPrefix(e.Msg, "implicit assignment to unexported field") && strings.Contains(e.Msg, "main·"):
		p.unkeyed = append(p.unkeyed, e.Pos)
	}
	start, end := errorRange(e)
	pos := e.Pos
	if !pos.IsValid() {
		pos = start
	}
	d := Diag{Pos: pos, Msg: declaredAt().ReplaceAllString(p.clean(e.Msg), "$1 on line $2")}
	if end > pos {
		d.End = end
	}
	p.diags = append(p.diags, d)
}

// bodies complains of functions without a body, as the compiler does: go/types lets them pass. What //go:linkname names is elsewhere.
func (p *pass) bodies(f *ast.File) {
	for _, d := range f.Decls {
		if d, ok := d.(*ast.FuncDecl); ok && d.Body == nil && !hasLinkname(f, d.Name.Name) {
			p.diags = append(p.diags, Diag{Pos: d.Name.Pos(), End: d.Name.End(), Msg: "missing function body",
				Hint: "a function's statements stand in braces, the first of which is on the line of func: func " + d.Name.Name + "() { … }"})
		}
	}
}

// hasLinkname reports whether a directive of f says that the function called name is another one's.
func hasLinkname(f *ast.File, name string) bool {
	for _, g := range f.Comments {
		for _, c := range g.List {
			if words := strings.Fields(c.Text); len(words) > 1 && words[0] == "//go:linkname" && words[1] == name {
				return true
			}
		}
	}
	return false
}

// recorder is an importer that keeps the cell's import errors short.
type recorder struct {
	Importer
	cell   bool // a cell's own imports, not those of a unit
	embeds bool // stdlib.EmbedImport is among them
}

func (r *recorder) Import(path string) (*types.Package, error) {
	if path == "C" {
		return nil, fmt.Errorf("cgo cannot be used in a notebook")
	}
	if e, ok := r.Importer.(interface {
		ImportForEmbed() (*types.Package, error)
	}); ok && path == stdlib.EmbedPath && r.embeds {
		return e.ImportForEmbed()
	}
	if h, ok := r.Importer.(interface{ Hidden(path string) error }); ok {
		if err := h.Hidden(path); err != nil && r.cell {
			return nil, err
		}
	}
	return r.Importer.Import(path)
}

// calls reports whether an expression calls a function or receives.
func (p *pass) calls(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			found = found || !p.pkg.Info.Types[n.Fun].IsType()
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		case *ast.FuncLit:
			return false
		}
		return !found
	})
	return found
}

// keyLiterals gives field names to the unkeyed literals of p.unkeyed and reports whether there were any.
//
// go/types refuses such literals when the struct is of another package, by comparing pointers, and leaves their values
// unconverted; to ignore the message would compile `Point{1, 2}` of floats into integers. A field without a name has no key: its value
// is left out, as it can never be read, unless a call computes it.
func (p *pass) keyLiterals() bool {
	at := map[token.Pos]bool{}
	for _, pos := range p.unkeyed {
		at[pos] = true
	}
	done, keep := false, false
	visit := func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok || !slices.ContainsFunc(lit.Elts, func(e ast.Expr) bool { return at[e.Pos()] || at[ast.Unparen(e).Pos()] }) {
			return true
		}
		t := p.pkg.Info.TypeOf(lit)
		if t == nil {
			return true
		}
		if ptr, ok := t.Underlying().(*types.Pointer); ok {
			t = ptr.Elem()
		}
		s, ok := t.Underlying().(*types.Struct)
		if !ok || s.NumFields() != len(lit.Elts) {
			return true
		}
		var keyed []ast.Expr
		for i, e := range lit.Elts {
			_, has := e.(*ast.KeyValueExpr)
			switch name := s.Field(i).Name(); {
			case has || name == "_" && p.calls(e):
				return true
			case name != "_":
				keyed = append(keyed, &ast.KeyValueExpr{Key: &ast.Ident{NamePos: e.Pos(), Name: name}, Colon: e.Pos(), Value: e})
			}
		}
		if keep && p.env.keyed[lit] == nil {
			p.env.keyed[lit] = lit.Elts
		}
		lit.Elts, done = keyed, true
		return true
	}
	for _, d := range p.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		keep = ok && p.cell != nil && f != p.entry // it may be checked again in a later cell
		ast.Inspect(d, visit)
	}
	return done
}

// unkey gives the literals of a function of an earlier cell back the form that keyLiterals found them in: their types may have other fields now.
func (e *Env) unkey(f *ast.FuncDecl) {
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.CompositeLit); ok && e.keyed[lit] != nil {
			lit.Elts = e.keyed[lit]
			delete(e.keyed, lit)
		}
		return true
	})
}
