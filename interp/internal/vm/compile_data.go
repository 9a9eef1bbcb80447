package vm

import (
	"fmt"
	"go/types"
	"reflect"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/tools/go/ssa"
)

const maxAlloc = 1 << 47 // bytes, as the runtime on 64-bit machines

// number reads an integer register as an int; too large unsigned numbers come
// out negative.
func (c *compiler) number(v ssa.Value) func(fp ptr) int {
	off := c.intIndex(v)
	return func(fp ptr) int { return *at[int](fp, off) }
}

func (c *compiler) makeSlice(in *ssa.MakeSlice) {
	ti := c.infoOf(in)
	et := newTypeInfo(ti.rt.Elem())
	dst := c.reg(in)
	length, capacity := c.number(in.Len), c.number(in.Cap)
	c.cold(func(g *goroutine, fp ptr) {
		n, k := length(fp), capacity(fp)
		*at[sliceHeader](fp, dst) = g.newSlice(et, n, k)
	})
}

func (g *goroutine) newSlice(et *typeInfo, n, k int) sliceHeader {
	checkSlice(et.size, n, k)
	g.room(product(k, et.size))
	return sliceHeader{unsafeNewArray(et.r, k), n, k}
}

// checkSlice panics as make does for elements of a size.
func checkSlice(size uintptr, n, k int) {
	limit := maxAlloc
	if size > 0 {
		limit = maxAlloc / int(size)
	}
	if n < 0 || n > limit {
		_ = make([]byte, minusOne)
	}
	if k < n || k > limit {
		_ = make([]byte, 0, minusOne)
	}
}

var minusOne = -1

func (c *compiler) slice(in *ssa.Slice) {
	if a, ok := in.X.(*ssa.Alloc); ok && c.lent[a] != nil {
		c.sliceLent(c.lent[a], in)
		return
	}
	dst, src := c.reg(in), c.reg(in.X)
	bound := func(v ssa.Value) func(ptr) int {
		if v == nil {
			return nil
		}
		return c.number(v)
	}
	low, high, limit := bound(in.Low), bound(in.High), bound(in.Max)
	flags := func(v ssa.Value) uint16 {
		if v == nil {
			return 0
		}
		return c.indexFlags(v)
	}
	lowFlags, highFlags, limitFlags := flags(in.Low), flags(in.High), flags(in.Max)
	lowOf := func(fp ptr) int {
		if low == nil {
			return 0
		}
		return low(fp)
	}
	if c.infoOf(in.X).kind == reflect.String {
		c.cold(func(g *goroutine, fp ptr) {
			s := *at[string](fp, src)
			i, j := lowOf(fp), len(s)
			if high != nil {
				j = high(fp)
			}
			if uint(j) > uint(len(s)) {
				panicBounds(sliceHighLen, highFlags, j, len(s))
			}
			if uint(i) > uint(j) {
				panicBounds(sliceLow, lowFlags, i, j)
			}
			*at[string](fp, dst) = s[i:j]
		})
		return
	}
	made := false // the builder's make([]T, n, constant)
	if a, ok := in.X.(*ssa.Alloc); ok && a.Comment == "makeslice" {
		made = true
	}
	var size int
	header := func(fp ptr) sliceHeader { return *at[sliceHeader](fp, src) }
	array := false
	if p, ok := in.X.Type().Underlying().(*types.Pointer); ok {
		array = true
		a := p.Elem().Underlying().(*types.Array)
		n := int(a.Len())
		size = int(c.m.typeInfo(a.Elem()).size)
		header = func(fp ptr) sliceHeader {
			p := *at[ptr](fp, src)
			if p == nil {
				panicNil()
			}
			return sliceHeader{p, n, n}
		}
	} else {
		size = int(c.infoOf(in.X).rt.Elem().Size())
	}
	c.cold(func(g *goroutine, fp ptr) {
		s := header(fp)
		i, j, k := lowOf(fp), s.len, s.cap
		if high != nil {
			j = high(fp)
		}
		if limit != nil {
			k = limit(fp)
			if uint(k) > uint(s.cap) {
				if array {
					panicBounds(slice3MaxLen, limitFlags, k, s.cap)
				}
				panicBounds(slice3Max, limitFlags, k, s.cap)
			}
			if uint(j) > uint(k) {
				panicBounds(slice3High, highFlags, j, k)
			}
			if uint(i) > uint(j) {
				panicBounds(slice3Low, lowFlags, i, j)
			}
		} else {
			if uint(j) > uint(k) {
				if made {
					checkSlice(uintptr(size), j, k)
				}
				if array {
					panicBounds(sliceHighLen, highFlags, j, k)
				}
				panicBounds(sliceHighCap, highFlags, j, k)
			}
			if uint(i) > uint(j) {
				panicBounds(sliceLow, lowFlags, i, j)
			}
		}
		s.len, s.cap = j-i, k-i
		if s.cap > 0 {
			// an address behind the last element would belong to another object
			s.data = unsafe.Add(s.data, i*size)
		}
		*at[sliceHeader](fp, dst) = s
	})
}

func (c *compiler) makeMap(in *ssa.MakeMap) {
	ti := c.infoOf(in)
	dst := c.reg(in)
	if in.Reserve == nil {
		c.cold(func(g *goroutine, fp ptr) { *at[ptr](fp, dst) = makemap(ti.r, 0, nil) })
		return
	}
	hint := c.number(in.Reserve)
	c.cold(func(g *goroutine, fp ptr) {
		n := hint(fp)
		if n < 0 {
			n = 0
		}
		g.room(mapBytes(ti.rt, n))
		*at[ptr](fp, dst) = makemap(ti.r, n, nil)
	})
}

// mapKind says which of the runtime's map functions serve a type.
func mapKind(mt reflect.Type) int {
	if mt.Elem().Size() > 128 {
		return 0
	}
	switch k := mt.Key().Kind(); {
	case k == reflect.String:
		return 1
	case k == reflect.Int, k == reflect.Int64, k == reflect.Uint, k == reflect.Uint64, k == reflect.Uintptr:
		return 2
	}
	return 0
}

func (c *compiler) lookup(in *ssa.Lookup) {
	if c.infoOf(in.X).kind == reflect.String { // a string by index
		c.add(instr{op: opStringAt, a: c.reg(in), b: c.reg(in.X), c: c.intIndex(in.Index), flags: c.indexFlags(in.Index)})
		return
	}
	mt := c.infoOf(in.X)
	m, key := c.reg(in.X), c.reg(in.Index)
	et := newTypeInfo(mt.rt.Elem())
	kind := mapKind(mt.rt)
	access := func(fp ptr) (ptr, bool) {
		m := *at[ptr](fp, m)
		switch kind {
		case 1:
			return mapaccess2faststr(mt.r, m, *at[string](fp, key))
		case 2:
			return mapaccess2fast64(mt.r, m, *at[uint64](fp, key))
		}
		return mapaccess2(mt.r, m, add(fp, key))
	}
	if in.CommaOk {
		t := c.tuples[in]
		c.cold(keyEnds(mt.rt, key, c.mapFunc(m, in.X, false, func(g *goroutine, fp ptr) {
			p, ok := access(fp)
			if ok {
				et.move(add(fp, t[0].off), p)
			} else {
				et.clear(add(fp, t[0].off))
			}
			*at[bool](fp, t[1].off) = ok
		})))
		return
	}
	dst := c.reg(in)
	general := c.mapFunc(m, in.X, false, func(g *goroutine, fp ptr) {
		if p, ok := access(fp); ok {
			et.move(add(fp, dst), p)
		} else {
			et.clear(add(fp, dst))
		}
	})
	if r := mt.r; kind == 1 && et.class == classWord && et.size == 8 {
		c.cold(func(g *goroutine, fp ptr) { // a missing element is read as well: it is zero
			if !g.aloneInMap(*at[ptr](fp, m)) {
				general(g, fp)
				return
			}
			p, _ := mapaccess2faststr(r, *at[ptr](fp, m), *at[string](fp, key))
			*at[uint64](fp, dst) = *(*uint64)(p)
			g.inMap = 0
		})
		return
	} else if kind == 2 && et.class == classWord && et.size == 8 {
		c.cold(func(g *goroutine, fp ptr) {
			if !g.aloneInMap(*at[ptr](fp, m)) {
				general(g, fp)
				return
			}
			p, _ := mapaccess2fast64(r, *at[ptr](fp, m), *at[uint64](fp, key))
			*at[uint64](fp, dst) = *(*uint64)(p)
			g.inMap = 0
		})
		return
	}
	c.cold(keyEnds(mt.rt, key, general))
}

func (c *compiler) mapUpdate(in *ssa.MapUpdate) {
	if op, ok := in.Value.(*ssa.BinOp); ok && c.melted[op] {
		c.updateMap(in, op, updateOf(c.infoOf(op).kind, op.Op))
		return
	}
	mt := c.infoOf(in.Map)
	m, key, val := c.reg(in.Map), c.reg(in.Key), c.reg(in.Value)
	et := newTypeInfo(mt.rt.Elem())
	r := mt.r
	general := c.mapFunc(m, in.Map, true, func(g *goroutine, fp ptr) {
		et.move(mapassign(r, *at[ptr](fp, m), add(fp, key)), add(fp, val))
	})
	switch mapKind(mt.rt) {
	case 1:
		c.cold(func(g *goroutine, fp ptr) {
			if !g.aloneInMap(*at[ptr](fp, m)) {
				general(g, fp)
				return
			}
			et.move(mapassignfaststr(r, *at[ptr](fp, m), *at[string](fp, key)), add(fp, val))
			g.inMap = 0
		})
	case 2:
		c.cold(func(g *goroutine, fp ptr) {
			if !g.aloneInMap(*at[ptr](fp, m)) {
				general(g, fp)
				return
			}
			et.move(mapassignfast64(r, *at[ptr](fp, m), *at[uint64](fp, key)), add(fp, val))
			g.inMap = 0
		})
	default:
		c.cold(keyEnds(mt.rt, key, general))
	}
}

// stringIter is the state of a range over a string.
type stringIter struct {
	s string
	i int
}

func (c *compiler) rangeOp(in *ssa.Range) {
	dst, x := c.reg(in), c.reg(in.X)
	ti := c.infoOf(in.X)
	if ti.kind == reflect.String {
		c.cold(func(g *goroutine, fp ptr) { *at[ptr](fp, dst) = ptr(&stringIter{s: *at[string](fp, x)}) })
		return
	}
	c.cold(func(g *goroutine, fp ptr) {
		it := new(mapRange)
		it.m = *at[ptr](fp, x)
		*at[ptr](fp, dst) = ptr(it)
	})
}

// mapRange is the state of a range over a map.
type mapRange struct {
	it    mapIter
	m     ptr
	begun bool
}

func (c *compiler) next(in *ssa.Next) {
	t := c.tuples[in]
	it := c.reg(in.Iter)
	if in.IsString {
		c.cold(func(g *goroutine, fp ptr) {
			s := (*stringIter)(*at[ptr](fp, it))
			ok := s.i < len(s.s)
			*at[bool](fp, t[0].off) = ok
			if !ok {
				return
			}
			r, n := rune(s.s[s.i]), 1
			if r >= utf8.RuneSelf {
				r, n = utf8.DecodeRuneInString(s.s[s.i:])
			}
			*at[int](fp, t[1].off) = s.i
			*at[rune](fp, t[2].off) = r
			s.i += n
		})
		return
	}
	mt := c.infoOf(in.Iter.(*ssa.Range).X)
	key, elem := newTypeInfo(mt.rt.Key()), newTypeInfo(mt.rt.Elem())
	wantKey, wantElem := !isInvalid(in.Type().(*types.Tuple).At(1).Type()), !isInvalid(in.Type().(*types.Tuple).At(2).Type())
	site := c.mapSite(in.Iter.(*ssa.Range).X, false)
	site.ranges = true
	step := func(g *goroutine, fp ptr) {
		s := (*mapRange)(*at[ptr](fp, it))
		if !s.begun {
			s.begun = true
			if s.m != nil {
				mapiterinit(mt.r, s.m, &s.it)
			}
		} else {
			mapiternext(&s.it)
		}
		ok := s.it.key != nil
		*at[bool](fp, t[0].off) = ok
		if !ok {
			return
		}
		if wantKey {
			key.move(add(fp, t[1].off), s.it.key)
		}
		if wantElem {
			elem.move(add(fp, t[2].off), s.it.elem)
		}
	}
	c.cold(func(g *goroutine, fp ptr) {
		if m := (*mapRange)(*at[ptr](fp, it)).m; !g.aloneInMap(m) {
			g.guarded(site, m, step, fp)
			return
		}
		step(g, fp)
		g.inMap = 0
	})
}

func (c *compiler) makeClosure(in *ssa.MakeClosure) {
	f := c.m.funcOf(in.Fn.(*ssa.Function))
	if isWrapper(f.ssa) && f.funcType() != c.infoOf(in).rt {
		c.cold(func(*goroutine, ptr) { panic(outdatedMethod(f.ssa.Object().Name())) })
		return
	}
	f.prepare()
	dst := c.reg(in)
	moves := make([]argMove, len(in.Bindings))
	for i, b := range in.Bindings {
		moves[i] = argMove{src: c.reg(b), dst: f.free[i].off, ti: f.free[i].ti}
	}
	if bound := f.ssa; len(bound.FreeVars) == 1 && isWrapper(bound) && f.free[0].ti.class == classIface {
		// a method value of a nil interface panics when it is made
		src := moves[0].src
		c.cold(func(g *goroutine, fp ptr) {
			if *at[ptr](fp, src) == nil {
				panicNil()
			}
		})
	}
	c.cold(func(g *goroutine, fp ptr) {
		clo := newClosure(g.run, f)
		for i := range moves {
			m := &moves[i]
			m.ti.move(add(ptr(clo), m.dst), add(fp, m.src))
		}
		*at[ptr](fp, dst) = ptr(clo)
	})
}

// funcValue returns a register with the value of a function that captures
// nothing. Each run has one of its own, so that a callback knows its run.
func (c *compiler) funcValue(fn *ssa.Function) uint32 {
	if p := c.m.compiledValue(fn); p != nil {
		return c.constant(ptrInfo, fmt.Sprintf("func %p", fn), func() ptr {
			q := new(ptr)
			*q = p
			return ptr(q)
		})
	}
	f := c.m.funcOf(fn)
	dst := c.field(ptrInfo)
	c.cold(func(g *goroutine, fp ptr) { *at[ptr](fp, dst) = g.run.funcValue(f) })
	return dst
}

func (r *Run) funcValue(f *Func) ptr {
	if c, ok := r.values.Load(f); ok {
		return ptr(c.(*closure))
	}
	c, _ := r.values.LoadOrStore(f, newClosure(r, f))
	return ptr(c.(*closure))
}
