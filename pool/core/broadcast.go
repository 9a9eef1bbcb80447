package core

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"poolbook/pool/internal/call"
	"poolbook/pool/internal/proc"
)

// broadcast is a function that each worker runs once: the initializer, one of RunOnAll, or the exit function. Workers run the first ones in their
// order before their first task, those of RunOnAll between two tasks when they are at work already. What it assigns stays the worker's own.
type broadcast struct {
	id    int64 // broadcasts of a pool are numbered in their order, from 1
	o     *Origin
	label string
	mode  Mode
	fn    reflect.Value
	job   *Job // for its output and its errors: no job of the pool; ready is closed when all have run it. nil for the exit function of threads

	// Guarded by s.mu.
	waits map[any]bool // workers that have it to run, of those that lived at the call: a *link or a *thread
	owns  []string     // variables that are the workers' own because of it
	first bool         // the initializer: when it fails the pool is of no use
	err   error        // the first failure
}

// call runs the function in this process.
func (r *broadcast) call(ctx context.Context, exit func(error)) ([]reflect.Value, error) {
	out, err := r.o.call(ctx, r.fn, nil, exit)
	if err == nil {
		_, err = call.Results(out, r.mode&LastErr != 0)
	}
	return out, err
}

// newBroadcast makes a broadcast, which is not under way yet. The variables that other broadcasts assign are the workers' own in it.
func (s *state) newBroadcast(o *Origin, label string, mode Mode, fn any) (*broadcast, error) {
	r := &broadcast{o: o, label: label, mode: mode | Single | NoResult, fn: reflect.ValueOf(fn)}
	r.job = &Job{id: jobIDs.Add(1), s: s, o: o, name: label, mode: r.mode, out: noResultType, opts: &callConfig{label: label}}
	if s.threads {
		return r, nil
	}
	c, err := s.prepare(fn, s.ownVariables(), company{})
	r.job.code = c
	return r, err
}

// begin puts a broadcast behind the others: workers that start from now on run it. mu is held.
func (s *state) begin(r *broadcast) {
	s.lastBroadcast++
	r.id = s.lastBroadcast
	s.broadcasts = append(s.broadcasts, r)
	if s.threads {
		return
	}
	owned := maps.Clone(s.owned)
	if owned == nil {
		owned = map[string]bool{}
	}
	for _, id := range r.job.code.unit.Assigns {
		if !owned[id] {
			owned[id] = true
			r.owns = append(r.owns, id)
		}
	}
	s.owned = owned
}

// ownVariables are those that broadcasts assign. The map does not change.
func (s *state) ownVariables() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owned
}

// prepareBroadcasts makes the broadcasts of the pool's options.
func (s *state) prepareBroadcasts() {
	if fn := s.config.init; fn != nil {
		r, err := s.newBroadcast(s.origin, initLabel, 0, fn)
		s.mu.Lock()
		if err != nil {
			s.breakLocked(fmt.Errorf("pool.Initializer: %w", err))
		} else {
			r.first = true
			s.begin(r)
		}
		s.mu.Unlock()
	}
	if fn := s.config.exit; fn != nil {
		r, err := s.newBroadcast(s.origin, "AtExit", 0, fn)
		s.mu.Lock()
		if err != nil {
			s.breakLocked(fmt.Errorf("pool.AtExit: %w", err))
		} else {
			s.exit = r
		}
		s.mu.Unlock()
	}
}

// RunOnAll runs fn, a func() or with LastErr a func() error, once in each worker, and waits for that.
func (p *Pool) RunOnAll(o *Origin, mode Mode, fn any) error {
	s := p.s
	if v := reflect.ValueOf(fn); v.IsNil() {
		return fmt.Errorf("pool.RunOnAll: the function is nil")
	}
	if err := s.refusal(); err != nil {
		return err
	}
	r, err := s.newBroadcast(o, allLabel, mode, fn)
	if err != nil {
		return r.job.refuse(err)
	}
	s.mu.Lock()
	if err := s.refusalLocked(); err != nil {
		s.mu.Unlock()
		return err
	}
	r.waits = map[any]bool{}
	for _, t := range s.crew {
		r.waits[t] = true
	}
	for _, l := range s.links {
		if l.phase == linkStarting || l.phase == linkReady {
			r.waits[l] = true
		}
	}
	s.begin(r)
	for _, l := range s.links {
		if l.phase == linkReady {
			l.sendBroadcasts()
		}
	}
	s.idle.Broadcast()
	s.concludeBroadcast(r)
	s.mu.Unlock()
	select {
	case <-r.job.Done():
	case <-o.done():
		s.mu.Lock()
		defer s.mu.Unlock()
		if r.err == nil {
			r.err = ErrInterrupted
		}
		for w := range r.waits {
			if l, ok := w.(*link); ok {
				l.cancelBroadcast(r)
			}
		}
		r.waits = nil
		s.concludeBroadcast(r)
		return ErrInterrupted
	}
	return r.err
}

// broadcastAfter is the next broadcast behind the one of that number. mu is held.
func (s *state) broadcastAfter(id int64) *broadcast {
	for _, r := range s.broadcasts {
		if r.id > id {
			return r
		}
	}
	return nil
}

// ranBroadcast notes that a worker has run a broadcast. mu is held.
func (s *state) ranBroadcast(r *broadcast, who any, name string, err error) {
	waits := r.waits[who]
	if err != nil && !waits && r.err == nil { // the initializer, or a worker that came later
		s.breakLocked(&InitError{Worker: name, Err: err})
		return
	}
	if err != nil && r.err == nil {
		r.err = err
	}
	delete(r.waits, who)
	s.concludeBroadcast(r)
}

// broadcastsWithout takes a worker that has ended out of what the callers of RunOnAll wait for. mu is held.
func (s *state) broadcastsWithout(who any) {
	for _, r := range slices.Clone(s.broadcasts) {
		if r.waits[who] {
			s.ranBroadcast(r, who, "", nil)
		}
	}
}

// lostBroadcasts notes the end of a worker process. What it had not begun another worker runs in its place. mu is held.
func (s *state) lostBroadcasts(l *link, lost *WorkerLostError, atTask bool) {
	if len(l.broadcasts) > 0 && !atTask && !l.killed {
		if r := l.broadcasts[0]; r.waits[l] {
			e := *lost
			e.Label = r.label
			s.ranBroadcast(r, l, l.name, &e)
		}
	}
	s.broadcastsWithout(l)
}

// concludeBroadcast tells the caller of RunOnAll when all workers have run its function. One that failed is none for later workers. mu is held.
func (s *state) concludeBroadcast(r *broadcast) {
	if r.first || len(r.waits) > 0 || r.job.Ready() {
		return
	}
	r.job.turnReady()
	if r.err == nil {
		return
	}
	s.broadcasts = slices.DeleteFunc(s.broadcasts, func(x *broadcast) bool { return x == r })
	owned := maps.Clone(s.owned)
	for _, id := range r.owns {
		delete(owned, id)
	}
	s.owned = owned
}

// endBroadcasts ends the waits of all calls of RunOnAll. mu is held.
func (s *state) endBroadcasts(err error) {
	for _, r := range slices.Clone(s.broadcasts) {
		if len(r.waits) > 0 && r.err == nil {
			r.err = err
		}
		r.waits = nil
		s.concludeBroadcast(r)
	}
}

// sendBroadcasts sends the broadcasts that the worker does not have yet. mu is held.
func (l *link) sendBroadcasts() {
	for r := l.s.broadcastAfter(l.lastBroadcast); r != nil; r = l.s.broadcastAfter(l.lastBroadcast) {
		l.lastBroadcast = r.id
		l.broadcasts = append(l.broadcasts, r)
		l.putBroadcast(proc.Init, r)
	}
	l.out.Push(false)
}

// putBroadcast sends the function of a broadcast.
func (l *link) putBroadcast(kind proc.Kind, r *broadcast) {
	c := r.job.code
	l.putCode(c)
	l.jobs[r.job.id] = r.job
	l.out.Put(func(b []byte) []byte {
		return frame(b, kind, func(b proc.Body) proc.Body {
			b = b.Uint(uint64(r.job.id)).Uint(l.units[c.unit.Hash]).Uint(uint64(r.mode)).Uint(uint64(len(c.unit.Assigns)))
			for _, id := range c.unit.Assigns {
				b = b.String(id)
			}
			return append(b, c.vars...)
		})
	}, nil)
	l.forgetMost()
}

// cancelBroadcast stops a broadcast that the worker runs, or is to run. mu is held.
func (l *link) cancelBroadcast(r *broadcast) {
	if !slices.Contains(l.broadcasts, r) || l.out == nil {
		return
	}
	l.out.Put(func(b []byte) []byte {
		return frame(b, proc.Cancel, func(b proc.Body) proc.Body { return b.Uint(uint64(r.job.id)) })
	}, nil)
	l.out.Push(false)
}

// greeted: the worker is there. It runs the broadcasts first.
func (s *state) greeted(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.phase != linkStarting {
		return
	}
	l.sendBroadcasts()
	s.readyUnlessBroadcasts(l)
}

// broadcastDone: the worker has run the first of its broadcasts. read tells how.
func (s *state) broadcastDone(l *link, read func(r *broadcast) error) {
	s.mu.Lock()
	var r *broadcast
	if len(l.broadcasts) > 0 {
		r = l.broadcasts[0]
	}
	s.mu.Unlock()
	if r == nil {
		return
	}
	err := read(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	l.last = time.Now()
	l.broadcasts = l.broadcasts[1:]
	delete(l.jobs, r.job.id)
	s.ranBroadcast(r, l, l.name, err)
	if l.phase == linkStarting && s.broken == nil {
		l.sendBroadcasts()
		s.readyUnlessBroadcasts(l)
	}
}

func (s *state) readyUnlessBroadcasts(l *link) {
	if len(l.broadcasts) == 0 {
		s.ready(l)
	}
}
