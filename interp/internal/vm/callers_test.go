package vm

import (
	"fmt"
	"go/token"
	"reflect"
	"runtime"
	"testing"
)

// TestInlinedFunc holds the runtime to what inlinedFunc takes of it: compiled code asks functions of ours for their names too.
func TestInlinedFunc(t *testing.T) {
	var p places
	pc := p.pc(Frame{Name: "main.f", Pos: token.NoPos}, "")
	at, ok := p.at(pc)
	if !ok {
		t.Fatal("no place at its program counter")
	}
	if got := at.fn.Name(); got != "main.f" || at.fn.Entry() != pc {
		t.Errorf("the runtime takes it for %q at %#x, not %#x", got, at.fn.Entry(), pc)
	}
	f := (*runtime.Func)(ptr(&inlinedFunc{ones: ^uint32(0), entry: 1, name: "a", file: "b", line: 3, startLine: 2}))
	if file, line := f.FileLine(1); file != "b" || line != 3 {
		t.Errorf("the runtime takes its place for %s:%d", file, line)
	}
	if before, ok := p.at(pc - 1); !ok || before != at {
		t.Error("another place is at the program counter less one")
	}
}

// TestCompiledCalls looks whether the functions of the runtime were found.
func TestCompiledCalls(t *testing.T) {
	calls := reflect.ValueOf(compiledCalls)
	for i := range calls.NumField() {
		if calls.Field(i).Uint() == 0 {
			t.Errorf("not on the stack of the package's initialisation: %s", calls.Type().Field(i).Name)
		}
	}
}

// TestFramesGo looks for what is left of frames that were not read to their end.
func TestFramesGo(t *testing.T) {
	var p places
	next := stackCalls()["runtime.CallersFrames"]
	g := &goroutine{m: &Machine{}}
	pc := g.m.places.pc(Frame{Name: "main.f"}, "")
	for i := range 1000 {
		next(g, []reflect.Value{reflect.ValueOf([]uintptr{pc, pc})})
		if i%100 == 0 {
			runtime.GC()
		}
	}
	left := func() (n int) {
		g.m.places.frames.Range(func(any, any) bool { n++; return true })
		return n
	}
	// cleanups run on a goroutine of the runtime's, which has to come to them
	for range 10_000 {
		if left() < 10 {
			return
		}
		runtime.GC()
		runtime.Gosched()
	}
	t.Error(fmt.Sprint(left(), " of 1000 are left"), &p)
}
