package core

import (
	"time"

	"poolbook/pool/internal/proc"
)

// drop tells the worker that a job is over, when there is something else to tell it too. While the worker has a chunk of it, it waits.
func (l *link) drop(j *Job) {
	if _, ok := l.jobs[j.id]; !ok || l.out == nil {
		return
	}
	for _, c := range l.flight {
		if c.job == j {
			return
		}
	}
	delete(l.jobs, j.id)
	l.out.Put(func(b []byte) []byte {
		return frame(b, proc.Drop, func(b proc.Body) proc.Body { return b.Uint(uint64(j.id)) })
	}, nil)
}

// leave lets the worker finish and end.
func (l *link) leave() {
	if l.phase != linkReady && l.phase != linkStarting || l.out == nil {
		if l.phase == linkStarting { // not even started
			l.phase = linkLeaving
		}
		return
	}
	if r := l.s.exit; r != nil && l.phase == linkReady {
		l.putBroadcast(proc.AtExit, r)
	}
	l.phase = linkLeaving
	l.out.Put(func(b []byte) []byte {
		return frame(b, proc.Stop, func(b proc.Body) proc.Body { return b })
	}, nil)
	l.out.Push(true)
}

// kill ends the worker at once.
func (l *link) kill() {
	if l.phase == linkGone {
		return
	}
	l.phase = linkLeaving
	if l.p != nil {
		l.p.Kill()
	}
}

// cancelGrace is how long a cancelled task may go on before its worker is killed. A thread's task may go on for ever: its result is ready then.
const cancelGrace = 200 * time.Millisecond

// cancel stops what the worker runs of a job. When the worker has come to another job's task in the moment in which it is killed, that task
// runs elsewhere.
func (l *link) cancel(j *Job) {
	var of []*chunk
	for _, c := range l.flight {
		if c.job == j {
			of = append(of, c)
		}
	}
	if len(of) == 0 || l.out == nil {
		return
	}
	l.out.Put(func(b []byte) []byte {
		return frame(b, proc.Cancel, func(b proc.Body) proc.Body { return b.Uint(uint64(j.id)) })
	}, nil)
	l.out.Push(false)
	s := l.s
	s.wg.Add(1)
	time.AfterFunc(cancelGrace, func() {
		defer s.wg.Done()
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, c := range of {
			if l.find(c.id) == c {
				l.end()
				return
			}
		}
	})
}

// end kills the worker for the sake of a job.
func (l *link) end() {
	l.killed = true
	if l.p != nil {
		l.p.Kill()
	}
}

// stallGrace is how much longer than a task's limit a worker may be silent. It reports the end of the limit itself, when it can.
const stallGrace = 500 * time.Millisecond

// watch looks after a while whether the worker, which has a task with a limit of time, has been heard of: one that is stopped
// (SIGSTOP), or swapped out, cannot keep the limit itself. mu is held.
func (l *link) watch(limit time.Duration) {
	switch {
	case limit == 0 || l.watched:
		return
	case l.stall == nil:
		l.stall = time.AfterFunc(limit+stallGrace, l.stalled)
	default:
		l.stall.Reset(limit + stallGrace)
	}
	l.watched = true
}

// stalled replaces a worker that has been silent for too long.
func (l *link) stalled() {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	l.watched = false
	if len(l.flight) == 0 || l.phase == linkGone {
		return
	}
	blamed := l.flight[0].job
	limit := blamed.opts.timeout
	silent := time.Since(l.last)
	switch {
	case limit == 0:
		for _, c := range l.flight { // another job's tasks come after this one's
			l.watch(c.job.opts.timeout)
		}
	case silent < limit+stallGrace:
		l.watched = true
		l.stall.Reset(limit + stallGrace - silent)
	default:
		l.blamed, l.silent = blamed, silent
		l.end()
	}
}
