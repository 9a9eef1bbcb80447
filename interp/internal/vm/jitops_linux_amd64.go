//go:build !msan && !asan

package vm

import (
	"math"
	"math/bits"

	"poolbook/interp/internal/vm/jit"
)

// instr appends the template of an instruction. It returns false, and has
// appended nothing, when there is none.
func (t *translator) instr(in *instr) bool {
	if f := opForms[min(int(in.op), len(opForms)-1)]; int(in.op) < len(opForms) && f.form != formNone {
		return t.formed(in, f)
	}
	switch in.op {
	case opIf, opIfNot, opIfEqPtr, opIfNePtr, opIfNil, opIfNotNil:
		if to, _ := t.target(in); to <= t.at {
			return false // only loops charge
		}
	}
	switch in.op {
	case opNop:
	case opJump:
		if to, l := t.target(in); to > t.at {
			t.Jump(l)
		} else {
			t.back(in)
		}
	case opLoop:
		t.back(in)
	case opIf:
		t.ifBool(in, jit.NE)
	case opIfNot:
		t.ifBool(in, jit.E)
	case opNot:
		t.Op(jit.LoadZ8, jit.AX, t.source(in.b))
		t.Imm(jit.XorI, jit.R(jit.AX), 1, true)
		t.put(in.a, jit.AX)

	case opMoveWord:
		t.moveWord(in.a, in.b)
	case opMovePtr:
		t.barrier()
		t.copyWords(slotArg(in.a), slotArg(in.b), 1)
	case opMoveString, opMoveIface:
		t.barrier()
		t.copyWords(slotArg(in.a), slotArg(in.b), 2)
	case opMoveSlice:
		t.barrier()
		t.copyWords(slotArg(in.a), slotArg(in.b), 3)
	case opMoveMem:
		return t.copyBytes(slotArg(in.a), slotArg(in.b), uintptr(in.d))
	case opMoveTyped:
		n := sizeOf(in.p)
		if n > maxInline {
			return false
		}
		t.barrier()
		return t.copyBytes(slotArg(in.a), slotArg(in.b), n)
	case opClearMem:
		return t.clearBytes(slotArg(in.a), uintptr(in.d))
	case opClearTyped:
		n := sizeOf(in.p)
		if n > maxInline {
			return false
		}
		t.barrier()
		return t.clearBytes(slotArg(in.a), n)
	case opLea:
		t.barrier()
		t.Op(jit.Lea, jit.AX, slotArg(in.b))
		t.Op(jit.Store, jit.AX, slotArg(in.a))

	case opLoadMem, opLoadTyped, opStoreMem, opStoreTyped:
		return t.memory(in)
	case opNilCheck:
		t.pointer(in.a)
	case opFieldAddr:
		if !fits(in.d) {
			return false
		}
		t.barrier()
		t.pointer(in.b)
		t.Imm(jit.AddI, jit.R(jit.AX), int32(in.d), false)
		t.Op(jit.Store, jit.AX, slotArg(in.a))
	case opIndexAddr:
		if !fits(in.d) {
			return false
		}
		t.barrier()
		t.index(in.b, in.c)
		t.scaled(int(in.d))
		t.Op(jit.Add, jit.CX, t.source(in.b))
		t.Op(jit.Store, jit.CX, slotArg(in.a))
	case opArrayIndexAddr:
		if in.d < 0 || in.d>>32 > math.MaxInt32 || uint32(in.d) > math.MaxInt32 {
			return false
		}
		t.barrier()
		t.pointer(in.b)
		t.arrayIndex(in.c, int32(in.d))
		t.scaled(int(in.d >> 32))
		t.Op(jit.Add, jit.AX, jit.R(jit.CX))
		t.Op(jit.Store, jit.AX, slotArg(in.a))
	case opStringAt:
		t.index(in.b, in.c)
		t.Op(jit.Load, jit.AX, t.source(in.b))
		t.loadTo(in.a, jit.MX(jit.AX, jit.CX, 1, 0), of8)
	case opLen:
		t.put(in.a, t.general(in.b+8, jit.AX))
	case opCap:
		t.put(in.a, t.general(in.b+16, jit.AX))

	case opEqPtr, opNePtr:
		t.Op(jit.Cmp, t.general(in.b, jit.AX), t.source(in.c))
		t.set(in.a, equality(in.op == opEqPtr))
	case opIfEqPtr, opIfNePtr:
		t.Op(jit.Cmp, t.general(in.a, jit.AX), t.source(in.b))
		_, l := t.target(in)
		t.JumpIf(equality(in.op == opIfEqPtr), l)
	case opEqBool, opNeBool:
		t.Op(jit.Cmp8, t.general(in.b, jit.AX), t.source(in.c))
		t.set(in.a, equality(in.op == opEqBool))
	case opIsNil, opNotNil:
		t.Imm(jit.CmpI, t.source(in.b), 0, false)
		t.set(in.a, equality(in.op == opIsNil))
	case opIfNil, opIfNotNil:
		t.Imm(jit.CmpI, t.source(in.a), 0, false)
		_, l := t.target(in)
		t.JumpIf(equality(in.op == opIfNil), l)
	case opEqString, opNeString:
		t.equalStrings(in)

	case opSign8:
		t.extend(in, jit.LoadS8)
	case opZero8:
		t.extend(in, jit.LoadZ8)
	case opSign16:
		t.extend(in, jit.LoadS1)
	case opZero16:
		t.extend(in, jit.LoadZ1)
	case opSign32:
		t.extend(in, jit.LoadS3)
	case opZero32:
		t.extend(in, jit.Load32)
	case opIntToFloat:
		t.Op(jit.XorF, 0, jit.R(0)) // the conversion keeps the upper half, and would wait for it
		t.Op(jit.ToF, 0, t.source(in.b))
		t.putF(in.a, 0)
	case opFloatToInt:
		t.Op(jit.FromF, jit.AX, t.sourceF(in.b))
		t.put(in.a, jit.AX)

	case opMakeIfacePtr:
		t.barrier()
		t.Op(jit.Load, jit.CX, slotArg(in.b))
		t.Const(jit.AX, uint64(uintptr(in.p)))
		t.Op(jit.Store, jit.AX, slotArg(in.a))
		t.Op(jit.Store, jit.CX, slotArg(in.a+8))
	case opTypeIs:
		t.Const(jit.AX, uint64(uintptr(in.p)))
		t.Op(jit.Cmp, jit.AX, slotArg(in.b))
		t.set(in.a, jit.E)

	case opCall:
		t.call(in)
	case opCallClosure:
		t.callClosure(in)
	case opInvoke:
		t.invoke(in)
	case opReturn:
		t.returns(nil)
	case opReturnWord:
		t.returns([]argMove{{src: in.a, class: classWord}})
	case opReturnPtr:
		t.returns([]argMove{{src: in.a, class: classPtr}})
	case opReturnString:
		t.returns([]argMove{{src: in.a, class: classString}})
	case opReturnMany:
		t.returns(*(*[]argMove)(in.p))
	case opRunDefers:
		t.Imm(jit.CmpI, jit.M(regTop, offDefers), 0, false)
		t.JumpIf(jit.NE, t.exit())
	default:
		return false
	}
	return true
}

// formed is instr for operations that are alike.
func (t *translator) formed(in *instr, f opForm) bool {
	switch f.form {
	case formLoad:
		if !fits(in.d) {
			return false
		}
		t.guard(f.of)
		t.pointer(in.b)
		t.loadTo(in.a, jit.M(jit.AX, int32(in.d)), f.of)
	case formStore:
		if !fits(in.d) {
			return false
		}
		t.guard(f.of)
		t.pointer(in.a)
		t.storeFrom(jit.M(jit.AX, int32(in.d)), in.b, f.of)
	case formAt:
		t.guard(f.of)
		t.index(in.b, in.c)
		t.Op(jit.Load, jit.AX, t.source(in.b))
		t.loadTo(in.a, t.element(f.of), f.of)
	case formSetAt:
		t.guard(f.of)
		t.index(in.a, in.c)
		t.Op(jit.Load, jit.AX, t.source(in.a))
		t.storeFrom(t.element(f.of), in.b, f.of)
	case formArrayAt, formSetArrayAt:
		if !fits(in.d) || in.d < 0 {
			return false
		}
		t.guard(f.of)
		if f.form == formArrayAt {
			t.pointer(in.b)
			t.arrayIndex(in.c, int32(in.d))
			t.loadTo(in.a, t.element(f.of), f.of)
		} else {
			t.pointer(in.a)
			t.arrayIndex(in.c, int32(in.d))
			t.storeFrom(t.element(f.of), in.b, f.of)
		}
	case formArith:
		if f.of == ofFloat64 {
			t.floatArith(in, f.do)
		} else {
			t.arith(in, f.do, f.of)
		}
	case formUnary:
		t.unary(in, f.do, f.of)
	case formDivide:
		t.divide(in, f.do == doRem, f.of)
	case formShift:
		t.shift(in, f.do, f.of)
	case formCompare:
		t.compare(in, f)
	case formIf, formIfNot, formLoop:
		if to, _ := t.target(in); to <= t.at && f.form != formLoop {
			return false
		}
		t.compareJump(in, f)
	default:
		return false
	}
	return true
}

func fits(d int64) bool { return d == int64(int32(d)) }

func equality(eq bool) jit.Cond {
	if eq {
		return jit.E
	}
	return jit.NE
}

// back appends a backward jump, which takes from the budget.
func (t *translator) back(in *instr) {
	to, l := t.target(in)
	t.charge(t.at + 1 - to)
	t.JumpIf(jit.NS, l)
	t.Jump(t.pause(to))
}

func (t *translator) ifBool(in *instr, c jit.Cond) {
	t.Imm8(jit.CmpI, t.source(in.a), 0)
	_, l := t.target(in)
	t.JumpIf(c, l)
}

// set stores a condition as a bool.
func (t *translator) set(off uint32, c jit.Cond) {
	t.Set(c, jit.AX)
	t.Op(jit.LoadZ8, jit.AX, jit.R(jit.AX))
	t.put(off, jit.AX)
}

func (t *translator) moveWord(a, b uint32) {
	t.moved(b)
	_, toFloat := t.inFloat(a)
	if r, ok := t.inFloat(b); ok {
		t.putF(a, r)
	} else if _, known := t.consts[b]; toFloat && !known {
		t.Op(jit.LoadF, 0, slotArg(b))
		t.putF(a, 0)
	} else {
		t.put(a, t.copied(b, jit.AX))
	}
}

// guard is barrier for values that contain pointers.
func (t *translator) guard(of operandType) {
	if of >= ofPtr {
		t.barrier()
	}
}

// pointer loads the pointer at off into AX; nil is left to the loop.
func (t *translator) pointer(off uint32) {
	t.Op(jit.Load, jit.AX, t.source(off))
	t.Op(jit.Test, jit.AX, jit.R(jit.AX))
	t.JumpIf(jit.E, t.exit())
}

// index loads the index in slot idx into CX, checked against the length of the
// slice or string at off.
func (t *translator) index(off, idx uint32) {
	t.Op(jit.Cmp, t.word(idx, jit.CX), t.source(off+8))
	t.JumpIf(jit.AE, t.exit())
}

// arrayIndex is index for arrays of n elements.
func (t *translator) arrayIndex(idx uint32, n int32) {
	t.Imm(jit.CmpI, jit.R(t.word(idx, jit.CX)), n, false)
	t.JumpIf(jit.AE, t.exit())
}

// scaled multiplies CX by size.
func (t *translator) scaled(size int) {
	if size > 0 && bits.OnesCount(uint(size)) == 1 {
		if n := bits.TrailingZeros(uint(size)); n > 0 {
			t.ShiftImm(jit.Shl, jit.R(jit.CX), uint8(n), false)
		}
		return
	}
	t.ImulImm(jit.CX, jit.R(jit.CX), int32(size))
}

// element is element CX of the type in memory that AX points to. It may change CX.
func (t *translator) element(of operandType) jit.Arg {
	switch of {
	case of8:
		return jit.MX(jit.AX, jit.CX, 1, 0)
	case of16:
		return jit.MX(jit.AX, jit.CX, 2, 0)
	case of32:
		return jit.MX(jit.AX, jit.CX, 4, 0)
	case of64, ofPtr:
		return jit.MX(jit.AX, jit.CX, 8, 0)
	case ofString, ofIface:
		t.scaled(16)
		return jit.MX(jit.AX, jit.CX, 1, 0)
	}
	t.Op(jit.Lea, jit.CX, jit.MX(jit.CX, jit.CX, 2, 0))
	return jit.MX(jit.AX, jit.CX, 8, 0)
}

// pointerWords is how many words a value with pointers takes; 0 for a number.
func pointerWords(of operandType) int32 {
	switch of {
	case ofPtr:
		return 1
	case ofString, ofIface:
		return 2
	case ofSlice:
		return 3
	}
	return 0
}

// loadTo loads a value from memory into a slot. It uses DX, and AX last.
func (t *translator) loadTo(off uint32, m jit.Arg, of operandType) {
	if n := pointerWords(of); n > 0 {
		t.copyWords(slotArg(off), m, n)
		return
	}
	if _, ok := t.inFloat(off); ok && of == of64 {
		t.Op(jit.LoadF, 0, m)
		t.putF(off, 0)
		return
	}
	ins := jit.Load
	switch of {
	case of8:
		ins = jit.LoadZ8
	case of16:
		ins = jit.LoadZ1
	case of32:
		ins = jit.Load32
	}
	t.Op(ins, jit.DX, m)
	t.put(off, jit.DX)
}

// storeFrom stores a slot's value in memory. It uses DX.
func (t *translator) storeFrom(m jit.Arg, off uint32, of operandType) {
	if n := pointerWords(of); n > 0 {
		t.copyWords(m, slotArg(off), n)
		return
	}
	if r, ok := t.inFloat(off); ok && of == of64 {
		t.Op(jit.StoreF, r, m)
		return
	}
	t.moved(off)
	ins := jit.Store
	switch of {
	case of8:
		ins = jit.Store8
	case of16:
		ins = jit.Store16
	case of32:
		ins = jit.Store32
	}
	t.Op(ins, t.copied(off, jit.DX), m)
}

// copyWords copies up to three words through DX. The source may be addressed by
// AX and CX.
func (t *translator) copyWords(dst, src jit.Arg, n int32) {
	for i := range n {
		t.Op(jit.Load, jit.DX, src.Off(8*i))
		t.Op(jit.Store, jit.DX, dst.Off(8*i))
	}
}

const maxInline = 128 // bytes that templates copy or clear

func sizeOf(typ ptr) uintptr { return *(*uintptr)(typ) }

// pieces calls f with the places of a value of n bytes and their sizes.
func pieces(n uintptr, f func(off int32, load, store jit.Ins)) {
	off := int32(0)
	for ; n >= 8; n, off = n-8, off+8 {
		f(off, jit.Load, jit.Store)
	}
	if n >= 4 {
		f(off, jit.Load32, jit.Store32)
		n, off = n-4, off+4
	}
	if n >= 2 {
		f(off, jit.LoadZ1, jit.Store16)
		n, off = n-2, off+2
	}
	if n > 0 {
		f(off, jit.LoadZ8, jit.Store8)
	}
}

func (t *translator) copyBytes(dst, src jit.Arg, n uintptr) bool {
	if n > maxInline {
		return false
	}
	pieces(n, func(off int32, load, store jit.Ins) {
		t.Op(load, jit.DX, src.Off(off))
		t.Op(store, jit.DX, dst.Off(off))
	})
	return true
}

func (t *translator) clearBytes(dst jit.Arg, n uintptr) bool {
	if n > maxInline {
		return false
	}
	t.Const(jit.DX, 0)
	pieces(n, func(off int32, _, store jit.Ins) { t.Op(store, jit.DX, dst.Off(off)) })
	return true
}

// memory is the loads and stores of values of many words.
func (t *translator) memory(in *instr) bool {
	n := uintptr(in.c)
	typed := in.op == opLoadTyped || in.op == opStoreTyped
	if typed {
		n = sizeOf(in.p)
	}
	if n > maxInline || !fits(in.d+maxInline) {
		return false
	}
	if typed {
		t.barrier()
	}
	if in.op == opLoadMem || in.op == opLoadTyped {
		t.pointer(in.b)
		return t.copyBytes(slotArg(in.a), jit.M(jit.AX, int32(in.d)), n)
	}
	t.pointer(in.a)
	return t.copyBytes(jit.M(jit.AX, int32(in.d)), slotArg(in.b), n)
}

func (t *translator) extend(in *instr, ins jit.Ins) {
	t.Op(ins, jit.AX, t.source(in.b))
	t.put(in.a, jit.AX)
}

// extended loads the slot's value of the type with all 64 bits right.
func (t *translator) extended(off uint32, of operandType, r jit.Reg) {
	switch of {
	case ofInt32:
		t.Op(jit.LoadS3, r, t.source(off))
	case ofUint32:
		t.Op(jit.Load32, r, t.source(off))
	case ofUint8:
		t.Op(jit.LoadZ8, r, t.source(off))
	default:
		t.word(off, r)
	}
}
