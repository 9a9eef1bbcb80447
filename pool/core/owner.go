package core

import (
	"runtime"
	"sync/atomic"
)

// holder is a process that may hold locks.
type holder struct {
	gone chan struct{} // closed when it has died
}

// notebook is this process as a holder. handedOn stands for those that have ended well and have left a lock or a permit taken: whoever it was meant
// for gives it back.
var notebook, handedOn holder

// owner is who holds a shared object: a process, and of recursive locks one of its threads.
type owner struct {
	*holder
	thread uint64 // see Origin.thread; 0 in owners of objects that any thread may release
}

// recursive reports whether the object belongs to a thread: others wait for it, and cannot release it.
func (b *body) recursive() bool { return b.kind == KindRLock || b.kind == KindCondition }

// owned reports whether the operation may depend on the thread that asks for it.
func (op Op) owned() bool {
	switch op {
	case OpAcquire, OpRelease, OpWait, OpNotify:
		return true
	}
	return false
}

// mainThread is the thread of what a process runs one after the other, on whichever goroutine: the cells of a notebook, the tasks of a worker.
const mainThread = 0

// executor is the goroutine of this worker's tasks.
var executor atomic.Uint64

// EnterExecutor makes the calling goroutine the one that runs the tasks of this worker process, in the place of one that a task has ended.
func EnterExecutor() { executor.Store(goroutine()) }

// thread numbers the thread that the calling goroutine stands for: mainThread, or the number of a goroutine, which is never given again. A task of a
// thread pool is its worker, and a callback what runs the callbacks of its job, also where the interpreter takes another goroutine for each.
func (o *Origin) thread() uint64 {
	if o != nil && o.Main != nil && o.Main() {
		if o.Ctx != nil {
			// A task's context may be made from that of a callback, never the other way round.
			if t, ok := o.Ctx.Value(taskKey{}).(*Task); ok {
				return t.thread
			}
			if in, ok := o.Ctx.Value(insideKey{}).(*inside); ok {
				return in.thread
			}
		}
		return mainThread
	}
	id := goroutine()
	if id == executor.Load() {
		return mainThread
	}
	return id
}

// goroutine is the number of the calling goroutine, which the runtime tells in stacks only. It takes microseconds: about 0.3 for each call on the stack, of
// which the runtime writes 100 at most.
func goroutine() uint64 {
	var buf [40]byte
	var id uint64
	for _, c := range buf[min(len("goroutine "), runtime.Stack(buf[:], false)):] {
		if c < '0' || c > '9' {
			break
		}
		id = id*10 + uint64(c-'0')
	}
	return id
}
