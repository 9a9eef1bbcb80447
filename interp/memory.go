package interp

import "runtime/debug"

// SystemMemory returns how many bytes of memory this process could have at most: the machine's, or less where a container
// (cgroup) or a limit of the process (ulimit) allows less. It is 0 where the system does not say.
func SystemMemory() int64 { return systemMemory() }

// DefaultMemoryLimit is the limit of a session whose [Config] has none: two thirds of [SystemMemory], 0 (no limit) where that is
// not known.
func DefaultMemoryLimit() int64 { return SystemMemory() / 3 * 2 }

// limitMemory returns the limit in bytes that a configuration asks for, 0 for none. The collector is told of
// a number above it, so that garbage does not add much, and slows nothing down before data reaches the limit.
func limitMemory(want int64) int64 {
	switch {
	case want == 0:
		want = DefaultMemoryLimit()
	case want < 0:
		return 0
	}
	if soft := want / 4 * 5; debug.SetMemoryLimit(-1) > soft {
		debug.SetMemoryLimit(soft)
	}
	return want
}
