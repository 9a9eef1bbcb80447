package vm

import (
	"reflect"
	"testing"
)

// JIT says how functions are translated in a test.
type JIT int

// The ways: all before they first run, the hot ones as usual, none.
const (
	JITEager JIT = iota
	JITUsual
	JITNever
)

func (j JIT) String() string { return [...]string{"eager", "usual", "never"}[j] }

// SetJIT sets it for the machines of a test, which must not be parallel.
func SetJIT(t testing.TB, j JIT) {
	off, always := jitOff, jitAlways
	t.Cleanup(func() { jitOff, jitAlways = off, always })
	jitOff, jitAlways = j == JITNever, j == JITEager
}

// MachineCode counts the bytes of machine code in m.
func (m *Machine) MachineCode() int64 { return m.nativeBytes.Load() }

// HasJIT reports whether functions are translated on this platform.
var HasJIT = translate(&body{code: []instr{{op: opNop}}, fn: &Func{}}) != nil

// FirstOfTwo calls fn, a func(int) string of a machine, twice as compiled code
// does on goroutines of its own, and returns the result of the first call as it
// is after the second.
func FirstOfTwo(fn reflect.Value, a, b int) string {
	var calls [2]entry
	for i, n := range []int{a, b} {
		x := &calls[i]
		x.begin(closureOf(funcPointer(fn)))
		*(*int)(x.mem) = n
		x.run()
	}
	return *(*string)(calls[0].out)
}

// AsksFor reports whether calls of a compiled function are looked at for what they allocate.
func AsksFor(name string) bool { return asksFor[name] != nil }
