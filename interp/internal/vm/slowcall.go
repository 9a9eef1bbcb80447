package vm

// What the loop leaves to functions: calls that need a new frame or whose
// arguments are not of simple classes.

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

func (g *goroutine) slowClosure(s *callSite, fp ptr, out, fn uint32) {
	p := *at[ptr](fp, fn)
	c := closureOf(p)
	if c == nil {
		s.callCompiled(g, fp, out, fn)
		return
	}
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
	t := s.target.Load()
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
