//go:build unix

package tempdir

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Alive reports whether there is a process with this id; true when that cannot be told.
func Alive(pid int) bool { return !errors.Is(unix.Kill(pid, 0), unix.ESRCH) }
