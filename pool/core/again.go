package core

import (
	"context"
	"math/rand/v2"
	"reflect"
	"time"
)

// backoff is how long items wait before they run again; the zero value is not at all.
type backoff struct{ first, limit time.Duration }

// delay is the wait before the n-th time, from 1.
func (b backoff) delay(n int) time.Duration {
	if b.first == 0 {
		return 0
	}
	d := b.first
	for ; n > 1 && d < b.limit; n-- {
		d *= 2
	}
	if d > b.limit || d <= 0 {
		d = b.limit
	}
	return d - rand.N(d/2+1)
}

// retries are what a job knows of items that run again. Guarded by s.mu.
type retries struct {
	tries  map[int]int            // how often an item has run again
	again  map[int]bool           // those that are to
	timers map[*time.Timer]*chunk // they wait
}

// over forgets items that are done.
func (r *retries) over(c *chunk, i, n int) {
	for k := i; k < i+n && len(r.again) > 0; k++ {
		delete(r.again, c.index(k))
	}
}

// stop ends all waits.
func (r *retries) stop(s *state) {
	for t := range r.timers {
		if t.Stop() {
			s.wg.Done()
		}
	}
	r.timers = nil
}

// mayRetry reports whether an item that has failed is to run again, or that this is being asked. mu is held.
func (s *state) mayRetry(c *chunk, i int, err error) bool {
	j := c.job
	k := c.index(i)
	r := &j.gets().retry
	if r.tries[k] >= j.opts.retries || isCancel(err) {
		return false
	}
	if r.tries == nil {
		r.tries, r.again = map[int]int{}, map[int]bool{}
	}
	r.tries[k]++
	r.again[k] = true
	if !j.opts.retryIf.IsValid() {
		c.marked().redo = append(c.marked().redo, i)
		return true
	}
	c.marked().asking++
	s.callLater(func() {
		yes := j.asked(err)
		s.mu.Lock()
		defer s.mu.Unlock()
		c.marks.asking--
		switch {
		case j.finished:
		case yes:
			c.marks.redo = append(c.marks.redo, i)
		default:
			s.itemsOver(c, i, 1, 1, err)
		}
		s.runAgain(c)
	})
	return true
}

// asked is what RetryIf says of an error.
func (j *Job) asked(failed error) (yes bool) {
	var err error
	onGoroutine(func() {
		var out []reflect.Value
		j.enter(context.Background(), aCallback, func(ctx context.Context) {
			out, err = j.o.call(ctx, j.opts.retryIf, []reflect.Value{reflect.ValueOf(&failed).Elem()}, func(e error) { err = e })
		})
		yes = err == nil && len(out) == 1 && out[0].Bool()
	})
	j.report("RetryIf", err)
	return yes
}

// runAgain queues a chunk of the items that are to run again, when the others of the chunk are done: items share the memory in which they are
// encoded, so that one chunk of many costs less than many of one. mu is held.
func (s *state) runAgain(c *chunk) {
	j := c.job
	m := c.marks
	if m == nil || len(m.redo) == 0 || c.left > 0 || m.asking > 0 || j.finished {
		return
	}
	done := make([]bool, c.n)
	for i := range done {
		done[i] = true
	}
	again := &chunk{id: s.chunkID(), job: j, first: c.first, n: c.n, idx: c.idx, data: c.data, items: c.items, base: c.base, off: c.off,
		marks: &marks{done: done, handles: m.handles}, left: len(m.redo)}
	wait, retry := time.Duration(0), &j.gets().retry
	for _, i := range m.redo {
		done[i] = false
		wait = max(wait, j.opts.backoff.delay(retry.tries[c.index(i)]))
	}
	m.redo = nil
	if wait == 0 || s.draining {
		s.offer(again)
		return
	}
	s.wg.Add(1)
	var t *time.Timer
	t = time.AfterFunc(wait, func() {
		defer s.wg.Done()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(retry.timers, t)
		s.offer(again)
	})
	if retry.timers == nil {
		retry.timers = map[*time.Timer]*chunk{}
	}
	retry.timers[t] = again
}

// offer queues a chunk of a job that goes on. mu is held.
func (s *state) offer(c *chunk) {
	j := c.job
	if j.finished {
		return
	}
	if s.draining {
		s.abandonChunks([]*chunk{c})
		return
	}
	if j.queue = append(j.queue, c); len(j.queue) == 1 {
		s.enqueue(j)
	}
	s.feedAll()
}
