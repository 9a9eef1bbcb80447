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
	// Not under mu: Import may take long.
	t.inverting.Lock()
	defer t.inverting.Unlock()
	for {
		v := inversion{t, make(map[reflect.Type]types.Type), make(map[reflect.Type]*types.Named)}
		v.typesOf(r)
		if v.publish() {
			typ, _ := t.inverse.Load(r)
			return typ.(types.Type)
		}
	}
}

// An inversion is one call of TypesOf. What it makes is half-made until it is through, as recursive types need, and nobody else's before.
type inversion struct {
	t     *Table
	made  map[reflect.Type]types.Type
	named map[reflect.Type]*types.Named // those of made that are new
}

// publish gives out what v has made, unless Of has met a named type meanwhile that v has made another one for.
func (v *inversion) publish() bool {
	t := v.t
	t.mu.Lock()
	defer t.mu.Unlock()
	for r := range v.named {
		if _, ok := t.inverse.Load(r); ok {
			return false
		}
	}
	for r, typ := range v.made {
		t.inverse.LoadOrStore(r, typ)
	}
	for r, n := range v.named {
		t.types.Set(n, r)
	}
	return true
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

func (v *inversion) typesOf(r reflect.Type) types.Type {
	if typ, ok := v.made[r]; ok {
		return typ
	}
	if typ, ok := v.t.inverse.Load(r); ok {
		return typ.(types.Type)
	}
	var typ types.Type
	if r.Name() != "" {
		typ = v.namedOf(r)
	} else {
		typ = v.underlyingOf(r)
	}
	v.made[r] = typ
	return typ
}

// namedOf returns the type of a named compiled type.
func (v *inversion) namedOf(r reflect.Type) types.Type {
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
	if v.t.cfg.Import != nil {
		pkg, _ = v.t.cfg.Import(r.PkgPath())
	}
	if pkg != nil {
		if obj, ok := pkg.Scope().Lookup(r.Name()).(*types.TypeName); ok {
			if c, ok := v.t.cfg.Compiled(r.PkgPath(), r.Name()); ok && c == r {
				return obj.Type()
			}
		}
	} else {
		pkg = types.NewPackage(r.PkgPath(), path.Base(r.PkgPath()))
	}
	n := types.NewNamed(types.NewTypeName(token.NoPos, pkg, r.Name(), nil), nil, nil)
	v.made[r], v.named[r] = n, n // from here on r is known, which ends the recursion of recursive types
	n.SetUnderlying(v.underlyingOf(r).Underlying())
	if r.Kind() != reflect.Interface {
		for _, recv := range []reflect.Type{r, reflect.PointerTo(r)} {
			for i := range recv.NumMethod() {
				m := recv.Method(i)
				if recv != r {
					if _, ok := r.MethodByName(m.Name); ok {
						continue
					}
				}
				param := types.NewParam(token.NoPos, pkg, "", v.typesOf(recv))
				n.AddMethod(types.NewFunc(token.NoPos, pkg, m.Name, v.signatureOf(m.Type, param, 1)))
			}
		}
	}
	return n
}

// signatureOf returns the signature of a function type, without its first skip arguments.
func (v *inversion) signatureOf(r reflect.Type, recv *types.Var, skip int) *types.Signature {
	var in, out []*types.Var
	for i := skip; i < r.NumIn(); i++ {
		in = append(in, types.NewParam(token.NoPos, nil, "", v.typesOf(r.In(i))))
	}
	for i := range r.NumOut() {
		out = append(out, types.NewParam(token.NoPos, nil, "", v.typesOf(r.Out(i))))
	}
	return types.NewSignatureType(recv, nil, nil, types.NewTuple(in...), types.NewTuple(out...), r.IsVariadic())
}

// underlyingOf returns the type literal of r.
func (v *inversion) underlyingOf(r reflect.Type) types.Type {
	switch r.Kind() {
	case reflect.Pointer:
		return types.NewPointer(v.typesOf(r.Elem()))
	case reflect.Slice:
		return types.NewSlice(v.typesOf(r.Elem()))
	case reflect.Array:
		return types.NewArray(v.typesOf(r.Elem()), int64(r.Len()))
	case reflect.Map:
		return types.NewMap(v.typesOf(r.Key()), v.typesOf(r.Elem()))
	case reflect.Chan:
		dir := map[reflect.ChanDir]types.ChanDir{reflect.BothDir: types.SendRecv, reflect.SendDir: types.SendOnly, reflect.RecvDir: types.RecvOnly}
		return types.NewChan(dir[r.ChanDir()], v.typesOf(r.Elem()))
	case reflect.Func:
		return v.signatureOf(r, nil, 0)
	case reflect.Struct:
		var fields []*types.Var
		var tags []string
		for i := range r.NumField() {
			f := r.Field(i)
			var pkg *types.Package
			if p := cmp.Or(f.PkgPath, r.PkgPath()); p != "" {
				pkg = types.NewPackage(p, path.Base(p))
			}
			fields = append(fields, types.NewField(token.NoPos, pkg, f.Name, v.typesOf(f.Type), f.Anonymous))
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
			methods = append(methods, types.NewFunc(token.NoPos, pkg, m.Name, v.signatureOf(m.Type, nil, 0)))
		}
		methods = slices.Clip(methods)
		return types.NewInterfaceType(methods, nil).Complete()
	}
	return basicKinds[r.Kind()]
}
