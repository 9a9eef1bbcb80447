package bridge

import (
	"syscall"
	"unsafe"
)

// systemCalls are the functions through which golang.org/x/sys/unix reaches Linux. Most are jumps to package syscall there too.
var systemCalls = map[string]any{
	"golang.org/x/sys/unix.Syscall":           syscall.Syscall,
	"golang.org/x/sys/unix.Syscall6":          syscall.Syscall6,
	"golang.org/x/sys/unix.RawSyscall":        syscall.RawSyscall,
	"golang.org/x/sys/unix.RawSyscall6":       syscall.RawSyscall6,
	"golang.org/x/sys/unix.SyscallNoError":    noError,
	"golang.org/x/sys/unix.RawSyscallNoError": noError,
	"golang.org/x/sys/unix.gettimeofday": func(tv unsafe.Pointer) syscall.Errno {
		_, _, err := syscall.RawSyscall(syscall.SYS_GETTIMEOFDAY, uintptr(tv), 0, 0)
		return err
	},
	"golang.org/x/sys/unix.runtime_getAuxv": func() (v []uintptr) { return },
	"golang.org/x/sys/unix.vgetrandom":      func(p []byte, flags uint32) (n int, supported bool) { return -1, false },
}

// noError makes a system call that cannot fail.
func noError(trap, a1, a2, a3 uintptr) (r1, r2 uintptr) {
	r1, r2, _ = syscall.Syscall(trap, a1, a2, a3)
	return r1, r2
}
