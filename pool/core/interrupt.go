package core

import (
	"context"
	"errors"

	"poolbook/pool/internal/proc"
)

// Interrupt stops the function of the process, as the interrupt of a cell does: its deferred calls run. Of a pool's worker it stops the task that runs.
// Compiled code goes on.
func (p *Process) Interrupt() {
	p.mu.Lock()
	s, job := p.s, p.job
	p.mu.Unlock()
	if p.worker != nil {
		s = p.worker.s
	}
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.threads {
		job.cancelTasks()
		return
	}
	for _, l := range s.links {
		switch {
		case p.worker == nil:
			l.interrupt(job)
		case p.worker == l && len(l.flight) > 0:
			l.interrupt(l.flight[0].job)
		}
	}
}

// interrupt asks the worker to stop what it runs of a job. mu is held.
func (l *link) interrupt(j *Job) {
	if l.out == nil || l.phase == linkGone {
		return
	}
	l.out.Put(func(b []byte) []byte {
		return frame(b, proc.Cancel, func(b proc.Body) proc.Body { return b.Uint(uint64(j.id)) })
	}, nil)
	l.out.Push(false)
}

// interrupted reports whether that is how a process's function ended.
func interrupted(err error) bool {
	return errors.Is(err, ErrCancelled) || errors.Is(err, context.Canceled)
}
