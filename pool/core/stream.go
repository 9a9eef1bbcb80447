package core

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"time"

	"poolbook/pool/internal/call"
	"poolbook/pool/internal/codec"
)

// Stream gives the results of a job one by one. When it becomes unreachable its job reads no further items.
type Stream struct{ q *results }

// results are those of a streamed job that wait to be taken. Guarded by the pool's mu.
type results struct {
	j       *Job
	ordered bool
	next    int // index of the next one to give, when ordered
	taken   int
	byIndex map[int]arrived
	arrived []arrived     // in the order of their end, when not ordered
	wake    chan struct{} // something has arrived, or the job is over
	told    bool          // the error of the whole job was given
	failed  bool          // the error of an item was given

	// Of a stream whose items come one by one.
	limit   int           // items that may be under way or wait to be taken
	credit  chan struct{} // there may be room again
	stopped bool          // nobody takes any more
}

// arrived is the result of one item.
type arrived struct {
	base reflect.Value
	slot int
	err  error
}

// put notes that an item is done.
func (q *results) put(c *chunk, i int, err error) {
	a := arrived{c.base, c.slot(i), err}
	if q.ordered {
		q.byIndex[c.index(i)] = a
	} else {
		q.arrived = append(q.arrived, a)
	}
	q.signal()
}

func (q *results) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// end notes that the job is over.
func (q *results) end() {
	q.signal()
	q.more()
}

// more lets the reader of the items look again.
func (q *results) more() {
	select {
	case q.credit <- struct{}{}:
	default:
	}
}

func (j *Job) makeStream(ordered bool) *Stream {
	q := &results{j: j, ordered: ordered, wake: make(chan struct{}, 1), credit: make(chan struct{}, 1), byIndex: map[int]arrived{}}
	j.stream = q
	st := &Stream{q}
	runtime.AddCleanup(st, func(q *results) { q.stop() }, q)
	return st
}

// Stream starts a job of a call over a slice whose results are given one by one, ordered or as they come.
func (p *Pool) Stream(o *Origin, name string, ordered bool, mode Mode, fn, items any, opts []CallOption) *Stream {
	s := p.s
	j := s.newJob(o, name, mode, fn, opts)
	j.oneByOne()
	st := j.makeStream(ordered)
	s.prepareJob(j, fn)
	v := reflect.ValueOf(items)
	j.total = v.Len()
	if j.err == nil {
		j.err = j.cut(fn, v)
		st.q.hold()
	}
	s.submit(j)
	runtime.KeepAlive(p)
	return st
}

// oneByOne makes chunks of one item, when the call's options say nothing else.
func (j *Job) oneByOne() {
	if j.opts.chunk == 0 {
		j.opts = j.opts.with(func(c *callConfig) { c.chunk = 1 })
	}
}

// StreamSeq is Stream over an iter.Seq: a goroutine of the pool reads it, a bounded distance ahead of the results that are taken.
func (p *Pool) StreamSeq(o *Origin, name string, ordered bool, mode Mode, fn, seq any, opts []CallOption) *Stream {
	s := p.s
	j := s.newJob(o, name, mode, fn, opts)
	j.oneByOne()
	st := j.makeStream(ordered)
	j.open = true
	s.prepareJob(j, fn)
	st.q.limit = max(2, 4*s.size()) * j.opts.chunk
	if j.opts.buffer > 0 {
		st.q.limit = max(j.opts.buffer, j.opts.chunk)
	}
	f := &feeder{j: j, q: st.q, seq: reflect.ValueOf(seq)}
	if j.err == nil {
		j.err = f.prepare()
	}
	failed := j.err != nil
	s.submit(j)
	if !failed {
		s.wg.Add(1)
		go f.run()
	}
	runtime.KeepAlive(p)
	return st
}

// prepareJob gets what a job needs before its items.
func (s *state) prepareJob(j *Job, fn any) {
	if j.err == nil {
		j.err = s.refusal()
	}
	if j.err == nil && !s.threads {
		j.code, j.err = s.prepare(fn, s.ownVariables(), company{})
		j.err = j.refuse(j.err)
	}
}

// Next waits for the next result and stores it in *into. It reports false when there is none any more. The error is that of the item, or
// ErrTimeout when the call has a NextTimeout: then the result still comes.
func (st *Stream) Next(o *Origin, into any) (more bool, err error) {
	q := st.q
	j := q.j
	s := j.s
	var limit <-chan time.Time
	if d := j.opts.nextTimeout; d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		limit = t.C
	}
	defer runtime.KeepAlive(st)
	for {
		s.mu.Lock()
		a, ok := q.take()
		over, whole := j.finished && (j.err == nil || j.Ready()), j.err
		if !ok && over && j.stopped {
			if whole = nil; !q.failed { // it waits behind items that did not run
				whole = j.failure()
			}
		}
		if !ok && over && whole != nil && !q.told {
			q.told = true
			s.mu.Unlock()
			return true, whole
		}
		q.failed = q.failed || ok && a.err != nil
		s.mu.Unlock()
		if ok {
			if a.err == nil && into != nil {
				reflect.ValueOf(into).Elem().Set(a.base.Index(a.slot))
			}
			return true, withMore(a.err, 0)
		}
		if over {
			return false, nil
		}
		select {
		case <-q.wake:
		case <-limit:
			return true, ErrTimeout
		case <-o.done():
			j.interrupt()
			return true, ErrInterrupted
		}
	}
}

// take takes the next result that is there.
func (q *results) take() (a arrived, ok bool) {
	if q.ordered {
		if a, ok = q.byIndex[q.next]; !ok {
			return a, false
		}
		delete(q.byIndex, q.next)
		q.next++
	} else {
		if len(q.arrived) == 0 {
			return a, false
		}
		a = q.arrived[0]
		q.arrived[0] = arrived{}
		q.arrived = q.arrived[1:]
	}
	q.taken++
	q.fill()
	q.more()
	return a, true
}

// Enter begins a loop over the results; leave ends it. When it ends before the results do, or its cell is interrupted, wherever in the loop that is,
// the job is cancelled.
func (st *Stream) Enter(o *Origin) (leave func()) {
	j := st.q.j
	unwatch := func() bool { return true }
	if o != nil && o.Ctx != nil {
		unwatch = context.AfterFunc(o.Ctx, j.Cancel)
	}
	return func() {
		unwatch()
		j.Cancel()
	}
}

func (q *results) stop() {
	q.j.s.mu.Lock()
	defer q.j.s.mu.Unlock()
	q.stopped = true
	q.drop()
	q.more()
}

// feeder reads the items of a stream.
type feeder struct {
	j    *Job
	q    *results
	seq  reflect.Value // a func(yield func(T) bool)
	elem reflect.Type
	plan *codec.Items
	buf  reflect.Value // items of the next chunk
}

func (f *feeder) prepare() (err error) {
	t := f.seq.Type()
	if f.seq.IsNil() {
		return fmt.Errorf("pool.%s: the sequence is nil", f.j.name)
	}
	f.elem = t.In(0).In(0)
	if !f.j.s.threads {
		f.plan, err = f.j.s.codec.Items(f.elem, f.j.mode&Spread != 0)
	}
	f.buf = reflect.MakeSlice(reflect.SliceOf(f.elem), 0, f.j.opts.chunk)
	return err
}

// run is the goroutine that reads the items.
func (f *feeder) run() {
	s, j := f.j.s, f.j
	defer s.wg.Done()
	yield := reflect.MakeFunc(f.seq.Type().In(0), func(args []reflect.Value) []reflect.Value {
		return []reflect.Value{reflect.ValueOf(f.add(args[0]))}
	})
	var err error
	ended := false
	defer func() {
		if !ended && err == nil {
			err = call.ErrGoexit
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		j.open = false
		if err != nil {
			j.gets().unread = fmt.Errorf("pool.%s: reading the items: %w", j.name, err)
		}
		if j.done == j.total {
			s.end(j)
		}
	}()
	j.enter(s.ctx, aSequence, func(ctx context.Context) {
		_, err = j.o.call(ctx, f.seq, []reflect.Value{yield}, func(e error) { err = e })
	})
	ended = true
	if f.buf.Len() > 0 { // what was read before an error, too
		f.flush()
	}
}

// end ends a job all of whose items are done: with an error when there would have been more.
func (s *state) end(j *Job) {
	if err := j.has().unread; err != nil {
		s.fail(j, err)
		return
	}
	s.finish(j)
}

// add takes the next item. It waits while enough are under way, and reports whether further ones are wanted.
func (f *feeder) add(v reflect.Value) bool {
	f.buf = reflect.Append(f.buf, v)
	if f.buf.Len() >= f.j.opts.chunk && !f.flush() {
		return false
	}
	s := f.j.s
	for {
		s.mu.Lock()
		over := f.q.stopped || f.j.finished
		full := f.j.total+f.buf.Len()-f.q.taken >= f.q.limit && s.joins == 0
		s.mu.Unlock()
		if over {
			return false
		}
		if !full {
			return true
		}
		select {
		case <-f.q.credit:
		case <-s.ctx.Done():
			return false
		}
	}
}

// flush makes a chunk of the items read and queues it.
func (f *feeder) flush() bool {
	s, j := f.j.s, f.j
	n := f.buf.Len()
	c := &chunk{id: s.chunkID(), job: j, n: n, left: n, base: reflect.MakeSlice(reflect.SliceOf(j.out), n, n)}
	var err error
	if s.threads {
		c.items = &items{slice: f.buf}
	} else {
		e := s.codec.NewEncoder(nil, &j.code.session)
		err = f.plan.Encode(e, f.buf, 0, n)
		c.data = e.Bytes()
		c.refer(e.Handles())
	}
	f.buf = reflect.MakeSlice(f.buf.Type(), 0, j.opts.chunk)
	s.mu.Lock()
	defer s.mu.Unlock()
	if j.finished {
		return false
	}
	if err != nil {
		s.fail(j, j.refuse(err))
		return false
	}
	c.first = j.total
	j.total += n
	s.total.Items += n
	j.queue = append(j.queue, c)
	if len(j.queue) == 1 {
		s.enqueue(j)
	}
	s.feedAll()
	return true
}
