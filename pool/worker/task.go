package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
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
	seed    uint64 // of the streams of random numbers of its items
	vars    []variable
	session codec.Session
	owns    []string        // variables that it makes the worker's own
	met     map[string]bool // types that its unit does not have, in its items
}

// variable is one that the job's function reads: value is what it has for this job while another job's are set.
type variable struct {
	id            string
	target, value reflect.Value
	large         bool // it came as a blob
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
	w.units[num] = u
	defer func() { w.funcs.add(hash, u) }()
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
	vars, err := w.askType(name)
	fill(vars)
	return err
}

// definedVariables decodes the variables of a unit that the notebook was asked for.
func (w *worker) definedVariables(fn Func, d core.Definition) ([]variable, error) {
	f := proc.Fields{Data: d.Vars}
	f.Len() // large ones: none
	vars, _, err := w.variables(fn, &f)
	runtime.KeepAlive(d.Refs)
	return vars, err
}

// variables decodes variables that are not large, and the errors in them.
func (w *worker) variables(fn Func, f *proc.Fields) (vars []variable, errs []error, err error) {
	ids := make([]string, f.Len())
	targets := make([]reflect.Value, len(ids))
	for i := range ids {
		ids[i] = f.String()
		target, ok := w.funcs.variable(fn, ids[i])
		if f.Err == nil && (!ok || !target.CanSet()) {
			return nil, nil, fmt.Errorf("the code has no variable %s", ids[i])
		}
		targets[i] = target
	}
	if f.Err != nil {
		return nil, nil, f.Err
	}
	defer w.funcs.read(ids)()
	d := w.codec.NewDecoder(f.Data, nil)
	d.Variables(targets)
	for i, target := range targets {
		v := variable{id: ids[i], target: target, value: reflect.New(target.Type()).Elem()}
		if err := d.Decode(v.value); err != nil {
			return nil, nil, fmt.Errorf("variable %s: %w", ids[i], err)
		}
		vars = append(vars, v)
	}
	return vars, d.Errors(), nil
}

// enter tells the evaluator what function gets what is decoded.
func (w *worker) enter(u *unit) {
	w.entered.Store(u)
	if w.scoper != nil {
		w.scoper.Enter(u.fn)
	}
}

func noExit(error) {}

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
	for range f.Len() {
		id, key := f.String(), [2]uint64{f.Uint(), f.Uint()}
		data, ok := w.blobs[key]
		if !ok {
			return nil, fmt.Errorf("the value of variable %s is missing", id)
		}
		target, ok := w.funcs.variable(u.fn, id)
		if !ok || !target.CanSet() {
			return nil, fmt.Errorf("the code has no variable %s", id)
		}
		v := variable{id: id, target: target, value: reflect.New(target.Type()).Elem(), large: true}
		if err := w.codec.NewDecoder(data, nil).Decode(v.value); err != nil {
			return nil, fmt.Errorf("variable %s: %w", id, err)
		}
		j.vars = append(j.vars, v)
	}
	vars, errs, err := w.variables(u.fn, f)
	if err != nil {
		return nil, err
	}
	j.vars = append(j.vars, vars...)
	j.session.Know(errs)
	return j, nil
}

// setup makes a job known. When that fails the pool is told, and the job's chunks are given back.
func (w *worker) setup(f *proc.Fields) {
	id, num, mode, timeout, seed := int64(f.Uint()), f.Uint(), core.Mode(f.Uint()), time.Duration(f.Int()), f.Uint()
	j, err := w.prepare(id, num, mode, f)
	if err == nil {
		j.timeout, j.seed = timeout, seed
		err = j.unit.prepareTypes(w)
	}
	if err != nil {
		w.out.put(func(b proc.Body) proc.Body { return b.Uint(uint64(id)).String(err.Error()) }, proc.SetupBad, nil)
		return
	}
	w.jobs[id] = j
}

// activate sets the variables of a job, and keeps those of the one that was active. Those that are the worker's own stay as they are.
func (w *worker) activate(j *job) {
	if w.active == j {
		return
	}
	if a := w.active; a != nil {
		for _, v := range a.vars {
			if !w.owned[v.id] {
				v.value.Set(v.target)
			}
		}
		a.letGo(w)
	}
	for _, v := range j.vars {
		if !w.owned[v.id] {
			v.target.Set(v.value)
		}
	}
	w.active = j
}

// letGo takes large variables out of the function of a job that is not active any more. Only where memory is short: a goroutine that a task has
// left behind may still read them.
func (j *job) letGo(w *worker) {
	if !w.limited.Load() {
		return
	}
	for _, v := range j.vars {
		if v.large {
			v.target.SetZero()
		}
	}
}

// broadcast reads a function that each worker runs once, and the variables that it makes the worker's own.
func (w *worker) broadcast(f *proc.Fields) (j *job, err error) {
	id, num, mode := int64(f.Uint()), f.Uint(), core.Mode(f.Uint())
	var owns []string
	for range f.Len() {
		owns = append(owns, f.String())
	}
	j, err = w.prepare(id, num, mode, f)
	if err != nil {
		return &job{id: id, mode: mode}, err
	}
	j.owns = owns
	return j, nil
}

// runOnce runs a function that each worker runs once. Its variables stay as it leaves them.
func (w *worker) runOnce(j *job) error {
	w.mu.Lock()
	if w.ctx == nil || w.ctx.Err() != nil {
		w.ctx, w.cancel = context.WithCancel(context.Background())
	}
	w.running = j.id
	w.awake()
	if w.stopped[j.id] {
		w.cancel()
	}
	w.mu.Unlock()
	w.out.arm() // the flusher sees to it that somebody reads while it takes long
	w.job.Store(j.id)
	w.activate(j)
	for _, id := range j.owns {
		w.owned[id] = true
	}
	w.active = nil
	defer func() { // also when it ends its goroutine
		w.mu.Lock()
		w.running = 0
		delete(w.stopped, j.id)
		w.mu.Unlock()
	}()
	out, err := j.unit.call(w.ctx, nil)
	if err == nil {
		_, err = call.Results(out, j.mode&core.LastErr != 0)
	}
	w.exitFor(err)
	return err
}

// initialize runs the function of an Init frame, and says how that went.
func (w *worker) initialize(f *proc.Fields) {
	j, bad := w.broadcast(f)
	err := call.ErrGoexit // until it is known better
	defer func() {
		status, body := w.failed(j, err)
		w.out.put(func(b proc.Body) proc.Body { return append(b.Uint(status), body...) }, proc.InitDone, nil)
		runtime.KeepAlive(err)
		w.out.flush()
	}()
	if bad != nil {
		err = unset{bad}
		return
	}
	err = w.runOnce(j)
}

// unset is the error of a function that could not be set up: a text, not a value of the task.
type unset struct{ error }

// failed is how a function ended that each worker runs once, as it travels.
func (w *worker) failed(j *job, err error) (status uint64, body []byte) {
	var bad unset
	switch {
	case err == nil:
		return core.StatusValue, nil
	case errors.As(err, &bad):
		return core.StatusUnsent, proc.Body(nil).String(bad.Error())
	case w.ctx.Err() != nil:
		return core.StatusCancel, nil
	}
	return w.reason(j, err)
}

// runLast runs the pool's exit function. How it fails is told where it prints.
func (w *worker) runLast(f *proc.Fields) {
	j, err := w.broadcast(f)
	if err == nil {
		err = w.runOnce(j)
	}
	if v, stack, ok := panicked(err); ok {
		err = fmt.Errorf("panic: %s\n%s", codec.Text(v), stack)
	}
	if err != nil {
		fmt.Fprintf(&stream{w, 1}, "the AtExit function of this worker failed: %v\n", err)
	}
}

// exitFor ends the process when a task has asked for it.
func (w *worker) exitFor(err error) {
	var e *core.Exit
	if errors.As(err, &e) {
		w.out.flush()
		os.Exit(e.Code)
	}
}
