package core

import (
	"fmt"
	"reflect"
	"time"

	"poolbook/pool/internal/call"
)

// thread is a worker that is a goroutine of this program.
type thread struct {
	s    *state
	id   int
	name string
	left bool // its task ran too long: another one has taken its place; guarded by s.mu
}

// startThreads starts the workers of a thread pool.
func (s *state) startThreads() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.initFn = reflect.ValueOf(s.config.init)
	for range s.config.processes {
		s.addThread()
	}
}

func (s *state) addThread() {
	s.lastLink++
	s.threadsN++
	t := &thread{s: s, id: s.lastLink, name: fmt.Sprintf("ThreadPoolWorker-%d", s.lastLink)}
	s.wg.Add(1)
	go t.run()
}

// run is the goroutine of the worker.
func (t *thread) run() {
	s := t.s
	defer s.wg.Done()
	defer func() { // also when a task ends the goroutine
		s.mu.Lock()
		defer s.mu.Unlock()
		if !t.left {
			s.threadsN--
			if s.phase == phaseOpen && s.broken == nil {
				s.addThread()
			}
		}
		s.over.Signal()
	}()
	if s.initFn.IsValid() {
		if _, err := s.origin.call(s.ctx, s.initFn, nil, func(error) {}); err != nil {
			e := &RemoteError{Label: initLabel, Single: true, Worker: t.name}
			fill(e, err)
			s.mu.Lock()
			s.breakLocked(&InitError{Worker: t.name, Err: e})
			s.mu.Unlock()
		}
	}
	for {
		s.mu.Lock()
		c := s.next()
		for c == nil && s.phase != phaseTerminated && s.broken == nil && !(s.phase == phaseClosed && len(s.jobs) == 0) {
			s.idle.Wait()
			c = s.next()
		}
		if c == nil {
			if s.broken != nil && s.phase == phaseOpen { // nothing more to do, but Join waits for Close
				s.idle.Wait()
				s.mu.Unlock()
				continue
			}
			s.mu.Unlock()
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
	record(j.o.call(j.ctx, j.fn, t.args(c, i), func(error) {}))
	s.mu.Lock()
	defer s.mu.Unlock()
	return !t.left
}

// args are the arguments of an item.
func (t *thread) args(c *chunk, i int) []reflect.Value {
	if c.job.single() {
		return nil
	}
	v := c.items.Index(c.lo + i)
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
