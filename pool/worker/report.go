package worker

import (
	"errors"
	"reflect"
	"runtime"
	"time"

	"poolbook/pool/core"
	"poolbook/pool/internal/call"
	"poolbook/pool/internal/codec"
	"poolbook/pool/internal/proc"
)

// report sends the value that a task returned, or how it failed.
func (w *worker) report(c *chunk, i int, value reflect.Value, err error, took time.Duration) {
	switch {
	case err != nil:
		w.failure(c, i, err, took)
	case c.job.mode&core.NoResult != 0 || !value.IsValid():
		w.out.values(c.id, i, 1, nanoseconds(took), nil)
	default:
		w.value(c, i, value, took)
	}
}

// value sends the value of one item.
func (w *worker) value(c *chunk, i int, value reflect.Value, took time.Duration) {
	out := c.job.unit.out
	w.enc.Reset(w.enc.Bytes()[:0])
	w.enc.Use(&c.job.session)
	bad := out.Encode(w.enc, value)
	switch {
	case bad != nil:
		w.result(c, i, core.StatusUnsent, took, proc.Body(nil).String(codec.In(bad, "the result").Error()))
	case out.Basic():
		w.out.values(c.id, i, 1, nanoseconds(took), w.enc.Bytes())
	default:
		w.result(c, i, core.StatusValue, took, w.enc.Bytes())
	}
	w.trim()
}

// trim gives back the encoder's memory after a large value.
func (w *worker) trim() {
	if cap(w.enc.Bytes()) > 1<<20 {
		w.enc.Reset(nil)
	}
}

// failure sends the error that a task returned, or what it panicked with.
func (w *worker) failure(c *chunk, i int, err error, took time.Duration) {
	if w.ctx.Err() != nil {
		w.result(c, i, core.StatusCancel, took, nil)
		return
	}
	status, body := w.reason(c.job, err)
	w.result(c, i, status, took, body)
	runtime.KeepAlive(err) // the pool must not hear that its shared objects are free before it has the body
}

// reason is the error that a function returned, or what it panicked with, as it travels.
func (w *worker) reason(j *job, err error) (status uint64, body []byte) {
	if v, stack, ok := panicked(err); ok {
		return core.StatusPanic, w.panicBody(j, v, stack)
	}
	e := w.codec.NewEncoder(nil, &j.session)
	if bad := e.Encode(reflect.ValueOf(&err).Elem()); bad != nil {
		return core.StatusUnsent, proc.Body(nil).String(codec.Text(err))
	}
	return core.StatusError, e.Bytes()
}

// result sends a Result frame.
func (w *worker) result(c *chunk, i int, status uint64, took time.Duration, body []byte) {
	w.out.result(c.id, uint64(i), status, nanoseconds(took), body)
}

func nanoseconds(d time.Duration) uint64 { return uint64(max(d, 0)) }

// panicked tells what a function panicked with.
func panicked(err error) (value any, stack string, ok bool) {
	var p *call.Panic
	var q *core.Panic
	switch {
	case errors.As(err, &p):
		return p.Value, p.Stack, true
	case errors.As(err, &q):
		return q.Value, q.Stack, true
	}
	return nil, "", false
}

// panicBody is what a task panicked with, as it travels.
func (w *worker) panicBody(j *job, v any, stack string) proc.Body {
	var s *codec.Session
	if j != nil {
		s = &j.session
	}
	v = w.client.Fault(v)
	text := codec.Text(v)
	e := w.codec.NewEncoder(nil, s)
	b := proc.Body(nil).String(stack)
	if err, ok := v.(error); ok {
		if e.Encode(reflect.ValueOf(&err).Elem()) == nil {
			return append(b.Uint(core.PanicError).String(text), e.Bytes()...)
		}
	} else if e.Encode(reflect.ValueOf(&v).Elem()) == nil {
		return append(b.Uint(core.PanicValue).String(text), e.Bytes()...)
	}
	return b.Uint(core.PanicText).String(text)
}
