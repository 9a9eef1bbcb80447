package proc

import (
	"sync/atomic"
)

// Beacon is a page of memory that a pool and its worker share: it tells what the worker is running, at the cost of a store.
type Beacon struct {
	mem   []byte
	words *[4]atomic.Uint64
}

// Set tells that the item of the chunk begins. It is the worker's.
func (b *Beacon) Set(chunk uint64, item int) {
	if b != nil {
		b.words[1].Store(0)
		b.words[0].Store(chunk)
		b.words[1].Store(uint64(item) + 1)
	}
}

// Clear tells that nothing runs.
func (b *Beacon) Clear() {
	if b != nil {
		b.words[1].Store(0)
	}
}

// Running is what the worker runs.
func (b *Beacon) Running() (chunk uint64, item int, ok bool) {
	if b == nil {
		return 0, 0, false
	}
	i := b.words[1].Load()
	return b.words[0].Load(), int(i) - 1, i != 0
}
