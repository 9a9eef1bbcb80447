package stdlib

import (
	"go/constant"
	"go/token"
	"go/types"
	"maps"
	"path"
	"reflect"
	"slices"

	"poolbook/interp/internal/bridge"
)

// synthesise makes the type information of a compiled package from its symbols: functions, variables, constants of basic
// types, and types with their exported methods. Types of other packages are imported; those of this package that are
// not exported, but that others mention, are in it too. Parameters have no names.
func synthesise(im *Importer, pkgPath, name string, symbols bridge.Table) *types.Package {
	s := &synth{im: im, pkg: types.NewPackage(pkgPath, name), types: make(map[reflect.Type]types.Type)}
	names := slices.Sorted(maps.Keys(symbols))
	// Types first: a symbol may give a type another name (an alias).
	for _, n := range names {
		if v := symbols[n]; bridge.IsType(v) {
			t := v.Type().Elem()
			if t.PkgPath() == pkgPath && t.Name() == n {
				s.typeOf(t)
			} else {
				obj := types.NewTypeName(token.NoPos, s.pkg, n, nil)
				types.NewAlias(obj, s.typeOf(t))
				s.pkg.Scope().Insert(obj)
			}
		}
	}
	for _, n := range names {
		v := symbols[n]
		switch {
		case bridge.IsType(v):
		case v.CanAddr():
			s.pkg.Scope().Insert(types.NewVar(token.NoPos, s.pkg, n, s.typeOf(v.Type())))
		case v.Kind() == reflect.Func:
			s.pkg.Scope().Insert(types.NewFunc(token.NoPos, s.pkg, n, s.signature(v.Type(), nil, 0)))
		default:
			if c := constantOf(v); c != nil {
				s.pkg.Scope().Insert(types.NewConst(token.NoPos, s.pkg, n, s.typeOf(v.Type()), c))
			}
		}
	}
	s.pkg.MarkComplete()
	return s.pkg
}

// constantOf returns the value of a constant, nil for what cannot be one.
func constantOf(v reflect.Value) constant.Value {
	switch {
	case v.Kind() == reflect.Bool:
		return constant.MakeBool(v.Bool())
	case v.Kind() == reflect.String:
		return constant.MakeString(v.String())
	case v.CanInt():
		return constant.MakeInt64(v.Int())
	case v.CanUint():
		return constant.MakeUint64(v.Uint())
	case v.CanFloat():
		return constant.MakeFloat64(v.Float())
	}
	return nil
}

type synth struct {
	im    *Importer
	pkg   *types.Package
	types map[reflect.Type]types.Type
}

var predeclared = func() map[reflect.Kind]types.Type {
	m := make(map[reflect.Kind]types.Type)
	for _, t := range types.Typ[types.Bool : types.UnsafePointer+1] {
		for k := reflect.Bool; k <= reflect.UnsafePointer; k++ {
			if k.String() == t.Name() || k == reflect.UnsafePointer && t.Kind() == types.UnsafePointer {
				m[k] = t
			}
		}
	}
	return m
}()

func (s *synth) typeOf(r reflect.Type) types.Type {
	if t, ok := s.types[r]; ok {
		return t
	}
	if r.Name() == "" {
		t := s.literal(r)
		s.types[r] = t
		return t
	}
	if r.PkgPath() == "" || r.Kind() == reflect.UnsafePointer {
		if r.Kind() == reflect.Uint8 {
			return types.Universe.Lookup("byte").Type() // as most say: []byte
		}
		if obj := types.Universe.Lookup(r.Name()); obj != nil {
			return obj.Type()
		}
		return predeclared[r.Kind()]
	}
	if r.PkgPath() != s.pkg.Path() {
		if pkg, err := s.im.load(r.PkgPath()); err == nil {
			if obj, ok := pkg.Scope().Lookup(r.Name()).(*types.TypeName); ok {
				s.types[r] = obj.Type()
				return obj.Type()
			}
		}
	}
	return s.named(r)
}

// named makes a named type.
func (s *synth) named(r reflect.Type) types.Type {
	pkg := s.pkg
	if r.PkgPath() != pkg.Path() {
		// Not exported by its package, or unknown: a type that can be passed on.
		pkg = types.NewPackage(r.PkgPath(), path.Base(r.PkgPath()))
	}
	obj := types.NewTypeName(token.NoPos, pkg, r.Name(), nil)
	n := types.NewNamed(obj, nil, nil)
	s.types[r] = n
	pkg.Scope().Insert(obj)
	n.SetUnderlying(s.literal(r).Underlying())
	if r.Kind() == reflect.Interface {
		return n
	}
	for _, recv := range []reflect.Type{r, reflect.PointerTo(r)} {
		for m := range recv.Methods() {
			if _, ok := r.MethodByName(m.Name); ok && recv != r {
				continue
			}
			v := types.NewParam(token.NoPos, pkg, "", s.typeOf(recv))
			n.AddMethod(types.NewFunc(token.NoPos, pkg, m.Name, s.signature(m.Type, v, 1)))
		}
	}
	return n
}

// signature makes the type of a function without its first skip parameters.
func (s *synth) signature(r reflect.Type, recv *types.Var, skip int) *types.Signature {
	var in, out []*types.Var
	for i := skip; i < r.NumIn(); i++ {
		in = append(in, types.NewParam(token.NoPos, s.pkg, "", s.typeOf(r.In(i))))
	}
	for t := range r.Outs() {
		out = append(out, types.NewParam(token.NoPos, s.pkg, "", s.typeOf(t)))
	}
	return types.NewSignatureType(recv, nil, nil, types.NewTuple(in...), types.NewTuple(out...), r.IsVariadic())
}

// literal makes a type without a name.
func (s *synth) literal(r reflect.Type) types.Type {
	switch r.Kind() {
	case reflect.Pointer:
		return types.NewPointer(s.typeOf(r.Elem()))
	case reflect.Slice:
		return types.NewSlice(s.typeOf(r.Elem()))
	case reflect.Array:
		return types.NewArray(s.typeOf(r.Elem()), int64(r.Len()))
	case reflect.Map:
		return types.NewMap(s.typeOf(r.Key()), s.typeOf(r.Elem()))
	case reflect.Chan:
		dir := types.SendRecv
		switch r.ChanDir() {
		case reflect.SendDir:
			dir = types.SendOnly
		case reflect.RecvDir:
			dir = types.RecvOnly
		}
		return types.NewChan(dir, s.typeOf(r.Elem()))
	case reflect.Func:
		return s.signature(r, nil, 0)
	case reflect.Struct:
		var fields []*types.Var
		var tags []string
		for f := range r.Fields() {
			pkg := s.pkg
			if f.PkgPath != "" && f.PkgPath != pkg.Path() {
				pkg = types.NewPackage(f.PkgPath, path.Base(f.PkgPath))
			}
			t := types.Type(nil)
			if f.PkgPath != "" && !f.Anonymous {
				t = hidden(f.Type)
			} else {
				t = s.typeOf(f.Type)
			}
			fields = append(fields, types.NewField(token.NoPos, pkg, f.Name, t, f.Anonymous))
			tags = append(tags, string(f.Tag))
		}
		return types.NewStruct(fields, tags)
	case reflect.Interface:
		if r.NumMethod() == 0 {
			return types.Universe.Lookup("any").Type()
		}
		var methods []*types.Func
		for m := range r.Methods() {
			pkg := s.pkg
			if m.PkgPath != "" && m.PkgPath != pkg.Path() {
				pkg = types.NewPackage(m.PkgPath, path.Base(m.PkgPath))
			}
			methods = append(methods, types.NewFunc(token.NoPos, pkg, m.Name, s.signature(m.Type, nil, 0)))
		}
		return types.NewInterfaceType(methods, nil).Complete()
	}
	return predeclared[r.Kind()]
}

// hidden makes the type of a field that no cell can name: one of that kind and size, comparable if it is, and no more. What its pointers lead to is
// the package's own affair, and would be half of the library: types of tables led to those of processes, of files and of the network.
func hidden(r reflect.Type) types.Type {
	nothing := types.NewStruct(nil, nil)
	switch r.Kind() {
	case reflect.Pointer:
		return types.NewPointer(nothing)
	case reflect.Slice:
		return types.NewSlice(nothing)
	case reflect.Array:
		return types.NewArray(hidden(r.Elem()), int64(r.Len()))
	case reflect.Map:
		return types.NewMap(nothing, nothing)
	case reflect.Chan:
		return types.NewChan(types.SendRecv, nothing)
	case reflect.Func:
		return types.NewSignatureType(nil, nil, nil, nil, nil, false)
	case reflect.Interface:
		return types.Universe.Lookup("any").Type()
	case reflect.Struct:
		var fields []*types.Var
		for f := range r.Fields() {
			fields = append(fields, types.NewField(token.NoPos, nil, f.Name, hidden(f.Type), false))
		}
		return types.NewStruct(fields, nil)
	}
	return predeclared[r.Kind()]
}
