package vm

import (
	"go/types"
	"reflect"
	"sync"

	"golang.org/x/tools/go/ssa"
)

func (c *compiler) makeInterface(in *ssa.MakeInterface) {
	from, to := c.infoOf(in.X), c.infoOf(in)
	var dst uint32
	lent, isLent := c.lentBoxes[in]
	if isLent {
		dst = c.lentAt(lent.lent, lent.num)
	} else {
		dst = c.reg(in)
	}
	word := from.r
	if !isEmpty(in.Type()) {
		word = getitab(to.r, from.r, true)
		if word == nil {
			panic(&notImplemented{from.rt, to.rt, missingMethod(to.rt, from.rt)})
		}
	}
	if k, ok := in.X.(*ssa.Const); ok {
		c.move(to, dst, c.constantInterface(k, to, word))
		return
	}
	src := c.reg(in.X)
	boxed := isLent && lent.lent.boxes
	switch {
	case boxed && from.class == classWord:
		c.add(instr{op: opLendWord, a: dst, b: src, c: c.field(from), p: word})
	case boxed && from.class == classString:
		c.add(instr{op: opLendString, a: dst, b: src, c: c.field(from), p: word})
	case isDirect(from.r):
		c.add(instr{op: opMakeIfacePtr, a: dst, b: src, p: word})
	case from.class == classWord && from.size == 8:
		c.add(instr{op: opMakeIfaceWord, a: dst, b: src, p: word})
	case from.class == classString:
		c.add(instr{op: opMakeIfaceString, a: dst, b: src, p: word})
	default:
		c.cold(func(g *goroutine, fp ptr) {
			d := box(from.r, add(fp, src))
			v := at[iface](fp, dst)
			v.data = d
			v.typ = word
		})
	}
}

// notImplemented says that the type table and the checker disagree.
type notImplemented struct {
	typ, inter reflect.Type
	method     string
}

func (e *notImplemented) Error() string {
	return e.typ.String() + " does not implement " + e.inter.String() + " (missing method " + e.method + ")"
}

// itabs caches the method tables of an interface type by dynamic type.
type itabs struct {
	inter *typeInfo
	empty bool
	cache sync.Map // ptr → ptr; nil: does not implement it
}

// wordFor returns the first word of an interface value of this type that holds
// a value of dynamic type t; nil when t does not implement it.
func (i *itabs) wordFor(t ptr) ptr {
	if i.empty {
		return t
	}
	if w, ok := i.cache.Load(t); ok {
		return w.(ptr)
	}
	w := getitab(i.inter.r, t, true)
	if w != nil {
		i.cache.Store(t, w)
	}
	return w
}

func (c *compiler) changeInterface(in *ssa.ChangeInterface) {
	dst, src := c.reg(in), c.reg(in.X)
	fromEmpty := isEmpty(in.X.Type())
	to := &itabs{inter: c.infoOf(in), empty: isEmpty(in.Type())}
	c.cold(func(g *goroutine, fp ptr) {
		v := *at[iface](fp, src)
		if v.typ != nil {
			t := ifaceType(ptr(&v), fromEmpty)
			v.typ = to.wordFor(t)
			if v.typ == nil {
				panicAssert(nil, t, to.inter.r, missingMethod(to.inter.rt, typeOf(t)))
			}
		}
		*at[any](fp, dst) = *(*any)(ptr(&v))
	})
}

// isNilCheck reports whether in is no assertion of the program's: go/ssa checks in this way that the operand of a method value x.M is not nil.
func isNilCheck(in *ssa.TypeAssert) bool {
	if in.CommaOk || len(*in.Referrers()) > 0 || !types.Identical(in.X.Type(), in.AssertedType) {
		return false
	}
	if !in.Pos().IsValid() {
		return true
	}
	for _, other := range in.Block().Instrs {
		if m, ok := other.(*ssa.MakeClosure); ok && m.Pos() == in.Pos() {
			return true
		}
	}
	return false
}

func (c *compiler) typeAssert(in *ssa.TypeAssert) {
	src := c.reg(in.X)
	from, fromEmpty := c.infoOf(in.X), isEmpty(in.X.Type())
	to := c.m.typeInfo(in.AssertedType)
	var dst, okAt uint32
	if in.CommaOk {
		t := c.tuples[in]
		dst, okAt = t[0].off, t[1].off
	} else {
		dst = c.reg(in)
	}
	if isNilCheck(in) {
		c.cold(func(_ *goroutine, fp ptr) {
			if at[iface](fp, src).typ == nil {
				panicNil()
			}
		})
		return
	}
	commaOk := in.CommaOk
	if types.IsInterface(in.AssertedType) {
		tabs := &itabs{inter: to, empty: isEmpty(in.AssertedType)}
		c.cold(func(g *goroutine, fp ptr) {
			v := *at[iface](fp, src)
			t := ifaceType(ptr(&v), fromEmpty)
			var w ptr
			if t != nil {
				w = tabs.wordFor(t)
			}
			if commaOk {
				*at[bool](fp, okAt) = w != nil
			} else if w == nil {
				missing := ""
				if t != nil {
					missing = missingMethod(to.rt, typeOf(t))
				}
				panicAssert(nil, t, to.r, missing) // as the runtime, which does not name the interface here
			}
			if w == nil {
				v.data = nil
			}
			v.typ = w
			*at[any](fp, dst) = *(*any)(ptr(&v))
		})
		return
	}
	c.cold(func(g *goroutine, fp ptr) {
		v := at[iface](fp, src)
		t := ifaceType(ptr(v), fromEmpty)
		if t != to.r {
			if !commaOk {
				panicAssert(from.r, t, to.r, "")
			}
			*at[bool](fp, okAt) = false
			to.clear(add(fp, dst))
			return
		}
		data := v.data
		to.move(add(fp, dst), unbox(to.r, &data))
		if commaOk {
			*at[bool](fp, okAt) = true
		}
	})
}
