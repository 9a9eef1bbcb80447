package core

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"poolbook/pool/internal/proc"
)

// What a worker says comes by its pipe, which the link's goroutine reads. The answer to a call that waits (Apply) may come by a box
// too: the caller itself looks for it, for as long as a short task takes, so that nobody has to be woken.

// hearing is what reads the frames of a worker, from either way.
type hearing struct {
	l     *link
	d     *resultReader
	batch []completion
	boxed bool // it reads the box
}

// read reads what the worker says until its pipe ends.
func (l *link) read(p *proc.Process) error {
	r := proc.NewReader(p.Out)
	h := &hearing{l: l, d: newResultReader(l)}
	for {
		kind, body, err := r.Next()
		if err != nil {
			return err
		}
		if err := h.handle(kind, body); err != nil {
			return err
		}
		if !r.More() || len(h.batch) >= 512 {
			h.complete()
		}
	}
}

// complete notes the results that have come.
func (h *hearing) complete() {
	if len(h.batch) > 0 {
		h.l.s.complete(h.l, h.batch)
		h.d.forget()
		clear(h.batch)
		h.batch = h.batch[:0]
	}
}

// handle does what a frame says; results wait for complete.
func (h *hearing) handle(kind proc.Kind, body []byte) error {
	l := h.l
	f := proc.Fields{Data: body}
	switch kind {
	case proc.Result:
		c, ok, err := h.d.read(&f)
		if err != nil {
			return err
		}
		if ok {
			h.batch = append(h.batch, c)
		}
	case proc.Run:
		c, ok, err := h.d.run(body)
		if err != nil {
			return err
		}
		if ok {
			h.batch = append(h.batch, c)
		}
	case proc.Output:
		stderr, id, item := f.Uint() == 1, f.Int(), int(f.Int())
		l.s.mu.Lock()
		j := l.jobs[id]
		if j == nil {
			j = l.where
		}
		l.s.mu.Unlock()
		l.output(j, item, stderr, f.Data)
	case proc.Ready:
		if v := f.Uint(); f.Err == nil && v != Version {
			return fmt.Errorf("the worker speaks version %d, this program %d", v, Version)
		}
		l.s.greeted(l)
	case proc.Failed:
		text := f.String()
		l.s.mu.Lock()
		l.s.breakLocked(&InitError{Worker: l.name, Err: errors.New(text)})
		l.s.mu.Unlock()
	case proc.SetupBad:
		id, text := int64(f.Uint()), f.String()
		l.s.mu.Lock()
		if j := l.s.jobs[id]; j != nil {
			l.s.fail(j, fmt.Errorf("pool.%s: the function cannot be set up in worker %s: %s", j.name, l.name, text))
		}
		l.s.mu.Unlock()
	case proc.InitDone:
		l.s.broadcastDone(l, func(r *broadcast) error { return h.d.readBroadcast(r, &f) })
	case proc.Returned:
		var ids []uint64
		for range f.Len() {
			ids = append(ids, f.Uint())
		}
		l.s.returned(l, ids)
	case proc.Request:
		l.request(&f)
	case proc.Keep, proc.Free, proc.Took:
		n := f.Uint()
		if f.Err != nil || h.boxed {
			return fmt.Errorf("%w: kind %d", proc.ErrFrame, kind)
		}
		l.lend(kind, n)
	case proc.Started:
		id, item := f.Uint(), int(f.Uint())
		l.s.mu.Lock()
		l.began, l.beganChunk, l.beganItem = true, id, item
		l.s.mu.Unlock()
	case proc.Note:
		id, index, r := f.Uint(), int(f.Int()), TaskReport{Done: int(f.Int()), Total: int(f.Int()), Label: f.String()}
		l.s.mu.Lock()
		if c := l.find(id); c != nil && f.Err == nil {
			l.note = note{id, index, r}
			l.s.noted(c.job, r)
			l.stale = true
		}
		l.s.mu.Unlock()
	case proc.Full:
		l.s.mu.Lock()
		l.full = true
		l.s.mu.Unlock()
	default:
		return fmt.Errorf("%w: kind %d", proc.ErrFrame, kind)
	}
	return f.Err
}

// listenTime is how long a caller looks into the box for its answer. An answer that takes longer is left to the pipe, and so is the next
// one: see link.quick.
const listenTime = 100 * time.Microsecond

// listening is set while a caller listens: looking costs a processor, and two of them would keep the workers from theirs.
var listening atomic.Bool

// listen opens the box for the answer to a job that is about to be sent to the idle worker, when its caller waits and the answer is likely to
// come soon. mu is held. The caller then calls hear.
func (l *link) listen(j *Job) {
	if !j.waits || !l.quick || len(j.code.handles) > 0 /* see lent */ || l.p.Beacon == nil || l.p.Beacon.ToPool == nil || !listening.CompareAndSwap(false, true) {
		return
	}
	l.hearing = make(chan struct{})
	l.p.Beacon.ToPool.Open()
	j.hears = l
}

// hear waits for the answer to a job in the box. It returns without one when that takes long, or comes by the pipe.
func (l *link) hear(j *Job) {
	defer l.heard()
	box := l.p.Beacon.ToPool
	if !box.Listen(listenTime, j.Ready) {
		return
	}
	h := hearing{l: l, d: newResultReader(l), boxed: true}
	for msg := box.Take(); len(msg) > 0; {
		kind, body, rest, err := proc.Split(msg)
		if err == nil {
			err = h.handle(kind, body)
		}
		if err != nil {
			l.p.Kill() // what it says makes no sense
			break
		}
		msg = rest
	}
	h.complete()
}

// heard ends the listening.
func (l *link) heard() {
	l.s.mu.Lock()
	close(l.hearing)
	l.hearing = nil
	l.s.mu.Unlock()
	listening.Store(false)
}

// heardOut waits for a caller that listens: what is in the box counts, and the memory stays until it is through.
func (l *link) heardOut() {
	l.s.mu.Lock()
	through := l.hearing
	l.s.mu.Unlock()
	if through != nil {
		<-through
	}
}
