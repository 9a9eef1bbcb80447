package vm

import (
	"go/types"
	"reflect"

	"golang.org/x/tools/go/ssa"
)

func (c *compiler) makeChan(in *ssa.MakeChan) {
	ti := c.infoOf(in)
	dst, size := c.reg(in), c.number(in.Size)
	elem := ti.rt.Elem().Size()
	c.cold(func(g *goroutine, fp ptr) {
		n := size(fp)
		if all := product(n, elem); all < maxAlloc { // otherwise makechan panics
			g.room(all)
		}
		*at[ptr](fp, dst) = makechan(ti.r, n)
	})
}

func (c *compiler) send(in *ssa.Send) {
	ch, val := c.reg(in.Chan), c.reg(in.X)
	ct := c.infoOf(in.Chan).r
	c.cold(func(g *goroutine, fp ptr) {
		q := *at[ptr](fp, ch)
		if q != nil && chansend(q, add(fp, val), true) {
			return
		}
		g.cases = append(g.cases[:0], selectCase{int(reflect.SelectSend), ct, q, add(fp, val)})
		g.wait("chan send")
	})
}

func (c *compiler) receive(in *ssa.UnOp) {
	ch := c.reg(in.X)
	ci := c.infoOf(in.X)
	et := newTypeInfo(ci.rt.Elem())
	var dst, okAt uint32
	commaOk := in.CommaOk
	if commaOk {
		t := c.tuples[in]
		dst, okAt = t[0].off, t[1].off
	} else {
		dst = c.reg(in)
	}
	c.cold(func(g *goroutine, fp ptr) {
		q := *at[ptr](fp, ch)
		to := add(fp, dst)
		if et.class == classNone {
			to = ptr(&zeroBlock)
		}
		var selected, ok bool
		if q != nil {
			selected, ok = chanrecv(q, true, to)
		}
		if !selected {
			g.cases = append(g.cases[:0], selectCase{int(reflect.SelectRecv), ci.r, q, to})
			_, ok = g.wait("chan receive")
		}
		if commaOk {
			*at[bool](fp, okAt) = ok
		}
	})
}

// selectOp is a select statement: its tuple is the chosen case, whether a
// received value was sent, and a value for each receiving case.
func (c *compiler) selectOp(in *ssa.Select) {
	t := c.tuples[in]
	type state struct {
		dir      int
		typ      ptr
		ch, addr uint32
		none     bool
		slot     int // of a received value; -1: of a send
	}
	states := make([]state, len(in.States))
	recv := 2
	for i, s := range in.States {
		st := state{typ: c.infoOf(s.Chan).r, ch: c.reg(s.Chan), slot: -1}
		if s.Dir == types.SendOnly {
			st.dir = int(reflect.SelectSend)
			st.addr = c.reg(s.Send)
			st.none = c.infoOf(s.Send).class == classNone
		} else {
			st.dir = int(reflect.SelectRecv)
			st.addr = t[recv].off
			st.none = t[recv].ti.class == classNone
			st.slot = recv
			recv++
		}
		states[i] = st
	}
	blocking := in.Blocking
	c.cold(func(g *goroutine, fp ptr) {
		g.cases = g.cases[:0]
		for i := range states {
			s := &states[i]
			p := add(fp, s.addr)
			if s.none {
				p = ptr(&zeroBlock)
			}
			g.cases = append(g.cases, selectCase{s.dir, s.typ, *at[ptr](fp, s.ch), p})
			if s.slot >= 0 {
				t[s.slot].ti.clear(p)
			}
		}
		n := len(g.cases)
		g.cases = append(g.cases, selectCase{dir: int(reflect.SelectDefault)})
		chosen, ok := rselect(g.cases)
		if chosen == n {
			g.cases = g.cases[:n]
			if blocking {
				chosen, ok = g.wait("select")
			} else {
				chosen = -1
				g.checkStop()
			}
		}
		clear(g.cases[:cap(g.cases)])
		*at[int](fp, t[0].off) = chosen
		*at[bool](fp, t[1].off) = ok
	})
}

var wakeType = rtypeOf(reflect.TypeFor[chan struct{}]())

// wait blocks on g.cases until one of them is done or the run ends.
func (g *goroutine) wait(what string) (chosen int, ok bool) {
	if inBubble() {
		return g.waitInBubble()
	}
	n := len(g.cases)
	for {
		g.checkStop()
		wake := g.run.block(g, what)
		var none struct{}
		g.cases = append(g.cases[:n], selectCase{int(reflect.SelectRecv), wakeType, *(*ptr)(ptr(&wake)), ptr(&none)})
		chosen, ok = g.selectNow()
		if g.polling {
			clear(g.cases)
			return chosen, ok // until says when the wait is over
		}
		if chosen != n {
			g.run.unblock(g, true)
			clear(g.cases)
			return chosen, ok
		}
		g.run.unblock(g, false)
	}
}

// waitInBubble is wait where a bubble says how long.
func (g *goroutine) waitInBubble() (chosen int, ok bool) {
	g.checkStop()
	chosen, ok = rselect(g.cases)
	clear(g.cases)
	g.checkStop()
	return chosen, ok
}

// selectNow is rselect, which panics on a send to a closed channel.
func (g *goroutine) selectNow() (int, bool) {
	done := false
	defer func() {
		if !done {
			g.run.unblock(g, true)
		}
	}()
	i, ok := rselect(g.cases)
	done = true
	return i, ok
}

// waitOn blocks until c is closed or yields, or the run ends.
func (g *goroutine) waitOn(c chan struct{}, what string) {
	var none struct{}
	g.cases = append(g.cases[:0], selectCase{int(reflect.SelectRecv), wakeType, *(*ptr)(ptr(&c)), ptr(&none)})
	g.wait(what)
}
