package vm

import (
	"go/types"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/goabi"
)

// A value that contains itself (a slice of any whose element is the slice) has
// no end for the compiled functions that print and encode it. They call
// themselves until the runtime ends the process, because the stack is used up;
// so they do with a value that has an end, but one that is a million levels away.
// So values whose types allow it are looked through before such a call.

// deepest is how many levels a value may have for a compiled function that calls itself for each: it takes up to a kilobyte of
// stack for each, and the runtime gives a gigabyte.
const deepest = 400_000

// followed is which parts of a value a compiled function follows.
type followed struct {
	pointers bool // also those within the value
	exported bool // only fields that are, and that no tag leaves out
	circles  bool // it looks for circles itself
	nested   int  // how many arrays, slices, maps and structs in each other it follows before it returns an error; 0 for all
}

// follows tells this of the function with a full name that looks into its arguments; ok is false for one that does not call itself for parts of them.
func follows(name string, how looks) (f followed, ok bool) {
	switch {
	case how == looksPrinting, strings.Contains(name, "/template.") && strings.Contains(name, "Execute"):
		return followed{}, true // package fmt shows pointers within a value as addresses
	case name == "reflect.DeepEqual":
		return followed{pointers: true, circles: true}, true
	case how == looksEncoding && strings.Contains(name, "encoding/json"):
		return followed{pointers: true, exported: true, circles: true, nested: goabi.JSONDepth}, true
	case how == looksEncoding:
		return followed{pointers: true}, true
	}
	return followed{}, false
}

// endsOf is op, the call cc of a compiled function that looks into its arguments,
// after a look at whether they have an end, if it follows them without looking
// for circles itself.
func (c *compiler) endsOf(how looks, cc *ssa.CallCommon, args []slot, op coldFunc) coldFunc {
	fn := cc.StaticCallee()
	parts, ok := follows(fullName(fn), how)
	if !ok {
		return op
	}
	var from, formats []slot
	for i, a := range args {
		switch a.ti.rt {
		case typeAny, reflect.TypeFor[[]any]():
			if !holdsSimple(cc.Args[i]) {
				from = append(from, a)
			}
		case typeString:
			formats = append(formats, a)
		}
	}
	if len(from) == 0 {
		return op
	}
	name := funcName(fn)
	name = name[strings.LastIndexByte(name, '/')+1:]
	return func(g *goroutine, fp ptr) {
		for _, a := range from {
			list := unsafe.Slice(at[iface](fp, a.off), 1)
			if a.ti.kind == reflect.Slice {
				list = *at[[]iface](fp, a.off)
			}
			for i := range list {
				if x := &list[i]; !simpleWord(x.typ) {
					checkEnd(name, x, formats, fp, parts)
				}
			}
		}
		op(g, fp)
	}
}

// checkEnd panics when the value of an interface contains itself, or is too deep.
func checkEnd(name string, x *iface, formats []slot, fp ptr, parts followed) {
	w := endWalk{followed: parts}
	if w.inInterface(x.typ, &x.data, 0) {
		return
	}
	for _, f := range formats {
		if looksPast(*at[string](fp, f.off)) {
			return
		}
	}
	if w.tooDeep {
		tooDeep(name)
	}
	panic(&abort{reason: &StackOverflow{Name: name, Depth: w.depth, Circle: true}})
}

// holdsSimple reports whether the program shows that an argument holds what
// contains nothing: an interface that is made of a number or a string, or the
// list of such interfaces that a call with single values makes.
func holdsSimple(arg ssa.Value) bool {
	switch x := arg.(type) {
	case *ssa.MakeInterface:
		_, basic := x.X.Type().Underlying().(*types.Basic)
		return basic
	case *ssa.Slice:
		list, ok := x.X.(*ssa.Alloc)
		if !ok || len(*x.Referrers()) > 1 { // only the call has it: nobody else writes to it
			return false
		}
		for _, use := range *list.Referrers() {
			element, ok := use.(*ssa.IndexAddr)
			if !ok {
				if use == x {
					continue
				}
				return false
			}
			for _, use := range *element.Referrers() {
				if store, ok := use.(*ssa.Store); !ok || store.Val == element || !holdsSimple(store.Val) {
					return false
				}
			}
		}
		return true
	}
	return false
}

// simpleWord reports whether an interface with this type holds nothing, or what
// contains nothing.
func simpleWord(typ ptr) bool {
	return typ == nil || kindOf(typ) < reflect.Array || kindOf(typ) == reflect.String
}

// endPlan is how values of a type are looked through. A nil plan is that of types
// whose values have an end.
type endPlan struct {
	t      reflect.Type
	kind   reflect.Kind
	empty  bool        // an interface without methods
	fields []fieldPlan // of a struct, those that have a plan
	elem   *endPlan
	size   uintptr // of an element
}

type fieldPlan struct {
	off  uintptr
	plan *endPlan
}

type planKey struct {
	t        reflect.Type
	pointers bool
	exported bool
}

var (
	plansMu sync.Mutex
	plans   = map[planKey]*endPlan{}
	// recent has plans found lately, by the address of the type.
	recent [3][256]atomic.Pointer[recentPlan]
)

type recentPlan struct {
	typ  ptr
	plan *endPlan
}

// planOf returns the plan for what an interface with a type holds.
func planOf(typ ptr, f followed) *endPlan {
	i := 0
	switch {
	case f.exported:
		i = 2
	case f.pointers:
		i = 1
	}
	place := &recent[i][(uintptr(typ)>>5^uintptr(typ)>>13)%uintptr(len(recent[i]))]
	if r := place.Load(); r != nil && r.typ == typ {
		return r.plan
	}
	plansMu.Lock()
	defer plansMu.Unlock()
	t := typeOf(typ)
	key := planKey{t, f.pointers, f.exported}
	plan := makePlan(key)
	if plan == nil && t.Kind() == reflect.Pointer && !ownText(t) {
		if elem := makePlan(key.of(t.Elem())); elem != nil { // package fmt follows the outermost pointer
			plan = &endPlan{t: t, kind: reflect.Pointer, elem: elem}
		}
	}
	place.Store(&recentPlan{typ, plan})
	return plan
}

// makePlan returns the plan of a type, nil when its values have an end. plansMu
// is held.
func makePlan(key planKey) *endPlan {
	t := key.t
	if p, ok := plans[key]; ok {
		return p
	}
	if !leadsBack(key, map[reflect.Type]bool{}) {
		plans[key] = nil
		return nil
	}
	p := &endPlan{t: t, kind: t.Kind()}
	plans[key] = p // before those inside, which may be of the same type
	switch p.kind {
	case reflect.Interface:
		p.empty = t.NumMethod() == 0
	case reflect.Struct:
		for f := range t.Fields() {
			if key.leavesOut(f) {
				continue
			}
			if fp := makePlan(key.of(f.Type)); fp != nil {
				p.fields = append(p.fields, fieldPlan{f.Offset, fp})
			}
		}
	default:
		p.elem, p.size = makePlan(key.of(t.Elem())), t.Elem().Size()
	}
	return p
}

// of is the same way of following for another type.
func (k planKey) of(t reflect.Type) planKey {
	k.t = t
	return k
}

// leavesOut reports whether a field of a struct is not followed.
func (k planKey) leavesOut(f reflect.StructField) bool {
	return k.exported && (!f.IsExported() && !f.Anonymous || f.Tag.Get("json") == "-")
}

// leadsBack reports whether a value of a type may contain one that contains it.
func leadsBack(k planKey, way map[reflect.Type]bool) bool {
	t := k.t
	if !composite(t) || ownText(t) || t.Kind() == reflect.Pointer && !k.pointers {
		return false
	}
	if way[t] || t.Kind() == reflect.Interface {
		return true
	}
	way[t] = true
	defer delete(way, t)
	if t.Kind() != reflect.Struct {
		return leadsBack(k.of(t.Elem()), way)
	}
	for f := range t.Fields() {
		if !k.leavesOut(f) && leadsBack(k.of(f.Type), way) {
			return true
		}
	}
	return false
}

// endWalk looks for a circle in a value.
type endWalk struct {
	followed
	way     map[endStep]bool // slices, maps and pointers from deepFrom on to where it is
	depth   int
	nesting int // how many arrays, slices, maps and structs it is in
	tooDeep bool
}

type endStep struct {
	plan *endPlan
	data ptr
	len  int
}

const deepFrom = 100 // most values end before

// inInterface reports whether the value in an interface ends.
func (w *endWalk) inInterface(typ ptr, data *ptr, depth int) bool {
	if simpleWord(typ) {
		return true
	}
	if typ == joinErrorType {
		x := iface{typ, *data}
		w.tooDeep = joinsDeeply((*(*any)(ptr(&x))).(error), depth, true)
		return !w.tooDeep
	}
	plan := planOf(typ, w.followed)
	if plan == nil || plan.kind == reflect.Pointer && depth > 0 && !w.pointers {
		return true
	}
	return w.ends(plan, unbox(typ, data), depth)
}

// ends reports whether the value at p ends.
func (w *endWalk) ends(plan *endPlan, p ptr, depth int) bool {
	depth++
	w.depth = max(w.depth, depth)
	if depth > deepest {
		w.tooDeep = true
		return false
	}
	if w.nested > 0 && plan.kind != reflect.Interface && plan.kind != reflect.Pointer {
		if w.nesting > w.nested {
			return true
		}
		w.nesting++
		ends := w.within(plan, p, depth)
		w.nesting--
		return ends
	}
	return w.within(plan, p, depth)
}

// within is ends for what the value at p holds.
func (w *endWalk) within(plan *endPlan, p ptr, depth int) bool {
	switch plan.kind {
	case reflect.Interface:
		v := (*iface)(p)
		return w.inInterface(ifaceType(p, plan.empty), &v.data, depth)
	case reflect.Struct:
		for _, f := range plan.fields {
			if !w.ends(f.plan, unsafe.Add(p, f.off), depth) {
				return false
			}
		}
		return true
	case reflect.Array:
		return w.elements(plan, p, plan.t.Len(), depth)
	case reflect.Slice:
		s := *(*sliceHeader)(p)
		return w.step(endStep{plan, s.data, s.len}, depth, func() bool { return w.elements(plan, s.data, s.len, depth) })
	case reflect.Pointer:
		to := *(*ptr)(p)
		return to == nil || w.step(endStep{plan, to, 0}, depth, func() bool { return w.ends(plan.elem, to, depth) })
	}
	m := *(*ptr)(p)
	return m == nil || w.step(endStep{plan, m, 0}, depth, func() bool {
		if plan.t == reflect.TypeFor[map[string]any]() {
			for _, x := range *(*map[string]any)(p) {
				if !w.inInterface((*iface)(ptr(&x)).typ, &(*iface)(ptr(&x)).data, depth) {
					return false
				}
			}
			return true
		}
		elem := reflect.New(plan.t.Elem())
		for it := reflect.NewAt(plan.t, p).Elem().MapRange(); it.Next(); {
			elem.Elem().SetIterValue(it)
			if !w.ends(plan.elem, elem.UnsafePointer(), depth) {
				return false
			}
		}
		return true
	})
}

func (w *endWalk) elements(plan *endPlan, p ptr, n, depth int) bool {
	for i := range n {
		if !w.ends(plan.elem, unsafe.Add(p, uintptr(i)*plan.size), depth) {
			return false
		}
	}
	return true
}

// step follows a slice, map or pointer unless the way there has led by it.
func (w *endWalk) step(s endStep, depth int, follow func() bool) bool {
	if depth <= deepFrom {
		return follow()
	}
	if w.way[s] {
		return w.circles
	}
	if w.way == nil {
		w.way = map[endStep]bool{}
	}
	w.way[s] = true
	defer delete(w.way, s)
	return follow()
}
