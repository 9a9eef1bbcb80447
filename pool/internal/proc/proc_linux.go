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

	"golang.org/x/sys/unix"
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

// dieWithParent makes the kernel send the process a signal when the thread that starts it ends: see Starter. A worker that is stopped then
// goes on and ends all the same: the kernel sends SIGHUP and SIGCONT to a group that is left without a parent in its session.
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr.Pdeathsig = parentDeath }

// For waitid, which package syscall has no function for.
const (
	pPID    = 1          // P_PID
	wExited = 0x4        // WEXITED
	wNoWait = 0x01000000 // WNOWAIT
)

// awaitEnd waits until the process has ended, and leaves it to be reaped. It reports whether it could.
func awaitEnd(pid int) bool {
	for {
		if _, _, err := syscall.Syscall6(syscall.SYS_WAITID, pPID, uintptr(pid), 0, wExited|wNoWait, 0, 0); err != syscall.EINTR {
			return err == 0
		}
	}
}

// sharedFile is memory of sharedSize bytes without a name, which no full disk concerns, and which nobody who has the file can make shorter.
func sharedFile() (*os.File, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate("poolbook-beacon", flags|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL { // before Linux 6.3
		fd, err = unix.MemfdCreate("poolbook-beacon", flags)
	}
	if err != nil { // a sandbox forbids it
		return temporaryFile()
	}
	f := os.NewFile(uintptr(fd), "poolbook-beacon")
	if err := unix.Fallocate(fd, 0, 0, sharedSize); err != nil {
		f.Close()
		return nil, fmt.Errorf("memory to share: %w", err)
	}
	_, _ = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	return f, nil
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
