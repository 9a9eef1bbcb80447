package core

import (
	"errors"
	"sync"
	"time"
)

// Watcher tells which of several jobs are ready, in the order in which they become so.
type Watcher struct {
	mu    sync.Mutex
	ready []int
	wake  chan struct{}
}

// Watch watches jobs.
func Watch(jobs []*Job) *Watcher {
	w := &Watcher{wake: make(chan struct{}, 1)}
	for i, j := range jobs {
		j.whenReady(func() {
			w.mu.Lock()
			w.ready = append(w.ready, i)
			w.mu.Unlock()
			select {
			case w.wake <- struct{}{}:
			default:
			}
		})
	}
	return w
}

// Next waits for the next job, for d at most, negative for as long as it takes, and returns its index. Each job is told once.
func (w *Watcher) Next(o *Origin, d time.Duration) (int, error) {
	var limit <-chan time.Time
	if d >= 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		limit = t.C
	}
	for {
		w.mu.Lock()
		if len(w.ready) > 0 {
			i := w.ready[0]
			w.ready = w.ready[1:]
			w.mu.Unlock()
			return i, nil
		}
		w.mu.Unlock()
		select {
		case <-w.wake:
		case <-limit:
			return 0, ErrTimeout
		case <-o.done():
			return 0, ErrInterrupted
		}
	}
}

// whenReady calls f when the job is ready, at once when it is. f must not wait for anything.
func (j *Job) whenReady(f func()) {
	j.s.mu.Lock()
	if !j.Ready() {
		j.gets().watchers = append(j.gets().watchers, f)
		j.s.mu.Unlock()
		return
	}
	j.s.mu.Unlock()
	f()
}

// turnReady makes the result ready. mu is held.
func (j *Job) turnReady() {
	j.told.Store(true)
	if j.ready != nil {
		close(j.ready)
	}
	if j.stream != nil {
		j.stream.signal()
	}
	if few := j.few.Load(); few != nil {
		for _, f := range few.watchers {
			f()
		}
		few.watchers = nil
	}
}

// OnDone calls f, a func(), when the job is ready: on the goroutine of the pool's callbacks, at once and here when it is already.
func (j *Job) OnDone(f func()) {
	j.look()
	s := j.s
	s.mu.Lock()
	if j.Ready() {
		s.mu.Unlock()
		f()
		return
	}
	j.gets().watchers = append(j.gets().watchers, func() { s.callLater(func() { j.guard("done callback", f) }) })
	s.mu.Unlock()
}

// CancelQueued cancels the job when no worker has it yet, and reports whether it did.
func (j *Job) CancelQueued() bool {
	s := j.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if j.finished {
		return errors.Is(j.err, ErrCancelled)
	}
	if len(j.queue) == 0 {
		return false
	}
	s.fail(j, ErrCancelled)
	return true
}

// Running reports whether a worker has the job and it is not ready.
func (j *Job) Running() bool {
	j.s.mu.Lock()
	defer j.s.mu.Unlock()
	return !j.finished && len(j.queue) == 0
}

// Cancelled reports whether the job was cancelled.
func (j *Job) Cancelled() bool {
	j.s.mu.Lock()
	defer j.s.mu.Unlock()
	return j.finished && !j.stopped && errors.Is(j.err, ErrCancelled)
}
