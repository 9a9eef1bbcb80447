package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"
)

// Kind is the type of a connecting socket.
type Kind zmq4.SocketType

// The sockets of a kernel's client.
const (
	Dealer = Kind(zmq4.Dealer) // shell, control, stdin
	Sub    = Kind(zmq4.Sub)    // iopub; it subscribes to everything
	Req    = Kind(zmq4.Req)    // heartbeat
)

// Conn is a client's connection to one listening socket. It does not reconnect.
type Conn struct {
	p    *peer
	opts Options
	wg   sync.WaitGroup // the writer
}

// Dial connects once and shakes hands. identity is what a ROUTER answers to; empty lets the ROUTER choose.
func Dial(ctx context.Context, network, address string, kind Kind, identity string, o Options) (*Conn, error) {
	o = o.withDefaults()
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("transport: dial: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	p, err := open(c, zmq4.SocketType(kind), identity, false, o)
	if !stop() {
		err = errors.Join(ctx.Err(), err)
		if p != nil {
			p.fail(err)
		}
	}
	if err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("transport: dial %s: %w", address, err)
	}
	conn := &Conn{p: p, opts: o}
	conn.wg.Go(p.write)
	if kind == Sub {
		if err := p.send([][]byte{{1}}); err != nil {
			return nil, errors.Join(err, conn.Close(0))
		}
	}
	return conn, nil
}

// Send queues a message. It waits while more than [Options.QueueBytes] are queued, at most until ctx is done.
func (c *Conn) Send(ctx context.Context, frames [][]byte) error {
	for {
		bytes, _, room := c.p.queued()
		if bytes < c.opts.QueueBytes {
			return c.p.send(frames)
		}
		select {
		case <-room:
		case <-c.p.done:
			return c.Err()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Recv waits for the next message. One goroutine at a time may call it; Close ends the wait.
func (c *Conn) Recv() ([][]byte, error) {
	frames, err := c.p.recv()
	if err != nil {
		c.p.fail(err)
	}
	return frames, err
}

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.p.done }

// Err tells why the connection has ended, nil while it lasts.
func (c *Conn) Err() error {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.p.err
}

// Close sends what is queued, for at most linger, and ends the connection.
func (c *Conn) Close(linger time.Duration) error {
	c.p.finish()
	timer := time.NewTimer(linger)
	defer timer.Stop()
	select {
	case <-c.p.drained:
	case <-c.p.done:
	case <-timer.C:
	}
	c.p.fail(net.ErrClosed)
	c.wg.Wait()
	return nil
}
