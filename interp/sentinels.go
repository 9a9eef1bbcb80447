package interp

import (
	"go/types"
	"iter"
	"reflect"
	"strings"

	"poolbook/interp/internal/bridge"
)

// modulePrefix is before the names of variables of packages that are interpreted from source: they may be of an internal package.
const modulePrefix = "source "

// SentinelName names what a package-level variable of the standard library holds: a pointer such as io.EOF, or a value without memory; or
// an error that a variable of a module does. Another session of the same program that has imported the package finds its own by that name.
func (s *Session) SentinelName(v reflect.Value) (name string, ok bool) {
	id, ok := bridge.SentinelOf(v)
	if !ok {
		return "", false
	}
	if name, ok = bridge.StandardSentinel(id); ok {
		return name, true
	}
	if !v.Type().Implements(reflect.TypeFor[error]()) {
		return "", false // what a module's other pointers lead to may have changed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name, ok = s.moduleSentinels()[id]
	return name, ok
}

// ErrorVariable names the variable of a cell or program that holds an error: one that it held when the cell that declares it had run, so that
// nothing is read that code may be writing. The name is unique in the session.
func (s *Session) ErrorVariable(v reflect.Value) (name string, ok bool) {
	id, ok := bridge.SentinelOf(v)
	if !ok {
		return "", false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name, ok = s.errorVars[id]
	return name, ok
}

// noteErrors looks what variables that a cell has declared hold now.
func (s *Session) noteErrors(vars iter.Seq[*types.Var]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	errorType := types.Universe.Lookup("error").Type().Underlying().(*types.Interface)
	for v := range vars {
		g := s.globals[v]
		if g == nil || !types.Implements(v.Type(), errorType) {
			continue
		}
		id, ok := bridge.SentinelIn(s.machine.Global(g))
		if !ok {
			continue
		}
		if s.errorVars == nil {
			s.errorVars = map[bridge.Sentinel]string{}
		}
		if _, ok := s.errorVars[id]; !ok {
			s.errorVars[id] = s.env.VarID(v)
		}
	}
}

// sentinelIndex are the errors that the variables of packages hold that are interpreted from source.
type sentinelIndex struct {
	declared int // how many declarations they had
	names    map[bridge.Sentinel]string
}

// moduleSentinels is the index of the packages that are there now. mu is held.
func (s *Session) moduleSentinels() map[bridge.Sentinel]string {
	packages := s.imp.SourcePackages()
	declared := 0
	for _, pkg := range packages {
		declared += pkg.Scope().Len()
	}
	if s.sentinels.declared == declared {
		return s.sentinels.names
	}
	names := map[bridge.Sentinel]string{}
	for _, pkg := range packages {
		for _, name := range pkg.Scope().Names() {
			v := s.packageVar(pkg, name)
			if !v.IsValid() {
				continue
			}
			if id, ok := bridge.SentinelIn(v); ok {
				names[id] = modulePrefix + pkg.Path() + "." + name
			}
		}
	}
	s.sentinels = sentinelIndex{declared, names}
	return names
}

// Sentinel is the inverse of SentinelName.
func (s *Session) Sentinel(name string) (reflect.Value, bool) {
	full, ok := strings.CutPrefix(name, modulePrefix)
	if !ok {
		return bridge.StandardVariable(name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	dot := strings.LastIndexByte(full, '.')
	if dot < 0 {
		return reflect.Value{}, false
	}
	src := s.imp.Source(full[:dot])
	if src == nil {
		return reflect.Value{}, false
	}
	if src.Pkg.Scope().Lookup(full[dot+1:]) == nil && s.whole(full[:dot]) != nil {
		return reflect.Value{}, false
	}
	v := s.packageVar(src.Pkg, full[dot+1:])
	if !v.IsValid() {
		return v, false
	}
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v, v.IsValid()
}

// packageVar is a variable of a package that is interpreted from source; an invalid value when its type can hold no sentinel. mu is held.
func (s *Session) packageVar(pkg *types.Package, name string) reflect.Value {
	v, ok := pkg.Scope().Lookup(name).(*types.Var)
	if !ok {
		return reflect.Value{}
	}
	switch v.Type().Underlying().(type) {
	case *types.Pointer, *types.Interface:
	default:
		return reflect.Value{}
	}
	p := s.prog.Package(pkg)
	if p == nil || p.Var(name) == nil {
		return reflect.Value{}
	}
	return s.machine.Global(p.Var(name))
}
