package contents

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// maxCopy is the most that Copy duplicates at a time, in bytes.
const maxCopy = 4 << 30

// New makes an empty entry with a free name ("Untitled.ipynb", "untitled1.txt", "Untitled Folder 2") in a folder.
// kind is a type or "" (by the extension: ".ipynb" is a notebook, anything else a file); ext begins with a dot.
func (m *Manager) New(folder, kind, ext string) (*Model, error) {
	dir, err := m.visible(folder)
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(ext, "/\\\x00") || ext != "" && !strings.HasPrefix(ext, ".") {
		return nil, fail(BadRequest, "%q is no file name extension", ext)
	}
	if kind == "" {
		kind = TypeFile
		if ext == ".ipynb" {
			kind = TypeNotebook
		}
	}
	stem, insert := "untitled", ""
	var data []byte
	switch kind {
	case TypeDirectory:
		stem, insert, ext = "Untitled Folder", " ", ""
	case TypeNotebook:
		stem, ext = "Untitled", ".ipynb"
		if data, err = writeNotebook(newNotebook()); err != nil {
			return nil, err
		}
	case TypeFile:
	default:
		return nil, fail(BadRequest, "unknown type %q", kind)
	}
	name, err := m.makeFree(dir, stem, ext, insert, func(name string) error {
		if kind == TypeDirectory {
			return m.root.Mkdir(name, 0o777)
		}
		return m.create(name, 0o666, func(w io.Writer) error { _, err := w.Write(data); return err })
	})
	if err != nil {
		return nil, classify("make", dir, err)
	}
	return m.get(name, GetOptions{Hash: true})
}

// makeFree calls try with stem+ext, stem+insert+"1"+ext … until it does not fail with fs.ErrExist. try must make the entry
// exclusively, so that two clients never get the same name.
func (m *Manager) makeFree(dir, stem, ext, insert string, try func(name string) error) (string, error) {
	for i := 0; ; i++ {
		name := stem + ext
		if i > 0 {
			name = stem + insert + strconv.Itoa(i) + ext
		}
		name = path.Join(dir, name)
		if err := try(name); err == nil {
			return name, nil
		} else if !errors.Is(err, fs.ErrExist) || i == 10_000 {
			return "", err
		}
	}
}

// create makes a new file, flushed to the disk; it fails with fs.ErrExist when the name is taken. A failed file is removed.
func (m *Manager) create(name string, mode fs.FileMode, fill func(io.Writer) error) error {
	f, err := m.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return errors.Join(err, m.root.Remove(name))
	}
	return nil
}

var copyMark = regexp.MustCompile(`-Copy\d*(\.|$)`)

// Copy duplicates a file or a folder into a folder (the same one when it is empty ""), under its own name or,
// when that is taken, "name-Copy1.ext".
func (m *Manager) Copy(from, toFolder string) (*Model, error) {
	src, err := m.visible(from)
	if err != nil {
		return nil, err
	}
	dir, err := m.visible(toFolder)
	if err != nil {
		return nil, err
	}
	info, err := m.root.Stat(src)
	if err != nil {
		return nil, classify("copy", src, err)
	}
	if src == "." || info.IsDir() && (dir == src || strings.HasPrefix(dir, src+"/")) {
		return nil, fail(BadRequest, "a folder cannot be copied into itself")
	}
	stem, ext := copyMark.ReplaceAllString(path.Base(src), "$1"), ""
	if !info.IsDir() {
		stem, ext = splitExt(stem)
	}
	name, err := m.makeFree(dir, stem, ext, "-Copy", func(name string) error {
		budget := int64(maxCopy)
		return m.copyEntry(src, name, info, &budget)
	})
	if err != nil {
		return nil, classify("copy", src, err)
	}
	return m.get(name, GetOptions{})
}

// splitExt splits a file name before its last dot; a leading dot belongs to the stem.
func splitExt(base string) (stem, ext string) {
	if i := strings.LastIndexByte(base, '.'); i > 0 {
		return base[:i], base[i:]
	}
	return base, ""
}

// copyEntry copies a file or a tree. Links inside a tree are followed within the folder; what cannot be read as a file is left out.
func (m *Manager) copyEntry(src, dst string, info fs.FileInfo, budget *int64) error {
	if !info.IsDir() {
		if !info.Mode().IsRegular() {
			return fail(BadRequest, "%q is not a file", src)
		}
		if *budget -= info.Size(); *budget < 0 {
			return fail(TooLarge, "that is more than %d GiB", int64(maxCopy)>>30)
		}
		in, err := m.root.Open(src)
		if err != nil {
			return err
		}
		defer in.Close()
		return m.create(dst, info.Mode().Perm()|0o200, func(w io.Writer) error { _, err := io.Copy(w, in); return err })
	}
	if err := m.root.Mkdir(dst, 0o777); err != nil {
		return err
	}
	err := m.copyChildren(src, dst, budget)
	if err != nil {
		return errors.Join(err, m.root.RemoveAll(dst))
	}
	return nil
}

func (m *Manager) copyChildren(src, dst string, budget *int64) error {
	d, err := m.root.Open(src)
	if err != nil {
		return err
	}
	entries, err := d.ReadDir(-1)
	if err = errors.Join(err, d.Close()); err != nil {
		return err
	}
	for _, e := range entries {
		child := path.Join(src, e.Name())
		if e.Type()&fs.ModeSymlink != 0 || e.Name() == checkpointDir || strings.HasSuffix(e.Name(), ".saving") {
			continue // a link to a parent would never end
		}
		info, err := m.root.Lstat(child)
		if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
			continue
		}
		if err := m.copyEntry(child, path.Join(dst, e.Name()), info, budget); err != nil {
			return err
		}
	}
	return nil
}

// Rename moves an entry, and its checkpoint with it. The new name must be free; the folder must exist.
func (m *Manager) Rename(from, to string) (*Model, error) {
	src, err := m.visible(from)
	if err != nil {
		return nil, err
	}
	dst, err := m.visible(to)
	if err != nil {
		return nil, fail(BadRequest, "%q cannot be a name here", to)
	}
	if src == "." || dst == "." {
		return nil, fail(BadRequest, "the served folder itself cannot be renamed")
	}
	unlock := m.lock(src, dst)
	defer unlock()
	old, err := m.root.Lstat(src)
	if err != nil {
		return nil, classify("rename", src, err)
	}
	if src != dst {
		// Another case of the same name is the same entry on some file systems.
		if now, err := m.root.Lstat(dst); err == nil && !(strings.EqualFold(src, dst) && os.SameFile(old, now)) {
			return nil, fail(Exists, "%q already exists", apiPath(dst))
		}
		if err := m.root.Rename(src, dst); err != nil {
			return nil, classify("rename", src, err)
		}
		m.syncDir(parent(dst))
		if !old.IsDir() {
			m.moveCheckpoints(src, dst)
		}
	}
	return m.get(dst, GetOptions{})
}

// Delete removes an entry: into the desktop's trash, or for good where there is none. Folders that are not empty are only removed into
// the trash. What the trash does not take stays where it is.
func (m *Manager) Delete(apiPath string) error {
	name, err := m.visible(apiPath)
	if err != nil {
		return err
	}
	if name == "." {
		return fail(BadRequest, "the served folder itself cannot be deleted")
	}
	unlock := m.lock(name)
	defer unlock()
	info, err := m.root.Lstat(name)
	if err != nil {
		return classify("delete", name, err)
	}
	if !m.opts.NoTrash {
		trashed, err := m.trash(name)
		switch {
		case trashed:
			m.removeCheckpoints(name)
			return nil
		case err != nil:
			return fail(Forbidden, "%q could not be moved to the trash, so it is still there: %v", name, err)
		}
	}
	err = m.removeForGood(name, info)
	if err == nil {
		m.removeCheckpoints(name)
	}
	return classify("delete", name, err)
}

func (m *Manager) removeForGood(name string, info fs.FileInfo) error {
	if !info.IsDir() {
		return m.root.Remove(name)
	}
	d, err := m.root.Open(name)
	if err != nil {
		return err
	}
	entries, err := d.ReadDir(-1)
	if err = errors.Join(err, d.Close()); err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != checkpointDir {
			return fail(BadRequest, "folder %q is not empty, and there is no trash to move it to", apiPath(name))
		}
	}
	return m.root.RemoveAll(name)
}
