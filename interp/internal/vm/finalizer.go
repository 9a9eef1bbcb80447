package vm

import (
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"unsafe"
)

// runtime.SetFinalizer ends the process where its arguments do not fit. Here such
// a call panics, with the same text. Finalizers run in goroutines of their own, so
// that none of them ends the runtime's, which all of the process share.

//go:linkname findObject runtime.findObject
//go:noescape
func findObject(p, refBase, refOff uintptr) (base uintptr, span ptr, index uintptr)

// finalized are the objects, by their addresses, that have a finalizer of a cell's. It is no sync.Map, whose keys are boxed: the allocator might
// put one into the same block as a small object, which then were never free.
var finalized = struct {
	sync.Mutex
	at map[uintptr]bool
}{at: map[uintptr]bool{}}

// setFinalized notes whether the object at an address has a finalizer, and returns whether it had one.
func setFinalized(at uintptr, has bool) (had bool) {
	finalized.Lock()
	defer finalized.Unlock()
	had = finalized.at[at]
	if has {
		finalized.at[at] = true
	} else {
		delete(finalized.at, at)
	}
	return had
}

// setFinalizer is runtime.SetFinalizer.
func setFinalizer(obj, finalizer any) {
	fault := func(format string, args ...any) {
		panic(fatalError("runtime.SetFinalizer: " + fmt.Sprintf(format, args...)))
	}
	t := reflect.TypeOf(obj)
	switch {
	case t == nil:
		fault("first argument is nil")
	case t.Kind() != reflect.Pointer:
		fault("first argument is %v, not pointer", t)
	}
	p := reflect.ValueOf(obj).UnsafePointer()
	if p == nil {
		fault("pointer not in allocated block")
	}
	base, _, _ := findObject(uintptr(p), 0, 0)
	if base == 0 {
		return // a variable that is there all the time
	}
	if off, e := uintptr(p)-base, t.Elem(); off != 0 && (hasPointers(rtypeOf(e)) || e.Size() >= maxTiny) {
		// Objects with pointers that are larger than this begin with a word of the allocator's. That a smaller type
		// is the first part of one cannot be told from what would end the process.
		if off != unsafe.Sizeof(off) || !hasPointers(rtypeOf(e)) || e.Size() <= 512 {
			fault("pointer not at beginning of allocated block")
		}
	}
	if finalizer == nil {
		setFinalized(uintptr(p), false)
		runtime.SetFinalizer(obj, nil)
		return
	}
	f := reflect.ValueOf(finalizer)
	ft := f.Type()
	switch {
	case ft.Kind() != reflect.Func:
		fault("second argument is %v, not a function", ft)
	case ft.IsVariadic():
		fault("cannot pass %v to finalizer %v because dotdotdot", t, ft)
	case ft.NumIn() != 1 || !t.AssignableTo(ft.In(0)):
		fault("cannot pass %v to finalizer %v", t, ft)
	}
	if setFinalized(uintptr(p), true) {
		fault("finalizer already set")
	}
	at := uintptr(p)
	run := reflect.MakeFunc(ft, func(args []reflect.Value) []reflect.Value {
		setFinalized(at, false) // it may be set again
		apart(func() { f.Call(args) })
		results := make([]reflect.Value, ft.NumOut())
		for i := range results {
			results[i] = reflect.Zero(ft.Out(i))
		}
		return results
	})
	runtime.SetFinalizer(obj, run.Interface())
}

// maxTiny is the size from which on objects without pointers are not put together.
const maxTiny = 16

// apart calls f in a goroutine of its own and waits for its end.
func apart(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}
