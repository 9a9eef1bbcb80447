package core

import (
	"poolbook/pool/internal/proc"
)

// spare is a worker process that is started ahead, for pools with StartMethod("forkserver"). It is greeted already, so that its
// interpreter is ready when a pool takes it.
type spare struct {
	name string
	p    *proc.Process
	out  *proc.Outbox
}

// spares are the spare workers of a host. They live until a pool takes them, or the host is closed.
type spares struct {
	starter *proc.Starter // of spares: its thread outlives the pools; nil while there are none
	list    []*spare
	coming  int  // being started
	closed  bool // the host is closed
	idle    chan struct{}
}

// greet says the first word to a worker.
func greet(out *proc.Outbox, name string) {
	out.Put(func(b []byte) []byte {
		return frame(b, proc.Hello, func(b proc.Body) proc.Body { return b.String(name).Uint(Version) })
	}, nil)
	out.Push(true)
}

// takeSpare takes a spare worker that lives, nil when there is none, and sees to it that there are n again soon.
func (h *Host) takeSpare(n int) *spare {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found *spare
	for found == nil && len(h.spares.list) > 0 {
		sp := h.spares.list[0]
		h.spares.list = h.spares.list[1:]
		select {
		case <-sp.p.Exited():
			sp.out.Close()
			sp.p.Close()
		default:
			found = sp
		}
	}
	if h.spares.closed {
		return found
	}
	if h.spares.starter == nil {
		h.spares.starter = proc.NewStarter()
	}
	for len(h.spares.list)+h.spares.coming < n {
		h.spares.coming++
		if h.spares.idle == nil {
			h.spares.idle = make(chan struct{})
		}
		go h.addSpare(h.spares.starter)
	}
	return found
}

// addSpare starts one more. Close waits for it.
func (h *Host) addSpare(starter *proc.Starter) {
	name := workerName(h.procNumber())
	cmd, err := h.Spawn()
	var p *proc.Process
	if err == nil {
		p, err = starter.Start(cmd)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil { // otherwise the pool's own start will tell
		sp := &spare{name: name, p: p, out: proc.NewOutbox(p.In)}
		greet(sp.out, name)
		h.spares.list = append(h.spares.list, sp)
	}
	if h.spares.coming--; h.spares.coming == 0 {
		close(h.spares.idle)
		h.spares.idle = nil
	}
}

// endSpares ends the spare workers and waits for that. The host starts no more.
func (h *Host) endSpares() {
	h.mu.Lock()
	h.spares.closed = true
	idle := h.spares.idle
	h.mu.Unlock()
	if idle != nil {
		<-idle
	}
	h.mu.Lock()
	list, starter := h.spares.list, h.spares.starter
	h.spares.list, h.spares.starter = nil, nil
	h.mu.Unlock()
	for _, sp := range list {
		sp.p.Kill()
		<-sp.p.Exited()
		sp.out.Close()
		<-sp.out.Done()
		sp.p.Close()
	}
	if starter != nil {
		starter.Close()
	}
}
