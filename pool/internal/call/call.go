// Package call runs one function value for one task and says how it ended.
package call

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
)

// Panic is how a function that panicked ended.
type Panic struct {
	Value any
	Stack string
}

// Error is the panic's value as text.
func (p *Panic) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// ErrGoexit is the error of a function that ended its goroutine.
var ErrGoexit = errors.New("the task ended its goroutine (runtime.Goexit)")

// Func calls fn with args; it never panics. A panic comes as a [*Panic]; ended is set when the function called runtime.Goexit: then the
// calling goroutine is ending, and what Func would return is given to exit instead.
func Func(_ context.Context, fn reflect.Value, args []reflect.Value, exit func(error)) (out []reflect.Value, err error) {
	done := false
	defer func() {
		if done {
			return
		}
		if v := recover(); v != nil {
			if e, ok := v.(*runtime.PanicNilError); ok {
				v = e
			}
			out, err = nil, &Panic{Value: v, Stack: stack(3)}
			return
		}
		exit(ErrGoexit)
	}()
	out = fn.Call(args)
	done = true
	return out, nil
}

// skipped are the functions that are no part of a task's stack.
var skipped = []string{"runtime.", "reflect.", "poolbook/pool/internal/call.", "poolbook/pool/core.", "poolbook/pool/worker.", "testing."}

// stack is the stack of a panic that is being recovered, innermost call first, as far as it is the task's.
func stack(skip int) string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(skip, pcs)])
	var b strings.Builder
	for {
		f, more := frames.Next()
		own := true
		for _, s := range skipped {
			own = own && !strings.HasPrefix(f.Function, s)
		}
		if own && f.Function != "" {
			fmt.Fprintf(&b, "%s:%d, in %s\n", f.File, f.Line, f.Function)
		}
		if !more {
			return b.String()
		}
	}
}

// Results separates what a function returned into its value and its error. The value is invalid when the function has none.
func Results(out []reflect.Value, lastErr bool) (value reflect.Value, err error) {
	if lastErr && len(out) > 0 {
		if e := out[len(out)-1]; !e.IsNil() {
			err = e.Interface().(error)
		}
		out = out[:len(out)-1]
	}
	if len(out) > 0 {
		value = out[0]
	}
	return value, err
}
