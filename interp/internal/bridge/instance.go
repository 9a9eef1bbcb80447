package bridge

import (
	"cmp"
	"go/types"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Instance returns a compiled instance of a generic function of the standard library, such as slices.Sort for
// []int, where there is one: it does what the interpreted body does, faster. Targs are the function's type arguments,
// all of them.
func (s *Set) Instance(pkgPath, name string, targs []types.Type) (reflect.Value, bool) {
	if pkgPath != "slices" && pkgPath != "maps" {
		return reflect.Value{}, false
	}
	var b strings.Builder
	b.WriteString(pkgPath)
	b.WriteByte('.')
	b.WriteString(name)
	for _, t := range targs {
		if !predeclared(t) {
			return reflect.Value{}, false
		}
		b.WriteByte(' ')
		b.WriteString(types.TypeString(types.Unalias(t), nil))
	}
	v, ok := compiledInstances()[b.String()]
	return v, ok
}

// predeclared reports whether t is a basic type, or a slice or map of them.
func predeclared(t types.Type) bool {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		return true
	case *types.Slice:
		_, ok := types.Unalias(t.Elem()).(*types.Basic)
		return ok
	}
	return false
}

var compiledInstances = sync.OnceValue(func() map[string]reflect.Value {
	m := make(map[string]reflect.Value)
	addInstances[int](m, "int")
	addInstances[int64](m, "int64")
	addInstances[float64](m, "float64")
	addInstances[string](m, "string")
	addInstances[byte](m, "uint8")
	addInstances[byte](m, "byte")
	addInstances[rune](m, "int32")
	addInstances[rune](m, "rune")
	addComparable[bool](m, "bool")
	return m
})

// addInstances adds the functions of package slices for []E and E.
func addInstances[E cmp.Ordered](m map[string]reflect.Value, elem string) {
	addComparable[E](m, elem)
	args := " []" + elem + " " + elem
	for name, f := range map[string]any{
		"Sort":         slices.Sort[[]E],
		"IsSorted":     slices.IsSorted[[]E],
		"Max":          slices.Max[[]E],
		"Min":          slices.Min[[]E],
		"Compare":      slices.Compare[[]E],
		"BinarySearch": slices.BinarySearch[[]E],
	} {
		m["slices."+name+args] = reflect.ValueOf(f)
	}
}

// addComparable adds those that need no order.
func addComparable[E comparable](m map[string]reflect.Value, elem string) {
	args := " []" + elem + " " + elem
	for name, f := range map[string]any{
		"Contains": slices.Contains[[]E],
		"Index":    slices.Index[[]E],
		"Equal":    slices.Equal[[]E],
		"Compact":  slices.Compact[[]E],
		"Reverse":  slices.Reverse[[]E],
		"Clone":    slices.Clone[[]E],
		"Insert":   slices.Insert[[]E],
		"Delete":   slices.Delete[[]E],
		"Replace":  slices.Replace[[]E],
		"Grow":     slices.Grow[[]E],
		"Clip":     slices.Clip[[]E],
		"Repeat":   slices.Repeat[[]E],
	} {
		m["slices."+name+args] = reflect.ValueOf(f)
	}
	m["slices.Concat"+args] = reflect.ValueOf(slices.Concat[[]E])
}
