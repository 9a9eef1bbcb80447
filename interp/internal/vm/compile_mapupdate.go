package vm

import (
	"go/token"
	"reflect"

	"golang.org/x/tools/go/ssa"
)

// An assignment m[k] op= x looks its key up once: the runtime's function for
// assigning to an element returns the place of the old value too, zero in a new
// element. Only operations on numbers that cannot panic are done there.

// updates reports whether mu ends such an assignment, and returns its parts.
func (c *compiler) updates(mu *ssa.MapUpdate) (old *ssa.Lookup, op *ssa.BinOp, f func(elem, x ptr)) {
	op, ok := mu.Value.(*ssa.BinOp)
	if !ok || soleUser(op) != ssa.Instruction(mu) {
		return nil, nil, nil
	}
	old, ok = op.X.(*ssa.Lookup)
	if !ok || old.CommaOk || soleUser(old) != ssa.Instruction(op) || old.X != mu.Map || old.Index != mu.Key {
		return nil, nil, nil
	}
	// nothing happens in between
	want := []ssa.Instruction{mu, op, old}
	list := mu.Block().Instrs
	for i := len(list) - 1; i >= 0 && len(want) > 0; i-- {
		if _, ok := list[i].(*ssa.DebugRef); ok {
			continue
		}
		if list[i] == want[0] {
			want = want[1:]
		} else if len(want) < 3 {
			return nil, nil, nil
		}
	}
	if f = updateOf(c.infoOf(op).kind, op.Op); f == nil || len(want) > 0 {
		return nil, nil, nil
	}
	return old, op, f
}

// updateOf is what makes elem op= x; nil when there is no such function.
func updateOf(k reflect.Kind, op token.Token) func(elem, x ptr) {
	switch k {
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return updateInteger[uint64](op)
	case reflect.Int32, reflect.Uint32:
		return updateInteger[uint32](op)
	case reflect.Int16, reflect.Uint16:
		return updateInteger[uint16](op)
	case reflect.Int8, reflect.Uint8:
		return updateInteger[uint8](op)
	case reflect.Float32:
		return updateNumber[float32](op)
	case reflect.Float64:
		return updateNumber[float64](op)
	}
	return nil
}

func updateNumber[T number](op token.Token) func(elem, x ptr) {
	switch op {
	case token.ADD:
		return func(elem, x ptr) { *(*T)(elem) += *(*T)(x) }
	case token.SUB:
		return func(elem, x ptr) { *(*T)(elem) -= *(*T)(x) }
	case token.MUL:
		return func(elem, x ptr) { *(*T)(elem) *= *(*T)(x) }
	}
	return nil
}

func updateInteger[T integer](op token.Token) func(elem, x ptr) {
	switch op {
	case token.AND:
		return func(elem, x ptr) { *(*T)(elem) &= *(*T)(x) }
	case token.OR:
		return func(elem, x ptr) { *(*T)(elem) |= *(*T)(x) }
	case token.XOR:
		return func(elem, x ptr) { *(*T)(elem) ^= *(*T)(x) }
	}
	return updateNumber[T](op)
}

// updateMap appends the assignment whose value was melted into mu.
func (c *compiler) updateMap(mu *ssa.MapUpdate, op *ssa.BinOp, f func(elem, x ptr)) {
	mt := c.infoOf(mu.Map)
	m, key, x := c.reg(mu.Map), c.reg(mu.Key), c.reg(op.Y)
	r := mt.r
	counts := op.Op == token.ADD && c.infoOf(op).size == 8 && c.infoOf(op).kind != reflect.Float64
	general := c.mapFunc(m, mu.Map, true, func(g *goroutine, fp ptr) {
		f(mapassign(r, *at[ptr](fp, m), add(fp, key)), add(fp, x))
	})
	switch kind := mapKind(mt.rt); {
	case kind == 1 && counts:
		c.cold(func(g *goroutine, fp ptr) {
			if !g.aloneInMap(*at[ptr](fp, m)) {
				general(g, fp)
				return
			}
			*(*uint64)(mapassignfaststr(r, *at[ptr](fp, m), *at[string](fp, key))) += *at[uint64](fp, x)
			g.inMap = 0
		})
	case kind == 2 && counts:
		c.cold(func(g *goroutine, fp ptr) {
			if !g.aloneInMap(*at[ptr](fp, m)) {
				general(g, fp)
				return
			}
			*(*uint64)(mapassignfast64(r, *at[ptr](fp, m), *at[uint64](fp, key))) += *at[uint64](fp, x)
			g.inMap = 0
		})
	default:
		c.cold(keyEnds(mt.rt, key, general))
	}
}
