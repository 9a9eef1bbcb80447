package interp

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// leastHeap is the size in bytes to which the heap of a process with sessions grows before it is collected.
//
// Why not Go's 4 MB? Every collection looks through the globals of the whole program, those of the standard library among them,
// which takes a millisecond or two. A cell that makes short-lived garbage paid for that every 4 MB: a fifth of the time
// of a JSON round trip, a third of Sprintf's.
const leastHeap = 16 << 20

// startCollector makes leastHeap hold, once for the process. Heaps of more than half of it grow to twice what lives in them, as
// Go's do. GOGC in the environment, or a cell that calls debug.SetGCPercent, has the last word.
var startCollector = sync.OnceFunc(func() {
	if os.Getenv("GOGC") != "" {
		return
	}
	set := collectAt(0)
	debug.SetGCPercent(set)
	afterCollections(func() bool {
		sample := []metrics.Sample{{Name: "/gc/gogc:percent"}, {Name: "/gc/heap/live:bytes"}}
		metrics.Read(sample)
		if sample[0].Value.Uint64() != uint64(set) {
			return false
		}
		if p := collectAt(sample[1].Value.Uint64()); p > set+set/8 || p < set-set/8 || p == 100 && set != 100 {
			set = p // each call stops the world for some microseconds
			debug.SetGCPercent(p)
		}
		return true
	})
})

// collectAt is the GC percentage with which a heap of which so many bytes live grows to leastHeap, or to twice its size.
func collectAt(live uint64) int {
	const most = leastHeap / (4 << 20) * 100 // which makes the least heap leastHeap, since Go's is 4 MB at 100
	if live == 0 {
		return most
	}
	return min(max(int(leastHeap*100/live)-100, 100), most)
}

// afterCollections calls f after each collection until it returns false, on the runtime's goroutine for finalizers.
func afterCollections(f func() bool) {
	var again func(*[]byte)
	again = func(sentinel *[]byte) {
		if f() {
			runtime.SetFinalizer(sentinel, again)
		}
	}
	runtime.SetFinalizer(new([]byte), again) // of a type with pointers, which has memory of its own
}
