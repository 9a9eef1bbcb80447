package client

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// processAttributes puts the kernel into a process group of its own, so that Ctrl-C in a console does not reach it.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// interruptProcess fails: Windows has no signal to send, so kernels need interrupt_mode "message" there.
func interruptProcess(*os.Process) error {
	return fmt.Errorf("the kernel wants a signal: %w", errors.ErrUnsupported)
}

// killGroup does nothing: the process itself is killed by its handle.
func killGroup(int) {}
