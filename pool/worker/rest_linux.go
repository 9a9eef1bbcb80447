package worker

import (
	"bufio"
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// dropProgram lets go of the pages of the program's file that this process has in its memory; the system has them still, and those that are
// needed again come back in microseconds. Only what cannot have been changed is dropped: parts of files that are not writable, and of which
// the process has no pages of its own. Shared memory (pool.Shared) stays: others have it as well, and it is large.
func dropProgram() {
	data, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	var from, to uint64
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) >= 5 && !strings.HasSuffix(f[0], ":") { // addresses, rights, offset, device, inode, path
			from, to = 0, 0
			if a, b, ok := strings.Cut(f[0], "-"); ok && f[1][1] == '-' && f[1][3] == 'p' && f[4] != "0" {
				from, _ = strconv.ParseUint(a, 16, 64)
				to, _ = strconv.ParseUint(b, 16, 64)
			}
		} else if f[0] == "Anonymous:" && f[1] == "0" && to > from {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(from), uintptr(to-from), syscall.MADV_DONTNEED)
		}
	}
}
