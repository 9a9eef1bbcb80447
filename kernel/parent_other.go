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
	for {
		p, err := os.FindProcess(pid)
		if err != nil {
			return runtime.GOOS != "windows" || !errors.Is(err, os.ErrPermission)
		}
		if runtime.GOOS != "windows" {
			err = p.Signal(syscall.Signal(0))
		}
		_ = p.Release()
		if errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH) {
			return true
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
	}
}
