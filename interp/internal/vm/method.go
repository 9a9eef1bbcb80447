package vm

import (
	"go/types"
	"reflect"

	"golang.org/x/tools/go/ssa"
)

// MethodFunc is Method as a func value of type func(recv, arguments…), which compiled code can call without reflection. It belongs to no
// run: it runs in that of the goroutine that calls it. The value is invalid when recv has no such method.
func (m *Machine) MethodFunc(recv types.Type, sel *types.Selection) reflect.Value {
	prog := m.prog.Load()
	if prog == nil {
		return reflect.Value{}
	}
	var fn *ssa.Function
	m.Exclusive(func() { fn = m.methodValue(prog, sel) })
	if fn == nil {
		return reflect.Value{}
	}
	return newClosure(nil, m.funcOf(fn)).value()
}
