package vm

import (
	"fmt"
	"go/types"
	"io"
	"reflect"
	"strconv"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// builtin appends a call of a builtin function.
func (c *compiler) builtin(in *ssa.Call, b *ssa.Builtin) {
	args := in.Call.Args
	switch b.Name() {
	case "len", "cap":
		x := c.reg(args[0])
		dst := c.reg(in)
		isLen := b.Name() == "len"
		switch ti := c.infoOf(args[0]); ti.kind {
		case reflect.String, reflect.Slice:
			if isLen {
				c.op(opLen, dst, x, 0)
			} else {
				c.op(opCap, dst, x, 0)
			}
		case reflect.Map:
			c.cold(func(g *goroutine, fp ptr) { *at[int](fp, dst) = maplen(*at[ptr](fp, x)) })
		case reflect.Chan:
			if isLen {
				c.cold(func(g *goroutine, fp ptr) { *at[int](fp, dst) = chanlen(*at[ptr](fp, x)) })
			} else {
				c.cold(func(g *goroutine, fp ptr) { *at[int](fp, dst) = chancap(*at[ptr](fp, x)) })
			}
		case reflect.Array:
			n := ti.rt.Len()
			c.cold(func(g *goroutine, fp ptr) { *at[int](fp, dst) = n })
		default: // pointer to array
			n := ti.rt.Elem().Len()
			c.cold(func(g *goroutine, fp ptr) { *at[int](fp, dst) = n })
		}
	case "recover":
		c.op(opRecover, c.reg(in), 0, 0)
	case "Sizeof", "Alignof", "Offsetof":
		c.sizeOf(in, b.Name())
	case "ssa:deferstack":
		dst := c.reg(in)
		c.cold(func(g *goroutine, fp ptr) { *at[ptr](fp, dst) = ptr(g.top) })
	default:
		var dst uint32
		if t, ok := in.Type().(*types.Tuple); !ok || t.Len() > 0 {
			dst = c.reg(in)
		}
		offs := make([]uint32, len(args))
		infos := make([]*typeInfo, len(args))
		for i, a := range args {
			offs[i], infos[i] = c.reg(a), c.infoOf(a)
		}
		var rt *typeInfo
		if t, ok := in.Type().(*types.Tuple); !ok || t.Len() > 0 {
			rt = c.infoOf(in)
		}
		c.cold(c.builtinFunc(b, args, infos, rt, dst, offs))
	}
}

// builtinFunc is a builtin with its arguments in registers.
func (c *compiler) builtinFunc(b *ssa.Builtin, vals []ssa.Value, args []*typeInfo, rt *typeInfo, dst uint32, offs []uint32) coldFunc {
	m := c.m
	switch b.Name() {
	case "append":
		return appendFunc(args, rt, dst, offs)
	case "copy":
		to, from := offs[0], offs[1]
		elem := rtypeOf(args[0].rt.Elem())
		size := args[0].rt.Elem().Size()
		if args[1].kind == reflect.String || !hasPointers(elem) {
			return func(g *goroutine, fp ptr) {
				d, s := at[sliceHeader](fp, to), at[sliceHeader](fp, from)
				n := min(d.len, s.len)
				if n > 0 {
					memmove(d.data, s.data, uintptr(n)*size)
				}
				if rt != nil {
					*at[int](fp, dst) = n
				}
			}
		}
		return func(g *goroutine, fp ptr) {
			n := typedslicecopy(elem, *at[sliceHeader](fp, to), *at[sliceHeader](fp, from))
			if rt != nil {
				*at[int](fp, dst) = n
			}
		}
	case "delete":
		mp, key, t := offs[0], offs[1], args[0].r
		return keyEnds(args[0].rt, key, c.mapFunc(mp, vals[0], true, func(g *goroutine, fp ptr) { mapdelete(t, *at[ptr](fp, mp), add(fp, key)) }))
	case "clear":
		x, t := offs[0], args[0]
		if t.kind == reflect.Map {
			return c.mapFunc(x, vals[0], true, func(g *goroutine, fp ptr) {
				if p := *at[ptr](fp, x); p != nil {
					mapclear(t.r, p)
				}
			})
		}
		return func(g *goroutine, fp ptr) { reflect.NewAt(t.rt, add(fp, x)).Elem().Clear() }
	case "close":
		x := offs[0]
		return func(g *goroutine, fp ptr) { chanclose(*at[ptr](fp, x)) }
	case "panic":
		x, empty := offs[0], isEmpty(vals[0].Type())
		return func(g *goroutine, fp ptr) { panic(emptyOf(add(fp, x), empty)) }
	case "recover":
		return func(g *goroutine, fp ptr) {}
	case "print", "println":
		return printFunc(b.Name() == "println", vals, args, offs)
	case "real", "imag":
		x := offs[0]
		imaginary := b.Name() == "imag"
		if args[0].kind == reflect.Complex64 {
			return func(g *goroutine, fp ptr) {
				if imaginary {
					*at[float32](fp, dst) = imag(*at[complex64](fp, x))
				} else {
					*at[float32](fp, dst) = real(*at[complex64](fp, x))
				}
			}
		}
		return func(g *goroutine, fp ptr) {
			if imaginary {
				*at[float64](fp, dst) = imag(*at[complex128](fp, x))
			} else {
				*at[float64](fp, dst) = real(*at[complex128](fp, x))
			}
		}
	case "complex":
		x, y := offs[0], offs[1]
		if args[0].kind == reflect.Float32 {
			return func(g *goroutine, fp ptr) {
				*at[complex64](fp, dst) = complex(*at[float32](fp, x), *at[float32](fp, y))
			}
		}
		return func(g *goroutine, fp ptr) {
			*at[complex128](fp, dst) = complex(*at[float64](fp, x), *at[float64](fp, y))
		}
	case "min", "max":
		return minMaxFunc(b.Name() == "min", rt, dst, offs)
	case "ssa:wrapnilchk":
		x := offs[0]
		typ, method := offs[1], offs[2]
		return func(g *goroutine, fp ptr) {
			p := *at[ptr](fp, x)
			if p == nil {
				panic(wrapperError("value method " + *at[string](fp, typ) + "." + *at[string](fp, method) + " called using nil *" + shortType(*at[string](fp, typ)) + " pointer"))
			}
			*at[ptr](fp, dst) = p
		}
	case "Add": // unsafe.Add
		p, n := offs[0], c.intIndex(vals[1])
		return func(g *goroutine, fp ptr) { *at[ptr](fp, dst) = unsafeAdd(*at[ptr](fp, p), *at[int](fp, n)) }
	case "Slice":
		p, n := offs[0], c.intIndex(vals[1])
		size := int(rt.rt.Elem().Size())
		return func(g *goroutine, fp ptr) {
			n, p := *at[int](fp, n), *at[ptr](fp, p)
			if n < 0 || size > 0 && (n > maxAlloc/size || uintptr(n*size) > -uintptr(p)) {
				panic(runtimeError("unsafe.Slice: len out of range"))
			}
			if p == nil {
				if n > 0 {
					panic(runtimeError("unsafe.Slice: ptr is nil and len is not zero"))
				}
				*at[[]byte](fp, dst) = nil
				return
			}
			*at[sliceHeader](fp, dst) = sliceHeader{p, n, n}
		}
	case "SliceData":
		x := offs[0]
		return func(g *goroutine, fp ptr) { *at[ptr](fp, dst) = at[sliceHeader](fp, x).data }
	case "String":
		p, n := offs[0], c.intIndex(vals[1])
		return func(g *goroutine, fp ptr) {
			n, p := *at[int](fp, n), *at[ptr](fp, p)
			if n < 0 || p != nil && uintptr(n) > -uintptr(p) {
				panic(runtimeError("unsafe.String: len out of range"))
			}
			if p == nil && n > 0 {
				panic(runtimeError("unsafe.String: ptr is nil and len is not zero"))
			}
			*at[stringHeader](fp, dst) = stringHeader{p, n}
		}
	case "StringData":
		x := offs[0]
		return func(g *goroutine, fp ptr) { *at[ptr](fp, dst) = at[stringHeader](fp, x).data }
	case "len", "cap":
		return func(g *goroutine, fp ptr) {}
	}
	_ = m
	panic(fmt.Errorf("builtin %s", b.Name()))
}

// runtimeError is a runtime.Error of the machine's own.
type runtimeError string

func (e runtimeError) Error() string { return "runtime error: " + string(e) }
func (e runtimeError) RuntimeError() {}

// wrapperError is a runtime.Error without the usual prefix.
type wrapperError string

func (e wrapperError) Error() string { return string(e) }
func (e wrapperError) RuntimeError() {}

func shortType(s string) string { return s[strings.LastIndexByte(s, '.')+1:] }

// builtinLater prepares a deferred or started builtin.
func (c *compiler) builtinLater(cc *ssa.CallCommon, b *ssa.Builtin) func(g *goroutine, fp ptr) (*frame, func(*goroutine)) {
	if b.Name() == "recover" {
		return func(g *goroutine, fp ptr) (*frame, func(*goroutine)) {
			return nil, func(g *goroutine) {
				// of the function whose deferred call this is, unless a
				// later panic is what runs it
				if fr := g.top; g.pending == nil || g.pending == fr.panic {
					fr.recovered()
				}
			}
		}
	}
	args := c.argSlots(cc.Args)
	offs := make([]uint32, len(args))
	infos := make([]*typeInfo, len(args))
	off := uint32(0)
	for i, a := range args {
		offs[i], infos[i] = off, a.ti
		off += uint32(a.ti.slot)
	}
	f := c.builtinFunc(b, cc.Args, infos, nil, 0, offs)
	return func(g *goroutine, fp ptr) (*frame, func(*goroutine)) {
		mem, _ := saveArgs(fp, args)
		return nil, func(g *goroutine) { f(g, mem) }
	}
}

func appendFunc(args []*typeInfo, rt *typeInfo, dst uint32, offs []uint32) coldFunc {
	to, from := offs[0], offs[1]
	et := newTypeInfo(args[0].rt.Elem())
	size := int(et.size)
	noPointers := !hasPointers(et.r)
	word := et.class == classWord && et.size == 8
	return func(g *goroutine, fp ptr) {
		s, x := *at[sliceHeader](fp, to), at[sliceHeader](fp, from)
		n := x.len
		if n == 0 {
			*at[sliceHeader](fp, dst) = s
			return
		}
		old := s.len
		if s.cap-old < n {
			if all := (old + n) * size; all >= largeAlloc {
				g.room(int64(all))
			}
			s = growslice(et.r, s, n)
		}
		p := unsafeAdd(s.data, old*size)
		switch {
		case n == 1 && word:
			*(*uint64)(p) = *(*uint64)(x.data)
		case noPointers:
			memmove(p, x.data, uintptr(n*size))
		case n == 1:
			et.move(p, x.data)
		default:
			typedslicecopy(et.r, sliceHeader{p, n, n}, sliceHeader{x.data, n, n})
		}
		s.len = old + n
		*at[sliceHeader](fp, dst) = s
	}
}

func minMaxFunc(isMin bool, rt *typeInfo, dst uint32, offs []uint32) coldFunc {
	switch rt.kind {
	case reflect.Int, reflect.Int64:
		return minMax[int64](isMin, dst, offs)
	case reflect.Int8:
		return minMax[int8](isMin, dst, offs)
	case reflect.Int16:
		return minMax[int16](isMin, dst, offs)
	case reflect.Int32:
		return minMax[int32](isMin, dst, offs)
	case reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return minMax[uint64](isMin, dst, offs)
	case reflect.Uint8:
		return minMax[uint8](isMin, dst, offs)
	case reflect.Uint16:
		return minMax[uint16](isMin, dst, offs)
	case reflect.Uint32:
		return minMax[uint32](isMin, dst, offs)
	case reflect.Float32:
		return minMax[float32](isMin, dst, offs)
	case reflect.Float64:
		return minMax[float64](isMin, dst, offs)
	}
	return minMax[string](isMin, dst, offs)
}

func minMax[T realNumber | ~string](isMin bool, dst uint32, offs []uint32) coldFunc {
	return func(g *goroutine, fp ptr) {
		v := *at[T](fp, offs[0])
		for _, o := range offs[1:] {
			if isMin {
				v = min(v, *at[T](fp, o))
			} else {
				v = max(v, *at[T](fp, o))
			}
		}
		*at[T](fp, dst) = v
	}
}

// printFunc is print or println, which write to the run's standard error.
func printFunc(line bool, vals []ssa.Value, args []*typeInfo, offs []uint32) coldFunc {
	empty := make([]bool, len(vals))
	for i, v := range vals {
		empty[i] = isEmpty(v.Type())
	}
	return func(g *goroutine, fp ptr) {
		var b []byte
		for i, ti := range args {
			if line && i > 0 {
				b = append(b, ' ')
			}
			p := add(fp, offs[i])
			v := reflect.NewAt(ti.rt, p).Elem()
			switch ti.kind {
			case reflect.Bool:
				b = strconv.AppendBool(b, v.Bool())
			case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
				b = strconv.AppendInt(b, v.Int(), 10)
			case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
				b = strconv.AppendUint(b, v.Uint(), 10)
			case reflect.Float32, reflect.Float64:
				b = strconv.AppendFloat(b, v.Float(), 'g', -1, int(8*ti.size))
			case reflect.Complex64, reflect.Complex128:
				b = append(b, strconv.FormatComplex(v.Complex(), 'g', -1, int(8*ti.size))...)
			case reflect.String:
				b = append(b, v.String()...)
			case reflect.Interface:
				w := (*iface)(p)
				b = append(b, fmt.Sprintf("(0x%x,0x%x)", uintptr(w.typ), uintptr(w.data))...)
			case reflect.Slice:
				h := (*sliceHeader)(p)
				b = append(b, fmt.Sprintf("[%d/%d]0x%x", h.len, h.cap, uintptr(h.data))...)
			default:
				b = append(b, fmt.Sprintf("0x%x", uintptr(*(*ptr)(p)))...)
			}
		}
		if line {
			b = append(b, '\n')
		}
		_, _ = io.Writer(g.run.cfg.Stderr).Write(b)
	}
}
