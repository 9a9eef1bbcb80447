package vm

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"math"
	"reflect"
	"unsafe"

	"golang.org/x/tools/go/ssa"
)

// emit appends the code of all blocks.
func (c *compiler) emit() {
	c.starts = make([]int, len(c.fn.Blocks))
	for i := range c.starts {
		c.starts[i] = -1
	}
	for i, b := range c.fn.Blocks {
		if b == c.fn.Recover {
			// a recovered panic comes here with deferred calls still to run
			c.b.recoverPC = len(c.b.code)
			c.runDefers(nil)
		}
		c.starts[i] = len(c.b.code)
		if p := firstPos(b); p.IsValid() {
			c.pos = p // not that of the block before
		} else if len(b.Succs) == 1 && b.Succs[0] == b {
			c.pos = emptyLoop(b, c.pos)
		}
		for j, in := range b.Instrs {
			if j%256 == 0 {
				c.poll()
			}
			c.at = point{b.Index, j}
			if p := posOf(in); p.IsValid() {
				c.pos = p
			}
			if c.melted[in] {
				continue
			}
			c.instr(in)
		}
	}
	for len(c.stubs) > 0 {
		s := c.stubs[0]
		c.stubs = c.stubs[1:]
		c.jumpTo(s.instr, len(c.b.code))
		c.edgeMoves(s.from, s.to)
		c.jump(s.from, s.to)
	}
	if (c.borrows || c.defers) && c.fn.Recover == nil {
		c.b.recoverPC = len(c.b.code)
		c.runDefers(nil)
		c.recoverReturn()
	}
}

// runDefers emits the calls that are deferred, at the return of b, or for nil after a recovered panic. While they run, the function is at the
// instruction again, which makes the one before it the place that traces show.
func (c *compiler) runDefers(b *ssa.BasicBlock) {
	if p := endOf(c.fn, b); p.IsValid() {
		c.pos = p
	}
	c.jumpTo(c.op(opJump, 0, 0, 0), len(c.b.code))
	c.op(opRunDefers, 0, 0, 0)
}

// firstPos is the first position that an instruction of b has.
func firstPos(b *ssa.BasicBlock) token.Pos {
	for _, in := range b.Instrs {
		if p := posOf(in); p.IsValid() {
			return p
		}
	}
	return token.NoPos
}

// posOf is the position of an instruction. go/ssa gives none to a range over a function: that of its body, made before the call, stands
// for it.
func posOf(in ssa.Instruction) token.Pos {
	if c, ok := in.(*ssa.MakeClosure); ok && !c.Pos().IsValid() {
		return c.Fn.Pos()
	}
	return in.Pos()
}

// emptyLoop is the position of a `for {}`, whose block b has no instruction with
// one: of the first such statement after the code that comes before b.
func emptyLoop(b *ssa.BasicBlock, pos token.Pos) token.Pos {
	var before token.Pos
	for d := b.Idom(); d != nil && !before.IsValid(); d = d.Idom() {
		for _, in := range d.Instrs {
			before = max(before, in.Pos())
		}
	}
	found := token.NoPos
	if syntax := b.Parent().Syntax(); syntax != nil {
		ast.Inspect(syntax, func(n ast.Node) bool {
			if f, ok := n.(*ast.ForStmt); ok && len(f.Body.List) == 0 && f.For > before && !found.IsValid() {
				found = f.For
			}
			return !found.IsValid()
		})
	}
	if found.IsValid() {
		return found
	}
	return pos
}

func (c *compiler) instr(in ssa.Instruction) {
	switch in := in.(type) {
	case *ssa.DebugRef, *ssa.Phi:
	case *ssa.Alloc:
		c.allocVar(in)
	case *ssa.BinOp:
		c.binOp(in)
	case *ssa.UnOp:
		c.unOp(in)
	case *ssa.ChangeType:
		ti := c.infoOf(in)
		c.move(ti, c.reg(in), c.reg(in.X))
	case *ssa.Convert:
		c.convert(in, in.X)
	case *ssa.MultiConvert:
		c.convert(in, in.X)
	case *ssa.ChangeInterface:
		c.changeInterface(in)
	case *ssa.SliceToArrayPointer:
		c.sliceToArray(in)
	case *ssa.MakeInterface:
		c.makeInterface(in)
	case *ssa.MakeClosure:
		c.makeClosure(in)
	case *ssa.MakeMap:
		c.makeMap(in)
	case *ssa.MakeChan:
		c.makeChan(in)
	case *ssa.MakeSlice:
		c.makeSlice(in)
	case *ssa.Slice:
		c.slice(in)
	case *ssa.FieldAddr:
		c.fieldAddr(in)
	case *ssa.Field:
		ti := c.infoOf(in)
		off := uint32(c.infoOf(in.X).rt.Field(in.Field).Offset)
		if ti.class != classNone {
			c.move2(ti, c.reg(in), c.reg(in.X)+off)
		}
	case *ssa.IndexAddr:
		c.indexAddr(in)
	case *ssa.Index:
		c.index(in)
	case *ssa.Lookup:
		c.lookup(in)
	case *ssa.Select:
		c.selectOp(in)
	case *ssa.Range:
		c.rangeOp(in)
	case *ssa.Next:
		c.next(in)
	case *ssa.TypeAssert:
		c.typeAssert(in)
	case *ssa.Extract:
		s := c.tuples[in.Tuple][in.Index]
		c.move(s.ti, c.reg(in), s.off)
	case *ssa.Call:
		c.call(in)
	case *ssa.Go:
		c.goOp(in)
	case *ssa.Defer:
		c.deferOp(in)
	case *ssa.RunDefers:
		c.runDefers(in.Block())
	case *ssa.Panic:
		if c.rangeFault(in) {
			return
		}
		x := instr{op: opPanic, a: c.reg(in.X)}
		if isEmpty(in.X.Type()) {
			x.d = 1
		}
		c.add(x)
	case *ssa.Send:
		c.send(in)
	case *ssa.Store:
		c.storeOp(in)
	case *ssa.MapUpdate:
		c.mapUpdate(in)
	case *ssa.If:
		c.ifOp(in)
	case *ssa.Jump:
		b := in.Block()
		c.edgeMoves(b, b.Succs[0])
		c.jump(b, b.Succs[0])
	case *ssa.Return:
		if c.parent != nil {
			c.endInlined(in)
			break
		}
		c.returnOp(in)
	default:
		panic(fmt.Errorf("instruction %T", in))
	}
}

// move2 copies from memory layout into a register: the bytes behind a short
// word are garbage, and may lie outside the frame's field, so only its own are
// read.
func (c *compiler) move2(ti *typeInfo, dst, src uint32) { c.memMove(ti, dst, src) }

func isEmpty(t types.Type) bool {
	i, ok := t.Underlying().(*types.Interface)
	return ok && i.NumMethods() == 0
}

func (c *compiler) allocVar(in *ssa.Alloc) {
	ti := c.m.typeInfo(in.Type().Underlying().(*types.Pointer).Elem())
	if c.lent[in] != nil {
		return
	}
	if in.Heap {
		if ti.size >= largeAlloc {
			n := int64(ti.size)
			c.cold(func(g *goroutine, fp ptr) { g.room(n) })
		}
		c.add(instr{op: opNew, a: c.reg(in), p: ti.r})
		return
	}
	c.clear(ti, c.vars[in])
	if !c.static[in] {
		c.lea(in, c.vars[in])
	}
}

// lea appends the address v, of a variable in the frame at off or of a field of one.
func (c *compiler) lea(v ssa.Value, off uint32) {
	ti := c.m.typeInfo(v.Type().Underlying().(*types.Pointer).Elem())
	c.b.addressed = append(c.b.addressed, span{off, uint32(ti.size)})
	c.op(opLea, c.reg(v), off, 0)
}

func (c *compiler) storeOp(in *ssa.Store) {
	if fa, ok := in.Addr.(*ssa.FieldAddr); ok && isBlankField(fa) {
		return // blank fields stay zero
	}
	if l := c.lentOf(in.Addr); l != nil {
		c.storeLent(l, in)
		return
	}
	ti := c.m.typeInfo(in.Addr.Type().Underlying().(*types.Pointer).Elem())
	if ia, ok := in.Addr.(*ssa.IndexAddr); ok && c.melted[ia] {
		c.element(ia, ti, c.reg(in.Val), hotSetAt[:], hotSetArr[:], true)
		return
	}
	src := c.reg(in.Val)
	c.store(ti, c.addr(in.Addr), src)
}

func isBlankField(fa *ssa.FieldAddr) bool {
	st := fa.X.Type().Underlying().(*types.Pointer).Elem().Underlying().(*types.Struct)
	return st.Field(fa.Field).Name() == "_"
}

// element appends the fused access to an element.
func (c *compiler) element(ia *ssa.IndexAddr, ti *typeInfo, val uint32, slices, arrays []opcode, set bool) {
	h := hotClass(ti)
	var x instr
	base, idx := c.reg(ia.X), c.reg(ia.Index)
	if p, ok := ia.X.Type().Underlying().(*types.Pointer); ok {
		x = instr{op: arrays[h], d: p.Elem().Underlying().(*types.Array).Len()}
	} else {
		x = instr{op: slices[h]}
	}
	x.a, x.b, x.c, x.flags = val, base, idx, c.indexFlags(ia.Index)
	if set {
		x.a, x.b = base, val
	}
	c.add(x)
}

func (c *compiler) fieldAddr(in *ssa.FieldAddr) {
	a := c.addr(in.X)
	off := c.fieldOffset(in)
	if a.frame {
		c.lea(in, a.base+off)
		return
	}
	c.add(instr{op: opFieldAddr, a: c.reg(in), b: a.base, d: int64(a.off + off)})
}

// intIndex returns a register with the index as an int. Indexes above the range
// of int fail every check as negative numbers.
func (c *compiler) intIndex(v ssa.Value) uint32 {
	ti := c.infoOf(v)
	if isIntIndex(ti) {
		return c.reg(v)
	}
	src := c.reg(v)
	dst := c.field(c.intInfo())
	c.widen(ti, dst, src)
	return dst
}

// indexFlags are the flags of an instruction that indexes with v.
func (c *compiler) indexFlags(v ssa.Value) uint16 {
	switch c.infoOf(v).kind {
	case reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return unsignedIndex
	}
	return 0
}

func (c *compiler) intInfo() *typeInfo { return c.m.typeInfo(types.Typ[types.Int]) }

// widen appends the conversion of an integer to 64 bits.
func (c *compiler) widen(ti *typeInfo, dst, src uint32) {
	switch ti.kind {
	case reflect.Int8:
		c.op(opSign8, dst, src, 0)
	case reflect.Int16:
		c.op(opSign16, dst, src, 0)
	case reflect.Int32:
		c.op(opSign32, dst, src, 0)
	case reflect.Uint8:
		c.op(opZero8, dst, src, 0)
	case reflect.Uint16:
		c.op(opZero16, dst, src, 0)
	case reflect.Uint32:
		c.op(opZero32, dst, src, 0)
	default:
		c.op(opMoveWord, dst, src, 0)
	}
}

func (c *compiler) indexAddr(in *ssa.IndexAddr) {
	idx, flags := c.intIndex(in.Index), c.indexFlags(in.Index)
	ti := c.m.typeInfo(in.Type().Underlying().(*types.Pointer).Elem())
	if p, ok := in.X.Type().Underlying().(*types.Pointer); ok {
		n := p.Elem().Underlying().(*types.Array).Len()
		if n > math.MaxUint32 || ti.size > math.MaxInt32 { // code that maps files points to such arrays, to slice them
			dst, x := c.reg(in), c.reg(in.X)
			c.cold(func(g *goroutine, fp ptr) {
				p, i := *(*ptr)(add(fp, x)), *(*int)(add(fp, idx))
				if p == nil {
					panicNil()
				}
				if uint64(i) >= uint64(n) {
					panicIndex(i, int(n), flags)
				}
				*(*ptr)(add(fp, dst)) = unsafe.Add(p, i*int(ti.size))
			})
			return
		}
		c.add(instr{op: opArrayIndexAddr, a: c.reg(in), b: c.reg(in.X), c: idx, d: n | int64(ti.size)<<32, flags: flags})
		return
	}
	c.add(instr{op: opIndexAddr, a: c.reg(in), b: c.reg(in.X), c: idx, d: int64(ti.size), flags: flags})
}

// index is the element of an array value or a string.
func (c *compiler) index(in *ssa.Index) {
	idx, flags := c.intIndex(in.Index), c.indexFlags(in.Index)
	dst, x := c.reg(in), c.reg(in.X)
	if c.infoOf(in.X).kind == reflect.String {
		c.add(instr{op: opStringAt, a: dst, b: x, c: idx, flags: flags})
		return
	}
	at := c.infoOf(in.X)
	n, ti := at.rt.Len(), c.infoOf(in)
	c.cold(func(g *goroutine, fp ptr) {
		i := *(*int)(add(fp, idx))
		if uint(i) >= uint(n) {
			panicIndex(i, n, flags)
		}
		ti.move(add(fp, dst), add(fp, x+uint32(i)*uint32(ti.size)))
	})
}
