package transport

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"
)

// Publisher is an XPUB socket. A message goes to every subscriber whose topic begins the first frame.
// Its methods may be called by many goroutines.
type Publisher struct {
	b       *binding
	welcome func(topic string) [][]byte

	mu    sync.Mutex
	moved chan struct{} // made when somebody waits, guarded by mu
}

// NewPublisher serves an XPUB socket on l, which it owns from now on. welcome, if not nil, makes the message that a new
// subscriber gets first, and only it; it is called by many goroutines.
func NewPublisher(l net.Listener, o Options, welcome func(topic string) [][]byte) *Publisher {
	o.MaxMessage = maxSmall // all that subscribers say is what they subscribe to
	pub := &Publisher{b: bind(l, zmq4.XPub, o), welcome: welcome}
	pub.b.received = pub.received
	pub.b.joined = func(p *peer) error {
		p.progress = pub.progress
		return nil
	}
	pub.b.start()
	return pub
}

// received handles a subscription: a message of one frame that begins with 1 (subscribe) or 0 (cancel).
func (pub *Publisher) received(p *peer, frames [][]byte) error {
	if len(frames) != 1 || len(frames[0]) == 0 || frames[0][0] > 1 {
		return nil // libzmq hands such messages to the application, which is not interested
	}
	topic := string(frames[0][1:])
	delta := 1
	if frames[0][0] == 0 {
		delta = -1
	}
	if added, err := p.subscribe(topic, delta); !added || pub.welcome == nil {
		return err
	}
	if frames := pub.welcome(topic); frames != nil {
		return pub.b.enqueue(p, frames)
	}
	return nil
}

// Publish queues a message for every subscriber. Before that it waits, so that nothing is lost to a slow reader: while all
// subscribers have more than [Options.QueueBytes] queued, and while any has more than half of [Options.MaxQueueBytes]. So one
// that does not read holds the others up late, and a subscriber alone soon. It waits no longer than ctx lasts: then, and when
// ctx is done already, the message is queued all the same. A subscriber that takes nothing for [Options.StallTimeout], while
// somebody waits and others keep up, is disconnected; when nobody keeps up there is nobody to gain by it.
func (pub *Publisher) Publish(ctx context.Context, frames [][]byte) error {
	select {
	case <-pub.b.closed:
		return ErrClosed
	default:
	}
	for _, p := range pub.ready(ctx, frames[0]) {
		_ = pub.b.enqueue(p, frames) // the peer has gone or is being closed: nothing to tell the publisher
	}
	return nil
}

// ready returns the subscribers of a topic when all have room, or ctx is done.
func (pub *Publisher) ready(ctx context.Context, topic []byte) []*peer {
	var timer *time.Timer
	for {
		peers := slices.DeleteFunc(pub.b.all(), func(p *peer) bool { return !p.subscribed(topic) })
		if ctx.Err() != nil {
			return peers
		}
		changed := pub.moves()
		left, blocked := pub.blocked(peers)
		if !blocked {
			return peers
		}
		if timer == nil {
			timer = time.NewTimer(left)
			defer timer.Stop()
		} else {
			timer.Reset(left)
		}
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
		case <-pub.b.closed:
			return nil
		}
	}
}

// blocked reports whether Publish must wait for one of the peers, and for how long until one of them has stalled.
// Those that have stalled already are disconnected.
func (pub *Publisher) blocked(peers []*peer) (left time.Duration, blocked bool) {
	o := pub.b.opts
	limit, keepUp := o.QueueBytes, false
	for _, p := range peers {
		if bytes, _ := p.size(); bytes < o.QueueBytes {
			limit, keepUp = max(limit, o.MaxQueueBytes/2), true
			break
		}
	}
	left = o.StallTimeout
	for _, p := range peers {
		bytes, moved := p.size()
		if bytes < limit {
			continue
		}
		blocked = true
		if !keepUp {
			continue
		}
		stall := time.Until(moved.Add(o.StallTimeout))
		if stall <= 0 {
			pub.b.log.Warn("subscriber disconnected: it does not read",
				"peer", remote(p.guard.Conn), "queued", bytes, "for", o.StallTimeout)
			p.fail(errStalled)
			continue
		}
		left = min(left, stall)
	}
	return left, blocked
}

// moves is a channel that closes when any subscriber's queue gets shorter or ends.
func (pub *Publisher) moves() <-chan struct{} {
	pub.mu.Lock()
	defer pub.mu.Unlock()
	if pub.moved == nil {
		pub.moved = make(chan struct{})
	}
	return pub.moved
}

// progress is called by writers.
func (pub *Publisher) progress() {
	pub.mu.Lock()
	defer pub.mu.Unlock()
	if pub.moved != nil {
		close(pub.moved)
		pub.moved = nil
	}
}

// Addr is where the socket listens.
func (pub *Publisher) Addr() net.Addr { return pub.b.listener.Addr() }

// Close ends the socket after sending what is queued, for at most linger.
func (pub *Publisher) Close(linger time.Duration) error { return pub.b.close(linger) }
