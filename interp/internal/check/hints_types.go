package check

import (
	"fmt"
	"go/ast"
	"go/types"
)

// Advice about types that have fields of a type which was declared again since: what helps is to run their own cell.

// outdated finds a type in t, one that a cell has declared, with an embedded field of a type that a later cell has declared again: such
// that the new one has a field or method of that name. outer and inner are nil when there is none.
func (p *pass) outdated(t types.Type, member string) (outer, inner *types.TypeName) {
	named := p.ofCell(t)
	if named == nil {
		return nil, nil
	}
	st, ok := named.Underlying().(*types.Struct)
	if !ok {
		return nil, nil
	}
	for f := range st.Fields() {
		in := p.ofCell(f.Type())
		if !f.Embedded() || in == nil {
			continue
		}
		if now := p.declaredAgain(in.Obj()); now != nil {
			if obj, _, _ := types.LookupFieldOrMethod(now.Type(), true, p.pkg.Types, member); obj != nil {
				return named.Obj(), in.Obj()
			}
		}
		if outer, inner := p.outdated(in, member); outer != nil {
			return outer, inner
		}
	}
	return nil, nil
}

// fieldOf finds the struct of a field, the expression that d is about, whose type was declared again since the struct's.
func (p *pass) fieldOf(d *Diag) (outer, inner *types.TypeName) {
	for sel, s := range p.pkg.Info.Selections {
		if sel.Pos() != d.Pos || d.End.IsValid() && sel.End() != d.End || s.Kind() != types.FieldVal {
			continue
		}
		in, out := p.ofCell(s.Type()), p.ofCell(s.Recv())
		if in != nil && out != nil && p.declaredAgain(in.Obj()) != nil && p.declaredAgain(out.Obj()) == nil {
			return out.Obj(), in.Obj()
		}
	}
	return nil, nil
}

// ofCell is a type that a cell has declared, or that such a pointer points to; nil for others.
func (p *pass) ofCell(t types.Type) *types.Named {
	if t == nil {
		return nil
	}
	if ptr, ok := types.Unalias(t).(*types.Pointer); ok {
		t = ptr.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || !p.env.IsCell(named.Obj().Pkg()) {
		return nil
	}
	return named
}

// declaredAgain is what a type's name means now, if that is another type.
func (p *pass) declaredAgain(old *types.TypeName) *types.TypeName {
	now, ok := p.env.objectFor(old.Name(), p.pkg).(*types.TypeName)
	if !ok || now == old || types.Identical(now.Type(), old.Type()) {
		return nil
	}
	return now
}

// typeAt is the type of the expression that d is about, nil when there is none.
func (p *pass) typeAt(d *Diag) types.Type {
	var found ast.Expr
	for e := range p.pkg.Info.Types {
		if e.Pos() == d.Pos && (!d.End.IsValid() || e.End() == d.End) && (found == nil || e.End() > found.End()) {
			found = e
		}
	}
	if found == nil {
		return nil
	}
	return p.pkg.Info.Types[found].Type
}

func (p *pass) embedsAdvice(outer, inner *types.TypeName) string {
	cell := func(t *types.TypeName) int {
		if pkg := p.env.cells[t.Pkg()]; pkg != nil {
			return pkg.Cell
		}
		return 0
	}
	if cell(outer) == 0 || cell(inner) == 0 || cell(outer) == p.pkg.Cell {
		return fmt.Sprintf("%s has a field of the type %s as it was: declare %s again", outer.Name(), inner.Name(), outer.Name())
	}
	return fmt.Sprintf("%s (cell %d) has a field of the type %s as cell %d declares it: run cell %d again, and it has the present one",
		outer.Name(), cell(outer), inner.Name(), cell(inner), cell(outer))
}
