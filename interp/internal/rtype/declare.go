package rtype

import (
	"go/token"
	"go/types"
	"reflect"
	"strconv"
	"sync/atomic"
	"unsafe"
)

var unsafePointerType = reflect.TypeFor[unsafe.Pointer]()

// A decl is a type with descriptors of our own: a named type, or a struct type that reflect.StructOf cannot make.
type decl struct {
	typ      types.Type // *types.Named or *types.Struct
	val, ptr reflect.Type
	// Two method tables each of val and ptr, longer than what is in use: room for methods of later cells.
	valU, ptrU       *uncommon
	valRoom, ptrRoom []method
	stubs            map[string]method // for each pointer method made so far, by types.Id, its entry
	valStubs         map[string]method
	made             map[string]*types.Selection // what the entries are for
}

// spareMethods is how many methods later cells may add to a type of theirs. There are four tables, with 16 bytes a method.
const spareMethods = 64

// mayGrow reports whether a type may have more methods later: it belongs to a cell, and not to a function in it, or embeds types that may.
func mayGrow(n *types.Named) bool {
	obj := n.Origin().Obj()
	return obj.Pkg() != nil && obj.Pkg().Path() == "main" && (obj.Parent() == obj.Pkg().Scope() || embeds(n.Underlying()))
}

// embeds reports whether a type has the methods of another one that it embeds.
func embeds(under types.Type) bool {
	u, ok := under.(*types.Struct)
	if !ok {
		return false
	}
	for f := range u.Fields() {
		if f.Embedded() {
			return true
		}
	}
	return false
}

// declare makes the descriptors of a type and of the pointer to it, and lays the type out. Only what it holds by
// value is looked at, which cannot lead back to it; the rest is left to a later step.
func (t *Table) declare(typ types.Type, named *types.Named) reflect.Type {
	under := typ.Underlying()
	lay := t.layout(under, true)

	d := &decl{typ: typ, stubs: make(map[string]method), valStubs: make(map[string]method), made: make(map[string]*types.Selection)}
	room := 0
	if _, ok := under.(*types.Interface); !ok {
		room = len(methodSet(types.NewPointer(typ)))
		if named != nil && mayGrow(named) {
			room += spareMethods
		}
	}
	nargs := 0
	if sig, ok := under.(*types.Signature); ok {
		nargs = sig.Params().Len() + sig.Results().Len()
	}
	r, u, args, room1 := newDescriptor(fixedType(lay.Kind()), nargs, room)
	from := descriptor(lay)
	r.size, r.ptrBytes = from.size, from.ptrBytes
	r.align, r.fieldAlign, r.kind = from.align, from.fieldAlign, from.kind
	r.equal, r.gcData = from.equal, from.gcData
	r.tflag = from.tflag & (tflagRegular | tflagMaskOnDemand | tflagDirectIface)
	r.tflag |= tflagUncommon | tflagExtraStar
	r.hash = nextHash()
	var str string
	if named != nil {
		r.tflag |= tflagNamed
		obj := named.Obj()
		str = t.typeName(named)
		u.pkgPath = offOfString(pkgPath(obj.Pkg()))
		if obj.Pkg() != nil {
			str = pkgName(obj.Pkg()) + "." + str
		}
	} else {
		str = t.typeString(typ, pkgName)
	}
	r.str = offOfName(encodeName("*"+str, "", token.IsExported(str), false, ""))

	p, pu, _, room2 := newDescriptor(fixedType(reflect.Pointer), 0, room)
	fromP := descriptor(reflect.TypeFor[*struct{}]())
	*p = *fromP
	p.tflag = fromP.tflag&(tflagRegular|tflagDirectIface|tflagMaskOnDemand) | tflagUncommon
	p.hash = nextHash()
	p.ptrToThis = 0
	p.str = offOfString("*" + str)
	pu.pkgPath = u.pkgPath
	(*ptrType)(unsafe.Pointer(p)).elem = r
	r.ptrToThis = offOfType(p)

	d.val, d.ptr = reflectType(r), reflectType(p)
	d.valU, d.ptrU, d.valRoom, d.ptrRoom = u, pu, room1, room2
	switch k := unsafe.Pointer(r); lay.Kind() {
	case reflect.Struct:
		// The fields' types are stand-ins of the same layout until the fill.
		(*structType)(k).fields = (*structType)(unsafe.Pointer(from)).fields
		if e := t.blankEqual(under.(*types.Struct), r); e != nil {
			r.equal = e
		}
	case reflect.Array:
		a := (*arrayType)(unsafe.Pointer(from))
		(*arrayType)(k).elem, (*arrayType)(k).slice, (*arrayType)(k).len = a.elem, a.slice, a.len
	case reflect.Pointer:
		(*ptrType)(k).elem = (*ptrType)(unsafe.Pointer(from)).elem
	case reflect.Slice:
		(*sliceType)(k).elem = (*sliceType)(unsafe.Pointer(from)).elem
	case reflect.Chan:
		c := (*chanType)(unsafe.Pointer(from))
		(*chanType)(k).elem, (*chanType)(k).dir = c.elem, c.dir
	case reflect.Interface:
		(*interfaceType)(k).pkgPath = plainName(pkgPath(named.Obj().Pkg()))
	}
	t.decls[d.val] = d
	t.remember(typ, d.val)
	t.remember(types.NewPointer(typ), d.ptr)
	t.fills = append(t.fills, func() { t.fill(r, u, args, under) })
	if room > 0 {
		t.meths = append(t.meths, func() { t.methods(d) })
	}
	return d.val
}

// layout returns a type with the layout of typ: size, alignment, pointers, comparison and kind are final, but what
// is behind pointers, slices, maps, channels, functions and interfaces is not looked at. With top, a type that has a
// descriptor of its own is looked into.
func (t *Table) layout(typ types.Type, top bool) reflect.Type {
	switch u := types.Unalias(typ).(type) {
	case *types.Named:
		if r, ok := t.types.At(u).(reflect.Type); ok {
			return r
		}
		if r := t.compiled(u); r != nil {
			return r
		}
		switch u.Underlying().(type) {
		case *types.Struct, *types.Array:
			return t.of(u)
		}
		return t.layout(u.Underlying(), false)
	case *types.Pointer:
		return reflect.TypeFor[*struct{}]()
	case *types.Slice:
		return reflect.TypeFor[[]struct{}]()
	case *types.Map:
		return reflect.TypeFor[map[int]struct{}]()
	case *types.Chan:
		return reflect.TypeFor[chan struct{}]()
	case *types.Signature:
		return reflect.TypeFor[func()]()
	case *types.Interface:
		if u.NumMethods() == 0 {
			return reflect.TypeFor[any]()
		}
		return reflect.TypeFor[error]()
	case *types.Array:
		return reflect.ArrayOf(int(u.Len()), t.layout(u.Elem(), false))
	case *types.Struct:
		if !top && ownStruct(u) {
			return t.of(u)
		}
		fields := make([]reflect.StructField, u.NumFields())
		for i := range fields {
			fields[i] = reflect.StructField{Name: "F" + strconv.Itoa(i), Type: t.layout(u.Field(i).Type(), false)}
			if u.Field(i).Name() == "_" {
				fields[i].Name, fields[i].PkgPath = "_", "main"
			}
		}
		return reflect.StructOf(fields)
	}
	return t.of(typ)
}

// blankEqual returns the comparison of a struct type with blank fields, which do not count; nil for others.
func (t *Table) blankEqual(u *types.Struct, r *rtype) func(p, q unsafe.Pointer) bool {
	st := (*structType)(unsafe.Pointer(r))
	if r.equal == nil {
		return nil
	}
	type part struct {
		offset uintptr
		equal  func(p, q unsafe.Pointer) bool
	}
	var parts []part
	for i, f := range st.fields {
		if u.Field(i).Name() != "_" {
			parts = append(parts, part{f.offset, f.typ.equal})
		}
	}
	if len(parts) == len(st.fields) {
		return nil
	}
	return func(p, q unsafe.Pointer) bool {
		for _, x := range parts {
			if !x.equal(unsafe.Add(p, x.offset), unsafe.Add(q, x.offset)) {
				return false
			}
		}
		return true
	}
}

// fill completes a descriptor with the types that it refers to.
func (t *Table) fill(r *rtype, u *uncommon, args []*rtype, under types.Type) {
	k := unsafe.Pointer(r)
	switch under := under.(type) {
	case *types.Struct:
		st := (*structType)(k)
		fields := make([]structField, under.NumFields())
		for i := range fields {
			f := under.Field(i)
			fields[i] = structField{
				name:   encodeName(Shown(f.Name()), under.Tag(i), f.Exported(), f.Embedded(), ""),
				typ:    descriptor(t.of(f.Type())),
				offset: st.fields[i].offset,
			}
			if !f.Exported() {
				st.pkgPath = plainName(pkgPath(f.Pkg()))
			}
		}
		st.fields = fields
	case *types.Array:
		a := (*arrayType)(k)
		elem := t.of(under.Elem())
		a.elem, a.slice = descriptor(elem), descriptor(reflect.SliceOf(elem))
	case *types.Pointer:
		(*ptrType)(k).elem = descriptor(t.of(under.Elem()))
	case *types.Slice:
		(*sliceType)(k).elem = descriptor(t.of(under.Elem()))
	case *types.Chan:
		c, from := (*chanType)(k), (*chanType)(unsafe.Pointer(descriptor(t.of(under))))
		c.elem, c.dir = from.elem, from.dir
	case *types.Map:
		m, from := (*mapType)(k), (*mapType)(unsafe.Pointer(descriptor(t.of(under))))
		own := m.rtype
		*m = *from
		m.rtype = own
	case *types.Signature:
		f, from := (*funcType)(k), t.of(under)
		ff := (*funcType)(unsafe.Pointer(descriptor(from)))
		f.inCount, f.outCount = ff.inCount, ff.outCount
		for i := range from.NumIn() {
			args[i] = descriptor(from.In(i))
		}
		for i := range from.NumOut() {
			args[from.NumIn()+i] = descriptor(from.Out(i))
		}
	case *types.Interface:
		t.setInterface((*interfaceType)(k), under)
	}
}

// hashes counts the descriptors made; see nextHash.
var hashes atomic.Uint32

// nextHash returns a hash for a new descriptor, well spread and different from those of other descriptors.
func nextHash() uint32 { return hashes.Add(1) * 2654435769 }
