package check

import (
	"errors"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"unsafe"

	"poolbook/interp/internal/goabi"
)

// This file holds all that depends on unexported parts of go/types. A session is many packages that act as one, which
// go/types does not foresee: a scope between package and universe, methods added to a type of an earlier cell, and taking
// them away again when the cell has an error. selfTest, run once before the first cell, refuses a Go release where they differ.

// Why not insert the earlier names into each cell's package scope? go/types expects every type name of that scope to be declared in
// the files it checks (Go 1.26 panics on `type B A` otherwise), and each cell would pay for all names before it.
func setScopeParent(s, parent *types.Scope) {
	*(**types.Scope)(field(reflect.ValueOf(s), "parent")) = parent
}

// replaceIn makes name stand for obj in scope s, or for nothing when obj is nil. A scope's own Insert keeps what is there; a new scope
// with all names for each cell that declares one again would be time and memory that grow with the session.
func replaceIn(s *types.Scope, name string, obj types.Object) {
	elems := *(*map[string]types.Object)(field(reflect.ValueOf(s), "elems"))
	if obj == nil {
		delete(elems, name)
		return
	}
	if _, ok := elems[name]; ok {
		elems[name] = obj
		return
	}
	s.Insert(obj)
}

// methodsOf gives access to the methods declared for a named type.
func methodsOf(n *types.Named) *[]*types.Func {
	return (*[]*types.Func)(field(reflect.ValueOf(n), "methods"))
}

// declareType tells a checker that a type name of an earlier cell belongs to its package, so that it accepts methods.
func declareType(c *types.Checker, obj *types.TypeName) {
	m := reflect.NewAt(fieldType(reflect.TypeFor[types.Checker](), "objMap"), field(reflect.ValueOf(c), "objMap")).Elem()
	info := reflect.New(m.Type().Elem().Elem())
	*(**ast.TypeSpec)(field(info, "tdecl")) = &ast.TypeSpec{Name: ast.NewIdent(obj.Name()), Type: &ast.StructType{Fields: &ast.FieldList{}}}
	m.SetMapIndex(reflect.ValueOf(obj), info)
}

// errorRange returns the start and end of the text an error is about; the position and 0 when go/types keeps none.
func errorRange(e types.Error) (start, end token.Pos) {
	v := reflect.ValueOf(e)
	s, t := v.FieldByName("go116start"), v.FieldByName("go116end")
	if !s.IsValid() || !t.IsValid() || s.Int() == 0 {
		return e.Pos, token.NoPos
	}
	return token.Pos(s.Int()), token.Pos(t.Int())
}

func field(p reflect.Value, name string) unsafe.Pointer {
	f, ok := p.Type().Elem().FieldByName(name)
	if !ok {
		panic(errors.New("go/types has no field " + p.Type().Elem().Name() + "." + name))
	}
	return unsafe.Add(p.UnsafePointer(), f.Offset)
}

func fieldType(t reflect.Type, name string) reflect.Type {
	f, ok := t.FieldByName(name)
	if !ok {
		panic(errors.New("go/types has no field " + t.Name() + "." + name))
	}
	return f.Type
}

// SelfTest reports whether this Go release's go/types has the parts that a session needs.
func SelfTest() error {
	want := []struct {
		in    reflect.Type
		field string
		typ   reflect.Type
	}{
		{reflect.TypeFor[types.Scope](), "parent", reflect.TypeFor[*types.Scope]()},
		{reflect.TypeFor[types.Scope](), "elems", reflect.TypeFor[map[string]types.Object]()},
		{reflect.TypeFor[types.Named](), "methods", reflect.TypeFor[[]*types.Func]()},
	}
	for _, w := range want {
		if f, ok := w.in.FieldByName(w.field); !ok || f.Type != w.typ {
			return errors.New("interp: this release of Go has another go/types (" + w.in.Name() + "." + w.field + "): build Poolbook with " + goabi.Name + " as it was released")
		}
	}
	m, ok := reflect.TypeFor[types.Checker]().FieldByName("objMap")
	if !ok || m.Type.Kind() != reflect.Map || m.Type.Key() != reflect.TypeFor[types.Object]() || m.Type.Elem().Kind() != reflect.Pointer {
		return errors.New("interp: this release of Go has another go/types (Checker.objMap): build Poolbook with " + goabi.Name + " as it was released")
	}
	if f, ok := m.Type.Elem().Elem().FieldByName("tdecl"); !ok || f.Type != reflect.TypeFor[*ast.TypeSpec]() {
		return errors.New("interp: this release of Go has another go/types (declInfo.tdecl): build Poolbook with " + goabi.Name + " as it was released")
	}
	return instancesTest()
}
