package interp

import (
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"strings"
	"sync"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/vm"
)

// testLogs has the tests of cells and programs say where they are: package testing takes places from the machine's own stack.
type testLogs struct {
	s       *Session
	helpers sync.Map // *ssa.Function → true: has called Helper
}

// intrinsics are the methods of T, B and F that print a place, and Helper.
func (l *testLogs) intrinsics(s *Session, m map[string]vm.Intrinsic) {
	l.s = s
	const common = "(*testing.common)."
	for name, and := range map[string][]string{"Log": nil, "Error": {"Fail"}, "Fatal": {"FailNow"}, "Skip": {"SkipNow"}} {
		print := func(text func(args []reflect.Value) string, compiled string) vm.Intrinsic {
			return func(_ *vm.Run, args []reflect.Value) []reflect.Value {
				recv := args[0]
				place, ok := l.place()
				output := recv.MethodByName("Output")
				if !ok || !output.IsValid() {
					return recv.MethodByName(compiled).CallSlice(args[1:])
				}
				w := output.Call(nil)[0].Interface().(io.Writer)
				said := strings.ReplaceAll(strings.TrimSuffix(text(args[1:]), "\n"), "\n", "\n    ")
				fmt.Fprintf(w, "%s: %s\n", place, said)
				for _, next := range and {
					recv.MethodByName(next).Call(nil)
				}
				return nil
			}
		}
		m[common+name] = print(func(args []reflect.Value) string { return fmt.Sprintln(args[0].Interface().([]any)...) }, name)
		m[common+name+"f"] = print(func(args []reflect.Value) string {
			return fmt.Sprintf(args[0].String(), args[1].Interface().([]any)...)
		}, name+"f")
	}
	m[common+"Helper"] = func(_ *vm.Run, args []reflect.Value) []reflect.Value {
		if frames := s.machine.Callers(); len(frames) > 0 && frames[0].Func != nil {
			l.helpers.Store(frames[0].Func, true)
		}
		return args[0].MethodByName("Helper").Call(nil)
	}
}

// place is where the code is that logs, or the code that has called it when it is a helper: "cell [3]:5", or a file and a line.
func (l *testLogs) place() (string, bool) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	var last *Frame
	for _, f := range l.s.machine.Callers() {
		if !f.Pos.IsValid() {
			continue
		}
		if list := l.s.stack([]vm.Frame{f}); len(list) > 0 {
			last = &list[0]
		} else if at := l.s.fset.Position(f.Pos); at.IsValid() {
			last = &Frame{File: at.Filename, Line: at.Line}
		}
		if last != nil && !l.isHelper(f.Func) {
			break
		}
	}
	switch {
	case last == nil:
		return "", false
	case last.Cell > 0:
		return fmt.Sprintf("cell [%d]:%d", last.Cell, last.Line), true
	}
	return fmt.Sprintf("%s:%d", filepath.Base(last.File), last.Line), true
}

func (l *testLogs) isHelper(f *ssa.Function) bool {
	_, is := l.helpers.Load(f)
	return is
}
