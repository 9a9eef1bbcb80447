package vm

import "testing"

// JIT says how functions are translated in a test.
type JIT int

// The ways: at the first backward jump or call, as usual, never.
const (
	JITEager JIT = iota
	JITUsual
	JITNever
)

func (j JIT) String() string { return [...]string{"eager", "usual", "never"}[j] }

// SetJIT sets it for the machines of a test, which must not be parallel.
func SetJIT(t testing.TB, j JIT) {
	off, period, after := jitOff, heatPeriod, hotAfter
	t.Cleanup(func() { jitOff, heatPeriod, hotAfter = off, period, after })
	jitOff = j == JITNever
	if j == JITEager {
		heatPeriod, hotAfter = 0, 1
	}
}

// Translated counts the bytes of machine code in m.
func (m *Machine) Translated() int64 { return m.nativeBytes.Load() }

// HasJIT reports whether functions are translated on this platform.
var HasJIT = translate(&body{code: []instr{{op: opNop}}, fn: &Func{}}) != nil
