package transport

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/go-zeromq/zmq4"
)

// Publisher is an XPUB socket. A message goes to every subscriber whose topic begins the first frame.
// Its methods may be called by many goroutines.
type Publisher struct {
	b       *binding
	welcome func(topic string) [][]byte
}

// NewPublisher serves an XPUB socket on l, which it owns from now on. welcome, if not nil, makes the message that a new
// subscriber gets first, and only it; it is called by many goroutines.
func NewPublisher(l net.Listener, o Options, welcome func(topic string) [][]byte) *Publisher {
	pub := &Publisher{b: bind(l, zmq4.XPub, o), welcome: welcome}
	pub.b.received = pub.received
	pub.b.start()
	return pub
}

// received handles a subscription: a message of one frame that begins with 1 (subscribe) or 0 (cancel).
func (pub *Publisher) received(p *peer, frames [][]byte) error {
	if len(frames) != 1 || len(frames[0]) == 0 || frames[0][0] > 1 {
		return nil // libzmq hands such messages to the application, which is not interested
	}
	topic := string(frames[0][1:])
	if frames[0][0] == 0 {
		p.subscribe(topic, -1)
		return nil
	}
	if !p.subscribe(topic, 1) || pub.welcome == nil {
		return nil
	}
	if frames := pub.welcome(topic); frames != nil {
		return pub.b.enqueue(p, frames)
	}
	return nil
}

// Publish queues a message for every subscriber and waits while any of them has more than [Options.QueueBytes] queued, so
// that nothing is lost to a slow reader. It waits no longer than ctx lasts: then, and when ctx is done already, the message
// is queued all the same. A subscriber that takes nothing for [Options.StallTimeout] while somebody waits is disconnected.
func (pub *Publisher) Publish(ctx context.Context, frames [][]byte) error {
	select {
	case <-pub.b.closed:
		return ErrClosed
	default:
	}
	for _, p := range pub.b.all() {
		if !p.subscribed(frames[0]) {
			continue
		}
		pub.wait(ctx, p)
		_ = pub.b.enqueue(p, frames) // the peer has gone or is being closed: nothing to tell the publisher
	}
	return nil
}

// wait returns when p has room, has gone, or ctx is done.
func (pub *Publisher) wait(ctx context.Context, p *peer) {
	if bytes, _ := p.size(); bytes < pub.b.opts.QueueBytes {
		return
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		bytes, moved, room := p.queued()
		if bytes < pub.b.opts.QueueBytes {
			return
		}
		left := time.Until(moved.Add(pub.b.opts.StallTimeout))
		if left <= 0 {
			pub.b.log.Warn("subscriber disconnected: it does not read",
				"peer", remote(p.guard.Conn), "queued", bytes, "for", pub.b.opts.StallTimeout)
			p.fail(errors.Join(errStalled, context.DeadlineExceeded))
			return
		}
		timer.Reset(left)
		select {
		case <-room:
		case <-timer.C:
		case <-p.done:
			return
		case <-ctx.Done():
		case <-pub.b.closed:
			return
		}
	}
}

// Addr is where the socket listens.
func (pub *Publisher) Addr() net.Addr { return pub.b.listener.Addr() }

// Close ends the socket after sending what is queued, for at most linger.
func (pub *Publisher) Close(linger time.Duration) error { return pub.b.close(linger) }
