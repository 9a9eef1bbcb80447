package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	"poolbook/pool/core"
	"poolbook/pool/internal/call"
	"poolbook/pool/internal/codec"
	"poolbook/pool/internal/proc"
)

// unit is a loaded code unit.
type unit struct {
	fn    Func
	err   error
	typ   reflect.Type
	call  func(ctx context.Context, args []reflect.Value) ([]reflect.Value, error)
	types bool         // args and out are found
	args  *codec.Items // its parameters
	out   codec.Value  // its value, when it has one
	cols  []reflect.Value
	loop  *loop // nil without parameters
}

// job is a call as the worker sees it.
type job struct {
	id      int64
	unit    *unit
	mode    core.Mode
	timeout time.Duration
	vars    []variable
	session codec.Session
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
	next   int // item that is decoded next
	items  *codec.Decoder
	failed string // the items from next on cannot be read: why
}

func (w *worker) load(f *proc.Fields) {
	num, hash, payload := f.Uint(), f.String(), f.Bytes()
	if f.Err != nil {
		return
	}
	u := &unit{}
	w.units[num], w.byHash[hash] = u, u
	defer func() {
		if r := recover(); r != nil {
			u.err = fmt.Errorf("loading the code panicked: %v", r)
		}
	}()
	u.fn, u.err = w.loadUnit(hash, payload)
	if u.err != nil {
		return
	}
	v := u.fn.Value()
	if v.Kind() != reflect.Func {
		u.err = errors.New("the code is no function")
		return
	}
	u.typ = v.Type()
	if c, ok := u.fn.(Caller); ok {
		u.call = c.Call
	} else {
		u.call = func(ctx context.Context, args []reflect.Value) ([]reflect.Value, error) {
			return call.Func(ctx, v, args, noExit)
		}
	}
}

// loadUnit has the evaluator load a unit.
func (w *worker) loadUnit(hash string, payload []byte) (Func, error) {
	w.loads.Lock()
	defer w.loads.Unlock()
	return w.ev.Load(hash, payload)
}

// define loads the unit of a type that has come in a shared object. Variables that its methods read, and that no job has set, get the
// values that they have now.
func (w *worker) define(name string) error {
	hash, payload, vars, err := w.client.Define(name)
	if err != nil {
		return err
	}
	fn, err := w.loadUnit(hash, payload)
	if err != nil {
		return err
	}
	f := proc.Fields{Data: vars}
	f.Len() // large ones: none
	ids := make([]string, f.Len())
	for i := range ids {
		ids[i] = f.String()
	}
	if f.Err != nil {
		return f.Err
	}
	d := w.codec.NewDecoder(f.Data, nil)
	for _, id := range ids {
		target, ok := fn.Var(id)
		if !ok || !target.CanSet() {
			return fmt.Errorf("the code has no variable %s", id)
		}
		v := reflect.New(target.Type()).Elem()
		if err := d.Decode(v); err != nil {
			return fmt.Errorf("variable %s: %w", id, err)
		}
		if target.IsZero() {
			target.Set(v)
		}
	}
	return nil
}

// enter tells the evaluator what function gets what is decoded.
func (w *worker) enter(u *unit) {
	if w.scoper != nil {
		w.scoper.Enter(u.fn)
	}
}

func noExit(error) {}

// function finds a function that travels inside a value. Values are decoded by the executor.
func (w *worker) function(hash []byte, t reflect.Type) (reflect.Value, error) {
	u := w.byHash[string(hash)]
	switch {
	case u == nil:
		return reflect.Value{}, fmt.Errorf("%w: a function of type %v", proc.ErrFrame, t)
	case u.err != nil:
		return reflect.Value{}, u.err
	}
	return u.fn.Value(), nil
}

// prepareTypes finds how the function's arguments and result travel. An initializer needs none of that.
func (u *unit) prepareTypes(w *worker) (err error) {
	if u.types {
		return nil
	}
	in := make([]reflect.Type, u.typ.NumIn())
	for i := range in {
		in[i] = u.typ.In(i)
	}
	if u.args, err = w.codec.Args(in); err != nil {
		return err
	}
	if u.typ.NumOut() > 0 {
		if u.out, err = w.codec.Value(u.typ.Out(0)); err != nil {
			return err
		}
	}
	u.loop = w.newLoop(u)
	u.types = true
	return nil
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
	j := &job{id: id, unit: u, mode: mode}
	w.enter(u)
	set := func(id string, d *codec.Decoder) error {
		target, ok := u.fn.Var(id)
		if !ok || !target.CanSet() {
			return fmt.Errorf("the code has no variable %s", id)
		}
		v := variable{target, reflect.New(target.Type()).Elem()}
		if err := d.Decode(v.value); err != nil {
			return fmt.Errorf("variable %s: %w", id, err)
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
	j.session.Know(d.Errors())
	return j, nil
}

// setup makes a job known. When that fails the pool is told, and the job's chunks are given back.
func (w *worker) setup(f *proc.Fields) {
	id, num, mode, timeout := int64(f.Uint()), f.Uint(), core.Mode(f.Uint()), time.Duration(f.Int())
	j, err := w.prepare(id, num, mode, f)
	if err == nil {
		j.timeout = timeout
		err = j.unit.prepareTypes(w)
	}
	if err != nil {
		w.out.put(func(b proc.Body) proc.Body { return b.Uint(uint64(id)).String(err.Error()) }, proc.SetupBad, nil)
		return
	}
	w.jobs[id] = j
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
		_, err = j.unit.call(ctx, nil)
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
