package core

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"poolbook/pool/internal/codec"
	"poolbook/pool/internal/proc"
)

// Pool is what the program holds of a pool. When it becomes unreachable the pool is closed.
type Pool struct{ s *state }

// state is a pool: its jobs and its workers. Everything that waits for something else than mu happens outside of mu.
type state struct {
	host    *Host
	origin  *Origin // of the call that made the pool
	number  int     // of the pool in its host
	threads bool    // workers are goroutines
	config  config
	codec   *codec.Codec
	starter *proc.Starter // starts the processes; nil for threads
	ctx     context.Context
	stop    context.CancelFunc // ends ctx: the pool is terminated
	gone    chan struct{}      // closed when the pool is closed and everything of it has ended

	lastChunk atomic.Uint64
	want      atomic.Int64   // how many workers the pool has, or may have with IdleTimeout
	wg        sync.WaitGroup // goroutines of the pool, but for the one that waits for them

	mu            sync.Mutex
	phase         phase
	broken        error
	jobs          map[int64]*Job // unfinished
	queue         []*Job         // those of jobs that have chunks to hand out, first come first served
	links         []*link        // worker processes, those that are ending too
	lastLink      int
	draining      bool // CancelQueue: chunks that come back are not handed out again
	misfits       int  // workers in a row that ended before they were ready
	lastMisfit    int  // the last link that there was when one of misfits had ended
	lastBroadcast int64
	broadcasts    []*broadcast // functions that each worker runs first: the initializer, and those of RunOnAll
	exit          *broadcast   // what each worker runs last
	rest          *time.Timer  // looks for workers that have nothing to do for too long
	functions     functions
	owned         map[string]bool // variables that the initializer assigns
	paces         map[string]*pace
	plain         map[string]*code   // of units without variables, by hash
	steal         *time.Timer        // looks for chunks that wait behind a long task
	threadsN      int                // thread workers that live
	crew          []*thread          // they
	idle          *sync.Cond         // thread workers wait here for chunks
	over          *sync.Cond         // the goroutine that sees the pool off waits here
	calls         []func()           // callbacks to be run
	calling       bool               // a goroutine runs them
	joins         int                // calls of Join that wait
	inside        map[uint64]*inside // code of the program that the pool waits for, by the goroutine that runs it
	total         Stats              // Sent is of processes that have ended
	cpu           time.Duration      // of processes that have ended
	feedback      ticker
	series        map[seriesKey]*series

	// Of a pool that is one process.
	name       string
	spawned    chan struct{} // closed when it has started, or could not
	lastPID    int
	lastStatus proc.Status
}

type phase int

const (
	phaseOpen phase = iota
	phaseClosed
	phaseTerminated
)

// NewPool makes a pool of processes, or of goroutines: with threads, and when the host has no processes.
func NewPool(o *Origin, threads bool, opts []Option) *Pool { return newPool(o, threads, opts, "") }

// newPool makes a pool; with a name it is that of one process, which is not replaced when it ends.
func newPool(o *Origin, threads bool, opts []Option, name string) *Pool {
	h := o.host()
	s := &state{host: h, origin: o, threads: threads || h.Spawn == nil, config: makeConfig(opts), gone: make(chan struct{}), name: name, spawned: make(chan struct{}),
		jobs: map[int64]*Job{}, paces: map[string]*pace{}}
	s.idle, s.over = sync.NewCond(&s.mu), sync.NewCond(&s.mu)
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.total.Start = time.Now()
	s.number = h.add(s)
	s.want.Store(int64(s.config.processes))
	s.codec = codec.New(codec.Options{Types: h.Types, Handle: h.handle, Func: s.functionData, FuncOf: h.Function, Known: knownErrors(), Held: &h.errs})
	p := &Pool{s}
	runtime.AddCleanup(p, func(s *state) { s.close() }, s)
	if s.threads {
		s.prepareBroadcasts()
		s.startThreads()
		close(s.spawned)
	} else {
		s.startProcesses()
	}
	go s.wait()
	return p
}

// knownErrors are errors of this package, which tasks may return.
func knownErrors() map[string]error {
	m := map[string]error{}
	for _, err := range []error{ErrClosed, ErrTerminated, ErrTimeout, ErrInterrupted, ErrCancelled, ErrNotClosed, ErrHolderDied, ErrNotHeld, ErrQueueClosed, ErrBroken, ErrIndex, ErrNoKey, ErrDeadlock} {
		m[err.Error()] = err
	}
	return m
}

// startProcesses prepares the initializer and starts the workers.
func (s *state) startProcesses() {
	s.starter = proc.NewStarter()
	s.prepareBroadcasts()
	s.mu.Lock()
	defer s.mu.Unlock()
	for range s.size() {
		s.addLink()
	}
}

// The calls without items are made most often, by loops in cells. Their parameters are few enough for registers (nine words with the receiver on
// amd64), where an interpreter can put them without reflect.

// Apply runs fn once and stores its result in *into.
func (p *Pool) Apply(o *Origin, fn any, opts []CallOption, into any) error {
	return p.call(o, Single, fn, opts, into)
}

// ApplyErr is Apply for a function that can fail.
func (p *Pool) ApplyErr(o *Origin, fn any, opts []CallOption, into any) error {
	return p.call(o, Single|LastErr, fn, opts, into)
}

// Submit starts a job that runs fn once: that of an ApplyAsync, or with OfExecutor of a Submit.
func (p *Pool) Submit(o *Origin, mode Mode, fn any, opts []CallOption) *Job {
	name := "ApplyAsync"
	if mode&OfExecutor != 0 {
		name = "Submit"
	}
	return p.start(o, name, mode&^OfExecutor|Single, fn, nil, opts, false)
}

func (p *Pool) call(o *Origin, mode Mode, fn any, opts []CallOption, into any) error {
	j := p.start(o, "Apply", mode, fn, nil, opts, true)
	if j.hears != nil {
		j.hears.hear(j)
	}
	return j.Run(o, into)
}

// Start makes a job of a call and queues it. A call that is refused gives a job that has failed already.
// items is a slice, nil with Single.
func (p *Pool) Start(o *Origin, name string, mode Mode, fn, items any, opts []CallOption) *Job {
	return p.start(o, name, mode, fn, items, opts, false)
}

// start is Start for a caller that waits for the result at once, or not.
func (p *Pool) start(o *Origin, name string, mode Mode, fn, items any, opts []CallOption, waits bool) *Job {
	s := p.s
	var j *Job
	if mode&Single != 0 {
		j = s.newSingle(o, name, mode, fn, opts)
	} else {
		j = s.newJob(o, name, mode, fn, opts)
		s.prepareJob(j, fn)
		if v := reflect.ValueOf(items); j.err != nil {
			j.total = v.Len()
		} else {
			j.err = j.cut(fn, v)
		}
	}
	j.waits = waits
	s.submit(j)
	runtime.KeepAlive(p)
	return j
}

// newSingle makes the job of a call without items.
func (s *state) newSingle(o *Origin, name string, mode Mode, fn any, opts []CallOption) *Job {
	x := &single{}
	j := &x.Job
	s.checkJob(j, o, name, mode, fn, opts)
	s.prepareJob(j, fn)
	j.total = 1
	j.results = reflect.MakeSlice(reflect.SliceOf(j.out), 1, 1)
	x.chunk = chunk{id: s.chunkID(), job: j, n: 1, left: 1, base: j.results}
	x.queue[0] = &x.chunk
	j.queue = x.queue[:]
	return j
}

// refusal is why the pool takes no jobs.
func (s *state) refusal() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refusalLocked()
}

func (s *state) refusalLocked() error {
	switch {
	case s.phase != phaseOpen:
		return ErrClosed
	case s.broken != nil:
		return s.broken
	}
	return nil
}

// submit queues a job, or ends it when it has failed or has no items.
func (s *state) submit(j *Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j.err == nil {
		j.err = s.refusalLocked()
	}
	if ctx := j.opts.ctx; j.err == nil && ctx != nil && ctx.Err() != nil {
		j.err = contextError(ctx)
	}
	if s.threads {
		j.ctx, j.cancelTasks = context.WithCancel(s.ctx)
	}
	s.jobs[j.id] = j
	s.total.Jobs++
	s.total.Items += j.total
	if j.code != nil && j.code.pace == nil {
		h := j.code.unit.Hash
		if s.paces[h] == nil {
			s.paces[h] = &pace{}
		}
		j.code.pace = s.paces[h]
	}
	s.jobStarted(j)
	if j.err != nil || j.total == 0 && !j.open {
		s.finish(j)
		return
	}
	if ctx := j.opts.ctx; ctx != nil {
		j.gets().release = context.AfterFunc(ctx, func() { s.cancelJob(j, contextError(ctx)) })
	}
	s.enqueue(j)
	s.feedAll()
	j.waits = false
}

// next takes the next chunk that a worker is to run, nil when there is none.
func (s *state) next() *chunk {
	for len(s.queue) > 0 {
		j := s.queue[0]
		if len(j.queue) > 0 && !j.finished {
			c := j.queue[0]
			j.queue[0] = nil
			j.queue = j.queue[1:]
			if len(j.queue) == 0 {
				j.queue = nil
				s.dequeue()
			}
			return c
		}
		s.dequeue()
	}
	return nil
}

func (s *state) dequeue() {
	s.queue[0] = nil
	s.queue = s.queue[1:]
	if len(s.queue) == 0 {
		s.queue = nil
	}
}

// requeue puts chunks back, before all others, in their order.
func (s *state) requeue(cs []*chunk) {
	for i := len(cs) - 1; i >= 0; i-- {
		c := cs[i]
		j := c.job
		if j.finished || c.left == 0 {
			continue
		}
		j.queue = append([]*chunk{c}, j.queue...)
		s.enqueueFirst(j)
	}
}

// itemDone notes the end of an item: its value is in its slot already, or err says why there is none.
func (s *state) itemDone(c *chunk, i int, err error, took time.Duration) {
	s.itemsDone(c, i, 1, err, took)
}

// itemsDone is itemDone for n consecutive items of a chunk; an error is of one only.
func (s *state) itemsDone(c *chunk, i, n int, err error, took time.Duration) {
	j := c.job
	marked := c.mark(i, n)
	if marked == 0 || j.finished {
		return
	}
	j.meter.busy += took
	c.spent += took
	s.total.Busy += took
	if err == nil || !s.mayRetry(c, i, err) {
		s.itemsOver(c, i, n, marked, err)
	}
	s.runAgain(c)
}

// itemsOver notes the end of items that do not run again, marked of which had none.
func (s *state) itemsOver(c *chunk, i, n, marked int, err error) {
	j := c.job
	j.done += marked
	s.total.Done += marked
	if f := j.few.Load(); f != nil {
		f.retry.over(c, i, n)
	}
	if err != nil {
		j.failed++
		s.total.Failed++
		f := j.gets()
		if f.errs == nil {
			f.errs = map[int]error{}
		}
		f.errs[c.index(i)] = err
		if j.failed == 1 || len(f.failures) == 0 || f.failures[len(f.failures)-1] != c {
			f.failures = append(f.failures, c)
		}
	}
	stop := err != nil && j.opts.stopAtError && !isCancel(err)
	if j.stream != nil {
		for k := range n {
			j.stream.put(c, i+k, err)
		}
	}
	if j.done == j.total && !j.open {
		s.end(j)
	} else if stop {
		j.stopped = true
		s.fail(j, ErrCancelled)
	}
}

// finish ends a job: its result is final. Its callback, if it has one, runs before the result is ready.
func (s *state) finish(j *Job) {
	if j.finished {
		return
	}
	j.finished = true
	if j.cancelTasks != nil {
		j.cancelTasks()
	}
	j.meter.end = time.Now()
	j.queue = nil
	if f := j.few.Load(); f != nil {
		if f.release != nil {
			f.release()
		}
		f.reserve = nil
		f.retry.stop(s)
	}
	delete(s.jobs, j.id)
	if j.stream != nil {
		j.stream.end()
	}
	s.jobDone(j)
	for _, l := range s.links {
		l.drop(j)
	}
	j.watchUnseen()
	s.conclude(j)
	s.settle()
}

// conclude makes the result of a finished job ready, after its callback. One that failed as a whole waits for its tasks: when it is ready none
// of them does anything any more.
func (s *state) conclude(j *Job) {
	if j.concluded || j.err != nil && j.flying > 0 {
		return
	}
	j.concluded = true
	if f := j.few.Load(); f != nil {
		if f.final != nil {
			close(f.final)
		}
		if f.grace != nil && f.grace.Stop() {
			s.wg.Done()
		}
	}
	cb := j.opts.callback
	if j.failure() != nil {
		cb = j.opts.onError
	}
	if cb.IsValid() && !(s.phase == phaseTerminated && errors.Is(j.err, ErrTerminated)) {
		s.callLater(func() {
			j.callback()
			s.mu.Lock()
			defer s.mu.Unlock()
			j.turnReady()
		})
	} else {
		j.turnReady()
	}
}

// callLater runs f on the goroutine of the callbacks.
func (s *state) callLater(f func()) {
	s.calls = append(s.calls, f)
	if !s.calling {
		s.calling = true
		s.wg.Add(1)
		go s.runCallbacks()
	}
}

// runCallbacks runs what is in calls, one after the other.
func (s *state) runCallbacks() {
	defer s.wg.Done()
	for {
		s.mu.Lock()
		if len(s.calls) == 0 {
			s.calls, s.calling = nil, false
			s.mu.Unlock()
			return
		}
		f := s.calls[0]
		s.calls[0] = nil
		s.calls = s.calls[1:]
		s.mu.Unlock()
		f()
	}
}

// fail ends a job with an error of the whole, and stops what runs of it. What was done before stays for Outcomes.
func (s *state) fail(j *Job, err error) {
	if j.finished {
		return
	}
	j.err = err
	j.seal()
	s.finish(j)
	if s.phase != phaseTerminated && s.broken == nil { // otherwise all workers end
		for _, l := range s.links {
			l.cancel(j)
		}
	}
	if s.threads && !j.concluded {
		s.wg.Add(1)
		j.gets().grace = time.AfterFunc(cancelGrace, func() {
			defer s.wg.Done()
			s.mu.Lock()
			defer s.mu.Unlock()
			j.flying = 0 // what still runs cannot be stopped
			s.conclude(j)
		})
	}
}

// seal takes the values that are there to slots of the job's own: workers that are still at it may write to the old ones.
func (j *Job) seal() {
	if !j.results.IsValid() {
		return
	}
	n := j.results.Len()
	sealed := reflect.MakeSlice(j.results.Type(), n, n)
	has := j.gets()
	has.missing = make([]bool, n)
	for i := range has.missing {
		has.missing[i] = true
	}
	for _, c := range j.chunks {
		for i := range c.n {
			if slot := c.slot(i); slot >= 0 && c.isDone(i) && !has.retry.again[c.index(i)] {
				sealed.Index(slot).Set(c.base.Index(slot))
				has.missing[slot] = false
			}
		}
	}
	j.results = sealed
}

// cancelJob ends a job on request, with that error.
func (s *state) cancelJob(j *Job, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !j.finished {
		s.fail(j, why)
		s.feedAll()
	}
}

// cancelID ends the job of that ID, or the jobs of the series, and reports whether there was one.
func (s *state) cancelID(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := false
	for _, j := range s.jobs {
		if j.id == id && j.series == nil || j.series != nil && j.series.first.id == id {
			s.fail(j, ErrCancelled)
			found = true
		}
	}
	if found {
		s.feedAll()
	}
	return found
}

// breakLocked ends all jobs, now and later, with err: no worker can be made ready.
func (s *state) breakLocked(err error) {
	if s.broken != nil || s.phase == phaseTerminated {
		return
	}
	s.broken = err
	s.endBroadcasts(err)
	for _, j := range s.jobs {
		s.fail(j, err)
	}
	for _, l := range s.links {
		l.kill()
	}
}
