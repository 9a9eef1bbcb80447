package pool

import (
	"poolbook/pool/core"
)

// Pool is a set of workers that run tasks. Its methods, and the functions that take it, may be called concurrently.
//
// A pool that becomes unreachable finishes its work and ends its workers, as after Close.
type Pool struct {
	c *core.Pool
}

// New makes a pool of worker processes: [CPUCount] of them, or as many as [Processes] says. It does not wait for them to start.
// What goes wrong with starting them is the error of the jobs.
func New(opts ...Option) *Pool {
	return &Pool{core.NewPool(core.CallerOrigin(), false, opts)}
}

// NewThreadPool makes a pool whose workers are goroutines of this program: tasks share its memory, and nothing is copied.
// It is for functions that mostly wait, and for compiled ones. A running task cannot be stopped from outside: after Cancel, Timeout
// or Terminate its result is dropped when it comes.
func NewThreadPool(opts ...Option) *Pool {
	return &Pool{core.NewPool(core.CallerOrigin(), true, opts)}
}

// With makes a pool, calls f with it, and terminates it when f returns or panics.
// As with Python's with-statement, work that is still running then is cut off: wait for results in f.
func With(f func(p *Pool), opts ...Option) {
	p := New(opts...)
	defer p.Terminate()
	f(p)
}

// Close lets the work that was submitted finish and then ends the workers; it does not wait for that. Later calls return [ErrClosed].
func (p *Pool) Close() { p.c.Close() }

// Terminate ends the workers at once. Unfinished results return [ErrTerminated].
func (p *Pool) Terminate() { p.c.Terminate() }

// Join waits until all work is done and the workers are gone. It returns [ErrNotClosed] at once when neither Close nor Terminate was
// called before, [ErrInterrupted] when the cell is interrupted, and [ErrDeadlock] in a callback of the pool, for which it would wait too. Results of
// [Imap] and its kin that nobody has taken are kept.
func (p *Pool) Join() error { return p.c.Join(core.CallerOrigin()) }

// Resize changes the number of workers to n. Further ones start at once; those that are too many end when they have done what they have begun, the ones
// with the highest [WorkerIndex]. The default chunk sizes of later calls follow it. It does nothing after Terminate, and panics when n is less than 1.
func (p *Pool) Resize(n int) { p.c.Resize(n) }

// Size is how many workers the pool has, or may have with [IdleTimeout]: what [Processes] or Resize said.
func (p *Pool) Size() int { return p.c.Size() }

// Workers is how many workers live now, or are starting.
func (p *Pool) Workers() int { return p.c.Workers() }

// Stats are what the pool has done so far.
func (p *Pool) Stats() Stats { return p.c.Stats() }

// Cancel cancels a job of this pool: see [AsyncResult.Cancel]. It does nothing to a job of another pool.
func (p *Pool) Cancel(job Job) {
	if j := job.coreJob(); j.Of(p.c) {
		j.Cancel()
	}
}

// Job is what every asynchronous call returns: an [*AsyncResult], a [*MapResult].
type Job interface {
	coreJob() *core.Job
}
