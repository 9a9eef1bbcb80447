package vm

import (
	"context"
	"runtime/debug"
	"sync/atomic"
)

// frame is one call of an interpreted function: its registers are in mem, in a
// memory layout made for its body. Frames are reused by later calls of the same
// body in the same goroutine; the constants among the registers stay.
type frame struct {
	mem    ptr
	body   *body
	caller *frame // also the link of the free list
	ret    ptr    // where the results go
	block  ptr    // a place for the results of calls from compiled code, once there was one
	pc     int    // byte offset in the code of the next instruction, while not running
	flags  uint8
	defers *deferred
	panic  *panicking // that made this deferred call run
}

const (
	flagEntry      = 1 << iota // called from compiled code: the loop ends when it returns
	flagDefer                  // a deferred call, run by opRunDefers
	flagDeferPanic             // a deferred call, run by a panic or Goexit
	flagWrapped                // called by a wrapper, which recover sees through
)

// deferred is a deferred call with its arguments.
type deferred struct {
	next  *deferred
	frame *frame           // of an interpreted function, arguments in place
	call  func(*goroutine) // of any other
}

// goroutine is the machine's side of a goroutine: its calls and its frames. Only
// that goroutine touches it, but for the fields of blocking.
type goroutine struct {
	m       *Machine
	id      atomic.Uintptr // goid while in use
	uid     uint32         // its number in the machine
	run     *Run
	top     *frame
	free    []*frame // by body.index
	frames  int      // made so far
	bytes   uintptr  // of these
	natives int      // nested calls from compiled code
	stop    *uint32  // &run.stop
	heat    int      // backward jumps and calls to the next sample, see jit.go
	turn    turn

	pending *panicking // being unwound
	escaped *panicking // the last that went on into compiled code

	number  int  // in the order in which the run's goroutines began
	started bool // by a go statement
	main    bool // it makes a call of the run, as a program's first goroutine does
	grace   bool // deferred calls run although the run was stopped
	cases   []selectCase
	growing growing
	blocked blockState
	polling bool                // it waits in until, whose tries are no progress
	runOf   atomic.Pointer[Run] // run, for others to read
	hands   int                 // maps that it has handed to compiled functions
	inMap   uint32              // 1 in an operation on a map that is not marked in its slot
	noticed atomic.Bool         // it has seen that its run is over, for others to read
}

const (
	maxFrameBytes = 256 << 20
	maxNatives    = 20_000
)

// newFrame takes a frame for a call of b.
func (g *goroutine) newFrame(b *body) *frame {
	if b.index < len(g.free) {
		if fr := g.free[b.index]; fr != nil {
			g.free[b.index] = fr.caller
			fr.body = b
			return fr
		}
	}
	return g.makeFrame(b)
}

func (g *goroutine) makeFrame(b *body) *frame {
	if b.index >= len(g.free) {
		g.free = append(g.free, make([]*frame, b.index+16-len(g.free))...)
	}
	g.frames++
	g.bytes += b.size + 96
	if g.frames > g.m.maxDepth || g.bytes > maxFrameBytes {
		g.overflow(b)
	}
	fr := &frame{mem: unsafeNew(b.frameType), body: b}
	for i := range b.consts {
		c := &b.consts[i]
		c.ti.move(add(fr.mem, c.off), c.val)
	}
	return fr
}

// overflow ends a recursion that is too deep. Frames of calls that returned
// count too, so these are dropped before anything else.
func (g *goroutine) overflow(b *body) {
	frames, depth, bytes := 0, 0, uintptr(0)
	var calls []Frame
	for fr := g.top; fr != nil; fr = fr.caller {
		frames++
		calls = fr.frames(calls[:0])
		depth += max(len(calls), 1)
		bytes += fr.body.size + 96
	}
	if frames < g.m.maxDepth/2 && bytes < maxFrameBytes/2 {
		clear(g.free)
		g.frames, g.bytes = frames, bytes
		return
	}
	panic(&abort{reason: &StackOverflow{Name: g.callee(b), Depth: depth + 1}})
}

// callee is the name of the function that g is about to run; for a wrapper, that of the function which led to it.
func (g *goroutine) callee(b *body) string {
	for fr := g.top; b.wrapper && fr != nil; fr = fr.caller {
		if !fr.body.wrapper {
			return fr.body.name
		}
	}
	return b.name
}

// release gives a frame back whose call has ended.
func (g *goroutine) release(fr *frame) {
	fr.flags = 0
	fr.defers = nil
	fr.panic = nil
	fr.caller = g.free[fr.body.index]
	g.free[fr.body.index] = fr
}

// status is how the loop ended.
type status int

const (
	statusFault     status = iota // a Go panic or Goexit came out of it
	statusDone                    // the frame it was entered for has returned
	statusPanic                   // g.pending is to be unwound
	statusDeferDone               // a deferred call of g.pending has returned
)

// enter runs fr, whose arguments are in place, until it returns. It is called
// from compiled code, and panics as a compiled function would.
func (g *goroutine) enter(fr *frame) {
	if g.natives++; g.natives > maxNatives {
		g.natives--
		g.escape(&panicking{value: &abort{reason: &StackOverflow{Name: g.callee(fr.body), Depth: g.natives}}, stack: g.trace()})
	}
	if b := fr.body; b.index >= len(g.free) {
		g.free = append(g.free, make([]*frame, b.index+16-len(g.free))...)
	}
	fr.flags = flagEntry
	fr.caller = g.top
	g.top = fr
	for {
		switch g.protect(fr) {
		case statusDone:
			g.natives--
			return
		default:
			if !g.unwind(fr) {
				g.natives--
				g.rethrow()
			}
		}
	}
}

// protect runs the loop, and turns what panics out of it into g.pending.
func (g *goroutine) protect(base *frame) (st status) {
	defer func() {
		if st == statusFault {
			if v := recover(); v != nil {
				g.raise(v)
				st = statusPanic
			} else {
				g.exitGoroutine(base, nil)
			}
		}
	}()
	return g.exec()
}

// exitGoroutine runs the deferred calls of an activation while runtime.Goexit
// takes the goroutine down; it is called in its deferred function. When a deferred call of the panic p has called that, it is the end of p.
func (g *goroutine) exitGoroutine(base *frame, p *panicking) {
	g.pending = &panicking{goexit: true, aborted: p}
	for g.unwind(base) {
		if g.protect(base) == statusDone {
			return
		}
	}
	g.natives--
	if !g.pending.goexit {
		g.rethrow()
	}
}

// goroutineFor returns the machine's side of the running goroutine, a new one
// if it has none yet; done gives that back.
func (m *Machine) goroutineFor(r *Run) (g *goroutine, fresh bool) {
	id := goid()
	if r != nil {
		if g := r.last.Load(); g != nil && g.id.Load() == id {
			return g, false
		}
	}
	if v, ok := m.running.Load(id); ok {
		g := v.(*goroutine)
		if r != nil {
			r.last.Store(g)
		}
		return g, false
	}
	if r == nil {
		r = m.latestRun()
	}
	m.sharing.join(m)
	r.beginCallback()
	return m.idleGoroutine(r), true
}

// latestRun is the one that code without a run of its own belongs to.
func (m *Machine) latestRun() *Run {
	r := m.latest.Load()
	if r == nil {
		r = m.NewRun(context.Background(), RunConfig{})
	}
	return r
}

// idleGoroutine returns the machine's side of the running goroutine, which
// m.sharing counts already.
func (m *Machine) idleGoroutine(r *Run) *goroutine {
	g, _ := m.idle.Get().(*goroutine)
	if g == nil {
		g = &goroutine{m: m, uid: m.uids.Add(1)}
	}
	g.run, g.stop = r, &r.stop
	g.runOf.Store(r)
	id := goid()
	g.id.Store(id)
	m.running.Store(id, g)
	debug.SetPanicOnFault(true)
	return g
}

// done ends the use of g by the running goroutine.
func (g *goroutine) done() {
	if g.escaped != nil {
		g.m.left.Store(&departure{goid(), g.escaped.stack})
	}
	g.id.Store(0)
	g.m.running.Delete(goid())
	if g.blocked.what != "" { // a callback that was stopped while it waited
		g.run.unblock(g, true)
	}
	g.run, g.stop, g.top, g.pending, g.escaped = nil, nil, nil, nil, nil
	g.runOf.Store(nil)
	g.noticed.Store(false)
	g.natives, g.started, g.main, g.grace, g.growing, g.inMap = 0, false, false, false, growing{}, 0
	g.m.sharing.leave()
	if g.bytes < 1<<20 {
		g.m.idle.Put(g)
	}
}

// start runs a prepared call in a new goroutine of the run.
func (g *goroutine) start(call func(*goroutine)) {
	r := g.run
	r.begin()
	g.m.sharing.fork()
	go func() {
		defer r.end()
		ng := g.m.idleGoroutine(r)
		ng.started = true
		r.enroll(ng)
		defer func() {
			r.expel(ng)
			ng.done()
		}()
		if err := ng.guard(func() { call(ng) }); err != nil {
			r.report(err)
		}
	}()
}

// guard calls f at the bottom of a goroutine: whatever ends it comes back as
// the error of a run.
func (g *goroutine) guard(f func()) (err error) {
	finished := false
	defer func() {
		if finished {
			return
		}
		v := recover()
		if v == nil {
			return // Goexit, which goes on
		}
		err = g.failure(v)
	}()
	f()
	finished = true
	return nil
}

// stopped is called where *g.stop was seen to be set, or a panic went on into compiled code.
func (g *goroutine) stopped() {
	if p := g.escaped; p != nil && g.natives <= p.left { // that has returned, so it recovered the panic
		if p.abort() != nil {
			panic(p.value) // as fmt does, which takes it for a fault of a String method
		}
		g.escaped = nil
	}
	if atomic.LoadUint32(g.stop) == 0 {
		return
	}
	if g.run.waitPaused() || g.grace && g.run.inGrace() {
		return
	}
	g.noticed.Store(true)
	panic(&abort{reason: g.run.stopReason()})
}

func (g *goroutine) checkStop() {
	if atomic.LoadUint32(g.stop) != 0 || g.escaped != nil {
		g.stopped()
	}
}
