package codec

import (
	"reflect"
	"unsafe"
)

// Key is v with every -0.0 in it made 0.0, so that keys that are equal (==) have the same encoding. v itself stays as it is.
func Key(v reflect.Value) reflect.Value {
	if !floats(v.Type()) {
		return v
	}
	c := reflect.New(v.Type())
	c.Elem().Set(v)
	positive(v.Type(), c.UnsafePointer())
	return c.Elem()
}

// floats reports whether comparing values of the type may compare floating-point numbers.
func floats(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128, reflect.Interface:
		return true
	case reflect.Array:
		return floats(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if floats(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}

// positive does Key at p, where a value of type t is that nobody else has.
func positive(t reflect.Type, p unsafe.Pointer) {
	switch t.Kind() {
	case reflect.Float32:
		*(*float32)(p) += 0
	case reflect.Float64:
		*(*float64)(p) += 0
	case reflect.Complex64:
		part := (*[2]float32)(p)
		part[0], part[1] = part[0]+0, part[1]+0
	case reflect.Complex128:
		part := (*[2]float64)(p)
		part[0], part[1] = part[0]+0, part[1]+0
	case reflect.Interface:
		if v := reflect.NewAt(t, p).Elem(); !v.IsNil() {
			v.Set(Key(v.Elem()))
		}
	case reflect.Array:
		for i := range uintptr(t.Len()) {
			positive(t.Elem(), unsafe.Add(p, i*t.Elem().Size()))
		}
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			positive(f.Type, unsafe.Add(p, f.Offset))
		}
	}
}
