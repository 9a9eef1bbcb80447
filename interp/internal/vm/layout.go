package vm

import (
	"fmt"
	"go/types"
	"reflect"
	"slices"
	"sync/atomic"
	"unsafe"
)

// add returns the address off bytes into the memory at p.
func add(p ptr, off uint32) ptr { return unsafe.Add(p, off) }

// class says how a value is moved: with which Go assignment, so that the
// collector sees its pointers.
type class uint8

const (
	classNone   class = iota // no bytes
	classWord                // 1 to 8 bytes without pointers; the high bytes of the slot are garbage
	classPtr                 // one pointer word: pointers, maps, channels, functions
	classString              // string
	classIface               // any interface
	classSlice               // any slice
	classWide                // 16 bytes without pointers: complex128
	classMem                 // any other value without pointers
	classTyped               // any other value, moved by its type
)

// typeInfo is what the machine needs to know of a type.
type typeInfo struct {
	rt    reflect.Type
	r     ptr // descriptor of rt
	class class
	kind  reflect.Kind
	size  uintptr // bytes in memory
	slot  uintptr // bytes in a frame: size rounded up to words
}

func newTypeInfo(rt reflect.Type) *typeInfo {
	ti := &typeInfo{rt: rt, r: rtypeOf(rt), kind: rt.Kind(), size: rt.Size()}
	ti.slot = (ti.size + 7) &^ 7
	switch {
	case ti.size == 0:
		ti.class = classNone
	case ti.kind >= reflect.Bool && ti.kind <= reflect.Complex64:
		ti.class = classWord
	case ti.kind == reflect.Complex128:
		ti.class = classWide
	case ti.kind == reflect.Pointer, ti.kind == reflect.UnsafePointer, ti.kind == reflect.Map, ti.kind == reflect.Chan, ti.kind == reflect.Func:
		ti.class = classPtr
	case ti.kind == reflect.String:
		ti.class = classString
	case ti.kind == reflect.Interface:
		ti.class = classIface
	case ti.kind == reflect.Slice:
		ti.class = classSlice
	case hasPointers(ti.r):
		ti.class = classTyped
	default:
		ti.class = classMem
	}
	return ti
}

var (
	typeUint64  = reflect.TypeFor[uint64]()
	typePointer = reflect.TypeFor[ptr]()
	typeString  = reflect.TypeFor[string]()
	typeAny     = reflect.TypeFor[any]()
	typeBytes   = reflect.TypeFor[[]byte]()
)

// frameType is the type that a slot of this class has in a frame.
func (ti *typeInfo) frameType() reflect.Type {
	switch ti.class {
	case classWord:
		return typeUint64
	case classPtr:
		return typePointer
	case classString:
		return typeString
	case classIface:
		return typeAny
	case classSlice:
		return typeBytes
	case classWide, classMem:
		return reflect.ArrayOf(int(ti.slot/8), typeUint64)
	}
	return ti.rt
}

var ptrInfo = newTypeInfo(typePointer)

// typeInfo returns what is known of t, a type of the program.
func (m *Machine) typeInfo(t types.Type) *typeInfo {
	if ti, ok := m.infos.Load(t); ok {
		return ti.(*typeInfo)
	}
	ti := newTypeInfo(m.reflectType(t))
	m.infos.Store(t, ti)
	return ti
}

// reflectType is Types.Of, with the builder's own opaque types added.
func (m *Machine) reflectType(t types.Type) reflect.Type {
	switch t := t.(type) {
	case *types.Basic:
		switch t.Kind() {
		case types.UntypedNil:
			return typePointer
		case types.UntypedBool:
			return reflect.TypeFor[bool]()
		case types.UntypedInt:
			return reflect.TypeFor[int]()
		case types.UntypedRune:
			return reflect.TypeFor[rune]()
		case types.UntypedFloat:
			return reflect.TypeFor[float64]()
		case types.UntypedComplex:
			return reflect.TypeFor[complex128]()
		case types.UntypedString:
			return typeString
		}
	case *types.Pointer:
		if isOpaque(t) {
			return reflect.PointerTo(m.reflectType(t.Elem()))
		}
	case *types.Alias, *types.Array, *types.Chan, *types.Interface, *types.Map, *types.Named, *types.Signature, *types.Slice, *types.Struct, *types.TypeParam:
	case *types.Tuple, *types.Union:
		panic(fmt.Errorf("vm: %v is not the type of a value", t))
	default:
		return reflect.TypeFor[struct{}]()
	}
	return m.types.Of(t)
}

// isOpaque finds pointers to the builder's own types (the defer stack).
func isOpaque(t types.Type) bool {
	switch t := t.(type) {
	case *types.Pointer:
		return isOpaque(t.Elem())
	case *types.Basic, *types.Alias, *types.Array, *types.Chan, *types.Interface, *types.Map, *types.Named, *types.Signature, *types.Slice, *types.Struct, *types.TypeParam, *types.Tuple, *types.Union:
		return false
	}
	return true
}

// slot is a place of known type in a frame or a block of results.
type slot struct {
	off uint32
	ti  *typeInfo
}

// convention says where a call's arguments and results are: arguments at the
// start of the callee's frame in order, results in order in a block of the
// caller, every one at the next word.
type convention struct {
	params     []slot // the receiver first
	paramSize  uint32
	results    []slot
	resultSize uint32
	variadic   bool
	block      atomic.Pointer[reflect.Type] // see resultType
}

// takes reports whether a method with this convention can be called with c, which has
// no receiver.
func (m *convention) takes(c *convention) bool {
	same := func(x, y slot) bool { return x.ti.rt == y.ti.rt }
	return slices.EqualFunc(m.params[1:], c.params, same) && slices.EqualFunc(m.results, c.results, same) && m.variadic == c.variadic
}

func (m *Machine) convention(sig *types.Signature, recv types.Type) *convention {
	c := &convention{variadic: sig.Variadic()}
	add := func(list []slot, size *uint32, t types.Type) []slot {
		ti := m.typeInfo(t)
		s := slot{*size, ti}
		if ti.slot == 0 {
			s.off = 0 // an address behind the memory would belong to another object
		}
		if uintptr(*size)+ti.slot > maxFrameBytes {
			panic(runtimeError(fmt.Sprintf("the arguments or results of %v are too large: use slices, or pointers made with new", sig)))
		}
		*size += uint32(ti.slot)
		return append(list, s)
	}
	if recv != nil {
		c.params = add(c.params, &c.paramSize, recv)
	}
	for v := range sig.Params().Variables() {
		c.params = add(c.params, &c.paramSize, v.Type())
	}
	for v := range sig.Results().Variables() {
		c.results = add(c.results, &c.resultSize, v.Type())
	}
	return c
}

// blockType is the type of the memory of consecutive slots.
func blockType(slots []slot) reflect.Type {
	fields := make([]reflect.StructField, 0, len(slots))
	for i, s := range slots {
		if s.ti.slot == 0 {
			continue
		}
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("R%d", i), Type: s.ti.frameType()})
	}
	return reflect.StructOf(fields)
}

// move copies one value of the class from src to dst.
func (ti *typeInfo) move(dst, src ptr) {
	switch ti.class {
	case classNone:
	case classWord:
		switch ti.size {
		case 1:
			*(*uint8)(dst) = *(*uint8)(src)
		case 2:
			*(*uint16)(dst) = *(*uint16)(src)
		case 4:
			*(*uint32)(dst) = *(*uint32)(src)
		default:
			*(*uint64)(dst) = *(*uint64)(src)
		}
	case classPtr:
		*(*ptr)(dst) = *(*ptr)(src)
	case classString:
		*(*string)(dst) = *(*string)(src)
	case classIface:
		*(*any)(dst) = *(*any)(src)
	case classSlice:
		*(*[]byte)(dst) = *(*[]byte)(src)
	case classWide, classMem:
		memmove(dst, src, ti.size)
	default:
		typedmemmove(ti.r, dst, src)
	}
}

// clear zeroes one value.
func (ti *typeInfo) clear(dst ptr) {
	switch ti.class {
	case classNone:
	case classWord, classWide, classMem:
		memclr(dst, ti.size)
	default:
		typedmemclr(ti.r, dst)
	}
}
