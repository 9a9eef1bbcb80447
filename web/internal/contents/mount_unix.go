//go:build unix

package contents

import (
	"os"
	"path/filepath"
	"syscall"
)

// mountPoint returns the top folder of the file system that dir is on, "" when it is not known.
func mountPoint(dir string) string {
	device := func(p string) (uint64, bool) {
		info, err := os.Stat(p)
		if err != nil {
			return 0, false
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return 0, false
		}
		return uint64(st.Dev), true
	}
	dev, ok := device(dir)
	if !ok {
		return ""
	}
	for {
		up := filepath.Dir(dir)
		if d, ok := device(up); up == dir || !ok || d != dev {
			return dir
		}
		dir = up
	}
}
