package transport

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/go-zeromq/zmq4"
)

// ErrNoPeer is returned by [Router.Send] for an identity that is not connected (any more).
var ErrNoPeer = errors.New("transport: no peer with this identity")

// Router is a ROUTER socket: it takes messages from many peers and answers each by its identity.
// Its methods may be called by many goroutines.
type Router struct {
	b        *binding
	incoming chan [][]byte
	byID     map[string]*peer // guarded by b.mu
	lastID   uint32           // guarded by b.mu
}

// NewRouter serves a ROUTER socket on l, which it owns from now on.
func NewRouter(l net.Listener, o Options) *Router {
	r := &Router{b: bind(l, zmq4.Router, o), incoming: make(chan [][]byte), byID: make(map[string]*peer)}
	r.b.arriving = r.arriving
	r.b.joined = r.joined
	r.b.left = func(p *peer) {
		if r.byID[p.identity] == p {
			delete(r.byID, p.identity)
		}
	}
	r.b.received = func(p *peer, frames [][]byte) error {
		select {
		case r.incoming <- append([][]byte{[]byte(p.identity)}, frames...):
			return nil
		case <-r.b.closed: // go on reading, to see the peer's end, until linger is over
			return nil
		case <-p.done:
			return p.err
		}
	}
	r.b.start()
	return r
}

// handoverTime is how long a peer waits for one that has its identity to leave.
const handoverTime = 500 * time.Millisecond

// arriving lets a peer that connects again wait for the end of its old connection, which may be noticed after the new one:
// what a peer sends to a connection that is refused is lost.
func (r *Router) arriving(p *peer) {
	r.b.mu.Lock()
	old := r.byID[p.identity]
	r.b.mu.Unlock()
	if old == nil {
		return
	}
	timer := time.NewTimer(handoverTime)
	defer timer.Stop()
	select {
	case <-old.done:
	case <-timer.C:
	case <-r.b.closed:
	}
}

// joined gives the peer its identity: its own, or a new one. As in libzmq, an identity in use refuses the newcomer.
func (r *Router) joined(p *peer) error {
	if p.identity == "" {
		r.lastID++
		p.identity = string(binary.BigEndian.AppendUint32([]byte{0}, r.lastID))
	}
	if old := r.byID[p.identity]; old != nil {
		select {
		case <-old.done:
		default:
			return fmt.Errorf("identity %.40q is in use", p.identity)
		}
	}
	r.byID[p.identity] = p
	return nil
}

// Recv waits for the next message of any peer. Its first frame is the peer's identity.
// It returns ErrClosed after Close and the context's error when that ends.
func (r *Router) Recv(ctx context.Context) ([][]byte, error) {
	select {
	case frames := <-r.incoming:
		return frames, nil
	case <-r.b.closed:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Send queues a message for the peer whose identity is the first frame, and never waits: a peer that asks and does not
// read is disconnected once [Options.MaxQueueBytes] are queued for it.
func (r *Router) Send(frames [][]byte) error {
	if len(frames) < 2 {
		return fmt.Errorf("transport: message of %d frames for a ROUTER", len(frames))
	}
	r.b.mu.Lock()
	p := r.byID[string(frames[0])]
	r.b.mu.Unlock()
	if p == nil {
		return fmt.Errorf("%w: %.40q", ErrNoPeer, frames[0])
	}
	if err := r.b.enqueue(p, frames[1:]); err != nil {
		return fmt.Errorf("%w: %.40q: %w", ErrNoPeer, frames[0], err)
	}
	return nil
}

// Addr is where the socket listens.
func (r *Router) Addr() net.Addr { return r.b.listener.Addr() }

// Close ends the socket after sending what is queued, for at most linger.
func (r *Router) Close(linger time.Duration) error { return r.b.close(linger) }

// Echo is the heartbeat socket: it sends every message back to its sender, whatever the rest of the kernel does.
type Echo struct{ b *binding }

// NewEcho serves a heartbeat on l, which it owns from now on. Its messages have at most 64 KiB.
func NewEcho(l net.Listener, o Options) *Echo {
	o.MaxMessage = maxSmall
	e := &Echo{b: bind(l, zmq4.Router, o)}
	e.b.received = e.b.enqueue
	e.b.start()
	return e
}

// Addr is where the socket listens.
func (e *Echo) Addr() net.Addr { return e.b.listener.Addr() }

// Close ends the socket; see [Router.Close].
func (e *Echo) Close(linger time.Duration) error { return e.b.close(linger) }
