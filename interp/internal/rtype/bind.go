package rtype

import (
	"fmt"
	"go/types"
	"reflect"
	"runtime"
	"sync"

	"poolbook/interp/internal/goabi"
)

// bound remembers the compiled types that are as the type information says, by reflect.Type.
var bound sync.Map

// sizes are those of the compiler.
var sizes = types.SizesFor("gc", runtime.GOARCH)

// bind returns the compiled type r for n. It panics with an [*Error] when r is not what the type information says: cells would read and
// write other fields than they name, and call other methods.
func bind(n *types.Named, r reflect.Type) reflect.Type {
	if _, ok := bound.Load(r); ok {
		return r
	}
	if diff := differs(n.Underlying(), r); diff != "" {
		panic(&Error{n, fmt.Sprintf("in the library of %s that this program was built with, it is not as in that of %s, which the type checker knows (%s): build Poolbook with another patch release",
			runtime.Version(), goabi.Name, diff)})
	}
	bound.Store(r, true)
	return r
}

// differs says in what r is not as u, "" when it is. It looks at what lies in a value and at the methods of interfaces; types that are behind
// these are bound for themselves.
func differs(u types.Type, r reflect.Type) string {
	if r.Kind() != kindOf(u) {
		return fmt.Sprintf("it is a %v", r.Kind())
	}
	if size := sizes.Sizeof(u); size != int64(r.Size()) {
		return fmt.Sprintf("it has %d bytes instead of %d", r.Size(), size)
	}
	switch u := u.(type) {
	case *types.Struct:
		if u.NumFields() != r.NumField() {
			return fmt.Sprintf("it has %d fields instead of %d", r.NumField(), u.NumFields())
		}
		var fields []*types.Var
		for f := range u.Fields() {
			fields = append(fields, f)
		}
		for i, off := range sizes.Offsetsof(fields) {
			f := r.Field(i)
			if f.Name != fields[i].Name() || f.Anonymous != fields[i].Embedded() {
				return fmt.Sprintf("it has a field %s instead of %s", f.Name, fields[i].Name())
			}
			if k := kindOf(fields[i].Type().Underlying()); int64(f.Offset) != off || f.Type.Kind() != k {
				return fmt.Sprintf("its field %s is a %v at byte %d instead of a %v at byte %d", f.Name, f.Type.Kind(), f.Offset, k, off)
			}
		}
	case *types.Interface:
		if u.NumMethods() != r.NumMethod() {
			return fmt.Sprintf("it has %d methods instead of %d", r.NumMethod(), u.NumMethods())
		}
		for m := range u.Methods() {
			if rm, ok := r.MethodByName(m.Name()); !ok || rm.Type.NumIn() != m.Signature().Params().Len() || rm.Type.NumOut() != m.Signature().Results().Len() {
				return "it has another method " + m.Name()
			}
		}
	}
	return ""
}

// kindOf returns the kind of the reflect types of a type that is no type's name.
func kindOf(u types.Type) reflect.Kind {
	switch u := u.(type) {
	case *types.Basic:
		return basic(u).Kind()
	case *types.Pointer:
		return reflect.Pointer
	case *types.Slice:
		return reflect.Slice
	case *types.Array:
		return reflect.Array
	case *types.Map:
		return reflect.Map
	case *types.Chan:
		return reflect.Chan
	case *types.Signature:
		return reflect.Func
	case *types.Struct:
		return reflect.Struct
	case *types.Interface:
		return reflect.Interface
	}
	return reflect.Invalid
}
