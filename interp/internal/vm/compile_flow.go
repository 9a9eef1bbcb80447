package vm

import (
	"go/token"
	"reflect"

	"golang.org/x/tools/go/ssa"
)

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
		c.runDefers(in.Block())
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
