// Package tempdir makes temporary folders that go with their owner: those of a process that was killed are removed by the next one that makes
// such a folder. A folder has a file that its owner has locked, which the system unlocks when the process ends, however it does. Process numbers
// would not do: containers that share the folder of temporary files have numbers of their own each.
package tempdir

import (
	"os"
	"path/filepath"
	"time"
)

// lockName is the file in each folder that its owner has locked.
const lockName = ".owner.lock"

// abandoned is how old a folder without such a file is when nobody is about to make it any more.
const abandoned = 24 * time.Hour

// Make makes a folder for this user alone in [os.TempDir], and returns what removes it. Its name begins with the prefix, which ends with a hyphen.
// Folders with the prefix whose owner has ended are removed first, as far as they are this user's.
func Make(prefix string) (dir string, remove func() error, err error) {
	removeStale(os.TempDir(), prefix)
	for range 10 {
		if dir, err = os.MkdirTemp("", prefix); err != nil {
			return "", nil, err
		}
		var file *os.File
		if file, err = locked(filepath.Join(dir, lockName)); err == nil {
			return dir, func() error {
				_ = file.Close() // some systems remove no open file
				return os.RemoveAll(dir)
			}, nil
		}
		_ = os.RemoveAll(dir) // somebody took it for an old one, or the disk is full
	}
	return "", nil, err
}

// removeStale removes the folders with the prefix in parent whose owners have ended.
func removeStale(parent, prefix string) {
	found, _ := filepath.Glob(filepath.Join(parent, prefix+"*")) // the pattern is right
	for _, path := range found {
		lock := filepath.Join(path, lockName)
		if _, err := os.Lstat(lock); err != nil {
			if i, err := os.Lstat(path); err != nil || !i.IsDir() || time.Since(i.ModTime()) < abandoned {
				continue
			}
		} else {
			file, err := locked(lock)
			if err != nil {
				continue // its owner has it
			}
			_ = file.Close()
		}
		_ = os.RemoveAll(path) // not another user's
	}
}
