package rtype

import (
	"go/types"
	"reflect"
)

// Config of a [Table].
type Config struct {
	// Compiled returns the reflect type of a named type of a compiled package ("time", "Duration"), and false when
	// the type is interpreted. Required.
	Compiled func(pkgPath, name string) (reflect.Type, bool)
	// Method returns the implementation of a method of an interpreted type. Recv is the type T or *T in whose
	// method set m is; the receiver is args[0], of type Of(recv), and may be addressable: the implementation copies
	// it. A variadic method gets its last arguments as one slice. Called at the first call of each method, perhaps
	// from several goroutines. Required for types with methods.
	Method func(recv types.Type, m *types.Selection) func(args []reflect.Value) []reflect.Value
	// Import returns the type information of a compiled package, for TypesOf. Without it TypesOf makes named types of
	// its own for compiled types that it has not seen in Of.
	Import func(path string) (*types.Package, error)
}

// A Table holds the reflect types of go/types types. It is safe for concurrent use.
type Table struct {
	cfg Config
}

// New returns an empty table.
func New(cfg Config) *Table { return &Table{cfg: cfg} }

// Of returns the reflect type of t, the same one for identical types. It panics with an [*Error] for a type that
// cannot be represented: a type parameter, or a type with methods when the process has run out of method stubs.
func (t *Table) Of(typ types.Type) reflect.Type { panic(&Error{Type: typ, Reason: "not built yet"}) }

// TypesOf is the inverse of Of, for the types that Of made and for compiled ones.
func (t *Table) TypesOf(rt reflect.Type) types.Type { return nil }

// Extend adds to the reflect type of a named type the methods that a later cell declared.
func (t *Table) Extend(n *types.Named) error { return nil }

// Close gives the method stubs of the table's types back to the process. No value of an interpreted type with
// methods may be used any more.
func (t *Table) Close() {}

// An Error says why a type has no reflect type.
type Error struct {
	Type   types.Type
	Reason string
}

func (e *Error) Error() string { return "type " + e.Type.String() + ": " + e.Reason }
