//go:build unix

package client

import (
	"os"
	"syscall"
)

// interruptProcess sends SIGINT to the kernel's process group, as Jupyter does.
func interruptProcess(p *os.Process) error {
	return syscall.Kill(-p.Pid, syscall.SIGINT)
}

// killGroup kills the kernel's process group.
func killGroup(pid int) {
	_ = syscall.Kill(-pid, syscall.SIGKILL)
}
