package worker

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"poolbook/pool/internal/codec"
	"poolbook/pool/internal/proc"
)

// functions are the loaded units, any of which may be of a function inside values.
type functions struct {
	mu      sync.Mutex
	byHash  map[string]*unit // all that the pool has sent, and those that this process has asked for
	all     []Func
	asked   map[string]bool // hashes of those whose variables a shared object has needed
	reading []string        // variables that are being decoded; nil when none are
}

func (f *functions) add(hash string, u *unit) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byHash == nil {
		f.byHash, f.asked = map[string]*unit{}, map[string]bool{}
	}
	f.byHash[hash] = u
	if u.fn != nil {
		f.all = append(f.all, u.fn)
	}
}

func (f *functions) find(hash string) *unit {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.byHash[hash]
}

// variable finds a variable of a unit, or of a function inside a value.
func (f *functions) variable(fn Func, id string) (reflect.Value, bool) {
	if v, ok := fn.Var(id); ok {
		return v, true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.all {
		if v, ok := m.Var(id); ok {
			return v, true
		}
	}
	return reflect.Value{}, false
}

// read says which variables are decoded until end is called: functions in them need not ask for these.
func (f *functions) read(ids []string) (end func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.reading
	f.reading = ids
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.reading = before
	}
}

// lacks reports whether a function reads a variable that has no value from the call: it is neither being decoded nor in have.
func (f *functions) lacks(m Maker, have []variable) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range m.Vars() {
		if !slices.Contains(f.reading, id) && !slices.ContainsFunc(have, func(v variable) bool { return v.id == id }) {
			return true
		}
	}
	return false
}

// function makes a function inside a value of a job, for the executor. The variables that it reads come with the job, unless the value was read
// later than the call.
func (w *worker) function(hash string) (fn reflect.Value, captured []reflect.Value, err error) {
	u := w.funcs.find(hash)
	if u == nil {
		return fn, nil, fmt.Errorf("%w: a function", proc.ErrFrame)
	}
	m, err := u.maker()
	if err != nil {
		return fn, nil, err
	}
	if len(m.Vars()) > 0 {
		var have []variable
		if w.active != nil {
			have = w.active.vars
		}
		if w.funcs.lacks(m, have) {
			vars, err := w.ask(hash)
			if err != nil {
				return fn, nil, err
			}
			for _, v := range vars {
				if w.owned[v.id] || slices.ContainsFunc(have, func(h variable) bool { return h.id == v.id }) {
					continue
				}
				v.target.Set(v.value)
				if w.active != nil {
					w.active.vars = append(w.active.vars, v)
				}
			}
		}
	}
	return m.Make()
}

// sharedFunction makes a function in a shared object. Variables that it reads, and that no job has set, get the values that they have now.
func (w *worker) sharedFunction(hash string) (fn reflect.Value, captured []reflect.Value, err error) {
	u := w.funcs.find(hash)
	w.funcs.mu.Lock()
	asked := w.funcs.asked[hash]
	w.funcs.mu.Unlock()
	if u == nil || !asked {
		vars, err := w.ask(hash)
		if err != nil {
			return fn, nil, err
		}
		for _, v := range vars {
			if v.target.IsZero() {
				v.target.Set(v.value)
			}
		}
		w.funcs.mu.Lock()
		w.funcs.asked[hash] = true
		w.funcs.mu.Unlock()
		u = w.funcs.find(hash)
	}
	m, err := u.maker()
	if err != nil {
		return fn, nil, err
	}
	return m.Make()
}

// ask gets a function and its variables from the notebook.
func (w *worker) ask(hash string) ([]variable, error) {
	_, payload, data, err := w.client.DefineFunction(hash)
	if err != nil {
		return nil, err
	}
	u := w.funcs.find(hash)
	if u == nil {
		u = &unit{}
		if u.fn, u.err = w.loadUnit(hash, payload); u.err != nil {
			return nil, u.err
		}
		w.funcs.add(hash, u)
	}
	f := proc.Fields{Data: data}
	f.Len() // large ones: none
	vars, _, err := w.variables(u.fn, &f)
	return vars, err
}

// maker is the unit's function as a Maker.
func (u *unit) maker() (Maker, error) {
	if u.err != nil {
		return nil, u.err
	}
	if m, ok := u.fn.(Maker); ok {
		return m, nil
	}
	return only{u.fn}, nil
}

// only is a function of which there is one: that of an evaluator which makes none.
type only struct{ Func }

func (f only) Make() (reflect.Value, []reflect.Value, error) { return f.Value(), nil, nil }
func (f only) Vars() []string                                { return nil }

// functionData takes a function apart that goes to the notebook.
func (w *worker) functionData(fn reflect.Value) (codec.Func, error) {
	if u, ok := w.ev.(Unmaker); ok {
		if hash, captured, ok := u.Made(fn); ok {
			return codec.Func{Name: hash, Captured: captured, Names: make([]string, len(captured))}, nil
		}
	}
	return codec.Func{}, errors.New("a function that a task has made stays in its worker")
}
