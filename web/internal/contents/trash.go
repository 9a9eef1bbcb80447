package contents

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// HasTrash reports whether Delete moves entries to a trash, as far as can be told before; clients ask their user accordingly.
func (m *Manager) HasTrash() bool { return !m.opts.NoTrash && systemHasTrash(runtime.GOOS) }

// systemHasTrash reports whether there is a trash that this program knows on a system: on Windows and phones there is none without
// their own libraries.
func systemHasTrash(goos string) bool {
	switch goos {
	case "windows", "js", "wasip1", "plan9", "android", "ios":
		return false
	}
	return true
}

// trash moves an entry into the user's trash and reports whether it did. On Linux and the BSDs this is the freedesktop.org trash
// (version 1.0): the home trash, or the trash of the entry's own file system. On macOS it is ~/.Trash. Elsewhere there is none.
//
// The entry's folder is found again by its real path, since a rename out of an os.Root cannot be done through it. The entry itself is
// not followed when it is a link.
func (m *Manager) trash(name string) (bool, error) {
	dir, err := filepath.EvalSymlinks(m.osPath(parent(name)))
	if err != nil {
		return false, err
	}
	if rel, err := filepath.Rel(m.dir, dir); err != nil || !filepath.IsLocal(rel) {
		return false, fail(Forbidden, "%q leads outside the served folder", name)
	}
	entry := filepath.Join(dir, filepath.Base(filepath.FromSlash(name)))
	if !systemHasTrash(runtime.GOOS) {
		return false, nil
	}
	if runtime.GOOS == "darwin" {
		home, err := os.UserHomeDir()
		if err != nil {
			return false, err
		}
		trash := filepath.Join(home, ".Trash")
		if m.opts.TrashDir != "" {
			trash = m.opts.TrashDir
		}
		_, err = moveFree(entry, trash)
		return err == nil, err
	}
	var errs []error
	for _, trash := range m.trashDirs(entry) {
		if err := trashInto(entry, trash); err == nil {
			return true, nil
		} else {
			errs = append(errs, err)
		}
	}
	return false, errors.Join(errs...)
}

// trashDirs lists the trash folders to try, in order.
func (m *Manager) trashDirs(entry string) []string {
	if m.opts.TrashDir != "" {
		return []string{m.opts.TrashDir}
	}
	var dirs []string
	data := os.Getenv("XDG_DATA_HOME")
	if home, err := os.UserHomeDir(); data == "" && err == nil {
		data = filepath.Join(home, ".local", "share")
	}
	if data != "" {
		dirs = append(dirs, filepath.Join(data, "Trash"))
	}
	if top := mountPoint(filepath.Dir(entry)); top != "" {
		dirs = append(dirs, filepath.Join(top, ".Trash-"+strconv.Itoa(os.Getuid())))
	}
	return dirs
}

// trashInto does one move: the note on where the entry came from is made first, exclusively, and so reserves the name.
func trashInto(entry, trash string) error {
	files, info := filepath.Join(trash, "files"), filepath.Join(trash, "info")
	for _, dir := range []string{files, info} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	note := fmt.Sprintf("[Trash Info]\nPath=%s\nDeletionDate=%s\n",
		(&url.URL{Path: entry}).EscapedPath(), time.Now().Format("2006-01-02T15:04:05"))
	stem, ext := splitExt(filepath.Base(entry))
	for i := 1; ; i++ {
		base := stem + ext
		if i > 1 {
			base = stem + "." + strconv.Itoa(i) + ext
		}
		notePath := filepath.Join(info, base+".trashinfo")
		f, err := os.OpenFile(notePath, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) && i < 10_000 {
			continue
		}
		if err != nil {
			return err
		}
		_, err = f.WriteString(note)
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err == nil {
			err = os.Rename(entry, filepath.Join(files, base))
		}
		if err != nil {
			return errors.Join(err, os.Remove(notePath))
		}
		return nil
	}
}

// moveFree renames an entry into a folder under a name that is free there.
func moveFree(entry, dir string) (string, error) {
	stem, ext := splitExt(filepath.Base(entry))
	for i := 1; ; i++ {
		base := stem + ext
		if i > 1 {
			base = strings.TrimSpace(stem) + " " + strconv.Itoa(i) + ext
		}
		to := filepath.Join(dir, base)
		if _, err := os.Lstat(to); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		return to, os.Rename(entry, to)
	}
}
