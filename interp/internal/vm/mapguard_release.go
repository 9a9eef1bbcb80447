//go:build !amd64 || race

package vm

import "sync/atomic"

// release frees a guard's slot.
func release(w *uint64) { atomic.StoreUint64(w, 0) }
