package check

import (
	"errors"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/goabi"
)

// Methods of a generic type that a later cell declares. To go/types a type's methods are known before its first instance is made: an
// instance makes its own of them one by one, in a list that goes with that of the generic type. So the instances that there are
// get other lists, without what the cell replaces and with room for what it declares. They are found in the contexts in which they were
// made: those of the cells' checks, the one of the SSA program, and those of other instances.

// UseProgram tells the session which program its cells become part of.
func (e *Env) UseProgram(prog *ssa.Program) {
	e.program = *(**types.Context)(field(reflect.ValueOf(prog), "ctxt"))
}

// instancesOf returns the instances of a generic type that the session had met before the cell that is being checked.
func (e *Env) instancesOf(orig *types.Named, cell *Package) []*types.Named {
	w := &e.met
	if w.seen == nil {
		*w = walk{env: e, seen: map[any]bool{}, found: map[*types.Named][]*types.Named{}, walked: map[*types.Named]int{}}
	}
	for ; w.next < cell.Seq; w.next++ {
		p := e.bySeq[w.next]
		if p == nil { // it had an error
			continue
		}
		w.context(p.instances) // nothing is made in it after the cell's check
		for _, name := range p.Types.Scope().Names() {
			w.typ(p.Types.Scope().Lookup(name).Type())
		}
	}
	w.context(e.program)
	for again := true; again; { // instances that have made methods, and with them other instances
		again = false
		for n, made := range w.walked {
			if now := *instanceOf(n).expanded; now != made {
				again = true
				w.instance(n)
			}
		}
	}
	return w.found[orig]
}

// walk looks for instances of types. Contexts do not have all of them: an instance forgets its own when it has made its methods. What was
// found stays, as long as instances make methods at most: see changed.
type walk struct {
	env    *Env
	next   int                             // cell to be walked
	seen   map[any]bool                    // types that are not literals
	found  map[*types.Named][]*types.Named // by the generic type
	walked map[*types.Named]int            // instances, with the number of methods that they had made
}

// changed makes the walk look at an instance again.
func (w *walk) changed(n *types.Named) { w.walked[n] = -1 }

// drop forgets the instance that a method of a generic type has as its receiver: another method has taken its place.
func (w *walk) drop(n *types.Named) {
	delete(w.walked, n)
	list := w.found[n.Origin()]
	if i := slices.Index(list, n); i >= 0 {
		w.found[n.Origin()] = slices.Delete(list, i, i+1)
	}
}

func (w *walk) context(c *types.Context) {
	if c == nil {
		return
	}
	made := reflect.NewAt(fieldType(reflect.TypeFor[types.Context](), "typeMap"), field(reflect.ValueOf(c), "typeMap")).Elem()
	for it := made.MapRange(); it.Next(); {
		for entries, i := it.Value(), 0; i < entries.Len(); i++ {
			w.typ(*(*types.Type)(unsafe.Pointer(entries.Index(i).FieldByName("instance").UnsafeAddr())))
		}
	}
}

func (w *walk) tuple(t *types.Tuple) {
	for v := range t.Variables() {
		w.typ(v.Type())
	}
}

func (w *walk) list(t *types.TypeList) {
	for u := range t.Types() {
		w.typ(u)
	}
}

func (w *walk) typ(t types.Type) {
	switch t := t.(type) {
	case *types.Alias:
		w.list(t.TypeArgs())
		w.typ(types.Unalias(t))
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels and maps
		if m, ok := t.(*types.Map); ok {
			w.typ(m.Key())
		}
		w.typ(t.Elem())
	case *types.Signature:
		w.tuple(t.Params())
		w.tuple(t.Results())
	case *types.Struct:
		for f := range t.Fields() {
			w.typ(f.Type())
		}
	case *types.Interface:
		for m := range t.ExplicitMethods() {
			w.typ(m.Type())
		}
		for u := range t.EmbeddedTypes() {
			w.typ(u)
		}
	case *types.Union:
		for u := range t.Terms() {
			w.typ(u.Type())
		}
	case *types.TypeParam:
		if !w.seen[t] {
			w.seen[t] = true
			w.typ(t.Constraint())
		}
	case *types.Named:
		w.named(t)
	}
}

func (w *walk) named(t *types.Named) {
	if w.seen[t] {
		return
	}
	w.seen[t] = true
	w.list(t.TypeArgs())
	if t.TypeArgs().Len() > 0 {
		w.found[t.Origin()] = append(w.found[t.Origin()], t)
		w.instance(t)
	}
	if w.env.IsCell(t.Obj().Pkg()) {
		w.typ(t.Underlying())
		w.methods(*methodsOf(t.Origin()))
	}
}

func (w *walk) instance(t *types.Named) {
	i := instanceOf(t)
	w.walked[t] = *i.expanded
	w.context(*i.context)
	w.methods(*i.methods)
}

func (w *walk) methods(list []*types.Func) {
	for _, m := range list {
		if m != nil {
			w.typ(m.Type())
			w.typ(m.Signature().Recv().Type())
		}
	}
}

// instance gives access to what an instance has of its methods.
type instance struct {
	checker  **types.Checker
	state    *uint32
	methods  *[]*types.Func
	expanded *int
	context  **types.Context
}

// hasMethods is the bit of an instance's state that says that all its methods are made.
const hasMethods = 1 << 2

func instanceOf(n *types.Named) instance {
	f := instanceFields()
	p := unsafe.Pointer(n)
	inst := *(*unsafe.Pointer)(unsafe.Add(p, f.inst))
	return instance{
		checker:  (**types.Checker)(unsafe.Add(p, f.checker)),
		state:    (*uint32)(unsafe.Add(p, f.state)),
		methods:  (*[]*types.Func)(unsafe.Add(p, f.methods)),
		expanded: (*int)(unsafe.Add(inst, f.expanded)),
		context:  (**types.Context)(unsafe.Add(inst, f.context)),
	}
}

// instanceFields are the places of an instance's fields.
var instanceFields = sync.OnceValue(func() (f struct{ checker, state, methods, inst, expanded, context uintptr }) {
	named := reflect.TypeFor[types.Named]()
	inst := fieldType(named, "inst").Elem()
	at := func(t reflect.Type, name string) uintptr {
		field, _ := t.FieldByName(name)
		return field.Offset
	}
	f.checker, f.state, f.methods, f.inst = at(named, "check"), at(named, "state_"), at(named, "methods"), at(named, "inst")
	f.expanded, f.context = at(inst, "expandedMethods"), at(inst, "ctxt")
	return f
})

// instancesTest reports whether this release's go/types and go/ssa have the parts that this file needs.
func instancesTest() error {
	type generic = struct {
		in    reflect.Type
		field string
		kind  reflect.Kind
	}
	named := reflect.TypeFor[types.Named]()
	want := []generic{
		{named, "check", reflect.Pointer}, {named, "state_", reflect.Uint32}, {named, "inst", reflect.Pointer},
		{reflect.TypeFor[types.Context](), "typeMap", reflect.Map}, {reflect.TypeFor[ssa.Program](), "ctxt", reflect.Pointer},
	}
	if f, ok := named.FieldByName("inst"); ok && f.Type.Kind() == reflect.Pointer {
		want = append(want, generic{f.Type.Elem(), "expandedMethods", reflect.Int}, generic{f.Type.Elem(), "ctxt", reflect.Pointer})
	}
	for _, w := range want {
		if f, ok := w.in.FieldByName(w.field); !ok || f.Type.Kind() != w.kind {
			return errors.New("interp: this release of Go has another " + strings.TrimPrefix(w.in.String(), "*") + "." + w.field + ": build Poolbook with " + goabi.Name + " as it was released")
		}
	}
	// The bit of the state: a generic type with one method, whose instance has made it.
	pkg := types.NewPackage("p", "p")
	t := types.NewTypeParam(types.NewTypeName(token.NoPos, pkg, "T", nil), types.Universe.Lookup("any").Type())
	g := types.NewNamed(types.NewTypeName(token.NoPos, pkg, "G", nil), types.NewStruct(nil, nil), nil)
	g.SetTypeParams([]*types.TypeParam{t})
	r := types.NewTypeParam(types.NewTypeName(token.NoPos, pkg, "T", nil), types.Universe.Lookup("any").Type())
	recv, err := types.Instantiate(nil, g, []types.Type{r}, false)
	if err != nil {
		return err
	}
	g.AddMethod(types.NewFunc(token.NoPos, pkg, "M", types.NewSignatureType(types.NewParam(token.NoPos, pkg, "", recv), []*types.TypeParam{r}, nil, nil, nil, false)))
	made, err := types.Instantiate(nil, g, []types.Type{types.Typ[types.Int]}, false)
	if err != nil {
		return err
	}
	n := made.(*types.Named)
	before := *instanceOf(n).state
	n.Method(0)
	if i := instanceOf(n); before&hasMethods != 0 || *i.state&hasMethods == 0 || *i.expanded != 1 || len(*i.methods) != 1 {
		return errors.New("interp: this release of Go makes the methods of instances in another way: build Poolbook with " + goabi.Name + " as it was released")
	}
	return nil
}
