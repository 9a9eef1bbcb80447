package unit

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/rtype"
)

// Session is what Make asks of a session.
type Session interface {
	// Decl returns the syntax that declares a function, method or type of a cell, local types included: *ast.FuncDecl or *ast.TypeSpec.
	Decl(obj types.Object) (node ast.Node, info *types.Info, ok bool)
	// InfoOf returns the type information of the cell that fn was written in; nil when that is no cell.
	InfoOf(fn *ssa.Function) *types.Info
	// Latest returns the function that runs when f is called.
	Latest(f *types.Func) *types.Func
	// Text returns source text and where it starts.
	Text(from, to token.Pos) (text string, at token.Position, ok bool)
	// OldLoops reports whether the loops at a position have one variable for all rounds, as before Go 1.22.
	OldLoops(pos token.Pos) bool
	// TypeName numbers a type that a cell declares, and gives it a name that no other type of the session has: the same ones each time.
	TypeName(obj *types.TypeName) (id int, name string)
	// HasTypeName reports whether TypeName has given a type that name.
	HasTypeName(name string) bool
	// IsCell tells whether a package is a cell.
	IsCell(p *types.Package) bool
	// Var returns a session variable's ID and storage.
	Var(v *types.Var) (id string, value reflect.Value)
	// Closure returns the function and captured values of a function value that the machine made.
	Closure(fn reflect.Value) (f *ssa.Function, free []reflect.Value, ok bool)
	// Compiled names a function of a compiled package.
	Compiled(fn reflect.Value) (path, name string, ok bool)
}

// Var is a variable whose value travels beside the source. Captured variables have no ID yet: it is the unit's hash and the name.
type Var struct {
	Name, ID string
	Value    reflect.Value
}

// Unit is a function's source.
type Unit struct {
	Hash, Source, Entry string
	Vars                []Var
	Assigns             []string
	Imports             []string                   // sorted
	Types               map[*types.TypeName]TypeID // that cells declare and the unit has

	// Inside is what the function itself has captured, of a unit that MakeInside has made.
	Inside []Captured

	free []int // of each captured variable, the last of Vars: its place among the function's; nil when the unit holds for one value only
	all  int   // captured variables of the function

	insideMade bool // by MakeInside
}

// Captured is what a function inside a value has captured: Value is a pointer to a variable, or the receiver of a method value. Index is its place
// among what the function has captured.
type Captured struct {
	Name  string
	Value reflect.Value
	Index int
}

// Again is the unit of another value of the same function, which has captured free: the source is the same as long as no declaration
// changes. It reports false when it may not be, because variables hold functions that the source has followed.
func (u *Unit) Again(free []reflect.Value) (*Unit, bool) {
	if u.free == nil || len(free) != u.all {
		return nil, false
	}
	v := *u
	if u.insideMade {
		v.Inside = slices.Clone(u.Inside)
		for i, c := range v.Inside {
			v.Inside[i].Value = free[c.Index]
		}
		return &v, true
	}
	v.Vars = slices.Clone(u.Vars)
	for i, k := range u.free {
		if free[k].Kind() != reflect.Pointer || free[k].IsNil() {
			return nil, false
		}
		v.Vars[len(v.Vars)-len(u.free)+i].Value = free[k].Elem()
	}
	return &v, true
}

// Same reports whether Again always gives the same: the function captures nothing.
func (u *Unit) Same() bool { return u.free != nil && u.all == 0 }

// Error says why a function cannot be sent.
type Error struct{ Msg string }

func (e *Error) Error() string { return e.Msg }

func refuse(format string, args ...any) { panic(&Error{fmt.Sprintf(format, args...)}) }

// Extra is what a unit is to have, or to do without, beside what the function reaches.
type Extra struct {
	// Types come along with all their methods: values of them may travel in interfaces.
	Types []types.Type
	// Without are the IDs of variables whose values cannot be sent, and why. When only methods that nothing calls read them, these
	// become ones that say so when they are called after all; otherwise Make fails.
	Without map[string]string
}

// maker collects a unit.
type maker struct {
	s         Session
	oldLoops  bool                    // see Session.OldLoops: of the unit, if any of its texts has them
	names     map[types.Object]string // in the unit
	taken     map[string]bool
	decls     map[types.Object]*decl
	queue     []types.Object
	imports   map[string]string // path → name
	dots      map[string]bool
	instances map[instanceKey]*types.TypeName
	lifting   map[types.Object]string // the names of types while they are being written: see localType
	order     []*capture
	byAddr    map[captureKey]*capture
	inits     []owned[text] // assignments of functions to variables
	vars      []owned[Var]
	clash     bool // a type's name was taken: all of it has to be made again
	assigns   map[string]bool
	without   map[string]string
	single    bool  // the unit holds for one value of the function only: see Unit.Again
	entry     *decl // what the function itself reaches
	current   *decl // whose dependencies are being collected

	// Of a function inside a value: see MakeInside.
	inside bool // the function is being written: what it captures are fields
	fields []*capture
}

// decl is a declaration of the unit.
type decl struct {
	name    string
	text    text
	deps    map[types.Object]bool // declarations that it mentions
	calls   map[*types.Func]bool  // methods that it mentions
	asks    map[string]bool       // names of methods of interfaces that it mentions
	refused string                // why it cannot be sent; "" when it can

	// Of a type.
	isTyp   bool
	id      int
	methods []*types.Func

	// Of a method.
	recv *types.TypeName
}

func newDecl(name string) *decl {
	return &decl{name: name, deps: map[types.Object]bool{}, calls: map[*types.Func]bool{}, asks: map[string]bool{}}
}

// owned is what a declaration has brought with it.
type owned[T any] struct {
	owner *decl
	v     T
}

// text is source with and without line comments.
type text struct{ mapped, plain string }

type captureKey struct {
	addr uintptr
	name string
	typ  reflect.Type
}

type capture struct {
	name, orig string
	typ        types.Type
	value      reflect.Value // addressable
	isFunc     bool
	owner      *decl
	index      int // among the captured variables of the function
}

// Make returns the unit of a function value. The error is an *Error with a text for users.
func Make(s Session, fn reflect.Value, with Extra) (u *Unit, err error) {
	if fn.Kind() != reflect.Func {
		return nil, &Error{fmt.Sprintf("%s is not a function", fn.Type())}
	}
	if fn.IsNil() {
		return nil, &Error{"the function is nil"}
	}
	return makeUnit(s, with, fn.Type(), func(m *maker) function { return m.function(fn) })
}

// MakeInside returns the unit of a function value that is inside another value. There may be many of the same code, so that its function makes one:
// it takes a pointer to a struct with what is captured, and returns the function. See [Unit.Inside].
func MakeInside(s Session, fn reflect.Value, with Extra) (u *Unit, err error) {
	return makeUnit(s, with, nil, func(m *maker) function {
		m.inside = true
		f := m.function(fn)
		m.inside = false
		return m.maker(f)
	})
}

// MakeTypes returns a unit that declares types and has a function that does nothing.
func MakeTypes(s Session, with Extra) (*Unit, error) {
	return makeUnit(s, with, reflect.TypeFor[func()](), func(*maker) function { return function{expr: text{"func() {}", "func() {}"}} })
}

func makeUnit(s Session, with Extra, typ reflect.Type, entry func(*maker) function) (u *Unit, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			u, err = nil, e
		}
	}()
	for range 3 {
		m := newMaker(s, with)
		u = m.make(with, typ, entry)
		if !m.clash {
			break
		}
	}
	return u, nil
}

func newMaker(s Session, with Extra) *maker {
	m := &maker{s: s, names: map[types.Object]string{}, taken: map[string]bool{"main": true, "init": true}, decls: map[types.Object]*decl{},
		imports: map[string]string{}, dots: map[string]bool{}, instances: map[instanceKey]*types.TypeName{},
		lifting: map[types.Object]string{}, byAddr: map[captureKey]*capture{}, assigns: map[string]bool{},
		without: with.Without, entry: newDecl("")}
	m.current = m.entry
	return m
}

func (m *maker) make(with Extra, typ reflect.Type, entry func(*maker) function) *Unit {
	f := entry(m)
	m.drain()
	extra := newDecl("") // nothing of it is called
	m.current = extra
	for _, t := range with.Types {
		m.typeText(t)
	}
	m.current = m.entry
	for _, c := range m.order {
		m.typeText(c.typ)
	}
	m.drain()
	m.leaveOut(extra)
	return m.finish(f, typ)
}

// drain writes the declarations that are waiting, and those that these reach.
func (m *maker) drain() {
	for len(m.queue) > 0 {
		obj := m.queue[0]
		m.queue = m.queue[1:]
		m.declare(obj)
	}
}

// need makes obj part of the unit and returns its name there.
func (m *maker) need(obj types.Object) string {
	if f, ok := obj.(*types.Func); ok {
		obj = m.s.Latest(f)
	}
	m.current.deps[obj] = true
	if name, ok := m.names[obj]; ok {
		return name
	}
	d := newDecl("")
	if tn, ok := obj.(*types.TypeName); ok {
		m.nameType(d, tn)
	} else {
		d.name = m.unique(obj.Name())
	}
	m.names[obj] = d.name
	m.decls[obj] = d
	m.queue = append(m.queue, obj)
	return d.name
}

// nameType gives a type the name that it has in all units.
func (m *maker) nameType(d *decl, obj *types.TypeName) {
	d.isTyp = true
	d.id, d.name = m.s.TypeName(obj)
	m.clash = m.clash || m.taken[d.name]
	m.taken[d.name] = true
}

// unique returns a name that nothing in the unit has. Types have their names already: they are the same in all units.
func (m *maker) unique(name string) string {
	if !m.taken[name] && !m.s.HasTypeName(name) {
		m.taken[name] = true
		return name
	}
	return m.numbered(name, 2)
}

// numbered returns a name that nothing in the unit has, nor anything in a cell: with a number, i or a higher one.
func (m *maker) numbered(name string, i int) string {
	n := rtype.Numbered(name, i)
	for ; m.taken[n] || m.s.HasTypeName(n); i++ {
		n = rtype.Numbered(name, i+1)
	}
	m.taken[n] = true
	return n
}

// declare writes a package-level declaration. What cannot be sent is noted there: it may turn out that nothing calls it.
func (m *maker) declare(obj types.Object) {
	d := m.decls[obj]
	outer := m.current
	m.current = d
	defer func() {
		m.current = outer
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			d.refused = e.Msg
		}
	}()
	switch obj := obj.(type) {
	case *types.Const:
		s := fmt.Sprintf("const %s", d.name)
		if b, ok := obj.Type().(*types.Basic); !ok || b.Info()&types.IsUntyped == 0 {
			s += " " + m.typeText(obj.Type())
		}
		s += " = " + constText(obj)
		d.text = text{s, s}
	case *types.Var:
		id, value := m.s.Var(obj)
		if !value.IsValid() {
			refuse("the variable %s is not there", obj.Name())
		}
		s := fmt.Sprintf("var %s %s", d.name, m.typeText(obj.Type()))
		d.text = text{s + " //poolbook:var " + id, s}
		if why, ok := m.without[id]; ok {
			d.refused = why
			return
		}
		if value.Kind() == reflect.Func {
			m.assignFunc(d.name, value)
			return
		}
		m.vars = append(m.vars, owned[Var]{d, Var{Name: obj.Name(), ID: id, Value: value}})
	case *types.Func:
		node, info, ok := m.s.Decl(obj)
		if !ok {
			refuse("the source of %s is not known", obj.Name())
		}
		d.text = m.source(node, info, nil, nil)
	case *types.TypeName:
		node, info, ok := m.s.Decl(obj)
		if !ok {
			refuse("the source of type %s is not known", obj.Name())
		}
		t := m.source(node, info, nil, nil)
		d.text = text{"type " + t.mapped, "type " + t.plain}
		if named, ok := obj.Type().(*types.Named); ok && !obj.IsAlias() {
			for f := range named.Methods() {
				f = m.s.Latest(f)
				md := newDecl(d.name + "." + f.Name())
				md.recv = obj
				m.decls[f], m.names[f] = md, f.Name()
				m.queue = append(m.queue, f)
				d.methods = append(d.methods, f)
			}
		}
	default:
		refuse("%s cannot be sent to another process", obj.Name())
	}
}

// assignFunc makes the unit set a variable to the function that it holds.
func (m *maker) assignFunc(name string, fn reflect.Value) {
	m.single = true
	if fn.IsNil() {
		return
	}
	expr := m.function(fn).expr
	m.inits = append(m.inits, owned[text]{m.current, text{name + " = " + expr.mapped, name + " = " + expr.plain}})
}

// importName returns the name of a package in the unit.
func (m *maker) importName(p *types.Package) string {
	if n, ok := m.imports[p.Path()]; ok {
		return n
	}
	name := p.Name()
	if strings.Contains(name, "·") {
		name = path.Base(p.Path())
	}
	n := m.unique(name)
	m.imports[p.Path()] = n
	return n
}

// finish puts the parts together.
func (m *maker) finish(entry function, typ reflect.Type) *Unit {
	u := &Unit{Types: map[*types.TypeName]TypeID{}}
	for _, v := range m.vars {
		u.Vars = append(u.Vars, v.v)
	}
	var head strings.Builder
	if m.oldLoops {
		head.WriteString("//go:build go1.21\n\n")
	}
	head.WriteString("package main\n")
	for _, p := range slices.Sorted(maps.Keys(m.imports)) {
		fmt.Fprintf(&head, "\nimport %s %q", m.imports[p], p)
	}
	for _, p := range slices.Sorted(maps.Keys(m.dots)) {
		fmt.Fprintf(&head, "\nimport . %q", p)
	}
	head.WriteString("\n")
	var mapped, plain strings.Builder
	mapped.WriteString(head.String())
	plain.WriteString(head.String())
	objs := slices.SortedFunc(maps.Keys(m.decls), func(a, b types.Object) int {
		x, y := m.decls[a], m.decls[b]
		return cmp.Or(strings.Compare(x.name, y.name), strings.Compare(x.text.plain, y.text.plain))
	})
	for _, obj := range objs {
		d := m.decls[obj]
		if d.isTyp {
			id := TypeID{d.id, m.reach(obj)}
			u.Types[obj.(*types.TypeName)] = id
			fmt.Fprintf(&mapped, "\n//poolbook:type %s %s\n", d.name, id)
			fmt.Fprintf(&plain, "\n// %d\n", d.id)
		}
		fmt.Fprintf(&mapped, "\n//line unit:1\n%s\n", d.text.mapped)
		fmt.Fprintf(&plain, "\n%s\n", d.text.plain)
	}
	for _, c := range m.order {
		s := fmt.Sprintf("var %s %s", c.name, m.typeText(c.typ))
		fmt.Fprintf(&mapped, "\n//line unit:1\n%s //poolbook:captured\n", s)
		fmt.Fprintf(&plain, "\n%s\n", s)
		if !c.isFunc {
			u.Vars = append(u.Vars, Var{Name: c.orig, ID: "·" + c.name, Value: c.value})
		}
	}
	fmt.Fprintf(&mapped, "\n//line unit:1\nfunc init() {\n")
	for _, i := range m.inits {
		mapped.WriteString("\t" + i.v.mapped + "\n")
		plain.WriteString(i.v.plain + "\n")
	}
	u.Entry = "poolbook_entry"
	fmt.Fprintf(&mapped, "\t%s = %s\n}\n\n//line unit:1\nvar %[1]s func%[3]s\n", u.Entry, entry.expr.mapped, entry.sig)
	if typ != nil {
		mapped.WriteString(loop(entry, u.Entry, typ))
	}
	fmt.Fprintf(&plain, "%s = %s\n", u.Entry, entry.expr.plain)
	sum := sha256.Sum256([]byte(plain.String()))
	u.Hash = hex.EncodeToString(sum[:])
	for i, v := range u.Vars {
		if name, ok := strings.CutPrefix(v.ID, "·"); ok {
			u.Vars[i].ID = CapturedID(u.Hash, name)
		}
	}
	u.Source = mapped.String()
	for p := range m.dots {
		m.imports[p] = ""
	}
	u.Imports = slices.Sorted(maps.Keys(m.imports))
	u.Assigns = slices.Sorted(maps.Keys(m.assigns))
	for _, c := range m.fields {
		u.Inside = append(u.Inside, Captured{c.orig, c.value, c.index})
	}
	u.insideMade = typ == nil
	if !m.single {
		u.free = []int{}
		for _, c := range m.order {
			u.free = append(u.free, c.index)
		}
		u.all = entry.free
	}
	return u
}

// CapturedID is the ID of a captured variable: units of other functions have variables of the same name.
func CapturedID(hash, name string) string { return hash[:16] + "." + name }

// WithHash is the hash of a unit and of what other says more about it; the unit's captured variables keep their IDs.
func WithHash(hash, other string) string { return hash[:16] + other[16:] }

// TypeID says which type of the session a declaration is.
type TypeID struct {
	Number int    // of the type in the session
	Hash   string // of all that its declaration and methods reach
}

// String is the number and the hash, as they are written behind a type's name.
func (id TypeID) String() string { return fmt.Sprintf("%d.%s", id.Number, id.Hash) }

// reach hashes all that a type's declaration and methods reach.
func (m *maker) reach(obj types.Object) string {
	seen := map[types.Object]bool{}
	var texts []string
	var visit func(o types.Object)
	visit = func(o types.Object) {
		if seen[o] {
			return
		}
		seen[o] = true
		d := m.decls[o]
		if d == nil {
			return
		}
		s := d.text.plain
		if d.isTyp {
			s = fmt.Sprintf("%d %s", d.id, s)
		}
		texts = append(texts, s)
		for dep := range d.deps {
			visit(dep)
		}
		for _, f := range d.methods {
			visit(f)
		}
	}
	visit(obj)
	slices.Sort(texts)
	sum := sha256.Sum256([]byte(m.decls[obj].name + "\n" + strings.Join(texts, "\n")))
	return hex.EncodeToString(sum[:8])
}
