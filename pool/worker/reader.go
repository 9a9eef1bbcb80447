package worker

import (
	"bytes"
	"time"

	"poolbook/pool/internal/proc"
)

// The pool's pipe is read by one goroutine at a time. The executor does it itself when it has nothing to do: a short task then costs no
// change of goroutines. While a task runs nobody reads, until the flusher finds that it takes long, or a task asks the notebook for
// something: then the reader does, and goes on until the executor has nothing to do again.

// take waits for the next message for the executor; false when there will be none.
func (w *worker) take() (message, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 && !w.closed {
		w.mu.Unlock()
		w.out.finishUp()
		w.mu.Lock()
	}
	for len(w.queue) == 0 && !w.closed {
		if w.reads {
			w.idle = true
			w.wake.Wait()
			w.idle = false
			continue
		}
		w.reads = true
		w.mu.Unlock()
		for queued := false; !queued || w.in.More(); {
			got, open := w.receive()
			if !open {
				break
			}
			queued = queued || got
		}
		w.mu.Lock()
		w.reads = false
	}
	if w.closed {
		return message{}, false
	}
	return w.next(), true
}

// listenTime is how long the executor looks into the box for its next chunk. Longer waits are left to the pipe.
const listenTime = 100 * time.Microsecond

// receive waits for frames, in the box when the last wait was short, otherwise in the pipe. The executor calls it.
func (w *worker) receive() (queued, open bool) {
	if w.box == nil || !w.in.Read(w.box.Piped()) {
		return w.frame()
	}
	start := time.Now()
	defer func() { w.eager = time.Since(start) < listenTime }()
	if !w.eager {
		return w.frame()
	}
	w.box.Open()
	if !w.box.Listen(listenTime, func() bool { return !w.in.Read(w.box.Piped()) }) {
		return w.frame()
	}
	for !w.in.Read(w.box.Piped()) { // what was sent before it
		got, open := w.frame()
		if !open {
			return queued, false
		}
		queued = queued || got
	}
	for msg := w.box.Take(); len(msg) > 0; {
		kind, body, rest, err := proc.Split(msg)
		if err != nil {
			w.ended()
			return queued, false
		}
		queued = w.handle(kind, body, bytes.Clone) || queued
		msg = rest
	}
	return queued, true
}

// next takes the first message of the queue. mu is held.
func (w *worker) next() message {
	m := w.queue[0]
	w.queue[0] = message{}
	if w.queue = w.queue[1:]; len(w.queue) == 0 {
		w.queue = nil
	}
	return m
}

// relieve is the reader.
func (w *worker) relieve() {
	for range w.relief {
		w.mu.Lock()
		mine := !w.reads && !w.closed
		if mine {
			w.reads = true
		}
		w.mu.Unlock()
		for mine {
			_, open := w.frame()
			w.mu.Lock()
			if !open || w.idle && len(w.queue) > 0 && !w.in.More() {
				mine, w.reads = false, false
				w.wake.Signal()
			}
			w.mu.Unlock()
		}
	}
}

// callReader makes the reader read, when nobody does.
func (w *worker) callReader() {
	select {
	case w.relief <- struct{}{}:
	default:
	}
}

// overdue calls the reader when the executor has been at the same chunk since the flusher looked last, and reports whether that is to be
// seen at its next look.
func (w *worker) overdue() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running == 0 || w.reads {
		return false
	}
	if w.seen == w.turn {
		w.callReader()
		return false
	}
	w.seen = w.turn
	return true
}

// frame reads a frame of the pipe and handles it. open is false at the end of the pipe.
func (w *worker) frame() (queued, open bool) {
	kind, body, err := w.in.Next()
	if err != nil {
		w.ended()
		return false, false
	}
	return w.handle(kind, body, w.in.Keep), true
}

// handle does what a frame says, or queues it for the executor. keep makes its body one that stays.
func (w *worker) handle(kind proc.Kind, body []byte, keep func([]byte) []byte) (queued bool) {
	f := proc.Fields{Data: body}
	switch kind {
	case proc.Cancel:
		w.cancelJob(int64(f.Uint()))
	case proc.Recall:
		w.giveBack(func(int64) bool { return true })
		if l := w.loop.Load(); l != nil {
			l.giveBack(w)
		}
	case proc.Limit:
		if limit := f.Uint(); f.Err == nil {
			w.limited.Store(true)
			go w.guard(int64(limit))
		}
	case proc.Reply:
		w.client.Reply(f.Uint(), append([]byte(nil), f.Data...))
	default:
		m := message{kind, keep(body)}
		w.mu.Lock()
		w.queue = append(w.queue, m)
		w.mu.Unlock()
		return true
	}
	return false
}

// ended: the pool is gone. A running task ends with the process.
func (w *worker) ended() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.wake.Signal()
	if w.running != 0 {
		orphaned()
	}
}
