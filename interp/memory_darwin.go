package interp

import "golang.org/x/sys/unix"

func systemMemory() int64 {
	n, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return int64(n)
}

// availableMemory does not know: other programs give memory back when it is asked for.
func availableMemory() (free, total int64, ok bool) { return 0, 0, false }
