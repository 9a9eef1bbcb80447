package vm

import (
	"go/types"
	"reflect"

	"golang.org/x/tools/go/ssa"
)

// compiledCall calls a compiled function or an intrinsic: arguments at args in
// the frame, results from out on.
type compiledCall func(g *goroutine, fp ptr, args []slot, out uint32)

// fullName is the key of intrinsics: "fmt.Println", "(*sync.Mutex).Lock"; "" for
// functions that the builder made.
func fullName(fn *ssa.Function) string {
	if fn.Parent() != nil || isWrapper(fn) {
		return ""
	}
	o, ok := fn.Object().(*types.Func)
	if !ok {
		return ""
	}
	return o.Origin().FullName()
}

// compiledFunc finds what runs fn when its body is not interpreted; nil
// otherwise.
func (m *Machine) compiledFunc(fn *ssa.Function) compiledCall {
	name := fullName(fn)
	if name == "" && fn.Blocks != nil {
		return nil
	}
	if call, ok := m.calls[name]; ok {
		return call
	}
	if fn.Blocks == nil && fn.Name() == "init" && fn.Synthetic == "package initializer" {
		return func(*goroutine, ptr, []slot, uint32) {} // compiled packages are initialised
	}
	f := m.funcOf(fn)
	if call, ok := m.stackCalls[name]; ok {
		return intrinsicCall(call, f.conv)
	}
	amount := asksFor[name]
	if in, ok := m.intrinsics[name]; ok {
		call := intrinsicCall(func(g *goroutine, args []reflect.Value) []reflect.Value { return in(g.run, args) }, f.conv)
		if amount == nil {
			return call
		}
		return func(g *goroutine, fp ptr, args []slot, out uint32) {
			g.room(amount(fp, args))
			call(g, fp, args, out)
		}
	}
	v, ok := m.compiledInstance(fn)
	if fn.Blocks != nil && !ok {
		return nil
	}
	if !ok {
		if v, ok = m.compiledSymbol(fn); !ok {
			return nil
		}
	}
	fv := funcPointer(v)
	nc := newNativeCall(v.Type(), false)
	outs := f.conv.results
	if amount != nil {
		return func(g *goroutine, fp ptr, args []slot, out uint32) {
			g.room(amount(fp, args))
			nc.call(fv, fp, args, add(fp, out), outs)
			g.checkStop()
		}
	}
	if after := wakesAfter[name]; after != nil {
		starts := startsSecond[name]
		return func(g *goroutine, fp ptr, args []slot, out uint32) {
			if starts && *at[ptr](fp, args[1].off) == nil {
				panicNil()
			}
			g.run.reachesOutFor(after(fp, args))
			nc.call(fv, fp, args, add(fp, out), outs)
			g.checkStop()
		}
	}
	if mayWake(name) {
		starts := startsSecond[name]
		return func(g *goroutine, fp ptr, args []slot, out uint32) {
			if starts && *at[ptr](fp, args[1].off) == nil {
				panicNil()
			}
			g.run.reachesOut()
			nc.call(fv, fp, args, add(fp, out), outs)
			g.checkStop()
		}
	}
	return func(g *goroutine, fp ptr, args []slot, out uint32) {
		nc.call(fv, fp, args, add(fp, out), outs)
		g.checkStop()
	}
}

// compiledInstance finds the compiled form of an instance of a generic function.
func (m *Machine) compiledInstance(fn *ssa.Function) (reflect.Value, bool) {
	if m.instance == nil || fn.Origin() == nil || fn.Signature.Recv() != nil || len(fn.TypeArgs()) == 0 {
		return reflect.Value{}, false
	}
	o := fn.Origin().Object()
	if o == nil || o.Pkg() == nil {
		return reflect.Value{}, false
	}
	return m.instance(o.Pkg().Path(), o.Name(), fn.TypeArgs())
}

// compiledSymbol finds the compiled function or method that fn declares.
func (m *Machine) compiledSymbol(fn *ssa.Function) (reflect.Value, bool) {
	o, ok := fn.Object().(*types.Func)
	if !ok || o.Pkg() == nil {
		return reflect.Value{}, false
	}
	recv := fn.Signature.Recv()
	if recv == nil {
		v, ok := m.lookup(o.Pkg().Path(), o.Name())
		if !ok || v.Kind() != reflect.Func {
			return reflect.Value{}, false
		}
		return v, true
	}
	method, ok := m.reflectType(recv.Type()).MethodByName(o.Name())
	if !ok {
		return reflect.Value{}, false
	}
	return method.Func, true
}

// compiledValue is the func value of a compiled function, nil for others and for those whose calls are looked at.
func (m *Machine) compiledValue(fn *ssa.Function) ptr {
	name := fullName(fn)
	if name == "" || fn.Blocks != nil || m.isIntrinsic(name) || asksFor[name] != nil {
		return nil
	}
	v, ok := m.compiledSymbol(fn)
	if !ok {
		return nil
	}
	return funcPointer(v)
}

func (m *Machine) isIntrinsic(name string) bool {
	return m.intrinsics[name] != nil || m.calls[name] != nil || m.stackCalls[name] != nil
}

func intrinsicCall(in func(*goroutine, []reflect.Value) []reflect.Value, conv *convention) compiledCall {
	return func(g *goroutine, fp ptr, args []slot, out uint32) {
		vals := make([]reflect.Value, len(args))
		for i, a := range args {
			vals[i] = valueAt(conv.params[i].ti.rt, add(fp, a.off))
		}
		for i, v := range in(g, vals) {
			s := conv.results[i]
			storeValue(s.ti.rt, add(fp, out+s.off), v)
		}
		g.checkStop()
	}
}

// resultAt returns where the results of a call go.
func (c *compiler) resultAt(in *ssa.Call) uint32 {
	if _, ok := in.Type().(*types.Tuple); ok {
		for _, s := range c.tuples[in] {
			if s.ti.slot != 0 { // those of no size have no place of their own
				return s.off
			}
		}
		return 0
	}
	return c.reg(in)
}

func (c *compiler) argSlots(args []ssa.Value) []slot {
	list := make([]slot, len(args))
	for i, a := range args {
		list[i] = slot{c.reg(a), c.infoOf(a)}
	}
	return list
}

// argMoves are the copies of arguments into a frame, from word first on.
func argMoves(args []slot, first uint32) []argMove {
	var list []argMove
	for _, a := range args {
		if a.ti.class != classNone {
			list = append(list, argMove{src: a.off, dst: first, class: a.ti.class, ti: a.ti})
		}
		first += uint32(a.ti.slot)
	}
	return list
}

func (c *compiler) call(in *ssa.Call) {
	cc := &in.Call
	if in.Pos().IsValid() {
		c.pos = in.Pos()
	}
	if b, ok := cc.Value.(*ssa.Builtin); ok {
		c.builtin(in, b)
		return
	}
	if !c.fits(cc, in.Type()) {
		c.cold(func(*goroutine, ptr) { panic(outdatedCall(cc)) })
		return
	}
	out := c.resultAt(in)
	if k, ok := c.callee(cc); ok && !c.mayOutdate(k.fn.ssa, in.Block().Index) && c.inlines(k) {
		c.knownArgs(cc, &k)
		c.inline(k, out)
		return
	}
	args := c.argSlots(cc.Args)
	if cc.IsInvoke() {
		site := c.invokeSite(cc, args)
		site.out = out
		c.add(instr{op: callOp(opInvoke, opInvokeSlow, site), a: out, b: c.reg(cc.Value), p: ptr(site)})
		return
	}
	if fn, ok := cc.Value.(*ssa.Function); ok {
		if op := c.nativeOp(fn, args, out); op != nil {
			c.cold(c.guarded(cc, args, op))
			return
		}
		if call := c.m.compiledFunc(fn); call != nil {
			c.cold(c.guarded(cc, args, func(g *goroutine, fp ptr) { call(g, fp, args, out) }))
			return
		}
		f := c.m.funcOf(fn)
		site := &callSite{fn: f, args: argMoves(args, 0), conv: f.conv, wrapper: c.wrapper}
		c.add(instr{op: callOp(opCall, opCallSlow, site), a: out, p: ptr(site)})
		return
	}
	site := c.dynamicSite(cc, args)
	c.add(instr{op: callOp(opCallClosure, opCallClosureSlow, site), a: out, b: c.reg(cc.Value), p: ptr(site)})
}

// callOp is the operation for a call: the loop copies the arguments itself
// where they are of simple classes.
func callOp(fast, slow opcode, site *callSite) opcode {
	site.words = true
	for i := range site.args {
		site.words = site.words && site.args[i].class == classWord
	}
	if allSimple(site.args) {
		return fast
	}
	return slow
}

// simple classes are copied with one assignment.
func simple(ti *typeInfo) bool { return ti.class <= classSlice }

func allSimple(moves []argMove) bool {
	for i := range moves {
		if !simple(moves[i].ti) {
			return false
		}
	}
	return true
}

// dynamicSite is the site of a call of a func value.
func (c *compiler) dynamicSite(cc *ssa.CallCommon, args []slot) *callSite {
	sig := cc.Signature()
	site := &callSite{args: argMoves(args, 0), conv: c.m.convention(sig, nil), wrapper: c.wrapper}
	site.from = args
	site.native = newNativeCall(c.m.reflectType(sig), false)
	return site
}

// callCompiled calls the compiled func value in register fn.
func (s *callSite) callCompiled(g *goroutine, fp ptr, out, fn uint32) {
	s.native.call(*at[ptr](fp, fn), fp, s.from, add(fp, out), s.conv.results)
	g.checkStop()
}

// prepared makes the frame of a call that is to happen later, and gives its
// results a place.
func (g *goroutine) prepared(f *Func, args []argMove, fp ptr) *frame {
	fr := g.newFrame(f.compiled())
	for i := range args {
		a := &args[i]
		a.ti.move(add(fr.mem, a.dst), add(fp, a.src))
	}
	fr.ret = f.conv.resultBlock()
	fr.pc = 0
	return fr
}

// later returns what makes a call of a go or defer statement from the registers
// of now: an interpreted function's frame, or a function to call.
func (c *compiler) later(cc *ssa.CallCommon) func(g *goroutine, fp ptr) (*frame, func(*goroutine)) {
	if b, ok := cc.Value.(*ssa.Builtin); ok {
		return c.builtinLater(cc, b)
	}
	if !c.fits(cc, nil) {
		return func(*goroutine, ptr) (*frame, func(*goroutine)) { panic(outdatedCall(cc)) }
	}
	args := c.argSlots(cc.Args)
	if cc.IsInvoke() {
		site := c.invokeSite(cc, args)
		iface1 := c.reg(cc.Value)
		site.at = iface1
		return func(g *goroutine, fp ptr) (*frame, func(*goroutine)) {
			v := at[iface](fp, iface1)
			if v.typ == nil {
				panicNil()
			}
			t := site.resolve(g, v.typ)
			if t.fn == nil {
				saved, moved := saveArgs(fp, append([]slot{{iface1, c.m.anyInfo()}}, args...))
				return nil, func(g *goroutine) {
					out := site.conv.resultBlock()
					site.callTarget(g, saved, moved[0].off, moved[1:], t, out)
				}
			}
			fr := g.newFrame(t.fn.compiled())
			t.receive(fr.mem, v.data)
			for i := range site.args {
				a := &site.args[i]
				a.ti.move(add(fr.mem, a.dst+t.shift), add(fp, a.src))
			}
			fr.ret = site.conv.resultBlock()
			fr.pc = 0
			return fr, nil
		}
	}
	if fn, ok := cc.Value.(*ssa.Function); ok {
		f := c.m.funcOf(fn)
		if call := c.m.compiledFunc(fn); call != nil {
			return func(g *goroutine, fp ptr) (*frame, func(*goroutine)) {
				mem, moved := saveCall(fp, args, f.conv.results)
				out := moved[len(args)].off
				return nil, func(g *goroutine) { call(g, mem, moved[:len(args)], out) }
			}
		}
		moves := argMoves(args, 0)
		return func(g *goroutine, fp ptr) (*frame, func(*goroutine)) { return g.prepared(f, moves, fp), nil }
	}
	site := c.dynamicSite(cc, args)
	fnAt := c.reg(cc.Value)
	return func(g *goroutine, fp ptr) (*frame, func(*goroutine)) {
		p := *at[ptr](fp, fnAt)
		if clo := closureOf(p); clo != nil {
			fr := g.prepared(clo.fn, site.args, fp)
			clo.capture(fr)
			return fr, nil
		}
		mem, moved := saveCall(fp, args, site.conv.results)
		return nil, func(g *goroutine) {
			site.native.call(p, mem, moved[:len(args)], add(mem, moved[len(args)].off), site.conv.results)
			g.checkStop()
		}
	}
}

// capture copies the captured variables into a frame of the closure's function.
func (c *closure) capture(fr *frame) {
	for i := range fr.body.free {
		a := &fr.body.free[i]
		a.ti.move(add(fr.mem, a.dst), add(ptr(c), a.src))
	}
}

// saveArgs copies arguments into memory of their own.
func saveArgs(fp ptr, args []slot) (ptr, []slot) {
	mem, moved := saveCall(fp, args, nil)
	return mem, moved[:len(args)]
}

// saveCall copies arguments into memory of their own, with room for results;
// the last slot returned is where these begin.
func saveCall(fp ptr, args, results []slot) (ptr, []slot) {
	moved := make([]slot, 0, len(args)+1)
	off := uint32(0)
	all := make([]slot, 0, len(args)+len(results))
	for _, a := range args {
		moved = append(moved, place(off, a.ti))
		off += uint32(a.ti.slot)
		all = append(all, a)
	}
	if blockSize(results) == 0 {
		off = 0
	}
	moved = append(moved, slot{off: off})
	all = append(all, results...)
	mem := ptr(&zeroBlock)
	if t := blockType(all); t.Size() > 0 {
		mem = reflect.New(t).UnsafePointer()
	}
	for i, a := range args {
		a.ti.move(add(mem, moved[i].off), add(fp, a.off))
	}
	return mem, moved
}

func blockSize(slots []slot) (n uintptr) {
	for _, s := range slots {
		n += s.ti.slot
	}
	return n
}

// place is a slot at off, or at the start for values without bytes.
func place(off uint32, ti *typeInfo) slot {
	if ti.slot == 0 {
		off = 0
	}
	return slot{off, ti}
}

func (c *compiler) goOp(in *ssa.Go) {
	later := c.later(&in.Call)
	fnAt, dynamic := uint32(0), false
	if _, ok := in.Call.Value.(*ssa.Function); !ok && !in.Call.IsInvoke() {
		if _, ok := in.Call.Value.(*ssa.Builtin); !ok {
			fnAt, dynamic = c.reg(in.Call.Value), true
		}
	}
	c.cold(func(g *goroutine, fp ptr) {
		g.checkStop()
		if dynamic && *at[ptr](fp, fnAt) == nil {
			panicNil()
		}
		fr, call := later(g, fp)
		if fr != nil {
			call = func(g *goroutine) { g.enter(fr) }
		}
		g.start(call)
	})
}

func (c *compiler) deferOp(in *ssa.Defer) {
	later := c.later(&in.Call)
	var stack uint32
	if in.DeferStack != nil {
		stack = c.reg(in.DeferStack)
	}
	other := in.DeferStack != nil
	c.cold(func(g *goroutine, fp ptr) {
		fr, call := later(g, fp)
		to := g.top
		if other {
			to = (*frame)(*at[ptr](fp, stack))
		}
		to.defers = &deferred{next: to.defers, frame: fr, call: call}
	})
}
