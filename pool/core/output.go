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
	ended := make(chan struct{})
	go func() { // a callback that calls runtime.Goexit ends this goroutine, not that of all callbacks
		defer close(ended)
		if j.s.host.Call != nil {
			_, err = j.s.host.Call(context.Background(), cb, []reflect.Value{arg})
			return
		}
		_, err = call.Func(context.Background(), cb, []reflect.Value{arg}, func(e error) { err = e })
	}()
	<-ended
	if err != nil {
		j.o.write("", -1, true, fmt.Appendf(nil, "the callback of job %s failed: %s\n", quote(j.label()), errorText(err)))
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
