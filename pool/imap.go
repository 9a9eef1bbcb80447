package pool

import (
	"iter"

	"poolbook/pool/core"
)

// Imap is Map that gives the results one by one, in the order of the items, while later ones are still being worked on.
// Chunks are of one item unless [ChunkSize] says more. Tasks start at the call. An item that failed gives its error, and the iteration
// goes on with the next.
//
// A loop that is left, or interrupted with its cell, cancels what is not done yet, as [AsyncResult.Cancel] does: ranging again gives the results
// that were there already, and then [ErrCancelled]. CPython lets all items run, in all versions to 3.14, and the rest can be taken later: for that
// take the results with iter.Pull2. See [Handle] for cancelling from elsewhere.
func Imap[T, R any](p *Pool, fn func(T) R, items []T, opts ...CallOption) iter.Seq2[R, error] {
	return results[R](p.c.Stream(core.CallerOrigin(), "Imap", true, 0, fn, items, opts))
}

// ImapErr is Imap for a function that can fail.
func ImapErr[T, R any](p *Pool, fn func(T) (R, error), items []T, opts ...CallOption) iter.Seq2[R, error] {
	return results[R](p.c.Stream(core.CallerOrigin(), "Imap", true, core.LastErr, fn, items, opts))
}

// ImapUnordered is Imap that gives each result as soon as it is there.
func ImapUnordered[T, R any](p *Pool, fn func(T) R, items []T, opts ...CallOption) iter.Seq2[R, error] {
	return results[R](p.c.Stream(core.CallerOrigin(), "ImapUnordered", false, 0, fn, items, opts))
}

// ImapUnorderedErr is ImapUnordered for a function that can fail.
func ImapUnorderedErr[T, R any](p *Pool, fn func(T) (R, error), items []T, opts ...CallOption) iter.Seq2[R, error] {
	return results[R](p.c.Stream(core.CallerOrigin(), "ImapUnordered", false, core.LastErr, fn, items, opts))
}

// ImapSeq is Imap over a sequence, which may be long or endless: it is read as results are taken, at most four chunks for each worker
// ahead. When the loop over the results is left, no further items are read, and what was read is cancelled. [Pool.Join] has the sequence read to its
// end: results that nobody has taken by then wait in memory.
func ImapSeq[T, R any](p *Pool, fn func(T) R, items iter.Seq[T], opts ...CallOption) iter.Seq2[R, error] {
	return results[R](p.c.StreamSeq(core.CallerOrigin(), "ImapSeq", true, 0, fn, items, opts))
}

// ImapUnorderedSeq is ImapSeq that gives each result as soon as it is there.
func ImapUnorderedSeq[T, R any](p *Pool, fn func(T) R, items iter.Seq[T], opts ...CallOption) iter.Seq2[R, error] {
	return results[R](p.c.StreamSeq(core.CallerOrigin(), "ImapUnorderedSeq", false, 0, fn, items, opts))
}

// results takes the results of a stream.
func results[R any](s *core.Stream) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		o := core.CallerOrigin()
		leave := s.Enter(o)
		defer leave() // also when the loop panics
		for {
			var v R
			more, err := s.Next(o, &v)
			if !more || !yield(v, err) || err == core.ErrInterrupted {
				return
			}
		}
	}
}
