//go:build !msan && !asan

package vm

import (
	"unsafe"

	"poolbook/interp/internal/vm/jit"
)

// Templates of calls and returns: what call, callClosure, invoke and the end of
// exec do where a frame is free and both sides are translated. Everything that
// leaves an instruction to the loop comes before the first change.

// Offsets of what the templates read and write. An atomic.Pointer is a pointer.
const (
	offTop      = int32(unsafe.Offsetof(goroutine{}.top))
	offFree     = int32(unsafe.Offsetof(goroutine{}.free))
	offMem      = int32(unsafe.Offsetof(frame{}.mem))
	offBody     = int32(unsafe.Offsetof(frame{}.body))
	offCaller   = int32(unsafe.Offsetof(frame{}.caller))
	offRet      = int32(unsafe.Offsetof(frame{}.ret))
	offPC       = int32(unsafe.Offsetof(frame{}.pc))
	offFlags    = int32(unsafe.Offsetof(frame{}.flags))
	offDefers   = int32(unsafe.Offsetof(frame{}.defers))
	offPanic    = int32(unsafe.Offsetof(frame{}.panic))
	offFuncBody = int32(unsafe.Offsetof(Func{}.body))
	offIndex    = int32(unsafe.Offsetof(body{}.index))
	offEntries  = int32(unsafe.Offsetof(translation{}.entries))
	offCapture  = int32(unsafe.Offsetof(translation{}.capture))
	offSlowFree = int32(unsafe.Offsetof(body{}.slowFree))
)

var _ [0]struct{} = [unsafe.Offsetof(body{}.translation)]struct{}{}

// callee checks that the body in AX is translated and that the goroutine has a
// free frame for it: then DI is the frame and CX its place in the free list. It
// uses DX.
func (t *translator) callee() {
	t.Op(jit.Test, jit.AX, jit.R(jit.AX))
	t.JumpIf(jit.E, t.exit())
	t.Imm(jit.CmpI, jit.M(jit.AX, offEntries), 0, false)
	t.JumpIf(jit.E, t.exit())
	t.Op(jit.Load, jit.CX, jit.M(jit.AX, offIndex))
	t.Op(jit.Cmp, jit.CX, jit.M(regG, offFree+8))
	t.JumpIf(jit.AE, t.exit())
	t.Op(jit.Load, jit.DX, jit.M(regG, offFree))
	t.Op(jit.Lea, jit.CX, jit.MX(jit.DX, jit.CX, 8, 0))
	t.Op(jit.Load, jit.DI, jit.M(jit.CX, 0))
	t.Op(jit.Test, jit.DI, jit.R(jit.DI))
	t.JumpIf(jit.E, t.exit())
}

// take takes the frame off the free list, for the body in AX; CX is then its
// memory.
func (t *translator) take() {
	t.Op(jit.Load, jit.DX, jit.M(jit.DI, offCaller))
	t.Op(jit.Store, jit.DX, jit.M(jit.CX, 0))
	t.Op(jit.Store, jit.AX, jit.M(jit.DI, offBody))
	t.Op(jit.Load, jit.CX, jit.M(jit.DI, offMem))
}

// pass copies arguments to memory that base points to.
func (t *translator) pass(args []argMove, base jit.Reg) {
	for i := range args {
		a := &args[i]
		dst := jit.M(base, int32(a.dst))
		switch a.class {
		case classWord:
			t.Op(jit.Store, t.word(a.src, jit.DX), dst)
		case classPtr:
			t.copyWords(dst, slotArg(a.src), 1)
		case classString, classIface:
			t.copyWords(dst, slotArg(a.src), 2)
		case classSlice:
			t.copyWords(dst, slotArg(a.src), 3)
		}
	}
}

// begin makes the frame in DI, with memory in CX, the running one and goes on at
// the address in the callee's body that is at off. It uses AX and DX.
func (t *translator) begin(out uint32, wrapper bool, off int32) {
	t.Op(jit.Lea, jit.DX, slotArg(out))
	t.Op(jit.Store, jit.DX, jit.M(jit.DI, offRet))
	t.Op(jit.Store, regTop, jit.M(jit.DI, offCaller))
	t.MoveImm(jit.M(regTop, offPC), int32((t.at+1)*instrSize), false)
	if wrapper {
		t.Op(jit.Load, jit.DX, jit.M(regTop, offPanic))
		t.Op(jit.Store, jit.DX, jit.M(jit.DI, offPanic))
		t.Const(jit.DX, flagWrapped)
		t.Op(jit.Store8, jit.DX, jit.M(jit.DI, offFlags))
	}
	t.Op(jit.Store, jit.DI, jit.M(regG, offTop))
	t.Op(jit.Load, regTop, jit.R(jit.DI))
	t.Op(jit.Load, regFrame, jit.R(jit.CX))
	t.Op(jit.Load, jit.AX, jit.M(jit.DI, offBody))
	t.Op(jit.Load, jit.AX, jit.M(jit.AX, off))
}

func (t *translator) call(in *instr) {
	site := (*callSite)(in.p)
	t.barrier()
	t.Const(jit.AX, uint64(uintptr(ptr(&site.fn.body))))
	t.Op(jit.Load, jit.AX, jit.M(jit.AX, 0))
	t.callee()
	t.take()
	t.pass(site.args, jit.CX)
	t.begin(in.a, site.wrapper, offEntries)
	t.JumpTo(jit.M(jit.AX, 0))
}

func (t *translator) callClosure(in *instr) {
	site := (*callSite)(in.p)
	known := t.Label()
	t.barrier()
	t.Op(jit.Load, jit.SI, slotArg(in.b))
	t.Op(jit.Test, jit.SI, jit.R(jit.SI))
	t.JumpIf(jit.E, t.exit())
	// closureOf, but that a code is looked for in one place of the table only
	t.Op(jit.Load, jit.CX, jit.M(jit.SI, int32(unsafe.Offsetof(closure{}.code))))
	t.Op(jit.Load, jit.DX, jit.R(jit.CX))
	t.ShiftImm(jit.Shr, jit.R(jit.DX), 5, false)
	t.Imm(jit.AndI, jit.R(jit.DX), int32(len(shapeTable)-1), false)
	t.Const(jit.AX, uint64(uintptr(ptr(&shapeTable))))
	t.Op(jit.Cmp, jit.CX, jit.MX(jit.AX, jit.DX, 8, 0))
	t.JumpIf(jit.E, known)
	t.Const(jit.AX, uint64(stubCode))
	t.Op(jit.Cmp, jit.CX, jit.R(jit.AX))
	t.JumpIf(jit.NE, t.exit())
	t.Op(jit.Lea, jit.DX, jit.M(jit.SI, int32(entryOffset)))
	t.Op(jit.Cmp, jit.DX, jit.M(jit.SI, int32(unsafe.Offsetof(closure{}.entry))))
	t.JumpIf(jit.NE, t.exit())
	t.Bind(known)
	t.Op(jit.Load, jit.AX, jit.M(jit.SI, int32(unsafe.Offsetof(closure{}.fn))))
	t.Op(jit.Load, jit.AX, jit.M(jit.AX, offFuncBody))
	t.callee()
	t.Imm8(jit.CmpI, jit.M(jit.AX, offSlowFree), 0)
	t.JumpIf(jit.NE, t.exit())
	t.take()
	t.pass(site.args, jit.CX)
	t.begin(in.a, false, offCapture)
	t.JumpTo(jit.R(jit.AX))
}

// capture appends what runs first in a call of a closure, which is in SI: the
// copies of its captured variables.
func (t *translator) capture() jit.Label {
	l := t.Label()
	t.Bind(l)
	for i := range t.b.free {
		a := &t.b.free[i]
		n := map[class]int32{classWord: 1, classPtr: 1, classString: 2, classIface: 2, classSlice: 3}[a.class]
		t.copyWords(slotArg(a.dst), jit.M(jit.SI, int32(a.src)), n)
	}
	t.Jump(t.enter(0))
	return l
}

func (t *translator) invoke(in *instr) {
	site := (*callSite)(in.p)
	t.barrier()
	t.Op(jit.Load, jit.AX, slotArg(in.b))
	t.Op(jit.Test, jit.AX, jit.R(jit.AX))
	t.JumpIf(jit.E, t.exit())
	// slotFor
	t.Op(jit.Load, jit.CX, jit.R(jit.AX))
	t.ShiftImm(jit.Shr, jit.R(jit.CX), 5, false)
	t.Op(jit.Load, jit.DX, jit.R(jit.AX))
	t.ShiftImm(jit.Shr, jit.R(jit.DX), 7, false)
	t.Op(jit.Xor, jit.CX, jit.R(jit.DX))
	t.Imm(jit.AndI, jit.R(jit.CX), int32(len(site.cache)-1), true)
	t.Const(jit.DX, uint64(uintptr(ptr(&site.cache))))
	t.Op(jit.Load, jit.SI, jit.MX(jit.DX, jit.CX, 8, 0))
	t.Op(jit.Test, jit.SI, jit.R(jit.SI))
	t.JumpIf(jit.E, t.exit())
	t.Op(jit.Cmp, jit.AX, jit.M(jit.SI, int32(unsafe.Offsetof(target{}.typ))))
	t.JumpIf(jit.NE, t.exit())
	t.Imm(jit.CmpI, jit.M(jit.SI, int32(unsafe.Offsetof(target{}.words))), 0, true)
	t.JumpIf(jit.S, t.exit())
	t.Op(jit.Load, jit.AX, jit.M(jit.SI, int32(unsafe.Offsetof(target{}.fn))))
	t.Op(jit.Load, jit.AX, jit.M(jit.AX, offFuncBody))
	t.callee()
	t.take()
	// receive
	direct, received := t.Label(), t.Label()
	again := t.Label()
	t.Op(jit.Load, jit.DX, slotArg(in.b+8))
	t.Op(jit.Load32, jit.AX, jit.M(jit.SI, int32(unsafe.Offsetof(target{}.words))))
	t.Op(jit.Test, jit.AX, jit.R(jit.AX))
	t.JumpIf(jit.E, direct)
	t.Bind(again)
	t.Op(jit.LoadF, 0, jit.MX(jit.DX, jit.AX, 8, -8))
	t.Op(jit.StoreF, 0, jit.MX(jit.CX, jit.AX, 8, -8))
	t.Imm(jit.SubI, jit.R(jit.AX), 1, false)
	t.JumpIf(jit.NE, again)
	t.Jump(received)
	t.Bind(direct)
	t.Op(jit.Store, jit.DX, jit.M(jit.CX, 0))
	t.Bind(received)
	if len(site.args) > 0 {
		t.Op(jit.Load32, jit.AX, jit.M(jit.SI, int32(unsafe.Offsetof(target{}.shift))))
		// shift may be below zero, by 8 when the receiver takes no room
		t.Op(jit.LoadS3, jit.AX, jit.R(jit.AX))
		t.Op(jit.Add, jit.AX, jit.R(jit.CX))
		t.pass(site.args, jit.AX)
	}
	t.begin(in.a, site.wrapper, offEntries)
	t.JumpTo(jit.M(jit.AX, 0))
}

// returns appends a return whose results are moves.
func (t *translator) returns(moves []argMove) {
	entered := t.Label()
	free := int32(8 * t.b.index)
	t.barrier()
	if len(moves) > 0 {
		t.Op(jit.Load, jit.CX, jit.M(regTop, offRet))
		t.pass(moves, jit.CX)
	}
	t.Imm8(jit.CmpI, jit.M(regTop, offFlags), 0)
	t.JumpIf(jit.NE, entered)
	t.release(free)
	t.Op(jit.Load, regFrame, jit.M(jit.AX, offMem))
	t.Op(jit.Load, jit.CX, jit.M(jit.AX, offBody))
	t.Op(jit.Load, jit.DX, jit.M(jit.CX, offEntries))
	t.Op(jit.Test, jit.DX, jit.R(jit.DX))
	t.JumpIf(jit.E, t.returned())
	t.Op(jit.Load, jit.CX, jit.M(jit.AX, offPC))
	t.ShiftImm(jit.Shr, jit.R(jit.CX), 2, false) // instructions have 32 bytes, entries 8
	t.JumpTo(jit.MX(jit.DX, jit.CX, 1, 0))

	t.Bind(entered)
	t.Imm8(jit.CmpI, jit.M(regTop, offFlags), flagEntry)
	t.JumpIf(jit.NE, t.exit())
	t.Const(jit.DX, 0)
	t.Op(jit.Store8, jit.DX, jit.M(regTop, offFlags))
	t.release(free)
	t.leave(exitDone)
}

// release gives the running frame back; its caller, in AX too, is then the
// running one.
func (t *translator) release(free int32) {
	t.Op(jit.Load, jit.AX, jit.M(regTop, offCaller))
	t.Op(jit.Load, jit.CX, jit.M(regG, offFree))
	t.Op(jit.Load, jit.DX, jit.M(jit.CX, free))
	t.Op(jit.Store, jit.DX, jit.M(regTop, offCaller))
	t.Op(jit.Store, regTop, jit.M(jit.CX, free))
	t.Op(jit.Store, jit.AX, jit.M(regG, offTop))
	t.Op(jit.Load, regTop, jit.R(jit.AX))
}

// returned is where the loop takes over in a caller that is not translated.
func (t *translator) returned() jit.Label {
	if t.over == 0 {
		t.over = t.Label()
	}
	return t.over
}
