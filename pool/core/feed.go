package core

import (
	"errors"
	"slices"
	"time"

	"poolbook/pool/internal/proc"
)

// How far ahead of a worker chunks are sent. A worker that has the next chunk at hand when one is done does not wait for the pool;
// but what is sent is taken from the others, so it is little in time, and can be called back.
const (
	aheadTime   = 2 * time.Millisecond
	aheadChunks = 512
	aheadBytes  = 4 << 20
	// stealAfter is how long a worker may sit on chunks that it has not begun while others have nothing to do.
	stealAfter = 3 * time.Millisecond
)

// pace is how long an item of a code unit takes, as seen of late. Guarded by s.mu.
type pace struct {
	item  time.Duration
	known bool
}

func (p *pace) saw(perItem time.Duration) {
	if !p.known {
		p.item, p.known = perItem, true
		return
	}
	p.item += (perItem - p.item) / 4
}

// room reports whether the worker is to get another chunk.
func (l *link) room() bool {
	if l.phase != linkReady || l.s.config.maxTasks > 0 && l.taken >= l.s.config.maxTasks {
		return false
	}
	if len(l.flight) == 0 {
		return true
	}
	if len(l.flight) >= aheadChunks || l.asked || time.Since(l.last) >= stealAfter { // it is at a long task
		return false
	}
	return l.ahead.unknown == 0 && l.ahead.time < aheadTime && l.ahead.bytes < aheadBytes
}

// ahead is what a worker has still to do, as far as that can be told.
type ahead struct {
	time    time.Duration
	bytes   int
	unknown int // chunks of which nothing can be told
}

func (a *ahead) add(c *chunk) {
	if p := c.job.code.pace; p.known {
		c.guess = max(p.item*time.Duration(c.left), 1)
		a.time += c.guess
	} else {
		c.guess = 0
		a.unknown++
	}
	a.bytes += len(c.data)
	c.size = len(c.data)
}

func (a *ahead) remove(c *chunk) {
	if a.time -= c.guess; c.guess == 0 {
		a.unknown--
	}
	a.bytes -= c.size
}

// feed hands chunks to one worker, as many as it has room for.
func (s *state) feed(l *link) {
	waiting := len(l.flight) == 0
	for l.room() {
		c := s.next()
		if c == nil {
			break
		}
		l.send(c)
	}
	l.push(waiting)
	s.afterFeed(l)
}

// push sends what was put together for the worker; at once when it waits for that.
func (l *link) push(waiting bool) {
	if l.out != nil && len(l.flight) > 0 {
		l.out.Push(waiting)
	}
}

// feedAll hands chunks to all workers, in turns.
func (s *state) feedAll() {
	if s.threads {
		s.idle.Broadcast()
		s.hire()
		return
	}
	for more := true; more; {
		more = false
		for _, l := range s.links {
			if len(s.queue) == 0 {
				break
			}
			if l.room() {
				if c := s.next(); c != nil {
					waiting := len(l.flight) == 0
					if waiting {
						l.listen(c.job)
					}
					l.send(c)
					l.push(waiting)
					more = true
				}
			}
		}
	}
	for _, l := range s.links {
		s.afterFeed(l)
	}
	s.hire()
}

// afterFeed looks at a worker that may have nothing to do.
func (s *state) afterFeed(l *link) {
	if l.phase != linkReady || len(l.flight) > 0 {
		return
	}
	if s.config.maxTasks > 0 && l.taken >= s.config.maxTasks {
		l.leave()
		if (s.phase == phaseOpen || len(s.jobs) > 0) && s.config.idle == 0 && s.living() < s.size() {
			s.addLink()
		}
		return
	}
	s.restLater()
	s.stealLater()
}

// stealLater looks soon for chunks that wait behind a long task, when there may be some.
func (s *state) stealLater() {
	for _, l := range s.links {
		if len(l.flight) > 1 && !l.asked {
			if s.steal == nil {
				s.steal = time.AfterFunc(stealAfter, s.stealNow)
			} else {
				s.steal.Reset(stealAfter)
			}
			return
		}
	}
}

// stealNow calls back the chunks that workers have not begun, when another worker has nothing to do.
func (s *state) stealNow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	idle := false
	for _, l := range s.links {
		idle = idle || l.phase == linkReady && len(l.flight) == 0
	}
	if !idle || len(s.queue) > 0 {
		return
	}
	now := time.Now()
	for _, l := range s.links {
		if len(l.flight) > 1 && !l.asked && l.phase != linkGone && now.Sub(l.last) >= stealAfter {
			l.recall()
		}
	}
	s.stealLater()
}

// complete notes items that a worker has done.
func (s *state) complete(l *link, batch []completion) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.last = time.Now()
	for i := range batch {
		d := &batch[i]
		if d.c.job.single() {
			l.quick = l.last.Sub(s.total.Start)-d.c.sent < listenTime
		}
		d.c.job.meter.got += int64(d.size)
		s.total.Got += int64(d.size)
		s.itemsDone(d.c, d.item, d.n, d.err, d.took)
		l.items += d.n
		s.taskDone(l.id, d)
		if d.kill {
			l.end()
		}
		if d.c.left == 0 {
			l.landed(d.c)
		}
	}
	if l.phase == linkLeaving && len(l.flight) == 0 && s.phase == phaseOpen {
		return
	}
	s.feed(l)
	if len(l.flight) == 0 && l.phase == linkReady {
		s.workerChanged(l, "idle", "")
	}
}

// landed takes a chunk whose items are all done out of flight.
func (l *link) landed(c *chunk) {
	for i, x := range l.flight {
		if x == c {
			if i == 0 { // as a rule
				l.flight[0] = nil
				l.flight = l.flight[1:]
			} else {
				l.flight = slices.Delete(l.flight, i, i+1)
			}
			l.down(c)
			break
		}
	}
	if j := c.job; j.code != nil && c.n > 0 {
		j.code.pace.saw(c.spent / time.Duration(c.n))
	}
	if c.job.failed == 0 && (c.marks == nil || c.marks.asking == 0) {
		c.data = nil // nobody will ask for it again
		c.refer(nil)
	}
}

// down notes that a chunk is no longer in flight. A job that failed as a whole is ready when all of its chunks have come down.
func (l *link) down(c *chunk) {
	j := c.job
	l.ahead.remove(c)
	j.flying--
	if j.finished {
		l.drop(j)
		l.s.conclude(j)
	}
}

// misfitLimit is how many workers may end before they are ready, each started after the end of the one before, until the pool gives up. Those that
// were starting at the same time count once: what ends all processes of a program at a moment says nothing about the next ones.
const misfitLimit = 3

// deathLimit is how many workers may die with a chunk in flight that they have not begun.
const deathLimit = 3

// ended: the process of a worker has ended. What it ran fails, or runs again; what it had not begun runs elsewhere; another worker
// takes its place.
func (s *state) ended(l *link, status proc.Status, readErr error) {
	asked := l.phase == linkLeaving && !l.killed
	early := l.phase == linkStarting
	l.phase = linkGone
	if l.stall != nil {
		l.stall.Stop()
	}
	s.cpu += l.p.CPU()
	s.total.Sent += l.out.Bytes()
	flight := l.flight
	l.flight = nil
	l.lent = lent{}
	l.release(status.Signal != "" || status.Code != 0 || s.name == "" && !asked || s.name != "" && s.total.Failed > 0)
	lost := &WorkerLostError{Index: -1, Worker: l.name, PID: l.p.PID, Signal: status.Signal, ExitCode: status.Code, Output: l.tail.Lines(lastLines)}
	if l.full {
		lost.Limit = s.config.memory
	}
	if asked {
		s.workerChanged(l, "ended", "")
	} else {
		s.workerChanged(l, "ended", status.String())
	}
	id, item, running := l.p.Beacon.Running()
	if l.p.Beacon == nil {
		id, item, running = l.beganChunk, l.beganItem, l.began
	}
	var back []*chunk
	for _, c := range flight {
		l.down(c)
		if !l.killed {
			c.deaths++
		}
		switch {
		case c.job.finished:
		case running && c.id == id && 0 <= item && item < c.n && !c.isDone(item):
			if c.job == l.blamed {
				e := c.timedOut(item)
				e.Worker, e.PID, e.Stopped = l.name, l.p.PID, l.silent
				s.lose(c, item, e, lost)
			} else if !l.killed {
				s.lose(c, item, nil, lost)
			}
		case c.deaths >= deathLimit:
			for i := range c.n {
				if !c.isDone(i) {
					s.lose(c, i, nil, lost)
				}
			}
		}
		if c.left > 0 {
			back = append(back, c)
		}
	}
	s.unlink(l)
	if early && s.phase != phaseTerminated && s.broken == nil {
		if l.id > s.lastMisfit {
			s.misfits++
			s.lastMisfit = s.lastLink
		}
		if s.misfits >= misfitLimit || len(l.broadcasts) > 0 && !l.broadcasts[0].waits[l] {
			if len(l.broadcasts) > 0 {
				lost.Label = l.broadcasts[0].label
			}
			var err error = lost
			if readErr != nil && !errors.Is(readErr, errEOF) {
				err = readErr
			}
			s.breakLocked(&InitError{Worker: l.name, Err: err})
		}
	}
	s.lostBroadcasts(l, lost, running)
	s.requeue(back)
	if s.lastStatus = status; s.name != "" {
		if s.phase != phaseTerminated && len(s.jobs) > 0 {
			lost.Label, lost.Single = s.name, true
			s.breakLocked(lost)
		}
	} else if s.broken == nil && (s.phase == phaseOpen || s.phase == phaseClosed && len(s.jobs) > 0) && s.living() < s.size() && s.config.idle == 0 {
		s.addLink()
	}
	s.feedAll()
	s.settle()
}

// lastLines is how many lines of a worker's output its death report has.
const lastLines = 20

// lose ends an item whose worker died while it ran.
func (s *state) lose(c *chunk, item int, reason error, lost *WorkerLostError) {
	j := c.job
	err := reason
	if err == nil {
		e := *lost
		e.Label, e.Index, e.Single = j.opts.label, c.index(item), j.single()
		err = &e
	}
	s.itemDone(c, item, err, 0)
}

// living is how many workers there are that take chunks, now or soon.
func (s *state) living() int {
	n := 0
	for _, l := range s.links {
		if l.phase == linkStarting || l.phase == linkReady {
			n++
		}
	}
	return n
}

// unlink forgets a worker that has ended.
func (s *state) unlink(l *link) {
	s.links = slices.DeleteFunc(s.links, func(x *link) bool { return x == l })
	s.over.Signal()
}
