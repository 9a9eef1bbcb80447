package kernels

import (
	"context"
	"errors"
	"sync"

	"poolbook/kernel/protocol"
)

// Limits of a connection's queue: when it holds more, the kernel's outputs wait.
const (
	maxQueueBytes    = 16 << 20
	maxQueueMessages = 20_000
)

// ErrGone: the connection was closed, by its kernel's end, by its own client's newer connection, or by Close.
var ErrGone = errors.New("the connection is closed")

// Packet is a message with its channel.
type Packet struct {
	Channel protocol.Channel
	Message *protocol.Message
}

func (p Packet) size() int {
	n := len(p.Message.Content) + len(p.Message.Metadata) + 512
	for _, b := range p.Message.Buffers {
		n += len(b)
	}
	return n
}

// Conn is one client's connection to a kernel. One goroutine calls Next, another Send; Close may be called by any.
type Conn struct {
	k       *Kernel
	session string // of the client: replies find it again when it connects anew
	shaped  bool   // gets outputs as a page can show them
	worked  bool   // has asked for an execution; guarded by k.mu

	mu     sync.Mutex
	queue  []Packet      // guarded by mu
	bytes  int           // of queue, guarded by mu
	closed bool          // guarded by mu
	more   chan struct{} // capacity 1: the queue has grown, or the connection is closed
	room   chan struct{} // capacity 1: the queue has shrunk, or the connection is closed
}

func newConn(k *Kernel, session string) *Conn {
	return &Conn{k: k, session: session, more: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// Next waits for the next packet for the client. After the last one of a closed connection it returns ErrGone.
func (c *Conn) Next(ctx context.Context) (Packet, error) {
	for {
		c.mu.Lock()
		if len(c.queue) > 0 {
			p := c.queue[0]
			c.queue[0] = Packet{}
			if c.queue = c.queue[1:]; len(c.queue) == 0 {
				c.queue = nil
			}
			c.bytes -= p.size()
			c.mu.Unlock()
			signal(c.room)
			return p, nil
		}
		closed := c.closed
		c.mu.Unlock()
		if closed {
			return Packet{}, ErrGone
		}
		select {
		case <-c.more:
		case <-ctx.Done():
			return Packet{}, ctx.Err()
		}
	}
}

// put queues a packet without waiting; false when the connection is closed.
func (c *Conn) put(p Packet) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.queue = append(c.queue, p)
	c.bytes += p.size()
	signal(c.more)
	return true
}

// waitRoom waits until the queue has room, or the connection is closed.
func (c *Conn) waitRoom(ctx context.Context) {
	for {
		c.mu.Lock()
		full := !c.closed && (c.bytes > maxQueueBytes || len(c.queue) > maxQueueMessages)
		c.mu.Unlock()
		if !full {
			return
		}
		select {
		case <-c.room:
		case <-ctx.Done():
			return
		}
	}
}

// end closes the queue and returns what is left in it.
func (c *Conn) end() []Packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := c.queue
	c.queue, c.bytes, c.closed = nil, 0, true
	signal(c.more)
	signal(c.room)
	return left
}

// drain closes the queue; what is in it can still be taken.
func (c *Conn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	signal(c.more)
	signal(c.room)
}

// Unsent gives back a packet that could not be written, to be the first of what is left.
func (c *Conn) Unsent(p Packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.queue = append([]Packet{p}, c.queue...)
		c.bytes += p.size()
	}
}

// Close ends the connection. What the client did not take is kept for the next one.
func (c *Conn) Close() { c.k.detach(c) }

// Send passes a client's message on to the kernel. It waits while the kernel does not take it.
func (c *Conn) Send(p Packet) error { return c.k.send(c, p) }

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
