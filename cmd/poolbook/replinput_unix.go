//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// awaitInput waits until a read of fd would return, or ctx ends, whose error it returns.
func awaitInput(ctx context.Context, fd int) error {
	if inputWaits(fd) {
		return ctx.Err()
	}
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("wait for input: %w", err)
	}
	defer r.Close()
	stop := context.AfterFunc(ctx, func() { w.Close() }) // a closed pipe wakes the wait
	defer func() {
		if stop() {
			w.Close()
		}
	}()
	for {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(r.Fd()), Events: unix.POLLIN}}
		_, err := unix.Poll(fds, -1)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("wait for input: %w", err)
		}
		return ctx.Err()
	}
}

// inputWaits reports whether a read of fd would return at once.
func inputWaits(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}
