package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"

	"poolbook/kernel/transport/curve"
)

// errStalled ends the connection of a peer that does not read.
var errStalled = errors.New("peer does not read")

// errClosing refuses messages for a peer that is being closed.
var errClosing = errors.New("connection is closing")

// peer is one ZMTP connection with its queue of outgoing messages.
type peer struct {
	conn     *zmq4.Conn
	guard    *guard
	identity string
	limit    int // of bytes in the queue, after which no more is taken

	mu       sync.Mutex
	queue    []outgoing
	bytes    int           // of the messages in queue and the one being written, guarded by mu
	moved    time.Time     // when the writer last got something off, guarded by mu
	closing  bool          // no more messages, write what is there, guarded by mu
	err      error         // why the connection ended, guarded by mu
	wake     chan struct{} // capacity 1: the queue has changed, for the writer
	room     chan struct{} // made when somebody waits, closed when the queue gets shorter, guarded by mu
	progress func()        // nil, or called when the queue gets shorter; set before the writer starts
	done     chan struct{} // closed when the connection has ended (fail)
	drained  chan struct{} // closed by the writer when it returns
	topics   map[string]int
	topicMu  sync.Mutex // guards topics
}

// outgoing is a message to send: frames, or a command if name is set.
type outgoing struct {
	frames [][]byte
	name   string
	size   int
}

// open shakes hands on c within the time limit and returns the peer. The caller starts its writer.
// A malformed handshake that makes zmq4 panic is an error like any other.
func open(c net.Conn, kind zmq4.SocketType, identity string, server bool, o Options) (p *peer, err error) {
	g := newGuard(c, o.MaxMessage)
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("%w: malformed handshake: %v", ErrProtocol, r)
		}
	}()
	if err := c.SetDeadline(time.Now().Add(o.HandshakeTimeout)); err != nil {
		return nil, err
	}
	security := o.security()
	conn, err := zmq4.Open(g, security, kind, zmq4.SocketIdentity(identity), server, nil)
	if err != nil {
		return nil, err
	}
	if err := c.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	p = &peer{
		conn:     conn,
		guard:    g,
		identity: conn.Peer.Meta["Identity"],
		limit:    o.MaxQueueBytes,
		moved:    time.Now(),
		wake:     make(chan struct{}, 1),
		done:     make(chan struct{}),
		drained:  make(chan struct{}),
		topics:   make(map[string]int),
	}
	var session *curve.Session
	if c, ok := security.(*curveSecurity); ok {
		session = c.session
	}
	g.opened(session, p.command)
	return p, nil
}

// command handles a ZMTP command after the handshake.
func (p *peer) command(name string, body []byte) error {
	switch name {
	case zmq4.CmdPing: // two bytes of time to live, then a context that goes back
		if len(body) < 2 || len(body) > 2+16 {
			return fmt.Errorf("%w: PING of %d bytes", ErrProtocol, len(body))
		}
		return p.enqueue(outgoing{name: zmq4.CmdPong, frames: [][]byte{body[2:]}, size: len(body)})
	case zmq4.CmdSubscribe:
		_, err := p.subscribe(string(body), 1)
		return err
	case zmq4.CmdCancel:
		_, err := p.subscribe(string(body), -1)
		return err
	}
	return nil // unknown commands are ignored, as ZMTP asks
}

// recv returns the next message. Only the peer's reader calls it.
func (p *peer) recv() ([][]byte, error) {
	m, err := p.conn.RecvMsg()
	if err != nil {
		return nil, err
	}
	return m.Frames, nil
}

// send queues a message without waiting. errStalled: there is too much already that the peer does not read.
func (p *peer) send(frames [][]byte) error {
	size := 64 // about what a queued message costs besides its bytes
	for _, f := range frames {
		size += len(f)
	}
	return p.enqueue(outgoing{frames: frames, size: size})
}

func (p *peer) enqueue(m outgoing) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	if p.closing {
		return errClosing
	}
	if p.bytes > p.limit {
		return errStalled
	}
	if p.bytes == 0 {
		p.moved = time.Now()
	}
	p.queue = append(p.queue, m)
	p.bytes += m.size
	signal(p.wake)
	return nil
}

// queued returns the bytes not yet written, when something last moved, and a channel that closes when there is more room.
func (p *peer) queued() (bytes int, moved time.Time, room <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.room == nil {
		p.room = make(chan struct{})
	}
	return p.bytes, p.moved, p.room
}

// roomier wakes those who wait for room. The caller holds mu.
func (p *peer) roomier() {
	if p.progress != nil {
		p.progress()
	}
	if p.room != nil {
		close(p.room)
		p.room = nil
	}
}

// write is the writer's goroutine: it sends the queue until the peer fails, or is closing and the queue is empty.
func (p *peer) write() {
	defer close(p.drained)
	for {
		p.mu.Lock()
		batch := p.queue
		p.queue = nil
		closing := p.closing
		p.mu.Unlock()
		if len(batch) == 0 {
			if closing {
				return
			}
			select {
			case <-p.wake:
				continue
			case <-p.done:
				return
			}
		}
		for i, m := range batch {
			if err := p.writeOne(m, i == len(batch)-1); err != nil {
				p.fail(err)
				return
			}
			p.mu.Lock()
			p.bytes -= m.size
			p.moved = time.Now()
			p.roomier()
			p.mu.Unlock()
		}
	}
}

func (p *peer) writeOne(m outgoing, flush bool) error {
	var err error
	if p.guard.session != nil {
		err = p.writeOneSealed(m)
	} else if m.name != "" {
		err = p.conn.SendCmd(m.name, m.frames[0])
	} else {
		err = p.conn.SendMsg(zmq4.Msg{Frames: m.frames})
	}
	if err == nil && flush {
		err = p.guard.Flush()
	}
	return err
}

// fail ends the connection at once; the first reason stays. It reports whether this was the first.
func (p *peer) fail(err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return false
	}
	if err == nil {
		err = io.EOF
	}
	p.err = err
	p.queue, p.bytes = nil, 0
	close(p.done)
	p.roomier()
	_ = p.guard.Conn.Close()
	return true
}

// finish refuses further messages and lets the writer end when all is sent.
func (p *peer) finish() {
	p.mu.Lock()
	p.closing = true
	signal(p.wake)
	p.mu.Unlock()
}

// linger sends what is queued, then says that nothing more comes and waits for the peer to have taken it, all until the
// deadline. The reader must be reading: it sees the peer's end.
func (p *peer) linger(deadline time.Time) {
	p.finish()
	_ = p.guard.SetWriteDeadline(deadline)
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-p.drained:
	case <-p.done:
		return
	case <-timer.C:
		p.fail(errStalled)
		return
	}
	// Closing at once could reset the connection and take back what the peer has not read yet.
	if half, ok := p.guard.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		select {
		case <-p.done:
		case <-timer.C:
		}
	}
	p.fail(net.ErrClosed)
}

// subscribe adds or removes a subscription and reports whether it added one.
func (p *peer) subscribe(topic string, delta int) (added bool, err error) {
	p.topicMu.Lock()
	defer p.topicMu.Unlock()
	if delta < 0 && p.topics[topic] == 0 {
		return false, nil
	}
	if len(p.topics) >= maxTopics && p.topics[topic] == 0 {
		return false, fmt.Errorf("%w: more than %d subscriptions", ErrProtocol, maxTopics)
	}
	p.topics[topic] += delta
	if p.topics[topic] == 0 {
		delete(p.topics, topic)
	}
	return delta > 0, nil
}

// subscribed reports whether a message with this first frame goes to the peer.
func (p *peer) subscribed(topic []byte) bool {
	p.topicMu.Lock()
	defer p.topicMu.Unlock()
	for t := range p.topics {
		if len(t) <= len(topic) && string(topic[:len(t)]) == t {
			return true
		}
	}
	return false
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// size is the number of bytes not yet written and when something last moved.
func (p *peer) size() (bytes int, moved time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes, p.moved
}
