package vm

import (
	"fmt"
	"go/types"
	"reflect"

	"golang.org/x/tools/go/ssa"
)

// convert appends a conversion that changes the representation.
func (c *compiler) convert(in ssa.Value, x ssa.Value) {
	from, to := c.infoOf(x), c.infoOf(in)
	dst, src := c.reg(in), c.reg(x)
	fk, tk := from.kind, to.kind
	isInt := func(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Uintptr }
	isFloat := func(k reflect.Kind) bool { return k == reflect.Float32 || k == reflect.Float64 }
	isComplex := func(k reflect.Kind) bool { return k == reflect.Complex64 || k == reflect.Complex128 }
	switch {
	case isInt(fk) && isInt(tk):
		if to.size > from.size {
			c.widen(from, dst, src)
		} else {
			c.op(opMoveWord, dst, src, 0)
		}
	case (isInt(fk) || isFloat(fk)) && (isInt(tk) || isFloat(tk)):
		switch {
		case (fk == reflect.Int || fk == reflect.Int64) && tk == reflect.Float64:
			c.op(opIntToFloat, dst, src, 0)
		case fk == reflect.Float64 && (tk == reflect.Int || tk == reflect.Int64):
			c.op(opFloatToInt, dst, src, 0)
		default:
			c.cold(coldConvert(fk, tk, dst, src))
		}
	case isComplex(fk) && isComplex(tk):
		switch {
		case fk == tk:
			c.move(to, dst, src)
		case fk == reflect.Complex64:
			c.cold(func(g *goroutine, fp ptr) { *at[complex128](fp, dst) = complex128(*at[complex64](fp, src)) })
		default:
			c.cold(func(g *goroutine, fp ptr) { *at[complex64](fp, dst) = complex64(*at[complex128](fp, src)) })
		}
	case fk == reflect.String && tk == reflect.Slice:
		if to.rt.Elem().Kind() == reflect.Uint8 {
			c.cold(func(g *goroutine, fp ptr) { *at[[]byte](fp, dst) = []byte(*at[string](fp, src)) })
		} else {
			c.cold(func(g *goroutine, fp ptr) { *at[[]rune](fp, dst) = []rune(*at[string](fp, src)) })
		}
	case fk == reflect.Slice && tk == reflect.String:
		if from.rt.Elem().Kind() == reflect.Uint8 {
			c.cold(func(g *goroutine, fp ptr) { *at[string](fp, dst) = string(*at[[]byte](fp, src)) })
		} else {
			c.cold(func(g *goroutine, fp ptr) { *at[string](fp, dst) = string(*at[[]rune](fp, src)) })
		}
	case isInt(fk) && tk == reflect.String:
		wide := c.field(c.intInfo())
		c.widen(from, wide, src)
		unsigned := fk >= reflect.Uint
		c.cold(func(g *goroutine, fp ptr) {
			v := *at[int64](fp, wide)
			if v != int64(rune(v)) || unsigned && v < 0 {
				v = 0xfffd
			}
			*at[string](fp, dst) = string(rune(v))
		})
	case fk == reflect.UnsafePointer && tk == reflect.Uintptr:
		c.op(opMoveWord, dst, src, 0)
	case fk == reflect.Uintptr && tk == reflect.UnsafePointer:
		c.op(opMovePtr, dst, src, 0)
	case from.class == to.class && (from.class != classTyped && from.class != classMem || from.rt == to.rt || from.size == to.size):
		// pointers and unsafe.Pointer; equal underlying types by way of type parameters
		c.move(to, dst, src)
	case fk == reflect.Slice && (tk == reflect.Array || tk == reflect.Pointer):
		c.sliceToArrayValue(dst, src, to)
	default:
		panic(fmt.Errorf("conversion of %s to %s", from.rt, to.rt))
	}
}

// coldConvert converts between numbers of any kinds but complex ones.
func coldConvert(from, to reflect.Kind, dst, src uint32) coldFunc {
	switch from {
	case reflect.Int, reflect.Int64:
		return coldTo[int64](to, dst, src)
	case reflect.Int8:
		return coldTo[int8](to, dst, src)
	case reflect.Int16:
		return coldTo[int16](to, dst, src)
	case reflect.Int32:
		return coldTo[int32](to, dst, src)
	case reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return coldTo[uint64](to, dst, src)
	case reflect.Uint8:
		return coldTo[uint8](to, dst, src)
	case reflect.Uint16:
		return coldTo[uint16](to, dst, src)
	case reflect.Uint32:
		return coldTo[uint32](to, dst, src)
	case reflect.Float32:
		return coldTo[float32](to, dst, src)
	}
	return coldTo[float64](to, dst, src)
}

type realNumber interface {
	integer | ~float32 | ~float64
}

func coldTo[F realNumber](to reflect.Kind, dst, src uint32) coldFunc {
	switch to {
	case reflect.Int, reflect.Int64:
		return coldFromTo[F, int64](dst, src)
	case reflect.Int8:
		return coldFromTo[F, int8](dst, src)
	case reflect.Int16:
		return coldFromTo[F, int16](dst, src)
	case reflect.Int32:
		return coldFromTo[F, int32](dst, src)
	case reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return coldFromTo[F, uint64](dst, src)
	case reflect.Uint8:
		return coldFromTo[F, uint8](dst, src)
	case reflect.Uint16:
		return coldFromTo[F, uint16](dst, src)
	case reflect.Uint32:
		return coldFromTo[F, uint32](dst, src)
	case reflect.Float32:
		return coldFromTo[F, float32](dst, src)
	}
	return coldFromTo[F, float64](dst, src)
}

func coldFromTo[F, T realNumber](dst, src uint32) coldFunc {
	return func(g *goroutine, fp ptr) { *at[T](fp, dst) = T(*at[F](fp, src)) }
}

func (c *compiler) sliceToArray(in *ssa.SliceToArrayPointer) {
	dst, src := c.reg(in), c.reg(in.X)
	n := int(in.Type().Underlying().(*types.Pointer).Elem().Underlying().(*types.Array).Len())
	c.cold(func(g *goroutine, fp ptr) { *at[ptr](fp, dst) = arrayOf(at[sliceHeader](fp, src), n) })
}

// arrayOf returns the address of the first n elements of a slice; it panics as
// the conversion does.
func arrayOf(s *sliceHeader, n int) ptr {
	if s.len < n {
		panicArray(s.len, n)
	}
	return s.data
}

func (c *compiler) sliceToArrayValue(dst, src uint32, to *typeInfo) {
	if to.kind == reflect.Pointer {
		n := to.rt.Elem().Len()
		c.cold(func(g *goroutine, fp ptr) { *at[ptr](fp, dst) = arrayOf(at[sliceHeader](fp, src), n) })
		return
	}
	n := to.rt.Len()
	c.cold(func(g *goroutine, fp ptr) {
		p := arrayOf(at[sliceHeader](fp, src), n)
		if n > 0 {
			to.move(add(fp, dst), p)
		}
	})
}
