package vm_test

import (
	"testing"

	"poolbook/interp/internal/vm"
)

// TestLentArguments counts the allocations of calls whose arguments lie in the
// caller's frame: a result, and nothing for the arguments.
func TestLentArguments(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes package fmt allocate more: its pools drop what they are given")
	}
	for _, c := range []struct {
		call string
		want float64 // for each call
	}{
		{`s = fmt.Sprintf("%d:%s:%.2f %v", i+1000, s[:3], float64(i)/3, i%2 == 0)`, 1},
		{`fmt.Fprintln(io.Discard, i+1000, "constant", s[:2])`, 0},
		{`b = fmt.Appendf(b[:0], "%x %v", i+1000, 2.5)`, 0},
	} {
		p := mustLoad(t, `
import ("fmt"; "io")
var _ = io.Discard
func Run() int {
	s, b := "begin", make([]byte, 0, 64)
	for i := range 1000 { `+c.call+` }
	return len(s) + len(b)
}
func main() {}`)
		r := p.m.NewRun(t.Context(), vm.RunConfig{})
		fn := p.main.Func("Run")
		n := testing.AllocsPerRun(10, func() {
			if _, err := r.Call(fn); err != nil {
				t.Error(err)
			}
		})
		if n > 1000*c.want+50 {
			t.Errorf("%s: %v allocations for each call", c.call, n/1000)
		}
	}
}
