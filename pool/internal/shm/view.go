package shm

import (
	"errors"
	"reflect"
	"unsafe"
)

// ErrNone is the error of a platform without shared memory.
var ErrNone = errors.New("no shared memory here")

// Contains reports whether the address is in the memory.
func Contains(mem []byte, addr uintptr) bool {
	return addr-uintptr(unsafe.Pointer(unsafe.SliceData(mem))) < uintptr(len(mem))
}

// View is a slice of n elements of type elem, a type without pointers, that begins where mem does. Its capacity is n.
//
// It is sound when mem, which is aligned to pages, has room for them: View panics otherwise.
func View(mem []byte, elem reflect.Type, n int) reflect.Value {
	if n < 0 || elem.Size() > 0 && n > len(mem)/int(elem.Size()) {
		panic("shm: the memory is too small for the slice")
	}
	if n == 0 {
		return reflect.MakeSlice(reflect.SliceOf(elem), 0, 0)
	}
	return reflect.SliceAt(elem, unsafe.Pointer(unsafe.SliceData(mem)), n)
}
