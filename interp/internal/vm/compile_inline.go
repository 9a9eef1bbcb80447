package vm

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// A call of a small function whose code is known needs no frame: its code is
// made in the place of the call, and its registers are in the frame of the
// caller. Parameters that the function does not change are the registers of
// the arguments. inlines says which functions are fit for it; traces and
// runtime.Callers show the call as if it had happened (see frame.frames), and
// Machine.Replace forgets the bodies that an outdated function is part of.

const (
	inlineCost      = 60   // of a function that is inlined, in instructions
	inlineBodyCost  = 400  // of the body of a range over a function, which has one caller
	inlineDepth     = 8    // calls in calls
	inlineRecursion = 2    // the same function in itself
	inlineBudget    = 1500 // for all the calls in one function
	inlineCallCost  = 8    // of a call in an inlined function
)

// inlinedCall is a call whose code is part of a body.
type inlinedCall struct {
	fn      *ssa.Function
	name    string
	wrapper bool
	pos     token.Pos // of the call
	parent  int       // the inlined call that makes this one, 0 for the body's own function
}

// known is a call whose callee is known when it is compiled.
type known struct {
	fn   *Func
	args []ssa.Value // the callee's parameters; nil for a receiver from an interface value
	slot []slot      // where they are
	load *slot       // the receiver has to be loaded from here first
	free uint32      // the register with the closure, if the callee captures variables
}

// callee finds the callee of a call instruction, if it can be known.
func (c *compiler) callee(cc *ssa.CallCommon) (known, bool) {
	k := known{args: cc.Args}
	var fn *ssa.Function
	if cc.IsInvoke() {
		_, v := c.origin(cc.Value)
		mi, ok := v.(*ssa.MakeInterface)
		if !ok {
			return k, false
		}
		sel := c.fn.Prog.MethodSets.MethodSet(mi.X.Type()).Lookup(cc.Method.Pkg(), cc.Method.Name())
		if sel == nil {
			return k, false
		}
		if fn = c.fn.Prog.MethodValue(sel); fn == nil {
			return k, false
		}
		k.args = append([]ssa.Value{nil}, cc.Args...)
	} else {
		_, v := c.origin(cc.Value)
		switch v := v.(type) {
		case *ssa.Function:
			fn = v
		case *ssa.MakeClosure:
			fn = v.Fn.(*ssa.Function)
		default:
			return k, false
		}
	}
	if fn.Blocks == nil || c.m.compiledFunc(fn) != nil {
		return k, false
	}
	k.fn = c.m.funcOf(fn).current()
	if len(fn.FreeVars) > 0 {
		k.free = c.reg(cc.Value)
	}
	return k, k.fn.ssa.Blocks != nil
}

// origin follows a value to where it was made: through the parameters of
// inlined calls, conversions, and functions that return a function they make.
func (c *compiler) origin(v ssa.Value) (*compiler, ssa.Value) {
	for {
		switch x := v.(type) {
		case *ssa.ChangeType:
			v = x.X
		case *ssa.ChangeInterface:
			v = x.X
		case *ssa.Parameter:
			if c.parent == nil {
				return c, v
			}
			for i, p := range c.fn.Params {
				if p == x {
					v = c.args[i]
				}
			}
			if v == nil {
				return c, x // a receiver out of an interface value
			}
			c = c.parent
		case *ssa.Call:
			fn, ok := x.Call.Value.(*ssa.Function)
			if !ok || fn.Blocks == nil || c.m.compiledFunc(fn) != nil {
				return c, v
			}
			f := c.m.funcOf(fn).current()
			clo := returnedClosure(f.ssa)
			if clo == nil {
				return c, v
			}
			c.parts[f] = true
			return c, clo
		default:
			return c, v
		}
	}
}

// returnedClosure is the function value that every call of fn returns.
func returnedClosure(fn *ssa.Function) *ssa.MakeClosure {
	var clo *ssa.MakeClosure
	for _, b := range fn.Blocks {
		ret, ok := b.Instrs[len(b.Instrs)-1].(*ssa.Return)
		if !ok {
			continue
		}
		if clo != nil || len(ret.Results) != 1 || fn.Recover != nil {
			return nil
		}
		v := ret.Results[0]
		if ct, ok := v.(*ssa.ChangeType); ok {
			v = ct.X
		}
		if clo, ok = v.(*ssa.MakeClosure); !ok {
			return nil
		}
	}
	return clo
}

// inlines reports whether the code of a known call takes its place.
func (c *compiler) inlines(k known) bool {
	fn := k.fn.ssa
	depth, same := 0, 0
	for p := c; p != nil; p = p.parent {
		depth++
		if p.fn == fn {
			same++
		}
	}
	if depth > inlineDepth || same > inlineRecursion {
		return false
	}
	cost, loops := k.fn.inlineCost()
	limit := inlineCost
	if fn.Synthetic == "range-over-func yield" {
		limit = inlineBodyCost
		loops = false
	}
	if loops {
		// a loop outweighs its call, unless the functions it calls are known
		loops = true
		for _, a := range k.args {
			if a == nil {
				continue
			}
			switch _, v := c.origin(a); v.(type) {
			case *ssa.MakeClosure, *ssa.Function:
				loops = false
			}
		}
	}
	if loops || cost < 0 || cost > limit || cost > c.budget {
		return false
	}
	c.budget -= cost
	return true
}

// inlineCost counts the instructions of f, -1 if its calls must have frames.
// loops says that it jumps back.
func (f *Func) inlineCost() (cost int, loops bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cost == 0 {
		f.cost, f.loops = inlineCostOf(f.ssa)
	}
	return f.cost, f.loops
}

func inlineCostOf(fn *ssa.Function) (cost int, loops bool) {
	if fn.Recover != nil {
		return -1, false
	}
	cost = 1
	for _, b := range fn.Blocks {
		for _, s := range b.Succs {
			loops = loops || s.Index <= b.Index
		}
		for _, in := range b.Instrs {
			switch in := in.(type) {
			case *ssa.DebugRef, *ssa.Phi, *ssa.Jump, *ssa.FieldAddr, *ssa.Extract:
			case *ssa.Defer, *ssa.RunDefers, *ssa.Go, *ssa.Select:
				return -1, loops
			case *ssa.Call:
				cost += inlineCallCost
				if bi, ok := in.Call.Value.(*ssa.Builtin); ok {
					switch bi.Name() {
					case "recover", "ssa:deferstack":
						return -1, loops
					}
					cost -= inlineCallCost - 2
				}
			default:
				cost++
			}
		}
	}
	return cost, loops
}

// inline makes the code of a known call; its results go to out.
func (c *compiler) inline(k known, out uint32) {
	fn := k.fn.ssa
	c.parts[k.fn] = true
	k.fn.prepare()
	child := newCompiler(k.fn)
	child.output, child.parent, child.args = c.output, c, k.args
	child.wrapper = c.wrapper && isWrapper(fn)
	for _, s := range k.fn.conv.results {
		child.results = append(child.results, slot{out + s.off, s.ti})
	}
	c.b.inlined = append(c.b.inlined, inlinedCall{fn, funcName(fn), isWrapper(fn), c.pos, c.unit})
	child.unit = len(c.b.inlined)
	c.units = append(c.units, child)
	child.plan()
	child.live()
	child.pos, child.at, child.called = c.pos, point{0, -2}, c.at
	taken := child.placeInlined(k)
	child.emit()
	last := len(c.b.code) - 1
	for i, at := range child.ends {
		if i == len(child.ends)-1 && at == last {
			c.drop()
			break
		}
	}
	for _, at := range child.ends {
		if at < len(c.b.code) {
			c.jumpTo(at, len(c.b.code))
		}
	}
	child.patch()
	for _, s := range taken {
		key := spareKey(s.ti)
		c.spare[key] = append(c.spare[key], s.off)
	}
}

// unitAt is the number of the call that instruction i belongs to.
func (b *body) unitAt(i int) int {
	if b.unit == nil {
		return 0
	}
	return int(b.unit[i])
}

// drop takes the last instruction back.
func (c *compiler) drop() {
	n := len(c.b.code) - 1
	c.b.code, c.b.pos, c.b.unit, c.points = c.b.code[:n], c.b.pos[:n], c.b.unit[:n], c.points[:n]
}

// spareKey tells which registers can stand for one another.
func spareKey(ti *typeInfo) any {
	if simple(ti) {
		return ti.class
	}
	return ti.rt
}

// placeInlined gives the values of an inlined function registers in the frame:
// those that the calls before it have left, as far as there are any.
func (c *compiler) placeInlined(k known) (taken []slot) {
	offs := make([]uint32, len(c.values))
	done := make([]bool, len(c.values))
	members := make([]int, len(c.values))
	for _, g := range c.groups {
		members[g]++
	}
	take := func(ti *typeInfo) (uint32, bool) {
		list := c.spare[spareKey(ti)]
		if len(list) == 0 || ti.class == classNone {
			return 0, false
		}
		off := list[len(list)-1]
		c.spare[spareKey(ti)] = list[:len(list)-1]
		taken = append(taken, slot{off, ti})
		return off, true
	}
	own := func(ti *typeInfo) uint32 {
		off, ok := take(ti)
		if !ok {
			off = c.field(ti)
			if ti.class != classNone {
				taken = append(taken, slot{off, ti})
			}
		}
		return off
	}
	type entry struct {
		ti       *typeInfo
		dst, src uint32
	}
	var entries []entry
	n := 0
	for i := range c.fn.Params {
		ti := k.fn.conv.params[i].ti
		done[n] = true
		switch {
		case i == 0 && k.load != nil:
			offs[n] = own(ti)
			if ti.class != classNone {
				c.load(ti, offs[n], address{base: k.load.off})
			}
		case members[n] == 1:
			offs[n] = k.slot[i].off
		default:
			offs[n] = own(ti)
			entries = append(entries, entry{ti, offs[n], k.slot[i].off})
		}
		n++
	}
	for _, e := range entries {
		c.move(e.ti, e.dst, e.src)
	}
	for i, v := range c.fn.FreeVars {
		ti := c.infoOf(v)
		offs[n], done[n] = own(ti), true
		if len(*v.Referrers()) > 0 && ti.class != classNone {
			c.load(ti, offs[n], address{base: k.free, off: k.fn.free[i].off})
		}
		n++
	}
	c.returned(k, offs, done, members)
	c.layout(offs, done, take, &taken)
	return taken
}

// returned lets values be made where the call's results go, if that disturbs
// nothing: such a value is made in the block that returns it.
func (c *compiler) returned(k known, offs []uint32, done []bool, members []int) {
	for _, b := range c.fn.Blocks {
		ret, ok := b.Instrs[len(b.Instrs)-1].(*ssa.Return)
		if !ok {
			continue
		}
	results:
		for i, v := range ret.Results {
			in, ok := v.(ssa.Instruction)
			if !ok || in.Block() != b {
				continue
			}
			n, ok := c.num[v]
			if !ok || done[n] || members[c.groups[n]] != 1 {
				continue
			}
			out := c.results[i]
			if len(ret.Results) == 1 && isLast(in) {
				offs[n], done[n] = out.off, true // reads the arguments before it is written
				continue
			}
			for _, s := range k.slot {
				if s.off < out.off+uint32(out.ti.slot) && out.off < s.off+uint32(s.ti.slot) {
					continue results
				}
			}
			offs[n], done[n] = out.off, true
		}
	}
}

// isLast reports whether in is an operation on numbers just before the end of
// its block.
func isLast(in ssa.Instruction) bool {
	op, ok := in.(*ssa.BinOp)
	if !ok {
		return false
	}
	if t, ok := op.X.Type().Underlying().(*types.Basic); !ok || t.Info()&types.IsNumeric == 0 {
		return false
	}
	list := in.Block().Instrs
	for i := len(list) - 2; i >= 0; i-- {
		if _, ok := list[i].(*ssa.DebugRef); !ok {
			return list[i] == in
		}
	}
	return false
}

// endInlined ends an inlined call: the results go to their places.
func (c *compiler) endInlined(in *ssa.Return) {
	for i, r := range in.Results {
		c.move(c.results[i].ti, c.results[i].off, c.reg(r))
	}
	c.ends = append(c.ends, c.op(opJump, 0, 0, 0))
}

// knownArgs says where the callee's parameters are.
func (c *compiler) knownArgs(cc *ssa.CallCommon, k *known) {
	for i, a := range k.args {
		if a != nil {
			k.slot = append(k.slot, slot{c.reg(a), c.infoOf(a)})
			continue
		}
		ti := k.fn.conv.params[i].ti
		data := slot{c.reg(cc.Value) + 8, ptrInfo}
		if !isDirect(ti.r) {
			k.load = &data
		}
		k.slot = append(k.slot, data)
	}
	if len(k.fn.ssa.FreeVars) > 0 {
		k.slot = append(k.slot, slot{k.free, ptrInfo})
	}
}
