package client

import (
	"context"
	"sync"

	"poolbook/kernel/protocol"
)

// Event tells of a change in the life of a kernel.
type Event string

// The events of a kernel.
const (
	EventRestarting Event = "restarting"
	EventRestarted  Event = "restarted"
	EventDied       Event = "died" // by itself; see [Kernel.Err]. Restart brings it back
)

// Incoming is what a subscription delivers: a message with its channel, or an event (then Message is nil).
type Incoming struct {
	Channel protocol.Channel
	Message *protocol.Message
	Event   Event
}

// Subscription delivers everything that a kernel sends, in order for each channel. Whoever holds one must read it or close
// it: when more than [Options.QueueBytes] of output wait in it, reading of outputs from the kernel waits (for all
// subscriptions), so that nothing is lost and memory stays bounded. Replies never wait.
type Subscription struct {
	k     *Kernel
	limit int

	mu    sync.Mutex
	queue []Incoming    // guarded by mu
	bytes int           // of the outputs in queue, guarded by mu
	ended bool          // the kernel is shut down, guarded by mu
	more  chan struct{} // capacity 1: the queue has grown or ended
	room  chan struct{} // capacity 1: the queue has shrunk
	done  chan struct{} // closed by Close
	once  sync.Once
}

// Subscribe starts a subscription. It lasts, over restarts, until its Close or the kernel's Shutdown or Kill.
func (k *Kernel) Subscribe() *Subscription {
	s := &Subscription{
		k:     k,
		limit: k.opts.QueueBytes,
		more:  make(chan struct{}, 1),
		room:  make(chan struct{}, 1),
		done:  make(chan struct{}),
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.subs[s] = struct{}{}
	return s
}

// Next waits for the next message or event. It returns [ErrClosed] after Close, and after the last message of a kernel that
// was shut down; the context's error when that ends first. One goroutine at a time may call it.
func (s *Subscription) Next(ctx context.Context) (Incoming, error) {
	for {
		s.mu.Lock()
		if len(s.queue) > 0 {
			in := s.queue[0]
			s.queue[0] = Incoming{}
			if s.queue = s.queue[1:]; len(s.queue) == 0 {
				s.queue = nil
			}
			s.bytes -= size(in)
			signal(s.room)
			s.mu.Unlock()
			return in, nil
		}
		ended := s.ended
		s.mu.Unlock()
		if ended {
			return Incoming{}, ErrClosed
		}
		select {
		case <-s.more:
		case <-s.done:
			return Incoming{}, ErrClosed
		case <-ctx.Done():
			return Incoming{}, ctx.Err()
		}
	}
}

// Close ends the subscription. It may be called again, and by another goroutine than Next.
func (s *Subscription) Close() {
	s.once.Do(func() {
		s.k.mu.Lock()
		delete(s.k.subs, s)
		s.k.mu.Unlock()
		close(s.done)
	})
}

// end lets Next return ErrClosed after what is queued.
func (s *Subscription) end() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	signal(s.more)
}

// push queues in; outputs wait for room.
func (s *Subscription) push(in Incoming) {
	for {
		s.mu.Lock()
		if in.Channel != protocol.IOPub || s.bytes < s.limit || s.ended {
			s.queue = append(s.queue, in)
			s.bytes += size(in)
			s.mu.Unlock()
			signal(s.more)
			return
		}
		s.mu.Unlock()
		select {
		case <-s.room:
		case <-s.done:
			return
		}
	}
}

// size is what an output counts for; other messages count nothing.
func size(in Incoming) int {
	if in.Channel != protocol.IOPub || in.Message == nil {
		return 0
	}
	n := len(in.Message.Content) + len(in.Message.Metadata) + 512
	for _, b := range in.Message.Buffers {
		n += len(b)
	}
	return n
}

// broadcast gives in to all subscriptions.
func (k *Kernel) broadcast(in Incoming) {
	k.mu.Lock()
	subs := make([]*Subscription, 0, len(k.subs))
	for s := range k.subs {
		subs = append(subs, s)
	}
	k.mu.Unlock()
	for _, s := range subs {
		s.push(in)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
