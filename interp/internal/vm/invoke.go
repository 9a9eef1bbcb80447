package vm

import (
	"fmt"
	"go/types"
	"reflect"

	"golang.org/x/tools/go/ssa"
)

// methodName identifies a method; pkg is the package path of unexported ones.
type methodName struct{ pkg, name string }

type methodKey struct {
	typ ptr
	methodName
}

// target is what a method call on one dynamic type runs.
type target struct {
	typ   ptr       // first word of the interface value that it is for
	fn    *Func     // an interpreted method; nil for compiled ones
	copy  *typeInfo // of the receiver, which is behind the data word; nil: it is the data word
	shift uint32    // where arguments are, relative to after a receiver of one word
	words int32     // for machine code: how many words receive copies; 0: the data word; -1: not so simple

	call compiledCall // an intrinsic; it gets the receiver as an argument
	recv *typeInfo    // for call
	code uintptr      // of a compiled method
	t    ptr          // dynamic type
}

// receive puts the receiver in a frame.
func (t *target) receive(mem, data ptr) {
	if t.copy == nil {
		*(*ptr)(mem) = data
	} else {
		t.copy.move(mem, data)
	}
}

var anyInfo = newTypeInfo(typeAny)

func (m *Machine) anyInfo() *typeInfo { return anyInfo }

func (c *compiler) invokeSite(cc *ssa.CallCommon, args []slot) *callSite {
	it := c.infoOf(cc.Value)
	site := &callSite{
		args:    argMoves(args, 8),
		conv:    c.m.convention(cc.Signature(), nil),
		inter:   it,
		empty:   isEmpty(cc.Value.Type()),
		from:    args,
		wrapper: c.wrapper,
	}
	c.b.sites = append(c.b.sites, site)
	site.method.name = cc.Method.Name()
	if !cc.Method.Exported() && cc.Method.Pkg() != nil {
		site.method.pkg = cc.Method.Pkg().Path()
	}
	site.index = -1
	for i := range it.rt.NumMethod() {
		if im := it.rt.Method(i); im.Name == site.method.name && (im.PkgPath == "" || im.PkgPath == site.method.pkg) {
			site.index = i
		}
	}
	if site.index < 0 {
		panic(fmt.Errorf("interface %v has no method %s", it.rt, site.method.name))
	}
	sig := cc.Method.Type().(*types.Signature)
	site.invoked = newNativeCall(c.m.reflectType(types.NewSignatureType(nil, nil, nil, sig.Params(), sig.Results(), sig.Variadic())), true)
	return site
}

// resolve finds what the method call runs for a value whose first word is w,
// and keeps it for the next call.
func (s *callSite) resolve(g *goroutine, w ptr) *target {
	if t := s.slotFor(w).Load(); t != nil && t.typ == w {
		return t
	}
	if v, ok := s.targets.Load(w); ok {
		t := v.(*target)
		s.slotFor(w).Store(t)
		return t
	}
	t := s.find(g, w)
	s.targets.Store(w, t)
	s.slotFor(w).Store(t)
	return t
}

// find is resolve without the caches.
func (s *callSite) find(g *goroutine, w ptr) *target {
	typ := (*itab)(w).typ
	key := methodKey{typ, s.method}
	t := &target{typ: w, t: typ}
	fn := g.m.methodOf(key)
	if fn != nil && !fn.conv.takes(s.conv) {
		fn = nil // declared again with another signature: the value has the method of before
	}
	if fn != nil {
		if call := g.m.compiledFunc(fn.ssa); call != nil && (g.m.isIntrinsic(fullName(fn.ssa)) || asksFor[fullName(fn.ssa)] != nil) {
			t.call = call
			t.recv = fn.conv.params[0].ti
			t.words = -1
			return t
		}
	}
	if fn == nil || fn.ssa.Blocks == nil { // what compiled code would call
		t.words = -1
		t.code = *(*uintptr)(add(ptr(&(*itab)(w).fun), uint32(8*s.index)))
		return t
	}
	recv := fn.conv.params[0].ti
	t.fn = fn
	if !isDirect(typ) {
		t.copy = recv
	}
	t.shift = uint32(recv.slot) - 8
	if t.copy != nil {
		t.words = -1
		if c := recv.class; recv.size&7 == 0 && recv.size <= 64 && (c == classWord || c == classWide || c == classMem) {
			t.words = int32(recv.size / 8)
		}
	}
	return t
}

// methodOf finds the interpreted method of a dynamic type, the builder's
// declaration of a compiled one, or nil.
func (m *Machine) methodOf(key methodKey) *Func {
	if f, ok := m.methods.Load(key); ok {
		return f.(*Func)
	}
	var f *Func
	if t := m.types.TypesOf(typeOf(key.typ)); t != nil {
		if prog := m.prog.Load(); prog != nil {
			m.exclusive(func() { f = m.findMethod(prog, t, key.methodName) })
		}
	}
	m.methods.Store(key, f)
	return f
}

func (m *Machine) findMethod(prog *ssa.Program, t types.Type, name methodName) *Func {
	if types.IsInterface(t) {
		return nil
	}
	set := prog.MethodSets.MethodSet(t)
	for i := range set.Len() {
		sel := set.At(i)
		o := sel.Obj()
		if o.Name() != name.name || !o.Exported() && o.Pkg() != nil && o.Pkg().Path() != name.pkg {
			continue
		}
		if fn := prog.MethodValue(sel); fn != nil {
			return m.funcOf(fn)
		}
	}
	return nil
}

// invokeCompiled calls the compiled method of a call instruction.
func (s *callSite) invokeCompiled(g *goroutine, fp ptr, t *target, recv, out uint32) {
	s.callTarget(g, fp, recv, s.from, t, add(fp, out))
}

// callTarget calls a compiled method: the interface value is at recv in mem,
// the arguments at args.
func (s *callSite) callTarget(g *goroutine, mem ptr, recv uint32, args []slot, t *target, out ptr) {
	v := at[iface](mem, recv)
	if t.call != nil {
		data := v.data
		all := append([]slot{{0, t.recv}}, args...)
		for i := range args {
			all[i+1].off = args[i].off
		}
		block, moved := saveTarget(mem, unbox(t.t, &data), t.recv, args, s.conv.results)
		outAt := moved[len(all)].off
		t.call(g, block, moved[:len(all)], outAt)
		for _, r := range s.conv.results {
			r.ti.move(add(out, r.off), add(block, outAt+r.off))
		}
		return
	}
	if t.t == joinErrorType && s.method.name == "Error" {
		x := iface{t.t, v.data}
		if joinsDeeply((*(*any)(ptr(&x))).(error), 0, true) {
			tooDeep("Error")
		}
	}
	code := &t.code
	all := make([]slot, 0, 8)
	all = append(all, slot{recv + 8, ptrInfo})
	all = append(all, args...)
	s.invoked.call(ptr(code), mem, all, out, s.conv.results)
	g.checkStop()
}

// saveTarget is saveCall with a receiver from elsewhere.
func saveTarget(fp, recv ptr, ri *typeInfo, args, results []slot) (ptr, []slot) {
	moved := []slot{{0, ri}}
	off := uint32(ri.slot)
	all := []slot{{0, ri}}
	for _, a := range args {
		moved = append(moved, place(off, a.ti))
		off += uint32(a.ti.slot)
		all = append(all, a)
	}
	if blockSize(results) == 0 {
		off = 0
	}
	moved = append(moved, slot{off: off})
	mem := ptr(&zeroBlock)
	if t := blockType(append(all, results...)); t.Size() > 0 {
		mem = reflect.New(t).UnsafePointer()
	}
	ri.move(mem, recv)
	for i, a := range args {
		a.ti.move(add(mem, moved[i+1].off), add(fp, a.off))
	}
	return mem, moved
}

// Method returns the implementation of a method of an interpreted named type
// for the type table: it is called by compiled code through the method sets of
// the reflect types, with the receiver as args[0].
func (m *Machine) Method(recv types.Type, sel *types.Selection) func(args []reflect.Value) []reflect.Value {
	return func(args []reflect.Value) []reflect.Value {
		prog := m.prog.Load()
		if prog == nil {
			panic(fmt.Errorf("vm: method %s called before any function", sel.Obj().Name()))
		}
		var fn *ssa.Function
		m.exclusive(func() { fn = m.methodValue(prog, sel) })
		if fn == nil {
			panic(runtimeError(fmt.Sprintf("the method %s was declared again with another signature after this value was made", sel.Obj().Name())))
		}
		return m.callback(nil, m.funcOf(fn), nil, args)
	}
}

// methodValue is prog.MethodValue, also for a method of before: when another one
// of its signature has taken its place, it is that, otherwise the old one; nil
// when that cannot be had.
func (m *Machine) methodValue(prog *ssa.Program, sel *types.Selection) *ssa.Function {
	obj := sel.Obj().(*types.Func)
	now := prog.MethodSets.MethodSet(sel.Recv()).Lookup(obj.Pkg(), obj.Name())
	if now != nil && types.Identical(now.Type(), sel.Type()) {
		return prog.MethodValue(now)
	}
	fn, recv := prog.FuncValue(obj.Origin()), obj.Signature().Recv().Type()
	if fn != nil && obj != obj.Origin() {
		t := recv
		if p, ok := types.Unalias(t).(*types.Pointer); ok {
			t = p.Elem()
		}
		fn = m.generic.find(fn, types.Unalias(t).(*types.Named).TypeArgs())
	}
	if fn == nil || types.Identical(sel.Recv(), recv) {
		return fn
	}
	// A method of an embedded field: the builder keeps one wrapper for a name.
	ForgetMethods(prog)
	defer ForgetMethods(prog)
	return prog.MethodValue(sel)
}
