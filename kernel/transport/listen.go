package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-zeromq/zmq4"

	"poolbook/kernel/transport/curve"
)

// Options of a socket. The zero value has the defaults.
type Options struct {
	// HandshakeTimeout ends connections that do not complete the handshake; 10 s by default.
	HandshakeTimeout time.Duration
	// MaxMessage is the largest message taken from a peer, in bytes of all its frames; 512 MiB by default.
	MaxMessage int64
	// MaxIncoming is how much a listening socket holds of messages longer than 1 MiB, of all peers together, which are on their way or
	// wait to be received; 1 GiB by default. Who sends more is disconnected.
	MaxIncoming int64
	// MaxPeers is how many connections a listening socket has at once; 1,024 by default. More are closed as they come.
	MaxPeers int
	// QueueBytes is how much may be queued for one subscriber before Publish waits; 8 MiB by default. See Publish.
	QueueBytes int
	// MaxQueueBytes is how much is ever queued for one peer; 192 MiB by default. A peer past it does not read what it asked
	// for, and is disconnected.
	MaxQueueBytes int
	// StallTimeout is how long Publish waits for a subscriber that takes nothing while others do; after it the subscriber is
	// disconnected, so that these go on. One minute by default.
	StallTimeout time.Duration
	// Curve has connections encrypted by CurveZMQ, and no others made: the keys of a listening socket, which is the server, and for one that
	// connects the server's, of which it uses the public one. nil is without.
	Curve *curve.Keys
	// Logger hears of refused and broken connections; nil discards.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.HandshakeTimeout == 0 {
		o.HandshakeTimeout = 10 * time.Second
	}
	if o.MaxMessage == 0 {
		o.MaxMessage = 512 << 20
	}
	if o.MaxIncoming == 0 {
		o.MaxIncoming = 1 << 30
	}
	if o.MaxPeers == 0 {
		o.MaxPeers = 1024
	}
	if o.QueueBytes == 0 {
		o.QueueBytes = 8 << 20
	}
	if o.MaxQueueBytes == 0 {
		o.MaxQueueBytes = 192 << 20
	}
	if o.StallTimeout == 0 {
		o.StallTimeout = time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// ErrClosed is returned by the methods of closed sockets.
var ErrClosed = errors.New("transport: socket is closed")

// binding is a listening socket: what Router, Publisher and Echo share.
type binding struct {
	listener net.Listener
	kind     zmq4.SocketType
	opts     Options
	log      *slog.Logger
	// arriving is called before joined, and may take a moment.
	arriving func(*peer)
	// joined is called under mu before a peer's reader starts; an error refuses the peer.
	joined func(*peer) error
	// left is called under mu when a peer has ended.
	left func(*peer)
	// received is called by a peer's reader; an error ends the connection.
	received func(*peer, [][]byte) error

	mu     sync.Mutex
	peers  map[*peer]struct{}    // guarded by mu
	opens  map[net.Conn]struct{} // in the handshake, guarded by mu
	closed chan struct{}         // closed under mu by close
	wg     sync.WaitGroup        // accept loop, and per connection one reader (which waits for its writer)
	count  atomic.Int64          // of connections
	held   atomic.Int64          // bytes of long messages, see MaxIncoming
}

func bind(l net.Listener, kind zmq4.SocketType, o Options) *binding {
	o = o.withDefaults()
	return &binding{
		listener: l,
		kind:     kind,
		opts:     o,
		log:      o.Logger.With("socket", string(kind), "address", l.Addr().String()),
		peers:    make(map[*peer]struct{}),
		opens:    make(map[net.Conn]struct{}),
		closed:   make(chan struct{}),
	}
}

func (b *binding) start() {
	b.wg.Go(b.accept)
}

// accept is the accepting goroutine: it hands each connection to its own.
func (b *binding) accept() {
	for {
		c, err := b.listener.Accept()
		if err != nil {
			select {
			case <-b.closed:
				return
			default:
			}
			if errors.Is(err, net.ErrClosed) {
				return
			}
			b.log.Warn("cannot accept a connection", "error", err) // for example: no more file descriptors
			select {
			case <-b.closed:
				return
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		if b.count.Add(1) > int64(b.opts.MaxPeers) {
			b.count.Add(-1)
			b.log.Warn("connection refused: too many peers", "peer", remote(c), "max", b.opts.MaxPeers)
			_ = c.Close()
			continue
		}
		b.wg.Go(func() {
			defer b.count.Add(-1)
			b.serve(c)
		})
	}
}

// serve is a connection's reader.
func (b *binding) serve(c net.Conn) {
	b.mu.Lock()
	select {
	case <-b.closed:
		b.mu.Unlock()
		_ = c.Close()
		return
	default:
	}
	b.opens[c] = struct{}{}
	b.mu.Unlock()

	p, err := open(c, b.kind, "", true, b.opts)
	if err == nil {
		p.guard.reserve = b.reserve
		err = checkIdentity(p.identity)
	}
	if err == nil && b.arriving != nil {
		b.arriving(p)
	}

	b.mu.Lock()
	delete(b.opens, c)
	select {
	case <-b.closed:
		if err == nil {
			err = ErrClosed
		}
	default:
	}
	if err == nil && b.joined != nil {
		err = b.joined(p)
	}
	if err != nil {
		b.mu.Unlock()
		switch {
		case errors.Is(err, ErrClosed):
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET):
			b.log.Debug("a peer left before it was one", "peer", remote(c), "error", err) // as who tries ports does
		default:
			b.log.Warn("connection refused", "peer", remote(c), "error", err)
		}
		_ = c.Close()
		return
	}
	b.peers[p] = struct{}{}
	b.mu.Unlock()

	b.wg.Go(p.write)
	for err == nil {
		var frames [][]byte
		if frames, err = p.recv(); err == nil {
			err = b.received(p, frames)
			p.guard.release()
		}
	}
	p.fail(err)
	p.guard.release()
	<-p.drained
	b.mu.Lock()
	delete(b.peers, p)
	if b.left != nil {
		b.left(p)
	}
	b.mu.Unlock()
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !errors.Is(err, ErrClosed) {
		b.log.Warn("connection ended", "peer", remote(c), "error", err)
	}
}

// checkIdentity refuses identities that no peer may choose: those that begin with 0 are the socket's own to give.
func checkIdentity(identity string) error {
	if len(identity) > maxIdentity || strings.HasPrefix(identity, "\x00") {
		return fmt.Errorf("%w: identity of %d bytes: %.20q", ErrProtocol, len(identity), identity)
	}
	return nil
}

// reserve takes room for long messages, see [Options.MaxIncoming].
func (b *binding) reserve(bytes int64) bool {
	if b.held.Add(bytes) > b.opts.MaxIncoming && bytes > 0 {
		b.held.Add(-bytes)
		return false
	}
	return true
}

// enqueue queues a message for p without waiting, and disconnects p when it has too much queued already.
func (b *binding) enqueue(p *peer, frames [][]byte) error {
	err := p.send(frames)
	if errors.Is(err, errStalled) && p.fail(err) {
		b.log.Warn("peer disconnected: it does not read", "peer", remote(p.guard.Conn))
	}
	return err
}

func (b *binding) all() []*peer {
	b.mu.Lock()
	defer b.mu.Unlock()
	peers := make([]*peer, 0, len(b.peers))
	for p := range b.peers {
		peers = append(peers, p)
	}
	return peers
}

// close ends the socket: no new peers, what is queued is sent for at most linger, and all goroutines have ended when it
// returns. It may be called twice.
func (b *binding) close(linger time.Duration) error {
	b.mu.Lock()
	select {
	case <-b.closed:
		b.mu.Unlock()
		b.wg.Wait()
		return nil
	default:
	}
	close(b.closed)
	for c := range b.opens {
		_ = c.Close()
	}
	b.mu.Unlock()
	err := b.listener.Close()
	deadline := time.Now().Add(linger)
	var wg sync.WaitGroup
	for _, p := range b.all() {
		wg.Go(func() { p.linger(deadline) })
	}
	wg.Wait()
	b.wg.Wait()
	return err
}

// Listen opens a listener for a socket: network "tcp" or "unix".
func Listen(ctx context.Context, network, address string) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(ctx, network, address)
}
