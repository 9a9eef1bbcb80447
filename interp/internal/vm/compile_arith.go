package vm

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"unsafe"

	"golang.org/x/tools/go/ssa"
)

// arithmetic operations for the kinds that have their own cases in the loop
type wordOps struct {
	add, sub, mul, div, rem, and, or, xor, andNot, shl, shr, neg, com opcode
	eq, ne, lt, le                                                    opcode
	ifEq, ifNe, ifLt, ifLe                                            opcode
	loopEq, loopNe, loopLt, loopLe                                    opcode
}

var (
	opsInt64   = wordOps{opAddInt64, opSubInt64, opMulInt64, opDivInt64, opRemInt64, opAndInt64, opOrInt64, opXorInt64, opAndNotInt64, opShlInt64, opShrInt64, opNegInt64, opComInt64, opEqInt64, opNeInt64, opLtInt64, opLeInt64, opIfEqInt64, opIfNeInt64, opIfLtInt64, opIfLeInt64, opLoopEqInt64, opLoopNeInt64, opLoopLtInt64, opLoopLeInt64}
	opsUint64  = wordOps{opAddUint64, opSubUint64, opMulUint64, opDivUint64, opRemUint64, opAndUint64, opOrUint64, opXorUint64, opAndNotUint64, opShlUint64, opShrUint64, opNegUint64, opComUint64, opEqUint64, opNeUint64, opLtUint64, opLeUint64, opIfEqUint64, opIfNeUint64, opIfLtUint64, opIfLeUint64, opLoopEqUint64, opLoopNeUint64, opLoopLtUint64, opLoopLeUint64}
	opsInt32   = wordOps{opAddInt32, opSubInt32, opMulInt32, opDivInt32, opRemInt32, opAndInt32, opOrInt32, opXorInt32, opAndNotInt32, opShlInt32, opShrInt32, opNegInt32, opComInt32, opEqInt32, opNeInt32, opLtInt32, opLeInt32, opIfEqInt32, opIfNeInt32, opIfLtInt32, opIfLeInt32, opLoopEqInt32, opLoopNeInt32, opLoopLtInt32, opLoopLeInt32}
	opsUint32  = wordOps{opAddUint32, opSubUint32, opMulUint32, opDivUint32, opRemUint32, opAndUint32, opOrUint32, opXorUint32, opAndNotUint32, opShlUint32, opShrUint32, opNegUint32, opComUint32, opEqUint32, opNeUint32, opLtUint32, opLeUint32, opIfEqUint32, opIfNeUint32, opIfLtUint32, opIfLeUint32, opLoopEqUint32, opLoopNeUint32, opLoopLtUint32, opLoopLeUint32}
	opsUint8   = wordOps{opAddUint8, opSubUint8, opMulUint8, opDivUint8, opRemUint8, opAndUint8, opOrUint8, opXorUint8, opAndNotUint8, opShlUint8, opShrUint8, opNegUint8, opComUint8, opEqUint8, opNeUint8, opLtUint8, opLeUint8, opIfEqUint8, opIfNeUint8, opIfLtUint8, opIfLeUint8, opLoopEqUint8, opLoopNeUint8, opLoopLtUint8, opLoopLeUint8}
	opsFloat64 = wordOps{add: opAddFloat64, sub: opSubFloat64, mul: opMulFloat64, div: opDivFloat64, neg: opNegFloat64, eq: opEqFloat64, ne: opNeFloat64, lt: opLtFloat64, le: opLeFloat64, ifEq: opIfEqFloat64, ifNe: opIfNeFloat64, ifLt: opIfLtFloat64, ifLe: opIfLeFloat64, loopEq: opLoopEqFloat64, loopNe: opLoopNeFloat64, loopLt: opLoopLtFloat64, loopLe: opLoopLeFloat64}
)

func opsOf(k reflect.Kind) *wordOps {
	switch k {
	case reflect.Int, reflect.Int64:
		return &opsInt64
	case reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return &opsUint64
	case reflect.Int32:
		return &opsInt32
	case reflect.Uint32:
		return &opsUint32
	case reflect.Uint8:
		return &opsUint8
	case reflect.Float64:
		return &opsFloat64
	}
	return nil
}

// compareMelts reports whether a comparison can be one instruction with the
// jump that depends on it.
func (c *compiler) compareMelts(in *ssa.BinOp) bool {
	switch in.Op {
	case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
	default:
		return false
	}
	ti := c.infoOf(in.X)
	if opsOf(ti.kind) != nil || ti.class == classPtr {
		return true
	}
	return isNil(in.X) || isNil(in.Y)
}

func isNil(v ssa.Value) bool {
	k, ok := v.(*ssa.Const)
	if !ok || k.Value != nil {
		return false
	}
	switch k.Type().Underlying().(type) {
	case *types.Pointer, *types.Slice, *types.Map, *types.Chan, *types.Signature, *types.Interface:
		return true
	}
	b, ok := k.Type().Underlying().(*types.Basic)
	return ok && (b.Kind() == types.UnsafePointer || b.Kind() == types.UntypedNil)
}

// comparison returns the operation that jumps when a comparison holds.
func (c *compiler) comparison(in *ssa.BinOp, loop bool) (o opcode, a, b uint32, ok bool) {
	ti := c.infoOf(in.X)
	w := opsOf(ti.kind)
	if w == nil {
		return 0, 0, 0, false
	}
	a, b = c.reg(in.X), c.reg(in.Y)
	if in.Op == token.GTR || in.Op == token.GEQ {
		a, b = b, a
	}
	list := [...]opcode{w.ifEq, w.ifNe, w.ifLt, w.ifLe}
	if loop {
		list = [...]opcode{w.loopEq, w.loopNe, w.loopLt, w.loopLe}
	}
	switch in.Op {
	case token.EQL:
		o = list[0]
	case token.NEQ:
		o = list[1]
	case token.LSS, token.GTR:
		o = list[2]
	default:
		o = list[3]
	}
	return o, a, b, true
}

var negated = map[token.Token]token.Token{
	token.EQL: token.NEQ, token.NEQ: token.EQL,
	token.LSS: token.GEQ, token.GEQ: token.LSS,
	token.GTR: token.LEQ, token.LEQ: token.GTR,
}

// compareJump appends the jump taken when a comparison holds, or when it does
// not, and returns its number.
func (c *compiler) compareJump(in *ssa.BinOp, negate bool) int {
	if isNil(in.X) || isNil(in.Y) {
		v := in.X
		if isNil(in.X) {
			v = in.Y
		}
		o := opIfNil
		if (in.Op == token.EQL) == negate {
			o = opIfNotNil
		}
		return c.op(o, c.reg(v), 0, 0)
	}
	ti := c.infoOf(in.X)
	if ti.class == classPtr {
		o := opIfEqPtr
		if (in.Op == token.EQL) == negate {
			o = opIfNePtr
		}
		return c.op(o, c.reg(in.X), c.reg(in.Y), 0)
	}
	if negate && ti.kind == reflect.Float64 && in.Op != token.EQL && in.Op != token.NEQ {
		o := opIfNotLtFloat64
		if in.Op == token.LEQ || in.Op == token.GEQ {
			o = opIfNotLeFloat64
		}
		a, b := c.reg(in.X), c.reg(in.Y)
		if in.Op == token.GTR || in.Op == token.GEQ {
			a, b = b, a
		}
		return c.op(o, a, b, 0)
	}
	cmp := *in
	if negate {
		cmp.Op = negated[in.Op]
	}
	o, a, b, _ := c.comparison(&cmp, false)
	return c.op(o, a, b, 0)
}

func (c *compiler) binOp(in *ssa.BinOp) {
	switch in.Op {
	case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
		c.compare(in)
		return
	}
	ti := c.infoOf(in.X)
	dst, x := c.reg(in), c.reg(in.X)
	if in.Op == token.SHL || in.Op == token.SHR {
		c.shift(in, ti, dst, x)
		return
	}
	y := c.reg(in.Y)
	if ti.kind == reflect.String {
		c.op(opConcat, dst, x, y)
		return
	}
	if w := opsOf(ti.kind); w != nil {
		if o := w.binary(in.Op); o != 0 {
			c.op(o, dst, x, y)
			return
		}
	}
	f := coldBinary(ti.kind, in.Op, dst, x, y)
	if f == nil {
		panic(fmt.Errorf("operation %s of %s", in.Op, ti.rt))
	}
	c.cold(f)
}

func (w *wordOps) binary(t token.Token) opcode {
	switch t {
	case token.ADD:
		return w.add
	case token.SUB:
		return w.sub
	case token.MUL:
		return w.mul
	case token.QUO:
		return w.div
	case token.REM:
		return w.rem
	case token.AND:
		return w.and
	case token.OR:
		return w.or
	case token.XOR:
		return w.xor
	case token.AND_NOT:
		return w.andNot
	}
	return 0
}

type integer interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

type number interface {
	integer | ~float32 | ~float64 | ~complex64 | ~complex128
}

func at[T any](fp ptr, off uint32) *T { return (*T)(unsafe.Add(fp, off)) }

func coldBinary(k reflect.Kind, op token.Token, a, b, x uint32) coldFunc {
	switch k {
	case reflect.Int8:
		return coldInteger[int8](op, a, b, x)
	case reflect.Int16:
		return coldInteger[int16](op, a, b, x)
	case reflect.Uint16:
		return coldInteger[uint16](op, a, b, x)
	case reflect.Float32:
		return coldNumber[float32](op, a, b, x)
	case reflect.Complex64:
		return coldNumber[complex64](op, a, b, x)
	case reflect.Complex128:
		return coldNumber[complex128](op, a, b, x)
	case reflect.Bool:
		switch op {
		case token.AND:
			return func(g *goroutine, fp ptr) { *at[bool](fp, a) = *at[bool](fp, b) && *at[bool](fp, x) }
		case token.OR:
			return func(g *goroutine, fp ptr) { *at[bool](fp, a) = *at[bool](fp, b) || *at[bool](fp, x) }
		}
	}
	return nil
}

func coldNumber[T number](op token.Token, a, b, x uint32) coldFunc {
	switch op {
	case token.ADD:
		return func(g *goroutine, fp ptr) { *at[T](fp, a) = *at[T](fp, b) + *at[T](fp, x) }
	case token.SUB:
		return func(g *goroutine, fp ptr) { *at[T](fp, a) = *at[T](fp, b) - *at[T](fp, x) }
	case token.MUL:
		return func(g *goroutine, fp ptr) { *at[T](fp, a) = *at[T](fp, b) * *at[T](fp, x) }
	case token.QUO:
		return func(g *goroutine, fp ptr) { *at[T](fp, a) = *at[T](fp, b) / *at[T](fp, x) }
	}
	return nil
}

func coldInteger[T integer](op token.Token, a, b, x uint32) coldFunc {
	switch op {
	case token.REM:
		return func(g *goroutine, fp ptr) { *at[T](fp, a) = *at[T](fp, b) % *at[T](fp, x) }
	case token.AND:
		return func(g *goroutine, fp ptr) { *at[T](fp, a) = *at[T](fp, b) & *at[T](fp, x) }
	case token.OR:
		return func(g *goroutine, fp ptr) { *at[T](fp, a) = *at[T](fp, b) | *at[T](fp, x) }
	case token.XOR:
		return func(g *goroutine, fp ptr) { *at[T](fp, a) = *at[T](fp, b) ^ *at[T](fp, x) }
	case token.AND_NOT:
		return func(g *goroutine, fp ptr) { *at[T](fp, a) = *at[T](fp, b) &^ *at[T](fp, x) }
	case token.SHL:
		return func(g *goroutine, fp ptr) { *at[T](fp, a) = *at[T](fp, b) << *at[uint64](fp, x) }
	case token.SHR:
		return func(g *goroutine, fp ptr) { *at[T](fp, a) = *at[T](fp, b) >> *at[uint64](fp, x) }
	}
	return coldNumber[T](op, a, b, x)
}

// shift counts are made unsigned 64-bit numbers; negative ones panic.
func (c *compiler) shift(in *ssa.BinOp, ti *typeInfo, dst, x uint32) {
	yi := c.infoOf(in.Y)
	y := c.reg(in.Y)
	signed := yi.kind >= reflect.Int && yi.kind <= reflect.Int64
	if yi.size < 8 {
		t := c.field(c.intInfo())
		c.widen(yi, t, y)
		y = t
	}
	if k, ok := in.Y.(*ssa.Const); signed && (!ok || k.Int64() < 0) {
		n := y
		c.cold(func(g *goroutine, fp ptr) {
			if v := *at[int64](fp, n); v < 0 {
				panicShift(v)
			}
		})
	}
	if w := opsOf(ti.kind); w != nil {
		o := w.shl
		if in.Op == token.SHR {
			o = w.shr
		}
		c.op(o, dst, x, y)
		return
	}
	c.cold(coldBinary(ti.kind, in.Op, dst, x, y))
}

// compare appends a comparison whose result is kept.
func (c *compiler) compare(in *ssa.BinOp) {
	dst := c.reg(in)
	if isNil(in.X) || isNil(in.Y) {
		v := in.X
		if isNil(in.X) {
			v = in.Y
		}
		o := opIsNil
		if in.Op == token.NEQ {
			o = opNotNil
		}
		c.op(o, dst, c.reg(v), 0)
		return
	}
	x, y := c.reg(in.X), c.reg(in.Y)
	op := in.Op
	if op == token.GTR || op == token.GEQ {
		x, y = y, x
		op = map[token.Token]token.Token{token.GTR: token.LSS, token.GEQ: token.LEQ}[op]
	}
	xi, yi := c.infoOf(in.X), c.infoOf(in.Y)
	if w := opsOf(xi.kind); w != nil {
		c.op(map[token.Token]opcode{token.EQL: w.eq, token.NEQ: w.ne, token.LSS: w.lt, token.LEQ: w.le}[op], dst, x, y)
		return
	}
	pick := func(eq, ne, lt, le opcode) {
		c.op(map[token.Token]opcode{token.EQL: eq, token.NEQ: ne, token.LSS: lt, token.LEQ: le}[op], dst, x, y)
	}
	switch {
	case xi.class == classPtr && yi.class == classPtr:
		pick(opEqPtr, opNePtr, 0, 0)
	case xi.kind == reflect.Bool:
		pick(opEqBool, opNeBool, 0, 0)
	case xi.kind == reflect.String:
		pick(opEqString, opNeString, opLtString, opLeString)
	case xi.kind == reflect.Int8:
		c.cold(coldOrder[int8](op, dst, x, y))
	case xi.kind == reflect.Int16:
		c.cold(coldOrder[int16](op, dst, x, y))
	case xi.kind == reflect.Uint16:
		c.cold(coldOrder[uint16](op, dst, x, y))
	case xi.kind == reflect.Float32:
		c.cold(coldOrder[float32](op, dst, x, y))
	default:
		c.equality(op == token.NEQ, dst, x, y, xi, yi, isEmpty(in.X.Type()), isEmpty(in.Y.Type()))
	}
}

func coldOrder[T int8 | int16 | uint16 | float32](op token.Token, a, b, x uint32) coldFunc {
	switch op {
	case token.EQL:
		return func(g *goroutine, fp ptr) { *at[bool](fp, a) = *at[T](fp, b) == *at[T](fp, x) }
	case token.NEQ:
		return func(g *goroutine, fp ptr) { *at[bool](fp, a) = *at[T](fp, b) != *at[T](fp, x) }
	case token.LSS:
		return func(g *goroutine, fp ptr) { *at[bool](fp, a) = *at[T](fp, b) < *at[T](fp, x) }
	}
	return func(g *goroutine, fp ptr) { *at[bool](fp, a) = *at[T](fp, b) <= *at[T](fp, x) }
}

// equality compares values of any type; one may be an interface that the other
// implements.
func (c *compiler) equality(not bool, dst, x, y uint32, xi, yi *typeInfo, xEmpty, yEmpty bool) {
	view := func(ti *typeInfo, off uint32, empty bool) func(ptr) any {
		if ti.class == classIface {
			return func(fp ptr) any { return emptyOf(add(fp, off), empty) }
		}
		return func(fp ptr) any { return borrow(ti.r, add(fp, off)) }
	}
	if xi.class != classIface && yi.class != classIface {
		yi = xi // named and unnamed types of the same structure
	}
	left, right := view(xi, x, xEmpty), view(yi, y, yEmpty)
	if xi.class != classIface && len(nestsIn(xi.rt)) == 0 || yi.class != classIface && len(nestsIn(yi.rt)) == 0 {
		c.cold(func(g *goroutine, fp ptr) { *at[bool](fp, dst) = (left(fp) == right(fp)) != not })
		return
	}
	c.cold(func(g *goroutine, fp ptr) {
		l, r := left(fp), right(fp)
		if mayNest((*iface)(ptr(&l)).typ) && (*iface)(ptr(&l)).typ == (*iface)(ptr(&r)).typ && nestsDeeply((*iface)(ptr(&l)), true) {
			tooDeep("a comparison")
		}
		*at[bool](fp, dst) = (l == r) != not
	})
}

func (c *compiler) unOp(in *ssa.UnOp) {
	ti := c.infoOf(in.X)
	switch in.Op {
	case token.ARROW:
		c.receive(in)
	case token.MUL:
		rt := c.m.typeInfo(in.X.Type().Underlying().(*types.Pointer).Elem())
		if rt.kind == reflect.Array && len(*in.Referrers()) == 0 && c.ranged(in) {
			return // only its length is used, the pointer may be nil
		}
		if ia, ok := in.X.(*ssa.IndexAddr); ok && c.melted[ia] {
			c.element(ia, rt, c.reg(in), hotAt[:], hotArray[:], false)
			return
		}
		c.load(rt, c.reg(in), c.addr(in.X))
	case token.NOT:
		c.op(opNot, c.reg(in), c.reg(in.X), 0)
	case token.SUB:
		a, b := c.reg(in), c.reg(in.X)
		if w := opsOf(ti.kind); w != nil {
			c.op(w.neg, a, b, 0)
			return
		}
		c.cold(map[reflect.Kind]coldFunc{
			reflect.Int8: coldNeg[int8](a, b), reflect.Int16: coldNeg[int16](a, b), reflect.Uint16: coldNeg[uint16](a, b),
			reflect.Float32: coldNeg[float32](a, b), reflect.Complex64: coldNeg[complex64](a, b), reflect.Complex128: coldNeg[complex128](a, b),
		}[ti.kind])
	case token.XOR:
		a, b := c.reg(in), c.reg(in.X)
		if w := opsOf(ti.kind); w != nil {
			c.op(w.com, a, b, 0)
			return
		}
		c.cold(map[reflect.Kind]coldFunc{
			reflect.Int8: coldCom[int8](a, b), reflect.Int16: coldCom[int16](a, b), reflect.Uint16: coldCom[uint16](a, b),
		}[ti.kind])
	default:
		panic(fmt.Errorf("operation %s of %s", in.Op, ti.rt))
	}
}

func coldNeg[T number](a, b uint32) coldFunc {
	return func(g *goroutine, fp ptr) { *at[T](fp, a) = -*at[T](fp, b) }
}

func coldCom[T integer](a, b uint32) coldFunc {
	return func(g *goroutine, fp ptr) { *at[T](fp, a) = ^*at[T](fp, b) }
}

// ranged reports whether a load is of the array in "for i := range *p".
func (c *compiler) ranged(in *ssa.UnOp) bool {
	found := false
	if syntax := c.fn.Syntax(); syntax != nil {
		ast.Inspect(syntax, func(n ast.Node) bool {
			if r, ok := n.(*ast.RangeStmt); ok {
				star, ok := ast.Unparen(r.X).(*ast.StarExpr)
				found = found || ok && star.Pos() == in.Pos() && !hasCalls(star)
			}
			return !found
		})
	}
	return found
}

// hasCalls reports whether an expression is evaluated even for its length only.
func hasCalls(x ast.Expr) bool {
	found := false
	ast.Inspect(x, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			found = true
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		}
		return !found
	})
	return found
}
