package vm

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
	"time"
)

// The runtime ends the process when the system has no memory left, and a machine
// without swap stands still before that. So a machine may have a limit. Large
// allocations of interpreted code ask first; what small ones add up to is looked
// at while something runs. Passing the limit ends the runs with a *Fatal: first
// those that are called at the moment, then, if that did not help, the others.
//
// What counts is what the collector finds in use. As long as it has not looked
// lately, garbage gets some room beyond the limit (see garbage, tooMuch).
//
// A run that begins when the limit is passed already, or nearly, gets some room
// beyond, too: the cell that gives memory back must be able to run.
//
// The limit is of this process; other programs have memory as well. So what the
// machine, or the container, still has is looked at too, and less than a reserve of
// it is as if the limit was passed, before everything on the machine stands still.
// Compiled code cannot be stopped. When it goes on taking what there is, the process
// ends itself: better this one than another that the system would choose.

// memory is the limit of a machine.
type memory struct {
	limit     int64                               // bytes of heap and stacks; 0: none
	available func() (free, total int64, ok bool) // see Config.AvailableMemory
	exhausted func(message string)

	mu         sync.Mutex
	watching   bool
	collecting bool
	freed      time.Time // when garbage was given back to the system last because it had none left
	ended      time.Time // when runs were ended last; of the goroutine that looks
	endedIn    uint64    // how many collections there were by then
	given      int64     // what was in use when a compiled function that nobody waits for was met; 0: there is none
}

const (
	// largeAlloc is the size from which on an allocation asks for room.
	largeAlloc = 1 << 20
	// lookEvery is how often the memory is looked at. Some 50 MB are made in that time.
	lookEvery = 25 * time.Millisecond
	// leastUse is what a process may have whatever the machine has left.
	leastUse = 128 << 20
	// availableFrom is the use from which on the machine is asked what it has left.
	availableFrom = 64 << 20
	// releaseAfter is how long the goroutines of a run may take to end before other runs are ended too.
	releaseAfter = time.Second
)

// manyGoroutines is how many are worth to be mentioned where memory is out.
const manyGoroutines = 10_000

// usage is what the runtime says of heap and stacks, in bytes.
type usage struct {
	used   int64 // garbage that was not swept included
	live   int64 // what the last collection found in use, and the stacks
	cycles uint64
}

func (*memory) usage() usage {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(s)
	stacks := int64(s[2].Value.Uint64())
	return usage{used: int64(s[0].Value.Uint64()) + stacks, live: int64(s[1].Value.Uint64()) + stacks, cycles: s[3].Value.Uint64()}
}

// left is how many bytes the machine has left beyond the reserve; ok is false where that does not matter or is not known.
func (m *memory) left(now usage) (left, reserve int64, ok bool) {
	if m.available == nil || now.used < availableFrom {
		return 0, 0, false
	}
	free, total, ok := m.available()
	reserve = min(max(total/20, 64<<20), 1<<30)
	return free - reserve, reserve, ok
}

// budget is what a run may use.
type budget struct {
	bytes  int64
	least  int64  // what it may use when the machine has nothing left
	cycles uint64 // collections before it
}

// budget is for a run that begins now.
func (m *memory) budget() budget {
	if m.limit <= 0 {
		return budget{bytes: math.MaxInt64}
	}
	now := m.usage()
	if left, _, ok := m.left(now); ok && left < 0 || now.live > m.limit/8*7 {
		debug.FreeOSMemory() // what earlier runs gave up gives this one no room beyond
		now = m.usage()
	}
	return budget{max(m.limit, now.live+m.limit/8), max(now.live+leastUse/2, leastUse), now.cycles}
}

// garbage is how much of it there may be beyond the limit before the collector
// is called, tooMuch how much more than that at any time.
func (m *memory) garbage() int64 { return m.limit / 5 }
func (m *memory) tooMuch() int64 { return m.limit / 10 }

// within is what a run may have in use where the machine has so much left.
func (b budget) within(now usage, left int64) int64 {
	return min(b.bytes, max(now.used+left, b.least))
}

// passed reports whether a run has used more than its budget, or than there is.
func (m *memory) passed(now usage, b budget, left int64) bool {
	if now.used > b.within(now, left) && left < 0 {
		return true
	}
	if now.used > b.bytes+m.garbage()+m.tooMuch() {
		return true
	}
	// Of two collections that ended since the run began, the second looked at what it did.
	// It takes everything for data that was made while it looked.
	return now.live > b.bytes+m.tooMuch() && now.cycles >= b.cycles+2
}

// watchMemory looks after the memory as long as goroutines run.
func (m *Machine) watchMemory() {
	mem := &m.memory
	if mem.limit <= 0 {
		return
	}
	mem.mu.Lock()
	defer mem.mu.Unlock()
	if !mem.watching {
		mem.watching = true
		after(lookEvery, m.lookAtMemory)
	}
}

func (m *Machine) lookAtMemory() {
	mem := &m.memory
	now := mem.usage()
	left, reserve, known := mem.left(now)
	if !known {
		left = mem.limit
	}
	if now.used > mem.limit || left < 0 {
		m.outOfMemory(now, left)
		m.lookAtAbandoned(now)
	}
	// Of two collections since then, the second has found what those runs left.
	if known && left < -reserve*3/4 && !mem.ended.IsZero() && time.Since(mem.ended) > releaseAfter && now.cycles >= mem.endedIn+2 {
		mem.giveUp(now)
	}
	mem.mu.Lock()
	defer mem.mu.Unlock()
	if short := left < 0 && time.Since(mem.freed) > time.Second; !mem.collecting && (short || now.used > mem.limit+mem.garbage() || now.live > mem.limit) {
		mem.collecting = true
		time.AfterFunc(0, func() { // it may take seconds
			if short {
				debug.FreeOSMemory()
			} else {
				runtime.GC()
			}
			mem.mu.Lock()
			mem.collecting = false
			if short {
				mem.freed = time.Now()
			}
			mem.mu.Unlock()
		})
	}
	if m.live.Load() > 0 {
		time.AfterFunc(lookEvery, m.lookAtMemory)
		return
	}
	mem.watching = false
}

// outOfMemory ends the runs that passed their budgets: those that are called, or all when none is.
func (m *Machine) outOfMemory(now usage, left int64) {
	mem := &m.memory
	if time.Since(mem.ended) < releaseAfter {
		return
	}
	var called, others []*Run
	m.running.Range(func(_, v any) bool {
		r := v.(*goroutine).runOf.Load()
		if r == nil || !mem.passed(now, r.budget, left) || slices.Contains(called, r) || slices.Contains(others, r) || r.stopReason() != nil {
			return true
		}
		r.mu.Lock()
		if r.calls > 0 {
			called = append(called, r)
		} else {
			others = append(others, r)
		}
		r.mu.Unlock()
		return true
	})
	if len(called) == 0 {
		called = others
	}
	if len(called) == 0 {
		return
	}
	// On a busy machine a collection may take so long that garbage made meanwhile,
	// which it takes for data, is more than the limit: the last word has one that
	// nobody disturbs.
	for _, r := range called {
		r.pause()
		defer r.resume()
	}
	if left < 0 {
		debug.FreeOSMemory()
	} else {
		runtime.GC()
	}
	now = mem.usage()
	left, _, known := mem.left(now)
	if !known {
		left = mem.limit
	}
	for _, r := range called {
		if now.live <= r.budget.bytes && (left >= 0 || now.live <= r.budget.within(now, left)) {
			continue
		}
		mem.ended, mem.endedIn = time.Now(), now.cycles
		if now.live <= r.budget.bytes {
			r.end1(&Fatal{Message: fmt.Sprintf("out of memory: the data in memory takes %s, and there is hardly any left on this machine, or in this container", size(now.live))})
			continue
		}
		text := fmt.Sprintf("out of memory: the data in memory takes %s, and the limit is %s", size(max(now.live, min(now.used, r.budget.bytes))), size(mem.limit))
		if n := m.live.Load(); n >= manyGoroutines {
			text += fmt.Sprintf("; there are %d goroutines, each with memory of its own", n)
		}
		r.end1(&Fatal{Message: text})
	}
}

// lookAtAbandoned gives the process up when a compiled function that nobody waits for any more goes on and fills the memory: one that waits
// for something keeps what it has, and takes no more. Nothing can stop it,
// and the collector may have to wait for it, so that there is none here: it is for what is far beyond the limit, before the machine has none left.
func (m *Machine) lookAtAbandoned(now usage) {
	mem := &m.memory
	if mem.exhausted == nil || now.used < mem.limit+mem.limit/4 {
		mem.given = 0
		return
	}
	var abandoned *goroutine
	others := false
	m.running.Range(func(_, v any) bool {
		g := v.(*goroutine)
		r := g.runOf.Load()
		switch {
		case r == nil:
		case r.stopReason() == nil:
			others = true // they are ended first
		case abandoned == nil && r.abandoned():
			abandoned = g
		}
		return true
	})
	if abandoned == nil {
		mem.given = 0
		return
	}
	if mem.given == 0 || now.used < mem.given { // or the collector has freed some
		mem.given = now.used
	}
	if now.used < mem.given+mem.limit/8 || others && now.used < mem.limit/2*3 {
		return
	}
	text := fmt.Sprintf("out of memory: a compiled function that a cell called before it was ended goes on, and nothing stops it; the data in memory takes %s, and the limit is %s",
		size(now.used), size(mem.limit))
	if r := abandoned.runOf.Load(); r != nil {
		fmt.Fprintln(r.Stderr(), "fatal error:", text)
	}
	mem.exhausted(text)
}

// giveUp ends the process.
func (m *memory) giveUp(now usage) {
	if free, _, ok := m.available(); !ok || now.used < free {
		return // somebody else has it
	}
	text := fmt.Sprintf("out of memory: this process takes %s, the machine has hardly any left, and what takes it cannot be stopped", size(now.used))
	if m.exhausted != nil {
		m.exhausted(text)
		return
	}
	fmt.Fprintln(os.Stderr, "poolbook:", text)
	os.Exit(exitOutOfMemory)
}

// exitOutOfMemory is the exit code of a process that the system has killed.
const exitOutOfMemory = 128 + 9

// room ends the run when an allocation of n bytes would pass the limit. The
// runtime's own limit, with its panic, is beyond any number that matters here.
func (g *goroutine) room(n int64) {
	if n < largeAlloc || g.m.memory.limit <= 0 {
		return
	}
	if why := g.m.memory.refuses(n, g.run.budget); why != "" {
		g.fatal(&Fatal{Message: why})
	}
}

// TakesOn tells that a compiled function of the run has read size bytes into memory, and is about to read on. It reports whether that may be:
// not when the run is over, and it is from now on when there is no room. Such functions double what they have, and take the
// memory faster than anybody looks at it.
func (r *Run) TakesOn(size int64) bool {
	if !r.GoesOn() {
		return false
	}
	mem := &r.m.memory
	if mem.limit <= 0 {
		return true
	}
	why := mem.refuses(largeAlloc, r.budget)
	if why == "" && size >= availableFrom {
		why = mem.lacks(size+size/2, mem.usage(), r.budget) // a buffer that is full is copied into one twice its size
	}
	if why != "" {
		r.end1(&Fatal{Message: why})
	}
	return why == ""
}

// refuses says why a run cannot have n bytes; "" when it can.
func (m *memory) refuses(n int64, b budget) string {
	if n > b.bytes {
		return fmt.Sprintf("out of memory: %s were asked for at once, and the limit is %s", size(n), size(m.limit))
	}
	now := m.usage()
	if n >= availableFrom {
		if why := m.lacks(n, now, b); why != "" {
			return why
		}
		now = m.usage()
	}
	if now.used+n <= b.bytes || now.live+n <= b.bytes && now.used+n <= b.bytes+m.garbage() {
		return ""
	}
	runtime.GC()
	if now = m.usage(); now.used+n > b.bytes {
		return fmt.Sprintf("out of memory: the data in memory takes %s, %s more were asked for, and the limit is %s", size(now.used), size(n), size(m.limit))
	}
	return ""
}

// lacks says that the machine does not have n bytes; "" when it has.
func (m *memory) lacks(n int64, now usage, b budget) string {
	if left, _, ok := m.left(usage{used: now.used + n}); !ok || n <= left || now.used+n <= b.least {
		return ""
	}
	debug.FreeOSMemory()
	if left, _, ok := m.left(usage{used: now.used + n}); ok && n > left {
		return fmt.Sprintf("out of memory: %s were asked for, and this machine, or this container, has %s left", size(n), size(max(left, 0)))
	}
	return ""
}

// product is n·size without overflow; 0 for a negative n, which is no allocation.
func product(n int, size uintptr) int64 {
	if n <= 0 || size == 0 {
		return 0
	}
	if int64(n) > math.MaxInt64/int64(size) {
		return math.MaxInt64
	}
	return int64(n) * int64(size)
}

// size writes a number of bytes as people do.
func size(n int64) string {
	switch {
	case n == math.MaxInt64:
		return "more bytes than there are"
	case n >= 10<<40:
		return fmt.Sprintf("%.0f TB", float64(n)/(1<<40))
	case n >= 1<<40:
		return fmt.Sprintf("%.1f TB", float64(n)/(1<<40))
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%.0f MB", float64(n)/(1<<20))
}
