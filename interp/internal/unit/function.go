package unit

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// function is a function value as the unit writes it.
type function struct {
	expr  text
	sig   signature
	named bool // the expression is a name, which may stand in several places
	free  int  // how many variables it has captured
}

// function returns an expression for a function value, and its type.
func (m *maker) function(fn reflect.Value) function {
	f, free, ok := m.s.Closure(fn)
	if !ok {
		path, name, ok := m.s.Compiled(fn)
		if !ok {
			refuse("a function of compiled code that has no name (%s) cannot be sent to another process: wrap it in a function literal", fn.Type())
		}
		pkg := m.importName(types.NewPackage(path, path[strings.LastIndexByte(path, '/')+1:]))
		s := pkg + "." + name
		return function{text{s, s}, m.reflectSignature(fn.Type()), true, 0}
	}
	sig := m.signature(withoutRecv(f.Signature))
	switch {
	case strings.HasPrefix(f.Synthetic, "bound method wrapper"):
		m.single = m.single || !m.inside
		return function{m.bound(f, free), sig, false, 1}
	case strings.HasPrefix(f.Synthetic, "thunk"):
		obj := f.Object().(*types.Func)
		m.calls(obj)
		s := fmt.Sprintf("(%s).%s", m.typeText(f.Signature.Params().At(0).Type()), obj.Name())
		return function{text{s, s}, sig, true, len(free)}
	case f.Parent() != nil:
		lit, ok := f.Syntax().(*ast.FuncLit)
		if !ok {
			refuse("the body of a range-over-func loop cannot be sent to another process")
		}
		return function{m.literal(f, lit, free), sig, false, len(free)}
	}
	return function{m.declared(f), sig, true, len(free)}
}

func withoutRecv(s *types.Signature) *types.Signature {
	return types.NewSignatureType(nil, nil, nil, s.Params(), s.Results(), s.Variadic())
}

// declared names a declared function or an instance of one.
func (m *maker) declared(f *ssa.Function) text {
	obj, ok := f.Object().(*types.Func)
	if !ok {
		refuse("%s cannot be sent to another process", f.Name())
	}
	obj = obj.Origin()
	var name string
	switch {
	case m.s.IsCell(obj.Pkg()):
		name = m.need(obj)
	case obj.Exported() && f.Signature.Recv() == nil:
		name = m.importName(obj.Pkg()) + "." + obj.Name()
	default:
		refuse("%s is not exported by package %s: it cannot be sent to another process", obj.Name(), obj.Pkg().Path())
	}
	if targs := f.TypeArgs(); len(targs) > 0 {
		var list []string
		for _, t := range targs {
			list = append(list, m.typeText(t))
		}
		name += "[" + strings.Join(list, ", ") + "]"
	}
	return text{name, name}
}

// bound writes a method value as a function literal that calls the method of a captured receiver.
func (m *maker) bound(f *ssa.Function, free []reflect.Value) text {
	if len(free) != 1 {
		refuse("the method value %s cannot be sent to another process", f.Name())
	}
	recv := reflect.New(free[0].Type()).Elem()
	recv.Set(free[0])
	t := f.FreeVars[0].Type()
	c := &capture{orig: "receiver", typ: t, value: recv, owner: m.current}
	if m.inside {
		m.field(c)
	} else {
		c.name = m.unique("receiver")
		m.order = append(m.order, c)
	}
	m.typeText(t) // its type and methods come along
	if obj, ok := f.Object().(*types.Func); ok {
		m.calls(obj)
	}
	sig := f.Signature
	var params, args []string
	for i := range sig.Params().Len() {
		p := sig.Params().At(i)
		pt := m.typeText(p.Type())
		arg := fmt.Sprintf("a%d", i)
		if sig.Variadic() && i == sig.Params().Len()-1 {
			pt = "..." + m.typeText(p.Type().(*types.Slice).Elem())
			args = append(args, arg+"...")
		} else {
			args = append(args, arg)
		}
		params = append(params, arg+" "+pt)
	}
	var res []string
	for v := range sig.Results().Variables() {
		res = append(res, m.typeText(v.Type()))
	}
	ret := ""
	if len(res) > 0 {
		ret = "return "
	}
	s := fmt.Sprintf("func(%s) (%s) { %s%s.%s(%s) }", strings.Join(params, ", "), strings.Join(res, ", "), ret, c.name, f.Object().Name(), strings.Join(args, ", "))
	return text{s, s}
}

// calls notes that a method is mentioned.
func (m *maker) calls(f *types.Func) {
	if recv := f.Signature().Recv(); recv != nil && types.IsInterface(recv.Type()) {
		m.current.asks[f.Name()] = true
		return
	}
	m.current.calls[m.s.Latest(f.Origin())] = true
}

// literal writes a function literal; its captured variables become the unit's.
func (m *maker) literal(f *ssa.Function, lit *ast.FuncLit, free []reflect.Value) text {
	info := m.s.InfoOf(f)
	if info == nil {
		refuse("a function that %s has made cannot be sent to another process%s", outermost(f), adviceFor(f))
	}
	captured := map[varKey]*capture{}
	for i, v := range f.FreeVars {
		ptr := free[i] // a pointer to the variable
		if ptr.Kind() != reflect.Pointer || ptr.IsNil() {
			m.single = true
			continue
		}
		if m.inside {
			c := &capture{orig: v.Name(), typ: v.Type(), value: ptr, owner: m.current, index: i}
			m.field(c)
			c.name = "(*" + c.name + ")"
			captured[varKey{v.Name(), v.Pos()}] = c
			continue
		}
		key := captureKey{ptr.Pointer(), v.Name(), ptr.Type()}
		c := m.byAddr[key]
		if c == nil {
			c = &capture{name: m.unique(v.Name() + "_captured"), orig: v.Name(), typ: v.Type().Underlying().(*types.Pointer).Elem(), value: ptr.Elem(), owner: m.current, index: i}
			c.isFunc = c.value.Kind() == reflect.Func
			m.byAddr[key] = c
			m.order = append(m.order, c)
			m.typeText(c.typ)
			if c.isFunc {
				m.assignFunc(c.name, c.value)
			}
		}
		captured[varKey{v.Name(), v.Pos()}] = c
	}
	m.inside = false // what it calls has variables of its own
	return m.source(lit, info, captured, &enclosing{typeArgs(f)})
}

// insideName is the parameter of a function that makes one which is inside a value.
const insideName = "poolbook_captured"

// field gives what a function inside a value has captured a field.
func (m *maker) field(c *capture) {
	c.name = fmt.Sprintf("%s.V%d", insideName, len(m.fields))
	m.fields = append(m.fields, c)
}

// maker writes a function that makes f.
func (m *maker) maker(f function) function {
	var fields []string
	for i, c := range m.fields {
		fields = append(fields, fmt.Sprintf("V%d %s", i, m.typeText(c.typ)))
	}
	param := insideName + " *struct{" + strings.Join(fields, "; ") + "}"
	head := "func(" + param + ") func" + f.sig.String() + " { return "
	return function{expr: text{head + f.expr.mapped + " }", head + f.expr.plain + " }"},
		sig: signature{[]string{param}, []string{"func" + f.sig.String()}}, free: f.free}
}

// varKey finds a captured variable by its declaration.
type varKey struct {
	name string
	pos  token.Pos
}

// enclosing is the function around a literal: what its text means depends on it.
type enclosing struct {
	subst map[*types.TypeParam]types.Type
}

// typeArgs returns the type arguments of the generic functions around f.
func typeArgs(f *ssa.Function) map[*types.TypeParam]types.Type {
	m := map[*types.TypeParam]types.Type{}
	for ; f != nil; f = f.Parent() {
		o := f
		if f.Origin() != nil {
			o = f.Origin()
		}
		params := o.TypeParams()
		args := f.TypeArgs()
		for i := range min(params.Len(), len(args)) {
			m[params.At(i)] = args[i]
		}
	}
	return m
}

// outermost names the declared function around a literal: "slices.Values".
func outermost(f *ssa.Function) string {
	for f.Parent() != nil {
		f = f.Parent()
	}
	if f.Origin() != nil {
		f = f.Origin()
	}
	if f.Package() == nil {
		return f.Name()
	}
	return f.Package().Pkg.Name() + "." + f.Name()
}

// adviceFor says what to do instead of sending a function that a package has made.
func adviceFor(f *ssa.Function) string {
	sig := f.Signature
	if sig.Params().Len() == 1 && sig.Results().Len() == 0 {
		if yield, ok := sig.Params().At(0).Type().Underlying().(*types.Signature); ok && yield.Results().Len() == 1 {
			if yield.Params().Len() == 2 {
				return ": collect what it yields before the call, with maps.Collect"
			}
			return ": collect what it yields before the call, with slices.Collect"
		}
	}
	return ": call it before the call of the pool and send the result, or make it inside the task"
}
