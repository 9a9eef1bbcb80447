package unit

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// edit replaces text.
type edit struct {
	from, to token.Pos
	text     string
}

// source returns the text of a declaration or literal with what it mentions made part of the unit.
func (m *maker) source(n ast.Node, info *types.Info, captured map[varKey]*capture, env *enclosing) text {
	var edits []edit
	selected := map[*ast.Ident]bool{}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			selected[n.Sel] = true
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					m.assigned(e, info)
				}
			}
		case *ast.IncDecStmt:
			m.assigned(n.X, info)
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				m.assigned(n.Key, info)
				m.assigned(n.Value, info)
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				m.assigned(n.X, info)
			}
		}
		return true
	})
	ast.Inspect(n, func(x ast.Node) bool {
		if spec, ok := x.(*ast.TypeSpec); ok && x != n {
			if name, ok := m.lifted(spec, n, info, env); ok {
				edits = append(edits, edit{spec.Pos(), spec.End(), spec.Name.Name + " = " + name})
				return false
			}
		}
		id, ok := x.(*ast.Ident)
		if !ok {
			return true
		}
		name := id.Name
		obj := info.Defs[id]
		if v, ok := obj.(*types.Var); ok && v.Embedded() {
			obj = nil // an embedded field: the identifier declares it, and uses its type
		}
		if obj != nil { // the declaration's own name may be another in the unit
			if now, ok := m.nameOf(obj); ok {
				name = now
			}
		} else if obj := info.Uses[id]; obj != nil {
			name = m.mention(id, obj, n, info, captured, env, selected[id])
		}
		if name != id.Name {
			edits = append(edits, edit{id.Pos(), id.End(), name})
		}
		return true
	})
	return m.apply(n, edits)
}

// mention makes what an identifier means part of the unit and returns the text to stand in its place.
func (m *maker) mention(id *ast.Ident, obj types.Object, n ast.Node, info *types.Info, captured map[varKey]*capture, env *enclosing, selected bool) string {
	if pn, ok := obj.(*types.PkgName); ok {
		return m.importName(pn.Imported())
	}
	pkg := obj.Pkg()
	if pkg == nil {
		return id.Name
	}
	switch o := obj.(type) {
	case *types.Var:
		if o.IsField() {
			return m.fieldName(o, n, env)
		}
	case *types.Func:
		if recv := o.Signature().Recv(); recv != nil {
			if types.IsInterface(recv.Type()) {
				m.current.asks[o.Name()] = true
			} else if m.s.IsCell(pkg) {
				m.current.calls[m.s.Latest(o.Origin())] = true
			}
			return id.Name
		}
	case *types.TypeName:
		if tp, ok := o.Type().(*types.TypeParam); ok {
			if env != nil {
				if t := env.subst[tp]; t != nil {
					return m.typeText(t)
				}
				if !declaredIn(n, obj) {
					refuse("a type that is declared inside a generic function cannot be sent to another process: declare it at the top level of a cell")
				}
			}
			return id.Name
		}
	}
	if obj.Parent() == pkg.Scope() || obj.Parent() == nil && m.s.IsCell(pkg) && !declaredIn(n, obj) {
		if m.s.IsCell(pkg) {
			return m.need(obj)
		}
		if !selected {
			m.dots[pkg.Path()] = true
		}
		return id.Name
	}
	if declaredIn(n, obj) || env == nil {
		if name, ok := m.nameOf(obj); ok { // see lifted
			m.current.deps[obj] = true
			return name
		}
		return id.Name
	}
	// Declared in the function around the literal.
	switch o := obj.(type) {
	case *types.Var:
		c := captured[varKey{o.Name(), o.Pos()}]
		if c == nil {
			refuse("the captured variable %s was not found", o.Name())
		}
		return c.name
	case *types.Const:
		if name, ok := m.names[obj]; ok {
			return name
		}
		return m.need(obj)
	case *types.TypeName:
		return m.localType(o, env)
	}
	return id.Name
}

func declaredIn(n ast.Node, obj types.Object) bool {
	return n.Pos() <= obj.Pos() && obj.Pos() < n.End()
}

// fieldName is the name of a field in the unit: an embedded one is called as its type is there.
func (m *maker) fieldName(v *types.Var, n ast.Node, env *enclosing) string {
	if !v.Embedded() {
		return v.Name()
	}
	t := v.Origin().Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	var obj *types.TypeName
	switch t := t.(type) {
	case *types.Alias:
		obj = t.Obj()
	case *types.Named:
		obj = t.Origin().Obj()
	}
	switch {
	case obj == nil || !m.s.IsCell(obj.Pkg()):
		return v.Name()
	case obj.Parent() != obj.Pkg().Scope():
		if name, ok := m.names[obj]; ok {
			return name
		}
		if env == nil || declaredIn(n, obj) {
			return v.Name()
		}
		return m.localType(obj, env)
	}
	return m.need(obj)
}

// lifted moves a type that a function declares to the unit's package level, so that the session knows values of it that come back in interfaces.
// Types in generic functions stay where they are: each instance has its own.
func (m *maker) lifted(spec *ast.TypeSpec, n ast.Node, info *types.Info, env *enclosing) (name string, ok bool) {
	obj, ok := info.Defs[spec.Name].(*types.TypeName)
	if !ok || spec.Assign.IsValid() || spec.TypeParams != nil || !m.s.IsCell(obj.Pkg()) {
		return "", false
	}
	if f, ok := n.(*ast.FuncDecl); ok && generic(f, info) || env != nil && len(env.subst) > 0 {
		return "", false
	}
	return m.localType(obj, &enclosing{}), true
}

// generic reports whether a function, or the type of its receiver, has type parameters.
func generic(f *ast.FuncDecl, info *types.Info) bool {
	fn, ok := info.Defs[f.Name].(*types.Func)
	return ok && (fn.Signature().TypeParams().Len() > 0 || fn.Signature().RecvTypeParams().Len() > 0)
}

// localType moves a type that is declared in a function to the unit's package level.
func (m *maker) localType(o *types.TypeName, env *enclosing) string {
	node, info, ok := m.s.Decl(o)
	origin := o
	o = m.instance(o, env)
	m.current.deps[o] = true
	if name, ok := m.names[o]; ok {
		return name
	}
	if !ok {
		refuse("the type %s is declared inside a function: declare it at the top level of a cell to use its values in tasks", o.Name())
	}
	d := newDecl("")
	if len(env.subst) > 0 {
		d.name = m.numbered(o.Name(), 1)
	} else {
		m.nameType(d, o)
	}
	name := d.name
	m.names[o] = name
	m.decls[o] = d
	outer := m.current
	m.current = d
	outerName, nested := m.lifting[origin] // a type of another instance may mention it
	m.lifting[origin] = name
	t := m.source(node, info, nil, env)
	if delete(m.lifting, origin); nested {
		m.lifting[origin] = outerName
	}
	m.current = outer
	d.text = text{"type " + t.mapped, "type " + t.plain}
	return name
}

// nameOf is the name of a declaration in the unit, also of the type that is being lifted out of an instance of a generic function.
func (m *maker) nameOf(obj types.Object) (string, bool) {
	if name, ok := m.lifting[obj]; ok {
		return name, true
	}
	name, ok := m.names[obj]
	return name, ok
}

// instance stands for a type that a generic function declares, which is another one in each of its instances: the session has no number
// for these.
func (m *maker) instance(o *types.TypeName, env *enclosing) *types.TypeName {
	if len(env.subst) == 0 {
		return o
	}
	key := instanceKey{o, m.substText(env)}
	in := m.instances[key]
	if in == nil {
		in = types.NewTypeName(o.Pos(), o.Pkg(), o.Name(), nil)
		m.instances[key] = in
	}
	return in
}

type instanceKey struct {
	obj  *types.TypeName
	args string
}

// substText is the type arguments of the functions around a literal.
func (m *maker) substText(env *enclosing) string {
	params := slices.SortedFunc(maps.Keys(env.subst), func(a, b *types.TypeParam) int { return int(a.Obj().Pos() - b.Obj().Pos()) })
	var b strings.Builder
	for _, p := range params {
		b.WriteString(m.typeText(env.subst[p]) + ";")
	}
	return b.String()
}

// assigned notes an assignment to a session variable, or to what it holds.
func (m *maker) assigned(e ast.Expr, info *types.Info) {
	for e != nil {
		switch x := e.(type) {
		case *ast.Ident:
			if v, ok := info.Uses[x].(*types.Var); ok && !v.IsField() && m.s.IsCell(v.Pkg()) && v.Parent() == v.Pkg().Scope() {
				id, _ := m.s.Var(v)
				m.assigns[id] = true
			}
			return
		case *ast.ParenExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		default:
			return
		}
	}
}

// apply returns a node's text with the edits, each followed by a comment that puts the position right again.
func (m *maker) apply(n ast.Node, edits []edit) text {
	slices.SortFunc(edits, func(a, b edit) int { return int(a.from - b.from) })
	var mapped, plain strings.Builder
	put := func(from, to token.Pos) {
		s, at, ok := m.s.Text(from, to)
		if !ok {
			refuse("the source text of a function is not known")
		}
		m.oldLoops = m.oldLoops || m.s.OldLoops(from)
		fmt.Fprintf(&mapped, "/*line %s:%d:%d*/%s", at.Filename, at.Line, at.Column, s)
		plain.WriteString(s)
	}
	pos := n.Pos()
	for _, e := range edits {
		put(pos, e.from)
		mapped.WriteString(e.text)
		plain.WriteString(e.text)
		pos = e.to
	}
	put(pos, n.End())
	return text{mapped.String(), plain.String()}
}

// typeText writes a type as the unit's source names it, and makes the types it is made of part of the unit.
func (m *maker) typeText(t types.Type) string {
	switch t := t.(type) {
	case *types.Alias:
		return m.typeText(types.Unalias(t))
	case *types.Basic:
		if t.Kind() == types.UnsafePointer {
			return m.importName(types.Unsafe) + ".Pointer"
		}
		return types.Default(t).String()
	case *types.Named:
		obj := t.Obj()
		name := obj.Name()
		switch {
		case obj.Pkg() == nil:
		case m.s.IsCell(obj.Pkg()):
			if obj.Parent() != nil && obj.Parent() != obj.Pkg().Scope() || obj.Parent() == nil && t.Origin().Obj().Parent() != obj.Pkg().Scope() {
				name = m.localType(t.Origin().Obj(), &enclosing{})
				break
			}
			name = m.need(t.Origin().Obj())
		default:
			name = m.importName(obj.Pkg()) + "." + name
		}
		if n := t.TypeArgs().Len(); n > 0 {
			var args []string
			for i := range n {
				args = append(args, m.typeText(t.TypeArgs().At(i)))
			}
			name += "[" + strings.Join(args, ", ") + "]"
		}
		return name
	case *types.Pointer:
		return "*" + m.typeText(t.Elem())
	case *types.Slice:
		return "[]" + m.typeText(t.Elem())
	case *types.Array:
		return "[" + strconv.FormatInt(t.Len(), 10) + "]" + m.typeText(t.Elem())
	case *types.Map:
		return "map[" + m.typeText(t.Key()) + "]" + m.typeText(t.Elem())
	case *types.Chan:
		switch t.Dir() {
		case types.SendOnly:
			return "chan<- " + m.typeText(t.Elem())
		case types.RecvOnly:
			return "<-chan " + m.typeText(t.Elem())
		}
		return "chan (" + m.typeText(t.Elem()) + ")"
	case *types.Signature:
		return "func" + m.signatureText(t)
	case *types.Struct:
		var fields []string
		for i := range t.NumFields() {
			f := t.Field(i)
			s := m.typeText(f.Type())
			if !f.Embedded() {
				s = f.Name() + " " + s
			}
			if tag := t.Tag(i); tag != "" {
				s += " " + strconv.Quote(tag)
			}
			fields = append(fields, s)
		}
		return "struct{" + strings.Join(fields, "; ") + "}"
	case *types.Interface:
		var parts []string
		for f := range t.ExplicitMethods() {
			parts = append(parts, f.Name()+m.signatureText(f.Signature()))
		}
		for e := range t.EmbeddedTypes() {
			parts = append(parts, m.typeText(e))
		}
		return "interface{" + strings.Join(parts, "; ") + "}"
	case *types.Union:
		var parts []string
		for term := range t.Terms() {
			s := m.typeText(term.Type())
			if term.Tilde() {
				s = "~" + s
			}
			parts = append(parts, s)
		}
		return strings.Join(parts, " | ")
	case *types.TypeParam:
		return t.Obj().Name()
	}
	refuse("the type %s cannot be written in another process", t)
	return ""
}

// signature is the type of a function, its parameters and results each as text.
type signature struct {
	params, results []string
}

func (s signature) String() string {
	return "(" + strings.Join(s.params, ", ") + ") (" + strings.Join(s.results, ", ") + ")"
}

func (m *maker) signatureText(s *types.Signature) string { return m.signature(s).String() }

func (m *maker) signature(s *types.Signature) signature {
	var sig signature
	for i := range s.Params().Len() {
		t := s.Params().At(i).Type()
		if s.Variadic() && i == s.Params().Len()-1 {
			sig.params = append(sig.params, "..."+m.typeText(t.(*types.Slice).Elem()))
			continue
		}
		sig.params = append(sig.params, m.typeText(t))
	}
	for v := range s.Results().Variables() {
		sig.results = append(sig.results, m.typeText(v.Type()))
	}
	return sig
}

// reflectSignature is the type of a compiled function.
func (m *maker) reflectSignature(t reflect.Type) signature {
	var sig signature
	for i := range t.NumIn() {
		if t.IsVariadic() && i == t.NumIn()-1 {
			sig.params = append(sig.params, "..."+m.reflectText(t.In(i).Elem()))
			continue
		}
		sig.params = append(sig.params, m.reflectText(t.In(i)))
	}
	for i := range t.NumOut() {
		sig.results = append(sig.results, m.reflectText(t.Out(i)))
	}
	return sig
}

// reflectText writes the type of a compiled function.
func (m *maker) reflectText(t reflect.Type) string {
	if t.PkgPath() != "" {
		return m.importName(types.NewPackage(t.PkgPath(), t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:])) + "." + t.Name()
	}
	switch t.Kind() {
	case reflect.Func:
		return "func" + m.reflectSignature(t).String()
	case reflect.Pointer:
		return "*" + m.reflectText(t.Elem())
	case reflect.Slice:
		return "[]" + m.reflectText(t.Elem())
	case reflect.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), m.reflectText(t.Elem()))
	case reflect.Map:
		return "map[" + m.reflectText(t.Key()) + "]" + m.reflectText(t.Elem())
	case reflect.Chan:
		return strings.TrimSuffix(t.ChanDir().String(), " ") + " " + m.reflectText(t.Elem())
	}
	return t.String()
}

// constText writes a constant's exact value.
func constText(c *types.Const) string {
	v := c.Val()
	b, _ := c.Type().Underlying().(*types.Basic)
	switch v.Kind() {
	case constant.String:
		return strconv.Quote(constant.StringVal(v))
	case constant.Complex:
		return "(" + floatText(constant.Real(v)) + " + " + floatText(constant.Imag(v)) + "*1i)"
	case constant.Float:
		return floatText(v)
	case constant.Int:
		switch {
		case b != nil && b.Kind() == types.UntypedRune:
			return "'\\x00' + " + v.ExactString()
		case b != nil && b.Kind() == types.UntypedFloat:
			return v.ExactString() + ".0"
		}
	}
	return v.ExactString()
}

// floatText writes a float constant as a quotient of integers, which is exact.
func floatText(v constant.Value) string {
	num, den := constant.Num(v), constant.Denom(v)
	if num.Kind() == constant.Int && den.Kind() == constant.Int {
		return "(" + num.ExactString() + ".0 / " + den.ExactString() + ".0)"
	}
	f, _ := constant.Float64Val(v)
	return strconv.FormatFloat(f, 'g', -1, 64)
}
