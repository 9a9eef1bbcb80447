//go:build unix

package tempdir

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// locked opens a file, which it makes if need be, and locks it until it is closed or the process ends. It is an error when another has locked it.
func locked(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}
