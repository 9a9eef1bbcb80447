package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sync/atomic"
	"time"

	"poolbook/pool/core"
	"poolbook/pool/internal/call"
	"poolbook/pool/internal/codec"
	"poolbook/pool/internal/proc"
)

// unit is a loaded code unit.
type unit struct {
	fn  Func
	err error
}

// job is a call as the worker sees it.
type job struct {
	id      int64
	fn      Func
	value   reflect.Value
	call    func(ctx context.Context, args []reflect.Value) ([]reflect.Value, error)
	mode    core.Mode
	timeout time.Duration
	vars    []variable
	session codec.Session
	args    *codec.Items
	out     codec.Value

	direct  func(in, out any) // calls without reflect, where that can be
	guarded func()            // does it, with the memory of the chunk's arguments
	results []reflect.Value   // where it leaves the result
	memory  []reflect.Value   // of the arguments
}

// variable is one that the job's function reads: value is what it has for this job while another job's are set.
type variable struct {
	target, value reflect.Value
}

// chunk is what the executor is at.
type chunk struct {
	id     uint64
	job    *job
	first  int
	n      int
	skip   []byte
	next   int
	items  *codec.Decoder
	args   []reflect.Value // memory of the arguments, used for one item after the other: calls copy them
	failed string          // the items from next on cannot be read: why
}

func (w *worker) load(f *proc.Fields) {
	num, hash, payload := f.Uint(), f.String(), f.Bytes()
	if f.Err != nil {
		return
	}
	u := &unit{}
	w.units[num] = u
	defer func() {
		if r := recover(); r != nil {
			u.err = fmt.Errorf("loading the code panicked: %v", r)
		}
	}()
	u.fn, u.err = w.ev.Load(hash, payload)
}

// prepare makes the job of a unit and its variables.
func (w *worker) prepare(id int64, num uint64, mode core.Mode, f *proc.Fields) (*job, error) {
	u := w.units[num]
	if u == nil {
		return nil, fmt.Errorf("%w: unit %d", proc.ErrFrame, num)
	}
	if u.err != nil {
		return nil, u.err
	}
	j := &job{id: id, fn: u.fn, value: u.fn.Value(), mode: mode}
	if j.value.Kind() != reflect.Func {
		return nil, fmt.Errorf("the code is no function")
	}
	if c, ok := u.fn.(Caller); ok {
		j.call = c.Call
	} else {
		j.call = func(ctx context.Context, args []reflect.Value) ([]reflect.Value, error) {
			return call.Func(ctx, j.value, args, func(error) {})
		}
	}
	set := func(id string, d *codec.Decoder) error {
		target, ok := j.fn.Var(id)
		if !ok || !target.CanSet() {
			return fmt.Errorf("the code has no variable %s", id)
		}
		v := variable{target, reflect.New(target.Type()).Elem()}
		if err := d.Decode(v.value); err != nil {
			return fmt.Errorf("variable %s: %w", id, err)
		}
		if err, ok := v.value.Interface().(error); ok && target.Kind() == reflect.Interface {
			j.session.Add(core.VarName(id), err)
		}
		j.vars = append(j.vars, v)
		return nil
	}
	for range f.Len() {
		id, key := f.String(), [2]uint64{f.Uint(), f.Uint()}
		data, ok := w.blobs[key]
		if !ok {
			return nil, fmt.Errorf("the value of variable %s is missing", id)
		}
		if err := set(id, w.codec.NewDecoder(data, nil)); err != nil {
			return nil, err
		}
	}
	ids := make([]string, 0, 8)
	for range f.Len() {
		ids = append(ids, f.String())
	}
	if f.Err != nil {
		return nil, f.Err
	}
	d := w.codec.NewDecoder(f.Data, nil)
	for _, id := range ids {
		if err := set(id, d); err != nil {
			return nil, err
		}
	}
	return j, nil
}

// setup makes a job known. When that fails the pool is told, and the job's chunks are given back.
func (w *worker) setup(f *proc.Fields) {
	id, num, mode, timeout := int64(f.Uint()), f.Uint(), core.Mode(f.Uint()), time.Duration(f.Int())
	j, err := w.prepare(id, num, mode, f)
	if err == nil {
		j.timeout = timeout
		err = j.types(w.codec)
	}
	if err != nil {
		w.out.put(func(b proc.Body) proc.Body { return b.Uint(uint64(id)).String(err.Error()) }, proc.SetupBad, nil)
		return
	}
	w.jobs[id] = j
}

// types finds how the job's items and results travel.
func (j *job) types(c *codec.Codec) (err error) {
	t := j.value.Type()
	if j.mode&core.Single == 0 {
		in := make([]reflect.Type, t.NumIn())
		for i := range in {
			in[i] = t.In(i)
		}
		if j.args, err = c.Args(in); err != nil {
			return err
		}
	}
	if j.mode&core.NoResult == 0 && t.NumOut() > 0 {
		j.out, err = c.Value(t.Out(0))
	}
	if _, ok := j.fn.(Caller); !ok && j.mode == 0 {
		if j.direct = call.Direct(j.value); j.direct != nil {
			j.memory = j.args.Memory()
			r := reflect.New(t.Out(0))
			j.results = []reflect.Value{r.Elem()}
			in, out := j.memory[0].Addr().Interface(), r.Interface()
			j.guarded = func() { j.direct(in, out) }
		}
	}
	return err
}

// activate sets the variables of a job, and keeps those of the one that was active.
func (w *worker) activate(j *job) {
	if w.active == j {
		return
	}
	if a := w.active; a != nil {
		for _, v := range a.vars {
			v.value.Set(v.target)
		}
	}
	for _, v := range j.vars {
		v.target.Set(v.value)
	}
	w.active = j
}

func (w *worker) initialize(ctx context.Context, f *proc.Fields) {
	num := f.Uint()
	j, err := w.prepare(0, num, core.Single|core.NoResult, f)
	if err == nil {
		w.activate(j)
		w.active = nil // its variables stay
		_, err = j.call(ctx, nil)
	}
	w.exitFor(err)
	body := proc.Body(nil).Uint(core.StatusValue)
	if v, stack, ok := panicked(err); ok {
		body = append(proc.Body(nil).Uint(core.StatusPanic), w.panicBody(nil, v, stack)...)
	} else if err != nil {
		body = proc.Body(nil).Uint(core.StatusUnsent).String(err.Error())
	}
	w.out.put(func(b proc.Body) proc.Body { return append(b, body...) }, proc.InitDone, nil)
	w.out.flush()
}

// exitFor ends the process when a task has asked for it.
func (w *worker) exitFor(err error) {
	var e *core.Exit
	if errors.As(err, &e) {
		w.out.flush()
		os.Exit(e.Code)
	}
}

// begin starts with a chunk.
func (w *worker) begin(ctx context.Context, f *proc.Fields) error {
	c := &chunk{id: f.Uint()}
	j := w.jobs[int64(f.Uint())]
	c.first, c.n, c.skip = int(f.Uint()), int(f.Uint()), f.Bytes()
	if f.Err != nil || len(c.skip) != 0 && len(c.skip) != c.n {
		return fmt.Errorf("%w: chunk", proc.ErrFrame)
	}
	if j == nil {
		w.returned(c.id)
		return nil
	}
	w.activate(j)
	c.job, c.items = j, w.codec.NewDecoder(f.Data, nil)
	w.at = c
	w.items(ctx)
	return nil
}

// items runs the items of the chunk that the executor is at.
func (w *worker) items(ctx context.Context) {
	c := w.at
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w.mu.Lock()
	w.running, w.cancel = c.job.id, cancel
	if w.stopped[c.job.id] {
		cancel()
	}
	closed := w.closed
	w.mu.Unlock()
	if closed {
		os.Exit(exitOrphan)
	}
	w.job.Store(c.job.id)
	w.out.arm()
	w.ticks, w.clock = w.out.ticks.Load(), time.Now()
	for c.next < c.n {
		i := c.next
		c.next++
		w.beacon.Set(c.id, i)
		args, ok := w.arguments(c, i)
		if len(c.skip) > 0 && c.skip[i] != 0 {
			continue
		}
		if !ok {
			w.result(c, i, core.StatusUnloaded, 0, proc.Body(nil).String(c.failed))
			continue
		}
		if ctx.Err() != nil {
			w.result(c, i, core.StatusCancel, 0, nil)
			continue
		}
		w.run(ctx, c, i, args)
	}
	w.beacon.Clear()
	w.item.Store(-1)
	w.at = nil
	w.mu.Lock()
	w.running, w.cancel = 0, nil
	w.mu.Unlock()
}

// arguments reads the next item.
func (w *worker) arguments(c *chunk, i int) ([]reflect.Value, bool) {
	if c.job.mode&core.Single != 0 {
		return nil, true
	}
	if c.failed != "" {
		return nil, false
	}
	if c.args == nil {
		if c.args = c.job.memory; c.args == nil {
			c.args = c.job.args.Memory()
		}
	}
	if err := c.job.args.DecodeInto(c.items, c.args); err != nil {
		c.failed = err.Error()
		return nil, false
	}
	return c.args, true
}

// run runs one item and reports how it ended.
func (w *worker) run(ctx context.Context, c *chunk, i int, args []reflect.Value) {
	j := c.job
	w.item.Store(int64(c.first + i))
	if w.beacon == nil {
		w.out.put(func(b proc.Body) proc.Body { return b.Uint(c.id).Uint(uint64(i)) }, proc.Started, nil)
		w.out.flush()
	}
	var late *lateness
	if j.timeout > 0 {
		late = w.limit(c, i)
		defer late.timer.Stop()
	}
	returned := false
	defer func() {
		if !returned && late.first() { // runtime.Goexit
			w.report(c, i, nil, call.ErrGoexit, w.took(true))
		}
	}()
	var out []reflect.Value
	var err error
	if j.direct != nil {
		err = call.Guard(j.guarded, noExit)
		out = j.results
	} else {
		out, err = j.call(ctx, args)
	}
	returned = true
	took := w.took(c.next == c.n)
	if err != nil {
		w.exitFor(err)
	}
	if !late.first() {
		select {} // the pool ends this process now
	}
	if err != nil && ctx.Err() != nil {
		w.result(c, i, core.StatusCancel, took, nil)
		return
	}
	w.report(c, i, out, err, took)
}

func noExit(error) {}

// took is how long the item took that is done now. The clock is read only when the flusher has run since it was read last, so that short
// tasks do not pay for it: what they took is added to that of the next one for which it is read, the last of the chunk at the latest.
func (w *worker) took(last bool) time.Duration {
	ticks := w.out.ticks.Load()
	if ticks == w.ticks && !last {
		return 0
	}
	w.ticks = ticks
	now := time.Now()
	d := now.Sub(w.clock)
	w.clock = now
	return d
}

// lateness decides who reports an item: the executor, or its time limit. nil has no limit.
type lateness struct {
	timer    *time.Timer
	reported atomic.Bool
}

// first reports whether the item was not reported before.
func (l *lateness) first() bool { return l == nil || l.reported.CompareAndSwap(false, true) }

// limit reports the item as timed out when it is not done in time.
func (w *worker) limit(c *chunk, i int) *lateness {
	l := &lateness{}
	l.timer = time.AfterFunc(c.job.timeout, func() {
		if l.first() {
			w.result(c, i, core.StatusTimeout, c.job.timeout, nil)
			w.out.flush()
		}
	})
	return l
}

// report sends what a function returned, or how it failed.
func (w *worker) report(c *chunk, i int, out []reflect.Value, err error, took time.Duration) {
	j := c.job
	var value reflect.Value
	if err == nil {
		value, err = call.Results(out, j.mode&core.LastErr != 0)
	} else if v, stack, ok := panicked(err); ok {
		w.result(c, i, core.StatusPanic, took, w.panicBody(j, v, stack))
		return
	}
	if err != nil {
		e := w.codec.NewEncoder(nil, &j.session)
		if bad := e.Encode(reflect.ValueOf(&err).Elem()); bad != nil {
			w.result(c, i, core.StatusUnsent, took, proc.Body(nil).String(codec.Text(err)))
			return
		}
		w.result(c, i, core.StatusError, took, e.Bytes())
		return
	}
	if j.mode&core.NoResult != 0 || !value.IsValid() {
		w.result(c, i, core.StatusValue, took, nil)
		return
	}
	if j.out.Plain() {
		w.out.plain(c.id, i, uint64(max(took, 0)), j.out.Memory(value))
		return
	}
	w.enc.Reset(w.enc.Bytes()[:0])
	w.enc.Use(&j.session)
	if bad := j.out.Encode(w.enc, value); bad != nil {
		w.result(c, i, core.StatusUnsent, took, proc.Body(nil).String(codec.In(bad, "the result").Error()))
		return
	}
	w.result(c, i, core.StatusValue, took, w.enc.Bytes())
	if cap(w.enc.Bytes()) > 1<<20 {
		w.enc.Reset(nil)
	}
}

// result sends a Result frame.
func (w *worker) result(c *chunk, i int, status uint64, took time.Duration, body []byte) {
	w.out.result(c.id, uint64(i), status, uint64(max(took, 0)), body)
}

// panicked tells what a function panicked with.
func panicked(err error) (value any, stack string, ok bool) {
	var p *call.Panic
	var q *core.Panic
	switch {
	case errors.As(err, &p):
		return p.Value, p.Stack, true
	case errors.As(err, &q):
		return q.Value, q.Stack, true
	}
	return nil, "", false
}

// panicBody is what a task panicked with, as it travels.
func (w *worker) panicBody(j *job, v any, stack string) proc.Body {
	var s *codec.Session
	if j != nil {
		s = &j.session
	}
	text := codec.Text(v)
	e := w.codec.NewEncoder(nil, s)
	b := proc.Body(nil).String(stack)
	if err, ok := v.(error); ok {
		if e.Encode(reflect.ValueOf(&err).Elem()) == nil {
			return append(b.Uint(core.PanicError).String(text), e.Bytes()...)
		}
	} else if e.Encode(reflect.ValueOf(&v).Elem()) == nil {
		return append(b.Uint(core.PanicValue).String(text), e.Bytes()...)
	}
	return b.Uint(core.PanicText).String(text)
}
