package core

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"poolbook/pool/internal/call"
)

// thread is a worker that is a goroutine of this program.
type thread struct {
	s    *state
	id   int
	name string

	task taskState
	goid uint64 // number of its goroutine; it does not change

	// Guarded by s.mu.
	left  bool      // its task ran too long: another one has taken its place
	index int       // see WorkerIndex
	ran   int64     // the last of s.broadcasts that it has run
	since time.Time // when it had nothing to do any more; zero while it has
	rests bool      // it ends: it has had nothing to do for too long
}

// startThreads starts the workers of a thread pool.
func (s *state) startThreads() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range s.size() {
		s.addThread()
	}
}

func (s *state) addThread() {
	s.lastLink++
	s.threadsN++
	t := &thread{s: s, id: s.lastLink, name: fmt.Sprintf("ThreadPoolWorker-%d", s.lastLink), index: s.freeIndex()}
	s.crew = append(s.crew, t)
	s.wg.Add(1)
	go t.run()
}

// run is the goroutine of the worker.
func (t *thread) run() {
	s := t.s
	defer s.wg.Done()
	t.goid = goroutine()
	threads.n.Add(1)
	defer func() {
		threads.tasks.Delete(t.goid)
		threads.n.Add(-1)
	}()
	defer func() { // also when a task ends the goroutine
		s.mu.Lock()
		defer s.mu.Unlock()
		if !t.left {
			s.threadsN--
			s.forget(t)
			if s.phase == phaseOpen && s.broken == nil && s.config.idle == 0 && s.threadsN < s.size() {
				s.addThread()
			}
			s.hire()
		}
		s.over.Signal()
	}()
	for {
		s.mu.Lock()
		c := t.next()
		for c == nil && !t.over() {
			t.since = time.Now()
			s.restLater()
			s.idle.Wait()
			t.since = time.Time{}
			c = t.next()
		}
		if c == nil {
			if s.broken != nil && s.phase == phaseOpen { // nothing more to do, but Join waits for Close
				s.idle.Wait()
				s.mu.Unlock()
				continue
			}
			last := s.phase != phaseTerminated && s.broken == nil
			s.mu.Unlock()
			if last {
				t.runLast()
			}
			return
		}
		c.job.meter.chunks++
		c.job.meter.chunk = max(c.job.meter.chunk, c.n)
		s.total.Chunks++
		c.job.flying++
		s.mu.Unlock()
		if !t.chunk(c) {
			return
		}
	}
}

// next runs what each worker runs first, as far as it has not yet, and takes the next chunk, nil when there is none or the worker is to
// end. mu is held, but for the time in which it runs something.
func (t *thread) next() *chunk {
	s := t.s
	for s.broken == nil && s.phase != phaseTerminated {
		r := s.broadcastAfter(t.ran)
		if r == nil {
			break
		}
		t.ran = r.id
		s.mu.Unlock()
		ended := func(err error) {
			if err != nil {
				e := &RemoteError{Label: r.label, Single: true, Worker: t.name}
				fill(e, err)
				err = e
			}
			s.mu.Lock()
			s.ranBroadcast(r, t, t.name, err)
		}
		_, err := r.call(t.enter(s.ctx, r.o, &Task{Index: -1}), func(err error) {
			ended(err)
			s.mu.Unlock()
		})
		ended(err)
	}
	if t.index >= s.size() {
		return nil
	}
	c := s.next()
	if c != nil {
		t.rests = false
	}
	return c
}

// over reports whether the worker has nothing to do any more. mu is held.
func (t *thread) over() bool {
	s := t.s
	return s.phase == phaseTerminated || s.broken != nil || s.phase == phaseClosed && len(s.jobs) == 0 || t.rests || t.index >= s.size()
}

// runLast runs the pool's exit function.
func (t *thread) runLast() {
	r := t.s.exit
	if r == nil {
		return
	}
	report := func(err error) {
		if err != nil {
			r.o.write(t.name, -1, true, fmt.Appendf(nil, "%s of worker %s failed: %s\n", r.label, t.name, errorText(err)))
		}
	}
	_, err := r.call(t.enter(t.s.ctx, r.o, &Task{Index: -1}), report)
	report(err)
}

// forget takes a worker out of the list of those that live. mu is held.
func (s *state) forget(t *thread) {
	s.crew = slices.DeleteFunc(s.crew, func(x *thread) bool { return x == t })
	s.broadcastsWithout(t)
}

// chunk runs the items of a chunk. It reports false when the worker has been replaced.
func (t *thread) chunk(c *chunk) bool {
	s, j := t.s, c.job
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if j.flying--; j.finished {
			s.conclude(j)
		}
	}()
	for i := range c.n {
		s.mu.Lock()
		skip, over := c.isDone(i), j.finished
		s.mu.Unlock()
		if over {
			return true
		}
		if skip {
			continue
		}
		if !t.item(c, i) {
			return false
		}
	}
	return true
}

func (t *thread) item(c *chunk, i int) bool {
	s, j := t.s, c.job
	start := time.Now()
	done := completion{c: c, item: i, n: 1}
	if d := j.opts.timeout; d > 0 {
		limit := time.AfterFunc(d, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if c.isDone(i) || j.finished {
				return
			}
			t.left = true
			s.threadsN--
			s.forget(t)
			e := c.timedOut(i)
			e.Worker = t.name
			s.itemDone(c, i, e, d)
			s.requeue([]*chunk{c})
			s.addThread()
			s.feedAll()
		})
		defer limit.Stop()
	}
	recorded := false
	record := func(out []reflect.Value, err error) {
		recorded = true
		var value reflect.Value
		if err == nil {
			value, err = call.Results(out, j.mode&LastErr != 0)
		}
		done.took = time.Since(start)
		if err != nil {
			e := &RemoteError{Label: j.opts.label, Index: c.index(i), Single: j.single(), Worker: t.name}
			fill(e, err)
			done.err = e
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if t.left || j.finished {
			return
		}
		if done.err == nil && j.mode&NoResult == 0 {
			c.base.Index(c.slot(i)).Set(value)
		}
		s.taskDone(t.id, &done)
		s.itemDone(c, i, done.err, done.took)
	}
	defer func() {
		if !recorded { // runtime.Goexit
			record(nil, call.ErrGoexit)
			s.mu.Lock()
			if c.left > 0 {
				s.requeue([]*chunk{c})
				s.feedAll()
			}
			s.mu.Unlock()
		}
	}()
	task := &Task{Index: c.first + i, Seed: j.seed, Run: c.id, report: func(_ *Task, r TaskReport) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.noted(j, r)
	}}
	record(j.o.call(t.enter(j.ctx, j.o, task), j.fn, t.args(c, i), func(error) {}))
	s.mu.Lock()
	defer s.mu.Unlock()
	return !t.left
}

// enter makes task what the worker's goroutine runs from now on: by the context of cells, otherwise by the goroutine's number.
func (t *thread) enter(ctx context.Context, o *Origin, task *Task) context.Context {
	task.Worker, task.shared, task.thread = t.index, &t.task, t.goid
	if o != nil && o.Call != nil {
		return context.WithValue(ctx, taskKey{}, task)
	}
	threads.tasks.Store(t.goid, task)
	return ctx
}

// args are the arguments of an item.
func (t *thread) args(c *chunk, i int) []reflect.Value {
	if c.job.single() {
		return nil
	}
	v := c.items.slice.Index(c.items.lo + i)
	if c.job.mode&Spread == 0 {
		return []reflect.Value{v}
	}
	args := make([]reflect.Value, v.NumField())
	for k := range args {
		args[k] = v.Field(k)
	}
	return args
}

// fill puts how a function failed into the item's error.
func fill(e *RemoteError, err error) {
	switch x := err.(type) {
	case *call.Panic:
		e.Panic, e.Value, e.Stack = true, x.Value, x.Stack
	case *Panic:
		e.Panic, e.Value, e.Stack = true, x.Value, x.Stack
	default:
		e.Err = err
		return
	}
	if cause, ok := e.Value.(error); ok {
		e.Err = cause
	}
}
