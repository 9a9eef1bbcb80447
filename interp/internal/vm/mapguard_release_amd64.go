//go:build amd64 && !race

package vm

// release frees a guard's slot. Stores are seen in their order on this
// processor, so a plain one does, where an atomic one takes as long as the rest
// of the guard.
//
//go:noinline
func release(w *uint64) { *w = 0 }
