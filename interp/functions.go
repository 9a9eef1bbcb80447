package interp

import (
	"fmt"
	"reflect"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/unit"
)

// Functions inside values travel as the hash of their unit and what they have captured. A process that got one may send it back: it is known
// by its code.

// sentFunctions are the functions whose units this session has made. It is guarded by Session.mu.
type sentFunctions struct{ latest, before map[string]sentFunction }

// sentLimit is how many functions are known at least.
const sentLimit = 1000

type sentFunction struct {
	fn       *ssa.Function // nil for one of compiled code
	compiled reflect.Value
	index    []int // of what travels, among what the function has captured
}

func (f *sentFunctions) add(u *unit.Unit, fn reflect.Value, code *ssa.Function) {
	if _, ok := f.latest[u.Hash]; ok {
		return
	}
	if len(f.latest) >= sentLimit {
		f.before, f.latest = f.latest, nil
	}
	if f.latest == nil {
		f.latest = map[string]sentFunction{}
	}
	sent := sentFunction{fn: code}
	if code == nil {
		sent.compiled = fn
	}
	for _, c := range u.Inside {
		sent.index = append(sent.index, c.Index)
	}
	f.latest[u.Hash] = sent
}

// Function makes a function whose unit this session has made with UnitExtra.Inside: one that has come back. captured is what it has captured, as
// Unit.Captured, addressable and zero.
func (s *Session) Function(hash string) (fn reflect.Value, captured []reflect.Value, err error) {
	s.mu.Lock()
	sent, ok := s.units.sent.latest[hash]
	if !ok {
		sent, ok = s.units.sent.before[hash]
	}
	s.mu.Unlock()
	switch {
	case !ok:
		return fn, nil, fmt.Errorf("interp: no function %.8s has been sent", hash)
	case sent.fn == nil:
		return sent.compiled, nil, nil
	}
	fn, free := s.machine.Make(nil, sent.fn)
	for _, i := range sent.index {
		captured = append(captured, free[i])
	}
	return fn, captured, nil
}

// cameFunctions are the functions that loaded units have made. It is guarded by Session.mu.
type cameFunctions struct {
	ours     map[*ssa.Function]string // the hashes of their units
	compiled map[uintptr]string
}

// Make makes a function of a unit that was made with UnitExtra.Inside. captured is what it has captured, as Unit.Captured, addressable
// and zero: set it before the function is called.
func (u *LoadedUnit) Make() (fn reflect.Value, captured []reflect.Value, err error) {
	t := u.fn.Type()
	if t.NumIn() != 1 || t.NumOut() != 1 || t.In(0).Kind() != reflect.Pointer {
		return fn, nil, fmt.Errorf("interp: a unit of type %v makes no function", t)
	}
	arg := reflect.New(t.In(0).Elem())
	u.s.mu.Lock()
	run := u.s.unitRun()
	u.s.mu.Unlock()
	out, err := run.CallValueHere(u.fn, []reflect.Value{arg})
	if out, err = u.s.called(out, err); err != nil {
		return fn, nil, err
	}
	fn = out[0]
	for i := range arg.Elem().NumField() {
		captured = append(captured, arg.Elem().Field(i))
	}
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	came := &u.s.units.came
	if came.ours == nil {
		came.ours, came.compiled = map[*ssa.Function]string{}, map[uintptr]string{}
	}
	if c, ok := u.s.machine.Closure(fn); ok {
		came.ours[c.Fn] = u.hash
	} else {
		came.compiled[fn.Pointer()] = u.hash
	}
	return fn, captured, nil
}

// Made takes a function apart that a loaded unit has made: the hash of the unit, and what the function has captured. It reports false for others.
func (s *Session) Made(fn reflect.Value) (hash string, captured []reflect.Value, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.machine.Closure(fn)
	if !ok {
		hash, ok = s.units.came.compiled[fn.Pointer()]
		return hash, nil, ok
	}
	if hash, ok = s.units.came.ours[c.Fn]; !ok || len(c.Free) == 0 {
		return hash, nil, ok
	}
	fields := c.Free[0] // the variable that holds the pointer to them
	for fields.Kind() == reflect.Pointer {
		fields = fields.Elem()
	}
	for i := range fields.NumField() {
		captured = append(captured, fields.Field(i))
	}
	return hash, captured, true
}
