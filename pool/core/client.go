package core

import (
	"sync"
	"sync/atomic"

	"poolbook/pool/internal/codec"
	"poolbook/pool/internal/proc"
)

// Client is a worker process's way to the shared objects of its notebook.
type Client struct {
	name  atomic.Pointer[string]
	index atomic.Int64 // see WorkerIndex
	send  func(body []byte)
	says  func(k proc.Kind, n uint64)
	codec atomic.Pointer[codec.Codec] // of the values in shared objects

	Running func() *Task                // what the worker runs now, nil when nothing; set before the first task
	Tell    func(t *Task, r TaskReport) // sends what a task tells; set before the first task

	task taskState

	changes atomic.Uint64 // of shared objects, by this process

	mu      sync.Mutex
	last    uint64
	waiting map[uint64]chan []byte

	memories map[uint64]*Memory // shared arrays, by number; guarded by mu

	handles handles
}

// EnterWorker makes this process a worker: CurrentProcess is the worker from now on, and shared objects are those of the
// notebook, reached by send. says sends a Keep, Free or Took behind what was sent before, and never by another way. Package worker calls it, once.
func EnterWorker(send func(body []byte), says func(k proc.Kind, n uint64)) *Client {
	c := &Client{send: send, says: says, waiting: map[uint64]chan []byte{}}
	c.SetName("", 0)
	self.Store(c)
	return c
}

// SetName names the worker, such as "PoolWorker-1", and gives it its number in the pool: a process that is started ahead gets both when a pool
// takes it.
func (c *Client) SetName(name string, index int) {
	c.name.Store(&name)
	c.index.Store(int64(index))
}

// CodecOptions are the options of a worker's codec. They lack Func and FuncOf: see [Client.Use].
func CodecOptions(types Types, c *Client) codec.Options {
	return codec.Options{Types: types, Handle: c.handle, Known: knownErrors(), Held: &codec.Held{}}
}

// Use sets the codec of the values in shared objects.
func (c *Client) Use(values *codec.Codec) { c.codec.Store(values) }

// Reply hands over the answer of a request.
func (c *Client) Reply(id uint64, body []byte) {
	c.mu.Lock()
	ch := c.waiting[id]
	delete(c.waiting, id)
	c.mu.Unlock()
	if ch != nil {
		ch <- body
	}
}

// call sends a request and waits for its answer. A worker whose notebook is gone ends, so that the wait does too. refs are the shared objects in the
// answer: the caller keeps them until it has decoded it.
func (c *Client) call(body proc.Body) (f proc.Fields, refs []codec.Handle) {
	ch := make(chan []byte, 1)
	c.mu.Lock()
	c.last++
	id := c.last
	c.waiting[id] = ch
	c.mu.Unlock()
	c.send(append(proc.Body(nil).Uint(id), body...))
	f = proc.Fields{Data: <-ch}
	if refs = c.readRefs(&f); len(refs) > 0 {
		c.says(proc.Took, id)
	}
	return f, refs
}
