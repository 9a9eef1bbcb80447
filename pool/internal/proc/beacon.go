package proc

import (
	"sync/atomic"
	"unsafe"
)

// Beacon is a page of memory that a pool and its worker share: it tells what the worker is running, at the cost of a store.
//
// It is no part of Go's heap: a loop of the interpreter can step its index with plain stores, and the pool reads it when the worker is dead.
type Beacon struct {
	mem   []byte
	words *[beaconWords]atomic.Uint64
}

// What the words of a beacon are.
const (
	beaconChunk = iota
	beaconBase  // item of the chunk that has index 0
	beaconIndex // of the running item
	beaconEnd   // index before which the worker's loop ends
	beaconOn    // 1 while something runs
	beaconWords
)

// Set tells that the item of the chunk begins. It is the worker's.
func (b *Beacon) Set(chunk uint64, item int) {
	if b != nil {
		b.begin(chunk, item, 0, 1)
	}
}

// Loop tells that a loop over items of the chunk begins: those with an index from next up to end, index 0 being the item base. The loop
// keeps the running index in *at, and ends when that is *end. The beacon is not nil.
func (b *Beacon) Loop(chunk uint64, base, next, end int) (at, stop *int) {
	b.begin(chunk, base, next, end)
	return (*int)(unsafe.Pointer(&b.words[beaconIndex])), (*int)(unsafe.Pointer(&b.words[beaconEnd]))
}

func (b *Beacon) begin(chunk uint64, base, next, end int) {
	b.words[beaconOn].Store(0)
	b.words[beaconChunk].Store(chunk)
	b.words[beaconBase].Store(uint64(base))
	b.words[beaconIndex].Store(uint64(next))
	b.words[beaconEnd].Store(uint64(end))
	b.words[beaconOn].Store(1)
}

// Index is the index that the loop is at.
func (b *Beacon) Index() int {
	if b == nil {
		return 0
	}
	return int(b.words[beaconIndex].Load())
}

// Stop lets the loop end before that index, when it is not beyond it already.
func (b *Beacon) Stop(index int) {
	if b == nil {
		return
	}
	for {
		end := b.words[beaconEnd].Load()
		if int(end) <= index || b.words[beaconEnd].CompareAndSwap(end, uint64(index)) {
			return
		}
	}
}

// Clear tells that nothing runs.
func (b *Beacon) Clear() {
	if b != nil {
		b.words[beaconOn].Store(0)
	}
}

// Running is what the worker runs.
func (b *Beacon) Running() (chunk uint64, item int, ok bool) {
	if b == nil || b.words[beaconOn].Load() == 0 {
		return 0, 0, false
	}
	i := b.words[beaconIndex].Load()
	return b.words[beaconChunk].Load(), int(b.words[beaconBase].Load() + i), i < b.words[beaconEnd].Load()
}
