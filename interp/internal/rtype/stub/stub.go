// Package stub has prepared machine code for methods that are made at run time.
//
// The runtime calls a method by the address of its code, with the receiver as the only hint of which one it is. So
// every method needs code of its own, and a Go program cannot make code while it runs. A stub is such code: it loads
// the closure that stands in its place of a table and jumps to it, with all arguments where the caller has put them. The
// closure is any Go function value whose first parameter is the method's receiver.
//
// On amd64 and arm64 the stubs are assembler of our own, 13 or some 16 bytes each in one single function, which costs the program
// half a megabyte. Elsewhere they are those of reflectx's icall packages, of which there are fewer (600 bytes each) and
// which call the closure through reflect.
package stub

import (
	"errors"
	"reflect"
	"unsafe"
)

// ErrNone is the error of Take when all stubs are taken.
var ErrNone = errors.New("no method stubs are left")

// A Stub is code taken by one method.
type Stub int

// closure returns the closure of a function value.
func closure(fn reflect.Value) unsafe.Pointer {
	f := fn.Interface()
	return (*struct{ typ, data unsafe.Pointer })(unsafe.Pointer(&f)).data
}
