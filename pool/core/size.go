package core

import (
	"fmt"
	"slices"
	"time"
)

// size is how many workers the pool has, or may have with IdleTimeout.
func (s *state) size() int { return int(s.want.Load()) }

// Size is how many workers the pool has, or may have.
func (p *Pool) Size() int { return p.s.size() }

// Workers is how many workers live, or are starting.
func (p *Pool) Workers() int {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return p.s.workers()
}

// Resize changes the number of workers.
func (p *Pool) Resize(n int) {
	if n < 1 {
		panic(fmt.Sprintf("pool.Resize(%d): a pool needs at least one worker", n))
	}
	s := p.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == phaseTerminated || s.broken != nil {
		return
	}
	s.want.Store(int64(n))
	if s.threads {
		s.idle.Broadcast() // those beyond the number end
		for s.config.idle == 0 && s.threadsN < n && s.phase == phaseOpen {
			s.addThread()
		}
	} else {
		for _, l := range slices.Clone(s.links) {
			if l.index >= n {
				l.retire()
			}
		}
		for s.config.idle == 0 && s.living() < n && (s.phase == phaseOpen || len(s.jobs) > 0) {
			s.addLink()
		}
	}
	s.feedAll()
}

// retire lets a worker end after what it has begun. mu is held.
func (l *link) retire() {
	l.recall()
	l.leave()
}

// freeIndex is the lowest number that no worker has which takes chunks, now or soon. mu is held.
func (s *state) freeIndex() int {
	taken := map[int]bool{}
	for _, t := range s.crew {
		taken[t.index] = true
	}
	for _, l := range s.links {
		if l.phase == linkStarting || l.phase == linkReady {
			taken[l.index] = true
		}
	}
	i := 0
	for taken[i] {
		i++
	}
	return i
}

// hire starts workers for chunks that wait, when the pool has fewer than it may have. mu is held.
func (s *state) hire() {
	if s.config.idle == 0 || s.broken != nil || s.phase == phaseTerminated || s.name != "" {
		return
	}
	waiting := 0
	for _, j := range s.queue {
		waiting += len(j.queue)
	}
	if s.threads {
		for _, t := range s.crew {
			if !t.since.IsZero() && !t.rests {
				waiting--
			}
		}
		for ; waiting > 0 && s.threadsN < s.size(); waiting-- {
			s.addThread()
		}
		return
	}
	for _, l := range s.links {
		if l.phase == linkStarting || l.phase == linkReady && len(l.flight) == 0 {
			waiting--
		}
	}
	for ; waiting > 0 && s.living() < s.size(); waiting-- {
		s.addLink()
	}
}

// restLater looks again when a worker that has nothing to do may have had nothing for too long. mu is held.
func (s *state) restLater() {
	if d := s.config.idle; d == 0 || s.phase != phaseOpen {
		return
	} else if s.rest == nil {
		s.rest = time.AfterFunc(d, s.restNow)
	} else {
		s.rest.Reset(d)
	}
}

// restNow ends the workers that have had nothing to do for IdleTimeout.
func (s *state) restNow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase != phaseOpen {
		return
	}
	d, now := s.config.idle, time.Now()
	next := d
	over := func(since time.Time) bool {
		left := d - now.Sub(since)
		if left > 0 {
			next = min(next, left)
		}
		return left <= 0
	}
	stay := false
	for _, t := range s.crew {
		if !t.since.IsZero() {
			t.rests = over(t.since)
			stay = stay || !t.rests
		}
	}
	s.idle.Broadcast()
	for _, l := range s.links {
		if l.phase == linkReady && len(l.flight) == 0 && len(l.broadcasts) == 0 {
			if over(l.last) {
				l.leave()
			} else {
				stay = true
			}
		}
	}
	if stay {
		s.rest.Reset(next)
	}
}
