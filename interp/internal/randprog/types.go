package randprog

import (
	"fmt"
	"strings"
)

type kind uint8

const (
	kBool kind = iota
	kInt
	kFloat
	kComplex
	kString
	kSlice
	kArray
	kMap
	kPtr
	kFunc
	kStruct
	kIface
)

// typ is a Go type. Two types are identical when their names are.
type typ struct {
	kind     kind
	name     string // as a program writes it
	bits     int    // of numbers; int, uint and uintptr are 64
	unsigned bool
	base     *typ // of a named type that is no struct: what literals are converted from
	elem     *typ // of slices, arrays, maps and pointers
	key      *typ // of maps
	n        int  // length of an array
	fields   []field
	in       []*typ // of functions
	out      *typ   // of functions; nil without a result
	methods  []*fn  // of interfaces and named types
	impls    []impl // of interfaces
}

type field struct {
	name     string
	t        *typ
	embedded bool
}

// impl is a type that has the methods of an interface; with ptr, its pointer has them.
type impl struct {
	t   *typ
	ptr bool
}

// fn is a function or method of the program. A pure one changes nothing that its caller can see.
type fn struct {
	name string
	in   []*typ
	out  []*typ
	pure bool
	ptr  bool // a method with a pointer receiver
}

var (
	tBool   = &typ{kind: kBool, name: "bool"}
	tInt    = &typ{kind: kInt, name: "int", bits: 64}
	tByte   = &typ{kind: kInt, name: "uint8", bits: 8, unsigned: true}
	tRune   = &typ{kind: kInt, name: "int32", bits: 32}
	tUint   = &typ{kind: kInt, name: "uint", bits: 64, unsigned: true}
	tFloat  = &typ{kind: kFloat, name: "float64", bits: 64}
	tString = &typ{kind: kString, name: "string"}
	tAny    = &typ{kind: kIface, name: "any"}
	tError  = &typ{kind: kIface, name: "error"}

	ints = []*typ{
		tInt, tByte, tRune, tUint,
		{kind: kInt, name: "int8", bits: 8},
		{kind: kInt, name: "int16", bits: 16},
		{kind: kInt, name: "int64", bits: 64},
		{kind: kInt, name: "uint16", bits: 16, unsigned: true},
		{kind: kInt, name: "uint32", bits: 32, unsigned: true},
		{kind: kInt, name: "uint64", bits: 64, unsigned: true},
		{kind: kInt, name: "uintptr", bits: 64, unsigned: true},
	}
	floats    = []*typ{tFloat, {kind: kFloat, name: "float32", bits: 32}}
	complexes = []*typ{{kind: kComplex, name: "complex128", bits: 128}, {kind: kComplex, name: "complex64", bits: 64}}
)

func sliceOf(t *typ) *typ { return &typ{kind: kSlice, name: "[]" + t.name, elem: t} }
func ptrTo(t *typ) *typ   { return &typ{kind: kPtr, name: "*" + t.name, elem: t} }
func arrayOf(n int, t *typ) *typ {
	return &typ{kind: kArray, name: fmt.Sprintf("[%d]%s", n, t.name), elem: t, n: n}
}
func mapOf(k, v *typ) *typ {
	return &typ{kind: kMap, name: "map[" + k.name + "]" + v.name, key: k, elem: v}
}

func funcOf(out *typ, in ...*typ) *typ {
	t := &typ{kind: kFunc, in: in, out: out, name: "func(" + names(in) + ")"}
	if out != nil {
		t.name += " " + out.name
	}
	return t
}

func names(list []*typ) string {
	var s []string
	for _, t := range list {
		s = append(s, t.name)
	}
	return strings.Join(s, ", ")
}

// all reports whether ok holds for t and whatever its values consist of; pointers are not followed.
func (t *typ) all(ok func(*typ) bool) bool {
	if !ok(t) {
		return false
	}
	switch t.kind {
	case kSlice, kArray:
		return t.elem.all(ok)
	case kMap:
		return t.key.all(ok) && t.elem.all(ok)
	case kStruct:
		for _, f := range t.fields {
			if !f.t.all(ok) {
				return false
			}
		}
	}
	return true
}

// comparable types have == without a panic.
func (t *typ) comparable() bool {
	return t.all(func(t *typ) bool { return t.kind != kSlice && t.kind != kMap && t.kind != kFunc && t.kind != kIface })
}

// printable values print the same in every process.
func (t *typ) printable() bool {
	return t.all(func(t *typ) bool {
		return t.kind != kPtr && t.kind != kFunc && (t.kind != kIface || t == tAny || t == tError)
	})
}

// plain values share nothing with their copies.
func (t *typ) plain() bool {
	return t.all(func(t *typ) bool { return t.kind <= kString || t.kind == kArray || t.kind == kStruct })
}

func (t *typ) number() bool { return t.kind == kInt || t.kind == kFloat || t.kind == kComplex }

func (t *typ) method(name string) *fn {
	for _, m := range t.methods {
		if m.name == name {
			return m
		}
	}
	return nil
}

// basic returns a type of numbers, strings or truth values.
func (g *gen) basic() *typ {
	switch g.n(12) {
	case 0:
		return tBool
	case 1, 2:
		return tString
	case 3:
		return floats[g.n(len(floats))]
	case 4:
		return complexes[g.n(len(complexes))]
	case 5, 6:
		if len(g.named) > 0 {
			return g.named[g.n(len(g.named))]
		}
		return tInt
	case 7, 8:
		return tInt
	default:
		return ints[g.n(len(ints))]
	}
}

// typ returns some type of at most that depth.
func (g *gen) typ(depth int) *typ {
	if depth <= 0 {
		return g.basic()
	}
	switch g.n(16) {
	case 0, 1:
		return sliceOf(g.typ(depth - 1))
	case 2:
		return arrayOf(1+g.n(4), g.typ(depth-1))
	case 3:
		return mapOf(g.keyType(), g.typ(depth-1))
	case 4:
		return ptrTo(g.typ(depth - 1))
	case 5:
		return g.funcType()
	case 6, 7, 8:
		if len(g.structs) > 0 {
			return g.structs[g.n(len(g.structs))]
		}
	case 9:
		if len(g.ifaces) > 0 {
			return g.ifaces[g.n(len(g.ifaces))]
		}
		return tAny
	case 10:
		return tAny
	}
	return g.basic()
}

func (g *gen) keyType() *typ {
	for range 5 {
		if t := g.typ(1); t.comparable() && t.all(func(t *typ) bool { return t.kind != kFloat && t.kind != kComplex && t.kind != kPtr }) {
			return t
		}
	}
	return tString
}

func (g *gen) funcType() *typ {
	var in []*typ
	for range g.n(3) {
		in = append(in, g.basic())
	}
	return funcOf(g.basic(), in...)
}

// plainType returns a type whose values share nothing.
func (g *gen) plainType() *typ {
	for range 5 {
		if t := g.typ(1); t.plain() {
			return t
		}
	}
	return g.basic()
}
