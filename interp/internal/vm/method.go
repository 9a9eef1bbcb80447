package vm

import (
	"go/types"
	"reflect"
	"sync/atomic"

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
	c := newClosure(nil, m.funcOf(fn))
	if raceEnabled {
		handedOver.Add(1)
	}
	return c.value()
}

// handedOver tells the race detector, which does not see the stubs of methods read the functions that they call, that these were made before.
var handedOver atomic.Int32
