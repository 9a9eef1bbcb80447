package vm

import (
	"fmt"
	"math"
	"reflect"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

// opWidths are the bytes of a result that are no garbage.
var opWidths = map[operandType]int{ofInt64: 8, ofUint64: 8, ofInt32: 4, ofUint32: 4, ofUint8: 1, ofFloat64: 8}

// runWords runs b on a frame of words, and returns the frame after it, or what
// it panicked with.
func runWords(b *body, words [8]uint64) (res [8]uint64, failure any) {
	defer func() {
		if failure = recover(); failure != nil {
			failure = fmt.Sprint(failure)
		}
	}()
	g := &goroutine{m: &Machine{nativeBytes: new(atomic.Int64)}, stop: new(uint32), free: make([]*frame, 1), heat: math.MaxInt}
	g.top = &frame{mem: ptr(&words), body: b, flags: flagEntry, ret: ptr(&zeroBlock)}
	if st := g.exec(); st != statusDone {
		failure = st
	}
	return words, failure
}

// TestOperations compares the templates of operations on words with the loop,
// for operands at the edges of the types, as constants, in one register with the
// result, and in a loop that holds them in registers of the processor.
func TestOperations(t *testing.T) {
	if !HasJIT {
		t.Skip("no machine code on this platform")
	}
	ints := []uint64{0, 1, 2, 3, 5, 7, 8, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, math.MaxInt32, 1 << 31, 1<<31 + 1, math.MaxUint32, 1 << 32, 1<<32 + 1,
		math.MaxInt64, 1 << 63, 1<<63 + 1, math.MaxUint64, math.MaxUint64 - 1, 0xdeadbeefcafe1234, 0xffffffff80000000, 0xffffffffffffff80, 1 << 40}
	var floats []uint64
	for _, f := range []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e300, -1e300, 1e-310, math.Inf(1), math.Inf(-1), math.NaN(), 9.3e18, -9.3e18, 3.99, -3.99, 1 << 53} {
		floats = append(floats, math.Float64bits(f))
	}
	others := map[opcode]int{opNot: 1, opMoveWord: 8, opSign8: 8, opZero8: 8, opSign16: 8, opZero16: 8, opSign32: 8, opZero32: 8,
		opIntToFloat: 8, opFloatToInt: 8, opEqBool: 1, opNeBool: 1, opIf: 0, opIfNot: 0}
	const a, b, c, out, k, again, one = 8, 16, 24, 32, 40, 48, 56
	n := 0
	for o := range opcode(len(opNames)) {
		var f opForm
		if int(o) < len(opForms) {
			f = opForms[o]
		}
		width, other := others[o]
		jump := f.form == formIf || f.form == formIfNot || f.form == formLoop || o == opIf || o == opIfNot
		switch {
		case f.form >= formArith && !jump:
			width = opWidths[f.of]
			if f.form == formCompare {
				width = 1
			}
		case !other && !jump:
			continue
		}
		values := ints
		switch {
		case f.of == ofFloat64 || o == opFloatToInt:
			values = floats
		case o == opNot || o == opIf || o == opIfNot || o == opEqBool || o == opNeBool:
			values = []uint64{0, 1}
		}
		for _, shape := range []struct{ a, b, c uint32 }{{a, b, c}, {a, a, c}, {a, b, a}, {a, b, b}, {a, a, a}} {
			for _, consts := range []uint32{0, b, c} {
				if consts != 0 && (consts == shape.a || consts != shape.b && consts != shape.c) {
					continue
				}
				ys := slices.Concat(values, values) // the second for the loop
				if f.form == formCompare && (shape.b == a || shape.c == a) || f.form == formShift && width < 8 && shape.c == a {
					ys = values // the second time it would be read as another type
				}
				for i, y := range ys {
					in := instr{op: o, a: shape.a, b: shape.b, c: shape.c}
					code := []instr{in, {op: opReturn}, {op: opNop}}
					if jump {
						in = instr{op: o, a: shape.b, b: shape.c, c: uint32(instrSize)}
						code = []instr{in, {op: opMoveWord, a: out, b: k}, {op: opReturn}, {op: opNop}}
					}
					if i >= len(values) { // twice, with what the first time wrote
						from := k
						if !jump {
							from = a
						}
						code = []instr{in, {op: opMoveWord, a: out, b: uint32(from)}, {op: opIf, a: again, c: uint32(2 * instrSize)}, {op: opMoveWord, a: again, b: one},
							{op: opJump, c: uint32(-5 * instrSize & math.MaxUint32)}, {op: opReturn}, {op: opNop}}
					}
					bd := &body{fn: &Func{}, code: code, start: ptr(unsafe.SliceData(code))}
					if consts != 0 {
						v := new(uint64)
						*v = y
						bd.consts = []frameConst{{consts, newTypeInfo(reflect.TypeFor[uint64]()), ptr(v)}}
					}
					nb := translate(bd)
					if nb == nil {
						t.Fatal("not translated")
					}
					if nb.code[0].op != opNative {
						t.Fatalf("%s has no template", opNames[o])
					}
					for _, x := range values {
						words := [8]uint64{0, 0x5555, x, y, 0, 0x77, 0, 1}
						switch {
						case shape.b == a && shape.c == a:
							words[1] = x
						case shape.b == a:
							words[1] = x
						case shape.c == a:
							words[1] = y
						}
						if consts == b {
							words[2] = y
						}
						want, wantErr := runWords(bd, words)
						got, gotErr := runWords(nb, words)
						mask := uint64(1)<<(8*min(width, 7)) - 1
						if width == 8 {
							mask = math.MaxUint64
						}
						same := func(x, y uint64) bool {
							return x&mask == y&mask || f.of == ofFloat64 && math.IsNaN(math.Float64frombits(x)) && math.IsNaN(math.Float64frombits(y))
						}
						if gotErr != wantErr || jump && got[4] != want[4] || !jump && !(same(got[1], want[1]) && same(got[4], want[4])) {
							t.Errorf("%s %v, constant at %d: %x: %x %v, want %x %v", opNames[o], shape, consts, words, got, gotErr, want, wantErr)
						}
						n++
					}
					nb.memory.Free()
				}
			}
		}
	}
	t.Log(n, "operations")
}

// TestMachineCodeIsFreed sees that machine code goes with the machine whose
// functions it is for.
func TestMachineCodeIsFreed(t *testing.T) {
	if !HasJIT {
		t.Skip("no machine code on this platform")
	}
	SetJIT(t, JITUsual)
	bytes := new(atomic.Int64)
	func() {
		m := &Machine{nativeBytes: bytes}
		code := []instr{{op: opReturn}}
		b := &body{fn: &Func{m: m}, code: code, start: ptr(unsafe.SliceData(code))}
		b.fn.body.Store(b)
		m.funcs.Store(1, b.fn)
		if m.translated(b) == nil || b.fn.body.Load() == b {
			t.Error("not translated")
		}
	}()
	if bytes.Load() == 0 {
		t.Fatal("no machine code")
	}
	for end := time.Now().Add(20 * time.Second); bytes.Load() > 0; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d bytes are still there", bytes.Load())
		}
		runtime.GC()
	}
}
