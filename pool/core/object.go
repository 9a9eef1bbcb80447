package core

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"poolbook/pool/internal/codec"
	"poolbook/pool/internal/proc"
)

// Errors of shared objects.
var (
	ErrHolderDied  = errors.New("pool: the worker that held the lock died: what it protects may be half changed")
	ErrNotHeld     = errors.New("pool: released without being held")
	ErrQueueClosed = errors.New("pool: the queue is closed")
	ErrBroken      = errors.New("pool: the barrier is broken")
	ErrIndex       = errors.New("pool: index out of range")
	ErrNoKey       = errors.New("pool: no such key")
)

// Object is a shared object, or a worker's handle of one: it lives in the notebook's process, and workers ask for each operation.
// Its methods may be called concurrently.
type Object struct {
	host *Host
	id   uint64
	b    *body   // nil in a worker, for an object of the notebook
	c    *Client // the way to it then
}

var objectIDs atomic.Uint64

// NewObject makes a shared object. n is its limit, length or number of parties, whatever the kind needs.
func NewObject(o *Origin, kind ObjectKind, n int) *Object {
	b := &body{kind: kind, limit: n, count: n, change: make(chan struct{}), holders: map[owner]int{}}
	switch kind {
	case KindLock, KindRLock, KindCondition:
		b.limit, b.count = 1, 1
	case KindArray:
		b.items = make([]stored, n)
	case KindDict:
		b.dict = &dict{at: map[string]int{}}
	}
	return &Object{host: o.host(), id: objectIDs.Add(1), b: b}
}

// HandleID lets the object travel. An object that a task made stays in its worker.
func (x *Object) HandleID() (uint64, error) {
	if x.b == nil {
		return x.id, nil
	}
	if self.Load() != nil {
		return 0, errors.New("a shared object that a task made cannot leave its worker: make it in the notebook")
	}
	h := x.host
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.objects == nil {
		h.objects = map[uint64]weak.Pointer[Object]{}
	}
	if _, ok := h.objects[x.id]; !ok {
		h.objects[x.id] = weak.Make(x)
		runtime.AddCleanup(x, h.forget, x.id)
	}
	return x.id, nil
}

// forget drops an object that nobody has any more.
func (h *Host) forget(id uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.objects, id)
}

// object finds the object of that number, nil when there is none: it lives as long as the notebook, a worker, what
// is to be sent to one, or the contents of another shared object have it.
func (h *Host) object(id uint64) *Object {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.objects[id].Value()
}

// handle finds the object of that number: what arrives in the notebook is the very object that left it.
func (h *Host) handle(id uint64, t reflect.Type) (reflect.Value, error) {
	if t == memoryType {
		if m := h.memory(id); m != nil {
			return reflect.ValueOf(m), nil
		}
		return reflect.Value{}, fmt.Errorf("no shared array %d", id)
	}
	x := h.object(id)
	if x == nil || reflect.TypeOf(x) != t {
		return reflect.Value{}, fmt.Errorf("no shared object %d", id)
	}
	return reflect.ValueOf(x), nil
}

// handle makes a worker's handle of an object of the notebook.
func (c *Client) handle(id uint64, t reflect.Type) (reflect.Value, error) {
	if t == memoryType {
		return reflect.ValueOf(c.memory(id)), nil
	}
	if t != objectType {
		return reflect.Value{}, fmt.Errorf("shared object of type %v", t)
	}
	return reflect.ValueOf(c.object(id)), nil
}

// Call are the arguments of an operation.
type Call struct {
	Timeout time.Duration // how long it may wait; negative for as long as it takes, 0 not at all
	N       int           // index or number
	Key, In any           // pointers to what is sent
	Out     any           // pointer to what comes back
}

// codec for the values of the object.
func (x *Object) codec() *codec.Codec {
	if x.b == nil {
		return x.c.codec.Load()
	}
	return x.host.objectCodec()
}

// objectCodec is the codec of the values in shared objects.
func (h *Host) objectCodec() *codec.Codec {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.values == nil {
		h.values = codec.New(codec.Options{Types: h.Types, Handle: h.handle, Func: func(fn reflect.Value) (codec.Func, error) {
			_, f, err := h.function(fn)
			return f, err
		}, FuncOf: h.Function, Known: knownErrors(), Held: &h.errs})
	}
	return h.values
}

// Do does an operation. It waits for Call.Timeout at most and returns ErrTimeout then, ErrInterrupted when the cell is interrupted.
func (x *Object) Do(o *Origin, op Op, c Call) (n int, err error) {
	r := &request{op: op, n: c.N, timeout: c.Timeout}
	if c.Key != nil {
		if r.key, r.refs, err = x.encode(codec.Key(reflect.ValueOf(c.Key).Elem()), nil); err != nil {
			return 0, err
		}
	}
	if c.In != nil {
		if r.data, r.refs, err = x.encode(reflect.ValueOf(c.In).Elem(), r.refs); err != nil {
			return 0, err
		}
	}
	a := x.ask(o, r)
	if a.err != nil {
		return 0, a.err
	}
	if c.Out != nil && a.data != nil {
		err = x.decode(a.data, c.Out)
	}
	runtime.KeepAlive(c) // what is in it is in the object by now
	runtime.KeepAlive(a.refs)
	return a.n, err
}

// ask has a request answered.
func (x *Object) ask(o *Origin, r *request) (a answer) {
	if x.b == nil {
		if r.op.changes() {
			x.c.changes.Add(1)
		}
		if r.op.owned() {
			r.thread = o.thread()
		}
		f, refs := x.c.call(r.append(proc.Body(nil).Uint(x.id)))
		runtime.KeepAlive(x) // the notebook holds the object for this handle
		a.read(&f)
		a.refs = refs
		return a
	}
	if err := r.resolve(x.host); err != nil {
		return answer{err: err}
	}
	who := owner{holder: &notebook}
	if x.b.recursive() {
		who.thread = o.thread()
	}
	return x.b.do(who, r, o.done(), nil)
}

// encode also gives the shared objects in the value, behind refs.
func (x *Object) encode(v reflect.Value, refs []uint64) ([]byte, []uint64, error) {
	e := x.codec().NewEncoder([]byte{0}, nil)
	if err := e.Encode(v); err != nil {
		return nil, nil, err
	}
	refs, err := handleIDs(refs, e.Handles())
	return e.Bytes(), refs, err
}

// handleIDs appends the numbers of shared objects.
func handleIDs(ids []uint64, handles []codec.Handle) ([]uint64, error) {
	for _, h := range handles {
		id, err := h.HandleID()
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (x *Object) decode(data []byte, p any) error {
	if len(data) == 0 {
		return nil // never set: the zero value
	}
	return x.codec().NewDecoder(data[1:], nil).Decode(reflect.ValueOf(p).Elem())
}

// request is an operation on its way.
type request struct {
	op        Op
	n         int
	limit     int // of OpNext
	timeout   time.Duration
	thread    uint64 // of its process that asks
	key, data []byte
	refs      []uint64 // shared objects in key and data, but for OpExtend, where they are in data

	// In the notebook.
	value  stored
	values []stored

	// While it waits.
	ticket  int // of a barrier or condition
	depth   int // of a condition's lock, to be taken again
	waiting bool
}

func (r *request) append(b proc.Body) proc.Body {
	b = b.Uint(uint64(r.op)).Int(int64(r.n)).Int(int64(r.limit)).Int(int64(r.timeout)).Uint(r.thread).Bytes(r.key).Bytes(r.data).Uint(uint64(len(r.refs)))
	for _, id := range r.refs {
		b = b.Uint(id)
	}
	return b
}

func (r *request) read(f *proc.Fields) {
	r.op, r.n, r.limit, r.timeout, r.thread = Op(f.Uint()), int(f.Int()), int(f.Int()), time.Duration(f.Int()), f.Uint()
	r.key = append([]byte(nil), f.Bytes()...)
	r.data = append([]byte(nil), f.Bytes()...)
	for range f.Len() {
		r.refs = append(r.refs, f.Uint())
	}
}

// answer is what an operation gives.
type answer struct {
	n    int
	data []byte
	refs []codec.Handle // shared objects in data
	err  error
}

func (a *answer) append(b proc.Body) proc.Body {
	text := ""
	if a.err != nil {
		text = a.err.Error()
	}
	return b.String(text).Int(int64(a.n)).Bytes(a.data)
}

func (a *answer) read(f *proc.Fields) {
	if text := f.String(); text != "" {
		if a.err = knownErrors()[text]; a.err == nil {
			a.err = errors.New(text)
		}
	}
	a.n = int(f.Int())
	a.data = f.Bytes()
}

// request serves an operation of a worker. One that has to wait does so in a goroutine of its own.
func (l *link) request(f *proc.Fields) {
	id, object := f.Uint(), f.Uint()
	if object == defineRequest {
		l.define(id, f.String())
		return
	}
	r := &request{}
	r.read(f)
	if f.Err != nil {
		return
	}
	reply := func(a answer) {
		l.reply(id, a.refs, a.append)
	}
	x := l.s.host.object(object)
	if m := l.s.host.memory(object); m != nil {
		reply(m.serve(r))
		return
	}
	if x == nil {
		reply(answer{err: fmt.Errorf("pool: no shared object %d", object)})
		return
	}
	if err := r.resolve(l.s.host); err != nil {
		reply(answer{err: err})
		return
	}
	who := owner{holder: &l.holder}
	if x.b.recursive() {
		who.thread = r.thread
	}
	if a, ok := x.b.try(who, r); ok {
		reply(a)
		return
	}
	l.s.wg.Add(1)
	go func() {
		defer l.s.wg.Done()
		reply(x.b.do(who, r, nil, l.holder.gone))
	}()
}

// release takes from a worker that has ended what it held: what it held when it died is given back.
func (l *link) release(died bool) {
	close(l.holder.gone)
	h := l.s.host
	h.mu.Lock()
	objects := make([]*Object, 0, len(h.objects))
	for _, p := range h.objects {
		if x := p.Value(); x != nil {
			objects = append(objects, x)
		}
	}
	h.mu.Unlock()
	for _, x := range objects {
		x.b.abandon(&l.holder, died)
	}
}

// body is a shared object itself.
type body struct {
	kind  ObjectKind
	limit int

	mu      sync.Mutex
	change  chan struct{} // closed and replaced at each change
	count   int           // free permits
	holders map[owner]int
	died    bool // a holder died: the next one is told
	set     bool // of an event; closed, of a queue; broken, of a barrier
	items   []stored
	dict    *dict // of a Dict, nil for others
	pending int   // unfinished tasks of a joinable queue
	round   int   // of a barrier; next ticket of a condition
	waiting int   // at a barrier
	notify  int   // tickets below may go on
	waiters []int
}

// do does an operation, and waits as long as it has to.
func (b *body) do(who owner, r *request, interrupt, gone <-chan struct{}) answer {
	var limit <-chan time.Time
	if r.timeout > 0 {
		t := time.NewTimer(r.timeout)
		defer t.Stop()
		limit = t.C
	}
	for {
		b.mu.Lock()
		a, ok := b.step(who, r)
		ch := b.change
		b.mu.Unlock()
		if ok {
			return a
		}
		var err error
		if r.timeout == 0 {
			err = ErrTimeout
		} else {
			select {
			case <-ch:
				continue
			case <-limit:
				err = ErrTimeout
			case <-interrupt:
				err = ErrInterrupted
			case <-gone:
				err = ErrTerminated
			}
		}
		b.mu.Lock()
		a, again := b.giveUp(who, r, err)
		b.mu.Unlock()
		if !again {
			return a
		}
		r.timeout, limit = -1, nil // a condition's lock is taken again, whatever it takes
	}
}

// try does an operation that need not wait.
func (b *body) try(who owner, r *request) (answer, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, ok := b.step(who, r)
	if !ok && r.timeout == 0 {
		a, again := b.giveUp(who, r, ErrTimeout)
		return a, !again
	}
	return a, ok
}

// changed wakes those that wait.
func (b *body) changed() {
	close(b.change)
	b.change = make(chan struct{})
}

// abandon takes from a process that has ended what it has: it is free again when the process died, or when nobody else could give it back.
func (b *body) abandon(who *holder, died bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for o, k := range b.holders {
		if o.holder == who {
			n += k
			delete(b.holders, o)
		}
	}
	if n == 0 {
		return
	}
	switch b.kind {
	case KindLock, KindSemaphore, KindBoundedSemaphore:
		if !died {
			b.holders[owner{holder: &handedOn}] += n
			return
		}
	}
	if b.recursive() {
		n = 1
	}
	b.count += n
	b.died = true
	b.changed()
}
