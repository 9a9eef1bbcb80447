package core

import (
	"reflect"
	"runtime"
	"sync"
	"weak"

	"poolbook/pool/internal/codec"
	"poolbook/pool/internal/proc"
)

// A shared object lives as long as the notebook or a worker has it. What the notebook has encoded, and may yet send, holds what is in it: the items of
// a chunk, the variables of a job, the elements of another object. A worker says when it has made its handle of an object (Keep), before it says
// that it is done with the chunk, the job or the answer from which it has the object; and when its collector has found that nothing leads to the
// handle any more (Free). So at no time both sides rely on the other one.
//
// That holds as long as the notebook reads what a worker says in order. An answer that comes by the box may overtake what is in the pipe, and be
// overtaken: Keep, Free and Took go by the pipe always, a call that brings shared objects is answered by the pipe (see [link.listen]), and
// before a Free counts a caller that listens has read what came before it.

// lent are the shared objects that a worker has. Guarded by state.mu.
type lent struct {
	objects map[uint64]codec.Handle   // by number
	answers map[uint64][]codec.Handle // that are in answers to requests, which the worker has not taken yet
}

// lend notes what a worker says of a shared object or an answer.
func (l *link) lend(kind proc.Kind, n uint64) {
	var x codec.Handle
	switch kind {
	case proc.Keep:
		x = l.s.host.shared(n) // nil: of a job that was over before its variables were read
	case proc.Free:
		l.heardOut()
	}
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	switch {
	case kind == proc.Took:
		delete(l.lent.answers, n)
	case kind == proc.Free:
		delete(l.lent.objects, n)
	case x != nil:
		if l.lent.objects == nil {
			l.lent.objects = map[uint64]codec.Handle{}
		}
		l.lent.objects[n] = x
	}
}

// reply sends the answer to a request. refs are the shared objects in it.
func (l *link) reply(id uint64, refs []codec.Handle, body func(proc.Body) proc.Body) {
	if len(refs) > 0 {
		l.s.mu.Lock()
		if l.lent.answers == nil {
			l.lent.answers = map[uint64][]codec.Handle{}
		}
		l.lent.answers[id] = refs
		l.s.mu.Unlock()
	}
	l.out.Put(func(b []byte) []byte {
		return frame(b, proc.Reply, func(b proc.Body) proc.Body { return body(appendRefs(b.Uint(id), refs)) })
	}, nil)
	l.out.Push(true)
}

// appendRefs appends the numbers of shared objects, and which of them are arrays.
func appendRefs(b proc.Body, refs []codec.Handle) proc.Body {
	b = b.Uint(uint64(len(refs)))
	for _, x := range refs {
		id, _ := x.HandleID() // it was sent before
		array := uint64(0)
		if _, ok := x.(*Memory); ok {
			array = 1
		}
		b = b.Uint(id<<1 | array)
	}
	return b
}

// readRefs makes this worker's handles of what appendRefs has written.
func (c *Client) readRefs(f *proc.Fields) (refs []codec.Handle) {
	for range f.Len() {
		switch id := f.Uint(); {
		case f.Err != nil:
		case id&1 != 0:
			refs = append(refs, c.memory(id>>1))
		default:
			refs = append(refs, c.object(id>>1))
		}
	}
	return refs
}

// shared finds the object or array of that number, nil when there is none.
func (h *Host) shared(id uint64) codec.Handle {
	if x := h.object(id); x != nil {
		return x
	}
	if m := h.memory(id); m != nil {
		return m
	}
	return nil
}

var objectType = reflect.TypeFor[*Object]()

// handles are those that a worker has of objects of the notebook: one of each.
type handles struct {
	mu sync.Mutex
	of map[uint64]weak.Pointer[Object] // those of which the notebook knows
}

// object is the worker's handle of an object.
func (c *Client) object(id uint64) *Object {
	h := &c.handles
	h.mu.Lock()
	defer h.mu.Unlock()
	p, known := h.of[id]
	if x := p.Value(); x != nil {
		return x
	}
	x := &Object{host: defaultHost, id: id, c: c}
	if h.of == nil {
		h.of = map[uint64]weak.Pointer[Object]{}
	}
	p = weak.Make(x)
	h.of[id] = p
	runtime.AddCleanup(x, c.free, collected{id, p})
	if !known {
		c.says(proc.Keep, id)
	}
	return x
}

// collected is a handle that nothing leads to any more.
type collected struct {
	id uint64
	p  weak.Pointer[Object]
}

// free tells the notebook that this worker has no handle of an object any more, unless it has got another one since.
func (c *Client) free(x collected) {
	h := &c.handles
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.of[x.id] == x.p {
		delete(h.of, x.id)
		c.says(proc.Free, x.id)
	}
}
