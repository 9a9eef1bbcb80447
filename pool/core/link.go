package core

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"poolbook/pool/internal/proc"
)

// Version of the frames between pool and worker; both come from one program as a rule.
const Version = 3

// link is a worker process as its pool sees it.
type link struct {
	s      *state
	id     int
	name   string
	tail   proc.Tail // the end of its output
	holder holder    // what it holds of shared objects

	// Guarded by s.mu.
	p             *proc.Process // nil until started
	out           *proc.Outbox
	phase         linkPhase
	killed        bool          // the pool ends it, for the sake of a job: what it ran of other jobs runs elsewhere
	flight        []*chunk      // sent and not done, in order
	ahead         ahead         // what flight amounts to
	stall         *time.Timer   // looks whether it keeps the limits of its tasks; nil until there is one
	watched       bool          // stall is running
	full          bool          // it ends because it holds more memory than its limit
	silent        time.Duration // how long it had not been heard of when stall ended it, because of the limit of a task of blamed
	blamed        *Job
	jobs          map[int64]*Job // set up in it
	units         map[string]uint64
	blobs         map[[2]uint64]*sentBlob
	blobNum       uint64
	functions     int          // how many of s.functions it has
	broadcasts    []*broadcast // sent and not done, in order
	lastBroadcast int64        // the last of s.broadcasts that was sent
	index         int          // see WorkerIndex; it does not change
	held          int64        // bytes of blobs it holds
	taken         int          // chunks ever sent
	items         int          // items done
	last          time.Time
	asked         bool // Recall is under way
	started       time.Time
	where         *Job      // whose output it is, when it runs nothing
	told          time.Time // when its state was told last
	stale         bool      // it has changed since
	note          note      // what one of its tasks has told last
	lent          lent      // shared objects that it has

	quick   bool          // its last answer to a waiting caller came soon
	hearing chan struct{} // closed when the caller that listens for its answer is through; nil: none does

	began      bool // without a beacon: it runs beganItem of beganChunk
	beganChunk uint64
	beganItem  int
}

type sentBlob struct {
	num  uint64
	size int64
	used time.Time
}

// note is what a task has told of itself.
type note struct {
	chunk uint64
	index int // of the item
	TaskReport
}

type linkPhase int

const (
	linkStarting linkPhase = iota
	linkReady
	linkLeaving // told to stop, or killed
	linkGone
)

// blobLimit is how many bytes of large variables a worker keeps.
const blobLimit = 256 << 20

// addLink starts another worker.
func (s *state) addLink() {
	s.lastLink++
	l := &link{s: s, id: s.lastLink, index: s.freeIndex(), jobs: map[int64]*Job{}, units: map[string]uint64{}, blobs: map[[2]uint64]*sentBlob{}, started: time.Now()}
	if l.name = s.name; l.name == "" {
		l.name = workerName(s.host.procNumber())
	}
	l.holder.gone = make(chan struct{})
	s.links = append(s.links, l)
	s.wg.Add(1)
	go l.run()
}

// run is the goroutine of a worker process, from its start to its end.
func (l *link) run() {
	s := l.s
	defer s.wg.Done()
	p, out, err := s.spawn()
	if err != nil {
		s.mu.Lock()
		l.phase = linkGone
		s.breakLocked(&InitError{Worker: l.name, Err: err})
		s.unlink(l)
		if s.name != "" {
			close(s.spawned)
		}
		s.mu.Unlock()
		return
	}
	s.mu.Lock()
	l.p = p
	s.lastPID = p.PID
	if s.name != "" {
		close(s.spawned)
	}
	l.out = out
	if l.phase == linkLeaving {
		p.Kill() // terminated in the meantime
	}
	l.out.Put(func(b []byte) []byte {
		return frame(b, proc.Name, func(b proc.Body) proc.Body { return b.String(l.name).Uint(uint64(l.index)) })
	}, nil)
	if limit := s.config.memory; limit > 0 {
		l.out.Put(func(b []byte) []byte {
			return frame(b, proc.Limit, func(b proc.Body) proc.Body { return b.Uint(uint64(limit)) })
		}, nil)
	}
	l.out.Push(true)
	s.workerChanged(l, "starting", "")
	s.mu.Unlock()

	raw := make(chan struct{}, 2)
	go l.readRaw(p.Stdout, false, raw)
	go l.readRaw(p.Stderr, true, raw)
	err = l.read(p)
	if !errors.Is(err, io.EOF) {
		p.Kill() // what it says makes no sense
	}
	// A worker that has closed its pipe and does not end is of no use.
	select {
	case <-p.Exited():
	case <-time.After(endGrace):
		p.Kill()
		<-p.Exited()
	}
	// Its last words: a process that it has started may hold the other end open for ever.
	limit := time.NewTimer(rawGrace)
	defer limit.Stop()
	for range 2 {
		select {
		case <-raw:
			continue
		case <-limit.C:
			p.CloseOutput()
			<-raw
		}
	}
	l.heardOut()
	s.mu.Lock()
	s.ended(l, p.Status(), err)
	s.mu.Unlock()
	l.heardOut()
	out.Close()
	p.Kill()
	<-out.Done()
	p.Close()
}

const (
	// endGrace is how long a worker may take to end after it has closed its pipe.
	endGrace = 5 * time.Second
	// rawGrace is how long the rest of a worker's output may take after its end.
	rawGrace = 300 * time.Millisecond
)

// spawn starts the process of a worker, or takes one that was started ahead.
func (s *state) spawn() (*proc.Process, *proc.Outbox, error) {
	cmd, err := s.host.Spawn()
	if err != nil {
		return nil, nil, fmt.Errorf("make the command of a worker: %w", err)
	}
	var ahead *spare
	switch s.config.start {
	case startAny:
		ahead = s.host.takeSpare(0, placeOf(cmd))
	case startAhead:
		ahead = s.host.takeSpare(s.size(), placeOf(cmd))
	}
	if ahead != nil {
		if <-ahead.started; ahead.err == nil {
			return ahead.p, ahead.out, nil
		}
	}
	p, err := s.starter.Start(cmd)
	if err != nil {
		return nil, nil, err
	}
	out := p.Outbox()
	greet(out, 0)
	return p, out, nil
}

func workerName(n int) string { return fmt.Sprintf("PoolWorker-%d", n) }

// frame appends a frame with that body.
func frame(buf []byte, k proc.Kind, body func(proc.Body) proc.Body) []byte {
	buf, start := proc.Begin(buf, k)
	return proc.End(body(buf), start)
}

// readRaw passes on what the process writes to its own standard files.
func (l *link) readRaw(r io.Reader, stderr bool, done chan<- struct{}) {
	defer func() { done <- struct{}{} }()
	if r == nil {
		return
	}
	var crash *proc.Crash
	if stderr && os.Getenv("GOTRACEBACK") == "" {
		crash = &proc.Crash{}
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		_, _ = l.tail.Write(buf[:n])
		text := buf[:n]
		if crash != nil {
			if text = crash.Filter(text); err != nil {
				text = append(text, crash.Rest()...)
			}
		}
		if len(text) > 0 {
			l.s.mu.Lock()
			j, item := l.where, -1
			if len(l.flight) > 0 {
				j = l.flight[0].job
			}
			if l.p != nil {
				if id, i, ok := l.p.Beacon.Running(); ok {
					if c := l.find(id); c != nil && 0 <= i && i < c.n {
						j, item = c.job, c.index(i)
					}
				}
			}
			l.s.mu.Unlock()
			l.show(j, item, stderr, text)
		}
		if err != nil {
			return
		}
	}
}

// output passes on what a task wrote, to the cell that submitted its job.
func (l *link) output(j *Job, item int, stderr bool, p []byte) {
	_, _ = l.tail.Write(p)
	l.show(j, item, stderr, p)
}

// show is output of what the tail has already, or need not have.
func (l *link) show(j *Job, item int, stderr bool, p []byte) {
	o := l.s.origin
	if j != nil {
		o = j.o
		if j.single() {
			item = -1
		}
	}
	o.write(l.name, item, stderr, p)
}

// find finds a chunk in flight.
func (l *link) find(id uint64) *chunk {
	for _, c := range l.flight {
		if c.id == id {
			return c
		}
	}
	return nil
}

// completion is one item that is done.
type completion struct {
	c    *chunk
	item int
	n    int // that many, from item on; 1 with an error
	err  error
	took time.Duration
	size int  // bytes of its result
	kill bool // the worker must be replaced
}

// ready: the worker can take chunks. mu is held.
func (s *state) ready(l *link) {
	l.phase = linkReady
	s.misfits = 0
	l.last = time.Now()
	s.workerChanged(l, "idle", "")
	if s.phase == phaseClosed && len(s.jobs) == 0 {
		l.leave()
		return
	}
	s.feed(l)
}

// putCode sends the unit and the large variables that the worker does not have.
func (l *link) putCode(c *code) {
	l.putFunctions()
	l.putUnit(c.unit)
	now := time.Now()
	for _, x := range c.blobs {
		if have, ok := l.blobs[x.key]; ok {
			have.used = now
			continue
		}
		l.blobNum++
		l.blobs[x.key] = &sentBlob{num: l.blobNum, size: int64(len(x.data)), used: now}
		l.held += int64(len(x.data))
		l.out.Put(func(b []byte) []byte {
			head := proc.Body(nil).Uint(x.key[0]).Uint(x.key[1])
			return append(proc.AppendHead(b, proc.Blob, len(head)+len(x.data)), head...)
		}, x.data)
	}
	if l.s.config.memory == 0 {
		l.forget(blobLimit, now)
	}
}

// forgetMost has a worker with a limit of memory forget large variables: that is for its tasks, and what later calls want is sent again.
func (l *link) forgetMost() {
	if limit := l.s.config.memory; limit > 0 {
		l.forget(min(limit/keptPart, blobLimit), time.Time{})
	}
}

// keptPart is the part of its limit of memory that a worker may keep large variables in.
const keptPart = 16

// forget has the worker forget large variables, those first that were used longest ago, until what it keeps is limit bytes or less; those used at
// the time keep, which are about to be set, stay.
func (l *link) forget(limit int64, keep time.Time) {
	for l.held > limit {
		var oldest [2]uint64
		var found *sentBlob
		for k, x := range l.blobs {
			if x.used != keep && (found == nil || x.used.Before(found.used)) {
				oldest, found = k, x
			}
		}
		if found == nil {
			return
		}
		delete(l.blobs, oldest)
		l.held -= found.size
		l.out.Put(func(b []byte) []byte {
			return frame(b, proc.Forget, func(b proc.Body) proc.Body { return b.Uint(oldest[0]).Uint(oldest[1]) })
		}, nil)
	}
}

// send hands a chunk to the worker.
func (l *link) send(c *chunk) {
	j := c.job
	if _, ok := l.jobs[j.id]; !ok {
		l.jobs[j.id] = j
		if len(l.flight) == 0 {
			l.tail.Reset() // what earlier jobs wrote says nothing of this one's end
		}
		l.putCode(j.code)
		unit := l.units[j.code.unit.Hash]
		l.out.Put(func(b []byte) []byte {
			return frame(b, proc.Setup, func(b proc.Body) proc.Body { return j.setupBody(b, unit) })
		}, nil)
		l.forgetMost()
	}
	l.putFunctions()
	if len(l.flight) == 0 {
		l.last = time.Now()
		l.s.workerChanged(l, "busy", "")
	}
	c.sent = l.last.Sub(l.s.total.Start)
	l.ahead.add(c)
	j.flying++
	l.flight = append(l.flight, c)
	l.watch(j.opts.timeout)
	l.taken++
	j.meter.sent += int64(len(c.data))
	j.meter.chunks++
	j.meter.chunk = max(j.meter.chunk, c.n)
	l.s.total.Chunks++
	l.where = j
	l.out.Put(func(b []byte) []byte {
		b, start := proc.Begin(b, proc.Chunk)
		b = c.chunkHead(b)
		b = proc.End(b, start)
		proc.Extend(b, start, len(c.data))
		return b
	}, c.data)
}

// returned: the worker gives chunks back that it has not begun.
func (s *state) returned(l *link, ids []uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.asked = false
	var back []*chunk
	for _, id := range ids {
		for i, c := range l.flight {
			if c.id == id {
				l.flight = slices.Delete(l.flight, i, i+1)
				l.down(c)
				back = append(back, c)
				break
			}
		}
	}
	if s.draining {
		s.abandonChunks(back)
	} else {
		s.requeue(back)
	}
	s.feedAll()
}
