package interp

import (
	"go/types"
	"strings"

	"poolbook/interp/internal/rtype"
)

// embedMark is before the name of an embedded field in the name of a struct type: written as Go has it, the field would be called as the
// type is for typeByName. It is a letter that cells hardly use.
const embedMark = "ꞏ"

// embedded is a type with the fields embedded that wireName has marked.
func embedded(t types.Type) types.Type {
	switch t := t.(type) {
	case *types.Pointer:
		return types.NewPointer(embedded(t.Elem()))
	case *types.Slice:
		return types.NewSlice(embedded(t.Elem()))
	case *types.Array:
		return types.NewArray(embedded(t.Elem()), t.Len())
	case *types.Map:
		return types.NewMap(embedded(t.Key()), embedded(t.Elem()))
	case *types.Chan:
		return types.NewChan(t.Dir(), embedded(t.Elem()))
	case *types.Signature:
		return types.NewSignatureType(nil, nil, nil, embeddedIn(t.Params()), embeddedIn(t.Results()), t.Variadic())
	case *types.Interface:
		var methods []*types.Func
		for m := range t.ExplicitMethods() {
			methods = append(methods, types.NewFunc(m.Pos(), m.Pkg(), m.Name(), embedded(m.Signature()).(*types.Signature)))
		}
		return types.NewInterfaceType(methods, nil).Complete()
	case *types.Named:
		if t.TypeArgs().Len() == 0 {
			return t
		}
		var args []types.Type
		for arg := range t.TypeArgs().Types() {
			args = append(args, embedded(arg))
		}
		if in, err := types.Instantiate(nil, t.Origin(), args, false); err == nil {
			return in
		}
	case *types.Struct:
		var fields []*types.Var
		var tags []string
		for i := range t.NumFields() {
			f := t.Field(i)
			typ := embedded(f.Type())
			name, marked := strings.CutPrefix(f.Name(), embedMark)
			if own := nameOf(typ); marked && rtype.Shown(own) == name { // the type may have another name in this process
				name = own
			}
			fields = append(fields, types.NewField(f.Pos(), f.Pkg(), name, typ, marked))
			tags = append(tags, t.Tag(i))
		}
		return types.NewStruct(fields, tags)
	}
	return t
}

func embeddedIn(t *types.Tuple) *types.Tuple {
	var vars []*types.Var
	for v := range t.Variables() {
		vars = append(vars, types.NewParam(v.Pos(), v.Pkg(), v.Name(), embedded(v.Type())))
	}
	return types.NewTuple(vars...)
}

// nameOf is what an embedded field of a type is called, "" when it cannot be embedded without an alias.
func nameOf(t types.Type) string {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	switch t := t.(type) {
	case *types.Named:
		return t.Obj().Name()
	case *types.Basic:
		return t.Name()
	}
	return ""
}
