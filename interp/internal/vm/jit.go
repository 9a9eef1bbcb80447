package vm

import (
	"os"
	"runtime"
	"sync/atomic"
)

// Functions that run often are translated into machine code (linux/amd64). The
// translation is by template, one instruction after another, and keeps every
// register in the frame at the boundaries of instructions: so machine code can
// be entered and left at any of them, and whatever has no template, or needs
// more than its template knows (a panic, a call of the runtime, a new frame), is
// left to the loop, which runs that one instruction and goes back.
//
// A translated body is a body of its own, with the same frames. Its code has
// opNative where an instruction has a template, so that the loop enters machine
// code without asking; base has the instructions as they were. A frame belongs
// to one goroutine, which moves it to the translated body when it is hot.
//
// The counts are samples: every heatPeriod-th backward jump or call of a
// goroutine makes the body hotter that it happens in.
const (
	heatPeriod = 255
	hotAfter   = 3
)

// The environment variable POOLBOOK_JIT says "off" to have no machine code at
// all, and "always" to translate every function before it first runs, which is
// for tests. It is read once.
var (
	jitOff    = os.Getenv("POOLBOOK_JIT") == "off"
	jitAlways = os.Getenv("POOLBOOK_JIT") == "always"
)

// maxNativeBytes limits the machine code of a machine; what is hot later stays
// in the loop.
const maxNativeBytes = 64 << 20

// opForm says by which template an operation is translated, where it is one of
// many alike.
type opForm struct {
	form form
	do   operator
	of   operandType
}

type form uint8

const (
	formNone form = iota
	formLoad
	formStore
	formAt
	formSetAt
	formArrayAt
	formSetArrayAt
	formArith
	formUnary
	formDivide
	formShift
	formCompare
	formIf
	formIfNot
	formLoop
)

type operator uint8

const (
	doAdd operator = iota + 1
	doSub
	doMul
	doDiv
	doRem
	doAnd
	doOr
	doXor
	doAndNot
	doShl
	doShr
	doNeg
	doCom
	doEq
	doNe
	doLt
	doLe
)

type operandType uint8

const (
	ofInt64 operandType = iota + 1
	ofUint64
	ofInt32
	ofUint32
	ofUint8
	ofFloat64
	of8
	of16
	of32
	of64
	ofPtr
	ofString
	ofIface
	ofSlice
)

// translation is what a body has beside its code when it was translated.
type translation struct {
	base    *body     // with the instructions that opNative stands for
	entries []uintptr // addresses, of the machine code for each instruction
	capture uintptr   // address, of what begins a call of a closure
	memory  executable
}

// executable is a jit.Memory, which not every platform has.
type executable interface {
	Size() int
	Free() error
}

// hot is called when g has jumped back or called heatPeriod times. It may put
// the running frame, whose pc is saved, on a translated body.
func (g *goroutine) hot() {
	g.heat = heatPeriod
	g.passTurn()
	fr := g.top
	b := fr.body
	if b.base != nil {
		return
	}
	n := b.native.Load()
	if n == nil {
		// the count passes hotAfter once, so one goroutine translates
		if b.heat.Load() >= hotAfter || b.heat.Add(1) != hotAfter {
			return
		}
		if n = g.m.translated(b); n == nil {
			return
		}
	}
	fr.body = n
}

// translated makes the body that runs b by machine code, and lets later calls
// use it; nil when there is no machine code here.
func (m *Machine) translated(b *body) *body {
	if jitOff || m.nativeBytes.Load() > maxNativeBytes {
		return nil
	}
	n := translate(b)
	if n == nil {
		return nil
	}
	size := int64(n.memory.Size())
	m.nativeBytes.Add(size)
	memory := n.memory
	// Nobody executes the code once the body is garbage: the frame of a running
	// function refers to it. What the cleanup refers to stays until then, so that
	// must not be the machine, which refers to the body.
	runtime.AddCleanup(n, func(total *atomic.Int64) {
		total.Add(-size)
		memory.Free()
	}, m.nativeBytes)
	b.native.Store(n)
	b.fn.body.CompareAndSwap(b, n)
	b.fn.mu.Lock()
	defer b.fn.mu.Unlock()
	for w := range b.fn.users { // some were replaced by b's function
		if f := w.Value(); f != nil {
			f.body.CompareAndSwap(b, n)
		}
	}
	return n
}

// native runs the machine code of g.top from its pc on, and what is between two
// pieces of it as long as that is cold. It returns the instruction that the loop
// is to run next, with pc after it, or nil when the loop is to go on at g.top as
// it is.
//
// It calls a function with a stack check each time, so the goroutine can be
// preempted.
//
//go:noinline
func (g *goroutine) native() *instr {
	for {
		fr := g.top
		at := fr.pc
		if atomic.LoadUint32(g.stop) != 0 {
			fr.pc = at + instrSize // the trace is of the instruction that is about to run
			g.stopped()
		}
		if fr.body.code[at/instrSize].op == opNative {
			if at = execute(fr.body.entries[at/instrSize], g); at == exitDone {
				return &doneInstr
			} else if at == exitResume {
				g.passTurn()
				return nil
			}
			fr = g.top
			if raceEnabled {
				g.m.nativeBytes.Load() // by which the detector learns that fr.body was made before: it does not see machine code read that
			}
		}
		in := (*instr)(unsafeAdd(fr.body.base.start, at))
		fr.pc = at + instrSize
		if in.op != opCold {
			return in
		}
		(*(*coldFunc)(in.p))(g, fr.mem)
		if g.top.body.base == nil {
			return nil
		}
	}
}

// doneInstr is what native returns when exec is done.
var doneInstr instr

// How machine code ends, when not with the offset of an instruction that the
// loop is to run.
const (
	exitResume = -1 // the loop goes on at g.top
	exitDone   = -2 // the frame that compiled code entered has returned
)
