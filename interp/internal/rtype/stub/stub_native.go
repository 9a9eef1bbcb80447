//go:build amd64 || arm64

package stub

import (
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// count is the number of stubs in the assembler files.
const count = 32768

// table holds the closure of each stub. The assembler code reads it, the garbage collector scans it.
var table [count]unsafe.Pointer

var pool struct {
	sync.Mutex
	free []Stub // stubs given back, the oldest first
	next Stub   // the first that was never taken
}

// stubs is the code; base returns its address.
//
//lint:ignore U1000 the assembler calls it by name
func stubs()
func base() unsafe.Pointer

// stride is the length of one stub in bytes. It panics when the assembler made something else than what was meant.
var stride = sync.OnceValue(func() uintptr {
	n := codeLength(base())
	for _, i := range []uintptr{0, 1, 255, 256, 4096, count - 1} {
		if codeLength(unsafe.Add(base(), i*n)) != n || codeEntry(unsafe.Add(base(), i*n)) != uintptr(unsafe.Pointer(&table[i])) {
			panic(fmt.Sprintf("stub: code %d of %s is not as expected", i, runtime.Version()))
		}
	}
	return n
})

// Take takes a stub and returns it with the address of its code. It calls fn, a function value.
//
// Why not the one that was given back last? Goroutines that compiled code holds up outlive their session, and may still call its methods: that
// is a panic as long as the stub is free, and a call of another type's method, with arguments of other types, afterwards.
func Take(fn reflect.Value) (Stub, unsafe.Pointer, error) {
	pool.Lock()
	defer pool.Unlock()
	var s Stub
	switch n := len(pool.free); {
	case pool.next < count:
		s = pool.next
		pool.next++
	case n > 0:
		s = pool.free[0]
		pool.free = pool.free[1:]
	default:
		return 0, nil, ErrNone
	}
	s.Set(fn)
	return s, unsafe.Add(base(), uintptr(s)*stride()), nil
}

// Set makes a stub call another function of the same type. It may be called while the stub is in use.
func (s Stub) Set(fn reflect.Value) { atomic.StorePointer(&table[s], closure(fn)) }

var freed = reflect.ValueOf(func() { panic("a method of a type whose table was closed") })

// Free gives stubs back. A call of one panics, until it is taken again and calls something else.
func Free(list []Stub) {
	pool.Lock()
	defer pool.Unlock()
	for _, s := range list {
		s.Set(freed)
	}
	pool.free = append(pool.free, list...)
}

// Used returns how many stubs are taken, and how many there are.
func Used() (used, capacity int) {
	pool.Lock()
	defer pool.Unlock()
	return int(pool.next) - len(pool.free), count
}
