//go:build !linux

package contents

import (
	"io/fs"
	"time"
)

// created falls back to the time of the last change.
func created(info fs.FileInfo) time.Time { return info.ModTime() }
