//go:build !msan && !asan

package vm

import (
	"slices"
	"unsafe"

	"poolbook/interp/internal/vm/jit"
)

// What keeps machine code sound, each checked in the runtimes of Go 1.26 and 1.27
// (package goabi ends the build with releases that nobody looked at):
//   - Pointers. Registers of the function stay in the frame, which is memory that
//     the collector knows; processor registers hold copies of some, within one
//     template or one loop (jitregs_…). The
//     collector looks at no goroutine in machine code: it is preempted neither
//     there nor in run, since isAsyncSafePoint refuses addresses that the runtime
//     does not know and assembly, and machine code calls nothing.
//   - Write barriers. They are turned on and off while all goroutines are stopped,
//     so not while machine code runs. It tests that before it stores a pointer,
//     and leaves the instruction to the loop, whose assignments have barriers,
//     when they are on.
//   - Nobody waits for it long: every backward jump, call and return takes from a
//     budget of instructions, at whose end it returns to Go (tens of
//     microseconds); Go looks whether the run was stopped and can be preempted
//     before machine code runs again. See charge.
//   - The stack. It uses none but the return address that run has pushed. Signal
//     handlers have a stack of their own and find the goroutine in the thread, not
//     in R14; the profiler counts what it finds at an unknown address as external
//     code.
//   - Faults. Nil, indexes, divisors and the least number by -1 are tested, and
//     left to the loop, which panics at the right line. What no test can find (a
//     pointer that the program made from a number) faults with the return
//     address on top of the stack, so that shouldPushSigpanic lets it look like a
//     call in run that panicked: a panic, at the line of the last call.
//   - Data races tear strings, slices and interfaces as they do in compiled code,
//     and no worse: an index is tested with the length that is in the frame. The
//     race detector does not see what machine code reads and writes; the memory
//     and address sanitizers would be wrong, so there is none in such builds.
//   - The memory is writable before it is executable, never both. It goes when
//     the body is garbage, which frames of running calls refer to. Pointers in it
//     (callSite, type descriptors) are those of the body's instructions, which
//     base keeps; the collector moves nothing.
//
// The registers: BX is the running frame's memory, R12 the goroutine, R13 the
// running frame, R14 what is left of the budget, R15 the address of the
// runtime's switch for write barriers. AX, CX, DX, SI and X0 are the templates'
// own, and DI in calls. Those that hold values in loops are in jitregs_…. BP and
// SP are left alone.
const (
	regFrame   = jit.BX
	regG       = jit.R12
	regTop     = jit.R13
	regBudget  = jit.R14
	regBarrier = jit.R15

	nativeBudget = 20_000 // instructions, about as many nanoseconds
)

//go:linkname writeBarrier runtime.writeBarrier
var writeBarrier struct {
	enabled bool
	_       [3]byte
	_       uint64
}

//go:noescape
func run(code uintptr, on *goroutine, barrier *uint32, budget int) int

// execute runs machine code at g.top and returns how it ended: the offset of an
// instruction that the loop is to run, exitResume or exitDone. Being no leaf, it
// begins with the check of the stack at which a goroutine is preempted.
//
//go:noinline
func execute(code uintptr, g *goroutine) int {
	return run(code, g, (*uint32)(unsafe.Pointer(&writeBarrier)), nativeBudget)
}

// translator makes the machine code of a body.
type translator struct {
	jit.Asm
	b      *body
	labels []jit.Label       // of the instructions
	exits  map[int]jit.Label // to the loop, to run instruction i
	resume map[int]jit.Label // to the loop, which goes on at instruction i
	consts map[uint32]uint64 // words among the frame's constants
	over   jit.Label         // see returned; 0 until used
	at     int               // the instruction that is being translated

	loops   []*held     // of each instruction, nil when it is in none
	enters  []jit.Label // of the instructions in loops
	written []span      // what the current template wrote in the frame alone
	uses    *uses       // when this is a translation to find them
	targets []bool      // then: of jumps, for each instruction
}

const maxTranslated = 20_000 // instructions of a body

// translate makes a body that runs b by machine code, nil where that cannot be.
func translate(b *body) *body {
	if len(b.code) > maxTranslated {
		return nil
	}
	t := newTranslator(b)
	t.hold()
	t.enters = make([]jit.Label, len(b.code))
	for i := range t.enters {
		t.enters[i] = t.Label()
	}
	code := slices.Clone(b.code)
	for i := range b.code {
		t.at = i
		t.begins(i)
		t.Bind(t.labels[i])
		if i == 0 || isCall(b.code[i-1].op) {
			t.charge(len(b.code) - i)
			t.JumpIf(jit.S, t.pause(i))
		}
		if t.instr(&b.code[i]) {
			code[i].op = opNative // panics look at the flags
			t.settle()
		} else {
			t.Jump(t.exit())
		}
	}
	capture := t.capture()
	t.entrances()
	t.ends()
	memory, err := jit.Map(t.Code())
	if err != nil {
		return nil
	}
	n := &body{
		fn: b.fn, index: b.index, code: code, start: ptr(unsafe.SliceData(code)), pos: b.pos, unit: b.unit, inlined: b.inlined, parts: b.parts, size: b.size, frameType: b.frameType,
		consts: b.consts, free: b.free, slowFree: b.slowFree, wrapper: b.wrapper, recoverPC: b.recoverPC, name: b.name,
	}
	n.base, n.memory = b, memory
	n.entries = make([]uintptr, len(code))
	n.capture = memory.Address() + uintptr(t.At(capture))
	for i := range t.labels {
		n.entries[i] = memory.Address() + uintptr(t.At(t.enter(i)))
	}
	return n
}

// newTranslator returns a translator of b that has appended nothing.
func newTranslator(b *body) *translator {
	t := &translator{b: b, exits: make(map[int]jit.Label), resume: make(map[int]jit.Label), consts: make(map[uint32]uint64)}
	for _, c := range b.consts {
		if c.ti.class == classWord {
			var v uint64
			copy(unsafe.Slice((*byte)(ptr(&v)), 8), unsafe.Slice((*byte)(c.val), c.ti.size))
			t.consts[c.off] = v
		}
	}
	t.labels = make([]jit.Label, len(b.code))
	for i := range t.labels {
		t.labels[i] = t.Label() // before the others, so that 0 is none of those
	}
	return t
}

// isCall reports whether machine code may come back to the instruction after o
// from another function.
func isCall(o opcode) bool { return o == opCall || o == opCallClosure || o == opInvoke }

// charge takes n instructions from the budget; the flags tell when it is used
// up. Instructions run in their order between charges, and every way to run one
// again pays for it: a backward jump for those it goes back over, the beginning
// of a function and the place after a call for all that follow. So machine code
// runs for the instructions of the budget and of one function at most.
func (t *translator) charge(n int) {
	t.Imm(jit.SubI, jit.R(regBudget), int32(min(n, nativeBudget/2)), true)
}

// exit is where the loop takes over to run the current instruction.
func (t *translator) exit() jit.Label {
	l, ok := t.exits[t.at]
	if !ok {
		l = t.Label()
		t.exits[t.at] = l
	}
	return l
}

// pause is where the loop takes over to go on at instruction i.
func (t *translator) pause(i int) jit.Label {
	l, ok := t.resume[i]
	if !ok {
		l = t.Label()
		t.resume[i] = l
	}
	return l
}

// ends appends what the code jumps to when it is left.
func (t *translator) ends() {
	for i := range t.b.code {
		if l, ok := t.exits[i]; ok {
			t.Bind(l)
			t.Const(jit.AX, uint64(i*instrSize))
			t.Return()
		}
		if l, ok := t.resume[i]; ok {
			t.Bind(l)
			t.MoveImm(jit.M(regTop, offPC), int32(i*instrSize), false)
			t.leave(exitResume)
		}
	}
	if t.over != 0 {
		t.Bind(t.over)
		t.leave(exitResume)
	}
}

// leave returns how to Go.
func (t *translator) leave(how int64) {
	t.Const(jit.AX, uint64(how))
	t.Return()
}

// target is the label that the current instruction jumps to.
func (t *translator) target(in *instr) (int, jit.Label) {
	i := t.at + 1 + int(int32(in.c))/instrSize
	return i, t.into(i)
}

// slot is a place in the running frame.
func slotArg(off uint32) jit.Arg { return jit.M(regFrame, int32(off)) }

// barrier leaves the instruction to the loop when write barriers are on.
func (t *translator) barrier() {
	t.Imm(jit.CmpI, jit.M(regBarrier, 0), 0, true)
	t.JumpIf(jit.NE, t.exit())
}

// word returns a general register that holds the slot at off: scratch, after
// loading it.
func (t *translator) word(off uint32, scratch jit.Reg) jit.Reg {
	if v, ok := t.consts[off]; ok {
		t.Const(scratch, v)
	} else {
		if m := t.source(off); m != jit.R(scratch) {
			t.Op(jit.Load, scratch, m)
		}
	}
	return scratch
}

// constant returns the value of a constant operand when it fits an instruction
// for the type.
func (t *translator) constant(off uint32, of operandType) (int32, bool) {
	v, ok := t.consts[off]
	if !ok {
		return 0, false
	}
	switch of {
	case ofInt64, ofUint64:
		return int32(v), int64(v) == int64(int32(v))
	case ofInt32, ofUint32:
		return int32(v), true
	case ofUint8:
		return int32(uint8(v)), true
	}
	return 0, false
}
