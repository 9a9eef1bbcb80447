package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/tools/go/ssa"
)

// Run is one run of the program: a cell, with the goroutines it starts. It is
// safe for concurrent use.
type Run struct {
	m       *Machine
	cfg     RunConfig
	ctx     context.Context
	cancel  context.CancelFunc
	unwatch func() bool

	stop   uint32 // set when the run is to end, or paused; atomic
	budget budget // of memory

	mu         sync.Mutex
	reason     error                   // why the run is to end
	reasoned   time.Time               // since when there is a reason
	paused     chan struct{}           // not nil while the run is paused; closed at the end of that
	wake       chan struct{}           // closed to wake every blocked goroutine, then replaced unless stopped
	count      int                     // goroutines
	started    int                     // goroutines ever
	idle       chan struct{}           // closed when count becomes 0; nil when nobody waits for that
	goroutines map[*goroutine]struct{} // those of the count that have begun
	calls      int                     // of do, under way
	told       bool                    // reason was returned or reported
	graceEnd   time.Time

	last   atomic.Pointer[goroutine] // the last that compiled code called back
	values sync.Map                  // *Func → *closure, of functions that capture nothing

	blocking blocking
	ending   atomic.Bool // Ending was called
}

const (
	// deferGrace is how long the deferred calls of a stopped run may take.
	deferGrace = 500 * time.Millisecond
	// noticeWithin is how long Call waits for its goroutine to notice an
	// interrupt. Interpreted code does so within microseconds of processor time.
	noticeWithin = 80 * time.Millisecond
	// abandonAfter is how long Call and Wait wait for the end of goroutines whose
	// run is over, compiled code that they are in included.
	abandonAfter = time.Second
	// settleWithin is how long a call that ended with a fault waits for the
	// other goroutines of its run.
	settleWithin = 200 * time.Millisecond
)

// NewRun starts a run that ends when ctx does; nil is a context that never ends.
func (m *Machine) NewRun(ctx context.Context, c RunConfig) *Run {
	if ctx == nil {
		ctx = context.Background()
	}
	if c.Stdout == nil {
		c.Stdout = io.Discard
	}
	if c.Stderr == nil {
		c.Stderr = io.Discard
	}
	if c.Print == nil {
		c.Print = c.Stdout
	}
	c.Stdout, c.Stderr, c.Print = outsideWriter{c.Stdout}, outsideWriter{c.Stderr}, outsideWriter{c.Print}
	r := &Run{m: m, cfg: c, wake: make(chan struct{}), budget: m.memory.budget(), goroutines: make(map[*goroutine]struct{})}
	// The run's own context ends when the stop flag is set, not before: whoever
	// was woken by it then sees the flag.
	r.ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	r.ctx.Done() // makes the channel, which whoever asks first may do in a bubble
	r.mu.Lock()  // the function may run before its stop is known
	r.unwatch = context.AfterFunc(ctx, func() { r.end1(ErrInterrupted) })
	r.mu.Unlock()
	m.latest.Store(r)
	return r
}

// Context ends when the run is interrupted or stopped.
func (r *Run) Context() context.Context { return r.ctx }

// Ending is called by an intrinsic that has seen the end of Context and comes back soon: it is waited for as interpreted code is.
func (r *Run) Ending() { r.ending.Store(true) }

// Host is RunConfig.Host.
func (r *Run) Host() any { return r.cfg.Host }

// Stdout is where the program's output goes; never nil.
func (r *Run) Stdout() io.Writer { return r.cfg.Stdout }

// Stderr is where the program's errors go; never nil.
func (r *Run) Stderr() io.Writer { return r.cfg.Stderr }

// Machine is the machine of the run.
func (r *Run) Machine() *Machine { return r.m }

// Call runs fn in a goroutine of its own and waits for its results. The error
// is a *Panic, *Exit, *Interrupted or *Deadlock; goroutines that fn started go
// on after it. A call that compiled code holds up is given up a few seconds
// after the end of the run.
func (r *Run) Call(fn *ssa.Function, args ...reflect.Value) (results []reflect.Value, err error) {
	f := r.m.funcOf(fn)
	results, err = r.do(func(g *goroutine) []reflect.Value { return g.callValues(f, nil, args) })
	if err == nil && results == nil {
		results = f.zeroResults() // it ended with runtime.Goexit
	}
	return results, err
}

// CallValue is Call for a func value: one that the machine made, with what it
// captured, or a compiled function. A variadic function takes its last
// arguments as one slice.
func (r *Run) CallValue(fn reflect.Value, args []reflect.Value) ([]reflect.Value, error) {
	if fn.Kind() != reflect.Func || fn.IsNil() {
		return nil, &Panic{Value: nilError, Text: PanicText(nilError)}
	}
	return r.do(func(g *goroutine) []reflect.Value { return g.callValue(fn, args) })
}

// CallValueHere is CallValue in the calling goroutine, which spares two changes
// of goroutines. It returns when the call does, however long compiled code
// holds that up, and runtime.Goexit in the call ends the calling goroutine.
func (r *Run) CallValueHere(fn reflect.Value, args []reflect.Value) ([]reflect.Value, error) {
	if fn.Kind() != reflect.Func || fn.IsNil() {
		return nil, &Panic{Value: nilError, Text: PanicText(nilError)}
	}
	r.beginCall()
	var o outcome
	r.serve(&o, func(g *goroutine) []reflect.Value { return g.callValue(fn, args) })
	r.settle(o.err)
	return o.results, o.err
}

// callValue calls a func value.
func (g *goroutine) callValue(fn reflect.Value, args []reflect.Value) []reflect.Value {
	c := closureOf(funcPointer(fn))
	switch {
	case c != nil && c.fn.m == g.m:
		return g.callValues(c.fn, c, args)
	case fn.Type().IsVariadic():
		return fn.CallSlice(args)
	}
	return fn.Call(args)
}

// outcome is how a call has ended.
type outcome struct {
	results []reflect.Value
	err     error
}

// beginCall counts a call that serve is to make.
func (r *Run) beginCall() {
	r.mu.Lock()
	r.calls++
	r.mu.Unlock()
	r.begin()
}

// serve makes a call in the running goroutine, which may end with it: *o is
// set all the same.
func (r *Run) serve(o *outcome, call func(g *goroutine) []reflect.Value) {
	defer r.end()
	r.m.sharing.join(r.m)
	g := r.m.idleGoroutine(r)
	g.main = true
	r.enroll(g)
	defer func() {
		r.expel(g)
		clear(g.free) // frames of a cell, which does not run again, and what they hold
		g.frames, g.bytes = 0, 0
		g.done()
		if o.err = r.endCall(o.err); o.err != nil {
			o.results = nil
		}
	}()
	o.err = g.guard(func() {
		g.checkStop()
		o.results = call(g)
	})
}

// do runs call in a goroutine of its own and waits for it.
func (r *Run) do(call func(g *goroutine) []reflect.Value) ([]reflect.Value, error) {
	done := make(chan outcome, 1)
	var running atomic.Pointer[goroutine]
	r.beginCall()
	go func() {
		var o outcome
		defer func() { done <- o }()
		r.serve(&o, func(g *goroutine) []reflect.Value {
			running.Store(g)
			return call(g)
		})
	}()
	select {
	case o := <-done:
		r.settle(o.err)
		return o.results, o.err
	case <-r.ctx.Done():
	}
	notice, abandon := time.After(noticeWithin), time.After(abandonAfter)
	for {
		select {
		case o := <-done:
			r.settle(o.err)
			return o.results, o.err
		case <-notice:
			if g := running.Load(); g == nil || g.noticed.Load() || r.ending.Load() || r.stopReason() != ErrInterrupted {
				continue
			}
		case <-abandon:
			if err := r.stopReason(); endsAll(err) || errors.As(err, new(*Panic)) {
				if f, ok := err.(*Fatal); ok && f.Stack == nil {
					err = &Fatal{Message: f.Message, Stack: running.Load().traceFromOutside(), Other: f.Other}
				}
				return nil, err
			}
		}
		return nil, &Interrupted{Stack: running.Load().traceFromOutside(), Abandoned: true}
	}
}

// settle gives the goroutines of a run that ended with a fault a moment to see
// it: a map that they were in may be used at once by the next run.
func (r *Run) settle(err error) {
	if !errors.As(err, new(*Fatal)) {
		return
	}
	idle := r.untilIdle()
	select {
	case <-idle:
	case <-time.After(settleWithin):
	}
}

// endCall ends a call of do. A fault that ended the run while it went on is its
// error, whichever goroutine found it.
func (r *Run) endCall(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls--
	if endsAll(r.reason) && (err == nil || errors.As(err, new(*Interrupted))) && !r.told {
		err = r.reason
	}
	if endsAll(err) {
		r.told = true
	}
	return err
}

// endsAll reports whether err ends all of a run, whichever goroutine it comes from.
func endsAll(err error) bool {
	switch err.(type) {
	case *Fatal, *Exit:
		return true
	}
	return false
}

// callValues calls f, with what c captured unless that is nil, and returns its
// results.
func (g *goroutine) callValues(f *Func, c *closure, args []reflect.Value) []reflect.Value {
	b := f.compiled()
	fr := g.newFrame(b)
	for i, s := range f.conv.params {
		storeValue(s.ti.rt, add(fr.mem, s.off), args[i])
	}
	if c != nil {
		c.capture(fr)
	}
	block := f.conv.resultBlock()
	fr.ret = block
	fr.pc = 0
	g.enter(fr)
	return f.conv.resultValues(block)
}

// resultBlock is memory for the results of a call.
func (c *convention) resultBlock() ptr {
	if c.resultSize == 0 {
		return ptr(&zeroBlock)
	}
	return reflect.New(c.resultType()).UnsafePointer()
}

var zeroBlock [8]uint64

func (c *convention) resultType() reflect.Type {
	if t := c.block.Load(); t != nil {
		return *t
	}
	t := blockType(c.results)
	c.block.Store(&t)
	return t
}

func (c *convention) resultValues(block ptr) []reflect.Value {
	if len(c.results) == 0 {
		return nil
	}
	list := make([]reflect.Value, len(c.results))
	for i, s := range c.results {
		list[i] = reflect.NewAt(s.ti.rt, add(block, s.off)).Elem()
	}
	return list
}

func (f *Func) zeroResults() []reflect.Value {
	return f.conv.resultValues(f.conv.resultBlock())
}

// untilIdle is closed when the run has no goroutines.
func (r *Run) untilIdle() chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.idle == nil {
		idle := make(chan struct{})
		if r.count == 0 {
			close(idle)
			return idle
		}
		r.idle = idle
	}
	return r.idle
}

// Wait waits for the goroutines of the run. Once the run was stopped it gives
// up those that compiled code holds up, and returns false.
func (r *Run) Wait() bool {
	idle := r.untilIdle()
	select {
	case <-idle:
		return true
	case <-r.ctx.Done():
	}
	select {
	case <-idle:
		return true
	case <-time.After(abandonAfter):
		return false
	}
}

// Stop ends the run: its goroutines, and its calls with ErrInterrupted. It does
// not wait for them. It may be called more than once.
func (r *Run) Stop() { r.end1(ErrInterrupted) }

// end1 sets the reason for the end of the run, the first time.
func (r *Run) end1(reason error) {
	r.mu.Lock()
	unwatch := r.unwatch
	if r.reason == nil {
		r.reason, r.reasoned = reason, time.Now()
		r.m.waits.over.Add(int64(r.count))
		r.m.waits.blocked.Add(-int64(r.blocking.blocked))
		atomic.StoreUint32(&r.stop, 1)
		close(r.wake)
	}
	r.mu.Unlock()
	r.cancel()
	unwatch()
}

// endBy ends the run for a reason that the call in progress returns; it reports false when there is none.
func (r *Run) endBy(reason error) bool {
	r.mu.Lock()
	called := r.calls > 0
	r.mu.Unlock()
	r.end1(reason)
	return called
}

// pause holds the run's goroutines where they look for stops; resume ends that.
func (r *Run) pause() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reason == nil {
		r.paused = make(chan struct{})
		atomic.StoreUint32(&r.stop, 1)
	}
}

func (r *Run) resume() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.paused == nil {
		return
	}
	close(r.paused)
	r.paused = nil
	if r.reason == nil {
		atomic.StoreUint32(&r.stop, 0)
	}
}

// waitPaused waits until the run goes on, and reports whether it does.
func (r *Run) waitPaused() bool {
	r.mu.Lock()
	paused, reason := r.paused, r.reason
	r.mu.Unlock()
	if paused != nil && reason == nil {
		select {
		case <-paused:
		case <-r.ctx.Done():
		}
		reason = r.stopReason()
	}
	return reason == nil
}

// GoesOn reports whether the run has not been ended. It waits where the run is held up.
func (r *Run) GoesOn() bool { return atomic.LoadUint32(&r.stop) == 0 || r.waitPaused() }

// Leave takes a goroutine of the run, which is over, out of the compiled function that it is in, without the rest of that: as a panic that no
// program recovers.
func (r *Run) Leave() { panic(&abort{reason: r.stopReason()}) }

func (r *Run) stopReason() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reason
}

// abandoned reports whether the run is over, and what still runs of it had time to end.
func (r *Run) abandoned() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reason != nil && time.Since(r.reasoned) > abandonAfter
}

// beginGrace lets deferred calls run for a while after the end of the run.
func (r *Run) beginGrace() {
	r.mu.Lock()
	if r.graceEnd.IsZero() {
		r.graceEnd = time.Now().Add(deferGrace)
	}
	r.mu.Unlock()
}

func (r *Run) inGrace() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Before(r.graceEnd)
}

func (r *Run) begin() {
	r.m.live.Add(1)
	r.m.watchMemory()
	r.mu.Lock()
	r.count++
	if r.reason != nil {
		r.m.waits.over.Add(1)
	}
	r.mu.Unlock()
}

func (r *Run) end() {
	r.m.live.Add(-1)
	r.mu.Lock()
	if r.reason != nil {
		r.m.waits.over.Add(-1)
	}
	if r.count--; r.count == 0 && r.idle != nil {
		close(r.idle)
		r.idle = nil
	}
	r.suspectLocked() // the others may have waited for this one alone
	r.mu.Unlock()
}

// enroll makes g one of the run's goroutines, expel takes it out.
func (r *Run) enroll(g *goroutine) {
	r.mu.Lock()
	r.goroutines[g] = struct{}{}
	r.started++
	g.number = r.started
	r.mu.Unlock()
}

func (r *Run) expel(g *goroutine) {
	r.mu.Lock()
	delete(r.goroutines, g)
	r.goesOnLocked(g) // when it was stopped while it waited
	r.mu.Unlock()
}

// report tells of what ended a goroutine.
func (r *Run) report(err error) {
	switch err.(type) {
	case *Interrupted, *Deadlock:
		return
	case *Exit:
		r.end1(err)
	case *Panic:
		r.ends(err)
		if r.cfg.Program && r.endBy(err) {
			return // a call returns it
		}
	}
	if endsAll(err) {
		r.mu.Lock()
		quiet := r.calls > 0 || r.told
		r.told = r.told || !quiet
		r.mu.Unlock()
		if quiet {
			return // a call returns it
		}
	}
	if r.cfg.OnPanic != nil {
		callOutside(func() { r.cfg.OnPanic(err) })
		return
	}
	fmt.Fprintln(r.cfg.Stderr, err)
	if p, ok := err.(*Panic); ok {
		for _, f := range p.Stack {
			pos := ""
			if f.Func != nil && f.Pos.IsValid() {
				pos = " " + f.Func.Prog.Fset.Position(f.Pos).String()
			}
			fmt.Fprintf(r.cfg.Stderr, "\t%s%s\n", f.Name, pos)
		}
	}
}

// Exit ends the run with an *Exit, as os.Exit does; it is for intrinsics and
// does not return.
func (r *Run) Exit(code int, by string) {
	e := &Exit{Code: code, ByWhat: by}
	r.ends(e)
	r.end1(e)
	panic(&abort{reason: e})
}
