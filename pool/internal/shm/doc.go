// Package shm is memory that several processes read.
//
// One process makes a [Segment] and fills it; the others [Open] it by its path and cannot write there. On Linux a segment is a file without a
// name (memfd_create), so that nothing stays when its processes end, however they end; elsewhere there is none, and [New] says so.
//
// The maker's slice is memory of Go's heap whose pages are those of the file: it lives as long as anything points into it, which a mapping
// beside the heap could not know. Another process maps it beside its heap, for as long as it lives, so that its garbage collector does not take
// it for a heap of that size and collect later.
package shm
