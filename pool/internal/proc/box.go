package proc

import (
	"sync/atomic"
	"time"
)

// Box carries one message at a time through memory that two processes share, to a listener that expects it within microseconds and looks
// for it again and again. A pipe would take longer to wake the listener than a short task takes to run.
//
// The pipe beside it has what the box does not: the listener opens the box while it looks, and what is sent while it is not open goes by
// the pipe. Before the sender writes to the pipe it takes back what it has put into the box, to write that first, so that the order
// stays. A sender that dies, whenever it does, leaves the box without a message, or with a whole one.
//
// nil is a box that is never open.
type Box struct {
	head *boxHead
	data []byte
}

// boxHead is what a box begins with. Each side changes the state by compare-and-swap: the listener from closed to open, back, and from full
// to closed; the sender from open to full, and from either to closed.
type boxHead struct {
	state atomic.Uint32
	size  atomic.Uint32 // of the message
	piped atomic.Uint64 // bytes that the sender has written to its pipe, as far as it has said so
}

const (
	boxClosed = iota
	boxOpen
	boxFull
)

// boxHeadSize is a cache line, so that the message has its own.
const boxHeadSize = 64

// Open lets the sender put a message in. It is the listener's, as Listen, Take and Piped are.
func (b *Box) Open() { b.head.state.CompareAndSwap(boxClosed, boxOpen) }

// Listen waits for a message in the open box, until d is over or leave says so, which it does when there is something better to do. It reports
// whether there is one, for Take; without one the box is closed again.
func (b *Box) Listen(d time.Duration, leave func() bool) bool {
	var start time.Time
	for n := 1; ; n++ {
		switch b.head.state.Load() {
		case boxFull:
			return true
		case boxClosed: // the sender uses its pipe
			return false
		}
		if n%listenLooks != 0 {
			continue
		}
		now := time.Now()
		if start.IsZero() {
			start = now
		}
		if leave() || now.Sub(start) > d {
			return !b.head.state.CompareAndSwap(boxOpen, boxClosed) && b.head.state.Load() == boxFull
		}
		yieldThread() // the sender may be waiting for this very processor
	}
}

// listenLooks is how often a listener looks until it looks at the clock too, and lets others run.
const listenLooks = 200

// Take takes the message; nil when there is none. It is valid until the next Open.
func (b *Box) Take() []byte {
	if !b.head.state.CompareAndSwap(boxFull, boxClosed) {
		return nil
	}
	return b.data[:min(int(b.head.size.Load()), len(b.data))]
}

// Piped is how much the sender has written to its pipe at least.
func (b *Box) Piped() uint64 { return b.head.piped.Load() }

// Put puts a message into the open box. It reports false when the message must go by the pipe. It is the sender's, as Withdraw and
// Wrote are.
func (b *Box) Put(p []byte) bool {
	if b == nil || len(p) > len(b.data) || b.head.state.Load() != boxOpen {
		return false
	}
	copy(b.data, p)
	b.head.size.Store(uint32(len(p)))
	return b.head.state.CompareAndSwap(boxOpen, boxFull)
}

// Withdraw closes the box before something is written to the pipe. It returns a message that the listener has not taken: it goes first.
func (b *Box) Withdraw() []byte {
	if b == nil || b.head.state.CompareAndSwap(boxOpen, boxClosed) || !b.head.state.CompareAndSwap(boxFull, boxClosed) {
		return nil
	}
	return append([]byte(nil), b.data[:min(int(b.head.size.Load()), len(b.data))]...)
}

// Wrote tells the listener that n bytes were written to the pipe.
func (b *Box) Wrote(n int) {
	if b != nil {
		b.head.piped.Add(uint64(n))
	}
}
