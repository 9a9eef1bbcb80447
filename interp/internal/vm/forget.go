package vm

import (
	"reflect"
	"slices"
)

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
	if b.base != nil {
		b = b.base // the code as it was compiled
	}
	var dead []slot
	b.fn.m.exclusive(func() {
		c := newCompiler(b.fn)
		c.newOutput()
		c.keep = true
		c.passes()
		if i < 0 || !slices.EqualFunc(c.b.code, b.code, func(x, y instr) bool { x.p, y.p = nil, nil; return x == y }) {
			return // not the code that runs: it was compiled before a change
		}
		used := make(map[uint32]bool) // words of the frame that are needed, or listed as dead
		mark := func(off uint32, ti *typeInfo) {
			for end := off + uint32(ti.slot); off < end; off += 8 {
				used[off] = true
			}
		}
		isUsed := func(off uint32, ti *typeInfo) (yes bool) {
			for end := off + uint32(ti.slot); off < end; off += 8 {
				yes = yes || used[off]
			}
			return yes
		}
		for _, k := range c.b.consts { // parameters of inlined calls may be constants
			mark(k.off, k.ti)
		}
		running := make(map[*compiler]point) // the function and the inlined calls that i is in
		p, at := c.points[i], c.units[c.b.unitAt(i)]
		for u := at; u != nil; u = u.parent {
			for v, value := range u.values {
				d := u.life.defs[v]
				if d.block == p.block && d.instr >= p.instr || u.life.liveAfter(v, p) || u.infoOf(value).kind == reflect.UnsafePointer {
					mark(u.regs[value], u.infoOf(value))
				}
			}
			running[u] = p
			p = u.called
		}
		for _, u := range c.units {
			for a, l := range u.lent {
				if p, ok := running[u]; l.at != unplaced && !(ok && u.lentLive(a, l, p)) {
					dead = append(dead, slot{l.at, l.array})
				}
			}
			for v, value := range u.values {
				off := u.regs[value]
				if ti := u.infoOf(value); u.groups[v] == v && hasPointers(ti.r) && !isUsed(off, ti) {
					mark(off, ti)
					dead = append(dead, slot{off, ti})
				}
			}
		}
	})
	return dead
}
