package vm

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"unsafe"
)

// closure is the object behind a func value of an interpreted function. A func
// value is a pointer to it, so its first word is code that compiled callers
// jump to with the object in the context register. That code is one of two:
//
//   - reflect's makeFuncStub, for which the object begins like reflect's
//     makeFuncImpl; its function field leads back into the object;
//   - for common signatures a native function of shapes_gen.go, which expects
//     its one captured variable, the closure itself, in the second word.
//
// The captured variables of the program follow the object in memory, in a type
// made for each function.
type closure struct {
	code    uintptr
	context ptr     // makeFuncImpl: the stack map; shapes: the closure itself
	argLen  uintptr // makeFuncImpl
	regPtrs uint64  // makeFuncImpl
	ftyp    ptr     // makeFuncImpl
	entry   ptr     // makeFuncImpl: the func value called with the arguments: &entryCode

	entryCode uintptr // a Go closure that captured the next word
	entrySelf *closure

	fn  *Func
	run *Run
}

const (
	closureSize = unsafe.Sizeof(closure{})
	entryOffset = unsafe.Offsetof(closure{}.entryCode)
)

// at returns the address of a captured variable.
func (c *closure) at(s slot) ptr { return unsafe.Add(ptr(c), uintptr(s.off)) }

// value returns the func value.
func (c *closure) value() reflect.Value {
	v := reflect.New(c.fn.funcType()).Elem()
	*(*ptr)(v.Addr().UnsafePointer()) = ptr(c)
	return v
}

// funcPointer returns the object behind a func value.
func funcPointer(fn reflect.Value) ptr {
	v := reflect.New(fn.Type())
	v.Elem().Set(fn)
	return *(*ptr)(v.UnsafePointer())
}

// entryOf returns the func value that reflect's stub calls for c.
func entryOf(c *closure) func([]reflect.Value) []reflect.Value {
	return func(args []reflect.Value) []reflect.Value { return c.callback(args) }
}

var (
	// stubCode is the code of reflect.makeFuncStub, entryCode that of entryOf's result.
	stubCode  uintptr
	entryCode uintptr
)

// closureOf returns the closure behind the func value p, nil when p is nil or
// was not made by a machine.
//
//go:nocheckptr
func closureOf(p ptr) *closure {
	if p == nil {
		return nil
	}
	c := (*closure)(p)
	if c.code == stubCode {
		// objects with this code are at least as long as makeFuncImpl
		if c.entry == unsafe.Add(p, entryOffset) {
			return c
		}
		return nil
	}
	if isShape(c.code) {
		return c
	}
	return nil
}

// prepare makes the type of the closure objects of f and the places of its
// captured variables in them.
func (f *Func) prepare() *header {
	if h := f.header.Load(); h != nil {
		return h
	}
	f.nameLocals()
	ftype := f.funcType()
	f.mu.Lock()
	defer f.mu.Unlock()
	if h := f.header.Load(); h != nil {
		return h
	}
	fields := []reflect.StructField{{Name: "Closure", Type: reflect.TypeFor[closure]()}}
	off := uint32(closureSize)
	for i, v := range f.ssa.FreeVars {
		ti := f.m.typeInfo(v.Type())
		f.free = append(f.free, place(off, ti))
		if ti.slot != 0 {
			fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: ti.frameType()})
			off += uint32(ti.slot)
		}
	}
	f.cloType = rtypeOf(reflect.StructOf(fields))
	h := headerOf(ftype)
	f.header.Store(h)
	return h
}

// header is the beginning of the closures of a func type.
type header struct {
	code    uintptr
	context ptr // nil: the closure itself
	argLen  uintptr
	regPtrs uint64
	ftyp    ptr
}

var headers sync.Map // reflect.Type → *header

//
//go:nocheckptr
func headerOf(ft reflect.Type) *header {
	if h, ok := headers.Load(ft); ok {
		return h.(*header)
	}
	h := &header{}
	if code := shapeCode(ft); code != 0 {
		h.code = code
		h.ftyp = rtypeOf(ft)
	} else {
		fn := reflect.MakeFunc(ft, nil)
		impl := (*closure)(funcPointer(fn))
		*h = header{impl.code, impl.context, impl.argLen, impl.regPtrs, impl.ftyp}
	}
	headers.Store(ft, h)
	return h
}

// newClosure makes a func value of f for r, its captured variables not yet set.
func newClosure(r *Run, f *Func) *closure {
	h := f.prepare()
	c := (*closure)(unsafeNew(f.cloType))
	c.code = h.code
	c.context = h.context
	if h.context == nil {
		c.context = ptr(c)
	}
	c.argLen = h.argLen
	c.regPtrs = h.regPtrs
	c.ftyp = h.ftyp
	c.entry = ptr(&c.entryCode)
	c.entryCode = entryCode
	c.entrySelf = c
	c.fn = f
	c.run = r
	return c
}

// testClosures checks the layouts that closures rely on.
//
//go:nocheckptr
func testClosures() error {
	type object struct {
		code uintptr
		self *closure
	}
	probe := &closure{}
	e := entryOf(probe)
	o := *(**object)(ptr(&e))
	if o.self != probe {
		return errors.New("func values with a captured variable")
	}
	entryCode = o.code
	ft := reflect.TypeFor[func([3]int, complex64) [2]string]()
	called := false
	fn := reflect.MakeFunc(ft, func(args []reflect.Value) []reflect.Value {
		called = true
		return []reflect.Value{reflect.Zero(ft.Out(0))}
	})
	impl := (*closure)(funcPointer(fn))
	stubCode = impl.code
	if impl.ftyp != rtypeOf(ft) {
		return errors.New("functions made by reflect")
	}
	// a copy of the object with the same function must work like it
	cp := &closure{code: impl.code, context: impl.context, argLen: impl.argLen, regPtrs: impl.regPtrs, ftyp: impl.ftyp, entry: impl.entry}
	var f func([3]int, complex64) [2]string
	*(*ptr)(ptr(&f)) = ptr(cp)
	if f([3]int{}, 0); !called {
		return errors.New("copies of functions made by reflect")
	}
	return testShapes()
}
