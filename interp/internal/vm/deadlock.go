package vm

import (
	"maps"
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
// later (a timer, a server, a signal) is never suspected, nor is one while
// other runs have goroutines, which may share its channels.

// blocking is the state of this in a run; Run.mu guards it.
type blocking struct {
	blocked  int         // goroutines that wait now
	progress uint64      // counts the waits that ended well
	probing  bool        // a look is under way
	timer    *time.Timer // until the next one
	outside  atomic.Bool // compiled code may wake a goroutine later
}

// blockState is where a goroutine waits; Run.mu guards it.
type blockState struct {
	what string // "" when it does not wait
	wake chan struct{}
}

const suspectAfter = 20 * time.Millisecond

// block notes that g waits, and returns what wakes it for another reason.
func (r *Run) block(g *goroutine, what string) chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if g.blocked.what == "" {
		r.blocking.blocked++
	}
	g.blocked = blockState{what: what, wake: r.wake}
	r.suspectLocked()
	return r.wake
}

// unblock notes that g goes on: with what it waited for, or to look again.
func (r *Run) unblock(g *goroutine, progress bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if g.blocked.what == "" {
		return
	}
	if progress {
		g.blocked = blockState{}
		r.blocking.blocked--
		r.blocking.progress++
	}
}

func (r *Run) suspectDeadlock() {
	r.mu.Lock()
	r.suspectLocked()
	r.mu.Unlock()
}

func (r *Run) suspectLocked() {
	b := &r.blocking
	if b.blocked == 0 || b.blocked < r.count || b.probing || b.outside.Load() || r.reason != nil {
		return
	}
	b.probing = true
	b.timer = time.AfterFunc(suspectAfter, r.probe)
}

// probe wakes the blocked goroutines and sees whether all block again.
func (r *Run) probe() {
	r.mu.Lock()
	b := &r.blocking
	if b.blocked < r.count || r.reason != nil || b.outside.Load() || r.m.live.Load() > int64(r.count) {
		b.probing = false
		again := b.blocked > 0 && b.blocked == r.count && r.reason == nil && !b.outside.Load()
		r.mu.Unlock()
		if again { // other runs are alive
			time.AfterFunc(10*suspectAfter, r.suspectDeadlock)
		}
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
		if b.progress != progress || b.blocked < r.count || r.reason != nil {
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

// reachesOut notes that compiled code may act on the run's behalf later.
func (r *Run) reachesOut() { r.blocking.outside.Store(true) }
