package client

import "syscall"

// processAttributes puts the kernel into a process group of its own, so that Ctrl-C in a terminal does not reach it and the
// group can be killed with all it has started, and has Linux kill it when the thread that starts it ends.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
