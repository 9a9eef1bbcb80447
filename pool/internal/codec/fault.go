package codec

import (
	"reflect"
	"runtime"
	"unsafe"
)

// The errors of Go's run time that are exported travel as themselves, so that errors.As finds them; the others arrive as an
// [OpaqueRuntimeError].

var (
	panicNilType  = reflect.TypeFor[runtime.PanicNilError]()
	assertionType = reflect.TypeFor[runtime.TypeAssertionError]()
)

// emptyPlan is for a type all of whose values are the same.
func emptyPlan(p *plan) {
	p.enc = func(e *Encoder, _ unsafe.Pointer) error {
		e.buf = append(e.buf, 0)
		return nil
	}
	p.dec = func(d *Decoder, _ unsafe.Pointer) error {
		_, err := d.byte()
		return err
	}
}

// assertion is a runtime.TypeAssertionError: the types are those that a reflect.Type leads to, nil for the interface without methods
// and for what was nil.
type assertion struct {
	types   [3]unsafe.Pointer // the interface, what was in it, what was asked for
	missing string
}

// assertionKnown reports whether the error is made of what it was made of in Go 1.26 and 1.27; otherwise it travels as its text.
func assertionKnown() bool {
	if assertionType.NumField() != 4 || assertionType.Size() != unsafe.Sizeof(assertion{}) {
		return false
	}
	for i, name := range []string{"_interface", "concrete", "asserted"} {
		f := assertionType.Field(i)
		if f.Name != name || f.Type.Kind() != reflect.Pointer || f.Offset != uintptr(i)*unsafe.Sizeof(uintptr(0)) {
			return false
		}
	}
	f := assertionType.Field(3)
	return f.Name == "missingMethod" && f.Type.Kind() == reflect.String && f.Offset == unsafe.Offsetof(assertion{}.missing)
}

// typeWord is where a reflect.Type has its pointer: the second word of the interface.
type typeWord struct{ tab, typ unsafe.Pointer }

// asType is the reflect.Type of a type's pointer.
func asType(p unsafe.Pointer) (t reflect.Type) {
	t = rtypeType
	(*typeWord)(unsafe.Pointer(&t)).typ = p
	return t
}

func assertionPlan(p *plan) {
	p.enc = func(e *Encoder, at unsafe.Pointer) error {
		a := (*assertion)(at)
		for _, ptr := range a.types {
			name := ""
			if ptr != nil {
				t := asType(ptr)
				n, err := e.c.typeName(t)
				if err != nil {
					return refuse(assertionType, err.Error())
				}
				e.named(t)
				name = n
			}
			e.string(name)
		}
		e.string(a.missing)
		return nil
	}
	p.dec = func(d *Decoder, at unsafe.Pointer) (err error) {
		a := (*assertion)(at)
		for i := range a.types {
			name, err := d.string()
			if err != nil {
				return err
			}
			if name == "" {
				continue
			}
			t, err := d.c.typeByName(name)
			if err != nil {
				return err
			}
			a.types[i] = (*typeWord)(unsafe.Pointer(&t)).typ
		}
		a.missing, err = d.string()
		return err
	}
}
