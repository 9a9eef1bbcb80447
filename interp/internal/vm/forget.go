package vm

import "reflect"

// forgetDead clears what the goroutine's frames keep alive although it is not
// needed any more: the frames of calls that returned, and registers whose values
// are not used again (but not those of unsafe.Pointers, whose numbers may be). It runs before an explicit runtime.GC, after which
// programs expect finalizers and cleanups to run; the collector's own cycles
// free what dead registers hold when they are overwritten.
func (g *goroutine) forgetDead() {
	clear(g.free)
	g.growing = growing{}
	clear(g.cases[:cap(g.cases)])
	for fr := g.top; fr != nil; fr = fr.caller {
		for _, s := range fr.body.deadAt(fr.pc/instrSize - 1) {
			s.ti.clear(add(fr.mem, s.off))
		}
	}
}

// deadAt returns the registers that hold nothing needed after instruction i.
func (b *body) deadAt(i int) []slot {
	if b.fn.ssa.Blocks == nil {
		return nil
	}
	var dead []slot
	b.fn.m.exclusive(func() {
		c := newCompiler(b.fn)
		c.keep = true
		c.passes()
		if i < 0 || i >= len(c.points) || c.size != uint32(b.size) {
			return // not the code that runs: it was compiled before a change
		}
		p := c.points[i]
		live := make(map[uint32]bool)
		for v, value := range c.values {
			d := c.life.defs[v]
			if d.block == p.block && d.instr >= p.instr || c.life.liveAfter(v, p) {
				live[c.regs[value]] = true
			}
		}
		for v, value := range c.values {
			off := c.regs[value]
			if ti := c.infoOf(value); c.groups[v] == v && !live[off] && ti.kind != reflect.UnsafePointer && hasPointers(ti.r) {
				dead = append(dead, slot{off, ti})
			}
		}
	})
	return dead
}
