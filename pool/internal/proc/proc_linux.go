package proc

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// pipeSize is asked for each pipe: a write of many results, or of a large value, goes through with fewer turns.
const pipeSize = 1 << 20

// fSetPipeSize is F_SETPIPE_SZ.
const fSetPipeSize = 1031

// widen makes a pipe hold more. A refusal (a limit of the user) costs only speed.
func widen(f *os.File) {
	if c, err := f.SyscallConn(); err == nil {
		_ = c.Control(func(fd uintptr) { _, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, fSetPipeSize, pipeSize) })
	}
}

// dieWithParent makes the kernel end the process when the thread that starts it ends: see Starter.
func dieWithParent(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}

// yieldThread lets another thread run, when one waits for this processor.
func yieldThread() { _, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) }

// Usage is the CPU time that the process has used, the memory it holds, and whether it is stopped (SIGSTOP, a debugger).
func (p *Process) Usage() (cpu time.Duration, memory int64, stopped bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
	if err != nil {
		return 0, 0, false
	}
	// Behind the name, which is in parentheses: field 3 is the state, 14 and 15 are ticks of a hundredth of a second, 24 is in pages.
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(fields) < 22 {
		return 0, 0, false
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	pages, _ := strconv.ParseInt(fields[21], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond, pages * int64(os.Getpagesize()), fields[0] == "T" || fields[0] == "t"
}
