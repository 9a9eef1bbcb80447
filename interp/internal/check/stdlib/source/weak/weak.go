package weak

import (
	"unsafe"

	"poolbook/interp/internal/bridge/native"
)

// Pointer is a pointer that does not keep what it points to.
type Pointer[T any] struct {
	_ [0]*T
	p native.Weak
}

// Make returns a weak pointer.
func Make[T any](ptr *T) Pointer[T] {
	if ptr == nil {
		return Pointer[T]{}
	}
	return Pointer[T]{p: native.MakeWeak(unsafe.Pointer(ptr))}
}

// Value returns the pointer, nil when the object is gone.
func (p Pointer[T]) Value() *T { return (*T)(p.p.Value()) }
