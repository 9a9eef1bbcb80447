package vm

// Everything that reaches past the language is in this file, native.go,
// closure.go and goid_*.s: the runtime's functions for memory, maps and
// channels, the layout of interface values and of type descriptors.
//
// What keeps it sound:
//   - every pointer is stored through a Go assignment of a pointer type, or
//     through typedmemmove with the type of the destination, so that the
//     collector's write barriers see it;
//   - memory is allocated with its exact type, so that the collector finds
//     every pointer; integers are never stored in pointer words;
//   - layouts are checked by SelfTest before the first machine is made; an
//     unknown Go release is refused with an error instead of run wrongly.

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"unsafe"

	"poolbook/interp/internal/goabi"
)

type ptr = unsafe.Pointer

//go:linkname mapaccess2 runtime.mapaccess2
func mapaccess2(t, m, k ptr) (ptr, bool)

//go:linkname mapassign runtime.mapassign
func mapassign(t, m, k ptr) ptr

//go:linkname mapdelete runtime.mapdelete
func mapdelete(t, m, k ptr)

//go:linkname mapaccess2faststr runtime.mapaccess2_faststr
func mapaccess2faststr(t, m ptr, k string) (ptr, bool)

//go:linkname mapassignfaststr runtime.mapassign_faststr
func mapassignfaststr(t, m ptr, k string) ptr

//go:linkname mapaccess2fast64 runtime.mapaccess2_fast64
func mapaccess2fast64(t, m ptr, k uint64) (ptr, bool)

//go:linkname mapassignfast64 runtime.mapassign_fast64
func mapassignfast64(t, m ptr, k uint64) ptr

//go:linkname mapiterinit runtime.mapiterinit
func mapiterinit(t, m ptr, it *mapIter)

//go:linkname mapiternext runtime.mapiternext
func mapiternext(it *mapIter)

//go:linkname makemap runtime.makemap
func makemap(t ptr, hint int, m ptr) ptr

//go:linkname mapclear reflect.mapclear
func mapclear(t, m ptr)

//go:linkname maplen reflect.maplen
func maplen(m ptr) int

//go:linkname typedmemmove reflect.typedmemmove
func typedmemmove(t, dst, src ptr)

//go:linkname typedmemclr reflect.typedmemclr
func typedmemclr(t, dst ptr)

//go:linkname memmove runtime.memmove
//go:noescape
func memmove(dst, src ptr, n uintptr)

//go:linkname memclr runtime.memclrNoHeapPointers
//go:noescape
func memclr(dst ptr, n uintptr)

//go:linkname typedslicecopy reflect.typedslicecopy
func typedslicecopy(elem ptr, dst, src sliceHeader) int

//go:linkname unsafeNew reflect.unsafe_New
func unsafeNew(t ptr) ptr

//go:linkname unsafeNewArray reflect.unsafe_NewArray
func unsafeNewArray(t ptr, n int) ptr

//go:linkname growslice reflect.growslice
func growslice(elem ptr, old sliceHeader, num int) sliceHeader

//go:linkname chansend reflect.chansend0
func chansend(ch, val ptr, nonblocking bool) bool

//go:linkname chanrecv reflect.chanrecv
func chanrecv(ch ptr, nonblocking bool, val ptr) (selected, received bool)

//go:linkname makechan reflect.makechan
func makechan(t ptr, size int) ptr

//go:linkname chanclose reflect.chanclose
func chanclose(ch ptr)

//go:linkname chanlen reflect.chanlen
func chanlen(ch ptr) int

//go:linkname chancap reflect.chancap
func chancap(ch ptr) int

//go:linkname rselect reflect.rselect
func rselect([]selectCase) (int, bool)

//go:linkname getitab runtime.getitab
func getitab(inter, typ ptr, canfail bool) ptr

//go:linkname convT64 runtime.convT64
func convT64(v uint64) ptr

//go:linkname convTstring runtime.convTstring
func convTstring(v string) ptr

// selectCase is reflect's runtimeSelect. It lives in memory that the collector
// sees (a slice of a goroutine).
type selectCase struct {
	dir int // reflect.SelectDir
	typ ptr
	ch  ptr
	val ptr
}

// mapIter is the runtime's linknameIter: key is nil at the end.
type mapIter struct {
	key, elem ptr
	typ       ptr
	it        ptr
}

type sliceHeader struct {
	data ptr
	len  int
	cap  int
}

type stringHeader struct {
	data ptr
	len  int
}

// iface is the memory of an interface value: typ is the type descriptor of an
// empty interface, the itab of another one.
type iface struct {
	typ  ptr
	data ptr
}

type itab struct {
	inter ptr
	typ   ptr
	hash  uint32
	_     uint32
	// the methods' code follows, in the order of the interface's methods
	fun [1]uintptr
}

// rtypeOf returns the descriptor of t.
func rtypeOf(t reflect.Type) ptr { return (*iface)(ptr(&t)).data }

var rtypeItab = func() ptr {
	t := reflect.TypeOf(0)
	return (*iface)(ptr(&t)).typ
}()

// typeOf is the inverse of rtypeOf.
func typeOf(rt ptr) reflect.Type {
	var t reflect.Type
	*(*iface)(ptr(&t)) = iface{rtypeItab, rt}
	return t
}

const (
	tflagOffset     = 20
	tflagDirect     = 1 << 5
	ptrBytesOffset  = 8
	kindOffset      = 23
	equalFuncOffset = 24
)

// kindOf returns the kind of the type.
func kindOf(rt ptr) reflect.Kind { return reflect.Kind(*(*uint8)(unsafe.Add(rt, kindOffset))) }

// isDirect reports whether an interface holds a value of the type itself, not a
// pointer to it.
func isDirect(rt ptr) bool { return *(*uint8)(unsafe.Add(rt, tflagOffset))&tflagDirect != 0 }

// hasPointers reports whether values of the type contain pointers.
func hasPointers(rt ptr) bool { return *(*uintptr)(unsafe.Add(rt, ptrBytesOffset)) != 0 }

// ifaceType returns the dynamic type of the interface value at p, nil for nil.
func ifaceType(p ptr, empty bool) ptr {
	w := (*iface)(p).typ
	if w == nil || empty {
		return w
	}
	return (*itab)(w).typ
}

// emptyOf makes the empty interface of an interface value at p.
func emptyOf(p ptr, empty bool) any {
	var v any
	*(*iface)(ptr(&v)) = iface{ifaceType(p, empty), (*iface)(p).data}
	return v
}

// box returns the data word of an interface that holds the value at p.
func box(rt ptr, p ptr) ptr {
	if isDirect(rt) {
		return *(*ptr)(p)
	}
	d := unsafeNew(rt)
	typedmemmove(rt, d, p)
	return d
}

// unbox returns the address of the value in an interface whose data word is at
// data (its address).
func unbox(rt ptr, data *ptr) ptr {
	if isDirect(rt) {
		return ptr(data)
	}
	return *data
}

// borrow makes an interface that shares the memory at p: it must not outlive p
// nor see it change.
func borrow(rt ptr, p ptr) any {
	var v any
	d := p
	if isDirect(rt) {
		d = *(*ptr)(p)
	}
	(*iface)(ptr(&v)).data = d
	(*iface)(ptr(&v)).typ = rt
	return v
}

// valueAt returns a reflect value of a copy of what is at p.
func valueAt(t reflect.Type, p ptr) reflect.Value {
	v := reflect.New(t)
	typedmemmove(rtypeOf(t), v.UnsafePointer(), p)
	return v.Elem()
}

// storeValue stores v, which must be assignable to t, at p.
func storeValue(t reflect.Type, p ptr, v reflect.Value) {
	if !v.IsValid() {
		typedmemclr(rtypeOf(t), p)
		return
	}
	reflect.NewAt(t, p).Elem().Set(v)
}

// ErrUnsupported says that the machine does not know the memory layout of the
// Go release it was built with.
var ErrUnsupported = errors.New("vm: not made for this Go release")

// SelfTest reports an error that wraps ErrUnsupported when the program was built
// with a Go release whose memory layout is not known.
var SelfTest = sync.OnceValue(func() error {
	fail := func(what string) error {
		return fmt.Errorf("%w (%s %s/%s, taken for %s): %s", ErrUnsupported, runtime.Version(), runtime.GOOS, runtime.GOARCH, goabi.Name, what)
	}
	type one struct{ P *int }
	for _, c := range []struct {
		v      any
		direct bool
		ptrs   bool
	}{{1, false, false}, {new(int), true, true}, {one{}, true, true}, {"", false, true}, {map[int]int{}, true, true}, {[2]int{}, false, false}, {func() {}, true, true}} {
		rt := rtypeOf(reflect.TypeOf(c.v))
		if isDirect(rt) != c.direct || hasPointers(rt) != c.ptrs || kindOf(rt) != reflect.TypeOf(c.v).Kind() {
			return fail("type descriptors")
		}
		if typeOf(rt) != reflect.TypeOf(c.v) {
			return fail("reflect.Type values")
		}
	}
	m := map[string]int{"a": 1, "b": 2}
	mt, mp := rtypeOf(reflect.TypeOf(m)), *(*ptr)(ptr(&m))
	k := "b"
	if p, ok := mapaccess2(mt, mp, ptr(&k)); !ok || *(*int)(p) != 2 {
		return fail("maps")
	}
	var it mapIter
	n := 0
	for mapiterinit(mt, mp, &it); it.key != nil; mapiternext(&it) {
		n += *(*int)(it.elem)
	}
	if n != 3 || maplen(mp) != 2 {
		return fail("map iterators")
	}
	var e error = errors.New("x")
	et := reflect.TypeOf((*error)(nil)).Elem()
	if w := (*iface)(ptr(&e)); getitab(rtypeOf(et), (*itab)(w.typ).typ, true) != w.typ {
		return fail("method tables")
	}
	c := make(chan int, 1)
	v := 7
	if !chansend(*(*ptr)(ptr(&c)), ptr(&v), true) || <-c != 7 {
		return fail("channels")
	}
	if !testWaitGroup() {
		return fail("sync.WaitGroup")
	}
	if err := testClosures(); err != nil {
		return fail(err.Error())
	}
	if err := testForgetting(); err != nil {
		return fail(err.Error())
	}
	return nil
})

func unsafeAdd(p ptr, n int) ptr { return unsafe.Add(p, n) }
