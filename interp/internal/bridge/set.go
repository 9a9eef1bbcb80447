package bridge

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/goplus/reflectx"
	yaegi "github.com/traefik/yaegi/stdlib"
	"github.com/traefik/yaegi/stdlib/unrestricted"

	"poolbook/interp/internal/bridge/native"
	"poolbook/interp/internal/bridge/native/typed"
	"poolbook/interp/internal/bridge/std"
)

// A Table holds the symbols of a package by name.
type Table = map[string]reflect.Value

// A Set is a set of compiled packages. It is safe for concurrent use.
type Set struct {
	mu    sync.RWMutex
	added map[string]*pkg // packages given to Add, by path; holds mu
}

// A pkg is one compiled package.
type pkg struct {
	name string
	// tables of symbols; an earlier table hides symbols of a later one.
	tables []map[string]reflect.Value
	// hidden finds types that have no symbol but that symbols mention.
	hidden func() map[string]reflect.Type
}

func newPkg(path, name string, tables ...map[string]reflect.Value) *pkg {
	p := &pkg{name: name, tables: tables}
	p.hidden = sync.OnceValue(func() map[string]reflect.Type { return hiddenTypes(path, p) })
	return p
}

func (p *pkg) lookup(name string) (reflect.Value, bool) {
	for _, t := range p.tables {
		if v, ok := t[name]; ok {
			return v, true
		}
	}
	return reflect.Value{}, false
}

// New returns a set that holds the standard library.
func New() *Set {
	return &Set{added: make(map[string]*pkg)}
}

// standard is the standard library by import path. The sets share it.
var standard = sync.OnceValue(func() map[string]*pkg {
	packages := make(map[string]*pkg)
	// What yaegi's main tables hold of os and log stops a program from exiting; the real symbols hide it. Programs
	// that exit are the business of the machine's intrinsics.
	for _, tables := range []map[string]map[string]reflect.Value{unrestricted.Symbols, std.Symbols, yaegi.Symbols} {
		for key, table := range tables {
			i := strings.LastIndexByte(key, '/')
			if i <= 0 || strings.Contains(key, ".com/") {
				continue // yaegi's tables of itself
			}
			path, name := key[:i], key[i+1:]
			if p := packages[path]; p != nil {
				p.tables = append(p.tables, table)
			} else {
				packages[path] = newPkg(path, name, table)
			}
		}
	}
	packages[native.Path] = newPkg(native.Path, "native", native.Symbols())
	packages[typed.Path] = newPkg(typed.Path, "typed", typed.Symbols())
	return packages
})

// Add adds a compiled package under its import path. Symbols holds functions, variables as addressable values
// (reflect.ValueOf(&pkg.Var).Elem()), types as nil pointers (reflect.ValueOf((*pkg.T)(nil))) and constants of basic types
// as plain values. A package added again is replaced.
func (s *Set) Add(path, name string, symbols map[string]reflect.Value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.added[path] = newPkg(path, name, symbols)
}

// Added returns the import paths of the packages given to [Set.Add], sorted.
func (s *Set) Added() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Sorted(maps.Keys(s.added))
}

// Package returns the name and the symbols of a package given to [Set.Add]. The map must not be changed.
func (s *Set) Package(path string) (name string, symbols Table, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, ok := s.added[path]
	if !ok {
		return "", nil, false
	}
	return p.name, p.tables[0], true
}

func (s *Set) pkg(path string) *pkg {
	s.mu.RLock()
	p := s.added[path]
	s.mu.RUnlock()
	if p != nil {
		return p
	}
	return standard()[path]
}

// Lookup finds a package-level function, variable (an addressable value) or type (a nil pointer to it) of a
// compiled package. Constants and generic functions are not found.
func (s *Set) Lookup(pkgPath, name string) (reflect.Value, bool) {
	if p := s.pkg(pkgPath); p != nil {
		return p.lookup(name)
	}
	return reflect.Value{}, false
}

// Type returns the type of that name of a compiled package. It finds types that are not exported too, where an exported
// function, variable or field has them, and instances of generic function types that the process was compiled with,
// under their reflect name (iter.Seq[string], which strings.Lines returns).
func (s *Set) Type(pkgPath, name string) (reflect.Type, bool) {
	if strings.HasSuffix(name, "]") {
		if s.pkg(pkgPath) == nil && pkgPath != "iter" {
			return nil, false
		}
		t, ok := instances()[pkgPath+"."+name]
		return t, ok
	}
	p := s.pkg(pkgPath)
	if p == nil {
		return nil, false
	}
	if v, ok := p.lookup(name); ok {
		if !IsType(v) {
			return nil, false
		}
		return v.Type().Elem(), true
	}
	t, ok := p.hidden()[name]
	return t, ok
}

// IsType reports whether a symbol stands for a type.
func IsType(v reflect.Value) bool {
	return v.Kind() == reflect.Pointer && !v.CanAddr() && v.IsNil()
}

// Packages returns the import paths of every package of the set, sorted.
func (s *Set) Packages() []string {
	paths := s.Added()
	for path := range standard() {
		if path != native.Path && path != typed.Path {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// hiddenTypes returns the types of a package that its symbols mention, by name.
func hiddenTypes(path string, p *pkg) map[string]reflect.Type {
	found := make(map[string]reflect.Type)
	w := walker{seen: make(map[reflect.Type]bool), named: func(t reflect.Type) bool {
		if t.PkgPath() == path {
			found[t.Name()] = t
		}
		return t.PkgPath() == path
	}}
	for _, table := range p.tables {
		for _, v := range table {
			w.walk(v.Type())
		}
	}
	return found
}

// A walker visits types that others mention.
type walker struct {
	seen  map[reflect.Type]bool
	named func(reflect.Type) (inside bool)
}

func (w walker) walk(t reflect.Type) {
	if w.seen[t] {
		return
	}
	w.seen[t] = true
	if t.Name() != "" && t.PkgPath() != "" && !w.named(t) {
		return
	}
	switch t.Kind() {
	case reflect.Map:
		w.walk(t.Key())
		w.walk(t.Elem())
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Chan:
		w.walk(t.Elem())
	case reflect.Func:
		for in := range t.Ins() {
			w.walk(in)
		}
		for out := range t.Outs() {
			w.walk(out)
		}
	case reflect.Struct:
		for f := range t.Fields() {
			w.walk(f.Type)
		}
	}
}

// instances returns the instances of generic function types that the process's other types mention, by package path and
// name. Instances of other generic types are left out: they may have another layout and other methods than those that
// are interpreted from source.
var instances = sync.OnceValue(func() map[string]reflect.Type {
	found := make(map[string]reflect.Type)
	w := walker{seen: make(map[reflect.Type]bool), named: func(t reflect.Type) bool {
		if name := t.Name(); t.Kind() == reflect.Func && strings.HasSuffix(name, "]") && !strings.Contains(name, "main.") {
			found[t.PkgPath()+"."+name] = t
		}
		return false
	}}
	for _, t := range reflectx.TypeLinks() {
		w.walk(t)
	}
	return found
})
