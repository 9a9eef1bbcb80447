package vm

import (
	"reflect"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// The blocking methods of package sync, so that an interrupt ends them and a
// deadlock is seen. They work on the real values, which compiled code may share:
// one who waits tries, and tries again when the machine's own unlock tells it
// to or after a while.

// parking is where goroutines wait for a lock to change, by its address.
type parking struct {
	mu    sync.Mutex
	lots  map[ptr][]chan struct{}
	count int
}

func (p *parking) enter(key ptr) chan struct{} {
	c := make(chan struct{}, 1)
	p.mu.Lock()
	if p.lots == nil {
		p.lots = make(map[ptr][]chan struct{})
	}
	p.lots[key] = append(p.lots[key], c)
	p.count++
	p.mu.Unlock()
	return c
}

func (p *parking) leave(key ptr, c chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.lots[key]
	for i := range list {
		if list[i] == c {
			p.count--
			if list = append(list[:i:i], list[i+1:]...); len(list) == 0 {
				delete(p.lots, key)
			} else {
				p.lots[key] = list
			}
			return
		}
	}
}

// wake tells up to n of those who wait that key has changed.
func (p *parking) wake(key ptr, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, c := range p.lots[key] {
		if i == n {
			break
		}
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// take is wake for conditions, where each wake-up is meant for one.
func (p *parking) take(key ptr, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.lots[key]
	for n > 0 && len(list) > 0 {
		list[0] <- struct{}{}
		list = list[1:]
		p.count--
		n--
	}
	if len(list) == 0 {
		delete(p.lots, key)
	} else {
		p.lots[key] = list
	}
}

// until waits for try to succeed; key is what it depends on. In a bubble it calls block instead, which waits.
func (g *goroutine) until(key ptr, what string, try func() bool, block func()) {
	if try() {
		return
	}
	if inBubble() {
		block()
		g.checkStop()
		return
	}
	p := &g.m.parking
	c := p.enter(key)
	defer p.leave(key, c)
	delay := time.Millisecond
	// To try again is no progress: the goroutine counts as blocked until try
	// succeeds. Woken to look for a deadlock, it tries before it waits on.
	defer func() { g.polling = false }()
	for !try() {
		g.polling = true
		t := time.AfterFunc(delay, func() {
			select {
			case c <- struct{}{}:
			default:
			}
		})
		g.waitOn(c, what)
		t.Stop()
		g.polling = false
		delay = min(2*delay, 20*time.Millisecond)
	}
	g.run.unblock(g, true)
}

const allWaiters = 1 << 30

// waitGroupCount reads the counter of a WaitGroup.
func waitGroupCount(wg *sync.WaitGroup) int32 {
	return int32(*(*uint64)(ptr(wg)) >> 32)
}

func testWaitGroup() bool {
	var wg sync.WaitGroup
	if unsafe.Sizeof(wg) < 8 {
		return false
	}
	wg.Add(3)
	n := waitGroupCount(&wg)
	wg.Add(-3)
	return n == 3 && waitGroupCount(&wg) == 0
}

// onceFields are where a sync.Once keeps whether it is done, and its lock.
type onceFields struct {
	done, lock uintptr
	known      bool
}

func findOnceFields() (f onceFields) {
	t := reflect.TypeFor[sync.Once]()
	done, ok1 := t.FieldByName("done")
	lock, ok2 := t.FieldByName("m")
	f.done, f.lock = done.Offset, lock.Offset
	f.known = ok1 && ok2 && done.Type == reflect.TypeFor[atomic.Bool]() && lock.Type == reflect.TypeFor[sync.Mutex]()
	return f
}

// once is the Do of the sync.Once at p, which others may call as compiled code: it goes by the same two fields.
func (g *goroutine) once(fields *onceFields, p ptr, f func()) {
	if !fields.known {
		(*sync.Once)(p).Do(f)
		return
	}
	done, mu := (*atomic.Bool)(add(p, uint32(fields.done))), (*sync.Mutex)(add(p, uint32(fields.lock)))
	if done.Load() {
		return
	}
	if !mu.TryLock() {
		g.until(ptr(mu), "sync.Once.Do", mu.TryLock, mu.Lock)
	}
	defer g.unlock(mu)
	if !done.Load() {
		defer done.Store(true)
		f()
	}
}

// syncCalls are the methods of package sync that the machine runs itself.
func syncCalls() map[string]compiledCall {
	fields := findOnceFields()
	self := func(f func(g *goroutine, p ptr)) compiledCall {
		return func(g *goroutine, fp ptr, args []slot, out uint32) {
			p := *at[ptr](fp, args[0].off)
			if p == nil {
				panicNil()
			}
			f(g, p)
			g.checkStop()
		}
	}
	return map[string]compiledCall{
		"(*sync.Mutex).Lock":   self(func(g *goroutine, p ptr) { g.lock((*sync.Mutex)(p)) }),
		"(*sync.Mutex).Unlock": self(func(g *goroutine, p ptr) { g.unlock((*sync.Mutex)(p)) }),
		"(*sync.RWMutex).Lock": self(func(g *goroutine, p ptr) {
			mu := (*sync.RWMutex)(p)
			g.until(p, "sync.RWMutex.Lock", mu.TryLock, mu.Lock)
		}),
		"(*sync.RWMutex).RLock": self(func(g *goroutine, p ptr) {
			mu := (*sync.RWMutex)(p)
			g.until(p, "sync.RWMutex.RLock", mu.TryRLock, mu.RLock)
		}),
		"(*sync.RWMutex).Unlock": self(func(g *goroutine, p ptr) {
			mu := (*sync.RWMutex)(p)
			if mu.TryRLock() { // it was not locked; the process would die
				mu.RUnlock()
				panic(fatalError("sync: Unlock of unlocked RWMutex"))
			}
			mu.Unlock()
			g.m.parking.wake(p, allWaiters)
		}),
		"(*sync.RWMutex).RUnlock": self(func(g *goroutine, p ptr) {
			mu := (*sync.RWMutex)(p)
			if mu.TryLock() {
				mu.Unlock()
				panic(fatalError("sync: RUnlock of unlocked RWMutex"))
			}
			mu.RUnlock()
			g.m.parking.wake(p, allWaiters)
		}),
		"(*sync.WaitGroup).Wait": self(func(g *goroutine, p ptr) {
			wg := (*sync.WaitGroup)(p)
			g.until(p, "sync.WaitGroup.Wait", func() bool {
				if waitGroupCount(wg) > 0 {
					return false
				}
				wg.Wait()
				return true
			}, wg.Wait)
		}),
		"(*sync.WaitGroup).Done": self(func(g *goroutine, p ptr) { g.groupAdd((*sync.WaitGroup)(p), -1) }),
		"(*sync.WaitGroup).Add": func(g *goroutine, fp ptr, args []slot, out uint32) {
			p := *at[ptr](fp, args[0].off)
			if p == nil {
				panicNil()
			}
			g.groupAdd((*sync.WaitGroup)(p), *at[int](fp, args[1].off))
		},
		"(*sync.WaitGroup).Go": func(g *goroutine, fp ptr, args []slot, out uint32) {
			wg := (*sync.WaitGroup)(*at[ptr](fp, args[0].off))
			f := *at[func()](fp, args[1].off)
			if wg == nil || f == nil {
				panicNil()
			}
			g.groupAdd(wg, 1)
			g.start(func(g *goroutine) {
				defer g.groupAdd(wg, -1)
				f()
			})
		},
		"(*sync.Once).Do": func(g *goroutine, fp ptr, args []slot, out uint32) {
			p := *at[ptr](fp, args[0].off)
			if p == nil {
				panicNil()
			}
			g.once(&fields, p, *at[func()](fp, args[1].off))
			g.checkStop()
		},
		"(*sync.Cond).Wait": self(func(g *goroutine, p ptr) {
			c := (*sync.Cond)(p)
			if inBubble() {
				c.Wait()
				return
			}
			q := g.m.parking.enter(p)
			done := false
			defer func() {
				if !done {
					g.m.parking.leave(p, q)
				}
			}()
			mu, isMutex := c.L.(*sync.Mutex)
			if isMutex {
				g.unlock(mu)
			} else {
				c.L.Unlock()
			}
			g.waitOn(q, "sync.Cond.Wait")
			done = true
			if isMutex {
				g.lock(mu)
			} else {
				c.L.Lock()
			}
		}),
		"(*sync.Cond).Signal": self(func(g *goroutine, p ptr) {
			g.m.parking.take(p, 1)
			(*sync.Cond)(p).Signal()
		}),
		"(*sync.Cond).Broadcast": self(func(g *goroutine, p ptr) {
			g.m.parking.take(p, allWaiters)
			(*sync.Cond)(p).Broadcast()
		}),
	}
}

func (g *goroutine) lock(mu *sync.Mutex) {
	if mu.TryLock() {
		return
	}
	g.until(ptr(mu), "sync.Mutex.Lock", mu.TryLock, mu.Lock)
}

func (g *goroutine) unlock(mu *sync.Mutex) {
	if mu.TryLock() { // it was not locked; the process would die
		mu.Unlock()
		panic(fatalError("sync: unlock of unlocked mutex"))
	}
	mu.Unlock()
	g.m.parking.wake(ptr(mu), 1)
}

func (g *goroutine) groupAdd(wg *sync.WaitGroup, n int) {
	wg.Add(n)
	if waitGroupCount(wg) <= 0 {
		g.m.parking.wake(ptr(wg), allWaiters)
	}
}

// fatalError is the panic value for faults that end a compiled program.
type fatalError string

func (e fatalError) Error() string { return "fatal error: " + string(e) }
func (e fatalError) RuntimeError() {}
