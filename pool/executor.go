package pool

import (
	"iter"
	"time"

	"poolbook/pool/core"
)

// Executor runs single functions on workers: Python's concurrent.futures.
type Executor struct{ p *Pool }

// NewProcessExecutor makes an executor of worker processes. It takes the options of a pool.
func NewProcessExecutor(opts ...Option) *Executor {
	return &Executor{&Pool{core.NewPool(core.CallerOrigin(), false, opts)}}
}

// NewThreadExecutor makes an executor whose workers are goroutines of this program: see [NewThreadPool].
func NewThreadExecutor(opts ...Option) *Executor {
	return &Executor{&Pool{core.NewPool(core.CallerOrigin(), true, opts)}}
}

// MaxWorkers is [Processes] under the name that Python's executors use.
func MaxWorkers(n int) Option { return core.Processes(n) }

// ShutdownOption is an option of [Executor.Shutdown].
type ShutdownOption struct{ cancel bool }

// CancelFutures cancels what no worker has begun: the cancel_futures of Python's shutdown. Of an ExecutorMap it cancels the items that wait.
func CancelFutures() ShutdownOption { return ShutdownOption{cancel: true} }

// Shutdown lets the work finish that was submitted, ends the workers, and waits for that. With [CancelFutures] only what runs is finished.
func (ex *Executor) Shutdown(opts ...ShutdownOption) error {
	ex.p.c.Close()
	for _, o := range opts {
		if o.cancel {
			ex.p.c.CancelQueue()
		}
	}
	return ex.p.c.Join(core.CallerOrigin())
}

// ShutdownNow ends the workers at once, and waits for that. Futures that are not done return [ErrTerminated]. It is the kill_workers of CPython
// 3.14's ProcessPoolExecutor, which does not wait: there the futures that ran have a BrokenProcessPool, and those that waited are cancelled.
func (ex *Executor) ShutdownNow() error {
	ex.p.c.Terminate()
	return ex.p.c.Join(core.CallerOrigin())
}

// Future is the result of a submitted function, as it will be. Its methods may be called concurrently and again.
type Future[R any] struct{ j *core.Job }

func (f *Future[R]) coreJob() *core.Job { return f.j }

// Submit starts fn on a worker of the executor. What it captures is copied at the call.
func Submit[R any](ex *Executor, fn func() R, opts ...CallOption) *Future[R] {
	return &Future[R]{ex.p.c.Submit(core.CallerOrigin(), core.OfExecutor, fn, opts)}
}

// SubmitErr is Submit for a function that can fail.
func SubmitErr[R any](ex *Executor, fn func() (R, error), opts ...CallOption) *Future[R] {
	return &Future[R]{ex.p.c.Submit(core.CallerOrigin(), core.OfExecutor|core.LastErr, fn, opts)}
}

// Result waits for the result.
func (f *Future[R]) Result() (R, error) {
	var out R
	err := f.j.Get(core.CallerOrigin(), -1, &out)
	return out, err
}

// ResultTimeout is Result that gives up after d with [ErrTimeout].
func (f *Future[R]) ResultTimeout(d time.Duration) (R, error) {
	var out R
	err := f.j.Get(core.CallerOrigin(), max(d, 0), &out)
	return out, err
}

// Done is closed when the result is there, or the function has failed or was cancelled.
func (f *Future[R]) Done() <-chan struct{} { return f.j.Done() }

// Ready reports whether Done is closed.
func (f *Future[R]) Ready() bool { return f.j.Ready() }

// Running reports whether a worker has the function and has not finished it.
func (f *Future[R]) Running() bool { return f.j.Running() }

// Cancel cancels the function when no worker has it yet, and reports whether it did. See also [Pool.Cancel].
func (f *Future[R]) Cancel() bool { return f.j.CancelQueued() }

// Cancelled reports whether it was cancelled.
func (f *Future[R]) Cancelled() bool { return f.j.Cancelled() }

// AddDoneCallback calls fn with the future when it is done, on the goroutine of the executor's callbacks; at once when it is done already.
func (f *Future[R]) AddDoneCallback(fn func(*Future[R])) { f.j.OnDone(func() { fn(f) }) }

// ExecutorMap calls fn with each of the items and gives the results one by one, in the order of the items. A loop that is left cancels the rest, as
// that of [Imap] does; CPython cancels what has not begun.
func ExecutorMap[T, R any](ex *Executor, fn func(T) R, items []T, opts ...CallOption) iter.Seq2[R, error] {
	return results[R](ex.p.c.Stream(core.CallerOrigin(), "ExecutorMap", true, 0, fn, items, opts))
}

// ExecutorMapSeq is [ExecutorMap] over a sequence, which may be long or endless: see [ImapSeq] for how it is read, and [BufferSize].
func ExecutorMapSeq[T, R any](ex *Executor, fn func(T) R, items iter.Seq[T], opts ...CallOption) iter.Seq2[R, error] {
	return results[R](ex.p.c.StreamSeq(core.CallerOrigin(), "ExecutorMapSeq", true, 0, fn, items, opts))
}

// AsCompleted gives the futures in the order in which they are done, each once. It ends early when the cell is interrupted.
func AsCompleted[R any](fs []*Future[R]) iter.Seq[*Future[R]] {
	return func(yield func(*Future[R]) bool) {
		o := core.CallerOrigin()
		fs := distinct(fs)
		w := core.Watch(jobsOf(fs))
		for range fs {
			i, err := w.Next(o, -1)
			if err != nil || !yield(fs[i]) {
				return
			}
		}
	}
}

// AsCompletedTimeout is [AsCompleted] that ends d after the loop has begun: with nil and [ErrTimeout] when futures are left then, with
// [ErrInterrupted] when the cell is interrupted.
func AsCompletedTimeout[R any](fs []*Future[R], d time.Duration) iter.Seq2[*Future[R], error] {
	return func(yield func(*Future[R], error) bool) {
		o := core.CallerOrigin()
		fs := distinct(fs)
		w := core.Watch(jobsOf(fs))
		end := time.Now().Add(d)
		for range fs {
			i, err := w.Next(o, max(time.Until(end), 0))
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(fs[i], nil) {
				return
			}
		}
	}
}

// distinct are the futures without those that were there before.
func distinct[R any](fs []*Future[R]) []*Future[R] {
	seen := make(map[*Future[R]]bool, len(fs))
	var out []*Future[R]
	for _, f := range fs {
		if !seen[f] {
			seen[f] = true
			out = append(out, f)
		}
	}
	return out
}

func jobsOf[R any](fs []*Future[R]) []*core.Job {
	jobs := make([]*core.Job, len(fs))
	for i, f := range fs {
		jobs[i] = f.j
	}
	return jobs
}

// WaitMode says what [Wait] waits for.
type WaitMode int

// What Wait waits for.
const (
	AllCompleted   WaitMode = iota // until all are done
	FirstCompleted                 // until one is done
	FirstException                 // until one has failed, or all are done; a cancelled one has not failed
)

// Wait waits for futures and returns those that are done and those that are not, each once.
func Wait[R any](fs []*Future[R], mode WaitMode) (done, notDone []*Future[R]) {
	return WaitTimeout(fs, mode, -1)
}

// WaitTimeout is [Wait] that ends after d; a negative d has no limit.
func WaitTimeout[R any](fs []*Future[R], mode WaitMode, d time.Duration) (done, notDone []*Future[R]) {
	o := core.CallerOrigin()
	fs = distinct(fs)
	w := core.Watch(jobsOf(fs))
	end := time.Now().Add(d)
	for range fs {
		left := d
		if d >= 0 {
			left = max(time.Until(end), 0)
		}
		i, err := w.Next(o, left)
		if err != nil || mode == FirstCompleted || mode == FirstException && !fs[i].j.Cancelled() && !fs[i].j.Successful() {
			break
		}
	}
	for _, f := range fs {
		if f.Ready() {
			done = append(done, f)
		} else {
			notDone = append(notDone, f)
		}
	}
	return done, notDone
}
