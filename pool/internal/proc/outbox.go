package proc

import (
	"io"
	"slices"
	"sync"
)

// direct is the size from which a piece is written from where it is, instead of being copied behind others.
const direct = 1 << 15

// Outbox writes frames to a pipe, or into a box when the reader looks there. Its methods never wait for the reader: what the pipe does not
// take at once a goroutine writes.
type Outbox struct {
	box     *Box // nil where there is none
	mu      sync.Mutex
	wake    sync.Cond
	try     func(p []byte) int // writes what the pipe takes at once; nil where that cannot be
	pieces  [][]byte           // what is to be written; the last one is open when own is set
	own     bool               // the last piece is the outbox's memory and can grow
	pushed  bool               // the goroutine is to write
	writing bool               // it does
	spare   []byte             // written piece to be used again
	bytes   int64              // put in so far
	closing bool
	err     error
	done    chan struct{}
}

// NewOutbox starts the goroutine that writes to w; Close ends it and closes w. box may be nil; it must stay until Done.
func NewOutbox(w io.WriteCloser, box *Box) *Outbox {
	o := &Outbox{box: box, done: make(chan struct{}), try: tryWriter(w)}
	o.wake.L = &o.mu
	go o.run(w)
	return o
}

// Put lets add append whole frames, to go out with the next Push. Large bodies may be given as tail, which is not copied and must not
// change.
func (o *Outbox) Put(add func(buf []byte) []byte, tail []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil || o.closing {
		return
	}
	if !o.own {
		o.pieces = append(o.pieces, o.spare[:0])
		o.spare, o.own = nil, true
	}
	last := &o.pieces[len(o.pieces)-1]
	before := len(*last)
	*last = add(*last)
	if len(tail) >= direct {
		o.pieces = append(o.pieces, tail)
		o.own = false
	} else {
		*last = append(*last, tail...)
	}
	o.bytes += int64(len(*last)-before) + int64(len(tail))
}

// Push sends what was put in. With now it is written in this call, as far as the pipe takes it at once: the reader is waiting for it.
// Otherwise the goroutine writes, together with what comes until it does.
func (o *Outbox) Push(now bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.pieces) == 0 || o.closing {
		return
	}
	if now && !o.writing && !o.pushed && len(o.pieces) == 1 && o.own && o.writeLocked() {
		return
	}
	o.pushed = true
	o.wake.Signal()
}

// writeLocked sends the only piece, which is the outbox's own. It reports false when some of it is left. mu is held.
func (o *Outbox) writeLocked() bool {
	p := o.pieces[0]
	if o.box.Put(p) {
		o.pieces[0] = p[:0]
		return true
	}
	if o.try == nil {
		return false
	}
	if first := o.box.Withdraw(); first != nil {
		p = append(first, p...)
	}
	n := o.try(p)
	o.box.Wrote(n)
	o.pieces[0] = p[n:]
	if n == len(p) {
		o.pieces[0] = p[:0]
	}
	return n == len(p)
}

// Bytes is how much was put in so far.
func (o *Outbox) Bytes() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes
}

// Close lets the goroutine write what is there and close the pipe; it does not wait for that: see Done.
func (o *Outbox) Close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closing, o.pushed = true, o.pushed || len(o.pieces) > 0
	o.wake.Signal()
}

// Done is closed when the goroutine has ended. A write to a reader that is stuck ends when the reader's process ends.
func (o *Outbox) Done() <-chan struct{} { return o.done }

func (o *Outbox) run(w io.WriteCloser) {
	defer close(o.done)
	defer w.Close()
	var work [][]byte
	for {
		o.mu.Lock()
		o.writing = false
		for !o.pushed && !o.closing {
			o.wake.Wait()
		}
		if !o.pushed {
			o.mu.Unlock()
			return
		}
		o.pushed, o.writing = false, true
		work, o.pieces = o.pieces, work[:0]
		own := o.own
		o.own = false
		first := o.box.Withdraw()
		o.mu.Unlock()
		if first != nil {
			work = slices.Insert(work, 0, first)
		}
		for i, p := range work {
			if len(p) > 0 {
				n, err := w.Write(p)
				if o.box.Wrote(n); err != nil {
					o.mu.Lock()
					o.err = err
					o.pieces = nil
					o.mu.Unlock()
					return
				}
			}
			if own && i == len(work)-1 && cap(p) <= 1<<20 {
				o.mu.Lock()
				o.spare = p
				o.mu.Unlock()
			}
			work[i] = nil
		}
	}
}
