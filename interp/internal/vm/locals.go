package vm

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// nameLocals tells the type table of the types that an instance of a generic function declares, before it is asked for them: the function's
// type arguments are part of their names, as in main.entry[string].
func (f *Func) nameLocals() {
	table, ok := f.m.types.(interface {
		Local(n *types.Named, args []types.Type)
	})
	root := f.ssa
	for root.Parent() != nil {
		root = root.Parent()
	}
	if !ok || len(root.TypeArgs()) == 0 || root.Origin() == nil || root.Syntax() == nil {
		return
	}
	if decl, ok := root.Origin().Object().(*types.Func); !ok || !declaresTypes(decl.Scope()) {
		return
	}
	seen := make(map[types.Type]bool)
	var visit func(types.Type)
	visit = func(t types.Type) {
		t = types.Unalias(t)
		if t == nil || seen[t] {
			return
		}
		seen[t] = true
		switch t := t.(type) {
		case *types.Named:
			for a := range t.TypeArgs().Types() {
				visit(a)
			}
			// The instance's own copy of a type is in no scope.
			if o := t.Obj(); o.Parent() == nil && o.Pos() >= root.Syntax().Pos() && o.Pos() < root.Syntax().End() {
				table.Local(t.Origin(), root.TypeArgs())
				visit(t.Underlying())
			}
		case interface{ Elem() types.Type }: // pointers, slices, arrays, channels, maps
			visit(t.Elem())
			if m, ok := t.(*types.Map); ok {
				visit(m.Key())
			}
		case *types.Struct:
			for v := range t.Fields() {
				visit(v.Type())
			}
		case *types.Tuple:
			for v := range t.Variables() {
				visit(v.Type())
			}
		case *types.Signature:
			visit(t.Params())
			visit(t.Results())
		}
	}
	visit(f.ssa.Signature)
	for _, v := range f.ssa.FreeVars {
		visit(v.Type())
	}
	var buf [16]*ssa.Value
	for _, b := range f.ssa.Blocks {
		for _, in := range b.Instrs {
			if v, ok := in.(ssa.Value); ok {
				visit(v.Type())
			}
			if a, ok := in.(*ssa.TypeAssert); ok {
				visit(a.AssertedType)
			}
			for _, p := range in.Operands(buf[:0]) {
				switch v := (*p).(type) {
				case nil:
				case *ssa.Function:
					for _, a := range v.TypeArgs() {
						visit(a)
					}
				default:
					visit(v.Type())
				}
			}
		}
	}
}

// declaresTypes reports whether there is a type declaration within a function: type parameters are none.
func declaresTypes(s *types.Scope) bool {
	for _, name := range s.Names() {
		if t, ok := s.Lookup(name).(*types.TypeName); ok {
			if _, param := t.Type().(*types.TypeParam); !param {
				return true
			}
		}
	}
	for in := range s.Children() {
		if declaresTypes(in) {
			return true
		}
	}
	return false
}
