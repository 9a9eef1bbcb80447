//go:build unix

package vm_test

import (
	"runtime"
	"testing"
	"time"

	"poolbook/interp/internal/vm"
)

// TestTurns waits in line with a crowd of goroutines that compute, as whoever stops them has to.
func TestTurns(t *testing.T) {
	for _, j := range []vm.JIT{vm.JITNever, vm.JITEager} {
		for name, body := range map[string]string{"empty loops": "for {}", "calls": "for { n += fib(9) }"} {
			t.Run(j.String()+" "+name, func(t *testing.T) {
				vm.SetJIT(t, j)
				p := mustLoad(t, `import "sync"
func fib(n int) int { if n < 2 { return n }; return fib(n-1) + fib(n-2) }
func main() {
	var begun sync.WaitGroup
	for range 100 { begun.Add(1); go func() { n := 0; begun.Done(); `+body+` ; println(n) }() }
	begun.Wait()
}`)
				r := p.m.NewRun(t.Context(), vm.RunConfig{})
				defer r.Wait()
				defer r.Stop()
				if _, err := r.Call(p.main.Func("main")); err != nil {
					t.Fatal(err)
				}
				// The crowd's turns of 10 ms each would take twenty seconds of processor time, which other work on the machine does not change.
				const turns = 20
				begin := processorTime()
				for range turns {
					runtime.Gosched()
				}
				if took := processorTime() - begin; took > 10*time.Second {
					t.Errorf("%d turns took %v of processor time", turns, took)
				} else {
					t.Log(took)
				}
			})
		}
	}
}
