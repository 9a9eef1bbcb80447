package tempdir

import (
	"os"

	"golang.org/x/sys/windows"
)

// locked opens a file, which it makes if need be, and locks it until it is closed or the process ends. It is an error when another has locked it.
func locked(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}
