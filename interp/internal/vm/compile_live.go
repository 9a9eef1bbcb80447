package vm

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

type bitset []uint64

func (s bitset) has(i int) bool { return s[i>>6]&(1<<(i&63)) != 0 }
func (s bitset) set(i int)      { s[i>>6] |= 1 << (i & 63) }

// point is a place in the code: an instruction of a block; -1 for its phis, -2 for parameters.
type point struct{ block, instr int }

// liveness knows where values are needed.
type liveness struct {
	c    *compiler
	defs []point
	uses [][]point // by value, those of phis left out
	out  []bitset  // by block: values that a successor needs
}

// tooBig is the size, in values × blocks, above which registers are not shared.
const tooBig = 8 << 20

// live numbers the values that have a register and lets each phi share one with
// its operands where their lives do not overlap: a loop variable is then
// updated in place.
func (c *compiler) live() {
	l := &liveness{c: c}
	hasRegister := func(v ssa.Value) bool {
		if _, ok := v.Type().(*types.Tuple); ok {
			return false // a block of results
		}
		if a, ok := v.(*ssa.Alloc); ok && c.static[a] {
			return false
		}
		in, ok := v.(ssa.Instruction)
		return !ok || !c.melted[in]
	}
	define := func(v ssa.Value, p point) {
		c.num[v] = len(c.values)
		c.values = append(c.values, v)
		l.defs = append(l.defs, p)
	}
	for _, v := range c.fn.Params {
		define(v, point{0, -2})
	}
	for _, v := range c.fn.FreeVars {
		define(v, point{0, -2})
	}
	phis := false
	for _, b := range c.fn.Blocks {
		c.poll()
		for i, in := range b.Instrs {
			v, ok := in.(ssa.Value)
			if !ok || !hasRegister(v) {
				continue
			}
			p := point{b.Index, i}
			if _, ok := v.(*ssa.Phi); ok {
				p.instr = -1
				phis = true
			}
			define(v, p)
		}
	}
	c.groups = make([]int, len(c.values))
	for i := range c.groups {
		c.groups[i] = i
	}
	c.life = l
	if !phis && !c.keep || len(c.values)*len(c.fn.Blocks) > tooBig {
		return
	}
	l.solve()
	l.coalesce()
}

func (l *liveness) solve() {
	c := l.c
	words := (len(c.values) + 63) / 64
	nb := len(c.fn.Blocks)
	l.uses = make([][]point, len(c.values))
	l.out = make([]bitset, nb)
	in := make([]bitset, nb)
	use := make([]bitset, nb) // needed in the block before being defined there
	def := make([]bitset, nb)
	mem := make([]uint64, 4*nb*words)
	take := func() bitset {
		s := bitset(mem[:words:words])
		mem = mem[words:]
		return s
	}
	for i := range nb {
		l.out[i], in[i], use[i], def[i] = take(), take(), take(), take()
	}
	for i, d := range l.defs {
		def[d.block].set(i)
	}
	for _, b := range c.fn.Blocks {
		c.poll()
		for i, instr := range b.Instrs {
			if phi, ok := instr.(*ssa.Phi); ok {
				for e, v := range phi.Edges {
					if n, ok := c.num[v]; ok {
						l.out[b.Preds[e].Index].set(n)
					}
				}
				continue
			}
			if c.melted[instr] {
				continue
			}
			c.operands(instr, func(v ssa.Value) {
				n, ok := c.num[v]
				if !ok {
					return
				}
				l.uses[n] = append(l.uses[n], point{b.Index, i})
				if l.defs[n].block != b.Index {
					use[b.Index].set(n)
				}
			})
		}
	}
	// A recovered panic leads to the recover block from anywhere, and past the
	// results' variables to the return that the compiler makes itself.
	everywhere := func(v ssa.Value) {
		if n, ok := c.num[v]; ok {
			for i := range nb {
				l.out[i].set(n)
			}
		}
	}
	if r := c.fn.Recover; r != nil {
		for _, instr := range r.Instrs {
			c.operands(instr, everywhere)
		}
	}
	if c.borrows {
		for _, b := range c.fn.Blocks {
			for _, instr := range b.Instrs {
				if a, ok := instr.(*ssa.Alloc); ok {
					everywhere(a)
				}
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for i := nb - 1; i >= 0; i-- {
			b := c.fn.Blocks[i]
			out := l.out[i]
			for _, s := range b.Succs {
				for w, x := range in[s.Index] {
					out[w] |= x
				}
			}
			for w := range out {
				x := use[i][w] | out[w]&^def[i][w]
				if x != in[i][w] {
					in[i][w] = x
					changed = true
				}
			}
		}
	}
}

// liveAfter reports whether value v is needed after p, a place that its
// definition dominates.
func (l *liveness) liveAfter(v int, p point) bool {
	if l.out[p.block].has(v) {
		return true
	}
	for _, u := range l.uses[v] {
		if u.block == p.block && u.instr > p.instr {
			return true
		}
	}
	return false
}

// overlap reports whether two values are needed at the same time.
func (l *liveness) overlap(v, w int) bool {
	dv, dw := l.defs[v], l.defs[w]
	if dv.block == dw.block {
		switch {
		case dv.instr == dw.instr:
			return true
		case dv.instr < dw.instr:
			return l.liveAfter(v, dw)
		}
		return l.liveAfter(w, dv)
	}
	blocks := l.c.fn.Blocks
	if blocks[dv.block].Dominates(blocks[dw.block]) {
		return l.liveAfter(v, dw)
	}
	if blocks[dw.block].Dominates(blocks[dv.block]) {
		return l.liveAfter(w, dv)
	}
	return false
}

func (l *liveness) coalesce() {
	c := l.c
	members := make(map[int][]int)
	of := func(g int) []int {
		if m, ok := members[g]; ok {
			return m
		}
		return []int{g}
	}
	for _, b := range c.fn.Blocks {
		c.poll()
		for _, in := range b.Instrs {
			phi, ok := in.(*ssa.Phi)
			if !ok {
				break
			}
			p := c.num[phi]
			ti := c.infoOf(phi)
		edges:
			for _, e := range phi.Edges {
				v, ok := c.num[e]
				if !ok || c.groups[v] == c.groups[p] || c.infoOf(e).rt != ti.rt {
					continue
				}
				ga, gb := c.groups[p], c.groups[v]
				ma, mb := of(ga), of(gb)
				if len(ma)*len(mb) > 4096 {
					continue
				}
				for _, x := range ma {
					for _, y := range mb {
						if l.overlap(x, y) {
							continue edges
						}
					}
				}
				// the smaller number leads: a parameter keeps its place
				if gb < ga {
					ga, gb = gb, ga
					ma, mb = mb, ma
				}
				for _, y := range mb {
					c.groups[y] = ga
				}
				members[ga] = append(append([]int(nil), ma...), mb...)
				delete(members, gb)
			}
		}
	}
}
