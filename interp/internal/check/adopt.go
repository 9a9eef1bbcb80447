package check

import (
	"fmt"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strconv"
)

// adopted is a type of an earlier cell that has methods in this one.
type adopted struct {
	typ     *types.Named
	pos     token.Pos            // of the first of them
	methods map[string]token.Pos // where the names of all are
	swaps   []swap
	hides   []string // names of methods of embedded fields that they stand before
}

// swap is a method that takes the place of an earlier one.
type swap struct {
	Replaced
	sig  *types.Signature // of the old one, as a method of instance
	same bool             // what calls the old one may go on with the new one
	past bool             // another one has taken the place of the old one before
}

// hide finds the methods of embedded fields that the cell's stand before. It comes before all else: the types may embed each other.
func (p *pass) hide(a *adopted) {
	t := types.NewPointer(p.env.instance(a.typ))
	for name := range a.methods {
		obj, path, _ := types.LookupFieldOrMethod(t, false, p.pkg.Types, name)
		if _, ok := obj.(*types.Func); ok && len(path) > 1 {
			a.hides = append(a.hides, name)
		}
	}
}

// makeRoom takes the methods that the cell declares again from their type, and makes room for the cell's in the instances of a
// generic type. It returns what is to be done after the check.
func (p *pass) makeRoom(checker *types.Checker, a *adopted) (done func()) {
	methods := methodsOf(a.typ)
	saved := *methods
	inst := p.env.instance(a.typ)
	for _, s := range p.env.past[a.typ] {
		if a.declares(s.Old.Name()) {
			a.swaps = append(a.swaps, s)
		}
	}
	var kept []*types.Func
	var places []int // of those that are kept
	for i, m := range saved {
		if a.declares(m.Name()) {
			a.swaps = append(a.swaps, swap{Replaced: Replaced{Old: m}, sig: inst.Method(i).Signature()})
			continue
		}
		kept = append(kept, m)
		places = append(places, i)
	}
	p.undoes = append(p.undoes, func() { *methods = saved })
	*methods = kept
	if a.typ.TypeParams().Len() == 0 {
		return func() {}
	}
	list := slices.Clone(p.env.instancesOf(a.typ, p.pkg))
	for _, n := range list {
		i := instanceOf(n)
		state, made, expanded, context := *i.state, *i.methods, *i.expanded, *i.context
		p.undoes = append(p.undoes, func() {
			*i.state, *i.methods, *i.expanded, *i.context = state, made, expanded, context
			p.env.met.changed(n)
		})
		p.env.met.changed(n)
		*i.methods, *i.expanded = make([]*types.Func, len(kept)+len(a.methods)), 0
		for to, from := range places {
			if from < len(made) && made[from] != nil {
				(*i.methods)[to] = made[from]
				*i.expanded++
			}
		}
		*i.state &^= hasMethods
		if context == nil {
			*i.context = types.NewContext()
		}
		*i.checker = checker // new methods may be asked for before they are checked
	}
	return func() {
		for _, n := range list {
			*instanceOf(n).checker = nil
		}
	}
}

// settle finds the methods that have taken the place of others, when the check found no errors.
func (p *pass) settle(a *adopted) {
	if len(a.swaps) == 0 || len(p.diags) > 0 {
		return
	}
	inst := p.env.instance(a.typ)
	for i := range a.swaps {
		s := &a.swaps[i]
		for j := range a.typ.NumMethods() {
			if m := a.typ.Method(j); m.Id() == s.Old.Id() {
				s.New, s.same = m, sameCalls(s.sig, inst.Method(j).Signature())
			}
		}
	}
}

// sameCalls reports whether a method may be called like another one: its receiver is passed in the same way too.
func sameCalls(a, b *types.Signature) bool {
	_, x := types.Unalias(a.Recv().Type()).(*types.Pointer)
	_, y := types.Unalias(b.Recv().Type()).(*types.Pointer)
	return x == y && types.Identical(a, b)
}

// encoders are the packages that look at a type's methods once only, when they write the first value of the type.
var encoders = map[string][]string{
	"encoding/json": {"MarshalJSON", "MarshalText"},
	"encoding/gob":  {"GobEncode", "GobDecode", "MarshalBinary", "UnmarshalBinary"},
}

// unnoticed warns of new methods that a package may not see, as cells have used it before.
func (p *pass) unnoticed(a *adopted) (warnings []Diag) {
	for _, path := range slices.Sorted(maps.Keys(encoders)) {
		for _, name := range encoders[path] {
			again := slices.ContainsFunc(a.swaps, func(s swap) bool { return s.same && s.Old.Name() == name })
			if !a.declares(name) || again || !p.env.calledSince(path, a.typ, p.pkg) {
				continue
			}
			typ := a.typ.Obj().Name()
			warnings = append(warnings, Diag{Pos: a.methods[name], Warning: true,
				Msg:  fmt.Sprintf("%s may not notice %s.%s: it goes on writing a type as it did first", path, typ, name),
				Hint: fmt.Sprintf("if it has written a %s before, give the type another name, or restart the session", typ)})
		}
	}
	return warnings
}

// calledSince reports whether a cell other than one names a function or method of the package: that which declared the type, or a later one.
func (e *Env) calledSince(path string, typ *types.Named, but *Package) bool {
	from := e.PackageOf(typ.Obj())
	for _, c := range e.cells {
		if c == but || from != nil && c.Seq < from.Seq {
			continue
		}
		for _, obj := range c.Info.Uses {
			if f, ok := obj.(*types.Func); ok && f.Pkg() != nil && f.Pkg().Path() == path {
				return true
			}
		}
	}
	return false
}

func (a *adopted) declares(method string) bool {
	_, ok := a.methods[method]
	return ok
}

// commit keeps methods whose callers do not go on with the new ones: a later one may be like them again.
func (a *adopted) commit(e *Env) {
	past := slices.DeleteFunc(e.past[a.typ], func(s swap) bool { return a.declares(s.Old.Name()) })
	for _, s := range a.swaps {
		if n := namedOf(s.Old.Signature().Recv().Type()); n != a.typ {
			e.met.drop(n)
		}
		if !s.same {
			past = append(past, swap{Replaced: Replaced{Old: s.Old}, sig: s.sig, past: true})
		}
	}
	e.past[a.typ] = past
}

// instance returns a type itself, or an instance of a generic type, always with the same type arguments: each declaration of a method has
// type parameters of its own, so that only the methods of instances can be compared.
func (e *Env) instance(typ *types.Named) *types.Named {
	n := typ.TypeParams().Len()
	if n == 0 {
		return typ
	}
	for len(e.standIns) < n {
		obj := types.NewTypeName(token.NoPos, nil, "T"+strconv.Itoa(len(e.standIns)), nil)
		e.standIns = append(e.standIns, types.NewNamed(obj, types.NewStruct(nil, nil), nil))
	}
	t, err := types.Instantiate(nil, typ, e.standIns[:n], false)
	if err != nil { // only for another number of type arguments
		panic(err)
	}
	return t.(*types.Named)
}
