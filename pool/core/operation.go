package core

import "errors"

// ObjectKind is the kind of a shared object.
type ObjectKind int

// The kinds.
const (
	KindLock ObjectKind = iota
	KindRLock
	KindSemaphore
	KindBoundedSemaphore
	KindEvent
	KindCondition
	KindBarrier
	KindQueue
	KindArray // Value is one of length 1
	KindDict
	KindList
)

// Op is an operation of a shared object.
type Op int

// The operations.
const (
	OpAcquire Op = iota // a permit
	OpRelease
	OpHeld // how many permits are taken
	OpFree // how many are free
	OpSet  // an event
	OpClear
	OpIsSet
	OpWait // for an event, a notification, a barrier
	OpNotify
	OpAbort
	OpReset
	OpWaiting
	OpPut
	OpGet
	OpLen
	OpRoom // how many more values fit; -1 for any number
	OpClose
	OpTaskDone
	OpJoin
	OpLoad   // an element, under its index or key
	OpStore  // the same
	OpDelete // the same
	OpTake   // lock the object for an update
	OpGive   // end the update, with what is to be stored
	OpAll    // all elements of an array or a list
	OpExtend // append elements to a list
	OpNext   // entries of a Dict
	OpMap    // where an array is: see [Memory]
)

var errOperation = errors.New("pool: the shared object has no such operation")

// step does an operation as far as it can be done now; false when it has to wait. mu is held.
func (b *body) step(who owner, r *request) (a answer, ok bool) {
	switch r.op {
	case OpAcquire, OpTake:
		return b.acquire(who, 1)
	case OpRelease:
		return b.release(who)
	case OpGive:
		if r.data != nil {
			r.op = OpStore
			a = b.access(r)
		}
		delete(b.holders, who)
		b.changed()
		return a, true
	case OpHeld:
		return answer{n: b.limit - b.count}, true
	case OpFree:
		return answer{n: b.count}, true
	case OpLen:
		if b.kind == KindDict {
			return answer{n: b.dict.live}, true
		}
		return answer{n: len(b.items)}, true
	case OpStore, OpDelete, OpExtend:
		if len(b.holders) > 0 { // an update is under way
			return answer{}, false
		}
		return b.access(r), true
	case OpLoad, OpAll, OpNext:
		return b.access(r), true
	}
	switch b.kind {
	case KindEvent:
		return b.event(r)
	case KindCondition:
		return b.condition(who, r)
	case KindBarrier:
		return b.barrier(r)
	}
	return b.queue(r)
}

// access does an operation of what an Array, a List or a Dict has.
func (b *body) access(r *request) answer {
	switch {
	case b.kind == KindDict && r.op == OpNext:
		return b.dict.next(r.n, r.limit)
	case b.kind == KindDict:
		return b.keyed(r)
	case b.kind != KindArray && b.kind != KindList || r.op == OpNext:
		return answer{err: errOperation}
	case r.op == OpAll:
		return b.all()
	case r.op == OpExtend && b.kind == KindList:
		return b.extend(r.values)
	}
	return b.element(r)
}

// acquire takes a permit.
func (b *body) acquire(who owner, depth int) (answer, bool) {
	if b.recursive() && b.holders[who] > 0 {
		b.holders[who] += depth
		return answer{}, true
	}
	if b.kind == KindArray || b.kind == KindDict || b.kind == KindList {
		if len(b.holders) > 0 {
			return answer{}, false
		}
		b.holders[who] = 1
		if b.died {
			b.died = false // each update stores at once: nothing is half changed
		}
		return answer{}, true
	}
	if b.count < 1 {
		return answer{}, false
	}
	if b.died {
		b.died = false
		return answer{err: ErrHolderDied}, true
	}
	b.count--
	b.holders[who] += depth
	return answer{}, true
}

// release gives a permit back. As in Python, a lock may be released by another than its holder, a recursive one may not.
func (b *body) release(who owner) (answer, bool) {
	switch b.kind {
	case KindRLock, KindCondition:
		if b.holders[who] == 0 {
			return answer{err: ErrNotHeld}, true
		}
		if b.holders[who]--; b.holders[who] > 0 {
			return answer{}, true
		}
		delete(b.holders, who)
	case KindSemaphore:
		b.drop(who)
	default:
		if b.count >= b.limit {
			return answer{err: ErrNotHeld}, true
		}
		b.drop(who)
	}
	b.count++
	b.changed()
	return answer{}, true
}

// drop takes a permit from who, or from another one when who has none.
func (b *body) drop(who owner) {
	if b.holders[who] == 0 {
		who = owner{holder: &handedOn}
	}
	if b.holders[who] == 0 {
		for h := range b.holders {
			who = h
			break
		}
	}
	if b.holders[who]--; b.holders[who] <= 0 {
		delete(b.holders, who)
	}
}

func (b *body) event(r *request) (answer, bool) {
	switch r.op {
	case OpSet, OpClear:
		b.set = r.op == OpSet
		b.changed()
		return answer{}, true
	case OpWait:
		return answer{}, b.set
	}
	n := 0
	if b.set {
		n = 1
	}
	return answer{n: n}, true
}

// condition: Wait gives the lock back, waits for a notification, and takes the lock again as often as it was held.
func (b *body) condition(who owner, r *request) (answer, bool) {
	switch r.op {
	case OpNotify:
		if b.holders[who] == 0 {
			return answer{err: ErrNotHeld}, true
		}
		n := min(r.n, len(b.waiters))
		if r.n < 0 {
			n = len(b.waiters)
		}
		b.waiters = b.waiters[n:]
		b.changed()
		return answer{n: n}, true
	case OpWait:
		if !r.waiting {
			if b.holders[who] == 0 {
				return answer{err: ErrNotHeld}, true
			}
			r.waiting, r.depth = true, b.holders[who]
			b.round++
			r.ticket = b.round
			b.waiters = append(b.waiters, r.ticket)
			delete(b.holders, who)
			b.count++
			b.changed()
			return answer{}, false
		}
		for _, t := range b.waiters {
			if t == r.ticket {
				return answer{}, false
			}
		}
		a, ok := b.acquire(who, r.depth)
		if ok && a.err == nil && r.n == timedOut {
			a.err = ErrTimeout
		}
		return a, ok
	}
	return answer{err: errOperation}, true
}

// timedOut marks a condition's wait that has ended without a notification and takes its lock again.
const timedOut = -7

// giveUp ends a wait for that reason. It reports true when the operation has to go on all the same. mu is held.
func (b *body) giveUp(who owner, r *request, err error) (a answer, again bool) {
	switch {
	case b.kind == KindCondition && r.op == OpWait && r.waiting:
		for i, t := range b.waiters {
			if t == r.ticket {
				b.waiters = append(b.waiters[:i:i], b.waiters[i+1:]...)
				break
			}
		}
		if err != ErrTimeout {
			return answer{err: err}, false
		}
		r.n = timedOut
		return answer{}, true
	case b.kind == KindBarrier && r.op == OpWait && r.waiting:
		// As in Python, one that gives up breaks the barrier for all.
		b.waiting--
		b.set = true
		b.changed()
		if err == ErrTimeout {
			err = ErrBroken
		}
	}
	return answer{err: err}, false
}

func (b *body) barrier(r *request) (answer, bool) {
	switch r.op {
	case OpAbort:
		b.set = true
		b.changed()
	case OpReset:
		if b.waiting > 0 {
			b.round++ // those that wait are told that it is broken
			b.notify = b.round
			b.waiting = 0
		}
		b.set = false
		b.changed()
	case OpWaiting:
		return answer{n: b.waiting}, true
	case OpIsSet:
		if b.set {
			return answer{n: 1}, true
		}
	case OpWait:
		return b.meet(r)
	}
	return answer{}, true
}

// meet waits for all parties.
func (b *body) meet(r *request) (answer, bool) {
	if !r.waiting {
		if b.set {
			return answer{err: ErrBroken}, true
		}
		r.waiting, r.ticket, r.n = true, b.round, b.waiting
		b.waiting++
		if b.waiting == b.limit {
			b.waiting = 0
			b.round++
			b.changed()
		} else if r.timeout != 0 {
			b.changed()
		}
	}
	switch {
	case b.round > r.ticket && b.notify == r.ticket+1:
		return answer{err: ErrBroken}, true
	case b.round > r.ticket:
		return answer{n: r.n}, true
	case b.set:
		r.waiting = false
		b.waiting--
		return answer{err: ErrBroken}, true
	}
	return answer{}, false
}

func (b *body) queue(r *request) (answer, bool) {
	switch r.op {
	case OpPut:
		if b.set {
			return answer{err: ErrQueueClosed}, true
		}
		if b.limit > 0 && len(b.items) >= b.limit {
			return answer{}, false
		}
		b.items = append(b.items, r.value)
		b.pending++
		b.changed()
		return answer{}, true
	case OpGet:
		if len(b.items) == 0 {
			if b.set {
				return answer{err: ErrQueueClosed}, true
			}
			return answer{}, false
		}
		v := b.items[0]
		b.items[0] = stored{}
		b.items = b.items[1:]
		b.changed()
		return answer{data: v.data, refs: v.refs}, true
	case OpRoom:
		if b.limit <= 0 {
			return answer{n: -1}, true
		}
		return answer{n: max(b.limit-len(b.items), 0)}, true
	case OpClose:
		b.set = true
		b.changed()
		return answer{}, true
	case OpTaskDone:
		if b.pending == 0 {
			return answer{err: ErrNotHeld}, true
		}
		if b.pending--; b.pending == 0 {
			b.changed()
		}
		return answer{}, true
	case OpJoin:
		return answer{}, b.pending == 0
	}
	return answer{err: errOperation}, true
}
