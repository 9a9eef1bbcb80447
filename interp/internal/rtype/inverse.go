package rtype

import (
	"cmp"
	"go/token"
	"go/types"
	"path"
	"reflect"
	"slices"
)

// TypesOf is the inverse of Of: for a type that Of made, the type it was made of (or one identical to it). For named
// types of compiled packages it asks Config.Import; one that is not found there, because it is not exported or an
// instance of a generic type, becomes a new named type with the same underlying type and exported methods, always the
// same one.
func (t *Table) TypesOf(r reflect.Type) types.Type {
	if typ, ok := t.inverse.Load(r); ok {
		return typ.(types.Type)
	}
	// Not under mu as a whole: Import may take long, and may itself need the table.
	typ := t.typesOf(r)
	if other, loaded := t.inverse.LoadOrStore(r, typ); loaded {
		return other.(types.Type)
	}
	return typ
}

var basicKinds = func() map[reflect.Kind]types.Type {
	m := make(map[reflect.Kind]types.Type)
	for k, r := range basics {
		if k < types.UntypedBool {
			m[r.Kind()] = types.Typ[k]
		}
	}
	return m
}()

func (t *Table) typesOf(r reflect.Type) types.Type {
	if r.Name() != "" {
		return t.namedOf(r)
	}
	return t.underlyingOf(r)
}

// namedOf returns the type of a named compiled type.
func (t *Table) namedOf(r reflect.Type) types.Type {
	if r.PkgPath() == "" {
		if typ := types.Universe.Lookup(r.Name()); typ != nil {
			return typ.Type()
		}
		return basicKinds[r.Kind()] // unsafe.Pointer
	}
	if r == unsafePointerType {
		return types.Typ[types.UnsafePointer]
	}
	var pkg *types.Package
	if t.cfg.Import != nil {
		pkg, _ = t.cfg.Import(r.PkgPath())
	}
	if pkg != nil {
		if obj, ok := pkg.Scope().Lookup(r.Name()).(*types.TypeName); ok {
			if c, ok := t.cfg.Compiled(r.PkgPath(), r.Name()); ok && c == r {
				return obj.Type()
			}
		}
	} else {
		pkg = types.NewPackage(r.PkgPath(), path.Base(r.PkgPath()))
	}
	n := types.NewNamed(types.NewTypeName(token.NoPos, pkg, r.Name(), nil), nil, nil)
	if old, loaded := t.inverse.LoadOrStore(r, n); loaded {
		return old.(types.Type)
	}
	// From here on r is known, which ends the recursion of recursive types.
	n.SetUnderlying(t.underlyingOf(r).Underlying())
	if r.Kind() != reflect.Interface {
		for _, recv := range []reflect.Type{r, reflect.PointerTo(r)} {
			for i := range recv.NumMethod() {
				m := recv.Method(i)
				if recv != r {
					if _, ok := r.MethodByName(m.Name); ok {
						continue
					}
				}
				v := types.NewParam(token.NoPos, pkg, "", t.TypesOf(recv))
				n.AddMethod(types.NewFunc(token.NoPos, pkg, m.Name, t.signatureOf(m.Type, v, 1)))
			}
		}
	}
	t.mu.Lock()
	t.types.Set(n, r)
	t.mu.Unlock()
	return n
}

// signatureOf returns the signature of a function type, without its first skip arguments.
func (t *Table) signatureOf(r reflect.Type, recv *types.Var, skip int) *types.Signature {
	var in, out []*types.Var
	for i := skip; i < r.NumIn(); i++ {
		in = append(in, types.NewParam(token.NoPos, nil, "", t.TypesOf(r.In(i))))
	}
	for i := range r.NumOut() {
		out = append(out, types.NewParam(token.NoPos, nil, "", t.TypesOf(r.Out(i))))
	}
	return types.NewSignatureType(recv, nil, nil, types.NewTuple(in...), types.NewTuple(out...), r.IsVariadic())
}

// underlyingOf returns the type literal of r.
func (t *Table) underlyingOf(r reflect.Type) types.Type {
	switch r.Kind() {
	case reflect.Pointer:
		return types.NewPointer(t.TypesOf(r.Elem()))
	case reflect.Slice:
		return types.NewSlice(t.TypesOf(r.Elem()))
	case reflect.Array:
		return types.NewArray(t.TypesOf(r.Elem()), int64(r.Len()))
	case reflect.Map:
		return types.NewMap(t.TypesOf(r.Key()), t.TypesOf(r.Elem()))
	case reflect.Chan:
		dir := map[reflect.ChanDir]types.ChanDir{reflect.BothDir: types.SendRecv, reflect.SendDir: types.SendOnly, reflect.RecvDir: types.RecvOnly}
		return types.NewChan(dir[r.ChanDir()], t.TypesOf(r.Elem()))
	case reflect.Func:
		return t.signatureOf(r, nil, 0)
	case reflect.Struct:
		var fields []*types.Var
		var tags []string
		for i := range r.NumField() {
			f := r.Field(i)
			var pkg *types.Package
			if p := cmp.Or(f.PkgPath, r.PkgPath()); p != "" {
				pkg = types.NewPackage(p, path.Base(p))
			}
			fields = append(fields, types.NewField(token.NoPos, pkg, f.Name, t.TypesOf(f.Type), f.Anonymous))
			tags = append(tags, string(f.Tag))
		}
		return types.NewStruct(fields, tags)
	case reflect.Interface:
		var methods []*types.Func
		for i := range r.NumMethod() {
			m := r.Method(i)
			var pkg *types.Package
			if m.PkgPath != "" {
				pkg = types.NewPackage(m.PkgPath, path.Base(m.PkgPath))
			}
			methods = append(methods, types.NewFunc(token.NoPos, pkg, m.Name, t.signatureOf(m.Type, nil, 0)))
		}
		methods = slices.Clip(methods)
		return types.NewInterfaceType(methods, nil).Complete()
	}
	return basicKinds[r.Kind()]
}
