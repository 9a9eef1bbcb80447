package contents

import (
	"io/fs"
	"syscall"
	"time"
)

// created is the time of the last change of the inode, as Jupyter shows it: Linux's stat has no time of birth.
func created(info fs.FileInfo) time.Time {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(st.Ctim.Unix())
	}
	return info.ModTime()
}
