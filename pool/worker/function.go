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
	asked   map[string]bool // hashes of those whose variables a shared object has needed, and the names of types
	reading []string        // variables that are being decoded; nil when none are
}

func (f *functions) add(hash string, u *unit) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byHash == nil {
		f.byHash = map[string]*unit{}
	}
	f.byHash[hash] = u
	if u.fn != nil {
		f.all = append(f.all, u.fn)
	}
}

// note notes that a shared object needs the variables of a function or a type. It reports whether that is new.
func (f *functions) note(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked == nil {
		f.asked = map[string]bool{}
	}
	before := f.asked[name]
	f.asked[name] = true
	return !before
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
			w.add(vars)
		}
	}
	return m.Make()
}

// add gives variables that came later than the call of the job that runs to it, but for those that it has.
func (w *worker) add(vars []variable) {
	var have []variable
	if w.active != nil {
		have = w.active.vars
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

// fill gives variables their values that no job has set.
func fill(vars []variable) {
	for _, v := range vars {
		if v.target.IsZero() {
			v.target.Set(v.value)
		}
	}
}

// brings reports whether the variables that a type's methods read come with the calls of a unit.
func (w *worker) brings(u *unit, name string) bool {
	return w.bringer == nil || u == nil || u.fn == nil || w.bringer.Brings(u.fn, name)
}

// itemType finds a type in an item of a job, for the executor. The variables that its methods read come with the job, unless the item was read later
// than the call.
func (w *worker) itemType(name string) (reflect.Type, error) {
	t, err := w.ev.TypeByName(name)
	if err != nil || w.at == nil || w.active == nil {
		return t, err
	}
	j := w.active
	if j.met[name] || w.brings(j.unit, name) {
		return t, nil
	}
	if j.met == nil {
		j.met = map[string]bool{}
	}
	j.met[name] = true // before its variables are read: they may lead to it
	vars, err := w.askType(name)
	if err != nil {
		delete(j.met, name)
		return nil, err
	}
	w.add(vars)
	return t, nil
}

// sharedType finds a type in a shared object. Variables that its methods read, and that no job has set, get the values that they have now.
func (w *worker) sharedType(name string) (reflect.Type, error) {
	t, err := w.ev.TypeByName(name)
	if err != nil || w.bringer == nil {
		return t, err
	}
	if w.brings(w.entered.Load(), name) || !w.funcs.note(name) {
		return t, nil
	}
	vars, err := w.askType(name)
	if err != nil {
		return nil, err
	}
	fill(vars)
	return t, nil
}

// askType gets the variables that a type's methods read from the notebook, as they are now.
func (w *worker) askType(name string) ([]variable, error) {
	d, err := w.client.Define(name)
	if err != nil {
		return nil, err
	}
	fn, err := w.loadUnit(d.Hash, d.Payload)
	if err != nil {
		return nil, err
	}
	return w.definedVariables(fn, d)
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
		fill(vars)
		w.funcs.note(hash)
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
	d, err := w.client.DefineFunction(hash)
	if err != nil {
		return nil, err
	}
	u := w.funcs.find(hash)
	if u == nil {
		u = &unit{}
		if u.fn, u.err = w.loadUnit(hash, d.Payload); u.err != nil {
			return nil, u.err
		}
		w.funcs.add(hash, u)
	}
	return w.definedVariables(u.fn, d)
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
	return codec.Func{}, errors.New(codec.HintFunc)
}
