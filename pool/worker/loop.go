package worker

import (
	"context"
	"reflect"
	"sync"
	"time"

	"poolbook/pool/core"
	"poolbook/pool/internal/call"
	"poolbook/pool/internal/proc"
)

// How many items a loop gets at once.
const (
	// batchTime is how long a batch is to take. A longer one delays nothing (see [loop.peek]), shorter ones cost.
	batchTime = time.Millisecond
	// batchItems, batchBytes of encoded items and batchMemory for arguments or results are the limits.
	batchItems  = 8192
	batchBytes  = 256 << 10
	batchMemory = 1 << 20
	// firstBatch is how many items the first batch of a function has, of which nothing is known yet.
	firstBatch = 8
)

// loop runs the items of a function by a loop beside it, so that a short task costs the call of a function and no more. See [Looper] for
// what it does. It belongs to a unit; the executor uses it for one chunk after the other.
//
// While the loop runs it leaves behind nothing but its index, in the beacon. The flusher looks at it: when the loop stays at one item for
// longer than a flush takes, the flusher sends the results of those before it, and has the loop come out behind it.
type loop struct {
	call  func(ctx context.Context, args []reflect.Value) (finished bool, err error)
	each  bool
	size  int             // items of the next batch
	limit int             // items that columns and out may hold
	args  []reflect.Value // of call
	cols  []reflect.Value // those that are the arguments
	out   reflect.Value   // the results; invalid without

	mu    sync.Mutex
	batch batch
}

// batch are the items that a loop has, numbered from 0. Guarded by loop.mu while live is set; otherwise it is the executor's.
type batch struct {
	c        *chunk
	base     int  // item of the chunk that is number 0
	n        int  // how many
	next     int  // to be run
	reported int  // those before it have gone to the writer
	live     bool // the loop runs
	seen     int  // index when the flusher looked last, -1 when it has not
}

// newLoop makes the loop of a unit, nil when it has none.
func (w *worker) newLoop(u *unit) *loop {
	l := &loop{size: firstBatch}
	if looper, ok := u.fn.(Looper); ok {
		fn := looper.Loop()
		if fn == nil {
			return nil
		}
		l.call, l.each = fn.Call, fn.Each
	} else {
		fn, each := call.Loop(u.fn.Value())
		if fn == nil {
			return nil
		}
		l.each = each
		l.call = func(_ context.Context, args []reflect.Value) (bool, error) {
			err := call.Guard(func() { fn(args) }, noExit)
			return err == nil, err
		}
	}
	l.limit = batchItems
	if size := u.args.Size(); size > 0 {
		l.limit = min(l.limit, max(batchMemory/size, 1))
	}
	if u.hasValue() {
		if size := u.out.Size(); size > 0 && !l.each {
			l.limit = min(l.limit, max(batchMemory/size, 1))
		}
	}
	return l
}

// hasValue reports whether the function returns something besides an error at the end.
func (u *unit) hasValue() bool {
	n := u.typ.NumOut()
	return n > 1 || n == 1 && u.typ.Out(0) != reflect.TypeFor[error]()
}

// fits reports whether the job's items can run in the loop: not those with a limit of time each, nor those whose value is an error.
func (l *loop) fits(w *worker, j *job) bool {
	return w.beacon != nil && j.timeout == 0 && j.mode&core.Single == 0 && (j.mode&core.NoResult != 0 || j.unit.hasValue())
}

// run runs the items of a chunk that have not run yet.
func (l *loop) run(w *worker, c *chunk) {
	if before := w.used; before != l && before != nil {
		before.args, before.cols, before.out = nil, nil, reflect.Value{}
	}
	w.used = l
	w.loop.Store(l)
	defer w.loop.Store(nil)
	for {
		if l.batch.next == l.batch.n && !l.fill(w, c) {
			return
		}
		if w.ctx.Err() != nil {
			l.cancel(w, c)
			return
		}
		l.once(w, c)
	}
}

// fill decodes the next batch. It reports false when there are no more items.
func (l *loop) fill(w *worker, c *chunk) bool {
	u := c.job.unit
	for c.next < c.n {
		n := min(l.size, c.n-c.next)
		skip := len(c.skip) > 0 && c.skip[c.next] != 0
		if len(c.skip) > 0 { // as many as are alike
			k := 1
			for k < n && (c.skip[c.next+k] != 0) == skip {
				k++
			}
			n = k
		}
		l.grow(w, u, n)
		got := 0
		if c.failed == "" {
			var err error
			if got, err = u.args.Decode(c.items, l.cols, n, batchBytes); err != nil {
				c.failed = err.Error()
			}
		}
		if got == 0 {
			if !skip {
				w.result(c, c.next, core.StatusUnloaded, 0, proc.Body(nil).String(c.failed))
			}
			c.next++
			continue
		}
		base := c.next
		c.next += got
		if skip {
			u.args.Forget(l.cols, got)
			continue
		}
		l.batch = batch{c: c, base: base, n: got, seen: -1}
		return true
	}
	l.batch = batch{}
	return false
}

// grow makes room for n items.
func (l *loop) grow(w *worker, u *unit, n int) {
	if l.args != nil && l.cols[0].Len() >= n {
		return
	}
	n = min(max(n, 2*firstBatch), l.limit)
	l.cols = u.args.Columns(n)
	l.args = append(l.args[:0], l.cols...)
	if u.hasValue() {
		k := n
		if l.each {
			k = 1
		}
		l.out = reflect.MakeSlice(reflect.SliceOf(u.typ.Out(0)), k, k)
		l.args = append(l.args, l.out)
	}
	l.args = append(l.args, reflect.Value{}, reflect.Value{}, reflect.ValueOf(func(i int) { l.done(w, i) }), reflect.ValueOf(func(i int, err error) { l.failed(w, i, err) }))
}

// once runs the loop until it comes out: with the batch done, because the flusher or a cancel asked for it, or because an item failed.
func (l *loop) once(w *worker, c *chunk) {
	b := &l.batch
	w.item.Store(int64(c.first + b.base))
	at, end := w.beacon.Loop(c.id, b.base, b.next, b.n)
	n := len(l.args)
	l.args[n-4], l.args[n-3] = reflect.ValueOf(at), reflect.ValueOf(end)
	l.mu.Lock()
	b.live, b.seen = true, -1
	l.mu.Unlock()
	if b.n > b.next+1 {
		w.out.arm()
	}
	from, start := b.next, w.clock
	returned := false
	defer func() {
		if !returned { // runtime.Goexit, in compiled code
			l.leave(w)
			l.fail(w, call.ErrGoexit)
		}
	}()
	finished, err := l.call(w.ctx, l.args)
	returned = true
	l.leave(w)
	switch {
	case err != nil:
		w.exitFor(err)
		l.fail(w, err)
	case !finished:
		l.fail(w, call.ErrGoexit)
	}
	if b.next == b.n {
		c.job.unit.args.Forget(l.cols, b.n)
	}
	if l.each {
		w.took(true)
	}
	l.adapt(b.next-from, w.clock.Sub(start))
}

// leave notes how far the loop has come, and reports what it has done.
func (l *loop) leave(w *worker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &l.batch
	b.live = false
	b.next = w.beacon.Index()
	w.beacon.Clear()
	l.report(w, b.next, false)
}

// fail reports how the item failed at which the loop came out.
func (l *loop) fail(w *worker, err error) {
	b := &l.batch
	w.failure(b.c, b.base+b.next, err, w.took(true))
	b.next++
	b.reported = b.next
}

// done sends the result of an item, which is in out[0]: the loop calls it.
func (l *loop) done(w *worker, i int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &l.batch
	l.report(w, i, false)
	b.reported = i + 1
	w.report(b.c, b.base+i, l.out.Index(0), nil, w.took(i+1 == b.n))
	l.out.Index(0).SetZero()
}

// failed sends the error that an item returned: the loop calls it.
func (l *loop) failed(w *worker, i int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &l.batch
	l.report(w, i, false)
	b.reported = i + 1
	w.failure(b.c, b.base+i, err, w.took(true))
}

// report sends the results of the items before upto that have not gone yet. peeking is for the flusher, while the loop runs.
func (l *loop) report(w *worker, upto int, peeking bool) {
	b := &l.batch
	lo, n := b.reported, upto-b.reported
	if n <= 0 {
		return
	}
	b.reported = upto
	j := b.c.job
	took := w.took(true)
	if j.mode&core.NoResult != 0 || !l.out.IsValid() || l.each {
		w.out.values(b.c.id, b.base+lo, n, nanoseconds(took), nil)
		return
	}
	if !j.unit.out.Basic() {
		for i := lo; i < upto; i++ {
			w.report(b.c, b.base+i, l.out.Index(i), nil, took/time.Duration(n))
		}
		return
	}
	if peeking && j.unit.out.Plain() {
		w.enc.Reset(j.unit.out.Peek(w.enc.Bytes()[:0], l.out, lo, upto))
	} else {
		w.enc.Reset(w.enc.Bytes()[:0])
		_ = j.unit.out.EncodeAll(w.enc, l.out, lo, upto) // basic values cannot fail
	}
	w.out.values(b.c.id, b.base+lo, n, nanoseconds(took), w.enc.Bytes())
	w.trim()
}

// peek is the flusher's look at the loop. It reports whether to look again.
//
// Seeing the same index twice, a flush's delay apart, it takes the items before it as settled: the loop wrote their results longer ago
// than any processor keeps a store to itself.
func (l *loop) peek(w *worker) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &l.batch
	if !b.live {
		return false
	}
	at := w.beacon.Index()
	if at != b.seen {
		b.seen = at
		return true
	}
	if l.each || l.basic(b.c.job) {
		l.report(w, at, true)
	}
	w.beacon.Stop(at + 1)
	return false
}

// basic reports whether the results can be sent while the loop runs.
func (l *loop) basic(j *job) bool {
	return j.mode&core.NoResult != 0 || !l.out.IsValid() || j.unit.out.Basic()
}

// cancel reports the items that do not run any more as cancelled.
func (l *loop) cancel(w *worker, c *chunk) {
	b := &l.batch
	for i := b.base + b.next; i < c.n; i++ {
		if len(c.skip) == 0 || c.skip[i] == 0 {
			w.result(c, i, core.StatusCancel, 0, nil)
		}
	}
	c.job.unit.args.Forget(l.cols, b.n)
	c.next, *b = c.n, batch{}
}

// adapt chooses the size of the next batch from what this one took.
func (l *loop) adapt(n int, took time.Duration) {
	if n == 0 {
		return
	}
	fit := l.limit
	if took > 0 {
		fit = int(min(int64(batchTime)*int64(n)/int64(took), int64(l.limit)))
	}
	switch {
	case took > 2*batchTime:
		l.size = max(fit, 1)
	case fit > l.size:
		l.size = min(fit, max(l.size, 8*n))
	}
}
