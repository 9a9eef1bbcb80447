package pool

import (
	"math/rand/v2"

	"poolbook/pool/core"
)

// RunOnAll runs fn once in each worker of the pool and waits for that: to load data there, to open a connection. Variables that fn assigns stay as they
// are in that worker, and tasks see them; later calls do not bring the notebook's values of them. A worker that is at work runs it between two chunks;
// one that starts later runs it before its first task.
//
// When fn panics in a worker, or the worker dies, the error is that of the first such worker: a [*RemoteError] or a [*WorkerLostError]. Then workers that
// start later do not run it. It returns [ErrInterrupted] when the cell is interrupted; in workers that are at it fn is stopped. The workers of a thread pool
// share their variables, and run fn at the same time.
func RunOnAll(p *Pool, fn func()) error { return p.c.RunOnAll(core.CallerOrigin(), 0, fn) }

// RunOnAllErr is RunOnAll for a function that can fail.
func RunOnAllErr(p *Pool, fn func() error) error {
	return p.c.RunOnAll(core.CallerOrigin(), core.LastErr, fn)
}

// WorkerIndex is the number of the worker that runs the caller, from 0 to one less than the workers that its pool has; -1 outside of a worker. A worker that
// takes the place of another has its number. Goroutines that a task starts have that of the task, but for those of a thread pool in a compiled program.
func WorkerIndex() int { return core.WorkerIndex(core.CallerOrigin()) }

// TaskIndex is the index of the item that the caller's task is for, 0 in a single call; -1 outside of a task.
func TaskIndex() int { return core.TaskIndex(core.CallerOrigin()) }

// Rand is the stream of random numbers of the caller's task. It depends on nothing but the [Seed] of the call and the index of the item, so that results
// are the same for any number of workers; an item that runs again gets the same numbers again. The streams of different items are independent (ChaCha8,
// with the seed and the index as its key). Calling it again in a task gives the stream as it is by then. It is not safe for concurrent use by goroutines of
// the task. Outside of a task it is a new stream that begins anywhere.
func Rand() *rand.Rand { return core.TaskRand(core.CallerOrigin()) }

// TaskProgress tells how far the caller's task is: done of total steps. The progress bar shows it for a single call; the events of the workers have it for each
// task. It may be called often: some twenty times a second it is told on. Outside of a task it does nothing.
func TaskProgress(done, total int) { core.TellProgress(core.CallerOrigin(), done, total) }

// TaskLabel tells what the caller's task is at, such as "loading". It is shown where TaskProgress is. Outside of a task it does nothing.
func TaskLabel(text string) { core.TellLabel(core.CallerOrigin(), text) }
