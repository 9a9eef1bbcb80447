//go:build !linux

package kernel

import (
	"context"
	"errors"
	"os"
	"runtime"
	"syscall"
	"time"
)

// awaitParent returns true when the process has ended, false when ctx has. It looks once a second. On Windows it can tell
// only when the process cannot be opened any more.
func awaitParent(ctx context.Context, pid int) bool {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for alive(pid) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// alive reports whether there is a process with this id; true when that cannot be told.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return runtime.GOOS == "windows" && errors.Is(err, os.ErrPermission)
	}
	if runtime.GOOS != "windows" {
		err = p.Signal(syscall.Signal(0))
	}
	_ = p.Release()
	return !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH)
}
