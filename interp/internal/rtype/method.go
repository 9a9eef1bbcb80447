package rtype

import (
	"cmp"
	"fmt"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/goplus/reflectx"

	"poolbook/interp/internal/rtype/stub"
)

// Stubs returns how many method stubs of the process are taken, and how many there are (32768 on amd64 and arm64). A
// method with a value receiver takes two (one when stubs are running out), one with a pointer receiver takes one.
func Stubs() (used, capacity int) { return stub.Used() }

// takeStub takes a stub for a method of type ft, which is called with its receiver as first argument: slow is its
// implementation. When the config has faster ones, the stub calls that from the second call on.
func (t *Table) takeStub(d *decl, ft reflect.Type, recv types.Type, sel *types.Selection, slow func([]reflect.Value) []reflect.Value) textOff {
	var taken atomic.Pointer[stub.Stub]
	call := slow
	if t.cfg.Func != nil {
		var asked atomic.Bool
		call = func(args []reflect.Value) []reflect.Value {
			if s := taken.Load(); s != nil && !asked.Swap(true) {
				if fn := t.cfg.Func(recv, sel); fn.IsValid() && fn.Type() == ft {
					s.Set(fn)
				}
			}
			return slow(args)
		}
	}
	s, code, err := stub.Take(reflect.MakeFunc(ft, call))
	if err != nil {
		used, capacity := Stubs()
		panic(&Error{d.typ, fmt.Sprintf("no room for its methods: %d of %d are in use by the types declared so far; restart the session", used, capacity)})
	}
	taken.Store(&s)
	t.stubs = append(t.stubs, s)
	return offOfText(code)
}

// Close gives the method stubs of the table's types back to the process. No value of a type with methods that the
// table made may be used any more: calls of their methods from compiled code panic.
func (t *Table) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	stub.Free(t.stubs)
	t.stubs = nil
}

// unavailable is the code of a method as a function of its receiver value, when there is no stub for that rare use.
func unavailable() {
	panic("reflect: Method.Func of an interpreted type is not available, since method stubs are running out: use Value.Method")
}

// lessMethod orders methods as the runtime wants them: exported ones first, then by name and package.
func lessMethod(a, b *types.Func) int {
	if a.Exported() != b.Exported() {
		if a.Exported() {
			return -1
		}
		return 1
	}
	if c := cmp.Compare(a.Name(), b.Name()); c != 0 || a.Exported() {
		return c
	}
	return cmp.Compare(pkgPath(a.Pkg()), pkgPath(b.Pkg()))
}

// methodSet returns the methods that values of a type have at run time: those without type parameters.
func methodSet(t types.Type) []*types.Selection {
	var list []*types.Selection
	for sel := range types.NewMethodSet(t).Methods() {
		if sel.Obj().(*types.Func).Signature().TypeParams().Len() == 0 {
			list = append(list, sel)
		}
	}
	return list
}

// methods writes the method tables of a type and of the pointer to it.
func (t *Table) methods(d *decl) {
	valSet := types.NewMethodSet(d.typ)
	sels := methodSet(types.NewPointer(d.typ))
	slices.SortFunc(sels, func(a, b *types.Selection) int {
		return lessMethod(a.Obj().(*types.Func), b.Obj().(*types.Func))
	})
	if len(sels) > len(d.ptrRoom)/2 {
		panic(&Error{d.typ, fmt.Sprintf("no room for %d methods more: declare it again, with all of them in one cell", len(sels)-int(d.ptrU.mcount))})
	}
	var val, ptr []method
	var xval, xptr uint16
	for _, sel := range sels {
		fn := sel.Obj().(*types.Func)
		key := types.Id(fn.Pkg(), fn.Name())
		valSel := valSet.Lookup(fn.Pkg(), fn.Name())
		if made := d.made[key]; made == nil || !sameMethod(made, sel) {
			d.made[key] = sel
			d.stubs[key], d.valStubs[key] = t.method(d, fn, sel, valSel)
		}
		ptr = append(ptr, d.stubs[key])
		if fn.Exported() {
			xptr++
		}
		if valSel != nil {
			val = append(val, d.valStubs[key])
			if fn.Exported() {
				xval++
			}
		}
	}
	setMethods(d.valU, d.valRoom, val, xval)
	setMethods(d.ptrU, d.ptrRoom, ptr, xptr)
	r := descriptor(d.ptr)
	if len(ptr) == 0 {
		r.tflag &^= tflagUncommon
	} else {
		r.tflag |= tflagUncommon
	}
}

// outdated reports whether d's type has other methods than its tables.
func (d *decl) outdated() bool {
	set := methodSet(types.NewPointer(d.typ))
	if len(set) != int(d.ptrU.mcount) || len(methodSet(d.typ)) != int(d.valU.mcount) {
		return true
	}
	for _, sel := range set {
		fn := sel.Obj().(*types.Func)
		if made := d.made[types.Id(fn.Pkg(), fn.Name())]; made == nil || !sameMethod(made, sel) {
			return true
		}
	}
	return false
}

// sameMethod reports whether the entries of a method are right for another one of its name: it is called in the same way, with the receiver
// as a pointer or a value too, and is that of the type itself or of the same embedded field.
func sameMethod(a, b *types.Selection) bool {
	x, y := a.Obj().(*types.Func).Signature(), b.Obj().(*types.Func).Signature()
	_, xp := types.Unalias(x.Recv().Type()).(*types.Pointer)
	_, yp := types.Unalias(y.Recv().Type()).(*types.Pointer)
	path := func(sel *types.Selection) []int { return sel.Index()[:len(sel.Index())-1] }
	return xp == yp && types.Identical(x, y) && slices.Equal(path(a), path(b))
}

// method makes the entries of one method in the tables of *T, and of T when valSel is not nil.
func (t *Table) method(d *decl, fn *types.Func, ptrSel, valSel *types.Selection) (ptr, val method) {
	sig := fn.Signature()
	pkg := ""
	if !fn.Exported() {
		pkg = pkgPath(fn.Pkg())
	}
	ptr.name = offOfName(encodeName(fn.Name(), "", fn.Exported(), false, pkg))
	ptr.mtyp = offOfType(descriptor(t.funcOf(sig, nil)))
	val.name, val.mtyp = ptr.name, ptr.mtyp

	// With the pointer as receiver: how *T calls it, and what an interface that holds a T (by a pointer to it) calls.
	ptrTo, ptrType := types.NewPointer(d.typ), t.funcOf(sig, d.ptr)
	byPtr := t.lazyMethod(ptrTo, ptrSel)
	if valSel == nil {
		ptr.ifn = t.takeStub(d, ptrType, ptrTo, ptrSel, byPtr)
		ptr.tfn = ptr.ifn
		return ptr, val
	}
	byVal := t.lazyMethod(d.typ, valSel)
	typ, methodName := d.val.String(), fn.Name()
	viaPtr := func(args []reflect.Value) []reflect.Value {
		if args[0].IsNil() {
			panic(nilReceiver("value method " + typ + "." + methodName + " called using nil *" + d.val.Name() + " pointer"))
		}
		args[0] = args[0].Elem()
		return byVal(args)
	}
	ptr.ifn = t.takeStub(d, ptrType, ptrTo, ptrSel, viaPtr)
	ptr.tfn = ptr.ifn
	if descriptor(d.val).tflag&tflagDirectIface != 0 {
		// The interface's data word is the value.
		val.ifn = t.takeStub(d, t.funcOf(sig, d.val), d.typ, valSel, byVal)
		val.tfn = val.ifn
		return ptr, val
	}
	val.ifn = ptr.ifn
	if used, capacity := Stubs(); fn.Exported() && used < capacity/4*3 {
		val.tfn = t.takeStub(d, t.funcOf(sig, d.val), d.typ, valSel, byVal)
	} else {
		val.tfn = offOfText(reflect.ValueOf(unavailable).UnsafePointer())
	}
	return ptr, val
}

// lazyMethod asks for a method's implementation at its first call.
func (t *Table) lazyMethod(recv types.Type, sel *types.Selection) func([]reflect.Value) []reflect.Value {
	get := sync.OnceValue(func() func([]reflect.Value) []reflect.Value { return t.cfg.Method(recv, sel) })
	return func(args []reflect.Value) []reflect.Value { return get()(args) }
}

// nilReceiver is the run-time error of a value method called through a nil pointer.
type nilReceiver string

func (e nilReceiver) Error() string { return string(e) }
func (e nilReceiver) RuntimeError() {}

// sortedMethods returns the methods of an interface type, embedded ones among them, in the runtime's order.
func sortedMethods(u *types.Interface) []*types.Func {
	list := make([]*types.Func, 0, u.NumMethods())
	for m := range u.Methods() {
		list = append(list, m)
	}
	slices.SortFunc(list, lessMethod)
	return list
}

// setInterface writes the methods of an interface type.
func (t *Table) setInterface(it *interfaceType, u *types.Interface) {
	var methods []imethod
	for _, m := range sortedMethods(u) {
		pkg := ""
		if !m.Exported() {
			pkg = pkgPath(m.Pkg())
			it.pkgPath = plainName(pkg)
		}
		methods = append(methods, imethod{
			name: offOfName(encodeName(m.Name(), "", m.Exported(), false, pkg)),
			typ:  offOfType(descriptor(t.funcOf(m.Signature(), nil))),
		})
	}
	it.methods = methods
}

// interfaceOf returns the type of an unnamed interface: the compiled one where the program has it.
func (t *Table) interfaceOf(u *types.Interface) reflect.Type {
	if u.NumMethods() == 0 {
		return reflect.TypeFor[any]()
	}
	r, _, _, _ := newDescriptor(fixedType(reflect.Interface), 0, 0)
	from := descriptor(reflect.TypeFor[error]())
	*r = *from
	r.tflag = from.tflag & (tflagRegular | tflagMaskOnDemand | tflagDirectIface)
	r.hash = nextHash()
	r.ptrToThis = 0
	str := t.typeString(u, pkgName)
	r.str = offOfString(str)
	t.setInterface((*interfaceType)(unsafe.Pointer(r)), u)
	own := reflectType(r)
	for _, p := range reflectx.TypesByString("*" + str) {
		if p.Kind() == reflect.Pointer && p.Elem().Name() == "" && sameInterface(p.Elem(), own) {
			return p.Elem()
		}
	}
	return own
}

// sameInterface reports whether two interface types have the same methods.
func sameInterface(a, b reflect.Type) bool {
	if a.Kind() != b.Kind() || a.NumMethod() != b.NumMethod() {
		return false
	}
	for i := range a.NumMethod() {
		x, y := a.Method(i), b.Method(i)
		if x.Name != y.Name || x.PkgPath != y.PkgPath || x.Type != y.Type || !token.IsExported(x.Name) {
			return false
		}
	}
	return true
}

// Extend adds to the reflect type of n, or to those of its instances when n is generic, the methods that were declared since Of made them, and
// to the types that embed n the methods promoted from it. Values that exist see them at once. It fails with an [*Error] when more methods are
// added to one type than there is room for (64), when method stubs run out, or
// in a program in whose memory the places are not found that have to be mended.
//
// What the runtime remembers is mended (remembered.go). What it cannot do: packages that remember facts by type keep what they have learnt
// (encoding/json does not look again for a MarshalJSON of a type that it has written), and the methods of unnamed struct types stay as they
// were. No other goroutine may call methods of these types at the same time.
func (t *Table) Extend(n *types.Named) (err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			err = r
		default:
			panic(r)
		}
	}()
	if r, ok := t.types.At(n).(reflect.Type); n.TypeParams().Len() == 0 && (!ok || t.decls[r] == nil) {
		return nil // made at the next Of, with all its methods
	}
	grown := map[*rtype]bool{}
	for _, d := range t.decls {
		if _, ok := d.typ.(*types.Named); !ok || d.val.Kind() == reflect.Interface {
			continue
		}
		if !d.outdated() {
			continue
		}
		if remembered() == nil {
			// The runtime would go on to act on the methods that it has found before, and compare old values and new ones as different.
			return &Error{d.typ, "this build cannot add methods to a type of an earlier cell: declare the type again, with all its methods in one cell"}
		}
		t.methods(d)
		grown[descriptor(d.val)], grown[descriptor(d.ptr)] = true, true
	}
	t.finish()
	if len(grown) > 0 {
		remembered().changed(grown)
	}
	return nil
}
