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
	Single   Mode = 1 << iota // no items: the function is called once, without arguments
	Spread                    // items are structs whose fields are the arguments
	LastErr                   // the last result is an error: the task's failure
	NoResult                  // the function has no result, or none but an error: results are struct{}
)

// Job is one call of a pool. Its methods may be called concurrently.
type Job struct {
	id          int64
	s           *state
	o           *Origin
	name        string // of the call, such as "MapAsync"
	mode        Mode
	opts        callConfig
	fn          reflect.Value
	out         reflect.Type // of one result
	seed        uint64       // of the streams of random numbers of its items
	code        *code        // of a job for processes, nil otherwise
	ready       chan struct{}
	ctx         context.Context // of the tasks of a job for threads: ends when the job is over before they are
	cancelTasks context.CancelFunc

	looked atomic.Bool            // somebody has asked how it went
	unseen atomic.Pointer[unseen] // its failure, when nobody had when it failed

	waits bool  // the caller waits for the result at once; only while the job is started
	hears *link // the worker whose box the caller is to look into

	// The rest is guarded by s.mu. After finished is set it does not change.
	total     int // items; grows while a stream goes on
	open      bool
	queue     []*chunk // not handed out yet
	reserve   []*chunk // behind them, held back until results are taken: see BufferSize
	chunks    []*chunk // all of a map; nil for other calls
	missing   []bool   // items that were not done when the job ended with an error of the whole; nil: none were
	results   reflect.Value
	stream    *results
	errs      map[int]error
	done      int
	failed    int
	err       error         // of the whole job
	unread    error         // why there are no further items: what err will be when those that were read are done
	stopped   bool          // by StopAtFirstError: err is of the items that did not run, errs say why
	release   func() bool   // lets go of the call's context; nil without one
	finished  bool          // the result is final; ready is closed after the callback
	final     chan struct{} // closed when concluded is set; nil while nobody asks
	told      bool          // ready is closed
	concluded bool          // its callback is called, or ready closed
	flying    int           // chunks that workers have
	grace     *time.Timer   // of threads, when the job failed as a whole: then it is ready
	watchers  []func()
	failures  []*chunk // those with failed items, for RetryFailed
	retry     retries
	meter     meter
	note      TaskReport // what one of its tasks has told last
	noted     bool       // that has not been told on yet
	progress  progress
	series    *series // it is one of, as front ends see it; nil for others
	ordinal   int     // its number there, from 0
}

// chunk is what goes to a worker at once: some of a job's items.
type chunk struct {
	id    uint64
	job   *Job
	first int   // index of the first item
	n     int   // items in data or items
	idx   []int // index in the results of each item, -1 for those that are not wanted; nil: first + i

	data  []byte        // encoded items, for processes
	items reflect.Value // for threads: the slice that has the items from offset lo
	lo    int

	base reflect.Value // results: a slice
	off  int           // base index of item 0, when idx is nil

	all    bool   // all items are done
	upto   int    // those before it are, as a rule all that are
	done   []bool // which others are; nil: none
	left   int    // items that are not done
	deaths int    // workers that died with it
	redo   []int  // items that are to run again, when all others are done
	asking int    // items of which RetryIf is being asked
	sent   time.Time
	guess  time.Duration // how long it was to take when it was sent; 0 when that could not be told
	size   int           // of data then
	spent  time.Duration // of the tasks done
}

func (c *chunk) index(i int) int {
	if c.idx != nil {
		return c.idx[i]
	}
	return c.first + i
}

func (c *chunk) slot(i int) int {
	if c.idx != nil {
		return c.idx[i]
	}
	return c.off + i
}

// isDone reports whether the item needs not run.
func (c *chunk) isDone(i int) bool {
	return c.all || i < c.upto || c.done != nil && c.done[i] || c.idx != nil && c.idx[i] < 0
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
	if i == c.upto && c.done == nil && c.idx == nil {
		c.upto += n
		c.left -= n
		return n
	}
	marked := 0
	for k := i; k < i+n; k++ {
		if c.isDone(k) {
			continue
		}
		if c.done == nil {
			c.done = make([]bool, c.n)
		}
		c.done[k] = true
		c.left--
		marked++
	}
	return marked
}

// jobIDs numbers the jobs of the process.
var jobIDs atomic.Int64

// newJob checks a call and makes its job, which belongs to no queue yet. With an error the job has failed.
func (s *state) newJob(o *Origin, name string, mode Mode, fn any, opts []CallOption) *Job {
	j := &Job{id: jobIDs.Add(1), s: s, o: o, name: name, mode: mode, ready: make(chan struct{}), opts: makeCallConfig(opts)}
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
		return j
	}
	j.out = resultType(j.fn.Type(), mode)
	j.err = j.check()
	return j
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
func (j *Job) Done() <-chan struct{} { return j.ready }

// Ready reports whether the result is ready.
func (j *Job) Ready() bool {
	select {
	case <-j.ready:
		return true
	default:
		return false
	}
}

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
	select {
	case <-j.ready:
		return nil
	default:
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
	case <-j.ready:
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
	errs := make([]error, j.total)
	for i := range errs {
		if j.err != nil && (j.missing == nil || j.missing[i]) {
			errs[i] = j.err
		}
	}
	for i, err := range j.errs {
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
	if j.err != nil && !j.stopped || len(j.errs) == 0 {
		return j.err
	}
	return withMore(j.errs[slices.Min(slices.Collect(maps.Keys(j.errs)))], len(j.errs)-1)
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
