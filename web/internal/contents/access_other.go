//go:build !unix

package contents

import "io/fs"

// writable reports whether the entry is marked read-only. It is for display only: a save asks the file system again.
func writable(_ string, info fs.FileInfo) bool { return info.Mode().Perm()&0o200 != 0 }
