package rtype

import (
	"encoding/binary"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"

	"poolbook/interp/internal/goabi"
)

// This file mirrors the type descriptors of the Go runtime (internal/abi); what is not the same in all releases is in package goabi.
// Nothing else in the package knows offsets. SelfTest compares the mirrors with what reflect says before the first type is made, a test
// field by field with the sources of the release.

type (
	nameOff int32
	typeOff int32
	textOff int32
	tflag   uint8
)

const (
	tflagUncommon     tflag = 1 << 0
	tflagExtraStar    tflag = 1 << 1
	tflagNamed        tflag = 1 << 2
	tflagRegular      tflag = 1 << 3
	tflagMaskOnDemand tflag = 1 << 4
	tflagDirectIface  tflag = 1 << 5
)

// rtype begins every type descriptor.
type rtype struct {
	size       uintptr
	ptrBytes   uintptr
	hash       uint32
	tflag      tflag
	align      uint8
	fieldAlign uint8
	kind       uint8
	equal      func(unsafe.Pointer, unsafe.Pointer) bool
	gcData     *byte
	str        nameOff
	ptrToThis  typeOff
}

type name struct{ bytes *byte }

type method struct {
	name nameOff
	mtyp typeOff
	ifn  textOff
	tfn  textOff
}

type imethod struct {
	name nameOff
	typ  typeOff
}

type uncommon struct {
	pkgPath nameOff
	mcount  uint16
	xcount  uint16
	moff    uint32
	_       uint32
}

type (
	arrayType struct {
		rtype
		elem  *rtype
		slice *rtype
		len   uintptr
	}
	chanType struct {
		rtype
		elem *rtype
		dir  int
	}
	funcType struct {
		rtype
		inCount  uint16
		outCount uint16 // the top bit says variadic
	}
	interfaceType struct {
		rtype
		pkgPath name
		methods []imethod
	}
	mapType struct {
		rtype
		key, elem, group *rtype
		hasher           func(unsafe.Pointer, uintptr) uintptr
		tail             goabi.MapTail
	}
	ptrType struct {
		rtype
		elem *rtype
	}
	sliceType struct {
		rtype
		elem *rtype
	}
	structField struct {
		name   name
		typ    *rtype
		offset uintptr
	}
	structType struct {
		rtype
		pkgPath name
		fields  []structField
	}
)

// eface is the memory of an interface value without methods.
type eface struct {
	typ  unsafe.Pointer
	data unsafe.Pointer
}

// descriptor returns the descriptor behind a reflect type. It must not be inlined: the compiler would fold loads from
// the descriptor of a type that it knows, and mark what it finds as types that are used, which breaks the linker.
//
//go:noinline
func descriptor(t reflect.Type) *rtype {
	return (*rtype)((*eface)(unsafe.Pointer(&t)).data)
}

// reflectType returns the reflect type of a descriptor.
func reflectType(r *rtype) reflect.Type {
	// An interface value of that type, whose (unused) data word is nil.
	e := eface{typ: unsafe.Pointer(r)}
	return reflect.TypeOf(*(*any)(unsafe.Pointer(&e)))
}

// addReflectOff gives a pointer (and keeps it alive for ever) an offset as the descriptors hold it.
//
//go:linkname addReflectOff reflect.addReflectOff
func addReflectOff(ptr unsafe.Pointer) int32

// The first offset that the runtime gives out is -1, which means "unreachable" as the address of a method. Let a
// name have it.
var _ = addReflectOff(unsafe.Pointer(encodeName("_", "", false, false, "").bytes))

func offOfName(n name) nameOff           { return nameOff(addReflectOff(unsafe.Pointer(n.bytes))) }
func offOfType(r *rtype) typeOff         { return typeOff(addReflectOff(unsafe.Pointer(r))) }
func offOfText(p unsafe.Pointer) textOff { return textOff(addReflectOff(p)) }
func offOfString(s string) nameOff       { return offOfName(encodeName(s, "", false, false, "")) }
func plainName(s string) name            { return encodeName(s, "", false, false, "") }

// encodeName writes a name as the descriptors hold it: flags, length, text, and when there are any the tag and the
// package path.
func encodeName(s, tag string, exported, embedded bool, pkgPath string) name {
	var flags byte
	if exported {
		flags |= 1 << 0
	}
	if tag != "" {
		flags |= 1 << 1
	}
	if pkgPath != "" {
		flags |= 1 << 2
	}
	if embedded {
		flags |= 1 << 3
	}
	b := []byte{flags}
	b = binary.AppendUvarint(b, uint64(len(s)))
	b = append(b, s...)
	if tag != "" {
		b = binary.AppendUvarint(b, uint64(len(tag)))
		b = append(b, tag...)
	}
	if pkgPath != "" {
		b = binary.NativeEndian.AppendUint32(b, uint32(offOfString(pkgPath)))
	}
	return name{&b[0]}
}

// pins keeps every descriptor alive for the life of the process: the runtime's method tables, its interface values
// and reflect's caches point to descriptors where the garbage collector does not look.
var pins struct {
	sync.Mutex
	list []unsafe.Pointer
}

// newDescriptor allocates a descriptor: fixed is its kind's struct, args the number of pointers that a function
// type has after it, room the number of methods there is space for. Methods are two tables of that size, see setMethods.
func newDescriptor(fixed reflect.Type, args, room int) (r *rtype, u *uncommon, argv []*rtype, methods []method) {
	v := reflect.New(reflect.StructOf([]reflect.StructField{
		{Name: "Fixed", Type: fixed},
		{Name: "Uncommon", Type: reflect.TypeFor[uncommon]()},
		{Name: "Args", Type: reflect.ArrayOf(args, reflect.TypeFor[*rtype]())},
		{Name: "Methods", Type: reflect.ArrayOf(2*room, reflect.TypeFor[method]())},
	}))
	e := v.Elem()
	r = (*rtype)(v.UnsafePointer())
	u = (*uncommon)(e.Field(1).Addr().UnsafePointer())
	if args > 0 {
		argv = unsafe.Slice((**rtype)(e.Field(2).Addr().UnsafePointer()), args)
	}
	if room > 0 {
		methods = unsafe.Slice((*method)(e.Field(3).Addr().UnsafePointer()), 2*room)
		u.moff = uint32(e.Type().Field(3).Offset - e.Type().Field(1).Offset)
	} else {
		u.moff = uint32(unsafe.Sizeof(uncommon{}))
	}
	pins.Lock()
	pins.list = append(pins.list, unsafe.Pointer(r))
	pins.Unlock()
	return r, u, argv, methods
}

// setMethods gives a descriptor another list of methods, of which the first exported are: it has those that it had, in
// the same order. A goroutine of an earlier cell may be looking for a method meanwhile, and must not find half of one entry and half
// of another. So the list goes to the table that is not in use. Who has read the old place with the new number of methods finds
// empty entries at its end, which are no method's. The race detector is not told: reflect reads the place without an atomic operation.
//
//go:norace
func setMethods(u *uncommon, tables, list []method, exported uint16) {
	if len(tables) == 0 {
		return
	}
	first := uint32(uintptr(unsafe.Pointer(&tables[0])) - uintptr(unsafe.Pointer(u)))
	next, at := tables[:len(tables)/2], first
	if u.mcount > 0 && u.moff == first {
		next, at = tables[len(tables)/2:], first+uint32(len(next))*uint32(unsafe.Sizeof(method{}))
	}
	for i := range next { // copy and clear would tell it
		if i < len(list) {
			next[i] = list[i]
		} else {
			next[i] = method{}
		}
	}
	u.mcount, u.xcount = uint16(len(list)), exported
	atomic.StoreUint32(&u.moff, at)
}

// fixedType returns the mirror of a kind's descriptor.
func fixedType(k reflect.Kind) reflect.Type {
	switch k {
	case reflect.Array:
		return reflect.TypeFor[arrayType]()
	case reflect.Chan:
		return reflect.TypeFor[chanType]()
	case reflect.Func:
		return reflect.TypeFor[funcType]()
	case reflect.Interface:
		return reflect.TypeFor[interfaceType]()
	case reflect.Map:
		return reflect.TypeFor[mapType]()
	case reflect.Pointer:
		return reflect.TypeFor[ptrType]()
	case reflect.Slice:
		return reflect.TypeFor[sliceType]()
	case reflect.Struct:
		return reflect.TypeFor[structType]()
	}
	return reflect.TypeFor[rtype]()
}
