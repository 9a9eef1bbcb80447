package kernels

import (
	"time"

	"poolbook/kernel/protocol"
)

// replyPatience is how long a cell's reply waits for its last output at most: every kernel says "idle" after that, unless something is
// wrong with it.
const replyPatience = 200 * time.Millisecond

// heldReply is the reply to an execute_request that waits for the outputs. A kernel sends both on sockets of their own, so that the reply
// can overtake them; clients that stop listening at the reply, as many a short script does, would miss what the cell has printed.
// (ipykernel sleeps for half a millisecond before it replies, for the same reason.)
type heldReply struct {
	session string
	packet  Packet
	timer   *time.Timer // delivers the reply when "idle" does not come
}

// answer gives a reply to the client that asked: at once, or when the outputs before it have been given out. The lock is held.
func (k *Kernel) answer(a asked, p Packet) {
	id := p.Message.Parent.ID
	delete(k.asked, id)
	if a.idle || a.header.Type != protocol.TypeExecuteRequest {
		k.toSession(a.session, p)
		return
	}
	k.held[id] = heldReply{a.session, p, time.AfterFunc(replyPatience, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.letGo(id)
	})}
}

// letGo delivers the held reply to a request, if there is one. The lock is held.
func (k *Kernel) letGo(id string) {
	if h, ok := k.held[id]; ok {
		h.timer.Stop()
		delete(k.held, id)
		k.toSession(h.session, h.packet)
	}
}

// outputsEnd takes "idle" as the end of a request's outputs, and delivers its reply before that is given out. The lock is held.
func (k *Kernel) outputsEnd(id string) {
	if a, ok := k.asked[id]; ok {
		a.idle = true
		k.asked[id] = a
	}
	k.letGo(id)
}
