package core

import (
	"context"
	"fmt"
	"os"
	"reflect"

	"poolbook/pool/internal/call"
)

// write passes on output.
func (o *Origin) write(worker string, item int, stderr bool, p []byte) {
	to, file := o.Stdout, os.Stdout
	if stderr {
		to, file = o.Stderr, os.Stderr
	}
	if to != nil {
		to(worker, item, p)
		return
	}
	_, _ = file.Write(p)
}

// callback runs the callback of a job that is done. A panic in it is reported and harms nothing else.
func (j *Job) callback() {
	cb, arg := j.opts.callback, j.results
	if err := j.failure(); err != nil {
		cb, arg = j.opts.onError, reflect.ValueOf(&err).Elem()
	} else if j.single() {
		arg = j.results.Index(0)
	}
	if !cb.IsValid() {
		return
	}
	var err error
	onGoroutine(func() {
		j.enter(context.Background(), aCallback, func(ctx context.Context) {
			_, err = j.o.call(ctx, cb, []reflect.Value{arg}, func(e error) { err = e })
		})
	})
	j.report("callback", err)
}

// onGoroutine runs f: one that calls runtime.Goexit ends a goroutine of its own, not that of all callbacks.
func onGoroutine(f func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f()
	}()
	<-ended
}

// guard calls f, and reports when it panics.
func (j *Job) guard(what string, f func()) {
	var err error
	onGoroutine(func() {
		j.enter(context.Background(), aCallback, func(context.Context) { err = call.Guard(f, func(e error) { err = e }) })
	})
	j.report(what, err)
}

// report tells on the cell's standard error how a callback failed.
func (j *Job) report(what string, err error) {
	if err != nil {
		j.o.write("", -1, true, fmt.Appendf(nil, "the %s of job %s failed: %s\n", what, quote(j.label()), errorText(err)))
	}
}

// errorText is an error with its stack.
func errorText(err error) string {
	switch e := err.(type) {
	case *call.Panic:
		return e.Error() + "\n" + e.Stack
	case *Panic:
		return e.Error() + "\n" + e.Stack
	}
	return err.Error()
}
