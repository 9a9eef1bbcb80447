package kernel

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"poolbook/kernel/tempdir"
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
	defer unix.Close(fd)
	// poll cannot be interrupted by ctx, but by the end of a pipe.
	r, w, err := os.Pipe()
	if err != nil {
		return pollParent(ctx, pid)
	}
	defer r.Close()
	stop := context.AfterFunc(ctx, func() { _ = w.Close() })
	defer func() {
		if stop() {
			_ = w.Close()
		}
	}()
	for ctx.Err() == nil {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(r.Fd()), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil && !errors.Is(err, unix.EINTR) {
			return pollParent(ctx, pid)
		}
		if fds[0].Revents != 0 {
			return true
		}
	}
	return false
}

// pollParent looks once a second whether the process is still there.
func pollParent(ctx context.Context, pid int) bool {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		if !tempdir.Alive(pid) {
			return true
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
	}
}
