package pool

import (
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

// Processes is the number of workers. The default is one for each CPU. It panics when n is less than 1.
func Processes(n int) Option { return core.Processes(n) }

// Initializer is called in each worker before its first task; variables that it assigns stay as they are in that worker.
// When it panics, the jobs of the pool fail with an [*InitError].
func Initializer(f func()) Option { return core.Initializer(f) }

// MaxTasksPerChild replaces each worker process after n tasks, to give back what they hold. As in Python one chunk of a Map counts as one
// task here. 0 is the default: never. It panics when n is negative. A thread pool ignores it.
func MaxTasksPerChild(n int) Option { return core.MaxTasksPerChild(n) }

// MemoryLimit is how many bytes of memory a worker process may hold, 64 MB at least. The garbage collector works harder near it; a worker
// that comes to it all the same is ended, and the running item fails with a [*WorkerLostError] that names the limit. A worker looks a hundred
// times a second, so that a task can be beyond it for that long. The default is no limit. A thread pool ignores it. It panics when bytes is less.
func MemoryLimit(bytes int64) Option { return core.MemoryLimit(bytes) }

// StartMethod is how worker processes start: "spawn" starts each when it is needed; "forkserver" keeps as many spare ones as the pool has
// workers, so that a new pool or a replaced worker starts at once. The default is between them: a notebook whose cells name pool has one
// spare process, which the next pool takes as its first worker. "fork" panics: a process with several threads, as every Go program is,
// cannot go on in a forked copy. Other names panic too.
func StartMethod(method string) Option { return core.StartMethod(method) }

// Engine says what runs the tasks of the pool. The default is [Auto].
func Engine(kind EngineKind) Option { return core.Engine(kind) }

// ChunkSize is how many items go to a worker at once. The default of Map and its kin is the number of items divided by four times
// the number of workers, rounded up; that of Imap is 1. It panics when n is less than 1.
func ChunkSize(n int) CallOption { return core.ChunkSize(n) }

// Callback is called once with the whole result, before the job turns ready, when it did not fail: []R for a map, R for a single call.
// A call whose result is of another type is refused. Callbacks of a pool run one at a time, in the notebook's process; one that
// panics is reported on the cell's standard error.
func Callback[R any](f func(result R)) CallOption { return core.Callback(f) }

// ErrorCallback is called once with the error instead of Callback when the job failed.
func ErrorCallback(f func(err error)) CallOption { return core.ErrorCallback(f) }

// Timeout limits how long each task may run. A task that exceeds it fails with [ErrTimeout]; its worker is replaced.
func Timeout(d time.Duration) CallOption { return core.Timeout(d) }

// Retries runs items again whose worker died, at most n times each.
func Retries(n int) CallOption { return core.Retries(n) }

// Label names the job in progress bars, timeline and errors.
func Label(name string) CallOption { return core.Label(name) }

// NextTimeout limits how long each step of Imap and its kin waits; a step that exceeds it yields [ErrTimeout], and the items still come.
func NextTimeout(d time.Duration) CallOption { return core.NextTimeout(d) }
