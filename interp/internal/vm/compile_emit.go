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
			c.op(opRunDefers, 0, 0, 0)
		}
		c.starts[i] = len(c.b.code)
		if p := firstPos(b); p.IsValid() {
			c.pos = p // not that of the block before
		} else if len(b.Succs) == 1 && b.Succs[0] == b {
			c.pos = emptyLoop(b, c.pos)
		}
		for j, in := range b.Instrs {
			c.at = point{b.Index, j}
			if p := in.Pos(); p.IsValid() {
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
		c.op(opRunDefers, 0, 0, 0)
		c.recoverReturn()
	}
}

// firstPos is the first position that an instruction of b has.
func firstPos(b *ssa.BasicBlock) token.Pos {
	for _, in := range b.Instrs {
		if p := in.Pos(); p.IsValid() {
			return p
		}
	}
	return token.NoPos
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
		c.op(opRunDefers, 0, 0, 0)
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
		c.op(opLea, c.reg(in), c.vars[in], 0)
	}
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
		c.op(opLea, c.reg(in), a.base+off, 0)
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

// edgeMoves appends the moves of an edge into a block with phis. They happen at
// once, so a register is not overwritten before it was read.
func (c *compiler) edgeMoves(from, to *ssa.BasicBlock) {
	moves := c.movesOf(from, to)
	for len(moves) > 0 {
		progress := false
		for i, m := range moves {
			blocked := false
			for j, o := range moves {
				if i != j && o.src == m.dst {
					blocked = true
					break
				}
			}
			if !blocked {
				c.move(m.ti, m.dst, m.src)
				moves = append(moves[:i], moves[i+1:]...)
				progress = true
				break
			}
		}
		if !progress {
			m := moves[0]
			t := c.temp(m.ti)
			c.move(m.ti, t, m.src)
			for i := range moves {
				if moves[i].src == m.src {
					moves[i].src = t
				}
			}
		}
	}
}

func (c *compiler) movesOf(from, to *ssa.BasicBlock) []argMove {
	edge := -1
	for i, p := range to.Preds {
		if p == from {
			edge = i
			break
		}
	}
	var moves []argMove
	for _, in := range to.Instrs {
		phi, ok := in.(*ssa.Phi)
		if !ok {
			break
		}
		m := argMove{src: c.reg(phi.Edges[edge]), dst: c.reg(phi), ti: c.infoOf(phi)}
		if m.src != m.dst && m.ti.class != classNone {
			moves = append(moves, m)
		}
	}
	return moves
}

// hasMoves reports whether an edge needs code, without making any.
func (c *compiler) hasMoves(from, to *ssa.BasicBlock) bool {
	edge := 0
	for i, p := range to.Preds {
		if p == from {
			edge = i
			break
		}
	}
	for _, in := range to.Instrs {
		phi, ok := in.(*ssa.Phi)
		if !ok {
			break
		}
		v, ok := c.num[phi.Edges[edge]]
		if !ok || c.groups[v] != c.groups[c.num[phi]] {
			return true
		}
	}
	return false
}

// jump appends the jump of an edge; none when its target comes next.
func (c *compiler) jump(from, to *ssa.BasicBlock) {
	if c.starts[to.Index] < 0 && to.Index == from.Index+1 && to != c.fn.Recover {
		return
	}
	if to.Index <= from.Index {
		if c.rotate(to) {
			return
		}
		c.target(c.op(opLoop, 0, 0, 0), to)
		return
	}
	c.target(c.op(opJump, 0, 0, 0), to)
}

func (c *compiler) target(i int, to *ssa.BasicBlock) {
	c.fixups = append(c.fixups, fixup{i, to.Index})
}

// rotate ends a loop with a copy of the comparison at its head, which saves a
// jump in each round.
func (c *compiler) rotate(head *ssa.BasicBlock) bool {
	var cmp *ssa.BinOp
	for _, in := range head.Instrs {
		switch in := in.(type) {
		case *ssa.Phi, *ssa.DebugRef:
		case *ssa.BinOp:
			if !c.melted[in] || cmp != nil {
				return false
			}
			cmp = in
		case *ssa.If:
		default:
			return false
		}
	}
	if cmp == nil || len(head.Succs) != 2 || c.hasMoves(head, head.Succs[0]) || c.hasMoves(head, head.Succs[1]) {
		return false
	}
	o, a, b, ok := c.comparison(cmp, true)
	if !ok {
		return false
	}
	c.target(c.op(o, a, b, 0), head.Succs[0])
	c.target(c.op(opJump, 0, 0, 0), head.Succs[1])
	return true
}

func (c *compiler) ifOp(in *ssa.If) {
	b := in.Block()
	yes, no := b.Succs[0], b.Succs[1]
	// fall through to whichever comes next without moves
	negate := yes.Index == b.Index+1 && !c.hasMoves(b, yes) && yes != c.fn.Recover
	jumpTo, fallTo := yes, no
	if negate {
		jumpTo, fallTo = no, yes
	}
	var i int
	if cmp, ok := in.Cond.(*ssa.BinOp); ok && c.melted[cmp] {
		if cmp.Pos().IsValid() {
			c.pos = cmp.Pos()
		}
		i = c.compareJump(cmp, negate)
	} else if negate {
		i = c.op(opIfNot, c.reg(in.Cond), 0, 0)
	} else {
		i = c.op(opIf, c.reg(in.Cond), 0, 0)
	}
	back := jumpTo.Index <= b.Index
	if c.hasMoves(b, jumpTo) || back {
		c.stubs = append(c.stubs, stub{i, b, jumpTo})
	} else {
		c.target(i, jumpTo)
	}
	c.edgeMoves(b, fallTo)
	if negate {
		return // the block comes next
	}
	if fallTo.Index == b.Index+1 && fallTo != c.fn.Recover {
		return
	}
	if fallTo.Index <= b.Index {
		c.target(c.op(opLoop, 0, 0, 0), fallTo)
	} else {
		c.target(c.op(opJump, 0, 0, 0), fallTo)
	}
}

// returnOp appends the copy of the results into the caller's block.
func (c *compiler) returnOp(in *ssa.Return) {
	borrowed := c.borrows && !hasRunDefers(in.Block())
	if borrowed {
		// The builder runs no deferred calls in a function whose only ones are
		// in range-over-func bodies; results are read after them.
		c.op(opRunDefers, 0, 0, 0)
		for _, r := range in.Results {
			if ld, ok := r.(*ssa.UnOp); ok && ld.Op == token.MUL && ld.Block() == in.Block() {
				if _, ok := ld.X.(*ssa.Alloc); ok {
					c.unOp(ld)
				}
			}
		}
	}
	conv := c.f.conv
	if len(in.Results) == 1 {
		ti := conv.results[0].ti
		src := c.reg(in.Results[0])
		switch ti.class {
		case classWord:
			c.op(opReturnWord, src, 0, 0)
			return
		case classPtr:
			c.op(opReturnPtr, src, 0, 0)
			return
		case classString:
			c.op(opReturnString, src, 0, 0)
			return
		}
	}
	var moves []argMove
	for i, r := range in.Results {
		s := conv.results[i]
		moves = append(moves, argMove{src: c.reg(r), dst: s.off, class: s.ti.class, ti: s.ti})
	}
	c.returnOf(moves)
}

func (c *compiler) returnOf(moves []argMove) {
	x := instr{op: opReturn}
	if len(moves) > 0 {
		x.op = opReturnMany
		if !allSimple(moves) {
			x.op = opReturnSlow
		}
		p := new([]argMove)
		*p = moves
		x.p = ptr(p)
	}
	c.add(x)
}

func hasRunDefers(b *ssa.BasicBlock) bool {
	for _, in := range b.Instrs {
		if _, ok := in.(*ssa.RunDefers); ok {
			return true
		}
	}
	return false
}

// recoverReturn ends a function that recovered a panic, for which the builder
// made no block: named results keep their values, others are zero.
func (c *compiler) recoverReturn() {
	var named []ssa.Value
	for _, b := range c.fn.Blocks {
		ret, ok := b.Instrs[len(b.Instrs)-1].(*ssa.Return)
		if !ok {
			continue
		}
		named = nil
		for _, r := range ret.Results {
			if ld, ok := r.(*ssa.UnOp); ok && ld.Op == token.MUL {
				if a, ok := ld.X.(*ssa.Alloc); ok {
					named = append(named, a)
				}
			}
		}
		break
	}
	var moves []argMove
	for i, s := range c.f.conv.results {
		src := c.constant(s.ti, "zero", func() ptr { return reflect.New(s.ti.rt).UnsafePointer() })
		if len(named) == len(c.f.conv.results) && c.fn.Signature.Results().At(i).Name() != "" {
			src = c.field(s.ti)
			c.load(s.ti, src, c.addr(named[i]))
		}
		moves = append(moves, argMove{src: src, dst: s.off, class: s.ti.class, ti: s.ti})
	}
	c.returnOf(moves)
}
