package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"poolbook/pool/core"
	"poolbook/pool/internal/codec"
	"poolbook/pool/internal/proc"
)

// Pipes are the pipes that the pool gave this process: the files 3 and 4 on Unix, standard input and output on Windows, where
// os.Stdout then means standard error.
func Pipes() (in, out *os.File, err error) {
	in, out, b, err := proc.WorkerPipes()
	beacon.Store(b)
	return in, out, err
}

// beacon is the process's own: Pipes finds it, Main uses it.
var beacon atomic.Pointer[proc.Beacon]

// worker is a worker process.
type worker struct {
	in      *proc.Reader
	box     *proc.Box // beside in; nil where there is none
	out     *writer
	beacon  *proc.Beacon
	ev      Evaluator
	scoper  Scoper     // ev, when it is one
	bringer Bringer    // the same
	loads   sync.Mutex // held while ev loads a unit
	codec   *codec.Codec
	client  *core.Client // shared objects of the notebook

	job       atomic.Int64           // what runs: for the tag of its output
	item      atomic.Int64           // that runs by itself, -1 when none does
	alone     atomic.Pointer[chunk]  // whose item runs by itself
	parts     atomic.Pointer[[]part] // of what runs in a loop, nil when none does
	loop      atomic.Pointer[loop]   // that the executor is in
	entered   atomic.Pointer[unit]   // whose values are decoded
	blobBytes atomic.Int64           // of blobs
	limited   atomic.Bool            // there is a limit of memory

	relief    chan struct{} // wakes the reader
	restTimer *time.Timer   // calls rest
	restHeap  uint64        // bytes of the heap after the last rest; rest's

	mu      sync.Mutex
	wake    sync.Cond
	queue   []message          // for the executor, in order
	closed  bool               // the pool's pipe has ended
	reads   bool               // somebody reads the pipe: the executor or the reader
	idle    bool               // the executor waits for the reader
	turn    uint64             // chunks begun
	rested  uint64             // turn when rest looked last
	resting bool               // rest has given memory back, and waits for the next chunk
	seen    uint64             // turn when the flusher looked last
	running int64              // job whose chunk the executor is at, 0 for none
	cancel  context.CancelFunc // ends ctx
	stopped map[int64]bool     // jobs to cancel

	funcs functions

	// The executor's.
	units  map[uint64]*unit
	blobs  map[[2]uint64][]byte
	jobs   map[int64]*job
	owned  map[string]bool // variables that are the worker's own: those that functions which each worker runs assign
	active *job            // whose variables are set
	at     *chunk
	used   *loop           // the last one
	ctx    context.Context // of the tasks, until one is cancelled
	enc    *codec.Encoder
	dec    *codec.Decoder // of the items of at
	eager  bool           // the last wait for the pool was short
	clock  time.Time      // when it was read last
	ticks  uint64         // of the writer, then
}

// message is a frame that waits for the executor.
type message struct {
	kind proc.Kind
	body []byte
}

func newWorker(in io.Reader, out io.Writer) *worker {
	w := &worker{in: proc.NewReader(in), beacon: beacon.Load(), units: map[uint64]*unit{}, blobs: map[[2]uint64][]byte{},
		jobs: map[int64]*job{}, stopped: map[int64]bool{}, owned: map[string]bool{}, relief: make(chan struct{}, 1)}
	var answers *proc.Box
	if w.beacon != nil {
		w.box, answers = w.beacon.ToWorker, w.beacon.ToPool
	}
	w.out = newWriter(out, answers, w.peek)
	w.wake.L = &w.mu
	w.item.Store(-1)
	return w
}

// peek is what the flusher does before it writes. It reports whether to come back soon.
func (w *worker) peek() bool {
	again := w.overdue()
	if l := w.loop.Load(); l != nil && l.peek(w) {
		again = true
	}
	return again
}

// main is Main.
func (w *worker) main(ctx context.Context, open func(Env) (Evaluator, error)) error {
	// Caught and dropped, not ignored: the commands that tasks start would inherit that.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	if dead := proc.DeathOfParent(); dead != nil {
		go func() {
			<-dead
			orphaned()
		}()
	}
	defer w.out.stop()
	kind, body, err := w.in.Next()
	if err != nil {
		return fmt.Errorf("the pool's first frame: %w", err)
	}
	f := proc.Fields{Data: body}
	version, ahead := f.Uint(), f.Uint() != 0
	if kind != proc.Hello || f.Err != nil || version != core.Version {
		return w.fail(fmt.Errorf("the pool speaks version %d of the frames, this worker %d", version, core.Version))
	}
	w.client = core.EnterWorker(w.request, w.out.inOrder)
	w.client.Running, w.client.Tell = w.task, w.tell
	w.ev, err = open(Env{Stdout: &stream{w, 0}, Stderr: &stream{w, 1}, Define: w.define})
	if err != nil {
		return w.fail(err)
	}
	w.scoper, _ = w.ev.(Scoper)
	w.bringer, _ = w.ev.(Bringer)
	options := core.CodecOptions(w.ev, w.client)
	options.Func = w.functionData
	options.FuncOf, options.TypeOf = w.sharedFunction, w.sharedType
	w.client.Use(codec.New(options))
	options.FuncOf, options.TypeOf = w.function, w.itemType
	w.codec = codec.New(options)
	w.enc, w.dec = w.codec.NewEncoder(nil, nil), w.codec.NewDecoder(nil, nil)
	w.out.put(func(b proc.Body) proc.Body { return b.Uint(core.Version) }, proc.Ready, nil)
	w.out.flush()
	if warmer, ok := w.ev.(Warmer); ok && ahead {
		warmer.Warm()
	}

	w.mu.Lock()
	w.restTimer = time.AfterFunc(restAfter, w.rest)
	w.mu.Unlock()
	defer w.restTimer.Stop()
	go w.relieve() // it stays in its read until the pipe ends; the process ends before that
	for {
		// An executor that a task ends by runtime.Goexit is followed by another one, which goes on where it was.
		var done bool
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			err = w.execute(ctx)
			done = true
		}()
		<-ended
		if done {
			break
		}
	}
	return err
}

// fail tells the pool why the worker is of no use.
func (w *worker) fail(err error) error {
	w.out.put(func(b proc.Body) proc.Body { return b.String(err.Error()) }, proc.Failed, nil)
	w.out.flush()
	return err
}

// exitOrphan is the exit code of a worker whose pool went away in the middle of a task.
const exitOrphan = 3

// orphaned ends the process after its pool, and the commands that tasks have started.
func orphaned() {
	proc.EndGroup()
	os.Exit(exitOrphan)
}

// cancelJob stops what runs of a job, and gives back what waits.
func (w *worker) cancelJob(id int64) {
	w.mu.Lock()
	w.stopped[id] = true
	if w.running == id {
		w.cancel()
		w.beacon.Stop(0)
	}
	w.mu.Unlock()
	w.giveBack(func(job int64) bool { return job == id })
}

// giveBack returns chunks of the queue to the pool.
func (w *worker) giveBack(want func(job int64) bool) {
	w.mu.Lock()
	var ids []uint64
	keep := w.queue[:0]
	for _, m := range w.queue {
		if m.kind == proc.Chunk {
			f := proc.Fields{Data: m.body}
			id, job := f.Uint(), int64(f.Uint())
			if want(job) {
				ids = append(ids, id)
				continue
			}
		}
		keep = append(keep, m)
	}
	clear(w.queue[len(keep):])
	w.queue = keep
	w.mu.Unlock()
	w.returned(ids...)
}

func (w *worker) returned(ids ...uint64) {
	w.out.put(func(b proc.Body) proc.Body {
		b = b.Uint(uint64(len(ids)))
		for _, id := range ids {
			b = b.Uint(id)
		}
		return b
	}, proc.Returned, nil)
	w.out.flush()
}

// execute is the executor. It returns when the pool says stop or is gone.
func (w *worker) execute(ctx context.Context) error {
	core.EnterExecutor()
	debug.SetPanicOnFault(true) // a write into a shared slice is the item's failure, not the worker's end
	if w.at != nil {            // the executor before this one was ended by its task
		w.items()
	}
	for {
		m, ok := w.take()
		if !ok {
			proc.EndGroup()
			return errors.New("the pool's pipe has ended")
		}
		f := proc.Fields{Data: m.body}
		switch m.kind {
		case proc.Load:
			w.load(&f)
		case proc.Blob:
			key := [2]uint64{f.Uint(), f.Uint()}
			w.blobBytes.Add(int64(len(f.Data) - len(w.blobs[key])))
			w.blobs[key] = f.Data
		case proc.Forget:
			key := [2]uint64{f.Uint(), f.Uint()}
			w.blobBytes.Add(-int64(len(w.blobs[key])))
			delete(w.blobs, key)
		case proc.Init:
			w.initialize(&f)
		case proc.AtExit:
			w.runLast(&f)
		case proc.Setup:
			w.setup(&f)
		case proc.Chunk:
			if err := w.begin(&f); err != nil {
				return err
			}
		case proc.Name:
			w.client.SetName(f.String(), int(f.Uint()))
		case proc.Drop:
			w.drop(int64(f.Uint()))
		case proc.Stop:
			w.out.flush()
			return nil
		default:
			return fmt.Errorf("%w: kind %d", proc.ErrFrame, m.kind)
		}
		if f.Err != nil {
			return f.Err
		}
	}
}

func (w *worker) drop(id int64) {
	if w.active != nil && w.active.id == id {
		w.active.letGo(w)
		w.active = nil
	}
	delete(w.jobs, id)
	w.mu.Lock()
	delete(w.stopped, id)
	w.mu.Unlock()
}

// tag is the job and item that runs; the item is -1 when none does.
func (w *worker) tag() (job, item int64) {
	if p := w.parts.Load(); p != nil {
		i := w.beacon.Index()
		at := (*p)[partOf(*p, i)]
		return at.c.job.id, int64(at.c.first + at.from + i - at.base)
	}
	return w.job.Load(), w.item.Load()
}

// task is what runs, nil when nothing does.
func (w *worker) task() *core.Task {
	if p := w.parts.Load(); p != nil {
		i := w.beacon.Index()
		at := (*p)[partOf(*p, i)]
		return &core.Task{Index: at.c.first + at.from + i - at.base, Seed: at.c.job.seed, Run: at.c.id}
	}
	if c, item := w.alone.Load(), w.item.Load(); c != nil && item >= 0 {
		return &core.Task{Index: int(item), Seed: c.job.seed, Run: c.id}
	}
	return nil
}

// tell sends what a task tells of itself.
func (w *worker) tell(t *core.Task, r core.TaskReport) {
	w.out.put(func(b proc.Body) proc.Body {
		return b.Uint(t.Run).Int(int64(t.Index)).Int(int64(r.Done)).Int(int64(r.Total)).String(r.Label)
	}, proc.Note, nil)
	w.out.flush()
}

// request sends the request of a shared object.
func (w *worker) request(body []byte) {
	w.out.put(func(b proc.Body) proc.Body { return append(b, body...) }, proc.Request, nil)
	w.out.flush()
	w.callReader() // for the answer
}
