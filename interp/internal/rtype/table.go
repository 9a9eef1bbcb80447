package rtype

import (
	"fmt"
	"go/types"
	"reflect"
	"sync"

	"golang.org/x/tools/go/types/typeutil"

	"poolbook/interp/internal/rtype/stub"
)

// Config of a [Table].
type Config struct {
	// Compiled returns the reflect type of a named type of a compiled package ("time", "Duration"; "iter", "Seq[string]"
	// for an instance of a generic type), and false when the type is interpreted. Required.
	Compiled func(pkgPath, name string) (reflect.Type, bool)
	// Method returns the implementation of a method of an interpreted type. Recv is the type T or *T in whose
	// method set m is; the receiver is args[0], of type Of(recv), and may be addressable: the implementation copies
	// it. A variadic method gets its last arguments as one slice. Called at the first call of each method, perhaps
	// from several goroutines. Required for types with methods.
	Method func(recv types.Type, m *types.Selection) func(args []reflect.Value) []reflect.Value
	// Func, if not nil, returns a function value of type func(recv, arguments…) that does what Method's function does, and that
	// compiled code can call without reflection; an invalid value when there is none. Called once, at the first call
	// of a method.
	Func func(recv types.Type, m *types.Selection) reflect.Value
	// Import returns the type information of a compiled package, for TypesOf. Without it TypesOf makes named types of
	// its own for compiled types that it has not seen in Of.
	Import func(path string) (*types.Package, error)
}

// A Table holds the reflect types of go/types types. It is safe for concurrent use.
type Table struct {
	cfg Config

	finished sync.Map     // types.Type to reflect.Type: what Of has returned, by pointer
	recent   []types.Type // keys of finished since Recent; guarded by mu
	inverse  sync.Map     // reflect.Type to types.Type
	locals   sync.Map     // *types.Named to []types.Type: see Local

	inverting sync.Mutex // held by TypesOf while it makes types; before mu

	mu    sync.Mutex
	types typeutil.Map           // types.Type to reflect.Type, by identity; holds mu
	decls map[reflect.Type]*decl // types with descriptors of our own, holds mu
	batch []types.Type           // keys added to types by the running Of, holds mu
	fills []func()               // descriptors to fill in before Of returns, holds mu
	meths []func()               // method tables to fill in after that, holds mu
	stubs []stub.Stub            // method stubs taken, holds mu
}

// New returns an empty table.
func New(cfg Config) *Table {
	return &Table{cfg: cfg, decls: make(map[reflect.Type]*decl)}
}

// An Error says why a type has no reflect type.
type Error struct {
	Type   types.Type
	Reason string
}

func (e *Error) Error() string {
	if e.Type == nil {
		return "type table: " + e.Reason
	}
	return fmt.Sprintf("type %s: %s", e.Type, e.Reason)
}

// Of returns the reflect type of typ, the same one for identical types. It panics with an [*Error] for a type that
// cannot be represented: a type parameter, a tuple, or a type with methods when the process has run out of method
// stubs; the table is then as it was before.
func (t *Table) Of(typ types.Type) reflect.Type {
	if r, ok := t.finished.Load(typ); ok {
		return r.(reflect.Type)
	}
	if err := SelfTest(); err != nil {
		panic(&Error{Reason: err.Error()})
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	taken := len(t.stubs)
	defer func() {
		if t.batch != nil { // a panic is on its way
			stub.Free(t.stubs[taken:])
			t.stubs = t.stubs[:taken]
			for _, key := range t.batch {
				if r, ok := t.types.At(key).(reflect.Type); ok {
					t.inverse.CompareAndDelete(r, key)
					delete(t.decls, r)
				}
				t.types.Delete(key)
			}
			t.batch, t.fills, t.meths = nil, nil, nil
		}
	}()
	r := t.of(typ)
	t.finish()
	t.finished.Store(typ, r)
	t.recent = append(t.recent, typ)
	return r
}

// Recent returns the types that Of met for the first time, as values of package types, since the last call. With forget, those of them that are
// not declared, and instances, are looked up anew when Of meets them again, by what they are: nothing of the program is held because of them.
func (t *Table) Recent(forget bool) []types.Type {
	t.mu.Lock()
	defer t.mu.Unlock()
	recent := t.recent
	t.recent = nil
	if !forget {
		return recent
	}
	kept := recent[:0]
	for _, typ := range recent {
		switch u := typ.(type) {
		case *types.Basic, *types.TypeParam:
			continue
		case *types.Named:
			if u.TypeArgs().Len() == 0 {
				continue
			}
		}
		t.finished.Delete(typ)
		kept = append(kept, typ)
	}
	return kept
}

// finish fills in what declare has put off.
func (t *Table) finish() {
	for len(t.fills)+len(t.meths) > 0 {
		list := &t.fills
		if len(*list) == 0 {
			list = &t.meths
		}
		n := len(*list) - 1
		f := (*list)[n]
		*list = (*list)[:n]
		f()
	}
	t.batch = nil
}

// of returns the reflect type of typ. Its layout is final, and so are those of all that it holds by value; what its
// descriptor says about other types is filled in before Of returns.
func (t *Table) of(typ types.Type) reflect.Type {
	typ = types.Unalias(typ)
	if r, ok := t.types.At(typ).(reflect.Type); ok {
		return r
	}
	var r reflect.Type
	switch u := typ.(type) {
	case *types.Basic:
		r = basic(u)
	case *types.Named:
		r = t.compiled(u)
		if r == nil {
			return t.declare(typ, u)
		}
	case *types.Pointer:
		r = reflect.PointerTo(t.of(u.Elem()))
	case *types.Slice:
		r = reflect.SliceOf(t.of(u.Elem()))
	case *types.Array:
		r = reflect.ArrayOf(int(u.Len()), t.of(u.Elem()))
	case *types.Map:
		r = reflect.MapOf(t.of(u.Key()), t.of(u.Elem()))
	case *types.Chan:
		r = t.chanOf(u)
	case *types.Signature:
		r = t.funcOf(u, nil)
	case *types.Struct:
		if ownStruct(u) {
			return t.declare(typ, nil)
		}
		r = t.structOf(u)
	case *types.Interface:
		r = t.interfaceOf(u)
	case *types.TypeParam:
		panic(&Error{typ, "a type parameter has no reflect type"})
	default:
		panic(&Error{typ, fmt.Sprintf("%T has no reflect type", typ)})
	}
	if r == nil {
		panic(&Error{typ, "it has no reflect type"})
	}
	if old, ok := t.types.At(typ).(reflect.Type); ok {
		return old // made on the way, through a recursive type
	}
	t.remember(typ, r)
	return r
}

func (t *Table) remember(typ types.Type, r reflect.Type) {
	t.types.Set(typ, r)
	t.batch = append(t.batch, typ)
	t.inverse.LoadOrStore(r, typ)
}

// compiled returns the reflect type of a named type of a compiled package, nil for others.
func (t *Table) compiled(n *types.Named) reflect.Type {
	obj := n.Obj()
	if obj.Pkg() == nil {
		if obj.Name() == "error" {
			return reflect.TypeFor[error]()
		}
		return nil
	}
	if n.TypeParams().Len() > 0 && n.TypeArgs().Len() == 0 || obj.Parent() != nil && obj.Parent() != obj.Pkg().Scope() {
		return nil
	}
	if r, ok := t.cfg.Compiled(obj.Pkg().Path(), t.typeName(n)); ok {
		return bind(n, r)
	}
	return nil
}

func (t *Table) chanOf(u *types.Chan) reflect.Type {
	dir := reflect.BothDir
	switch u.Dir() {
	case types.SendOnly:
		dir = reflect.SendDir
	case types.RecvOnly:
		dir = reflect.RecvDir
	}
	elem := t.of(u.Elem())
	if elem.Size() >= 1<<16 {
		panic(&Error{u, "channel elements must be smaller than 64 kB"})
	}
	return reflect.ChanOf(dir, elem)
}

// funcOf returns the type of a function, with a receiver as its first argument when recv is not nil.
func (t *Table) funcOf(u *types.Signature, recv reflect.Type) reflect.Type {
	var in, out []reflect.Type
	if recv != nil {
		in = append(in, recv)
	}
	for v := range u.Params().Variables() {
		in = append(in, t.of(v.Type()))
	}
	for v := range u.Results().Variables() {
		out = append(out, t.of(v.Type()))
	}
	if len(in)+len(out) > 128 {
		panic(&Error{u, "a function can have at most 128 arguments and results"})
	}
	return reflect.FuncOf(in, out, u.Variadic())
}

// structOf returns the type of a struct for which reflect.StructOf does it right.
func (t *Table) structOf(u *types.Struct) reflect.Type {
	fields := make([]reflect.StructField, u.NumFields())
	for i := range fields {
		f := u.Field(i)
		fields[i] = reflect.StructField{Name: f.Name(), Type: t.of(f.Type()), Tag: reflect.StructTag(u.Tag(i))}
		if !f.Exported() {
			fields[i].PkgPath = pkgPath(f.Pkg())
		}
	}
	return reflect.StructOf(fields)
}

// ownStruct reports whether a struct type needs a descriptor of our own: reflect.StructOf knows no promoted methods,
// compares blank fields, and takes unexported fields of one package only.
func ownStruct(u *types.Struct) bool {
	var pkg *types.Package
	for f := range u.Fields() {
		if f.Embedded() || f.Name() == "_" {
			return true
		}
		if !f.Exported() {
			if pkg != nil && pkg.Path() != f.Pkg().Path() {
				return true
			}
			pkg = f.Pkg()
		}
	}
	return false
}

// pkgName returns the name of a package as types are written with it. Cells may have names of their own ("main·3"), which
// tell them apart in messages of the type checker but are no part of a type's name.
func pkgName(p *types.Package) string {
	if p.Path() == "main" {
		return "main"
	}
	return p.Name()
}

func pkgPath(p *types.Package) string {
	if p == nil {
		return "main"
	}
	return p.Path()
}

var basics = map[types.BasicKind]reflect.Type{
	types.Bool:           reflect.TypeFor[bool](),
	types.Int:            reflect.TypeFor[int](),
	types.Int8:           reflect.TypeFor[int8](),
	types.Int16:          reflect.TypeFor[int16](),
	types.Int32:          reflect.TypeFor[int32](),
	types.Int64:          reflect.TypeFor[int64](),
	types.Uint:           reflect.TypeFor[uint](),
	types.Uint8:          reflect.TypeFor[uint8](),
	types.Uint16:         reflect.TypeFor[uint16](),
	types.Uint32:         reflect.TypeFor[uint32](),
	types.Uint64:         reflect.TypeFor[uint64](),
	types.Uintptr:        reflect.TypeFor[uintptr](),
	types.Float32:        reflect.TypeFor[float32](),
	types.Float64:        reflect.TypeFor[float64](),
	types.Complex64:      reflect.TypeFor[complex64](),
	types.Complex128:     reflect.TypeFor[complex128](),
	types.String:         reflect.TypeFor[string](),
	types.UnsafePointer:  unsafePointerType,
	types.UntypedBool:    reflect.TypeFor[bool](),
	types.UntypedInt:     reflect.TypeFor[int](),
	types.UntypedRune:    reflect.TypeFor[rune](),
	types.UntypedFloat:   reflect.TypeFor[float64](),
	types.UntypedComplex: reflect.TypeFor[complex128](),
	types.UntypedString:  reflect.TypeFor[string](),
}

// basic returns the type of a basic type, of its default type for an untyped one; nil for untyped nil.
func basic(u *types.Basic) reflect.Type { return basics[u.Kind()] }
