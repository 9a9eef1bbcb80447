package worker

import (
	"context"
	"reflect"
	"sort"
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
	told  []proc.Part     // to the beacon

	mu    sync.Mutex
	batch batch
}

// batch are the items that a loop has, numbered from 0. Guarded by loop.mu while live is set, as worker.at is; otherwise it is the
// executor's.
type batch struct {
	parts    []part // what they are items of
	n        int    // how many
	next     int    // to be run
	reported int    // those before it have gone to the writer
	live     bool   // the loop runs
	seen     int    // index when the flusher looked last, -1 when it has not
}

// part is what a batch has of one chunk. Short chunks of a job that wait one behind the other make one batch.
type part struct {
	c    *chunk
	from int // item of the chunk that is the part's first
	base int // its number in the batch
}

// item finds an item of the batch.
func (b *batch) item(i int) (c *chunk, item int) {
	p := b.parts[partOf(b.parts, i)]
	return p.c, p.from + i - p.base
}

// partOf is the index of the part that has the item i of a batch.
func partOf(parts []part, i int) int {
	return sort.Search(len(parts)-1, func(k int) bool { return parts[k+1].base > i })
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

// run runs the items of a chunk that have not run yet, and those of the chunks behind it that it has taken along.
func (l *loop) run(w *worker, c *chunk) {
	if before := w.used; before != l && before != nil {
		before.args, before.cols, before.out = nil, nil, reflect.Value{}
	}
	w.used = l
	w.loop.Store(l)
	defer w.loop.Store(nil)
	for {
		if l.batch.next == l.batch.n && !l.fill(w, c.job) {
			return
		}
		if w.ctx.Err() != nil {
			l.cancel(w)
			return
		}
		l.once(w)
	}
}

// fill decodes the next batch, from the chunk that the executor is at and from those behind it. It reports false when there are no
// more items.
func (l *loop) fill(w *worker, j *job) bool {
	b, u := &l.batch, j.unit
	l.empty()
	l.grow(w, u)
	bytes := 0
	for b.n < l.size && bytes < batchBytes && len(b.parts) < proc.MaxParts {
		c := w.at
		if c.next == c.n {
			if !w.along(j) {
				break
			}
			continue
		}
		n, skip := min(l.size-b.n, c.n-c.next), false
		if len(c.skip) > 0 {
			if b.n > 0 {
				break
			}
			n, skip = c.alike(n)
		}
		before, got := len(c.items.Rest()), 0
		if c.failed == "" {
			var err error
			if got, err = u.args.Decode(c.items, l.cols, b.n, n, batchBytes-bytes); err != nil {
				c.failed = err.Error()
			}
		}
		bytes += before - len(c.items.Rest())
		switch {
		case got == 0 && b.n > 0:
			return true // it is for the next batch
		case got == 0:
			if !skip {
				w.result(c, c.next, core.StatusUnloaded, 0, proc.Body(nil).String(c.failed))
			}
			c.next++
			continue
		case skip:
			u.args.Forget(l.cols, 0, got)
		default:
			b.parts = append(b.parts, part{c: c, from: c.next, base: b.n})
			b.n += got
		}
		if c.next += got; b.n > 0 && c.next < c.n {
			break
		}
	}
	return b.n > 0
}

// empty makes the batch a new one. The flusher may be looking whether the old one is live.
func (l *loop) empty() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.batch = batch{seen: -1}
}

// alike is how many of the next n items are like the next one: to be skipped, or not.
func (c *chunk) alike(n int) (k int, skip bool) {
	skip = c.skip[c.next] != 0
	for k = 1; k < n && (c.skip[c.next+k] != 0) == skip; k++ {
	}
	return k, skip
}

// grow makes room for a batch.
func (l *loop) grow(w *worker, u *unit) {
	if l.args != nil && l.cols[0].Len() >= l.size {
		return
	}
	l.cols = u.args.Columns(l.size)
	l.args = append(l.args[:0], l.cols...)
	if u.hasValue() {
		n := l.size
		if l.each {
			n = 1
		}
		l.out = reflect.MakeSlice(reflect.SliceOf(u.typ.Out(0)), n, n)
		l.args = append(l.args, l.out)
	}
	l.args = append(l.args, reflect.Value{}, reflect.Value{}, reflect.ValueOf(func(i int) { l.done(w, i) }), reflect.ValueOf(func(i int, err error) { l.failed(w, i, err) }))
}

// once runs the loop until it comes out: with the batch done, because the flusher or a cancel asked for it, or because an item failed.
func (l *loop) once(w *worker) {
	b := &l.batch
	l.told = l.told[:0]
	for _, p := range b.parts {
		l.told = append(l.told, proc.Part{Chunk: p.c.id, From: p.from, Base: p.base})
	}
	at, end := w.beacon.Loop(l.told, b.next, b.n)
	n := len(l.args)
	l.args[n-4], l.args[n-3] = reflect.ValueOf(at), reflect.ValueOf(end)
	parts := b.parts
	w.parts.Store(&parts)
	from, several, start := b.next, b.n > b.next+1, w.clock
	l.mu.Lock()
	b.live, b.seen = true, -1
	l.mu.Unlock()
	if several {
		w.out.arm()
	}
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
		c, i := b.item(b.next)
		w.beacon.Set(c.id, i) // when the task ends the process, it is this item that is lost
		w.exitFor(err)
		w.beacon.Clear()
		l.fail(w, err)
	case !finished:
		l.fail(w, call.ErrGoexit)
	}
	if l.each {
		w.took(true)
	}
	l.adapt(b.next-from, w.clock.Sub(start))
	if b.next == b.n {
		b.parts[0].c.job.unit.args.Forget(l.cols, 0, b.n)
	}
}

// leave notes how far the loop has come, and reports what it has done.
func (l *loop) leave(w *worker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &l.batch
	b.live = false
	b.next = w.beacon.Index()
	w.beacon.Clear()
	w.parts.Store(nil)
	l.report(w, b.next, false)
}

// fail reports how the item failed at which the loop came out.
func (l *loop) fail(w *worker, err error) {
	b := &l.batch
	c, i := b.item(b.next)
	w.failure(c, i, err, w.took(true))
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
	c, item := b.item(i)
	w.report(c, item, l.out.Index(0), nil, w.took(i+1 == b.n))
	l.out.Index(0).SetZero()
}

// failed sends the error that an item returned: the loop calls it.
func (l *loop) failed(w *worker, i int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &l.batch
	l.report(w, i, false)
	b.reported = i + 1
	c, item := b.item(i)
	w.failure(c, item, err, w.took(true))
}

// report sends the results of the items before upto that have not gone yet. peeking is for the flusher, while the loop runs.
func (l *loop) report(w *worker, upto int, peeking bool) {
	b := &l.batch
	n := upto - b.reported
	if n <= 0 {
		return
	}
	each := w.took(true) / time.Duration(n)
	for b.reported < upto {
		k := partOf(b.parts, b.reported)
		end := upto
		if k+1 < len(b.parts) {
			end = min(end, b.parts[k+1].base)
		}
		l.send(w, b.parts[k], b.reported, end, each, peeking)
		b.reported = end
	}
	w.trim()
}

// send sends the results lo to hi of a part, which took that long each.
func (l *loop) send(w *worker, p part, lo, hi int, took time.Duration, peeking bool) {
	j, item := p.c.job, p.from+lo-p.base
	data := []byte(nil)
	switch {
	case !l.hasResults(j):
	case !j.unit.out.Basic():
		for i := lo; i < hi; i++ {
			w.report(p.c, item+i-lo, l.out.Index(i), nil, took)
		}
		return
	case peeking && j.unit.out.Plain():
		w.enc.Reset(j.unit.out.Peek(w.enc.Bytes()[:0], l.out, lo, hi))
		data = w.enc.Bytes()
	default:
		w.enc.Reset(w.enc.Bytes()[:0])
		_ = j.unit.out.EncodeAll(w.enc, l.out, lo, hi) // basic values cannot fail
		data = w.enc.Bytes()
	}
	w.out.values(p.c.id, item, hi-lo, nanoseconds(took*time.Duration(hi-lo)), data)
}

// hasResults reports whether the loop leaves results in out that are to be sent.
func (l *loop) hasResults(j *job) bool {
	return j.mode&core.NoResult == 0 && l.out.IsValid() && !l.each
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
	if j := b.parts[0].c.job; !l.hasResults(j) || j.unit.out.Basic() {
		l.report(w, at, true)
	}
	w.beacon.Stop(at + 1)
	return false
}

// settle is a time after which another processor sees what this one has stored.
const settle = 100 * time.Microsecond

// giveBack returns to the pool those chunks of the batch that have not begun, while an item before them takes long.
func (l *loop) giveBack(w *worker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &l.batch
	if !b.live {
		return
	}
	at := w.beacon.Index()
	w.beacon.Stop(at + 1)
	time.Sleep(settle)
	if w.beacon.Index() != at {
		return // it goes on
	}
	k := partOf(b.parts, at)
	if k+1 == len(b.parts) {
		return
	}
	back := b.parts[k+1:]
	ids := make([]uint64, len(back))
	for i := range back {
		ids[i] = back[i].c.id
	}
	w.at = b.parts[k].c
	w.at.job.unit.args.Forget(l.cols, back[0].base, b.n)
	b.parts, b.n = b.parts[:k+1], back[0].base
	w.returned(ids...)
}

// cancel reports the items that do not run any more as cancelled.
func (l *loop) cancel(w *worker) {
	b := &l.batch
	for ; b.next < b.n; b.next++ {
		c, i := b.item(b.next)
		w.result(c, i, core.StatusCancel, 0, nil)
	}
	for c := w.at; c.next < c.n; c.next++ {
		if len(c.skip) == 0 || c.skip[c.next] == 0 {
			w.result(c, c.next, core.StatusCancel, 0, nil)
		}
	}
	w.at.job.unit.args.Forget(l.cols, 0, b.n)
	l.empty()
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
