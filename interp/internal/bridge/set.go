package bridge

import (
	"go/token"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/goplus/reflectx"

	"poolbook/interp/internal/bridge/native"
	"poolbook/interp/internal/bridge/native/typed"
	"poolbook/interp/internal/bridge/std"
)

// A Table holds the symbols of a package by name.
type Table map[string]reflect.Value

// Lookup finds a symbol.
func (t Table) Lookup(name string) (reflect.Value, bool) {
	v, ok := t[name]
	return v, ok
}

// All yields the symbols, in no order.
func (t Table) All() iter.Seq2[string, reflect.Value] { return maps.All(t) }

// A Set is a set of compiled packages. It is safe for concurrent use.
type Set struct {
	mu    sync.RWMutex
	added map[string]*pkg // packages given to Add, by path; holds mu
}

// A pkg is one compiled package.
type pkg struct {
	name    string // of added packages
	symbols symbols
	// hidden finds types that have no symbol but that symbols mention.
	hidden func() map[string]reflect.Type
}

// symbols are what a package exports: a [Table], or one of the standard library.
type symbols interface {
	Lookup(name string) (reflect.Value, bool)
	All() iter.Seq2[string, reflect.Value]
}

func newPkg(path, name string, s symbols) *pkg {
	return &pkg{name: name, symbols: s, hidden: sync.OnceValue(func() map[string]reflect.Type { return hiddenTypes(path, s) })}
}

// New returns a set that holds the standard library.
func New() *Set {
	return &Set{added: make(map[string]*pkg)}
}

// standard holds the packages of the standard library and of the bridge itself that were asked for, by import path. The sets
// share it.
var standard sync.Map // string to *pkg

// standardPkg returns a package of the standard library, or nil.
func standardPkg(path string) *pkg {
	if p, ok := standard.Load(path); ok {
		return p.(*pkg)
	}
	var s symbols
	switch path {
	case native.Path:
		s = Table(native.Symbols())
	case typed.Path:
		s = Table(typed.Symbols())
	default:
		t := std.Find(path)
		if t == nil {
			return nil
		}
		s = t
	}
	p, _ := standard.LoadOrStore(path, newPkg(path, "", s))
	return p.(*pkg)
}

// Add adds a compiled package under its import path. Symbols holds functions, variables as addressable values
// (reflect.ValueOf(&pkg.Var).Elem()), types as nil pointers (reflect.ValueOf((*pkg.T)(nil))) and constants of basic types
// as plain values. A package added again is replaced.
func (s *Set) Add(path, name string, symbols map[string]reflect.Value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.added[path] = newPkg(path, name, Table(symbols))
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
	return p.name, p.symbols.(Table), true
}

func (s *Set) pkg(path string) *pkg {
	s.mu.RLock()
	p := s.added[path]
	s.mu.RUnlock()
	if p != nil {
		return p
	}
	return standardPkg(path)
}

// Lookup finds a package-level function, variable (an addressable value) or type (a nil pointer to it) of a
// compiled package. Constants and generic functions are not found. Of a few packages of modules it finds the functions that are
// assembly there.
func (s *Set) Lookup(pkgPath, name string) (reflect.Value, bool) {
	if p := s.pkg(pkgPath); p != nil {
		return p.symbols.Lookup(name)
	}
	return standIn(pkgPath, name)
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
		return internalType(pkgPath, name)
	}
	if v, ok := p.symbols.Lookup(name); ok {
		if !IsType(v) {
			return nil, false
		}
		return v.Type().Elem(), true
	}
	t, ok := p.hidden()[name]
	return t, ok
}

// internalType returns a type of an internal package of the standard library that public packages beside it mention, as encoding/json has
// its options from encoding/json/internal/jsonopts.
func internalType(pkgPath, name string) (reflect.Type, bool) {
	root, _, ok := strings.Cut(pkgPath, "/internal/")
	if !ok {
		return nil, false
	}
	for path := range std.Paths() {
		if path == root || strings.HasPrefix(path, root+"/") {
			if t, ok := standardPkg(path).hidden()[pkgPath+"."+name]; ok {
				return t, true
			}
		}
	}
	return nil, false
}

// Has reports whether there is a table for a package.
func (s *Set) Has(pkgPath string) bool { return s.pkg(pkgPath) != nil }

// Compiled returns the type of that name of any package of the standard library that the process has, internal ones and those that no
// symbol mentions included: what values in interfaces may have. Types that are declared in functions are not found.
func (s *Set) Compiled(pkgPath, name string) (reflect.Type, bool) {
	if t, ok := s.Type(pkgPath, name); ok {
		return t, true
	}
	t := linked()[pkgPath+"."+name]
	return t, t != nil
}

// linked returns the named types of the standard library that the linker has kept a pointer type of, as it does for those with
// methods that are in an interface anywhere; nil for names that several types have.
var linked = sync.OnceValue(func() map[string]reflect.Type {
	found := make(map[string]reflect.Type)
	for _, p := range reflectx.TypeLinks() {
		if p.Kind() != reflect.Pointer || p.Elem().Name() == "" || p.Elem().PkgPath() == "" {
			continue
		}
		t := p.Elem()
		if first, _, _ := strings.Cut(t.PkgPath(), "/"); strings.Contains(first, ".") || first == "main" || first == "poolbook" || strings.Contains(t.Name(), "[") {
			continue
		}
		key := t.PkgPath() + "." + t.Name()
		if other, ok := found[key]; ok && other != t {
			t = nil
		}
		found[key] = t
	}
	return found
})

// IsType reports whether a symbol stands for a type.
func IsType(v reflect.Value) bool {
	return v.Kind() == reflect.Pointer && !v.CanAddr() && v.IsNil()
}

// Packages returns the import paths of every package of the set, sorted.
func (s *Set) Packages() []string {
	paths := s.Added()
	paths = slices.AppendSeq(paths, std.Paths())
	slices.Sort(paths)
	return slices.Compact(paths)
}

// hiddenTypes returns the types of a package that its symbols mention, by name, and those of internal packages, by path and name.
func hiddenTypes(path string, s symbols) map[string]reflect.Type {
	found := make(map[string]reflect.Type)
	w := walker{seen: make(map[reflect.Type]bool), named: func(t reflect.Type) bool {
		switch {
		case t.PkgPath() == path:
			found[t.Name()] = t
			return true
		case strings.Contains(t.PkgPath(), "/internal/"):
			found[t.PkgPath()+"."+t.Name()] = t
			return true
		}
		return false
	}}
	for _, v := range s.All() {
		w.walk(v.Type())
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

// instances returns the instances of generic function types, and of generic types that are not exported, which the process's other types
// mention, by package path and name. Instances of other generic types are left out: they may have another layout and other methods than
// those that are interpreted from source.
var instances = sync.OnceValue(func() map[string]reflect.Type {
	found := make(map[string]reflect.Type)
	w := walker{seen: make(map[reflect.Type]bool), named: func(t reflect.Type) bool {
		if name := t.Name(); strings.HasSuffix(name, "]") && (t.Kind() == reflect.Func || !token.IsExported(name)) && !strings.Contains(name, "main.") {
			found[t.PkgPath()+"."+name] = t
		}
		return false
	}}
	for _, t := range reflectx.TypeLinks() {
		w.walk(t)
	}
	return found
})
