package rtype_test

import (
	"go/token"
	"go/types"
	"reflect"
	"strings"
	"testing"

	"poolbook/interp/internal/rtype"
)

// A compiled type that is not what the type information says is refused, whatever it differs in.
func TestDifferentCompiledTypesAreRefused(t *testing.T) {
	pkg := types.NewPackage("lib.test/lib", "lib")
	field := func(name string, typ types.Type) *types.Var {
		return types.NewField(token.NoPos, pkg, name, typ, false)
	}
	method := func(name string, results ...*types.Var) *types.Func {
		return types.NewFunc(token.NoPos, pkg, name, types.NewSignatureType(nil, nil, nil, nil, types.NewTuple(results...), false))
	}
	str, num := types.Typ[types.String], types.Typ[types.Int]
	type fields = []*types.Var
	for _, c := range []struct {
		name  string
		types types.Type
		r     reflect.Type
		want  string // "": they are the same
	}{
		{"Same", types.NewStruct(fields{field("A", num), field("B", str)}, nil), reflect.TypeFor[struct {
			A int
			B string
		}](), ""},
		{"More", types.NewStruct(fields{field("A", num), field("B", str)}, nil), reflect.TypeFor[struct {
			A int
			N int
			B string
		}](), "32 bytes"},
		{"Order", types.NewStruct(fields{field("A", num), field("B", num)}, nil), reflect.TypeFor[struct{ B, A int }](), "field B instead of A"},
		{"Type", types.NewStruct(fields{field("A", num)}, nil), reflect.TypeFor[struct{ A *int }](), "field A is a ptr"},
		{"Split", types.NewStruct(fields{field("A", str)}, nil), reflect.TypeFor[struct{ A, B int }](), "2 fields instead of 1"},
		{"Kind", num, reflect.TypeFor[struct{ Wall int }](), "it is a struct"},
		{"Size", types.Typ[types.Int32], reflect.TypeFor[int32](), ""},
		{"Calls", types.NewInterfaceType([]*types.Func{method("Close"), method("Error")}, nil).Complete(), reflect.TypeFor[error](), "1 methods"},
		{"Name", types.NewInterfaceType([]*types.Func{method("Fail")}, nil).Complete(), reflect.TypeFor[error](), "another method Fail"},
		{"Result", types.NewInterfaceType([]*types.Func{method("Error")}, nil).Complete(), reflect.TypeFor[error](), "another method Error"},
	} {
		n := types.NewNamed(types.NewTypeName(token.NoPos, pkg, c.name, nil), c.types, nil)
		pkg.Scope().Insert(n.Obj())
		table := rtype.New(rtype.Config{Compiled: func(string, string) (reflect.Type, bool) { return c.r, true }})
		var got string
		func() {
			defer func() {
				if e, ok := recover().(*rtype.Error); ok {
					got = e.Error()
				}
			}()
			// What holds it by value must not slip past either.
			table.Of(types.NewStruct(fields{field("X", types.NewPointer(n))}, nil))
		}()
		if c.want == "" && got != "" || c.want != "" && !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
