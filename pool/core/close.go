package core

import "runtime"

// Close lets the work finish, then ends the workers.
func (p *Pool) Close() {
	p.s.close()
	runtime.KeepAlive(p)
}

func (s *state) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == phaseOpen {
		s.phase = phaseClosed
		s.settle()
	}
}

// Terminate ends the workers at once.
func (p *Pool) Terminate() {
	p.s.terminate()
	runtime.KeepAlive(p)
}

func (s *state) terminate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == phaseTerminated {
		return
	}
	s.phase = phaseTerminated
	s.stop()
	s.endBroadcasts(ErrTerminated)
	for _, j := range s.jobs {
		s.fail(j, ErrTerminated)
	}
	for _, l := range s.links {
		l.kill()
	}
	s.idle.Broadcast()
	s.over.Signal()
}

// settle lets idle workers go when the pool is closed and its work is done.
func (s *state) settle() {
	if s.phase != phaseClosed || len(s.jobs) > 0 {
		return
	}
	for _, l := range s.links {
		l.leave()
	}
	s.idle.Broadcast()
	s.over.Signal()
}

// Join waits until everything of the pool has ended.
func (p *Pool) Join(o *Origin) error {
	s := p.s
	defer runtime.KeepAlive(p)
	s.mu.Lock()
	ph := s.phase
	s.mu.Unlock()
	if ph == phaseOpen {
		return ErrNotClosed
	}
	if in, sure := s.waiter(o); in != nil && in.stuck(sure, o.done()) {
		return in.deadlock("in Join (or Shutdown) for the end of the pool", "which comes when it has returned")
	}
	s.readOn(1)
	defer s.readOn(-1)
	select {
	case <-s.gone:
		return nil
	case <-o.done():
		return ErrInterrupted
	}
}

// readOn counts the calls of Join that wait. While there are some, streams do not wait for room: who is to take their results may be the one that
// has called Join.
func (s *state) readOn(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.joins += n
	for _, j := range s.jobs {
		if q := j.stream; q != nil && s.joins > 0 {
			q.fill()
			q.more()
		}
	}
}

// wait is the goroutine that sees the pool off: it ends when the pool is closed or terminated and all its other goroutines have ended.
func (s *state) wait() {
	s.mu.Lock()
	for s.phase == phaseOpen || len(s.links) > 0 || s.threadsN > 0 || s.phase == phaseClosed && len(s.jobs) > 0 {
		s.over.Wait()
	}
	if s.steal != nil {
		s.steal.Stop()
	}
	if s.rest != nil {
		s.rest.Stop()
	}
	s.stopTicker()
	s.mu.Unlock()
	s.wg.Wait()
	s.stop()
	if s.starter != nil {
		s.starter.Close()
	}
	s.host.remove(s)
	close(s.gone)
}
