package vm

import (
	"cmp"
	"go/types"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// A native makes the calls of compiled functions of one shape: it takes the
// func value and the places of arguments and results in the frame. The name has
// a letter for each word or group of words, those of structs one by one: W is 8
// bytes without a pointer, R 4, B 1, F a float64, P a pointer, S a string, I an
// interface, L a slice.
//
// nativeCall makes the same calls for any signature, at twice the cost. The
// generator takes the shapes from the packages of the standard library that are
// called in loops.
type native struct {
	name string
	make func(fv ptr, in, out []uint32) coldFunc
}

// nativeOp returns the operation that calls the compiled function fn with
// arguments and results in registers; nil when fn is not compiled, does more
// than run, or its shape is not a common one.
func (c *compiler) nativeOp(fn *ssa.Function, args []slot, out uint32) coldFunc {
	v, ok := c.m.plainFunc(fn)
	if !ok || !newNativeCall(v.Type(), false).direct {
		return nil
	}
	var s nativeShape
	ft := v.Type()
	for i := range ft.NumIn() {
		s.add(ft.In(i), args[i].off)
	}
	if !s.fits() {
		return nil
	}
	in := s.places
	s.places = nil
	s.name.WriteByte(':')
	for i, r := range c.m.funcOf(fn).conv.results {
		s.add(ft.Out(i), out+r.off)
	}
	if s.other {
		return nil
	}
	i, ok := slices.BinarySearchFunc(natives[:], s.name.String(), func(n native, name string) int { return cmp.Compare(n.name, name) })
	if !ok {
		return nil
	}
	return natives[i].make(funcPointer(v), in, s.places)
}

// plainFunc finds the compiled function that a call of fn runs, when nothing
// but that is to happen.
func (m *Machine) plainFunc(fn *ssa.Function) (reflect.Value, bool) {
	name := fullName(fn)
	if name == "" || m.isIntrinsic(name) || asksFor[name] != nil || mayWake(name) {
		return reflect.Value{}, false
	}
	if fn.Blocks != nil {
		return m.compiledInstance(fn)
	}
	if _, ok := fn.Object().(*types.Func); !ok {
		return reflect.Value{}, false
	}
	return m.compiledSymbol(fn)
}

// nativeShape collects the letters of a signature.
type nativeShape struct {
	name       strings.Builder
	places     []uint32
	other      bool    // a type has no letter
	real, flat uintptr // bytes that the callee may spill its arguments to, and those that a caller of the shape reserves
}

// add adds a parameter or result at a place in the frame.
func (s *nativeShape) add(t reflect.Type, at uint32) {
	align := uintptr(t.Align())
	s.real = (s.real+align-1)&^(align-1) + t.Size()
	s.letters(t, at)
}

func (s *nativeShape) fits() bool { return !s.other && (s.real+7)&^7 <= (s.flat+7)&^7 }

func (s *nativeShape) letters(t reflect.Type, at uint32) {
	letter, size := byte(0), uintptr(8)
	switch t.Kind() {
	case reflect.Float64:
		letter = 'F'
	case reflect.String:
		letter, size = 'S', 16
	case reflect.Interface:
		letter, size = 'I', 16
	case reflect.Slice:
		letter, size = 'L', 24
	case reflect.Pointer, reflect.UnsafePointer, reflect.Map, reflect.Chan, reflect.Func:
		letter = 'P'
	case reflect.Bool, reflect.Int8, reflect.Uint8:
		letter, size = 'B', 1
	case reflect.Int32, reflect.Uint32:
		letter, size = 'R', 4
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64, reflect.Uintptr:
		letter = 'W'
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			s.other = s.other || f.Name == "_"
			s.letters(f.Type, at+uint32(f.Offset))
		}
		return
	default:
		s.other = true
		return
	}
	align := min(size, 8)
	s.flat = (s.flat+align-1)&^(align-1) + size
	s.name.WriteByte(letter)
	s.places = append(s.places, at)
}
