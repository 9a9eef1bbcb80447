package pool

import (
	"time"

	"poolbook/pool/core"
)

// Queue hands values from one process to another, first in, first out. Captured by a task or sent as an item it is the same queue.
type Queue[T any] struct{ x *core.Object }

// NewQueue makes a queue for at most max values; 0 is for as many as there is memory.
func NewQueue[T any](max int) *Queue[T] {
	return &Queue[T]{core.NewObject(core.CallerOrigin(), core.KindQueue, max)}
}

// Put waits for room and adds a copy of v. It returns [ErrQueueClosed] after Close.
func (q *Queue[T]) Put(v T) error {
	_, err := q.x.Do(core.CallerOrigin(), core.OpPut, core.Call{Timeout: forever, In: &v})
	return err
}

// PutTimeout is Put that gives up after d with [ErrTimeout].
func (q *Queue[T]) PutTimeout(v T, d time.Duration) error {
	_, err := q.x.Do(core.CallerOrigin(), core.OpPut, core.Call{Timeout: max(d, 0), In: &v})
	return err
}

// Get waits for a value and takes it. It returns [ErrQueueClosed] when the queue is closed and empty.
func (q *Queue[T]) Get() (T, error) {
	var v T
	_, err := q.x.Do(core.CallerOrigin(), core.OpGet, core.Call{Timeout: forever, Out: &v})
	return v, err
}

// GetTimeout is Get that gives up after d with [ErrTimeout].
func (q *Queue[T]) GetTimeout(d time.Duration) (T, error) {
	var v T
	_, err := q.x.Do(core.CallerOrigin(), core.OpGet, core.Call{Timeout: max(d, 0), Out: &v})
	return v, err
}

// TryGet takes a value if there is one, and reports whether there was.
func (q *Queue[T]) TryGet() (T, bool) {
	v, err := q.GetTimeout(0)
	return v, err == nil
}

// Len is how many values are in the queue.
func (q *Queue[T]) Len() int { return mustDo(q.x, core.OpLen) }

// Empty reports whether no value is in the queue.
func (q *Queue[T]) Empty() bool { return q.Len() == 0 }

// Full reports whether Put would have to wait.
func (q *Queue[T]) Full() bool {
	n, err := q.x.Do(core.CallerOrigin(), core.OpRoom, core.Call{})
	return err == nil && n == 0
}

// Close says that no more values come: Put returns [ErrQueueClosed] from now on, Get when the queue is empty.
func (q *Queue[T]) Close() { mustDo(q.x, core.OpClose) }

// JoinableQueue is a queue that knows whether what was taken is done.
type JoinableQueue[T any] struct{ Queue[T] }

// NewJoinableQueue makes a queue for at most max values; 0 is for as many as there is memory.
func NewJoinableQueue[T any](max int) *JoinableQueue[T] {
	return &JoinableQueue[T]{*NewQueue[T](max)}
}

// TaskDone says that a value that was taken is done. It returns [ErrNotHeld] when it is called more often than values were put in.
func (q *JoinableQueue[T]) TaskDone() error {
	_, err := q.x.Do(core.CallerOrigin(), core.OpTaskDone, core.Call{})
	return err
}

// Join waits until TaskDone was called for each value that was put in.
func (q *JoinableQueue[T]) Join() error {
	_, err := q.x.Do(core.CallerOrigin(), core.OpJoin, core.Call{Timeout: forever})
	return err
}

// Connection is one end of a pipe.
type Connection[T any] struct{ in, out *Queue[T] }

// NewPipe makes a pipe and returns its two ends: what is sent into one is received from the other.
func NewPipe[T any]() (*Connection[T], *Connection[T]) {
	a, b := NewQueue[T](0), NewQueue[T](0)
	return &Connection[T]{a, b}, &Connection[T]{b, a}
}

// Send sends a copy of v to the other end. It returns [ErrQueueClosed] when either end is closed.
func (c *Connection[T]) Send(v T) error { return c.out.Put(v) }

// Recv waits for a value from the other end. It returns [ErrQueueClosed] when an end is closed and nothing is left.
func (c *Connection[T]) Recv() (T, error) { return c.in.Get() }

// RecvTimeout is Recv that gives up after d with [ErrTimeout].
func (c *Connection[T]) RecvTimeout(d time.Duration) (T, error) { return c.in.GetTimeout(d) }

// Poll reports whether there is something to receive.
func (c *Connection[T]) Poll() bool { return c.in.Len() > 0 }

// Close closes both ends.
func (c *Connection[T]) Close() {
	c.in.Close()
	c.out.Close()
}
