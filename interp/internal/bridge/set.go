package bridge

import (
	"go/types"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"

	yaegi "github.com/traefik/yaegi/stdlib"
)

// A Set is a set of compiled packages. It is safe for concurrent use.
type Set struct {
	mu    sync.RWMutex
	added map[string]*pkg // packages given to Add, by path
}

// A pkg is one compiled package.
type pkg struct {
	name    string
	symbols map[string]reflect.Value
}

// New returns a set that holds the standard library.
func New() *Set {
	return &Set{added: make(map[string]*pkg)}
}

// Add adds a compiled package under its import path. Symbols holds functions, variables as addressable values
// (reflect.ValueOf(&pkg.Var).Elem()) and types as nil pointers (reflect.ValueOf((*pkg.T)(nil))). A package added
// again is replaced.
func (s *Set) Add(path, name string, symbols map[string]reflect.Value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.added[path] = &pkg{name: name, symbols: symbols}
}

// Added returns the import paths of the packages given to [Set.Add], sorted.
func (s *Set) Added() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var paths []string
	for p := range s.added {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}

// Package returns the name and the symbols of a package given to [Set.Add]. The map must not be changed.
func (s *Set) Package(path string) (name string, symbols map[string]reflect.Value, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, ok := s.added[path]
	if !ok {
		return "", nil, false
	}
	return p.name, p.symbols, true
}

// Lookup finds a package-level function, variable (an addressable value) or type (a nil pointer to it) of a
// compiled package. Constants and generic functions are not found.
func (s *Set) Lookup(pkgPath, name string) (reflect.Value, bool) {
	s.mu.RLock()
	p := s.added[pkgPath]
	s.mu.RUnlock()
	if p != nil {
		v, ok := p.symbols[name]
		return v, ok
	}
	v, ok := yaegi.Symbols[pkgPath+"/"+path.Base(pkgPath)][name]
	return v, ok
}

// Type returns the type of that name of a compiled package.
func (s *Set) Type(pkgPath, name string) (reflect.Type, bool) {
	v, ok := s.Lookup(pkgPath, name)
	if !ok || v.Kind() != reflect.Pointer || !v.IsNil() || v.CanAddr() {
		return nil, false
	}
	t := v.Type().Elem()
	if t.Name() != name {
		return nil, false
	}
	return t, true
}

// Packages returns the import paths of every package of the set, sorted.
func (s *Set) Packages() []string {
	paths := s.Added()
	for key := range yaegi.Symbols {
		if i := strings.LastIndexByte(key, '/'); i > 0 {
			paths = append(paths, key[:i])
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// Instance returns a compiled instance of a generic function of the standard library, such as slices.Sort for
// []int, where there is one: it does what the interpreted body does, faster.
func (s *Set) Instance(pkgPath, name string, targs []types.Type) (reflect.Value, bool) {
	return reflect.Value{}, false
}
