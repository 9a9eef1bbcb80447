package core

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"weak"

	"poolbook/pool/internal/proc"
	"poolbook/pool/internal/shm"
)

// Memory is an array that the notebook has made and tasks read where it is, or a worker's view of one. Its methods may be called concurrently.
type Memory struct {
	host *Host
	id   uint64
	size int          // in bytes; 0 in a worker
	seg  *shm.Segment // of one that is shared; it keeps the file
	c    *Client      // the way to the notebook, in a worker

	once sync.Once
	mem  []byte // in a worker: after once
	err  error
}

var memoryType = reflect.TypeFor[*Memory]()

// memories are the arrays that have been sent to workers, by number. Guarded by Host.mu.
type memories map[uint64]weak.Pointer[Memory]

// NewMemory makes an array of n elements of elem, which are zero, and stores its slice in *into. It is memory of this process alone, and travels
// as a copy, where processes cannot share any; in a task it stays in its worker.
func NewMemory(o *Origin, n int, into any) *Memory {
	v := reflect.ValueOf(into).Elem()
	elem := v.Type().Elem()
	m := &Memory{host: o.host(), id: objectIDs.Add(1), size: n * int(elem.Size())}
	if self.Load() == nil && m.host.Spawn != nil {
		if seg, err := shm.New(m.size); err == nil {
			m.seg, m.mem = seg, seg.Bytes()
		}
	}
	if m.mem == nil {
		m.mem = make([]byte, max(m.size, 1))
	}
	v.Set(shm.View(m.mem, elem, n))
	return m
}

// HandleID lets the array travel.
func (m *Memory) HandleID() (uint64, error) {
	if m.c != nil {
		return m.id, nil
	}
	if self.Load() != nil {
		return 0, errors.New("a shared array that a task made cannot leave its worker: make it in the notebook")
	}
	h := m.host
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.memories == nil {
		h.memories = memories{}
	}
	if _, ok := h.memories[m.id]; !ok {
		h.memories[m.id] = weak.Make(m)
		runtime.AddCleanup(m, h.forgetMemory, m.id)
	}
	return m.id, nil
}

func (h *Host) forgetMemory(id uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.memories, id)
}

// memory finds the array of that number, nil when there is none.
func (h *Host) memory(id uint64) *Memory {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.memories[id].Value()
}

// memory is the worker's view of an array: one for each array, so that it is mapped once. It stays until the worker ends, since nobody can
// tell whether a task has kept a slice of it.
func (c *Client) memory(id uint64) *Memory {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.memories[id]
	if m == nil {
		if c.memories == nil {
			c.memories = map[uint64]*Memory{}
		}
		m = &Memory{host: defaultHost, id: id, c: c}
		c.memories[id] = m
		c.says(proc.Keep, id)
	}
	return m
}

// View stores the slice of the array, which has n elements, in *into. In a worker it may be read only.
func (m *Memory) View(n int, into any) error {
	if m.c != nil {
		if m.once.Do(m.load); m.err != nil {
			return m.err
		}
	}
	v := reflect.ValueOf(into).Elem()
	v.Set(shm.View(m.mem, v.Type().Elem(), n))
	return nil
}

// errWrote is what a write of a task into an array panics with.
var errWrote = errors.New("a task has written into a shared slice: tasks only read it (pool.Shared); write in the notebook, or make a slice in the task")

// Fault is the reason of a fault of memory that a task panicked with, when it was a write into an array; otherwise v itself.
func (c *Client) Fault(v any) any {
	at, ok := v.(interface{ Addr() uintptr }) // of runtime.Error, under debug.SetPanicOnFault
	if !ok {
		return v
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.memories {
		if shm.Contains(m.mem, at.Addr()) {
			return errWrote
		}
	}
	return v
}

// load maps the array, or gets a copy when that cannot be.
func (m *Memory) load() {
	mem, err := m.fetch()
	m.c.mu.Lock() // Fault looks at those of others
	m.mem, m.err = mem, err
	m.c.mu.Unlock()
}

func (m *Memory) fetch() ([]byte, error) {
	a := m.ask(OpMap, 0)
	size := a.n
	if a.err != nil || size == 0 {
		return nil, a.err
	}
	if len(a.data) > 0 {
		if mem, err := shm.Open(string(a.data), size); err == nil {
			return mem, nil
		}
	}
	mem := make([]byte, size)
	for at := 0; at < size; {
		a := m.ask(OpLoad, at)
		if a.err != nil {
			return nil, fmt.Errorf("pool: copy a shared slice: %w", a.err)
		}
		if len(a.data) == 0 {
			return nil, errors.New("pool: copy a shared slice: it ends early")
		}
		at += copy(mem[at:], a.data)
	}
	return mem, nil
}

// piece is how much of an array is copied at once, where it has to be.
const piece = 16 << 20

func (m *Memory) ask(op Op, n int) (a answer) {
	r := request{op: op, n: n}
	f, _ := m.c.call(r.append(proc.Body(nil).Uint(m.id)))
	a.read(&f)
	return a
}

// serve answers a worker that loads the array.
func (m *Memory) serve(r *request) answer {
	switch r.op {
	case OpMap:
		if m.seg == nil {
			return answer{n: m.size}
		}
		return answer{n: m.size, data: []byte(m.seg.Path())}
	case OpLoad:
		if r.n < 0 || r.n >= m.size {
			return answer{err: ErrIndex}
		}
		return answer{data: m.mem[r.n:min(r.n+piece, m.size)]}
	}
	return answer{err: errOperation}
}
