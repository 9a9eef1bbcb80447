//go:build !msan && !asan

package vm

import (
	"cmp"
	"maps"
	"slices"

	"poolbook/interp/internal/vm/jit"
)

// Within loops without calls the numbers that are read most are in processor
// registers too. What is written goes to both, so the frame is always right:
// machine code is left as from anywhere else, and who enters a loop loads its
// registers first. A template that does not know of the registers is right as
// well: what it reads is in the frame, and after what it wrote there the
// registers are loaded again. What pointers may point to is in no register.

// The processor registers that hold values. SI is left to comparisons of
// strings, X0 to the templates, X15 to Go, which keeps zero in it.
var (
	generalRegs = []jit.Reg{jit.R8, jit.R9, jit.R10, jit.R11, jit.DI}
	floatRegs   = []jit.Reg{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}
)

// maxHeld is how many instructions a loop may have whose values are held: each
// gets the loads with which it is entered.
const maxHeld = 400

// held is a loop, the instructions from and to and those between, with the slots
// whose values are in registers there.
type held struct {
	from, to      int
	words, floats map[uint32]home
}

// home is the register of a slot between two instructions.
type home struct {
	reg      jit.Reg
	from, to int
}

func (p home) has(i int) bool { return p.from <= i && i <= p.to }

// slotSpan is the part of a frame that a slot is.
func slotSpan(off uint32) span { return span{off, 8} }

// uses is what the templates of a loop do with slots, found by a translation
// that is thrown away.
type uses struct {
	weight int // of the instruction that is being translated
	slots  map[uint32]*slotUse
}

// slotUse counts the reads of a slot as what it is, and those by moves, which do
// not tell. A first write in a block makes a slot a float or not when no read does.
type slotUse struct {
	words, floats, moves int
	first, last          int  // instructions
	written              int  // the instruction that wrote it last, -1 before
	local                bool // each read comes after a write in the same block
}

func (u *uses) of(off uint32, at int) *slotUse {
	s := u.slots[off]
	if s == nil {
		s = &slotUse{first: at, written: -1, local: true}
		u.slots[off] = s
	}
	s.last = at
	return s
}

// read notes a read of a slot by the current instruction.
func (t *translator) read(off uint32) *slotUse {
	s := t.uses.of(off, t.at)
	s.local = s.local && s.written >= t.block()
	return s
}

// block is the first instruction of the block in which the current one is: the
// last to which something jumps. What comes after a conditional jump still
// belongs to it.
func (t *translator) block() int {
	i := t.at
	for i > 0 && !t.targets[i] {
		i--
	}
	return i
}

// hold finds the loops of b without calls, the longest first, and chooses what
// they hold.
func (t *translator) hold() {
	var loops []span
	targets := make([]bool, len(t.b.code)+1)
	for i := range t.b.code {
		if in := &t.b.code[i]; jumps(in) {
			to := i + 1 + int(int32(in.c))/instrSize
			targets[to] = true
			if to <= i {
				loops = append(loops, span{uint32(to), uint32(i + 1 - to)})
			}
		}
	}
	t.loops = make([]*held, len(t.b.code))
	for _, l := range append(unions(loops), loops...) {
		from, to := int(l.off), int(l.off+l.size-1)
		if l.size > maxHeld || t.loops[from] != nil || t.loops[to] != nil ||
			slices.ContainsFunc(t.b.code[from:to+1], func(in instr) bool { return isCall(in.op) }) {
			continue
		}
		h := t.choose(from, to, loops, targets)
		for i := from; i <= to; i++ {
			t.loops[i] = h
		}
	}
}

// unions sorts loops, the longest first, and returns what those that overlap make
// up together: some of a loop's code may stand behind its last backward jump.
func unions(loops []span) []span {
	var all []span
	slices.SortFunc(loops, func(x, y span) int { return cmp.Compare(x.off, y.off) })
	for _, l := range loops {
		if n := len(all) - 1; n >= 0 && all[n].overlaps(l) {
			all[n].size = max(all[n].size, l.off+l.size-all[n].off)
		} else {
			all = append(all, l)
		}
	}
	slices.SortFunc(loops, func(x, y span) int { return cmp.Compare(y.size, x.size) })
	return all
}

// jumps reports whether c of the instruction is the distance of a jump.
func jumps(in *instr) bool {
	switch in.op {
	case opJump, opLoop, opIf, opIfNot, opIfEqPtr, opIfNePtr, opIfNil, opIfNotNil:
		return true
	}
	if int(in.op) < len(opForms) {
		switch opForms[in.op].form {
		case formIf, formIfNot, formLoop:
			return true
		}
	}
	return false
}

// choose picks what the loop holds: what is read most, where a read in an inner
// loop counts as eight. What is local to blocks shares registers.
func (t *translator) choose(from, to int, loops []span, targets []bool) *held {
	c := newTranslator(t.b)
	c.uses = &uses{slots: make(map[uint32]*slotUse)}
	c.targets = targets
	heads := make(map[uint32]uint32) // of the loops within, with their longest size
	for _, l := range loops {
		if int(l.off) >= from && int(l.off) <= to {
			heads[l.off] = max(heads[l.off], l.size)
		}
	}
	for c.at = from; c.at <= to; c.at++ {
		c.uses.weight = 1
		for off, size := range heads {
			if uint32(c.at)-off < size && c.uses.weight < 1<<20 {
				c.uses.weight *= 8
			}
		}
		if c.instr(&t.b.code[c.at]) {
			c.settle()
		}
	}
	h := &held{from: from, to: to, words: make(map[uint32]home), floats: make(map[uint32]home)}
	slots := c.uses.slots
	offs := slices.SortedFunc(maps.Keys(slots), func(x, y uint32) int {
		return cmp.Or(cmp.Compare(slots[y].reads(), slots[x].reads()), cmp.Compare(x, y))
	})
	for _, off := range offs {
		u := slots[off]
		if off%8 != 0 || slices.ContainsFunc(t.b.addressed, slotSpan(off).overlaps) {
			continue
		}
		p := home{from: from, to: to}
		if u.local {
			p.from, p.to = u.first, u.last
		}
		if u.floats > u.words {
			p.find(floatRegs, h.floats, off)
		} else {
			p.find(generalRegs, h.words, off)
		}
	}
	return h
}

func (u *slotUse) reads() int { return u.words + u.floats + u.moves }

// find puts the slot at off in one of the registers that is free from p.from to p.to.
func (p home) find(regs []jit.Reg, held map[uint32]home, off uint32) {
next:
	for _, p.reg = range regs {
		for _, o := range held {
			if o.reg == p.reg && o.from <= p.to && p.from <= o.to {
				continue next
			}
		}
		held[off] = p
		return
	}
}

// load appends the loads of what the loop holds at instruction i and stale
// accepts.
func (t *translator) load(h *held, i int, stale func(off uint32) bool) {
	all := func(homes map[uint32]home, ins jit.Ins) {
		for _, off := range slices.Sorted(maps.Keys(homes)) {
			if p := homes[off]; p.has(i) && stale(off) {
				t.Asm.Op(ins, p.reg, slotArg(off))
			}
		}
	}
	all(h.words, jit.Load)
	all(h.floats, jit.LoadF)
}

func always(uint32) bool { return true }

// into is the label with which the current instruction jumps to instruction i.
func (t *translator) into(i int) jit.Label {
	if t.loops == nil || t.loops[i] == t.loops[t.at] {
		return t.labels[i]
	}
	return t.enter(i)
}

// enter is the label for who comes to instruction i from outside its loop.
func (t *translator) enter(i int) jit.Label {
	if t.loops[i] != nil {
		return t.enters[i]
	}
	return t.labels[i]
}

// entrances appends the ways into loops but for those that begins appended.
func (t *translator) entrances() {
	for i, h := range t.loops {
		if h != nil && i != h.from {
			t.Bind(t.enters[i])
			t.load(h, i, always)
			t.Jump(t.labels[i])
		}
	}
}

// begins appends the way into the loop that begins at instruction i, if one does.
func (t *translator) begins(i int) {
	if h := t.loops[i]; h != nil && i == h.from {
		t.Bind(t.enters[i])
		t.load(h, i, always)
	}
}

// Op appends an instruction, and notes what it writes in the frame.
func (t *translator) Op(i jit.Ins, r jit.Reg, m jit.Arg) {
	t.Asm.Op(i, r, m)
	if n := i.Stored(); n > 0 {
		t.wrote(m, n)
	}
}

// MoveImm is Asm's, and notes what it writes in the frame.
func (t *translator) MoveImm(m jit.Arg, v int32, narrow bool) {
	t.Asm.MoveImm(m, v, narrow)
	t.wrote(m, 8)
}

func (t *translator) wrote(m jit.Arg, n uint32) {
	if base, off, ok := m.Memory(); ok && base == regFrame {
		t.written = append(t.written, span{uint32(off), n})
	}
}

// settle appends, after an instruction, the loads of what its template wrote in
// the frame alone.
func (t *translator) settle() {
	if len(t.written) == 0 {
		return
	}
	if t.uses != nil {
		for _, w := range t.written {
			for off := w.off &^ 7; off < w.off+w.size; off += 8 {
				t.uses.of(off, t.at).written = t.at
			}
		}
	} else if h := t.loops[t.at]; h != nil {
		t.load(h, t.at, func(off uint32) bool { return slices.ContainsFunc(t.written, slotSpan(off).overlaps) })
	}
	t.written = t.written[:0]
}

// nothingHeld is what an instruction outside of loops has in registers.
var nothingHeld held

// held is the loop that the current instruction is in, nothingHeld when it is in none.
func (t *translator) held() *held {
	if t.loops == nil || t.loops[t.at] == nil {
		return &nothingHeld
	}
	return t.loops[t.at]
}

// inWord is the register that holds the slot, a number of any kind but float.
func (t *translator) inWord(off uint32) (jit.Reg, bool) {
	p, ok := t.held().words[off]
	return p.reg, ok && p.has(t.at)
}

// inFloat is the register that holds the slot, a float.
func (t *translator) inFloat(off uint32) (jit.Reg, bool) {
	p, ok := t.held().floats[off]
	return p.reg, ok && p.has(t.at)
}

// source is the operand that reads a slot.
func (t *translator) source(off uint32) jit.Arg {
	if t.uses != nil {
		t.read(off).words += t.uses.weight
	}
	return operand(off, t.inWord)
}

// sourceF is the operand that reads a slot with a float.
func (t *translator) sourceF(off uint32) jit.Arg {
	if t.uses != nil {
		t.read(off).floats += t.uses.weight
	}
	return operand(off, t.inFloat)
}

// operand is the slot, or the register that holds it.
func operand(off uint32, in func(uint32) (jit.Reg, bool)) jit.Arg {
	if r, ok := in(off); ok {
		return jit.R(r)
	}
	return slotArg(off)
}

// moved notes that a slot is read by what does not care whether it is a float.
func (t *translator) moved(off uint32) {
	if t.uses != nil {
		t.read(off).moves += t.uses.weight
	}
}

// float returns a vector register with the slot's float: scratch, after loading
// it, or the one that holds it, which must not be changed.
func (t *translator) float(off uint32, scratch jit.Reg) jit.Reg {
	m := t.sourceF(off)
	if r, ok := t.inFloat(off); ok {
		return r
	}
	t.Op(jit.LoadF, scratch, m)
	return scratch
}

// general returns a general register with the slot's word: scratch, after
// loading it, or the one that holds it, which must not be changed.
func (t *translator) general(off uint32, scratch jit.Reg) jit.Reg {
	if r, ok := t.inWord(off); ok {
		return r
	}
	return t.word(off, scratch)
}

// copied is general for what moved is called for.
func (t *translator) copied(off uint32, scratch jit.Reg) jit.Reg {
	if r, ok := t.inWord(off); ok {
		return r
	}
	if v, ok := t.consts[off]; ok {
		t.Const(scratch, v)
	} else {
		t.Op(jit.Load, scratch, slotArg(off))
	}
	return scratch
}

// result is where the value of the slot at off can be made while the slot at
// other is still read: the register that holds it, otherwise scratch.
func (t *translator) result(off, other uint32, scratch jit.Reg) jit.Reg {
	if r, ok := t.inWord(off); ok && off != other {
		return r
	}
	return scratch
}

// resultF is result for floats, with X0 for scratch.
func (t *translator) resultF(off, other uint32) jit.Reg {
	if r, ok := t.inFloat(off); ok && off != other {
		return r
	}
	return 0
}

// put stores r in the slot at off.
func (t *translator) put(off uint32, r jit.Reg) {
	if t.uses != nil && t.b.code[t.at].op != opMoveWord {
		t.uses.of(off, t.at).words++ // tells what it is, if it is only moved
	}
	if held, ok := t.inWord(off); ok {
		t.Asm.Op(jit.Store, r, slotArg(off))
		if r != held {
			t.Asm.Op(jit.Load, held, jit.R(r))
		}
		return
	}
	t.Op(jit.Store, r, slotArg(off))
}

// putF stores the float r in the slot at off.
func (t *translator) putF(off uint32, r jit.Reg) {
	if t.uses != nil {
		t.uses.of(off, t.at).floats++
	}
	if held, ok := t.inFloat(off); ok {
		t.Asm.Op(jit.StoreF, r, slotArg(off))
		if r != held {
			t.Asm.Op(jit.MoveF, held, jit.R(r))
		}
		return
	}
	t.Op(jit.StoreF, r, slotArg(off))
}
