package vm

import (
	"reflect"
	"strings"
	"sync"
	"unsafe"
)

// Structs and arrays that hold interfaces, whose values hold interfaces, millions of levels deep: the runtime hashes such a key of a map, and compares such values,
// by calling itself for each level. All that ends at once is told apart by the kind of the type: numbers, strings and pointers cost a look.

// nested is where a value has an interface.
type nested struct {
	off   uintptr
	empty bool // the interface has no methods

	elem  []nested // of an array of more than one element, which this is then
	size  uintptr
	count int
}

// nestedOf has what nestsIn found, by type.
var nestedOf sync.Map // ptr to []nested

// nestsIn returns where values of a type have interfaces, which is not behind pointers.
func nestsIn(t reflect.Type) []nested {
	switch t.Kind() {
	case reflect.Interface:
		return []nested{{empty: t.NumMethod() == 0}}
	case reflect.Array:
		elem := nestsIn(t.Elem())
		switch {
		case len(elem) == 0 || t.Len() == 0:
			return nil
		case t.Len() == 1:
			return elem
		}
		return []nested{{elem: elem, size: t.Elem().Size(), count: t.Len()}}
	case reflect.Struct:
		var list []nested
		for f := range t.Fields() {
			for _, n := range nestsIn(f.Type) {
				n.off += f.Offset
				list = append(list, n)
			}
		}
		return list
	}
	return nil
}

// mayNest reports whether what is in an interface with this type may have interfaces.
func mayNest(typ ptr) bool {
	return typ != nil && (kindOf(typ) == reflect.Struct || kindOf(typ) == reflect.Array) && hasPointers(typ)
}

// nestWalk looks how deeply a value is nested.
type nestWalk struct {
	left int // values that it still looks at: what is shared may be met any number of times
}

// nestsDeeply reports whether what is in an interface is nested too deeply to be hashed or compared.
func nestsDeeply(v *iface, empty bool) bool {
	typ := ifaceType(ptr(v), empty)
	return mayNest(typ) && valueNestsDeeply(typ, v)
}

func valueNestsDeeply(typ ptr, v *iface) bool {
	w := nestWalk{left: 10 * deepest}
	return w.in(typ, unbox(typ, &v.data), 1)
}

// in looks into the value of a type at p.
func (w *nestWalk) in(typ, p ptr, depth int) bool {
	list, ok := nestedOf.Load(typ)
	if !ok {
		list, _ = nestedOf.LoadOrStore(typ, nestsIn(typeOf(typ)))
	}
	return w.parts(list.([]nested), p, depth)
}

func (w *nestWalk) parts(list []nested, p ptr, depth int) bool {
	for _, n := range list {
		if n.elem != nil {
			for i := range n.count {
				if w.parts(n.elem, unsafe.Add(p, n.off+uintptr(i)*n.size), depth) {
					return true
				}
			}
			continue
		}
		v := (*iface)(unsafe.Add(p, n.off))
		if typ := ifaceType(ptr(v), n.empty); mayNest(typ) {
			if w.left--; w.left < 0 {
				return false
			}
			if depth >= deepest || w.in(typ, unbox(typ, &v.data), depth+1) {
				return true
			}
		}
	}
	return false
}

// keyEnds is op, an operation on a map of type t with the key in a register, after a look at how deep the key is.
func keyEnds(t reflect.Type, key uint32, op coldFunc) coldFunc {
	list := nestsIn(t.Key())
	if len(list) == 0 {
		return op
	}
	if t.Key().Kind() == reflect.Interface {
		empty := list[0].empty
		return func(g *goroutine, fp ptr) {
			v := at[iface](fp, key)
			if typ := ifaceType(ptr(v), empty); mayNest(typ) && valueNestsDeeply(typ, v) {
				tooDeep("a map")
			}
			op(g, fp)
		}
	}
	return func(g *goroutine, fp ptr) {
		if w := (nestWalk{left: 10 * deepest}); w.parts(list, add(fp, key), 1) {
			tooDeep("a map")
		}
		op(g, fp)
	}
}

// comparesKeys tells this of the function with a full name that hashes or compares what its arguments hold.
func comparesKeys(name string) bool {
	return strings.HasPrefix(name, "(*sync.Map).") || name == "context.WithValue" || name == "(*sync/atomic.Value).CompareAndSwap"
}

// keysEnd is op, a call of such a function, after a look at its arguments.
func keysEnd(name string, args []slot, op coldFunc) coldFunc {
	var from []uint32
	for _, a := range args {
		if a.ti.rt == typeAny {
			from = append(from, a.off)
		}
	}
	if len(from) == 0 {
		return op
	}
	return func(g *goroutine, fp ptr) {
		for _, off := range from {
			if nestsDeeply(at[iface](fp, off), true) {
				tooDeep(name)
			}
		}
		op(g, fp)
	}
}

func tooDeep(name string) {
	panic(&abort{reason: &StackOverflow{Name: name, Depth: deepest, Within: true}})
}
