//go:build !linux

package kernel

import (
	"context"
	"time"

	"poolbook/kernel/tempdir"
)

// awaitParent returns true when the process has ended, false when ctx has. It looks once a second. On Windows it can tell
// only when the process cannot be opened any more.
func awaitParent(ctx context.Context, pid int) bool {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for tempdir.Alive(pid) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}
