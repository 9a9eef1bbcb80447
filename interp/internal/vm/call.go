package vm

import (
	"sync/atomic"
	"unsafe"
)

// Calls of interpreted functions: they make the callee's frame g.top, and the
// loop goes on there. The slow variants are for calls that need a new frame or
// whose arguments are not of simple classes.

// call runs a call instruction; ip is the address of the next one.
func (g *goroutine) call(in *instr, fp, ip ptr) {
	fr := g.top
	fr.pc = int(uintptr(ip) - uintptr(fr.body.start))
	site := (*callSite)(in.p)
	out := in.a
	b := site.fn.body.Load()
	if b == nil || uint(b.index) >= uint(len(g.free)) || g.free[b.index] == nil {
		g.slowCall(site, fp, out)
		return
	}
	nf := g.free[b.index]
	g.free[b.index] = nf.caller
	if nf.body != b {
		nf.body = b // it was translated since
	}
	mem := nf.mem
	if site.words {
		for i := range site.args {
			a := &site.args[i]
			*(*uint64)(unsafe.Add(mem, a.dst)) = *(*uint64)(unsafe.Add(fp, a.src))
		}
	} else {
		for i := range site.args {
			a := &site.args[i]
			a.pass(unsafe.Add(mem, a.dst), unsafe.Add(fp, a.src))
		}
	}
	nf.ret = unsafe.Add(fp, out)
	nf.caller = fr
	nf.pc = 0
	if site.wrapper {
		nf.panic = fr.panic
		nf.flags = flagWrapped
	}
	g.top = nf
	if atomic.LoadUint32(g.stop) != 0 {
		g.stopped()
	}
	if g.heat--; g.heat < 0 {
		g.hot()
	}
}

// pass copies a value of a simple class.
func (a *argMove) pass(dst, src ptr) {
	switch a.class {
	case classWord:
		*(*uint64)(dst) = *(*uint64)(src)
	case classPtr:
		*(*ptr)(dst) = *(*ptr)(src)
	case classString:
		*(*string)(dst) = *(*string)(src)
	case classIface:
		*(*any)(dst) = *(*any)(src)
	case classSlice:
		*(*[]byte)(dst) = *(*[]byte)(src)
	}
}

// callClosure is call for func values.
func (g *goroutine) callClosure(in *instr, fp, ip ptr) {
	fr := g.top
	fr.pc = int(uintptr(ip) - uintptr(fr.body.start))
	site := (*callSite)(in.p)
	out := in.a
	c := closureOf(*at[ptr](fp, in.b))
	if c == nil {
		site.callCompiled(g, fp, out, in.b)
		return
	}
	b := c.fn.body.Load()
	if b == nil || b.slowFree || uint(b.index) >= uint(len(g.free)) || g.free[b.index] == nil {
		g.slowClosure(site, c, fp, out)
		return
	}
	nf := g.free[b.index]
	g.free[b.index] = nf.caller
	if nf.body != b {
		nf.body = b // it was translated since
	}
	mem := nf.mem
	for i := range b.free {
		a := &b.free[i]
		a.pass(unsafe.Add(mem, a.dst), unsafe.Add(ptr(c), a.src))
	}
	for i := range site.args {
		a := &site.args[i]
		a.pass(unsafe.Add(mem, a.dst), unsafe.Add(fp, a.src))
	}
	nf.ret = unsafe.Add(fp, out)
	nf.caller = fr
	nf.pc = 0
	g.top = nf
	if atomic.LoadUint32(g.stop) != 0 {
		g.stopped()
	}
	if g.heat--; g.heat < 0 {
		g.hot()
	}
}

// invoke is call for interface methods.
func (g *goroutine) invoke(in *instr, fp, ip ptr) {
	fr := g.top
	fr.pc = int(uintptr(ip) - uintptr(fr.body.start))
	site := (*callSite)(in.p)
	v := at[iface](fp, in.b)
	w := v.typ
	t := site.slotFor(w).Load()
	if w == nil || t == nil || t.typ != w || t.fn == nil || t.copy != nil && t.copy.class != classWord {
		g.slowInvoke(site, fp, in.a, in.b)
		return
	}
	b := t.fn.body.Load()
	if b == nil || uint(b.index) >= uint(len(g.free)) || g.free[b.index] == nil {
		g.slowInvoke(site, fp, in.a, in.b)
		return
	}
	nf := g.free[b.index]
	g.free[b.index] = nf.caller
	if nf.body != b {
		nf.body = b // it was translated since
	}
	mem := nf.mem
	if t.copy == nil {
		*(*ptr)(mem) = v.data
	} else {
		t.copy.move(mem, v.data)
	}
	for i := range site.args {
		a := &site.args[i]
		a.pass(unsafe.Add(mem, a.dst+t.shift), unsafe.Add(fp, a.src))
	}
	nf.ret = unsafe.Add(fp, in.a)
	nf.caller = fr
	nf.pc = 0
	if site.wrapper {
		nf.panic = fr.panic
		nf.flags = flagWrapped
	}
	g.top = nf
	if atomic.LoadUint32(g.stop) != 0 {
		g.stopped()
	}
	if g.heat--; g.heat < 0 {
		g.hot()
	}
}

func (g *goroutine) savePC(ip ptr) {
	fr := g.top
	fr.pc = int(uintptr(ip) - uintptr(fr.body.start))
}

// push makes nf, called by g.top, the running frame.
func (g *goroutine) push(nf *frame, ret ptr, wrapper bool) {
	nf.ret = ret
	nf.caller = g.top
	nf.pc = 0
	if wrapper {
		nf.panic = g.top.panic
		nf.flags = flagWrapped
	}
	g.top = nf
	g.checkStop()
}

func (g *goroutine) slowCall(s *callSite, fp ptr, out uint32) {
	nf := g.newFrame(s.fn.compiled())
	for i := range s.args {
		a := &s.args[i]
		a.ti.move(add(nf.mem, a.dst), add(fp, a.src))
	}
	g.push(nf, add(fp, out), s.wrapper)
}

func (g *goroutine) slowClosure(s *callSite, c *closure, fp ptr, out uint32) {
	nf := g.newFrame(c.fn.compiled())
	for i := range s.args {
		a := &s.args[i]
		a.ti.move(add(nf.mem, a.dst), add(fp, a.src))
	}
	c.capture(nf)
	g.push(nf, add(fp, out), s.wrapper)
}

func (g *goroutine) slowInvoke(s *callSite, fp ptr, out, recv uint32) {
	v := at[iface](fp, recv)
	w := v.typ
	if w == nil {
		panicNil()
	}
	t := s.slotFor(w).Load()
	if t == nil || t.typ != w {
		t = s.resolve(g, w)
	}
	if t.fn == nil {
		s.invokeCompiled(g, fp, t, recv, out)
		return
	}
	nf := g.newFrame(t.fn.compiled())
	t.receive(nf.mem, v.data)
	for i := range s.args {
		a := &s.args[i]
		a.ti.move(add(nf.mem, a.dst+t.shift), add(fp, a.src))
	}
	g.push(nf, add(fp, out), s.wrapper)
}

// returnSlow copies results of any class into the caller's block.
func (g *goroutine) returnSlow(moves []argMove, fp ptr) {
	ret := g.top.ret
	for i := range moves {
		a := &moves[i]
		a.ti.move(add(ret, a.dst), add(fp, a.src))
	}
}

// The operations that call the runtime. They are functions so that nothing of
// the loop is needed after these calls.

//go:noinline
func newAt(dst, typ ptr) { *(*ptr)(dst) = unsafeNew(typ) }

// growing is the string that the goroutine's last concatenation made, with the
// room behind it. Appending to that same string again uses the room, as append
// does, so that building a string in a loop takes linear time. The bytes of a
// string never change: room is given away once.
type growing struct {
	data     ptr
	len, cap int
}

const growFrom = 64 // bytes

//go:noinline
func (g *goroutine) concat(dst, x, y ptr) {
	a, b := *(*string)(x), *(*string)(y)
	if len(a) < growFrom || len(b) == 0 {
		if len(b) >= largeAlloc {
			g.room(int64(len(a) + len(b)))
		}
		*(*string)(dst) = a + b
		return
	}
	last := &g.growing
	if ptr(unsafe.StringData(a)) != last.data || len(a) != last.len {
		if len(a)+len(b) >= largeAlloc {
			g.room(int64(len(a) + len(b)))
		}
		s := a + b
		*last = growing{ptr(unsafe.StringData(s)), len(s), 0}
		*(*string)(dst) = s
		return
	}
	n := len(a) + len(b)
	if n > last.cap {
		if n >= largeAlloc {
			g.room(int64(2 * n))
		}
		buf := make([]byte, len(a), 2*n)
		copy(buf, a)
		*last = growing{ptr(unsafe.SliceData(buf)), len(a), cap(buf)}
	}
	copy(unsafe.Slice((*byte)(last.data), n)[len(a):], b)
	last.len = n
	*(*string)(dst) = unsafe.String((*byte)(last.data), n)
}

//go:noinline
func boxWord(dst, src, typ ptr) {
	d := convT64(*(*uint64)(src))
	v := (*iface)(dst)
	v.data = d
	v.typ = typ
}

//go:noinline
func boxString(dst, src, typ ptr) {
	d := convTstring(*(*string)(src))
	v := (*iface)(dst)
	v.data = d
	v.typ = typ
}

//go:noinline
func stringEq(dst, x, y ptr) { *(*bool)(dst) = *(*string)(x) == *(*string)(y) }

//go:noinline
func stringNe(dst, x, y ptr) { *(*bool)(dst) = *(*string)(x) != *(*string)(y) }

//go:noinline
func stringLt(dst, x, y ptr) { *(*bool)(dst) = *(*string)(x) < *(*string)(y) }

//go:noinline
func stringLe(dst, x, y ptr) { *(*bool)(dst) = *(*string)(x) <= *(*string)(y) }

//go:noinline
func (g *goroutine) recoverAt(dst ptr) { *(*any)(dst) = g.top.recovered() }

// slowestClosure is slowClosure for what may be a compiled function.
func (g *goroutine) slowestClosure(s *callSite, fp ptr, out, fn uint32) {
	c := closureOf(*at[ptr](fp, fn))
	if c == nil {
		s.callCompiled(g, fp, out, fn)
		return
	}
	g.slowClosure(s, c, fp, out)
}
