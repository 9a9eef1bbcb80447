package worker

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// restAfter is how long a worker has nothing to do before it gives back what memory it can.
const restAfter = time.Second

// restKept is how many bytes that the tasks need are too many to look through them each time: only when as many have come to them.
const restKept = 128 << 20

// rest gives memory back when the worker has had nothing to do for a while: what its tasks have left, and the parts of the program that
// only the start needed. A large pool that waits then costs little. It is called every restAfter until that has happened; the next chunk
// begins it anew. One call has ended before the next begins, however long it takes.
func (w *worker) rest() {
	w.mu.Lock()
	quiet := w.running == 0 && w.turn == w.rested
	w.rested = w.turn
	w.mu.Unlock()
	if quiet {
		if held := heapBytes(); w.restHeap < restKept || held > 2*w.restHeap {
			debug.FreeOSMemory()
			w.restHeap = heapBytes()
		}
		dropProgram()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.resting = quiet && w.turn == w.rested
	if !w.resting {
		w.restTimer.Reset(restAfter)
	}
}

// awake: a chunk begins. mu is held.
func (w *worker) awake() {
	w.turn++
	if w.resting {
		w.resting = false
		w.restTimer.Reset(restAfter)
	}
}

// heapBytes is how much the heap's objects take, those too that nobody needs any more.
func heapBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
