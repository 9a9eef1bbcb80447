package kernel

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"poolbook/kernel/protocol"
)

// Comms is the registry of comms: free channels between front ends and code in cells, which widgets use.
// Its methods may be called by many goroutines.
type Comms struct {
	s *server

	mu      sync.Mutex
	targets map[string]CommHandler // guarded by mu
	open    map[string]*Comm       // by id, guarded by mu
}

// CommHandler takes a message of the other side. The kernel calls it between cells, and ctx ends with an interrupt; what it writes
// to out goes where the front end shows what belongs to the message.
type CommHandler func(ctx context.Context, comm *Comm, m CommMessage, out Output)

// CommMessage is what the other side sent.
type CommMessage struct {
	Data     json.RawMessage
	Metadata json.RawMessage
	Buffers  [][]byte
}

// Comm is one open comm. Its methods may be called by many goroutines.
type Comm struct {
	ID, Target string

	c      *Comms
	parent protocol.Header // of what opened it

	mu      sync.Mutex
	onMsg   CommHandler // guarded by mu
	onClose CommHandler // guarded by mu
}

func newComms(s *server) *Comms {
	return &Comms{s: s, targets: make(map[string]CommHandler), open: make(map[string]*Comm)}
}

// Register sets what happens when a front end opens a comm with the target's name; nil removes it.
func (c *Comms) Register(target string, opened CommHandler) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if opened == nil {
		delete(c.targets, target)
		return
	}
	c.targets[target] = opened
}

// Open opens a comm to the front ends, as caused by the request whose Output is given (nil: by none).
func (c *Comms) Open(out Output, target string, m CommMessage) *Comm {
	comm := &Comm{ID: uuid.NewString(), Target: target, c: c}
	if o, ok := out.(*output); ok {
		comm.parent = o.r.Header
	}
	c.mu.Lock()
	c.open[comm.ID] = comm
	c.mu.Unlock()
	comm.publish(out, protocol.TypeCommOpen, protocol.CommOpen{ID: comm.ID, TargetName: target, Data: object(m.Data)}, m)
	return comm
}

// OnMessage sets what is called with each message of the other side.
func (c *Comm) OnMessage(h CommHandler) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onMsg = h
}

// OnClose sets what is called when the other side closes the comm.
func (c *Comm) OnClose(h CommHandler) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onClose = h
}

// Send sends a message to the front ends, as caused by the request whose Output is given (nil: by what opened the comm). It reports false
// when the comm is closed.
func (c *Comm) Send(out Output, m CommMessage) bool {
	if c.c.get(c.ID) == nil {
		return false
	}
	c.publish(out, protocol.TypeCommMsg, protocol.CommMsg{ID: c.ID, Data: object(m.Data)}, m)
	return true
}

// Close closes the comm and tells the front ends; out is as for Send. It may be called again.
func (c *Comm) Close(out Output, m CommMessage) {
	if c.c.remove(c.ID) != nil {
		c.publish(out, protocol.TypeCommClose, protocol.CommMsg{ID: c.ID, Data: object(m.Data)}, m)
	}
}

// Forget closes the comm without telling the front ends, for one whose front end has gone: all the others would be told, and JupyterLab
// takes the end of a comm that it does not know for an error.
func (c *Comm) Forget() { c.c.remove(c.ID) }

// publish sends a message that a cell or a handler causes which has that Output, after what that has printed.
func (c *Comm) publish(out Output, msgType string, content any, m CommMessage) {
	s := c.c.s
	o, ok := out.(*output)
	if !ok {
		s.publishWith(s.life, c.parent, msgType, content, m.Metadata, m.Buffers)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush(true)
	s.publishWith(o.ctx, o.r.Header, msgType, content, m.Metadata, m.Buffers)
}

func (c *Comms) get(id string) *Comm {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open[id]
}

func (c *Comms) remove(id string) *Comm {
	c.mu.Lock()
	defer c.mu.Unlock()
	comm := c.open[id]
	delete(c.open, id)
	return comm
}

func object(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	return raw
}

// commOpen opens a comm for a front end. An unknown target is answered by closing it, as the protocol has it.
func (r *request) commOpen(*subshell) error {
	req, err := protocol.Decode[protocol.CommOpen](r.Message)
	if err != nil {
		return err
	}
	c := r.s.comms
	comm := &Comm{ID: req.ID, Target: req.TargetName, c: c, parent: r.Header}
	c.mu.Lock()
	opened := c.targets[req.TargetName]
	used := c.open[req.ID] != nil
	if opened != nil && !used {
		c.open[req.ID] = comm
	}
	c.mu.Unlock()
	if used {
		return fmt.Errorf("comm %q is open already", req.ID)
	}
	if opened == nil {
		r.s.publish(done, r.Header, protocol.TypeCommClose, protocol.CommMsg{ID: comm.ID, Data: object(nil)})
		return nil
	}
	r.callback(opened, comm, req.Data)
	return nil
}

func (r *request) commMsg(*subshell) error {
	req, err := protocol.Decode[protocol.CommMsg](r.Message)
	if err != nil {
		return err
	}
	comm := r.s.comms.get(req.ID)
	if comm == nil {
		return fmt.Errorf("message for unknown comm %q", req.ID)
	}
	comm.mu.Lock()
	h := comm.onMsg
	comm.mu.Unlock()
	r.callback(h, comm, req.Data)
	return nil
}

func (r *request) commClose(*subshell) error {
	req, err := protocol.Decode[protocol.CommMsg](r.Message)
	if err != nil {
		return err
	}
	comm := r.s.comms.remove(req.ID)
	if comm == nil {
		return nil // both sides closed it at once
	}
	comm.mu.Lock()
	h := comm.onClose
	comm.mu.Unlock()
	r.callback(h, comm, req.Data)
	return nil
}

// callback calls a handler of a comm, if there is one, with an Output that belongs to the request.
func (r *request) callback(h CommHandler, comm *Comm, data json.RawMessage) {
	if h == nil {
		return
	}
	ctx, release := r.s.interruptible()
	defer release()
	out := newOutput(r, ctx, Cell{ID: r.Header.ID, ExecutionCount: r.s.executionCount()})
	defer out.finish()
	h(ctx, comm, CommMessage{Data: data, Metadata: r.Metadata, Buffers: r.Buffers}, out)
}

func (r *request) commInfo(*subshell) error {
	req, err := protocol.Decode[protocol.CommInfoRequest](r.Message)
	if err != nil {
		return err
	}
	reply := protocol.CommInfoReply{Status: protocol.StatusOK, Comms: map[string]protocol.CommInfo{}}
	c := r.s.comms
	c.mu.Lock()
	for id, comm := range c.open {
		if req.TargetName == "" || req.TargetName == comm.Target {
			reply.Comms[id] = protocol.CommInfo{TargetName: comm.Target}
		}
	}
	c.mu.Unlock()
	r.reply(reply)
	return nil
}
