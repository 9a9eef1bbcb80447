package interp

import (
	"os"

	"golang.org/x/sys/unix"
)

// dup lets descriptor to be what from is.
func dup(from, to int) error { return os.NewSyscallError("dup3", unix.Dup3(from, to, 0)) }
