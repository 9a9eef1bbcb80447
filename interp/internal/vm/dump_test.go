package vm

import (
	"fmt"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// Dump lists the code of a function.
func (m *Machine) Dump(fn *ssa.Function) string {
	var s strings.Builder
	b := m.funcOf(fn).compiled()
	for i, in := range b.code {
		fmt.Fprintf(&s, "%3d %-14s a=%d b=%d c=%d(%d) d=%d\n", i, opNames[in.op], in.a, in.b, in.c, int(in.c)/instrSize, in.d)
	}
	return s.String()
}
