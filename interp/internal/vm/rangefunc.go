package vm

import (
	"go/token"
	"go/types"
	"sync"

	"golang.org/x/tools/go/ssa"
)

// rangeFault is what an iterator function did wrong in a range-over-func loop. go/ssa checks for it, and panics with a string of
// its own; the runtime's errors say more, and are runtime.Errors.
type rangeFault int

const (
	rangeStopped   rangeFault = iota // it called the loop's body after that had returned false
	rangePanicked                    // ... after that had panicked, or while it runs
	rangeOver                        // ... after the loop
	rangeSwallowed                   // it recovered the panic of the body
)

// The values of a loop's state, as go/ssa has them. Numbers above 0 are ways out of the body.
const (
	loopRunsBody = -1
	loopIsOver   = -2
)

// rangeErrors are the runtime's errors, which it makes here for loops of ours that are wrong on purpose.
var rangeErrors = [...]func() any{
	rangeStopped: rangeError(func(body func() bool) {
		for range 2 {
			body()
		}
	}, false),
	rangePanicked: rangeError(func(body func() bool) {
		func() {
			defer func() { _ = recover() }()
			body()
		}()
		body()
	}, true),
	rangeOver: sync.OnceValue(func() (v any) {
		var leaked func() bool
		for range func(body func() bool) { leaked = body } {
			return nil
		}
		defer func() { v = recover() }()
		leaked()
		return nil
	}),
	rangeSwallowed: rangeError(func(body func() bool) {
		defer func() { _ = recover() }()
		body()
	}, true),
}

// rangeError returns what the runtime panics with in a loop over that whose body stops it, or panics.
func rangeError(over func(body func() bool), panics bool) func() any {
	return sync.OnceValue(func() (v any) {
		defer func() { v = recover() }()
		for range over {
			if panics {
				panic("the body's own")
			}
			break
		}
		return nil
	})
}

// rangeFault emits the panic of a misused loop for one that go/ssa has made for its check, and returns false for others.
func (c *compiler) rangeFault(in *ssa.Panic) bool {
	switch in.Block().Comment {
	case "rangefunc.resume.busy":
		c.cold(func(*goroutine, ptr) { panic(rangeErrors[rangeSwallowed]()) })
	case "yield-invalid":
		state := loopState(in)
		if state == nil {
			return false
		}
		at := c.reg(state)
		c.cold(func(_ *goroutine, fp ptr) {
			fault := rangeStopped
			switch *(*int)(add(fp, at)) {
			case loopRunsBody:
				fault = rangePanicked
			case loopIsOver:
				fault = rangeOver
			}
			panic(rangeErrors[fault]())
		})
	default:
		return false
	}
	return true
}

// loopState returns what the check before in, the panic of a body that must not be called now, has compared; nil for other panics.
func loopState(in *ssa.Panic) ssa.Value {
	b := in.Block()
	if b.Comment != "yield-invalid" || len(b.Preds) != 1 {
		return nil
	}
	check, ok := b.Preds[0].Instrs[len(b.Preds[0].Instrs)-1].(*ssa.If)
	if !ok {
		return nil
	}
	ready, ok := check.Cond.(*ssa.BinOp)
	if !ok || ready.Op != token.EQL || !types.Identical(ready.X.Type(), types.Typ[types.Int]) {
		return nil
	}
	return ready.X
}
