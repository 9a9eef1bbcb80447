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

	ToWorker, ToPool *Box // on pages of their own; nil where boxes are of no use
}

// What the words of a beacon are.
const (
	beaconIndex = iota // of the running item
	beaconEnd          // index before which the worker's loop ends
	beaconParts        // how many parts there are; 0 while nothing runs
	beaconPart         // the first part: chunk, its item that is the part's first, the index of that; then the others
	beaconWords = beaconSize / 8
)

// beaconSize is a page; each box has another one.
const (
	beaconSize = 4096
	sharedSize = 3 * beaconSize
)

// MaxParts is how many parts a beacon has room for.
const MaxParts = (beaconWords - beaconPart) / 3

// Part are consecutive items of a chunk in a loop.
type Part struct {
	Chunk uint64
	From  int // item of the chunk that is the first
	Base  int // index of that in the loop
}

// Set tells that the item of the chunk begins. It is the worker's.
func (b *Beacon) Set(chunk uint64, item int) {
	if b != nil {
		b.words[beaconParts].Store(0)
		b.part(0, Part{Chunk: chunk, From: item})
		b.begin(0, 1, 1)
	}
}

func (b *Beacon) part(i int, p Part) {
	at := beaconPart + 3*i
	b.words[at].Store(p.Chunk)
	b.words[at+1].Store(uint64(p.From))
	b.words[at+2].Store(uint64(p.Base))
}

func (b *Beacon) begin(next, end, parts int) {
	b.words[beaconIndex].Store(uint64(next))
	b.words[beaconEnd].Store(uint64(end))
	b.words[beaconParts].Store(uint64(parts))
}

// Loop tells that a loop over items begins: those with an index from next up to end. The first part has index 0, and there are MaxParts at
// most. The loop keeps the running index in *at, and ends when that is *stop. The beacon is not nil.
func (b *Beacon) Loop(parts []Part, next, end int) (at, stop *int) {
	b.words[beaconParts].Store(0)
	for i, p := range parts {
		b.part(i, p)
	}
	b.begin(next, end, len(parts))
	return (*int)(unsafe.Pointer(&b.words[beaconIndex])), (*int)(unsafe.Pointer(&b.words[beaconEnd]))
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
		b.words[beaconParts].Store(0)
	}
}

// Running is what the worker runs. It trusts nothing that it reads: a task may have written there.
func (b *Beacon) Running() (chunk uint64, item int, ok bool) {
	if b == nil {
		return 0, 0, false
	}
	i, parts := b.words[beaconIndex].Load(), min(b.words[beaconParts].Load(), MaxParts)
	if i >= b.words[beaconEnd].Load() {
		return 0, 0, false
	}
	for k := range int(parts) {
		at := beaconPart + 3*k
		if base := b.words[at+2].Load(); base <= i {
			chunk, item, ok = b.words[at].Load(), int(b.words[at+1].Load()+i-base), true
		}
	}
	return chunk, item, ok
}
