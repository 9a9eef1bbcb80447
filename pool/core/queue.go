package core

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"poolbook/pool/internal/proc"
)

// enqueue puts a job that has chunks behind those of its priority. mu is held.
func (s *state) enqueue(j *Job) {
	i := len(s.queue)
	for i > 0 && s.queue[i-1].opts.priority < j.opts.priority {
		i--
	}
	s.queue = slices.Insert(s.queue, i, j)
}

// enqueueFirst puts a job before those of its priority: some of its chunks have come back. mu is held.
func (s *state) enqueueFirst(j *Job) {
	i := 0
	for i < len(s.queue) && s.queue[i].opts.priority > j.opts.priority {
		i++
	}
	if i == len(s.queue) || s.queue[i] != j {
		s.queue = slices.Insert(s.queue, i, j)
	}
}

// contextError is the error of a job whose context has ended: errors.Is finds ErrCancelled, the context's error and its cause.
func contextError(ctx context.Context) error {
	return &endedContext{err: ctx.Err(), cause: context.Cause(ctx)}
}

type endedContext struct{ err, cause error }

func (e *endedContext) Error() string { return fmt.Sprintf("%v: %v", ErrCancelled, e.cause) }

func (e *endedContext) Unwrap() []error { return []error{ErrCancelled, e.err, e.cause} }

// CancelQueue cancels what no worker has begun: jobs of which nothing has begun are cancelled, of the others the items that wait.
func (p *Pool) CancelQueue() {
	s := p.s
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	for _, j := range s.jobs {
		if j.stream != nil {
			j.stream.stopped = true
			j.stream.more()
		}
		back := j.queue
		j.queue = nil
		if f := j.few.Load(); f != nil {
			back = append(back, f.reserve...)
			for _, c := range f.retry.timers {
				back = append(back, c)
			}
			f.reserve = nil
			f.retry.stop(s)
		}
		s.abandonChunks(back)
	}
	for _, l := range s.links {
		l.recall()
	}
}

// abandonChunks cancels the items of chunks that no worker has begun. mu is held.
func (s *state) abandonChunks(cs []*chunk) {
	of := map[*Job]int{}
	for _, c := range cs {
		of[c.job] += c.left
	}
	for _, c := range cs {
		j := c.job
		if j.done == 0 && of[j] == j.total && !j.open { // nothing of it runs
			s.fail(j, ErrCancelled)
		}
		for i := 0; i < c.n && !j.finished; i++ {
			if !c.isDone(i) {
				s.itemDone(c, i, ErrCancelled, 0)
			}
		}
	}
}

// recall asks the worker for the chunks that it has not begun.
func (l *link) recall() {
	if len(l.flight) < 2 || l.asked || l.phase == linkGone || l.out == nil {
		return
	}
	l.asked = true
	l.out.Put(func(b []byte) []byte {
		return frame(b, proc.Recall, func(b proc.Body) proc.Body { return b })
	}, nil)
	l.out.Push(false)
}

// hold keeps back the chunks for which the call's buffer has no room yet.
func (q *results) hold() {
	j := q.j
	if j.err != nil || j.opts.buffer == 0 {
		return
	}
	q.limit = j.opts.buffer
	i := 1
	for i < len(j.queue) && j.queue[i].first+j.queue[i].n <= q.limit {
		i++
	}
	if i < len(j.queue) {
		j.gets().reserve, j.queue = j.queue[i:], j.queue[:i:i]
	}
}

// fill hands out chunks that were held back, as far as there is room now. mu is held.
func (q *results) fill() {
	j := q.j
	if len(j.has().reserve) == 0 {
		return
	}
	more, has := false, j.gets()
	for len(has.reserve) > 0 && !j.finished {
		c := has.reserve[0]
		if c.first+c.n-q.taken > max(q.limit, c.n) && j.s.joins == 0 {
			break
		}
		has.reserve = has.reserve[1:]
		if j.queue = append(j.queue, c); len(j.queue) == 1 {
			j.s.enqueue(j)
		}
		more = true
	}
	if more {
		j.s.feedAll()
	}
}

// drop forgets the chunks that were held back: nobody takes their results. mu is held.
func (q *results) drop() {
	j := q.j
	if len(j.has().reserve) == 0 || j.finished {
		return
	}
	for _, c := range j.has().reserve {
		j.total -= c.n
	}
	j.gets().reserve = nil
	if j.done == j.total {
		j.s.finish(j)
	}
}

// isCancel reports whether an item has not run, rather than failed.
func isCancel(err error) bool {
	return errors.Is(err, ErrCancelled) || errors.Is(err, ErrTerminated)
}
