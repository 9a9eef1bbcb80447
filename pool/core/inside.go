package core

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrDeadlock is the error of a wait that could never end: code that a pool waits for waits for the pool.
var ErrDeadlock = errors.New("pool: deadlock")

// inside is code of the program that the pool runs and waits for: a callback, or a sequence whose items it reads.
type inside struct {
	s    *state
	what string
	job  *Job

	thread uint64        // the goroutine of the pool that runs it
	over   chan struct{} // closed when it has returned
}

type insideKey struct{}

// doubtTime is how long a wait goes on that an interpreter's callback makes, or a goroutine that it has started: which of the two cannot be told,
// and the second one's ends when the callback has returned.
const doubtTime = time.Second

// enter runs f, code of the program that the pool waits for. The context of f ends while f runs when parent does, and when the job's cell is
// interrupted. Behind f it does not end any more: the goroutines that f has started go on.
func (j *Job) enter(parent context.Context, what string, f func(ctx context.Context)) {
	id := goroutine()
	in := &inside{s: j.s, what: what, job: j, thread: id, over: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), insideKey{}, in))
	defer context.AfterFunc(parent, cancel)()
	if o := j.o; o != nil && o.Ctx != nil && o.Ctx.Err() == nil { // otherwise its cell was interrupted long ago
		defer context.AfterFunc(o.Ctx, cancel)()
	}
	in.s.mu.Lock()
	if in.s.inside == nil {
		in.s.inside = map[uint64]*inside{}
	}
	in.s.inside[id] = in
	in.s.mu.Unlock()
	defer func() {
		in.s.mu.Lock()
		delete(in.s.inside, id)
		in.s.mu.Unlock()
		close(in.over)
	}()
	f(ctx)
}

// waiter is the code of the pool that waits now; sure says that it does so itself, and not a goroutine that it has started. nil: none does.
func (s *state) waiter(o *Origin) (in *inside, sure bool) {
	s.mu.Lock()
	some := len(s.inside) > 0
	s.mu.Unlock()
	if !some {
		return nil, false
	}
	id := goroutine()
	s.mu.Lock()
	in = s.inside[id]
	s.mu.Unlock()
	if in != nil {
		return in, true
	}
	if o != nil && o.Ctx != nil {
		if in, ok := o.Ctx.Value(insideKey{}).(*inside); ok && in.s == s {
			return in, false
		}
	}
	return nil, false
}

// stuck waits until it is sure that the wait of in can never end, which it is after doubtTime at the latest. It reports false when done is closed
// before, or in has returned.
func (in *inside) stuck(sure bool, done <-chan struct{}) bool {
	if sure {
		return true
	}
	doubt := time.NewTimer(doubtTime)
	defer doubt.Stop()
	select {
	case <-doubt.C:
		return true
	case <-in.over:
	case <-done:
	}
	return false
}

// deadlock is the error of a wait in code of the pool.
func (in *inside) deadlock(waits, because string) error {
	return fmt.Errorf("%w: %s of job %s waits %s, %s", ErrDeadlock, in.what, quote(in.job.label()), waits, because)
}

// endless finds whether a wait for the job can never end, and waits until it knows: it returns nil as soon as one can, or end is closed.
func (j *Job) endless(o *Origin, end <-chan struct{}) error {
	in, sure := j.s.waiter(o)
	if in == nil {
		return nil
	}
	if j != in.job {
		// Another job: its result may wait for a callback, which comes after this one.
		s := j.s
		s.mu.Lock()
		final, known := j.has().final, j.concluded
		if !known && final == nil {
			final = make(chan struct{})
			j.gets().final = final
		}
		s.mu.Unlock()
		if !known {
			select {
			case <-final:
			case <-end:
				return nil
			}
		}
		s.mu.Lock()
		waits := !j.Ready() && in.what != aSequence
		s.mu.Unlock()
		if !waits {
			return nil
		}
	}
	if !in.stuck(sure, end) {
		return nil
	}
	if in.what == aSequence {
		return in.deadlock("for the result of that job", "which is ready when all of its items were read and are done")
	}
	if j != in.job {
		return in.deadlock("for the result of job "+quote(j.label()), "whose own callback runs after this one")
	}
	return in.deadlock("for the result of that job", "which is ready when the callback has returned")
}

// What the pool waits for.
const (
	aCallback = "the callback"
	aSequence = "the sequence of items"
)
