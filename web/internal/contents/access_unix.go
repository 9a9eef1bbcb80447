//go:build unix

package contents

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// writable reports whether this process may write the entry. It is for display only: a save asks the file system again.
func writable(osPath string, _ fs.FileInfo) bool { return unix.Access(osPath, unix.W_OK) == nil }
