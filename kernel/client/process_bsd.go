//go:build unix && !linux

package client

import "syscall"

// processAttributes puts the kernel into a process group of its own, so that Ctrl-C in a terminal does not reach it and the
// group can be killed with all it has started. The kernel itself watches its parent (JPY_PARENT_PID).
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
