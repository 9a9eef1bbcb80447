//go:build !amd64 && !arm64

package stub

import (
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/goplus/reflectx/abi"
	// The stubs.
	_ "github.com/goplus/reflectx/icall/icall8192"
)

// place is a stub of reflectx.
type place struct {
	provider abi.MethodProvider
	index    int
	fn       *atomic.Value // holds a reflect.Value
}

var pool struct {
	sync.Mutex
	places []place
}

// Take takes a stub and returns it with the address of its code. It calls fn, a function value.
func Take(fn reflect.Value) (Stub, unsafe.Pointer, error) {
	pool.Lock()
	defer pool.Unlock()
	target := new(atomic.Value)
	target.Store(fn)
	call := func(args []reflect.Value) []reflect.Value {
		f := target.Load().(reflect.Value)
		if f.Type().IsVariadic() {
			return f.CallSlice(args)
		}
		return f.Call(args)
	}
	for _, p := range abi.Default.List() {
		// Pointer without Indirect: the stub passes its arguments on as they are.
		code, index := p.Insert(&abi.MethodInfo{Func: reflect.MakeFunc(fn.Type(), call), Pointer: true})
		if index >= 0 {
			pool.places = append(pool.places, place{p, index, target})
			return Stub(len(pool.places) - 1), code, nil
		}
	}
	return 0, nil, ErrNone
}

// Set makes a stub call another function of the same type. It may be called while the stub is in use.
func (s Stub) Set(fn reflect.Value) {
	pool.Lock()
	defer pool.Unlock()
	pool.places[s].fn.Store(fn)
}

// Free gives stubs back. They must not be called any more.
func Free(list []Stub) {
	pool.Lock()
	defer pool.Unlock()
	for _, s := range list {
		p := pool.places[s]
		p.provider.Remove([]int{p.index})
	}
}

// Used returns how many stubs are taken, and how many there are.
func Used() (used, capacity int) { return abi.Default.Used(), abi.Default.Cap() }
