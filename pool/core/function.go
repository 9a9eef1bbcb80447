package core

import (
	"errors"
	"maps"
	"reflect"
	"slices"

	"poolbook/pool/internal/codec"
	"poolbook/pool/internal/proc"
)

// Functions inside items and variables travel as the hash of their unit, and what they have captured. A worker is sent the units of all that came
// up so far, each once, before the chunk or variable that may have them, and asks for those that it meets in a shared object. Variables of the
// session that such a function reads go with the job.

// functionRequest is before the hash of a function in a request for a type.
const functionRequest = "func "

// function takes a function inside a value apart.
func (h *Host) function(fn reflect.Value) (*Unit, codec.Func, error) {
	if h.Unit == nil {
		return nil, codec.Func{}, errors.New("the host gives no code units")
	}
	need := Need{Inside: true, Without: map[string]string{}}
	u, err := h.unit(fn.Interface(), need)
	for err == nil {
		id, why := h.keepInside(u)
		if id == "" {
			break
		}
		need.Without[id] = why.Error() // perhaps only methods that nothing calls read it
		if u, err = h.unit(fn.Interface(), need); err != nil {
			err = why
		}
	}
	if err != nil {
		return nil, codec.Func{}, err
	}
	f := codec.Func{Name: u.Hash}
	for _, v := range u.Captured {
		f.Captured, f.Names = append(f.Captured, v.Value), append(f.Names, v.Name)
	}
	return u, f, nil
}

// insideUnit is the unit of a function inside a value.
type insideUnit struct {
	*Unit
	bad string // a variable that it reads and that cannot be sent; "" for none
	why error
}

// keepInside keeps the unit of a function inside a value. It returns a variable of the session that it reads and that cannot be sent; "" for none.
func (h *Host) keepInside(u *Unit) (bad string, why error) {
	h.mu.Lock()
	kept, ok := h.inside[u.Hash]
	if h.inside == nil {
		h.inside = map[string]*insideUnit{}
	}
	if !ok {
		kept = &insideUnit{}
		h.inside[u.Hash] = kept // before its variables are tried: they may lead to it again
	}
	kept.Unit = u
	bad, why = kept.bad, kept.why
	h.mu.Unlock()
	if ok {
		return bad, why
	}
	for _, v := range u.Vars {
		if err := h.objectCodec().NewEncoder(nil, nil).Encode(v.Value); err != nil {
			bad, why = v.ID, codec.In(err, v.Name)
			break
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	kept.bad, kept.why = bad, why
	return bad, why
}

// functionData takes a function apart that goes to the workers.
func (s *state) functionData(fn reflect.Value) (codec.Func, error) {
	u, f, err := s.host.function(fn)
	if err != nil {
		return f, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.functions.known[u.Hash] {
		if s.functions.known == nil {
			s.functions.known = map[string]bool{}
		}
		s.functions.known[u.Hash] = true
		s.functions.units = append(s.functions.units, u)
	}
	return f, nil
}

// variablesOf are those that functions inside values read.
func (h *Host) variablesOf(functions map[string]bool) (vars []Var) {
	if len(functions) == 0 {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		if u := h.inside[name]; u != nil {
			vars = append(vars, u.Vars...)
		}
	}
	return vars
}

// functions are the units of the functions that travelled inside values. Guarded by s.mu.
type functions struct {
	units []*Unit
	known map[string]bool // hashes of units
}

// putFunctions sends the units of functions that the worker does not have. mu is held.
func (l *link) putFunctions() {
	for _, u := range l.s.functions.units[l.functions:] {
		l.putUnit(u)
	}
	l.functions = len(l.s.functions.units)
}

// putUnit sends a unit, once.
func (l *link) putUnit(u *Unit) {
	if _, ok := l.units[u.Hash]; ok {
		return
	}
	n := uint64(len(l.units) + 1)
	l.units[u.Hash] = n
	l.out.Put(func(b []byte) []byte {
		return frame(b, proc.Load, func(b proc.Body) proc.Body { return b.Uint(n).String(u.Hash).Bytes(u.Payload) })
	}, nil)
}
