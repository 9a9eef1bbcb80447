package core

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"time"

	"poolbook/pool/internal/codec"
	"poolbook/pool/internal/proc"
)

var errEOF = io.EOF

// How an item ended, on the wire.
const (
	StatusValue    = iota // body: the encoded result
	StatusError           // body: the encoded error that the function returned
	StatusPanic           // body: stack, kind of value (see PanicError and so on), value
	StatusTimeout         // the task ran too long; the worker is to be replaced
	StatusCancel          // the task was stopped by Cancel
	StatusUnsent          // body: why the result could not be encoded
	StatusUnloaded        // body: why the item could not be decoded
)

// What a task panicked with, on the wire.
const (
	PanicError = iota // an encoded error
	PanicValue        // an encoded value
	PanicText         // text and the type's name: the value could not be sent
)

// resultReader reads results; it keeps what the last ones of the same chunk have in common.
type resultReader struct {
	l    *link
	c    *chunk
	d    *codec.Decoder
	plan codec.Value
	out  reflect.Type
}

func newResultReader(l *link) *resultReader {
	return &resultReader{l: l, d: l.s.codec.NewDecoder(nil, nil)}
}

// read reads one result; a value goes to its slot. It reports false for an item that nobody waits for any more.
func (r *resultReader) read(f *proc.Fields) (completion, bool, error) {
	id, item, status, took := f.Uint(), int(f.Uint()), f.Uint(), time.Duration(f.Uint())
	if f.Err != nil {
		return completion{}, false, f.Err
	}
	c, err := r.chunk(id)
	if c == nil || err != nil {
		return completion{}, false, err
	}
	if item < 0 || item >= c.n {
		return completion{}, false, fmt.Errorf("%w: item %d of a chunk of %d", proc.ErrFrame, item, c.n)
	}
	done := completion{c: c, item: item, n: 1, took: took, size: len(f.Data)}
	switch status {
	case StatusValue:
		if c.job.mode&NoResult != 0 {
			break
		}
		slot := c.slot(item)
		if slot < 0 || slot >= c.base.Len() {
			return completion{}, false, nil
		}
		r.d.Reset(f.Data)
		if err := r.plan.DecodeAt(r.d, c.base, slot); err != nil {
			done.err = r.remote(c, item, fmt.Errorf("the result cannot be read: %w", err))
		}
	default:
		err, kill := r.failure(c, item, status, f)
		done.err, done.kill = err, kill
	}
	return done, true, nil
}

// chunk finds the chunk that the next results are of, nil when nobody waits for it any more.
func (r *resultReader) chunk(id uint64) (*chunk, error) {
	if r.c != nil && r.c.id == id {
		return r.c, nil
	}
	r.l.s.mu.Lock()
	r.c = r.l.find(id)
	r.l.s.mu.Unlock()
	if r.c == nil {
		return nil, nil
	}
	if r.out != r.c.job.out {
		plan, err := r.l.s.codec.Value(r.c.job.out)
		if err != nil {
			return nil, err
		}
		r.plan, r.out = plan, r.c.job.out
	}
	r.d.Renew(nil, &r.c.job.code.session)
	return r.c, nil
}

// forget lets go of the job of the last chunk.
func (r *resultReader) forget() {
	r.c = nil
	r.d.Renew(nil, nil)
}

// run reads the results of consecutive items.
func (r *resultReader) run(body []byte) (completion, bool, error) {
	id, first, n, took, values, err := proc.ReadRun(body)
	if err != nil {
		return completion{}, false, err
	}
	c, err := r.chunk(id)
	if c == nil || err != nil {
		return completion{}, false, err
	}
	if first < 0 || n < 1 || first > c.n || n > c.n-first {
		return completion{}, false, fmt.Errorf("%w: items %d to %d of a chunk of %d", proc.ErrFrame, first, first+n, c.n)
	}
	done := completion{c: c, item: first, n: n, took: time.Duration(took), size: len(values)}
	if c.job.mode&NoResult != 0 {
		return done, true, nil
	}
	r.d.Reset(values)
	if c.idx == nil {
		return done, true, r.plan.Fill(r.d, c.base, c.slot(first), n)
	}
	// Some of the items are not wanted.
	for i := range n {
		if slot := (*c.idx)[first+i]; slot >= 0 && slot < c.base.Len() {
			r.d.Reset(r.d.Rest())
			err = r.plan.DecodeAt(r.d, c.base, slot)
		} else {
			err = r.plan.Skip(r.d)
		}
		if err != nil {
			return completion{}, false, err
		}
	}
	return done, true, nil
}

func (r *resultReader) remote(c *chunk, item int, err error) *RemoteError {
	return &RemoteError{Label: c.job.opts.label, Index: c.index(item), Single: c.job.single(), Worker: r.l.name, PID: r.l.p.PID, Err: err}
}

// failure reads how an item failed.
func (r *resultReader) failure(c *chunk, item int, status uint64, f *proc.Fields) (err error, kill bool) {
	switch status {
	case StatusError:
		var cause error
		d := r.l.s.codec.NewDecoder(f.Data, &c.job.code.session)
		if err := d.Decode(reflect.ValueOf(&cause).Elem()); err != nil {
			cause = fmt.Errorf("the error cannot be read: %w", err)
		}
		return r.remote(c, item, cause), false
	case StatusPanic:
		return r.panicked(c, item, f), false
	case StatusTimeout:
		e := c.timedOut(item)
		e.Worker, e.PID = r.l.name, r.l.p.PID
		return e, true
	case StatusCancel:
		return ErrCancelled, false
	case StatusUnsent:
		return r.remote(c, item, errors.New(f.String())), false
	case StatusUnloaded:
		return r.remote(c, item, fmt.Errorf("the item cannot be read: %s", f.String())), false
	}
	return fmt.Errorf("%w: status %d", proc.ErrFrame, status), true
}

func (r *resultReader) panicked(c *chunk, item int, f *proc.Fields) *RemoteError {
	e := r.remote(c, item, nil)
	e.Panic, e.Stack = true, f.String()
	kind, text := f.Uint(), f.String()
	d := r.l.s.codec.NewDecoder(f.Data, &c.job.code.session)
	switch kind {
	case PanicError:
		if err := d.Decode(reflect.ValueOf(&e.Err).Elem()); err != nil || e.Err == nil {
			e.Err = errors.New(text)
		}
		e.Value = e.Err
	case PanicValue:
		if err := d.Decode(reflect.ValueOf(&e.Value).Elem()); err != nil {
			e.Value = text
		}
	default:
		e.Value = text
	}
	return e
}

// readBroadcast reads how a function ended that each worker runs once.
func (r *resultReader) readBroadcast(x *broadcast, f *proc.Fields) error {
	status := f.Uint()
	if status == StatusValue || f.Err != nil {
		return f.Err
	}
	err, _ := r.failure(&chunk{n: 1, job: x.job}, 0, status, f)
	return err
}
