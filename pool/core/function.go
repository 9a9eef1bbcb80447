package core

import (
	"fmt"
	"reflect"
	"strings"

	"poolbook/pool/internal/proc"
)

// Functions inside items and variables travel as the hash of their unit. A worker is sent the units of all that came up so far, each once,
// before the chunk or variable that may have them. A function takes no variables along: their values would belong to a job, not to it.

// functionData is the bytes by which workers find a function.
func (s *state) functionData(fn reflect.Value) ([]byte, error) {
	u, err := s.unit(fn.Interface(), Need{})
	if err != nil {
		return nil, err
	}
	if len(u.Vars) > 0 {
		names := make([]string, len(u.Vars))
		for i, v := range u.Vars {
			names[i] = v.Name
		}
		return nil, fmt.Errorf("it uses %s: inside a value, a function travels without variables; pass what it needs as an argument", strings.Join(names, ", "))
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
	return []byte(u.Hash), nil
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
