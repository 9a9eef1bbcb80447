package worker

import (
	"context"
	"fmt"
	"reflect"
	"sync/atomic"
	"time"

	"poolbook/pool/core"
	"poolbook/pool/internal/call"
	"poolbook/pool/internal/proc"
)

// begin starts with a chunk.
func (w *worker) begin(f *proc.Fields) error {
	c, id, err := readChunk(f)
	if err != nil {
		return err
	}
	j := w.jobs[id]
	if j == nil {
		w.returned(c.id)
		return nil
	}
	w.activate(j)
	w.enter(j.unit)
	c.job = j
	w.open(c, f.Data)
	w.items()
	return nil
}

func readChunk(f *proc.Fields) (c *chunk, job int64, err error) {
	c = &chunk{id: f.Uint()}
	job = int64(f.Uint())
	c.first, c.n, c.skip = int(f.Uint()), int(f.Uint()), f.Bytes()
	if f.Err != nil || len(c.skip) != 0 && len(c.skip) != c.n {
		return nil, 0, fmt.Errorf("%w: chunk", proc.ErrFrame)
	}
	return c, job, nil
}

// along makes the executor go on with the chunk that waits next, when it is of that job too.
func (w *worker) along(j *job) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 || w.queue[0].kind != proc.Chunk || w.stopped[j.id] {
		return false
	}
	f := proc.Fields{Data: w.queue[0].body}
	c, id, err := readChunk(&f)
	if err != nil || id != j.id {
		return false
	}
	w.next()
	c.job = j
	w.open(c, f.Data)
	return true
}

// open makes a chunk the one that the executor is at. Of those before it no item is to be read any more.
func (w *worker) open(c *chunk, data []byte) {
	w.dec.Renew(data, &c.job.session)
	c.items = w.dec
	w.at = c
}

// items runs the items of the chunk that the executor is at.
func (w *worker) items() {
	c := w.at
	w.mu.Lock()
	if w.ctx == nil || w.ctx.Err() != nil {
		w.ctx, w.cancel = context.WithCancel(context.Background())
	}
	w.running = c.job.id
	w.awake()
	reads := w.reads
	if w.stopped[c.job.id] {
		w.cancel()
	}
	closed := w.closed
	w.mu.Unlock()
	if closed {
		orphaned()
	}
	if !reads {
		w.out.arm() // the flusher looks whether it takes long
	}
	w.job.Store(c.job.id)
	w.ticks, w.clock = w.out.ticks.Load(), time.Now()
	if l := c.job.unit.loop; l != nil && l.fits(w, c.job) {
		l.run(w, c)
	} else {
		for c.next < c.n {
			w.one(c)
		}
	}
	w.beacon.Clear()
	w.item.Store(-1)
	w.alone.Store(nil)
	w.at = nil
	w.dec.Renew(nil, nil) // it would keep the last chunk
	w.mu.Lock()
	w.running = 0
	w.mu.Unlock()
}

// one runs the next item of a chunk by itself.
func (w *worker) one(c *chunk) {
	i := c.next
	args, ok := w.arguments(c)
	c.next++
	switch {
	case len(c.skip) > 0 && c.skip[i] != 0:
	case !ok:
		w.result(c, i, core.StatusUnloaded, 0, proc.Body(nil).String(c.failed))
	case w.ctx.Err() != nil:
		w.result(c, i, core.StatusCancel, 0, nil)
	default:
		w.alone.Store(c)
		w.item.Store(int64(c.first + i))
		w.beacon.Set(c.id, i)
		w.run(c, i, args)
	}
}

// arguments reads the next item.
func (w *worker) arguments(c *chunk) ([]reflect.Value, bool) {
	u := c.job.unit
	if c.job.mode&core.Single != 0 {
		return nil, true
	}
	if c.failed != "" {
		return nil, false
	}
	if u.cols == nil {
		u.cols = u.args.Columns(1)
	}
	u.args.Forget(u.cols, 0, 1)
	if _, err := u.args.Decode(c.items, u.cols, 0, 1, 1); err != nil {
		c.failed = err.Error()
		return nil, false
	}
	args := make([]reflect.Value, len(u.cols))
	for k := range args {
		args[k] = u.cols[k].Index(0)
	}
	return args, true
}

// run runs one item and reports how it ended.
func (w *worker) run(c *chunk, i int, args []reflect.Value) {
	j := c.job
	if w.beacon == nil {
		w.out.put(func(b proc.Body) proc.Body { return b.Uint(c.id).Uint(uint64(i)) }, proc.Started, nil)
		w.out.flush()
	}
	var late *lateness
	if j.timeout > 0 {
		late = w.limit(c, i)
		defer late.timer.Stop()
	}
	returned := false
	defer func() {
		if !returned && late.first() { // runtime.Goexit
			w.report(c, i, reflect.Value{}, call.ErrGoexit, w.took(true))
		}
	}()
	out, err := j.unit.call(w.ctx, args)
	returned = true
	took := w.took(c.next == c.n)
	if err != nil {
		w.exitFor(err)
	}
	if !late.first() {
		select {} // the pool ends this process now
	}
	var value reflect.Value
	if err == nil {
		if len(out) != j.unit.typ.NumOut() {
			err = call.ErrGoexit
		} else {
			value, err = call.Results(out, j.mode&core.LastErr != 0)
		}
	}
	w.report(c, i, value, err, took)
}

// took is how long the item took that is done now. The clock is read only when the flusher has run since it was read last, so that short
// tasks do not pay for it: what they took is added to that of the next one for which it is read, the last of the chunk at the latest.
func (w *worker) took(last bool) time.Duration {
	ticks := w.out.ticks.Load()
	if ticks == w.ticks && !last {
		return 0
	}
	w.ticks = ticks
	now := time.Now()
	d := now.Sub(w.clock)
	w.clock = now
	return d
}

// lateness decides who reports an item: the executor, or its time limit. nil has no limit.
type lateness struct {
	timer    *time.Timer
	reported atomic.Bool
}

// first reports whether the item was not reported before.
func (l *lateness) first() bool { return l == nil || l.reported.CompareAndSwap(false, true) }

// limit reports the item as timed out when it is not done in time.
func (w *worker) limit(c *chunk, i int) *lateness {
	l := &lateness{}
	l.timer = time.AfterFunc(c.job.timeout, func() {
		if l.first() {
			w.result(c, i, core.StatusTimeout, c.job.timeout, nil)
			w.out.flush()
		}
	})
	return l
}
