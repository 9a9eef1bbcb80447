package core

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"poolbook/pool/internal/codec"
)

// Mode says how a call uses its function.
type Mode uint8

// The modes; 0 is a function of one item with one result.
const (
	Single     Mode = 1 << iota // no items: the function is called once, without arguments
	Spread                      // items are structs whose fields are the arguments
	LastErr                     // the last result is an error: the task's failure
	NoResult                    // the function has no result, or none but an error: results are struct{}
	OfExecutor                  // the call is one of an executor: see Pool.Submit
)

// Job is one call of a pool. Its methods may be called concurrently.
type Job struct {
	id          int64
	s           *state
	o           *Origin
	name        string // of the call, such as "MapAsync"
	mode        Mode
	opts        *callConfig // shared with other jobs: it does not change
	fn          reflect.Value
	out         reflect.Type    // of one result
	seed        uint64          // of the streams of random numbers of its items
	code        *code           // of a job for processes, nil otherwise
	ctx         context.Context // of the tasks of a job for threads: ends when the job is over before they are
	cancelTasks context.CancelFunc

	told   atomic.Bool            // the result is ready
	looked atomic.Bool            // somebody has asked how it went
	unseen atomic.Pointer[unseen] // its failure, when nobody had when it failed

	waits bool  // the caller waits for the result at once; only while the job is started
	hears *link // the worker whose box the caller is to look into

	// The rest is guarded by s.mu. After finished is set it does not change.
	total     int // items; grows while a stream goes on
	open      bool
	queue     []*chunk // not handed out yet
	chunks    []*chunk // all of a map; nil for other calls
	results   reflect.Value
	stream    *results
	done      int
	failed    int
	err       error         // of the whole job
	stopped   bool          // by StopAtFirstError: err is of the items that did not run, errs say why
	finished  bool          // the result is final; it is ready after the callback
	concluded bool          // its callback is called, or its result ready
	flying    int           // chunks that workers have
	ready     chan struct{} // closed when told is set; nil while nobody has asked
	meter     meter
	progress  progress
	series    *series // it is one of, as front ends see it; nil for others
	ordinal   int     // its number there, from 0

	few atomic.Pointer[fewHave] // what most jobs do without; nil: nothing
}

// fewHave is what few jobs need, so that the others are small: a program may have many thousands of them. It is guarded as the rest of the job.
type fewHave struct {
	reserve  []*chunk      // behind the queue, held back until results are taken: see BufferSize
	missing  []bool        // items that were not done when the job ended with an error of the whole; nil: none were
	errs     map[int]error // of failed items
	failures []*chunk      // those with failed items, for RetryFailed
	retry    retries
	unread   error         // why there are no further items: what err will be when those that were read are done
	release  func() bool   // lets go of the call's context; nil without one
	final    chan struct{} // closed when concluded is set; nil while nobody asks
	grace    *time.Timer   // of threads, when the job failed as a whole: then it is ready
	watchers []func()
	note     TaskReport // what one of its tasks has told last
	noted    bool       // that has not been told on yet
}

// nothing is what a job has of what few have. It does not change.
var nothing fewHave

// has is for reading.
func (j *Job) has() *fewHave {
	if f := j.few.Load(); f != nil {
		return f
	}
	return &nothing
}

// gets is for writing. mu is held, or nobody else knows the job.
func (j *Job) gets() *fewHave {
	f := j.few.Load()
	if f == nil {
		f = &fewHave{}
		j.few.Store(f)
	}
	return f
}

// single is a job of one item with what it needs, in one piece of memory.
type single struct {
	Job
	chunk chunk
	queue [1]*chunk
}

// chunk is what goes to a worker at once: some of a job's items.
type chunk struct {
	id    uint64
	job   *Job
	first int    // index of the first item
	n     int    // items in data or items
	idx   *[]int // index in the results of each item, -1 for those that are not wanted; nil: first + i

	data  []byte // encoded items, for processes
	items *items // for threads

	base reflect.Value // results: a slice
	off  int           // base index of item 0, when idx is nil

	all    bool          // all items are done
	deaths int32         // workers that died with it
	upto   int           // items before it are done, as a rule all that are
	left   int           // items that are not done
	marks  *marks        // what else is known of its items; nil: nothing
	sent   time.Duration // when, since the pool was made
	guess  time.Duration // how long it was to take when it was sent; 0 when that could not be told
	size   int           // of data then
	spent  time.Duration // of the tasks done
}

// items are those of a chunk for threads: of the slice from offset lo on.
type items struct {
	slice reflect.Value
	lo    int
}

// marks are what few chunks need: those whose items end out of their order, or run again.
type marks struct {
	done   []bool // which items are done; nil: none but those before upto
	redo   []int  // items that are to run again, when all others are done
	asking int    // items of which RetryIf is being asked

	handles []codec.Handle // shared objects in the chunk's data
}

// marked makes the marks of a chunk. mu is held.
func (c *chunk) marked() *marks {
	if c.marks == nil {
		c.marks = &marks{}
	}
	return c.marks
}

// refer sets the shared objects in the chunk's data: they live as long as that may be sent.
func (c *chunk) refer(handles []codec.Handle) {
	if len(handles) > 0 || c.marks != nil {
		c.marked().handles = handles
	}
}

// refersTo are the shared objects in the chunk's data.
func (c *chunk) refersTo() []codec.Handle {
	if c.marks == nil {
		return nil
	}
	return c.marks.handles
}

func (c *chunk) index(i int) int {
	if c.idx != nil {
		return (*c.idx)[i]
	}
	return c.first + i
}

func (c *chunk) slot(i int) int {
	if c.idx != nil {
		return (*c.idx)[i]
	}
	return c.off + i
}

// isDone reports whether the item needs not run.
func (c *chunk) isDone(i int) bool {
	return c.all || i < c.upto || c.marks != nil && c.marks.done != nil && c.marks.done[i] || c.idx != nil && (*c.idx)[i] < 0
}

// fresh reports whether all items are to run.
func (c *chunk) fresh() bool {
	return c.idx == nil && c.upto == 0 && (c.marks == nil || c.marks.done == nil)
}

// timedOut is the error of an item that ran too long, without its worker.
func (c *chunk) timedOut(i int) *TimeoutError {
	return &TimeoutError{Label: c.job.opts.label, Index: c.index(i), Single: c.job.single(), Limit: c.job.opts.timeout}
}

// mark notes that n items from i on are done, and reports how many were not before.
func (c *chunk) mark(i, n int) int {
	if n == c.n && n == c.left {
		c.left = 0
		c.all = true
		return n
	}
	if i == c.upto && c.idx == nil && (c.marks == nil || c.marks.done == nil) {
		c.upto += n
		c.left -= n
		return n
	}
	marked := 0
	for k := i; k < i+n; k++ {
		if c.isDone(k) {
			continue
		}
		m := c.marked()
		if m.done == nil {
			m.done = make([]bool, c.n)
		}
		m.done[k] = true
		c.left--
		marked++
	}
	return marked
}

// jobIDs numbers the jobs of the process.
var jobIDs atomic.Int64

// newJob checks a call and makes its job, which belongs to no queue yet. With an error the job has failed.
func (s *state) newJob(o *Origin, name string, mode Mode, fn any, opts []CallOption) *Job {
	j := &Job{}
	s.checkJob(j, o, name, mode, fn, opts)
	return j
}

// checkJob is newJob for a job that has its memory.
func (s *state) checkJob(j *Job, o *Origin, name string, mode Mode, fn any, opts []CallOption) {
	j.id, j.s, j.o, j.name, j.mode, j.opts = jobIDs.Add(1), s, o, name, mode, makeCallConfig(opts)
	if j.seed = rand.Uint64(); j.opts.seed != nil {
		j.seed = *j.opts.seed
	}
	j.fn = reflect.ValueOf(fn)
	j.meter.start = time.Now()
	if h := j.opts.handle; h != nil {
		h.j.Store(j)
	}
	if j.fn.Kind() != reflect.Func || j.fn.IsNil() {
		j.err = fmt.Errorf("pool.%s: the function is nil", name)
		j.out = noResultType
		if j.fn.Kind() == reflect.Func {
			j.out = resultType(j.fn.Type(), mode)
		}
		return
	}
	j.out = resultType(j.fn.Type(), mode)
	j.err = j.check()
}

var noResultType = reflect.TypeFor[struct{}]()

func resultType(fn reflect.Type, mode Mode) reflect.Type {
	if mode&NoResult != 0 || fn.NumOut() == 0 {
		return noResultType
	}
	return fn.Out(0)
}

// check finds what is wrong with a call before anything runs.
func (j *Job) check() error {
	if cb := j.opts.callback; cb.IsValid() {
		want := j.out
		if j.mode&Single == 0 {
			want = reflect.SliceOf(j.out)
		}
		if in := cb.Type().In(0); !want.AssignableTo(in) {
			return fmt.Errorf("pool.%s: the callback takes %v, but the result is %v", j.name, in, want)
		}
	}
	if j.s.config.engine == Native {
		return errNative
	}
	return nil
}

var errNative = errors.New("pool: the native engine is not available yet: leave out pool.Engine, or use pool.Engine(pool.Interpreted)")

// label is how the job is called in errors and displays.
func (j *Job) label() string {
	if j.opts.label != "" {
		return j.opts.label
	}
	return j.name
}

// Of reports whether the job belongs to the pool.
func (j *Job) Of(p *Pool) bool { return j.s == p.s }

// Done is closed when the result is ready.
func (j *Job) Done() <-chan struct{} {
	j.s.mu.Lock()
	defer j.s.mu.Unlock()
	if j.ready == nil {
		if j.told.Load() {
			return closed
		}
		j.ready = make(chan struct{})
	}
	return j.ready
}

// closed is what jobs have done that were ready before anybody asked.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Ready reports whether the result is ready.
func (j *Job) Ready() bool { return j.told.Load() }

// Successful reports whether no item failed. It panics when the result is not ready.
func (j *Job) Successful() bool {
	if !j.Ready() {
		panic("pool: Successful on a result that is not ready")
	}
	j.look()
	return j.failure() == nil
}

// Wait waits for the result, for d at most, negative for as long as it takes, and reports whether it is ready. It panics with ErrDeadlock.
func (j *Job) Wait(o *Origin, d time.Duration) bool {
	err := j.wait(o, d)
	if errors.Is(err, ErrDeadlock) {
		panic(err)
	}
	return err == nil
}

func (j *Job) wait(o *Origin, d time.Duration) error {
	if j.Ready() {
		return nil
	}
	var limit <-chan time.Time
	if d >= 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		limit = t.C
	}
	if d < 0 {
		if err := j.endless(o, o.done()); err != nil {
			return err
		}
	}
	select {
	case <-j.Done():
		return nil
	case <-limit:
		return ErrTimeout
	case <-o.done():
		return ErrInterrupted
	}
}

// Get waits for the result, for d at most, and stores it in *into, which has the type of the whole result. into may be nil.
func (j *Job) Get(o *Origin, d time.Duration, into any) error {
	if err := j.wait(o, d); err != nil {
		return err
	}
	j.look()
	if err := j.failure(); err != nil {
		return err
	}
	if into != nil {
		v := reflect.ValueOf(into).Elem()
		if j.mode&Single != 0 {
			v.Set(j.results.Index(0))
		} else {
			v.Set(j.results)
		}
	}
	return nil
}

// Run is Get for a call that waits: the job has no other owner, so an interrupt cancels it.
func (j *Job) Run(o *Origin, into any) error {
	err := j.Get(o, -1, into)
	if errors.Is(err, ErrInterrupted) && !j.Ready() {
		j.interrupt()
	}
	return err
}

// interrupt ends the job with the wait of its only owner.
func (j *Job) interrupt() {
	j.Cancel()
	_ = j.wait(nil, stopTime)
}

// stopTime is how long an interrupted call waits at most for its tasks to stop, so that they do nothing behind the cell. Mostly it is milliseconds,
// and never more than cancelGrace and the end of a process.
const stopTime = time.Second

// Outcomes waits for the result and stores the values of all items in *into, a slice; it returns the error of each item, nil for
// those that succeeded.
func (j *Job) Outcomes(o *Origin, into any) []error {
	err := j.wait(o, -1)
	j.look()
	if err != nil {
		j.s.mu.Lock()
		errs := make([]error, j.total)
		j.s.mu.Unlock()
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	errs, has := make([]error, j.total), j.has()
	for i := range errs {
		if j.err != nil && (has.missing == nil || has.missing[i]) {
			errs[i] = j.err
		}
	}
	for i, err := range has.errs {
		errs[i] = err
	}
	if j.results.IsValid() {
		reflect.ValueOf(into).Elem().Set(j.results)
	} else {
		reflect.ValueOf(into).Elem().Set(reflect.MakeSlice(reflect.SliceOf(j.out), j.total, j.total))
	}
	return errs
}

// failure is the error of a job that is ready: that of the whole, or of the failed item with the lowest index.
func (j *Job) failure() error {
	errs := j.has().errs
	if j.err != nil && !j.stopped || len(errs) == 0 {
		return j.err
	}
	return withMore(errs[slices.Min(slices.Collect(maps.Keys(errs)))], len(errs)-1)
}

// withMore is the error with the number of further failures.
func withMore(err error, more int) error {
	switch e := err.(type) {
	case *RemoteError:
		c := *e
		c.More = more
		return &c
	case *WorkerLostError:
		c := *e
		c.More = more
		return &c
	case *TimeoutError:
		c := *e
		c.More = more
		return &c
	}
	if more > 0 {
		return fmt.Errorf("%w (and %d more failed)", err, more)
	}
	return err
}

// Cancel ends the job: queued items are dropped, running ones are stopped. Outcomes has those that were done.
func (j *Job) Cancel() { j.s.cancelJob(j, ErrCancelled) }

// single is whether an index says nothing.
func (j *Job) single() bool { return j.mode&Single != 0 }

// refuse puts the call in front of what is wrong with its arguments.
func (j *Job) refuse(err error) error {
	if err == nil {
		return nil
	}
	var r *codec.RefusedError
	if errors.As(err, &r) && !strings.HasPrefix(err.Error(), "pool.") {
		return fmt.Errorf("pool.%s: %w", j.name, err)
	}
	return err
}
