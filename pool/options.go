package pool

import (
	"context"
	"time"

	"poolbook/pool/core"
)

// Option is an option of a pool.
type Option = core.Option

// CallOption is an option of one call.
type CallOption = core.CallOption

// EngineKind says what runs the tasks.
type EngineKind = core.EngineKind

// The engines.
const (
	Auto        = core.Auto        // native where it can be had, otherwise interpreted: the default
	Interpreted = core.Interpreted // always interpreted
	Native      = core.Native      // always compiled: not available yet, its jobs fail and say so
)

// Processes is the number of workers. The default is [CPUCount]. It panics when n is less than 1.
func Processes(n int) Option { return core.Processes(n) }

// Initializer is called in each worker before its first task; variables that it assigns stay as they are in that worker.
// When it panics, the jobs of the pool fail with an [*InitError].
func Initializer(f func()) Option { return core.Initializer(f) }

// AtExit is called in each worker as the last thing, when it ends in an orderly way: after Close, at MaxTasksPerChild, when the pool becomes smaller
// or the worker has been idle for too long; not when it is ended by Terminate or dies. The variables that [Initializer] and [RunOnAll] assign are
// those of its worker, to be closed or written out. What goes wrong in it is printed. Join waits for it. It panics when f is nil.
func AtExit(f func()) Option { return core.AtExit(f) }

// IdleTimeout ends workers that have had nothing to do for d; when there is work again new ones start, up to [Processes]. The default is to keep
// all, as Python's pools do. It panics unless d is positive.
func IdleTimeout(d time.Duration) Option { return core.IdleTimeout(d) }

// MaxTasksPerChild replaces each worker process after n tasks, to give back what they hold. As in Python one chunk of a Map counts as one
// task here. 0 is the default: never. It panics when n is negative. A thread pool ignores it.
func MaxTasksPerChild(n int) Option { return core.MaxTasksPerChild(n) }

// MemoryLimit is how many bytes of memory a worker process may hold, 64 MB at least. The garbage collector works harder near it; a worker
// that comes to it all the same is ended, and the running item fails with a [*WorkerLostError] that names the limit. A worker looks a hundred
// times a second, so that a task can be beyond it for that long. Large values that calls capture are kept in workers for later calls, up to
// 256 MB; under a limit up to a sixteenth of it, and that is not counted. The default is no limit. A thread pool ignores it. It panics when
// bytes is less.
func MemoryLimit(bytes int64) Option { return core.MemoryLimit(bytes) }

// StartMethod is how worker processes start: "spawn" starts each when it is needed; "forkserver" keeps as many spare ones as the pool has
// workers, so that a new pool or a replaced worker starts at once. The default is between them: a notebook whose cells name pool has one
// spare process, which the next pool takes as its first worker. "fork" panics: a process with several threads, as every Go program is,
// cannot go on in a forked copy. Other names panic too. CPython's default on Linux was fork until 3.13 and is forkserver since 3.14; on macOS and
// Windows it is spawn.
func StartMethod(method string) Option { return core.StartMethod(method) }

// Engine says what runs the tasks of the pool. The default is [Auto].
func Engine(kind EngineKind) Option { return core.Engine(kind) }

// ChunkSize is how many items go to a worker at once. The default of Map and its kin is the number of items divided by four times
// the number of workers, rounded up; that of Imap is 1. It panics when n is less than 1.
func ChunkSize(n int) CallOption { return core.ChunkSize(n) }

// Callback is called once with the whole result, before the job turns ready, when it did not fail: []R for a map, R for a single call.
// A call whose result is of another type is refused. Callbacks of a pool run one at a time, in the notebook's process; one that
// panics is reported on the cell's standard error, and one that waits for itself (Join, Shutdown, the result of its own job) gets [ErrDeadlock];
// CPython hangs in both cases, in all versions to 3.14. The interrupt of the call's cell ends a running callback.
func Callback[R any](f func(result R)) CallOption { return core.Callback(f) }

// ErrorCallback is called once with the error instead of Callback when the job failed.
func ErrorCallback(f func(err error)) CallOption { return core.ErrorCallback(f) }

// Timeout limits how long each task may run. A task that exceeds it fails with [ErrTimeout]; its worker is replaced.
func Timeout(d time.Duration) CallOption { return core.Timeout(d) }

// Retries runs an item again that has failed, at most n times: whose function returned an error or panicked, which exceeded its Timeout, or whose
// worker died. Its error is that of the last time. An item runs again when all others of its chunk are done. [RetryIf] chooses, [Backoff] waits.
// It panics when n is negative.
func Retries(n int) CallOption { return core.Retries(n) }

// RetryIf lets only those items run again for whose error f returns true; the error is what Get would return, so that errors.Is and errors.As find
// [*WorkerLostError], [ErrTimeout], or what the function returned. It is called in the notebook's process, as callbacks are: one at a time. When it
// panics the item does not run again. Without [Retries] it does nothing.
func RetryIf(f func(err error) bool) CallOption { return core.RetryIf(f) }

// Backoff makes an item wait before it runs again: first before the first time, then twice as long each time, limit at most, of which up to the half is
// left out at random, so that items that failed together do not come back together. No worker waits meanwhile. The default is no wait.
// It panics unless 0 < first ≤ limit.
func Backoff(first, limit time.Duration) CallOption { return core.Backoff(first, limit) }

// Context ends the job with ctx: what is queued is dropped, what runs is stopped, as by Cancel. errors.Is finds [ErrCancelled], the
// context's error and its cause in the job's error. A call with a context that has ended already runs nothing. It panics when ctx is nil.
func Context(ctx context.Context) CallOption { return core.Context(ctx) }

// StopAtFirstError ends the job when one of its items fails, after its [Retries]: what is queued is dropped, what runs is stopped, and the
// job's error is that of the failed item, at once. Outcomes has [ErrCancelled] for the items that did not run to their end. Without it all
// the other items run first, as in Python.
func StopAtFirstError() CallOption { return core.StopAtFirstError() }

// Priority lets workers take the items of this call before those of calls with a lower one; the default is 0. Calls of the same priority
// come in the order in which they were made. Nothing that runs is interrupted for a higher one, and a worker may have some two milliseconds of
// work before it.
func Priority(n int) CallOption { return core.Priority(n) }

// Seed makes the random numbers of the job the same each time: item i gets the same stream from [Rand], whatever the number of workers, their kind and
// the order in which they work. Without it each job has other ones.
func Seed(seed uint64) CallOption { return core.Seed(seed) }

// BufferSize is how many items of Imap and its kin, and of ExecutorMap, may be under way or wait to be taken; a chunk may be more. Without it all
// items of a slice are handed out at once, and sequences are read four chunks for each worker ahead. It is the buffersize of
// Executor.map since CPython 3.14, which counts chunks on processes. It panics when n is less than 1.
func BufferSize(n int) CallOption { return core.BufferSize(n) }

// Label names the job in progress bars, timeline and errors.
func Label(name string) CallOption { return core.Label(name) }

// NextTimeout limits how long each step of Imap and its kin waits; a step that exceeds it yields [ErrTimeout], and the items still come.
func NextTimeout(d time.Duration) CallOption { return core.NextTimeout(d) }

// JobHandle is what may be done to a call from elsewhere while it runs: Cancel, Done, Stats. The zero value is ready for [Handle]. Its methods may be
// called concurrently; before the call they do nothing.
type JobHandle = core.Handle

// Handle makes h the handle of the call, for the calls that return no result to cancel: Map, [Imap] and their kin.
//
//	var job pool.JobHandle
//	for v, err := range pool.Imap(p, f, items, pool.Handle(&job)) { … }
//
// In another goroutine, or in the loop, job.Cancel() ends the rest.
func Handle(h *JobHandle) CallOption { return core.WithHandle(h) }
