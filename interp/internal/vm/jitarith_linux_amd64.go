//go:build !msan && !asan

package vm

import (
	"math/bits"

	"poolbook/interp/internal/vm/jit"
)

// Templates of arithmetic and comparisons. The high bytes of a slot with a
// short word are garbage, so what needs only the low bytes of its operands is
// done with all 64 bits.

var arithIns = map[operator]jit.Ins{doAdd: jit.Add, doSub: jit.Sub, doMul: jit.Imul, doAnd: jit.And, doOr: jit.Or, doXor: jit.Xor}

var arithImm = map[operator]jit.ImmOp{doAdd: jit.AddI, doSub: jit.SubI, doAnd: jit.AndI, doOr: jit.OrI, doXor: jit.XorI}

func (t *translator) arith(in *instr, do operator, of operandType) {
	b, c := in.b, in.c
	if _, ok := t.constant(b, of); ok && (do == doAdd || do == doMul || do == doAnd || do == doOr || do == doXor) {
		b, c = c, b
	}
	v, known := t.constant(c, of)
	r := t.result(in.a, c, jit.AX)
	switch {
	case known && do == doMul:
		t.ImulImm(r, t.source(b), v)
	case known && do == doAndNot:
		t.word(b, r)
		t.Imm(jit.AndI, jit.R(r), ^v, false)
	case known:
		t.word(b, r)
		t.Imm(arithImm[do], jit.R(r), v, false)
	case do == doAndNot:
		t.word(c, jit.AX)
		t.Unary(jit.Not, jit.R(jit.AX), false)
		t.Op(jit.And, jit.AX, t.source(b))
		r = jit.AX
	default:
		t.word(b, r)
		t.Op(arithIns[do], r, t.source(c))
	}
	t.put(in.a, r)
}

func (t *translator) unary(in *instr, do operator, of operandType) {
	if of == ofFloat64 {
		m := t.sourceF(in.b)
		if r, ok := t.inFloat(in.b); ok {
			t.Const(jit.AX, 1<<63)
			t.Op(jit.FromWord, 0, jit.R(jit.AX))
			t.Op(jit.XorF, 0, jit.R(r))
			t.putF(in.a, 0)
			return
		}
		t.Op(jit.Load, jit.AX, m)
		t.FlipSign(jit.AX)
		t.put(in.a, jit.AX)
		return
	}
	t.word(in.b, jit.AX)
	o := jit.Neg
	if do == doCom {
		o = jit.Not
	}
	t.Unary(o, jit.R(jit.AX), false)
	t.put(in.a, jit.AX)
}

func (t *translator) divide(in *instr, rem bool, of operandType) {
	signed := of == ofInt64 || of == ofInt32
	v, known := t.consts[in.c]
	if of == ofUint8 {
		v &= 0xff
	} else if of == ofUint32 || of == ofInt32 {
		v &= 0xffffffff
	}
	if known && !signed && bits.OnesCount64(v) == 1 {
		t.extended(in.b, of, jit.AX)
		n := bits.TrailingZeros64(v)
		if !rem {
			t.ShiftImm(jit.Shr, jit.R(jit.AX), uint8(n), false)
		} else if n < 32 {
			t.Imm(jit.AndI, jit.R(jit.AX), int32(v-1), n == 31)
		} else {
			t.Const(jit.CX, v-1)
			t.Op(jit.And, jit.AX, jit.R(jit.CX))
		}
		t.put(in.a, jit.AX)
		return
	}
	if known && of == ofInt64 && v > 1 && v < 1<<31 && bits.OnesCount64(v) == 1 {
		t.dividePower(in, rem, uint8(bits.TrailingZeros64(v)))
		return
	}
	narrow := of != ofInt64 && of != ofUint64
	done := t.Label()
	t.extended(in.c, of, jit.CX)
	if !known || v == 0 {
		t.Op(jit.Test, jit.CX, jit.R(jit.CX))
		t.JumpIf(jit.E, t.exit())
	}
	t.extended(in.b, of, jit.AX)
	if !signed {
		t.Const(jit.DX, 0)
		t.Unary(jit.Div, jit.R(jit.CX), narrow)
	} else {
		if !known || int64(v) == -1 || of == ofInt32 && int32(v) == -1 {
			// the processor faults on the least number by -1
			usual := t.Label()
			t.Imm(jit.CmpI, jit.R(jit.CX), -1, false)
			t.JumpIf(jit.NE, usual)
			t.Unary(jit.Neg, jit.R(jit.AX), false)
			t.Const(jit.DX, 0)
			t.Jump(done)
			t.Bind(usual)
		}
		t.SignDX(narrow)
		t.Unary(jit.Idiv, jit.R(jit.CX), narrow)
	}
	t.Bind(done)
	if rem {
		t.put(in.a, jit.DX)
	} else {
		t.put(in.a, jit.AX)
	}
}

// dividePower divides an int64 by 1<<n, towards zero.
func (t *translator) dividePower(in *instr, rem bool, n uint8) {
	t.word(in.b, jit.AX)
	t.Op(jit.Load, jit.CX, jit.R(jit.AX))
	t.ShiftImm(jit.Sar, jit.R(jit.CX), 63, false)
	t.ShiftImm(jit.Shr, jit.R(jit.CX), 64-n, false) // 1<<n - 1 for negative numbers
	t.Op(jit.Add, jit.AX, jit.R(jit.CX))
	if !rem {
		t.ShiftImm(jit.Sar, jit.R(jit.AX), n, false)
	} else {
		t.Imm(jit.AndI, jit.R(jit.AX), int32(1)<<n-1, false)
		t.Op(jit.Sub, jit.AX, jit.R(jit.CX))
	}
	t.put(in.a, jit.AX)
}

// shift appends a shift. The processor takes the count modulo 64, Go does not.
func (t *translator) shift(in *instr, do operator, of operandType) {
	signed := of == ofInt64 || of == ofInt32
	op := jit.Shl
	if do == doShr {
		if op = jit.Shr; signed {
			op = jit.Sar
		}
	}
	// what is shifted right must be right in all its bits
	load := func() {
		if do == doShr {
			t.extended(in.b, of, jit.AX)
		} else {
			t.word(in.b, jit.AX)
		}
	}
	if n, ok := t.consts[in.c]; ok {
		load()
		switch {
		case n < 64:
			t.ShiftImm(op, jit.R(jit.AX), uint8(n), false)
		case op == jit.Sar:
			t.ShiftImm(op, jit.R(jit.AX), 63, false)
		default:
			t.Const(jit.AX, 0)
		}
		t.put(in.a, jit.AX)
		return
	}
	t.word(in.c, jit.CX)
	load()
	if op == jit.Sar {
		t.Const(jit.DX, 63)
		t.Op(jit.Cmp, jit.CX, jit.R(jit.DX))
		t.Cmov(jit.A, jit.CX, jit.R(jit.DX))
		t.Shift(op, jit.R(jit.AX), false)
	} else {
		t.Shift(op, jit.R(jit.AX), false)
		t.Imm(jit.CmpI, jit.R(jit.CX), 64, false)
		t.Op(jit.Sbb, jit.DX, jit.R(jit.DX)) // all ones when the count is below 64
		t.Op(jit.And, jit.AX, jit.R(jit.DX))
	}
	t.put(in.a, jit.AX)
}

var floatIns = map[operator]jit.Ins{doAdd: jit.AddF, doSub: jit.SubF, doMul: jit.MulF, doDiv: jit.DivF}

func (t *translator) floatArith(in *instr, do operator) {
	x := t.resultF(in.a, in.c)
	if r := t.float(in.b, x); r != x {
		t.Op(jit.MoveF, x, jit.R(r))
	}
	t.Op(floatIns[do], x, t.sourceF(in.c))
	t.putF(in.a, x)
}

// flags appends the comparison of two slots and returns the condition that says
// that it holds. Equality of floats needs two conditions, so it is not for those.
func (t *translator) flags(x, y uint32, do operator, of operandType) jit.Cond {
	if of == ofFloat64 {
		// x < y is y > x: unordered numbers look like "below"
		t.compareFloats(y, x)
		if do == doLt {
			return jit.A
		}
		return jit.AE
	}
	v, known := t.constant(y, of)
	switch of {
	case ofInt64, ofUint64:
		if known {
			t.Imm(jit.CmpI, t.compared(x), v, false)
		} else {
			t.Op(jit.Cmp, t.general(x, jit.AX), t.source(y))
		}
	case ofInt32, ofUint32:
		if known {
			t.Imm(jit.CmpI, t.compared(x), v, true)
		} else {
			t.Op(jit.Cmp32, t.general(x, jit.AX), t.source(y))
		}
	case ofUint8:
		if known {
			t.Imm8(jit.CmpI, t.compared(x), int8(v))
		} else {
			t.Op(jit.Cmp8, t.general(x, jit.AX), t.source(y))
		}
	}
	signed := of == ofInt64 || of == ofInt32
	switch {
	case do == doEq:
		return jit.E
	case do == doNe:
		return jit.NE
	case do == doLt && signed:
		return jit.L
	case do == doLt:
		return jit.B
	case signed:
		return jit.LE
	}
	return jit.BE
}

// compared is the first operand of a comparison with a constant.
func (t *translator) compared(off uint32) jit.Arg {
	if _, ok := t.consts[off]; ok {
		return jit.R(t.word(off, jit.AX))
	}
	return t.source(off)
}

func (t *translator) compareFloats(x, y uint32) {
	t.Op(jit.CmpF, t.float(x, 0), t.sourceF(y))
}

func (t *translator) compare(in *instr, f opForm) {
	if f.of == ofFloat64 && (f.do == doEq || f.do == doNe) {
		t.compareFloats(in.b, in.c)
		t.Set(jit.E, jit.AX)
		t.Set(jit.NP, jit.CX)
		t.Op(jit.And, jit.AX, jit.R(jit.CX))
		if f.do == doNe {
			t.Imm(jit.XorI, jit.R(jit.AX), 1, true)
		}
		t.Op(jit.LoadZ8, jit.AX, jit.R(jit.AX))
		t.put(in.a, jit.AX)
		return
	}
	t.set(in.a, t.flags(in.b, in.c, f.do, f.of))
}

func (t *translator) compareJump(in *instr, f opForm) {
	to, l := t.target(in)
	next := t.Label()
	if f.of == ofFloat64 && (f.do == doEq || f.do == doNe) {
		t.compareFloats(in.a, in.b)
		switch {
		case f.do == doEq:
			t.JumpIf(jit.NE, next)
			t.JumpIf(jit.P, next)
		case f.form == formIf:
			t.JumpIf(jit.NE, l)
			t.JumpIf(jit.P, l)
			t.Bind(next)
			return
		default:
			taken := t.Label()
			t.JumpIf(jit.NE, taken)
			t.JumpIf(jit.NP, next)
			t.Bind(taken)
		}
		if f.form == formIf {
			t.Jump(l)
		} else {
			t.back(in)
		}
		t.Bind(next)
		return
	}
	c := t.flags(in.a, in.b, f.do, f.of)
	switch f.form {
	case formIf:
		t.JumpIf(c, l)
	case formIfNot:
		t.JumpIf(c.Not(), l)
	default:
		t.JumpIf(c.Not(), next)
		t.charge(t.at + 1 - to)
		t.JumpIf(jit.NS, l)
		t.Jump(t.pause(to))
	}
	t.Bind(next)
}

// equalStrings compares strings of one length from the end on, by words and
// then bytes. Long ones are left to the loop.
func (t *translator) equalStrings(in *instr) {
	const max = 64
	done, words, bytes := t.Label(), t.Label(), t.Label()
	t.Op(jit.Load, jit.CX, t.source(in.b+8))
	t.Op(jit.Cmp, jit.CX, t.source(in.c+8))
	t.JumpIf(jit.NE, done)
	t.Imm(jit.CmpI, jit.R(jit.CX), max, false)
	t.JumpIf(jit.A, t.exit())
	t.Op(jit.Load, jit.AX, t.source(in.b))
	t.Op(jit.Load, jit.DX, t.source(in.c))
	step := func(load, cmp jit.Ins, n int32) {
		t.Op(load, jit.SI, jit.MX(jit.AX, jit.CX, 1, -n))
		t.Op(cmp, jit.SI, jit.MX(jit.DX, jit.CX, 1, -n))
		t.JumpIf(jit.NE, done)
		t.Imm(jit.SubI, jit.R(jit.CX), n, false)
	}
	t.Bind(words)
	t.Imm(jit.CmpI, jit.R(jit.CX), 8, false)
	t.JumpIf(jit.B, bytes)
	step(jit.Load, jit.Cmp, 8)
	t.Jump(words)
	t.Bind(bytes)
	t.Op(jit.Test, jit.CX, jit.R(jit.CX))
	t.JumpIf(jit.E, done)
	step(jit.LoadZ8, jit.Cmp8, 1)
	t.Jump(bytes)
	t.Bind(done)
	t.set(in.a, equality(in.op == opEqString))
}
