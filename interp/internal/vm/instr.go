package vm

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

type opcode uint16

// instr is one instruction: an operation with up to three operands, mostly
// offsets of registers in the frame, a number and a pointer to more.
type instr struct {
	op      opcode
	flags   uint16
	a, b, c uint32
	d       int64
	p       ptr
}

// unsignedIndex is the flag of an instruction whose index has an unsigned type as wide as int.
const unsignedIndex = 1

const instrSize = int(unsafe.Sizeof(instr{}))

// coldFunc is an operation that has no case of its own in the loop.
type coldFunc func(g *goroutine, fp ptr)

// argMove copies an argument or a result from one place to another.
type argMove struct {
	src, dst uint32
	class    class
	ti       *typeInfo
}

// callSite is what a call instruction knows.
type callSite struct {
	fn      *Func // of a static call
	args    []argMove
	conv    *convention
	words   bool // every argument is a word without pointers
	wrapper bool // the caller is a wrapper, recover sees through it

	// of a call of a func value
	native *nativeCall
	from   []slot // the arguments

	// of an interface method call
	inter   *typeInfo
	method  methodName
	index   int // in the method table
	empty   bool
	cache   [4]atomic.Pointer[target] // some of targets, see slotFor
	targets sync.Map                  // ptr → *target, all that were met
	invoked *nativeCall
	at      uint32 // the interface value
	out     uint32 // where the results go
}

// forget makes the site look for its targets again.
func (s *callSite) forget() {
	s.targets.Clear()
	for i := range s.cache {
		s.cache[i].Store(nil)
	}
}

// slotFor is where the target for values with first word w is kept.
func (s *callSite) slotFor(w ptr) *atomic.Pointer[target] {
	return &s.cache[(uintptr(w)>>5^uintptr(w)>>7)&3]
}
