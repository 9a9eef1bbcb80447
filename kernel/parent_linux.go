package kernel

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// awaitParent returns true when the process has ended, false when ctx has. It notices at once through a pidfd, and without
// one (old kernels, sandboxes) within a second.
func awaitParent(ctx context.Context, pid int) bool {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return true
	}
	if err != nil {
		return pollParent(ctx, pid)
	}
	f := os.NewFile(uintptr(fd), "pidfd")
	defer f.Close()
	for ctx.Err() == nil {
		// The time limit is for ctx: poll cannot be interrupted otherwise.
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 200)
		if n > 0 {
			return true
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return pollParent(ctx, pid)
		}
	}
	return false
}

// pollParent looks once a second whether the process is still there.
func pollParent(ctx context.Context, pid int) bool {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		if errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			return true
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
	}
}
