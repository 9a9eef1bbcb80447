package pool

import (
	"errors"
	"time"

	"poolbook/pool/core"
)

// Errors of shared objects that errors.Is finds.
var (
	ErrHolderDied  = core.ErrHolderDied  // told once, to the next who wants a lock whose holder died
	ErrNotHeld     = core.ErrNotHeld     // a release of what is not held, a TaskDone too many
	ErrQueueClosed = core.ErrQueueClosed // Put on a closed queue, Get on one that is closed and empty
	ErrBroken      = core.ErrBroken      // a barrier that was aborted, or at which another has given up
	ErrIndex       = core.ErrIndex       // an index outside of an Array or a List
	ErrNoKey       = core.ErrNoKey       // a key that a Dict does not have
)

// forever is the time limit of waits that have none.
const forever = -1

// acquired tells whether a wait with a time limit has succeeded.
func acquired(err error) (bool, error) {
	if errors.Is(err, core.ErrTimeout) {
		return false, nil
	}
	return err == nil, err
}

// Lock is a lock between the notebook and its workers: captured by a task, or sent as an item, it is the same lock. It need not be released by the
// one that acquired it, as in Python.
//
// When a worker dies that holds it, the next Acquire returns [ErrHolderDied], without holding the lock: what it protects may be half
// changed. The one after that succeeds. (CPython notices no such death, in all versions to 3.14: the lock stays taken.) A worker or a [Process] that
// ends well leaves it taken, for another to release.
type Lock struct{ x *core.Object }

// NewLock makes a lock that is free.
func NewLock() *Lock { return &Lock{core.NewObject(core.CallerOrigin(), core.KindLock, 1)} }

// Acquire waits for the lock and takes it.
func (l *Lock) Acquire() error { return acquire(l.x) }

// TryAcquire takes the lock if it is free, and reports whether it did. It cannot say why not: when a holder died, it
// reports false once, where AcquireTimeout(0) returns [ErrHolderDied].
func (l *Lock) TryAcquire() bool { ok, _ := acquireTimeout(l.x, 0); return ok }

// AcquireTimeout waits for the lock, for d at most, and reports whether it took it.
func (l *Lock) AcquireTimeout(d time.Duration) (bool, error) { return acquireTimeout(l.x, d) }

// Release gives the lock back. It returns [ErrNotHeld] when it is free.
func (l *Lock) Release() error { return release(l.x) }

// Locked reports whether somebody holds the lock: the locked of CPython 3.14.
func (l *Lock) Locked() bool { return mustDo(l.x, core.OpHeld) > 0 }

// Lock is Acquire that panics with its error: with Unlock it makes a sync.Locker.
func (l *Lock) Lock() { mustHold(acquire(l.x)) }

// Unlock is Release that panics with its error.
func (l *Lock) Unlock() { mustHold(release(l.x)) }

func acquire(x *core.Object) error {
	_, err := x.Do(core.CallerOrigin(), core.OpAcquire, core.Call{Timeout: forever})
	return err
}

func acquireTimeout(x *core.Object, d time.Duration) (bool, error) {
	_, err := x.Do(core.CallerOrigin(), core.OpAcquire, core.Call{Timeout: max(d, 0)})
	return acquired(err)
}

func release(x *core.Object) error {
	_, err := x.Do(core.CallerOrigin(), core.OpRelease, core.Call{})
	return err
}

func mustHold(err error) {
	if err != nil {
		panic(err)
	}
}

// RLock is a lock that its holder can acquire again; it is free when it was released as often. Only its holder can release it: a thread of a
// process, as in CPython 3.11 to 3.14 (multiprocessing.RLock and threading.RLock). What CPython does in the threads of a process is in goroutines here:
// the cells of a notebook are its main thread, the tasks that a worker runs one after the other are that worker's main thread, those of a worker of a
// thread pool are one thread too, and every other goroutine is a thread by itself.
//
// A goroutine that ends with the lock leaves it taken, as a thread does. When its process ends with it, well or not, the next Acquire returns
// [ErrHolderDied]: nobody else could release it.
type RLock struct{ x *core.Object }

// NewRLock makes a recursive lock that is free.
func NewRLock() *RLock { return &RLock{core.NewObject(core.CallerOrigin(), core.KindRLock, 1)} }

// Acquire waits for the lock and takes it.
func (l *RLock) Acquire() error { return acquire(l.x) }

// TryAcquire takes the lock if it is free or held by the caller, and reports whether it did. It cannot say why not: when a holder died, it
// reports false once, where AcquireTimeout(0) returns [ErrHolderDied].
func (l *RLock) TryAcquire() bool { ok, _ := acquireTimeout(l.x, 0); return ok }

// AcquireTimeout waits for the lock, for d at most, and reports whether it took it.
func (l *RLock) AcquireTimeout(d time.Duration) (bool, error) { return acquireTimeout(l.x, d) }

// Release gives the lock back once. It returns [ErrNotHeld] when the caller does not hold it.
func (l *RLock) Release() error { return release(l.x) }

// Locked reports whether somebody holds the lock: the locked of CPython 3.14.
func (l *RLock) Locked() bool { return mustDo(l.x, core.OpHeld) > 0 }

// Lock is Acquire that panics with its error.
func (l *RLock) Lock() { mustHold(acquire(l.x)) }

// Unlock is Release that panics with its error.
func (l *RLock) Unlock() { mustHold(release(l.x)) }

// Semaphore lets a number of holders in at once. [NewBoundedSemaphore] makes one that refuses to be released too often.
// The places of a worker that dies are free again, which [ErrHolderDied] tells the next one that asks; those that it took before it ended well stay
// taken, as in CPython.
type Semaphore struct{ x *core.Object }

// NewSemaphore makes a semaphore for n holders. It panics when n is negative.
func NewSemaphore(n int) *Semaphore { return newSemaphore(core.KindSemaphore, n) }

// NewBoundedSemaphore makes a semaphore for n holders whose Release returns [ErrNotHeld] when all n places are free.
func NewBoundedSemaphore(n int) *Semaphore { return newSemaphore(core.KindBoundedSemaphore, n) }

func newSemaphore(kind core.ObjectKind, n int) *Semaphore {
	if n < 0 {
		panic("pool: a semaphore cannot have a negative number of places")
	}
	return &Semaphore{core.NewObject(core.CallerOrigin(), kind, n)}
}

// Acquire waits for a place and takes it.
func (s *Semaphore) Acquire() error { return acquire(s.x) }

// TryAcquire takes a place if one is free, and reports whether it did. It cannot say why not: when a holder died, it
// reports false once, where AcquireTimeout(0) returns [ErrHolderDied].
func (s *Semaphore) TryAcquire() bool { ok, _ := acquireTimeout(s.x, 0); return ok }

// AcquireTimeout waits for a place, for d at most, and reports whether it took one.
func (s *Semaphore) AcquireTimeout(d time.Duration) (bool, error) { return acquireTimeout(s.x, d) }

// Release gives a place back.
func (s *Semaphore) Release() error { return release(s.x) }

// Locked reports whether Acquire would have to wait: the locked of CPython 3.14.
func (s *Semaphore) Locked() bool { return mustDo(s.x, core.OpFree) == 0 }

// Free is how many places are free.
func (s *Semaphore) Free() int { return mustDo(s.x, core.OpFree) }

// Event is a flag that can be waited for.
type Event struct{ x *core.Object }

// NewEvent makes an event that is not set.
func NewEvent() *Event { return &Event{core.NewObject(core.CallerOrigin(), core.KindEvent, 0)} }

// Set sets the flag and lets all go on who wait for it.
func (e *Event) Set() { mustDo(e.x, core.OpSet) }

// Clear takes the flag back.
func (e *Event) Clear() { mustDo(e.x, core.OpClear) }

// IsSet reports whether the flag is set.
func (e *Event) IsSet() bool { return mustDo(e.x, core.OpIsSet) != 0 }

// Wait waits until the flag is set.
func (e *Event) Wait() error {
	_, err := e.x.Do(core.CallerOrigin(), core.OpWait, core.Call{Timeout: forever})
	return err
}

// WaitTimeout waits until the flag is set, for d at most, and reports whether it is.
func (e *Event) WaitTimeout(d time.Duration) (bool, error) {
	_, err := e.x.Do(core.CallerOrigin(), core.OpWait, core.Call{Timeout: max(d, 0)})
	return acquired(err)
}

// mustDo does an operation that cannot fail but for a notebook that is gone.
func mustDo(x *core.Object, op core.Op) int {
	n, err := x.Do(core.CallerOrigin(), op, core.Call{Timeout: forever})
	mustHold(err)
	return n
}

// Condition is a recursive lock whose holder can wait for a notification by another. Who its holder is says [RLock]: as in CPython, a goroutine can wait for
// another one of its process.
type Condition struct{ x *core.Object }

// NewCondition makes a condition with a lock of its own.
func NewCondition() *Condition {
	return &Condition{core.NewObject(core.CallerOrigin(), core.KindCondition, 1)}
}

// Acquire takes the condition's lock.
func (c *Condition) Acquire() error { return acquire(c.x) }

// Release gives the condition's lock back.
func (c *Condition) Release() error { return release(c.x) }

// Lock is Acquire that panics with its error.
func (c *Condition) Lock() { mustHold(acquire(c.x)) }

// Unlock is Release that panics with its error.
func (c *Condition) Unlock() { mustHold(release(c.x)) }

// Wait gives the lock back, waits for a notification, and takes the lock again. It returns [ErrNotHeld] when the caller
// does not hold it.
func (c *Condition) Wait() error {
	_, err := c.x.Do(core.CallerOrigin(), core.OpWait, core.Call{Timeout: forever})
	return err
}

// WaitTimeout is Wait for d at most; it reports whether there was a notification. The lock is held again either way.
func (c *Condition) WaitTimeout(d time.Duration) (bool, error) {
	_, err := c.x.Do(core.CallerOrigin(), core.OpWait, core.Call{Timeout: max(d, 1)})
	return acquired(err)
}

// WaitFor waits until ok reports true; it calls ok with the lock held, first at once and then after each notification.
func (c *Condition) WaitFor(ok func() bool) error {
	for !ok() {
		if err := c.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// WaitForTimeout is WaitFor for d at most, in all; it reports what ok reported last.
func (c *Condition) WaitForTimeout(ok func() bool, d time.Duration) (bool, error) {
	end := time.Now().Add(d)
	for !ok() {
		left := time.Until(end)
		if left <= 0 {
			return false, nil
		}
		if _, err := c.WaitTimeout(left); err != nil {
			return false, err
		}
	}
	return true, nil
}

// Notify lets n of those that wait go on, those first who have waited longest. It returns [ErrNotHeld] when the
// caller does not hold the lock.
func (c *Condition) Notify(n int) error {
	_, err := c.x.Do(core.CallerOrigin(), core.OpNotify, core.Call{N: max(n, 0)})
	return err
}

// NotifyAll lets all go on that wait.
func (c *Condition) NotifyAll() error {
	_, err := c.x.Do(core.CallerOrigin(), core.OpNotify, core.Call{N: -1})
	return err
}

// Barrier is a point at which a number of parties wait for each other.
type Barrier struct {
	x       *core.Object
	parties int
}

// NewBarrier makes a barrier for n parties. It panics when n is less than 1.
func NewBarrier(n int) *Barrier {
	if n < 1 {
		panic("pool: a barrier has at least one party")
	}
	return &Barrier{core.NewObject(core.CallerOrigin(), core.KindBarrier, n), n}
}

// Wait waits for all parties. The number is that of this party, from 0 in the order of their coming. It returns [ErrBroken] when the barrier is,
// or becomes, broken.
func (b *Barrier) Wait() (int, error) {
	return b.x.Do(core.CallerOrigin(), core.OpWait, core.Call{Timeout: forever})
}

// WaitTimeout is Wait for d at most; then it breaks the barrier for all.
func (b *Barrier) WaitTimeout(d time.Duration) (int, error) {
	return b.x.Do(core.CallerOrigin(), core.OpWait, core.Call{Timeout: max(d, 1)})
}

// Abort breaks the barrier: those that wait, and those that come, get [ErrBroken].
func (b *Barrier) Abort() { mustDo(b.x, core.OpAbort) }

// Reset makes the barrier as new; those that wait get [ErrBroken].
func (b *Barrier) Reset() { mustDo(b.x, core.OpReset) }

// Broken reports whether the barrier is broken.
func (b *Barrier) Broken() bool { return mustDo(b.x, core.OpIsSet) != 0 }

// Waiting is how many parties wait now.
func (b *Barrier) Waiting() int { return mustDo(b.x, core.OpWaiting) }

// Parties is how many parties the barrier is for.
func (b *Barrier) Parties() int { return b.parties }
