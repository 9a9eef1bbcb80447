package vm

import (
	"math"
	"reflect"
	"runtime"
	"unsafe"
)

// nativeCall calls compiled functions of one signature. Where arguments and
// results all travel in registers, the call is made as if the function took as
// many words as there are registers: Go assigns integers and floats to two
// sequences of registers in the order of the flattened arguments, so the
// function finds its own, and does not look at the others. Everything else
// goes through reflect.
//
// Why it is sound: the callee may spill its arguments into the room that the
// caller reserves, and ours is the largest there is; pointers among the
// arguments stay alive in the frame they were taken from; pointers among the
// results are stored before anything else is called, and a preemption in
// between scans this function's frame conservatively.
type nativeCall struct {
	ft     reflect.Type // with the receiver as an ordinary parameter
	recv   bool         // a leading pointer word, not in ft
	direct bool
	ints   []nativeWord
	floats []nativeWord
	rints  []nativeWord
	rflts  []nativeWord
}

// nativeWord is a word of an argument or result.
type nativeWord struct {
	arg  int    // number of the argument or result
	off  uint32 // in it
	size uint8  // bytes
	ptr  bool
}

const (
	maxInts   = 9
	maxFloats = 6
	fewInts   = 5 // integer results of the short call
)

var directCalls = runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64"

func newNativeCall(ft reflect.Type, recv bool) *nativeCall {
	n := &nativeCall{ft: ft, recv: recv, direct: directCalls}
	if recv {
		n.ints = append(n.ints, nativeWord{arg: 0, size: 8, ptr: true})
	}
	first := 0
	if recv {
		first = 1
	}
	size := uintptr(8 * first)
	for i := range ft.NumIn() {
		n.direct = n.direct && flatten(ft.In(i), first+i, 0, &n.ints, &n.floats)
		size += (ft.In(i).Size() + 7) &^ 7
	}
	for i := range ft.NumOut() {
		n.direct = n.direct && flatten(ft.Out(i), i, 0, &n.rints, &n.rflts)
	}
	if len(n.ints) > maxInts || len(n.floats) > maxFloats || len(n.rints) > maxInts || len(n.rflts) > maxFloats || size > 8*maxInts {
		n.direct = false
	}
	return n
}

// flatten appends the words of a value of type t to those in registers; false
// when such values travel in memory.
func flatten(t reflect.Type, arg int, off uintptr, ints, floats *[]nativeWord) bool {
	word := func(size uintptr, p bool) {
		*ints = append(*ints, nativeWord{arg, uint32(off), uint8(size), p})
		off += size
	}
	float := func(size uintptr) {
		*floats = append(*floats, nativeWord{arg, uint32(off), uint8(size), false})
		off += size
	}
	switch k := t.Kind(); k {
	case reflect.Float32, reflect.Float64:
		float(t.Size())
	case reflect.Complex64, reflect.Complex128:
		float(t.Size() / 2)
		float(t.Size() / 2)
	case reflect.String:
		word(8, true)
		word(8, false)
	case reflect.Slice:
		word(8, true)
		word(8, false)
		word(8, false)
	case reflect.Interface:
		word(8, true)
		word(8, true)
	case reflect.Pointer, reflect.UnsafePointer, reflect.Map, reflect.Chan, reflect.Func:
		word(8, true)
	case reflect.Array:
		switch t.Len() {
		case 0:
		case 1:
			return flatten(t.Elem(), arg, off, ints, floats)
		default:
			return false
		}
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Name == "_" || !flatten(f.Type, arg, off+f.Offset, ints, floats) {
				return false
			}
		}
	default:
		word(t.Size(), false)
	}
	return true
}

// call calls the func value fv. args are the places of the arguments in the
// frame fp, outs those of the results from out on.
func (n *nativeCall) call(fv ptr, fp ptr, args []slot, out ptr, outs []slot) {
	if fv == nil {
		panicNil()
	}
	if !n.direct {
		n.slow(fv, fp, args, out, outs)
		return
	}
	if len(n.floats) == 0 && len(n.rflts) == 0 && len(n.rints) <= fewInts {
		n.callInts(fv, fp, args, out, outs)
		return
	}
	n.callFloats(fv, fp, args, out, outs)
}

//go:norace
//go:nocheckptr
func (w *nativeWord) load(p ptr) uintptr {
	switch w.size {
	case 1:
		return uintptr(*(*uint8)(p))
	case 2:
		return uintptr(*(*uint16)(p))
	case 4:
		return uintptr(*(*uint32)(p))
	}
	return *(*uintptr)(p)
}

//go:norace
//go:nocheckptr
func (n *nativeCall) callInts(fv ptr, fp ptr, args []slot, out ptr, outs []slot) {
	var i [maxInts]uintptr
	for k := range n.ints {
		w := &n.ints[k]
		i[k] = w.load(unsafe.Add(fp, args[w.arg].off+w.off))
	}
	f := *(*func(_, _, _, _, _, _, _, _, _ uintptr) (_, _, _, _, _ uintptr))(ptr(&fv))
	var r [fewInts]uintptr
	r[0], r[1], r[2], r[3], r[4] = f(i[0], i[1], i[2], i[3], i[4], i[5], i[6], i[7], i[8])
	for k := range n.rints {
		w := &n.rints[k]
		p := unsafe.Add(out, outs[w.arg].off+w.off)
		if w.ptr {
			*(*ptr)(p) = *(*ptr)(ptr(&r[k]))
			continue
		}
		switch w.size {
		case 1:
			*(*uint8)(p) = uint8(r[k])
		case 2:
			*(*uint16)(p) = uint16(r[k])
		case 4:
			*(*uint32)(p) = uint32(r[k])
		default:
			*(*uintptr)(p) = r[k]
		}
	}
}

//go:norace
//go:nocheckptr
func (n *nativeCall) callFloats(fv ptr, fp ptr, args []slot, out ptr, outs []slot) {
	var i [maxInts]uintptr
	var x [maxFloats]float64
	for k := range n.ints {
		w := &n.ints[k]
		i[k] = w.load(unsafe.Add(fp, args[w.arg].off+w.off))
	}
	for k := range n.floats {
		w := &n.floats[k]
		p := unsafe.Add(fp, args[w.arg].off+w.off)
		if w.size == 8 {
			x[k] = *(*float64)(p)
		} else {
			x[k] = math.Float64frombits(uint64(*(*uint32)(p)))
		}
	}
	f := *(*func(_, _, _, _, _, _, _, _, _ uintptr, _, _, _, _, _, _ float64) (_, _, _, _, _, _, _, _, _ uintptr, _, _, _, _, _, _ float64))(ptr(&fv))
	var r [maxInts]uintptr
	var y [maxFloats]float64
	r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], y[0], y[1], y[2], y[3], y[4], y[5] = f(i[0], i[1], i[2], i[3], i[4], i[5], i[6], i[7], i[8], x[0], x[1], x[2], x[3], x[4], x[5])
	for k := range n.rints {
		w := &n.rints[k]
		p := unsafe.Add(out, outs[w.arg].off+w.off)
		if w.ptr {
			*(*ptr)(p) = *(*ptr)(ptr(&r[k]))
			continue
		}
		switch w.size {
		case 1:
			*(*uint8)(p) = uint8(r[k])
		case 2:
			*(*uint16)(p) = uint16(r[k])
		case 4:
			*(*uint32)(p) = uint32(r[k])
		default:
			*(*uintptr)(p) = r[k]
		}
	}
	for k := range n.rflts {
		w := &n.rflts[k]
		p := unsafe.Add(out, outs[w.arg].off+w.off)
		if w.size == 8 {
			*(*float64)(p) = y[k]
		} else {
			*(*uint32)(p) = uint32(math.Float64bits(y[k]))
		}
	}
}

// slow makes the call with reflect.
func (n *nativeCall) slow(fv ptr, fp ptr, args []slot, out ptr, outs []slot) {
	ft := n.ft
	if n.recv {
		in := []reflect.Type{typePointer}
		for i := range ft.NumIn() {
			in = append(in, ft.In(i))
		}
		res := make([]reflect.Type, ft.NumOut())
		for i := range res {
			res[i] = ft.Out(i)
		}
		ft = reflect.FuncOf(in, res, ft.IsVariadic())
	}
	fn := reflect.New(ft)
	*(*ptr)(fn.UnsafePointer()) = fv
	vals := make([]reflect.Value, len(args))
	for i, a := range args {
		vals[i] = valueAt(ft.In(i), add(fp, a.off))
	}
	var res []reflect.Value
	if ft.IsVariadic() {
		res = fn.Elem().CallSlice(vals)
	} else {
		res = fn.Elem().Call(vals)
	}
	for i, v := range res {
		storeValue(ft.Out(i), add(out, outs[i].off), v)
	}
}
