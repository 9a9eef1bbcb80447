// Package std holds the symbols of the standard library. The files symbols_go1.N_*.go are those of a release,
// written by the command in ../gen, which has them from yaegi's extract.
//
// The tables are composite literals of addresses, which the linker lays out: at start-up nothing is run and nothing
// allocated for them, and a page of them that no program asks for is never read from the file. Why not yaegi's own package
// stdlib? Its tables are maps that initialisers fill, 1.3 ms and 500 kB at every start of a process, have wrapper types for
// interfaces (2.4 MB of the binary), which a machine with real types does not need, and end at Go 1.22.
package std

import (
	"cmp"
	"iter"
	"reflect"
	"slices"

	_ "poolbook/interp/internal/goabi" // ends the build for releases that have no tables
)

//go:generate go run ../gen -dir .

// A Symbol is an exported function, variable or type.
type Symbol struct {
	name string
	// object is the function, a pointer to the variable, or a nil pointer to the type.
	object any
}

// A pkg is a package with its symbols, sorted by name.
type pkg struct {
	path    string
	symbols *[]Symbol
}

// A Table is the symbols of one package.
type Table []Symbol

// Find returns the table of a package, nil when the package is not in the standard library or has no symbols.
func Find(path string) Table {
	i, ok := slices.BinarySearchFunc(packages, path, func(p pkg, path string) int { return cmp.Compare(p.path, path) })
	if !ok {
		return nil
	}
	return *packages[i].symbols
}

// Paths yields the import paths of the packages that have symbols on this platform, sorted.
func Paths() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, p := range packages {
			if len(*p.symbols) > 0 && !yield(p.path) {
				return
			}
		}
	}
}

// Lookup finds a symbol: a function, the addressable value of a variable, or a nil pointer to a type.
func (t Table) Lookup(name string) (reflect.Value, bool) {
	i, ok := slices.BinarySearchFunc(t, name, func(s Symbol, name string) int { return cmp.Compare(s.name, name) })
	if !ok {
		return reflect.Value{}, false
	}
	return t[i].value(), true
}

// All yields the symbols, sorted by name.
func (t Table) All() iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) {
		for _, s := range t {
			if !yield(s.name, s.value()) {
				return
			}
		}
	}
}

func (s *Symbol) value() reflect.Value {
	v := reflect.ValueOf(s.object)
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		return v.Elem()
	}
	return v
}
