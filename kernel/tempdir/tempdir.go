// Package tempdir makes temporary folders whose owner is written in their names, so that those of a process that was killed are removed by the
// next one that makes such a folder.
package tempdir

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Make makes a folder for this user alone in [os.TempDir]. Its name is the prefix, which ends with a hyphen, the number of this process, and
// something random. Folders with the prefix of processes that have ended are removed first, as far as they are this user's.
func Make(prefix string) (dir string, err error) {
	removeStale(os.TempDir(), prefix)
	return os.MkdirTemp("", prefix+strconv.Itoa(os.Getpid())+"-")
}

// removeStale removes the folders with the prefix in parent whose processes have ended.
func removeStale(parent, prefix string) {
	found, _ := filepath.Glob(filepath.Join(parent, prefix+"*")) // the pattern is right
	for _, path := range found {
		number, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), prefix), "-")
		if pid, err := strconv.Atoi(number); err == nil && pid > 0 && !Alive(pid) {
			_ = os.RemoveAll(path) // not another user's
		}
	}
}
