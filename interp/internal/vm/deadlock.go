package vm

import (
	"maps"
	"math"
	"slices"
	"sync/atomic"
	"time"
)

// Deadlocks are found in two steps. When every goroutine of the run is blocked
// where only another goroutine of the machine could wake it, the run is
// suspected. A while later all are woken to look again: if none got on, and
// nothing else could have changed that, it is a deadlock.
//
// A run that gave a function or a channel to compiled code which may use it
// later (a ticker, a server, a signal) is never suspected; one that set a timer
// is when that is over. Nor is one without a call: goroutines that a cell left
// waiting are there for later cells.
//
// Goroutines of other runs may share the run's channels. While one of them does
// not wait, or compiled code might wake it, there is no deadlock; when all of
// them have waited for a second, they are taken to wait for this run.
//
// What came from another process may wake goroutines of any run: a context with
// a deadline, see Machine.WakesAt. None is suspected before that is over.

// blocking is the state of this in a run; Run.mu guards it.
type blocking struct {
	blocked  int         // goroutines that wait now
	progress uint64      // counts the waits that ended well
	probing  bool        // a look is under way
	outside  atomic.Bool // compiled code may wake a goroutine later
	calls    int         // callbacks of compiled code under way, in goroutines of its own
	timers   timers
	later    bool   // suspectDeadlock is called when the timers are over
	seen     uint64 // waits.progress when others were looked at last
	quiet    int    // how often in a row they had not got on
}

// waits is what a machine knows about the waits of all its runs.
type waits struct {
	blocked  atomic.Int64 // in runs that are not over
	over     atomic.Int64 // goroutines of runs that are over: where compiled code holds them up, they wake nobody
	progress atomic.Uint64
	outside  atomic.Bool // some run reached out
	timers   timers
	given    timers // of what came from elsewhere: see Machine.WakesAt
}

// blockState is where a goroutine waits; Run.mu guards it.
type blockState struct {
	what string // "" when it does not wait
	wake chan struct{}
}

// timers is when the last of the timers fires that were set.
type timers struct{ last atomic.Int64 } // on the machine's clock, in nanoseconds

// set notes that one fires after d.
func (t *timers) set(m *Machine, d time.Duration) {
	at := int64(time.Since(m.made))
	if d = max(d, 0); at > math.MaxInt64-int64(d) {
		at = math.MaxInt64
	} else {
		at += int64(d)
	}
	for old := t.last.Load(); old < at && !t.last.CompareAndSwap(old, at); old = t.last.Load() {
	}
}

// left is how long to wait until all have fired, and what they wake has begun; 0 when they have.
func (t *timers) left(m *Machine) time.Duration {
	last := t.last.Load()
	if last == 0 {
		return 0
	}
	return max(time.Duration(last)-(time.Since(m.made)-timersBegin), 0)
}

const (
	// timersBegin is how long after its time a timer's function or receiver has surely begun.
	timersBegin = time.Second

	suspectAfter = 20 * time.Millisecond
	othersAfter  = 10 * suspectAfter // between looks at other runs
	othersQuiet  = 5                 // looks at others in a row that saw nothing happen
)

// block notes that g waits, and returns what wakes it for another reason.
func (r *Run) block(g *goroutine, what string) chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if g.blocked.what == "" {
		r.blocking.blocked++
		if r.reason == nil {
			r.m.waits.blocked.Add(1)
		}
	}
	g.blocked = blockState{what: what, wake: r.wake}
	r.suspectLocked()
	return r.wake
}

// unblock notes that g goes on: with what it waited for, or to look again.
func (r *Run) unblock(g *goroutine, progress bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if progress && r.goesOnLocked(g) {
		r.blocking.progress++
		r.m.waits.progress.Add(1)
	}
}

// goesOnLocked notes that g does not wait any more, and reports whether it did.
func (r *Run) goesOnLocked(g *goroutine) bool {
	if g.blocked.what == "" {
		return false
	}
	g.blocked = blockState{}
	r.blocking.blocked--
	if r.reason == nil {
		r.m.waits.blocked.Add(-1)
	}
	return true
}

func (r *Run) suspectDeadlock() {
	r.mu.Lock()
	r.suspectLocked()
	r.mu.Unlock()
}

func (r *Run) suspectLocked() {
	b := &r.blocking
	if r.calls == 0 || b.blocked == 0 || r.goesOnAnywhereLocked() || b.probing || r.reason != nil {
		return
	}
	if left := r.timersLeft(); left > 0 {
		if !b.later {
			b.later = true
			after(left, func() {
				r.mu.Lock()
				defer r.mu.Unlock()
				b.later = false
				r.suspectLocked()
			})
		}
		return
	}
	b.probing = true
	after(suspectAfter, r.probe)
}

// goesOnAnywhereLocked reports whether something of the run does not wait, or may go on without it.
func (r *Run) goesOnAnywhereLocked() bool {
	b := &r.blocking
	return b.blocked < r.count+b.calls || b.outside.Load()
}

// probe wakes the blocked goroutines and sees whether all block again.
func (r *Run) probe() {
	r.mu.Lock()
	b := &r.blocking
	if r.calls == 0 || r.goesOnAnywhereLocked() || r.reason != nil || r.timersLeft() > 0 {
		b.probing = false
		r.mu.Unlock()
		return
	}
	if r.othersMayActLocked() {
		b.probing = false
		r.mu.Unlock()
		after(othersAfter, r.suspectDeadlock)
		return
	}
	progress := b.progress
	old := r.wake
	r.wake = make(chan struct{})
	wake := r.wake
	close(old)
	r.mu.Unlock()
	var look func()
	tries := 0
	look = func() {
		r.mu.Lock()
		if b.progress != progress || r.goesOnAnywhereLocked() || r.reason != nil {
			b.probing = false
			r.suspectLocked()
			r.mu.Unlock()
			return
		}
		for g := range r.goroutines {
			if g.blocked.what != "" && g.blocked.wake != wake {
				r.mu.Unlock()
				if tries++; tries < 1000 {
					time.AfterFunc(suspectAfter, look) // it has not looked yet
				}
				return
			}
		}
		d := &Deadlock{}
		for _, g := range slices.SortedFunc(maps.Keys(r.goroutines), func(a, b *goroutine) int { return a.number - b.number }) {
			// they are parked, so their calls do not change
			d.Goroutines = append(d.Goroutines, Blocked{What: g.blocked.what, Stack: g.trace()})
		}
		b.probing = false
		r.mu.Unlock()
		r.end1(d)
	}
	time.AfterFunc(time.Millisecond, look)
}

// othersMayActLocked reports whether goroutines of other runs might wake those
// of r.
func (r *Run) othersMayActLocked() bool {
	b, w := &r.blocking, &r.m.waits
	others := r.m.live.Load() - w.over.Load() - int64(r.count)
	if others <= 0 {
		return false
	}
	if w.blocked.Load()-int64(b.blocked) < others || w.outside.Load() || w.timers.left(r.m) > 0 || w.progress.Load() != b.seen {
		b.seen, b.quiet = w.progress.Load(), 0
		return true
	}
	b.quiet++
	return b.quiet < othersQuiet
}

// WakesAt notes that a value from elsewhere may wake goroutines at that time: a context with a deadline.
func (m *Machine) WakesAt(at time.Time) { m.waits.given.set(m, time.Until(at)) }

// timersLeft is how long to wait until all timers that may wake a goroutine of the run have fired.
func (r *Run) timersLeft() time.Duration {
	return max(r.blocking.timers.left(r.m), r.m.waits.given.left(r.m))
}

// reachesOut notes that compiled code may act on the run's behalf later.
func (r *Run) reachesOut() {
	r.blocking.outside.Store(true)
	r.m.waits.outside.Store(true)
}

// reachesOutFor notes that compiled code may act on the run's behalf once, after d.
func (r *Run) reachesOutFor(d time.Duration) {
	r.blocking.timers.set(r.m, d)
	r.m.waits.timers.set(r.m, d)
}

// beginCallback and endCallback are around a callback in a goroutine of compiled code's own.
func (r *Run) beginCallback() {
	r.mu.Lock()
	r.blocking.calls++
	r.mu.Unlock()
}

func (r *Run) endCallback() {
	r.mu.Lock()
	r.blocking.calls--
	r.suspectLocked() // the others may have waited for it
	r.mu.Unlock()
}
