package vm

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
	_ "unsafe" // for linkname
)

// A bubble of package testing/synctest has a clock of its own, which goes on when
// all its goroutines wait for one another. Channels and timers that are made in a
// bubble belong to it, and to use them elsewhere ends the process. So
//
//   - in a bubble, goroutines wait without the channel that wakes them when their
//     run is stopped. That one is made outside, so that the bubble would never be
//     idle; and whoever waits for the bubble alone does not wait for long: the
//     clock goes on, or it is a deadlock, which the bubble panics with;
//   - methods of package sync are the real ones there;
//   - the machine's own timers and channels are made outside, and so is what cells
//     print, since writers may make some.

//go:linkname nanotime runtime.nanotime
func nanotime() int64

var (
	// bubbles says that some program has got hold of testing/synctest.
	bubbles atomic.Bool

	// clock is one moment on the clock of time.Now and on the system's.
	clock = struct {
		at    time.Time
		nanos int64
	}{time.Now(), nanotime()}
)

// inBubble reports whether the running goroutine is in a bubble. There is no function
// that tells, but a bubble's clock begins with the year 2000.
func inBubble() bool {
	if !bubbles.Load() {
		return false
	}
	differ := time.Since(clock.at) - time.Duration(nanotime()-clock.nanos)
	return differ.Abs() > time.Hour
}

// InBubble reports whether the caller is in a bubble of testing/synctest.
func InBubble() bool { return inBubble() }

// outside has functions called that are not to run in a bubble, by a goroutine that
// is there from the first use of testing/synctest to the end of the process.
var outside struct {
	sync.Mutex
	list []func()
	more chan struct{}
}

// expectBubbles is called before there are any.
var expectBubbles = sync.OnceFunc(func() {
	outside.more = make(chan struct{}, 1)
	go func() {
		for range outside.more {
			outside.Lock()
			list := outside.list
			outside.list = nil
			outside.Unlock()
			for _, f := range list {
				f()
			}
		}
	}()
	bubbles.Store(true)
})

// runOutside calls f, which does not block, in another goroutine when this one is in a bubble.
func runOutside(f func()) {
	if !inBubble() {
		f()
		return
	}
	outside.Lock()
	outside.list = append(outside.list, f)
	outside.Unlock()
	select {
	case outside.more <- struct{}{}:
	default:
	}
}

// CallOutside calls f where no bubble is, and waits for its end: what f makes may be used elsewhere.
func CallOutside(f func()) { callOutside(f) }

// callOutside is runOutside and waits for the end of f.
func callOutside(f func()) {
	if !inBubble() {
		f()
		return
	}
	var done sync.Mutex // bubbles do not own these
	done.Lock()
	runOutside(func() {
		go func() {
			defer done.Unlock()
			f()
		}()
	})
	done.Lock()
}

// after calls f after d by the system's clock.
func after(d time.Duration, f func()) {
	runOutside(func() { time.AfterFunc(d, f) })
}

// outsideWriter writes outside.
type outsideWriter struct{ w io.Writer }

func (o outsideWriter) Write(p []byte) (n int, err error) {
	if !inBubble() {
		return o.w.Write(p)
	}
	callOutside(func() { n, err = o.w.Write(p) })
	return n, err
}
