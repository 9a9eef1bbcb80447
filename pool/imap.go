package pool

import (
	"iter"

	"poolbook/pool/core"
)

// Imap is Map that gives the results one by one, in the order of the items, while later ones are still being worked on.
// Chunks are of one item unless [ChunkSize] says more. Tasks start at the call. An item that failed gives its error, and the iteration
// goes on with the next. A loop that is left can be continued by ranging again.
func Imap[T, R any](p *Pool, fn func(T) R, items []T, opts ...CallOption) iter.Seq2[R, error] {
	return results[R](p.c.Stream(core.CallerOrigin(), "Imap", true, 0, fn, items, opts), false)
}

// ImapErr is Imap for a function that can fail.
func ImapErr[T, R any](p *Pool, fn func(T) (R, error), items []T, opts ...CallOption) iter.Seq2[R, error] {
	return results[R](p.c.Stream(core.CallerOrigin(), "Imap", true, core.LastErr, fn, items, opts), false)
}

// ImapUnordered is Imap that gives each result as soon as it is there.
func ImapUnordered[T, R any](p *Pool, fn func(T) R, items []T, opts ...CallOption) iter.Seq2[R, error] {
	return results[R](p.c.Stream(core.CallerOrigin(), "ImapUnordered", false, 0, fn, items, opts), false)
}

// ImapUnorderedErr is ImapUnordered for a function that can fail.
func ImapUnorderedErr[T, R any](p *Pool, fn func(T) (R, error), items []T, opts ...CallOption) iter.Seq2[R, error] {
	return results[R](p.c.Stream(core.CallerOrigin(), "ImapUnordered", false, core.LastErr, fn, items, opts), false)
}

// ImapSeq is Imap over a sequence, which may be long or endless: it is read as results are taken, at most four chunks for each worker
// ahead. When the loop over the results is left, no further items are read.
func ImapSeq[T, R any](p *Pool, fn func(T) R, items iter.Seq[T], opts ...CallOption) iter.Seq2[R, error] {
	return results[R](p.c.StreamSeq(core.CallerOrigin(), "ImapSeq", true, 0, fn, items, opts), true)
}

// ImapUnorderedSeq is ImapSeq that gives each result as soon as it is there.
func ImapUnorderedSeq[T, R any](p *Pool, fn func(T) R, items iter.Seq[T], opts ...CallOption) iter.Seq2[R, error] {
	return results[R](p.c.StreamSeq(core.CallerOrigin(), "ImapUnorderedSeq", false, 0, fn, items, opts), true)
}

// results takes the results of a stream.
func results[R any](s *core.Stream, stop bool) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		o := core.CallerOrigin()
		for {
			var v R
			more, err := s.Next(o, &v)
			if !more {
				return
			}
			if !yield(v, err) {
				if stop {
					s.Stop()
				}
				return
			}
		}
	}
}
