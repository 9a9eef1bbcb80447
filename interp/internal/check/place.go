package check

import (
	"go/ast"
	"go/token"
	"go/types"
)

// Placeholder is the identifier that stands at the cursor in code that is looked at for completion.
const Placeholder = "poolbookǃcursor" // the mark is a letter that nobody types

// Place says what may stand at the placeholder.
type Place struct {
	// Packages and Operand are set behind a dot: the packages that the name before it may mean, or the type before it.
	Packages []*types.Package
	Operand  types.Type
	Member   bool // behind a dot, known or not
	Method   bool // behind the dot of a type: only the methods that it has itself

	// Labels are those that a break, continue or goto may name; Label tells that there can be nothing else.
	Labels []string
	Label  bool

	// Fields may be the key of an element of a composite literal. Keyed tells that only a field can stand here.
	Fields []*types.Var
	Keyed  bool

	// Want is the type that a value should have here, nil if that cannot be told. Type tells that a type is wanted.
	Want types.Type
	Type bool
	// Declares tells that a new name is written here.
	Declares bool
}

// Place finds out what may stand at the placeholder, which is at the byte offset.
func (v *View) Place(offset int) Place {
	path := v.path(offset + 1) // inside of it: nothing else can be there
	for i, n := range path {
		if id, ok := n.(*ast.Ident); ok && id.Name == Placeholder {
			return v.place(id, path[i+1:])
		}
	}
	return Place{}
}

// place looks at the nodes around the placeholder, the innermost first.
func (v *View) place(id *ast.Ident, around []ast.Node) Place {
	var child ast.Node = id
	for i, n := range around {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.Sel == child {
				return v.member(n)
			}
		case *ast.BranchStmt:
			return Place{Label: true, Labels: v.labels(n, around)}
		case *ast.LabeledStmt:
			if n.Label == child {
				return Place{Declares: true}
			}
		case *ast.FuncDecl:
			return Place{Declares: n.Name == child}
		case *ast.TypeSpec:
			return Place{Declares: n.Name == child, Type: n.Type == child}
		case *ast.Field:
			return Place{Type: n.Type == child}
		case *ast.ArrayType, *ast.MapType, *ast.ChanType, *ast.StructType, *ast.InterfaceType, *ast.FuncType:
			return Place{Type: true}
		case *ast.StarExpr, *ast.ParenExpr, *ast.Ellipsis:
			child = n
			continue
		case *ast.KeyValueExpr:
			if lit, ok := after(around, i).(*ast.CompositeLit); ok {
				if n.Key == child {
					return v.key(lit, true)
				}
				return v.element(lit, n)
			}
		case *ast.CompositeLit:
			if n.Type == child {
				return Place{Type: true}
			}
			return v.key(n, false)
		case ast.Expr:
			return Place{Want: v.operand(n, child)}
		case ast.Stmt:
			p := Place{Want: v.inStatement(n, child, around[i:])}
			if a, ok := n.(*ast.AssignStmt); ok && a.Tok == token.DEFINE {
				for _, l := range a.Lhs {
					p.Declares = p.Declares || l == child
				}
			}
			return p
		case *ast.ValueSpec:
			return v.inSpec(n, child)
		}
		child = n
	}
	return Place{}
}

func after(nodes []ast.Node, i int) ast.Node {
	if i+1 < len(nodes) {
		return nodes[i+1]
	}
	return nil
}

// member is the place behind a dot.
func (v *View) member(sel *ast.SelectorExpr) Place {
	if id, ok := ast.Unparen(sel.X).(*ast.Ident); ok {
		if pkgs := v.packagesNamed(id); len(pkgs) > 0 {
			return Place{Member: true, Packages: pkgs}
		}
	}
	return Place{Member: true, Operand: v.typeOf(sel.X), Method: v.pass.pkg.Info.Types[sel.X].IsType()}
}

// typeOf is the type of an expression, nil if it has none or an unknown one.
func (v *View) typeOf(e ast.Expr) types.Type {
	t := v.pass.pkg.Info.TypeOf(e)
	if b, ok := t.(*types.Basic); t == nil || ok && b.Kind() == types.Invalid {
		return nil
	}
	return t
}

// labels returns the labels that a branch statement may name.
func (v *View) labels(branch *ast.BranchStmt, around []ast.Node) []string {
	var names []string
	if branch.Tok != token.GOTO { // those of the statements around it
		for _, n := range around {
			switch n := n.(type) {
			case *ast.LabeledStmt:
				names = append(names, n.Label.Name)
			case *ast.FuncLit, *ast.FuncDecl:
				return names
			}
		}
		return names
	}
	collect := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.LabeledStmt:
			names = append(names, n.Label.Name)
		case *ast.FuncLit:
			return false
		}
		return true
	}
	for _, n := range around {
		switch n := n.(type) {
		case *ast.FuncLit:
			ast.Inspect(n.Body, collect)
			return names
		case *ast.FuncDecl:
			ast.Inspect(n.Body, collect)
			return names
		}
	}
	for _, s := range v.cell.Body {
		ast.Inspect(s, collect)
	}
	return names
}

// key is the place of an element of a literal, or of its key.
func (v *View) key(lit *ast.CompositeLit, hasValue bool) Place {
	t := v.typeOf(lit)
	if t == nil {
		return Place{}
	}
	if p, ok := t.Underlying().(*types.Pointer); ok { // &T left out in a slice of pointers
		t = p.Elem()
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		p := Place{Keyed: hasValue}
		used, unkeyed := map[string]bool{}, 0
		for _, e := range lit.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				if id, ok := kv.Key.(*ast.Ident); ok && id.Name != Placeholder {
					used[id.Name] = true
					p.Keyed = true
				}
			} else if id, ok := e.(*ast.Ident); !ok || id.Name != Placeholder {
				unkeyed++
			}
		}
		if unkeyed > 0 && !p.Keyed { // values in order
			if unkeyed < u.NumFields() {
				p.Want = u.Field(unkeyed).Type()
			}
			return p
		}
		for f := range u.Fields() {
			if !used[f.Name()] && (f.Exported() || v.env.IsCell(f.Pkg()) || f.Pkg() == v.pass.pkg.Types) {
				p.Fields = append(p.Fields, f)
			}
		}
		if !p.Keyed && u.NumFields() > 0 {
			p.Want = u.Field(0).Type()
		}
		return p
	case *types.Map:
		return Place{Want: u.Key()}
	case *types.Slice:
		return Place{Want: u.Elem()}
	case *types.Array:
		return Place{Want: u.Elem()}
	}
	return Place{}
}

// element is the place of a value behind a key.
func (v *View) element(lit *ast.CompositeLit, kv *ast.KeyValueExpr) Place {
	t := v.typeOf(lit)
	if t == nil {
		return Place{}
	}
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		if id, ok := kv.Key.(*ast.Ident); ok {
			for f := range u.Fields() {
				if f.Name() == id.Name {
					return Place{Want: f.Type()}
				}
			}
		}
	case *types.Map:
		return Place{Want: u.Elem()}
	case *types.Slice:
		return Place{Want: u.Elem()}
	case *types.Array:
		return Place{Want: u.Elem()}
	}
	return Place{}
}

// operand is the type wanted for a part of an expression.
func (v *View) operand(e ast.Expr, child ast.Node) types.Type {
	switch e := e.(type) {
	case *ast.CallExpr:
		sig, ok := underlying(v.typeOf(e.Fun)).(*types.Signature)
		if !ok {
			return nil
		}
		for i, a := range e.Args {
			if a != child {
				continue
			}
			last := sig.Params().Len() - 1
			if sig.Variadic() && i >= last {
				if s, ok := sig.Params().At(last).Type().(*types.Slice); ok {
					return s.Elem()
				}
			}
			if i <= last {
				return sig.Params().At(i).Type()
			}
		}
	case *ast.BinaryExpr:
		if e.Op == token.LAND || e.Op == token.LOR {
			return types.Typ[types.Bool]
		}
		if e.X == child {
			return v.typeOf(e.Y)
		}
		return v.typeOf(e.X)
	case *ast.UnaryExpr:
		if e.Op == token.NOT {
			return types.Typ[types.Bool]
		}
	case *ast.IndexExpr:
		if m, ok := underlying(v.typeOf(e.X)).(*types.Map); ok && e.Index == child {
			return m.Key()
		}
		if e.Index == child {
			return types.Typ[types.Int]
		}
	case *ast.SliceExpr:
		if e.X != child {
			return types.Typ[types.Int]
		}
	}
	return nil
}

func underlying(t types.Type) types.Type {
	if t == nil {
		return nil
	}
	return t.Underlying()
}

// inStatement is the type wanted for an expression that stands in a statement; around begins with it.
func (v *View) inStatement(s ast.Stmt, child ast.Node, around []ast.Node) types.Type {
	switch s := s.(type) {
	case *ast.AssignStmt:
		for i, r := range s.Rhs {
			if r == child && len(s.Lhs) == len(s.Rhs) && s.Tok != token.DEFINE {
				return v.typeOf(s.Lhs[i])
			}
		}
	case *ast.ReturnStmt:
		sig := v.signature(around)
		for i, r := range s.Results {
			if r == child && sig != nil && i < sig.Results().Len() {
				return sig.Results().At(i).Type()
			}
		}
	case *ast.SendStmt:
		if ch, ok := underlying(v.typeOf(s.Chan)).(*types.Chan); ok && s.Value == child {
			return ch.Elem()
		}
	case *ast.IfStmt:
		if s.Cond == child {
			return types.Typ[types.Bool]
		}
	case *ast.ForStmt:
		if s.Cond == child {
			return types.Typ[types.Bool]
		}
	case *ast.CaseClause:
		for _, n := range around {
			if sw, ok := n.(*ast.SwitchStmt); ok && sw.Tag != nil {
				return v.typeOf(sw.Tag)
			}
		}
	}
	return nil
}

// signature is that of the function around the place, nil outside of functions.
func (v *View) signature(around []ast.Node) *types.Signature {
	for _, n := range around {
		switch n := n.(type) {
		case *ast.FuncLit:
			sig, _ := v.typeOf(n).(*types.Signature)
			return sig
		case *ast.FuncDecl:
			if f, ok := v.pass.pkg.Info.Defs[n.Name].(*types.Func); ok {
				return f.Signature()
			}
		}
	}
	return nil
}

func (v *View) inSpec(s *ast.ValueSpec, child ast.Node) Place {
	if s.Type == child {
		return Place{Type: true}
	}
	for _, n := range s.Names {
		if n == child {
			return Place{Declares: true}
		}
	}
	if s.Type != nil {
		return Place{Want: v.typeOf(s.Type)}
	}
	return Place{}
}
