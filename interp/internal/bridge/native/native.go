// Package native is what the interpreted sources of generic standard packages call for the work that only compiled
// code can do, or does much faster: sorting memory by its kind, coroutines, weak pointers. Its functions mention no
// types of other packages, so that using it reads no others; those that do are in the package typed. Cells cannot
// import either.
package native

import (
	"database/sql"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"sort"
	"sync"
	"time"
	"unsafe"
	"weak"
)

// Path is the import path of the package.
const Path = "poolbook/interp/internal/bridge/native"

// Symbols returns the package's symbol table.
func Symbols() map[string]reflect.Value {
	return map[string]reflect.Value{
		"Assign":         reflect.ValueOf(Assign),
		"MakeWeak":       reflect.ValueOf(MakeWeak),
		"Pull":           reflect.ValueOf(Pull),
		"Sort":           reflect.ValueOf(Sort),
		"SortFunc":       reflect.ValueOf(SortFunc),
		"SortStableFunc": reflect.ValueOf(SortStableFunc),
		"Unique":         reflect.ValueOf(Unique),
		"Weak":           reflect.ValueOf((*Weak)(nil)),
	}
}

// as returns the memory of a slice as a slice of E.
func as[E any](v reflect.Value) []E { return unsafe.Slice((*E)(v.UnsafePointer()), v.Len()) }

// Sort sorts a slice of an ordered type, NaNs first. It panics for other types.
func Sort(slice any) {
	v := reflect.ValueOf(slice)
	switch v.Type().Elem().Kind() {
	case reflect.Int:
		slices.Sort(as[int](v))
	case reflect.Int8:
		slices.Sort(as[int8](v))
	case reflect.Int16:
		slices.Sort(as[int16](v))
	case reflect.Int32:
		slices.Sort(as[int32](v))
	case reflect.Int64:
		slices.Sort(as[int64](v))
	case reflect.Uint:
		slices.Sort(as[uint](v))
	case reflect.Uint8:
		slices.Sort(as[uint8](v))
	case reflect.Uint16:
		slices.Sort(as[uint16](v))
	case reflect.Uint32:
		slices.Sort(as[uint32](v))
	case reflect.Uint64:
		slices.Sort(as[uint64](v))
	case reflect.Uintptr:
		slices.Sort(as[uintptr](v))
	case reflect.Float32:
		slices.Sort(as[float32](v))
	case reflect.Float64:
		slices.Sort(as[float64](v))
	case reflect.String:
		slices.Sort(as[string](v))
	default:
		panic("native: " + v.Type().Elem().String() + " is not ordered")
	}
}

// SortFunc sorts a slice by a comparison of the elements at two indexes.
func SortFunc(slice any, less func(i, j int) bool) { sort.Slice(slice, less) }

// SortStableFunc is SortFunc, keeping equal elements in their order.
func SortStableFunc(slice any, less func(i, j int) bool) { sort.SliceStable(slice, less) }

// Pull turns a push iterator that yields nothing into a pull iterator: next reports whether there was one more.
func Pull(seq func(yield func() bool)) (next func() bool, stop func()) {
	n, s := iter.Pull(func(yield func(struct{}) bool) {
		seq(func() bool { return yield(struct{}{}) })
	})
	return func() bool { _, ok := n(); return ok }, s
}

var uniques sync.Map // struct{ kind, value any } to any

// Unique returns the value that fresh made for the first of equal values; kind tells types apart. It is kept for the
// life of the process.
func Unique(kind, value any, fresh func() any) any {
	key := struct{ kind, value any }{kind, value}
	if p, ok := uniques.Load(key); ok {
		return p
	}
	p, _ := uniques.LoadOrStore(key, fresh())
	return p
}

// Weak is a weak pointer to anything. Weak pointers are equal when they were made of equal pointers.
type Weak struct{ p any } // a weak.Pointer[byte], or nil; a field of that type would bring package weak with every use of iter

// MakeWeak returns a weak pointer.
func MakeWeak(p unsafe.Pointer) Weak {
	if p == nil {
		return Weak{}
	}
	return Weak{weak.Make((*byte)(p))}
}

// Value returns the pointer, or nil when what it pointed to is gone.
func (w Weak) Value() unsafe.Pointer {
	p, _ := w.p.(weak.Pointer[byte])
	return unsafe.Pointer(p.Value())
}

// Assign stores a value from a database driver in the variable that dest points to, with the conversions of
// database/sql.
func Assign(dest, src any) error {
	if s, ok := dest.(sql.Scanner); ok {
		return s.Scan(src)
	}
	v := reflect.ValueOf(dest).Elem()
	if sv := reflect.ValueOf(src); sv.IsValid() && sv.Type().AssignableTo(v.Type()) {
		if b, ok := src.([]byte); ok {
			sv = reflect.ValueOf(slices.Clone(b))
		}
		v.Set(sv.Convert(v.Type()))
		return nil
	}
	switch v.Kind() {
	case reflect.Bool:
		return assign(v, src, func(n sql.NullBool) any { return n.Bool })
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return assign(v, src, func(n sql.NullInt64) any { return n.Int64 })
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		var n sql.Null[uint64]
		if err := n.Scan(src); err != nil {
			return err
		}
		return set(v, n.V)
	case reflect.Float32, reflect.Float64:
		return assign(v, src, func(n sql.NullFloat64) any { return n.Float64 })
	case reflect.String:
		return assign(v, src, func(n sql.NullString) any { return n.String })
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			var n sql.Null[[]byte]
			if err := n.Scan(src); err != nil {
				return err
			}
			return set(v, n.V)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return assign(v, src, func(n sql.NullTime) any { return n.Time })
		}
	case reflect.Interface:
		if v.NumMethod() == 0 {
			v.Set(reflect.ValueOf(src))
			return nil
		}
	}
	return fmt.Errorf("unsupported Scan, storing driver.Value type %T into type %T", src, dest)
}

// assign converts src as one of database/sql's Null types does.
func assign[N any, P interface {
	*N
	sql.Scanner
}](v reflect.Value, src any, value func(N) any) error {
	var n N
	if err := P(&n).Scan(src); err != nil {
		return err
	}
	return set(v, value(n))
}

// set stores x, whose kind is of v's family.
func set(v reflect.Value, x any) error {
	xv := reflect.ValueOf(x)
	switch {
	case v.CanInt() && v.OverflowInt(xv.Int()), v.CanUint() && v.OverflowUint(xv.Uint()), v.CanFloat() && v.OverflowFloat(xv.Float()):
		return fmt.Errorf("converting driver.Value type %T (%v) to a %s: value out of range", x, x, v.Kind())
	}
	v.Set(xv.Convert(v.Type()))
	return nil
}
