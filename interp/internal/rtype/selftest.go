package rtype

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"unsafe"

	"poolbook/interp/internal/goabi"
)

// SelfTest reports whether the type descriptors of the running program are those that this package writes, of each kind to its last field.
// Nobody may make types where it fails.
var SelfTest = sync.OnceValue(func() error {
	if err := selfTest(); err != nil {
		return fmt.Errorf("type descriptors of %s on %s/%s are not as those of %s that this program knows (%w): build it with %s as it was released",
			runtime.Version(), runtime.GOOS, runtime.GOARCH, goabi.Name, err, goabi.Name)
	}
	return nil
})

// A compiled type of each kind, with methods: what says that it has them lies right behind the fields of its kind.
type (
	probe struct {
		A int8 `k:"v"`
		B *probe
		//lint:ignore U1000 the shape of the type is what selfTest looks at
		c [3]string
	}
	probeArray [3]int
	probeChan  chan<- int
	probeFunc  func(int, ...string) error
	probeMap   map[string]probe
	probeSlice []int
	probeWord  int
)

func (probe) Method()      {}
func (probeArray) Method() {}
func (probeChan) Method()  {}
func (probeFunc) Method()  {}
func (probeMap) Method()   {}
func (probeSlice) Method() {}
func (probeWord) Method()  {}

type probeInterface interface {
	fmt.Stringer
	Method(int) string
}

func selfTest() error {
	for _, t := range []reflect.Type{
		reflect.TypeFor[probe](), reflect.TypeFor[*probe](), reflect.TypeFor[probeArray](), reflect.TypeFor[probeChan](), reflect.TypeFor[probeFunc](),
		reflect.TypeFor[probeMap](), reflect.TypeFor[probeSlice](), reflect.TypeFor[probeWord](),
	} {
		r := descriptor(t)
		if r.size != t.Size() || reflect.Kind(r.kind) != t.Kind() || int(r.align) != t.Align() || int(r.fieldAlign) != t.FieldAlign() ||
			(r.equal != nil) != t.Comparable() || r.tflag&tflagUncommon == 0 || (r.tflag&tflagNamed != 0) != (t.Name() != "") {
			return fmt.Errorf("type %v", t)
		}
		u := uncommonOf(r)
		if u.mcount != 1 || u.xcount != 1 || u.moff < uint32(unsafe.Sizeof(uncommon{})) || u.moff > 256 {
			return fmt.Errorf("the place of the methods of a %v", t.Kind())
		}
		m := (*method)(unsafe.Add(unsafe.Pointer(u), u.moff))
		if name, _ := decodeName(unsafe.Pointer(r), m.name); name != "Method" {
			return fmt.Errorf("the methods of a %v", t.Kind())
		}
		if pkg, _ := decodeName(unsafe.Pointer(r), u.pkgPath); t.Name() != "" && pkg != t.PkgPath() {
			return fmt.Errorf("the package of a %v", t.Kind())
		}
		if !sameParts(t, r) {
			return fmt.Errorf("the fields of a %v", t.Kind())
		}
	}
	if t := reflect.TypeFor[probeInterface](); !sameParts(t, descriptor(t)) {
		return errors.New("the fields of an interface")
	}
	if r := descriptor(reflect.TypeFor[*int]()); r.tflag&tflagDirectIface == 0 || r.ptrBytes != r.size || reflectType(r) != reflect.TypeFor[*int]() {
		return errors.New("pointers")
	}
	for _, m := range []struct {
		t     reflect.Type
		flags uint32
	}{
		{reflect.TypeFor[map[int]string](), 0},
		{reflect.TypeFor[map[string]int8](), goabi.MapNeedKeyUpdate},
		{reflect.TypeFor[map[any]bool](), goabi.MapNeedKeyUpdate | goabi.MapHashMightPanic},
		{reflect.TypeFor[map[[200]byte][300]int8](), goabi.MapIndirectKey | goabi.MapIndirectElem},
	} {
		mt := (*mapType)(unsafe.Pointer(descriptor(m.t)))
		if !sameParts(m.t, &mt.rtype) || mt.hasher == nil || !mt.tail.Fits(reflectType(mt.group), m.flags) {
			return fmt.Errorf("the groups of a %v", m.t)
		}
	}
	return nil
}

// sameParts reports whether the fields that only types of its kind have say of a type what reflect does.
func sameParts(t reflect.Type, r *rtype) bool {
	p := unsafe.Pointer(r)
	switch t.Kind() {
	case reflect.Array:
		a := (*arrayType)(p)
		return reflectType(a.elem) == t.Elem() && reflectType(a.slice) == reflect.SliceOf(t.Elem()) && a.len == uintptr(t.Len())
	case reflect.Chan:
		c := (*chanType)(p)
		return reflectType(c.elem) == t.Elem() && reflect.ChanDir(c.dir) == t.ChanDir()
	case reflect.Func:
		f := (*funcType)(p)
		args := unsafe.Slice((**rtype)(unsafe.Add(p, unsafe.Sizeof(funcType{})+unsafe.Sizeof(uncommon{}))), t.NumIn()+t.NumOut())
		return int(f.inCount) == t.NumIn() && f.outCount == uint16(t.NumOut())|1<<15 && reflectType(args[1]) == t.In(1) && reflectType(args[2]) == t.Out(0)
	case reflect.Interface:
		i := (*interfaceType)(p)
		if text(i.pkgPath) != t.PkgPath() || len(i.methods) != t.NumMethod() {
			return false
		}
		for j, m := range i.methods {
			if name, _ := decodeName(p, m.name); name != t.Method(j).Name || resolveTypeOff(p, typeOff(m.typ)) != unsafe.Pointer(descriptor(t.Method(j).Type)) {
				return false
			}
		}
	case reflect.Map:
		m := (*mapType)(p)
		return reflectType(m.key) == t.Key() && reflectType(m.elem) == t.Elem() && m.group != nil
	case reflect.Pointer:
		return reflectType((*ptrType)(p).elem) == t.Elem()
	case reflect.Slice:
		return reflectType((*sliceType)(p).elem) == t.Elem()
	case reflect.Struct:
		s := (*structType)(p)
		if len(s.fields) != t.NumField() || text(s.pkgPath) != t.PkgPath() {
			return false
		}
		for i, f := range s.fields {
			if text(f.name) != t.Field(i).Name || reflectType(f.typ) != t.Field(i).Type || f.offset != t.Field(i).Offset {
				return false
			}
		}
	}
	return true
}

func text(n name) string {
	s, _ := decodeBytes(unsafe.Pointer(n.bytes))
	return s
}
