package vm

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"sync"
	"unsafe"
	"weak"

	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/types/typeutil"

	"poolbook/interp/internal/goabi"
)

// Replace makes new run wherever old is called from now on, by functions
// compiled before and by function values of old too. Calls that have begun go
// on with old. Both have the same signature and capture nothing. When they are
// generic, each instance of new replaces that of old.
func (m *Machine) Replace(old, new *ssa.Function) {
	switch {
	case old == new:
	case old.TypeParams().Len() > 0:
		m.generic.replace(m, old, new)
	default:
		m.funcOf(old).replace(m.funcOf(new))
	}
}

// replace makes other run wherever f does, from now on.
func (f *Func) replace(other *Func) {
	f = f.last()
	if other.last() == f {
		return // it is what other runs already
	}
	f.standBack(other)
	f.m.changes.Add(1)
	f.outdated()
}

// standBack makes other run in the place of f, and of those in whose place f ran: nothing holds f because of them.
func (f *Func) standBack(other *Func) {
	f.mu.Lock()
	f.replaced = other
	before := append(f.before, weak.Make(f))
	f.before = nil
	f.mu.Unlock()
	before = slices.DeleteFunc(before, func(w weak.Pointer[Func]) bool {
		g := w.Value()
		if g == nil {
			return true
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if g != f && g.replaced == f {
			g.replaced = other
		}
		return false
	})
	other.mu.Lock()
	defer other.mu.Unlock()
	other.before = append(other.before, before...)
}

// outdated forgets the code of f and of the functions that it is part of, or
// that run it by way of a replacement. They look again at the next call.
func (f *Func) outdated() {
	f.body.Store(nil)
	f.mu.Lock()
	users := f.users
	f.users = nil
	f.mu.Unlock()
	for w := range users {
		if u := w.Value(); u != nil {
			f.unused(u)
			u.outdated()
		}
	}
}

// last follows the replacements of f to what runs now, and shortens the way
// there: a function may be replaced in every cell of a long session.
func (f *Func) last() *Func {
	way := []*Func{f}
	for r := f.replacement(); r != nil; r = r.replacement() {
		way = append(way, r)
	}
	o := way[len(way)-1]
	for i, f := range way[:max(len(way)-2, 0)] {
		f.mu.Lock()
		if f.replaced == way[i+1] { // nobody else has shortened it
			f.replaced = o
		}
		f.mu.Unlock()
	}
	return o
}

func (f *Func) replacement() *Func {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.replaced
}

// MethodsChanged makes method calls find the methods that types have now: it is
// for after ForgetMethods, when their method tables have the new ones too.
func (m *Machine) MethodsChanged() {
	m.methods.Clear()
	ownTexts.Clear()
	m.funcs.Range(func(_, v any) bool {
		if f := strong(v); f != nil {
			for b := f.body.Load(); b != nil; b = b.base {
				for _, s := range b.sites {
					s.forget()
				}
			}
		}
		return true
	})
}

// ForgetMethods makes a program look for the methods of types again: there are
// more of them, or one has another signature. It needs the machine for itself.
func ForgetMethods(prog *ssa.Program) {
	prog.MethodSets = typeutil.MethodSetCache{}
	f, _ := reflect.TypeFor[ssa.Program]().FieldByName("methodSets")
	*(*typeutil.Map)(unsafe.Add(unsafe.Pointer(prog), f.Offset)) = typeutil.Map{}
}

// testForgetting checks the part of go/ssa that ForgetMethods needs.
func testForgetting() error {
	if f, ok := reflect.TypeFor[ssa.Program]().FieldByName("methodSets"); !ok || f.Type != reflect.TypeFor[typeutil.Map]() {
		return errors.New("the method sets of go/ssa")
	}
	if f, ok := reflect.TypeFor[ssa.Program]().FieldByName("packages"); !ok || f.Type != reflect.TypeFor[map[*types.Package]*ssa.Package]() {
		return errors.New("the packages of go/ssa")
	}
	if f, ok := reflect.TypeFor[ssa.Program]().FieldByName("mode"); !ok || f.Type != reflect.TypeFor[ssa.BuilderMode]() {
		return errors.New("the mode of go/ssa")
	}
	if f, ok := reflect.TypeFor[ssa.Program]().FieldByName("makeInterfaceTypes"); !ok || f.Type.Kind() != reflect.Map || f.Type.Key() != reflect.TypeFor[types.Type]() {
		return errors.New("the types in interfaces of go/ssa")
	}
	f, ok := reflect.TypeFor[ssa.Program]().FieldByName("hasParams")
	if !ok || f.Type.Kind() != reflect.Struct || f.Type.NumField() != 1 || f.Type.Field(0).Type != reflect.TypeFor[map[types.Type]bool]() {
		return errors.New("the types with parameters of go/ssa")
	}
	return nil
}

// generics knows the generic functions that were replaced, and the instances that
// are to follow: the builder makes more of them for code of before.
type generics struct {
	mu        sync.Mutex
	instances map[*ssa.Function][]*Func // that the machine has met, of each generic function
	replaced  map[*ssa.Function]*ssa.Function
}

// meet notes an instance of a generic function.
func (s *generics) meet(f *Func) {
	origin := f.ssa.Origin()
	if origin == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.instances == nil {
		s.instances = make(map[*ssa.Function][]*Func)
	}
	s.instances[origin] = append(s.instances[origin], f)
	if s.replaced[origin] != nil {
		f.outlive()
		f.outdated()
	}
}

// replace makes the instances of old look for their replacements before they
// run again.
func (s *generics) replace(m *Machine, old, new *ssa.Function) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.replaced == nil {
		s.replaced = make(map[*ssa.Function]*ssa.Function)
	}
	s.replaced[old] = new
	for _, f := range s.instances[old] {
		f.outlive()
	}
	m.changes.Add(1) // what is being compiled with one of them is compiled again
	for _, f := range s.instances[old] {
		f.outdated()
	}
}

// find returns the instance of a generic function for types; nil if the machine has
// not met it.
func (s *generics) find(origin *ssa.Function, targs *types.TypeList) *ssa.Function {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.instances[origin] {
		if slices.EqualFunc(f.ssa.TypeArgs(), slices.Collect(targs.Types()), types.Identical) {
			return f.ssa
		}
	}
	return nil
}

// last is the generic function that took the place of origin.
func (s *generics) last(origin *ssa.Function) *ssa.Function {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.replaced[origin] != nil {
		origin = s.replaced[origin]
	}
	return origin
}

func (f *Func) outlive() {
	f.mu.Lock()
	f.outlived = true
	f.mu.Unlock()
}

// current is what runs when f is called. It is for the compiler, which has the
// machine to itself.
func (f *Func) current() *Func {
	for {
		f = f.last()
		if !f.follow() {
			return f
		}
	}
}

// follow replaces an instance of a generic function that was replaced, and
// reports whether it has. It needs the machine for itself.
func (f *Func) follow() bool {
	f.mu.Lock()
	outlived := f.outlived
	f.outlived = false
	f.mu.Unlock()
	if !outlived {
		return false
	}
	fn := instanceLike(f.m.generic.last(f.ssa.Origin()), f.ssa)
	if fn == nil || fn == f.ssa {
		return false
	}
	f.standBack(f.m.funcOf(fn))
	return true
}

// instanceLike returns the instance of a generic function that is for the types
// that old is for, an instance of one that it replaced; nil if it has none.
func instanceLike(origin, old *ssa.Function) *ssa.Function {
	recv := old.Signature.Recv()
	if recv == nil {
		return instanceOf(origin, old.TypeArgs())
	}
	if origin.Signature.TypeParams().Len() > 0 {
		return methodInstance(origin, recv.Type(), old)
	}
	sel := old.Prog.MethodSets.MethodSet(recv.Type()).Lookup(old.Object().Pkg(), old.Object().Name())
	if sel == nil || len(sel.Index()) != 1 {
		return nil
	}
	fn := old.Prog.MethodValue(sel)
	if fn == nil || !types.Identical(fn.Signature, old.Signature) {
		return nil // another one, with another signature, came after it
	}
	return fn
}

// instanceOf returns an instance of a generic function. The builder makes them
// for code that mentions them: here it gets a variable that holds the instance.
func instanceOf(origin *ssa.Function, targs []types.Type) *ssa.Function {
	sig, err := types.Instantiate(nil, origin.Signature, targs, false)
	if err != nil {
		return nil
	}
	pkg := types.NewPackage("main", "instance")
	name, use := ast.NewIdent("f"), ast.NewIdent(origin.Name())
	v := types.NewVar(token.NoPos, pkg, name.Name, sig)
	spec := &ast.ValueSpec{Names: []*ast.Ident{name}, Values: []ast.Expr{use}}
	file := &ast.File{Name: ast.NewIdent("main"), Decls: []ast.Decl{&ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{spec}}}}
	info := &types.Info{
		Types:        map[ast.Expr]types.TypeAndValue{use: {Type: sig}},
		Defs:         map[*ast.Ident]types.Object{name: v},
		Uses:         map[*ast.Ident]types.Object{use: origin.Object()},
		Instances:    map[*ast.Ident]types.Instance{use: {TypeArgs: typeList(targs), Type: sig}},
		FileVersions: map[*ast.File]string{file: goabi.Language},
		InitOrder:    []*types.Initializer{{Lhs: []*types.Var{v}, Rhs: use}},
	}
	p := origin.Prog.CreatePackage(pkg, []*ast.File{file}, info, false)
	p.Build()
	for _, b := range p.Func("init").Blocks {
		for _, in := range b.Instrs {
			if s, ok := in.(*ssa.Store); ok && s.Addr == p.Var(name.Name) {
				fn, _ := s.Val.(*ssa.Function)
				return fn
			}
		}
	}
	return nil
}

// methodInstance is instanceLike for a method with type parameters of its own: the
// builder makes the instance for a method expression.
func methodInstance(origin *ssa.Function, recv types.Type, old *ssa.Function) *ssa.Function {
	own := old.TypeArgs()
	own = own[len(own)-origin.Signature.TypeParams().Len():]
	names := types.NewPackage("types", "types")
	name := func(n string, t types.Type) string {
		obj := types.NewTypeName(token.NoPos, names, n, nil)
		types.NewAlias(obj, t)
		names.Scope().Insert(obj)
		return n
	}
	text := "package main; import . \"types\"; var f = " + name("R", recv) + "." + origin.Object().Name()
	for i, t := range own {
		text += []string{"[", ", "}[min(i, 1)] + name(fmt.Sprint("T", i), t)
	}
	names.MarkComplete()
	fset := token.NewFileSet() // the code has no positions that anybody sees
	file, err := parser.ParseFile(fset, "", text+"]", parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}, Implicits: map[ast.Node]types.Object{},
		Instances: map[*ast.Ident]types.Instance{}, Selections: map[*ast.SelectorExpr]*types.Selection{}, FileVersions: map[*ast.File]string{},
	}
	pkg, err := (&types.Config{GoVersion: goabi.Language, Importer: onePackage{names}}).Check("main", fset, []*ast.File{file}, info)
	if err != nil {
		return nil // another one, which takes other types, came after it
	}
	pkg.SetImports(nil)
	p := origin.Prog.CreatePackage(pkg, []*ast.File{file}, info, false)
	p.Build()
	for _, b := range p.Func("init").Blocks {
		for _, in := range b.Instrs {
			if s, ok := in.(*ssa.Store); ok && s.Addr == p.Var("f") {
				if fn, ok := s.Val.(*ssa.Function); ok {
					return instanceIn(fn, origin, old)
				}
			}
		}
	}
	return nil
}

// instanceIn returns the instance of origin that fn is or calls, when it has the
// signature of old.
func instanceIn(fn, origin, old *ssa.Function) *ssa.Function {
	if fn.Origin() == origin && types.Identical(fn.Signature, old.Signature) {
		return fn
	}
	for _, b := range fn.Blocks {
		for _, in := range b.Instrs {
			if c, ok := in.(*ssa.Call); ok {
				if to := c.Call.StaticCallee(); to != nil && to.Origin() == origin && types.Identical(to.Signature, old.Signature) {
					return to
				}
			}
		}
	}
	return nil
}

// onePackage is an importer of one package.
type onePackage struct{ pkg *types.Package }

func (p onePackage) Import(string) (*types.Package, error) { return p.pkg, nil }

// fits reports whether an instance of a generic function takes what a call gives
// it. The builder finds methods by their names when it makes an instance of a
// function of an earlier cell, also one that has another signature by now.
// Results is the type of the call, nil for go and defer.
func (c *compiler) fits(cc *ssa.CallCommon, results types.Type) bool {
	fn, ok := cc.Value.(*ssa.Function)
	if !ok || fn.Origin() == nil {
		return true
	}
	conv := c.m.funcOf(fn).conv
	same := func(s slot, t types.Type) bool { return s.ti.rt == c.m.reflectType(t) }
	if !slices.EqualFunc(conv.params, cc.Args, func(s slot, v ssa.Value) bool { return same(s, v.Type()) }) {
		return false
	}
	switch t := results.(type) {
	case nil:
		return true
	case *types.Tuple:
		return slices.EqualFunc(conv.results, varsOf(t), func(s slot, v *types.Var) bool { return same(s, v.Type()) })
	}
	return len(conv.results) == 1 && same(conv.results[0], results)
}

func outdatedCall(cc *ssa.CallCommon) runtimeError {
	return outdatedMethod(cc.StaticCallee().Object().Name())
}

func outdatedMethod(name string) runtimeError {
	return runtimeError(fmt.Sprintf("the method %s was declared again with another signature than this function knows: declare the function again too", name))
}

// typeList makes a list of types, which go/types makes for instances only.
func typeList(list []types.Type) *types.TypeList {
	obj := types.NewTypeName(token.NoPos, nil, "G", nil)
	g := types.NewNamed(obj, types.NewStruct(nil, nil), nil)
	params := make([]*types.TypeParam, len(list))
	for i := range params {
		params[i] = types.NewTypeParam(types.NewTypeName(token.NoPos, nil, "T", nil), types.Universe.Lookup("any").Type())
	}
	g.SetTypeParams(params)
	t, err := types.Instantiate(nil, g, list, false)
	if err != nil {
		panic(err) // the lists are of the same length
	}
	return t.(*types.Named).TypeArgs()
}
