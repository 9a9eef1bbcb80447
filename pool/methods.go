//go:build go1.27

package pool

// The functions of this package that take a pool or an executor first, as methods, which have type parameters since Go 1.27: p.Map(f, xs)
// is Map(p, f, xs). Written by TestEveryFunctionIsAMethod. In a notebook's cells the same methods are there in a build with any release.

import "iter"

// Apply runs fn in a worker and waits for its result. What fn captures is copied at the call.
func (p *Pool) Apply[R any](fn func() R, opts ...CallOption) (R, error) {
	return Apply(p, fn, opts...)
}

// ApplyErr is Apply for a function that can fail.
func (p *Pool) ApplyErr[R any](fn func() (R, error), opts ...CallOption) (R, error) {
	return ApplyErr(p, fn, opts...)
}

// ApplyAsync starts fn in a worker. What fn captures is copied at the call.
func (p *Pool) ApplyAsync[R any](fn func() R, opts ...CallOption) *AsyncResult[R] {
	return ApplyAsync(p, fn, opts...)
}

// ApplyAsyncErr is ApplyAsync for a function that can fail.
func (p *Pool) ApplyAsyncErr[R any](fn func() (R, error), opts ...CallOption) *AsyncResult[R] {
	return ApplyAsyncErr(p, fn, opts...)
}

// RunOnAll runs fn once in each worker of the pool and waits for that: to load data there, to open a connection. Variables that fn assigns stay as they
// are in that worker, and tasks see them; later calls do not bring the notebook's values of them. A worker that is at work runs it between two chunks;
// one that starts later runs it before its first task.
//
// When fn panics in a worker, or the worker dies, the error is that of the first such worker: a [*RemoteError] or a [*WorkerLostError]. Then workers that
// start later do not run it. It returns [ErrInterrupted] when the cell is interrupted; in workers that are at it fn is stopped. The workers of a thread pool
// share their variables, and run fn at the same time.
func (p *Pool) RunOnAll(fn func()) error {
	return RunOnAll(p, fn)
}

// RunOnAllErr is RunOnAll for a function that can fail.
func (p *Pool) RunOnAllErr(fn func() error) error {
	return RunOnAllErr(p, fn)
}

// Submit starts fn on a worker of the executor. What it captures is copied at the call.
func (ex *Executor) Submit[R any](fn func() R, opts ...CallOption) *Future[R] {
	return Submit(ex, fn, opts...)
}

// SubmitErr is Submit for a function that can fail.
func (ex *Executor) SubmitErr[R any](fn func() (R, error), opts ...CallOption) *Future[R] {
	return SubmitErr(ex, fn, opts...)
}

// Map calls fn with each of the items and gives the results one by one, in the order of the items. A loop that is left cancels the rest, as
// that of [Imap] does; CPython cancels what has not begun.
func (ex *Executor) Map[T, R any](fn func(T) R, items []T, opts ...CallOption) iter.Seq2[R, error] {
	return ExecutorMap(ex, fn, items, opts...)
}

// MapSeq is [ExecutorMap] over a sequence, which may be long or endless: see [ImapSeq] for how it is read, and [BufferSize].
func (ex *Executor) MapSeq[T, R any](fn func(T) R, items iter.Seq[T], opts ...CallOption) iter.Seq2[R, error] {
	return ExecutorMapSeq(ex, fn, items, opts...)
}

// Imap is Map that gives the results one by one, in the order of the items, while later ones are still being worked on.
// Chunks are of one item unless [ChunkSize] says more. Tasks start at the call. An item that failed gives its error, and the iteration
// goes on with the next.
//
// A loop that is left, or interrupted with its cell, cancels what is not done yet, as [AsyncResult.Cancel] does: ranging again gives the results
// that were there already, and then [ErrCancelled]. CPython lets all items run, in all versions to 3.14, and the rest can be taken later: for that
// take the results with iter.Pull2. See [Handle] for cancelling from elsewhere.
func (p *Pool) Imap[T, R any](fn func(T) R, items []T, opts ...CallOption) iter.Seq2[R, error] {
	return Imap(p, fn, items, opts...)
}

// ImapErr is Imap for a function that can fail.
func (p *Pool) ImapErr[T, R any](fn func(T) (R, error), items []T, opts ...CallOption) iter.Seq2[R, error] {
	return ImapErr(p, fn, items, opts...)
}

// ImapUnordered is Imap that gives each result as soon as it is there.
func (p *Pool) ImapUnordered[T, R any](fn func(T) R, items []T, opts ...CallOption) iter.Seq2[R, error] {
	return ImapUnordered(p, fn, items, opts...)
}

// ImapUnorderedErr is ImapUnordered for a function that can fail.
func (p *Pool) ImapUnorderedErr[T, R any](fn func(T) (R, error), items []T, opts ...CallOption) iter.Seq2[R, error] {
	return ImapUnorderedErr(p, fn, items, opts...)
}

// ImapSeq is Imap over a sequence, which may be long or endless: it is read as results are taken, at most four chunks for each worker
// ahead. When the loop over the results is left, no further items are read, and what was read is cancelled. [Pool.Join] has the sequence read to its
// end: results that nobody has taken by then wait in memory.
func (p *Pool) ImapSeq[T, R any](fn func(T) R, items iter.Seq[T], opts ...CallOption) iter.Seq2[R, error] {
	return ImapSeq(p, fn, items, opts...)
}

// ImapUnorderedSeq is ImapSeq that gives each result as soon as it is there.
func (p *Pool) ImapUnorderedSeq[T, R any](fn func(T) R, items iter.Seq[T], opts ...CallOption) iter.Seq2[R, error] {
	return ImapUnorderedSeq(p, fn, items, opts...)
}

// Map calls fn with each of the items, on the pool's workers, and returns the results in the order of the items.
// When items fail, it still runs the others, and its error is that of the failed one with the lowest index.
func (p *Pool) Map[T, R any](fn func(T) R, items []T, opts ...CallOption) ([]R, error) {
	return Map(p, fn, items, opts...)
}

// MapErr is Map for a function that can fail.
func (p *Pool) MapErr[T, R any](fn func(T) (R, error), items []T, opts ...CallOption) ([]R, error) {
	return MapErr(p, fn, items, opts...)
}

// MapAsync is Map that does not wait. The items are copied before it returns.
func (p *Pool) MapAsync[T, R any](fn func(T) R, items []T, opts ...CallOption) *MapResult[R] {
	return MapAsync(p, fn, items, opts...)
}

// MapAsyncErr is MapAsync for a function that can fail.
func (p *Pool) MapAsyncErr[T, R any](fn func(T) (R, error), items []T, opts ...CallOption) *MapResult[R] {
	return MapAsyncErr(p, fn, items, opts...)
}

// ForEach calls fn with each of the items, on the pool's workers, and waits until all are done.
func (p *Pool) ForEach[T any](fn func(T), items []T, opts ...CallOption) error {
	return ForEach(p, fn, items, opts...)
}

// ForEachErr is ForEach for a function that can fail.
func (p *Pool) ForEachErr[T any](fn func(T) error, items []T, opts ...CallOption) error {
	return ForEachErr(p, fn, items, opts...)
}

// ForEachAsync is ForEach that does not wait. Its results are empty structs: Get tells the error.
func (p *Pool) ForEachAsync[T any](fn func(T), items []T, opts ...CallOption) *MapResult[struct{}] {
	return ForEachAsync(p, fn, items, opts...)
}

// ForEachAsyncErr is ForEachAsync for a function that can fail.
func (p *Pool) ForEachAsyncErr[T any](fn func(T) error, items []T, opts ...CallOption) *MapResult[struct{}] {
	return ForEachAsyncErr(p, fn, items, opts...)
}

// MapReduce calls mapper with each item on the pool's workers, puts together the values of each key, in the order of the items, and
// calls reducer with each key and its values, on the workers too.
func (p *Pool) MapReduce[T any, K comparable, V, R any](mapper func(T) []KeyValue[K, V], reducer func(K, []V) R, items []T, opts ...CallOption) (map[K]R, error) {
	return MapReduce(p, mapper, reducer, items, opts...)
}

// Starmap is Map for a function of two arguments.
func (p *Pool) Starmap[A, B, R any](fn func(A, B) R, args []Args2[A, B], opts ...CallOption) ([]R, error) {
	return Starmap(p, fn, args, opts...)
}

// StarmapErr is Starmap for a function that can fail.
func (p *Pool) StarmapErr[A, B, R any](fn func(A, B) (R, error), args []Args2[A, B], opts ...CallOption) ([]R, error) {
	return StarmapErr(p, fn, args, opts...)
}

// StarmapAsync is Starmap that does not wait.
func (p *Pool) StarmapAsync[A, B, R any](fn func(A, B) R, args []Args2[A, B], opts ...CallOption) *MapResult[R] {
	return StarmapAsync(p, fn, args, opts...)
}

// StarmapAsyncErr is StarmapAsync for a function that can fail.
func (p *Pool) StarmapAsyncErr[A, B, R any](fn func(A, B) (R, error), args []Args2[A, B], opts ...CallOption) *MapResult[R] {
	return StarmapAsyncErr(p, fn, args, opts...)
}

// Starmap3 is Map for a function of three arguments.
func (p *Pool) Starmap3[A, B, C, R any](fn func(A, B, C) R, args []Args3[A, B, C], opts ...CallOption) ([]R, error) {
	return Starmap3(p, fn, args, opts...)
}

// Starmap3Err is Starmap3 for a function that can fail.
func (p *Pool) Starmap3Err[A, B, C, R any](fn func(A, B, C) (R, error), args []Args3[A, B, C], opts ...CallOption) ([]R, error) {
	return Starmap3Err(p, fn, args, opts...)
}

// Starmap3AsyncErr is Starmap3Async for a function that can fail.
func (p *Pool) Starmap3AsyncErr[A, B, C, R any](fn func(A, B, C) (R, error), args []Args3[A, B, C], opts ...CallOption) *MapResult[R] {
	return Starmap3AsyncErr(p, fn, args, opts...)
}

// Starmap3Async is Starmap3 that does not wait.
func (p *Pool) Starmap3Async[A, B, C, R any](fn func(A, B, C) R, args []Args3[A, B, C], opts ...CallOption) *MapResult[R] {
	return Starmap3Async(p, fn, args, opts...)
}
