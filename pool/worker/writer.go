package worker

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"poolbook/pool/internal/proc"
)

const (
	// flushDelay is how long a result may wait for others that go out with it.
	flushDelay = 300 * time.Microsecond
	// flushSize is how much goes out at once.
	flushSize = 48 << 10
	// promptLines is how many pieces of output in a millisecond go out one by one; a flood is gathered.
	promptLines = 20
)

// writer writes frames to the pool. It is safe for concurrent use.
type writer struct {
	mu      sync.Mutex
	w       io.Writer
	box     *proc.Box // nil without a beacon
	buf     []byte
	run     run
	piped   bool // what is in the buffer must not go by the box
	armed   bool // the flusher was woken
	since   time.Time
	prompt  int // pieces of output since then
	wake    chan struct{}
	more    func() bool   // puts in what the executor has not yet, and reports whether to ask again
	ticks   atomic.Uint64 // how often the flusher has run
	stopped chan struct{}
	once    sync.Once
}

// newWriter starts the flusher; stop ends it. more is called on it before each flush.
func newWriter(w io.Writer, box *proc.Box, more func() bool) *writer {
	o := &writer{w: w, box: box, more: more, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	go o.flusher()
	return o
}

// put adds a frame with that body; tail is its rest.
func (o *writer) put(body func(proc.Body) proc.Body, kind proc.Kind, tail []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.endRun()
	b, start := proc.Begin(o.buf, kind)
	o.finish(body(b), start, tail)
}

// inOrder adds a frame with a number that the pool must read behind all before it: it goes by the pipe.
func (o *writer) inOrder(kind proc.Kind, n uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.endRun()
	o.piped = true
	b, start := proc.Begin(o.buf, kind)
	o.finish(proc.Body(b).Uint(n), start, nil)
}

// run is a Run frame at the end of the buffer that can still grow.
type run struct {
	open     bool
	start    int // of the frame in the buffer
	chunk    uint64
	first, n int
	took     uint64
}

// values adds the results of n items of a chunk to the run of those before them. data are the encoded values.
func (o *writer) values(chunk uint64, first, n int, took uint64, data []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := &o.run
	if !r.open || r.chunk != chunk || r.first+r.n != first {
		o.endRun()
		b, start := proc.Begin(o.buf, proc.Run)
		o.buf = append(b, make([]byte, proc.RunHead)...)
		*r = run{open: true, start: start, chunk: chunk, first: first}
		if !o.armed {
			o.armLocked()
		}
	}
	r.n += n
	r.took += took
	o.buf = append(o.buf, data...)
	if len(o.buf) >= flushSize {
		o.flushLocked()
	}
}

// endRun ends the frame that could grow.
func (o *writer) endRun() {
	r := &o.run
	if !r.open {
		return
	}
	r.open = false
	proc.PutRun(o.buf[r.start+proc.HeadLen:], r.chunk, r.first, r.n, r.took)
	proc.End(o.buf, r.start)
}

// result adds a Result frame.
func (o *writer) result(chunk, item, status, took uint64, tail []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.endRun()
	b, start := proc.Begin(o.buf, proc.Result)
	b = proc.Body(b).Uint(chunk).Uint(item).Uint(status).Uint(took)
	o.finish(b, start, tail)
}

// finish ends the frame that begins at start of b.
func (o *writer) finish(b []byte, start int, tail []byte) {
	if len(tail) > flushSize {
		b = proc.End(b, start)
		proc.Extend(b, start, len(tail))
		o.buf = b
		o.flushLocked()
		_, _ = o.w.Write(tail) // an error is seen by the reader, whose pipe ends too
		return
	}
	o.buf = proc.End(append(b, tail...), start)
	if len(o.buf) >= flushSize {
		o.flushLocked()
	} else if !o.armed {
		o.armLocked()
	}
}

// arm lets the flusher run in a while.
func (o *writer) arm() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.armed {
		o.armLocked()
	}
}

func (o *writer) armLocked() {
	o.armed = true
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// promptly reports whether a piece of output is to go out at once.
func (o *writer) promptly() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := time.Now(); now.Sub(o.since) > time.Millisecond {
		o.since, o.prompt = now, 0
	}
	o.prompt++
	return o.prompt <= promptLines
}

func (o *writer) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
}

func (o *writer) flushLocked() {
	o.endRun()
	if len(o.buf) == 0 {
		return
	}
	if first := o.box.Withdraw(); first != nil {
		o.buf = append(first, o.buf...)
	}
	_, _ = o.w.Write(o.buf)
	o.buf, o.piped = o.buf[:0], false
}

// finishUp is flush for an executor that has run all it has: what it leaves may go by the box, since nothing follows that could overtake it.
func (o *writer) finishUp() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.endRun()
	if len(o.buf) > 0 && !o.piped && o.box.Put(o.buf) {
		o.buf = o.buf[:0]
	}
	o.flushLocked()
}

// flusher writes what the executor leaves behind.
func (o *writer) flusher() {
	t := time.NewTimer(time.Hour)
	defer t.Stop()
	for {
		select {
		case <-o.wake:
		case <-o.stopped:
			return
		}
		t.Reset(flushDelay)
		select {
		case <-t.C:
		case <-o.stopped:
			return
		}
		o.ticks.Add(1)
		o.mu.Lock()
		o.armed = false // before the look: what begins after it arms anew
		o.mu.Unlock()
		again := o.more()
		o.mu.Lock()
		o.flushLocked()
		if again && !o.armed {
			o.armLocked()
		}
		o.mu.Unlock()
	}
}

// stop writes the rest and ends the flusher.
func (o *writer) stop() {
	o.flush()
	o.once.Do(func() { close(o.stopped) })
}

// stream is the standard output or error of the tasks.
type stream struct {
	w    *worker
	kind uint64 // 1 for standard error
}

// Write sends p to the cell that submitted the job.
func (s *stream) Write(p []byte) (int, error) {
	w := s.w
	job, item := w.tag()
	w.out.put(func(b proc.Body) proc.Body { return append(b.Uint(s.kind).Int(job).Int(item), p...) }, proc.Output, nil)
	if w.out.promptly() {
		w.out.flush()
	}
	return len(p), nil
}
