package contents

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/google/uuid"

	"poolbook/notebooks/nbformat"
)

// SaveRequest is the body of a PUT. See Jupyter's contents API.
type SaveRequest struct {
	Type    string          `json:"type"`   // required
	Format  string          `json:"format"` // "json" for notebooks, "text" or "base64" for files; default by type
	Content json.RawMessage `json:"content"`
	Chunk   *int            `json:"chunk"` // nil: the whole file. Else 1, 2, … and -1 for the last piece

	// IfHash, when not empty, is the SHA-256 (hex) of the file as the client last saw it: if the disk has another, nothing is written
	// and the error is of kind Changed. IfAbsent refuses to replace anything.
	IfHash   string `json:"-"`
	IfAbsent bool   `json:"-"`
}

// Save writes a file, a notebook, or makes a folder. The returned model has no content, but the hash of what was written.
// made reports whether the entry is new. Until the very end the old file is there, whole: the new one is written beside it,
// flushed to the disk, and renamed over it.
func (m *Manager) Save(apiPath string, r SaveRequest) (model *Model, made bool, err error) {
	name, err := m.visible(apiPath)
	if err != nil {
		return nil, false, err
	}
	if name == "." {
		return nil, false, fail(BadRequest, "the served folder itself cannot be saved")
	}
	switch r.Type {
	case TypeDirectory:
		return m.saveDirectory(name)
	case TypeNotebook, TypeFile:
	case "":
		return nil, false, fail(BadRequest, "no type given")
	default:
		return nil, false, fail(BadRequest, "unknown type %q", r.Type)
	}
	if r.Chunk != nil {
		return m.saveChunk(name, r)
	}
	data, err := m.encode(name, r)
	if err != nil {
		return nil, false, err
	}
	unlock := m.lock(name)
	defer unlock()
	info, err := m.root.Stat(name)
	made = errors.Is(err, fs.ErrNotExist)
	if err != nil && !made {
		return nil, false, classify("save", name, err)
	}
	if err := m.precondition(name, made, r); err != nil {
		return nil, false, err
	}
	if r.Type == TypeNotebook && !made {
		if err := m.textKept(name); err != nil {
			return nil, false, err
		}
	}
	if err := m.replace(name, info, data); err != nil {
		return nil, false, classify("save", name, err)
	}
	model, err = m.get(name, GetOptions{Type: r.Type})
	if err != nil {
		return nil, made, err
	}
	sum := sha256.Sum256(data)
	model.setHash(sum[:])
	return model, made, nil
}

// precondition is called with the name's lock held, so that nothing of this server comes between check and write.
func (m *Manager) precondition(name string, absent bool, r SaveRequest) error {
	if r.IfAbsent && !absent {
		return fail(Exists, "%q already exists", name)
	}
	if r.IfHash == "" {
		return nil
	}
	if absent {
		return fail(Changed, "%q is no longer on the disk", name)
	}
	now, err := m.get(name, GetOptions{Hash: true, Type: r.Type})
	if err != nil {
		return err
	}
	if now.Hash != nil && *now.Hash != r.IfHash {
		return fail(Changed, "%q has changed on the disk since it was opened", name)
	}
	return nil
}

// textKept refuses to save over a notebook with bytes that are no text: no client has seen them, so that its save, whatever it means to change,
// would lose them. Another name is no trouble, nor is a file that replaces this one. The name's lock is held.
func (m *Manager) textKept(name string) error {
	f, err := m.root.Open(name)
	if errors.Is(err, fs.ErrPermission) {
		return nil // writing it decides
	}
	if err != nil {
		return classify("save", name, err)
	}
	defer f.Close()
	data, err := m.readAll(f, name)
	if err != nil {
		return err
	}
	if err := nbformat.CheckText(data); err != nil {
		return &Error{Kind: Forbidden, Message: damagedText(name, err), Err: err}
	}
	return nil
}

// damagedText says why a notebook is read-only.
func damagedText(name string, err error) string {
	return fmt.Sprintf("%q is read-only: %v, so that saving it would lose something. Save it under another name (what is no text becomes �), "+
		"or mend the file in a text editor", apiPath(name), err)
}

func (m *Manager) saveDirectory(name string) (*Model, bool, error) {
	unlock := m.lock(name)
	defer unlock()
	err := m.root.Mkdir(name, 0o777)
	made := err == nil
	if errors.Is(err, fs.ErrExist) {
		err = nil // get finds out whether it is a folder
	}
	if err != nil {
		return nil, false, classify("make", name, err)
	}
	model, err := m.get(name, GetOptions{Type: TypeDirectory})
	return model, made, err
}

// encode turns the content of a request into the bytes for the disk.
func (m *Manager) encode(name string, r SaveRequest) (data []byte, err error) {
	if r.Type == TypeNotebook {
		if r.Format != "" && r.Format != FormatJSON {
			return nil, fail(BadRequest, "a notebook has format json, not %q", r.Format)
		}
		nb := newNotebook()
		if len(r.Content) != 0 && !bytes.Equal(r.Content, []byte("null")) {
			if nb, err = decodeNotebook(r.Content); err != nil {
				return nil, &Error{Kind: BadRequest, Message: fmt.Sprintf("cannot save notebook %q: %v", name, err), Err: err}
			}
		}
		m.opts.Notary.onSave(nb, m.isNew(name))
		data, err = writeNotebook(nb)
	} else {
		data, err = fileBytes(name, r)
	}
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > m.opts.MaxFile {
		return nil, fail(TooLarge, "%q would be larger than %d MiB", name, m.opts.MaxFile>>20)
	}
	return data, nil
}

// isNew reports whether nothing is there yet.
func (m *Manager) isNew(name string) bool {
	_, err := m.root.Lstat(name)
	return errors.Is(err, fs.ErrNotExist)
}

func fileBytes(name string, r SaveRequest) ([]byte, error) {
	var text string
	if len(r.Content) == 0 || bytes.Equal(r.Content, []byte("null")) {
		return nil, fail(BadRequest, "no content given for %q", name)
	}
	if err := json.Unmarshal(r.Content, &text); err != nil {
		return nil, fail(BadRequest, "the content of file %q is not a string", name)
	}
	switch r.Format {
	case "", FormatText:
		return []byte(text), nil
	case FormatBase64:
		text = strings.NewReplacer("\n", "", "\r", "").Replace(text)
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fail(BadRequest, "the content of %q is not base64", name)
		}
		return data, nil
	default:
		return nil, fail(BadRequest, "a file has format text or base64, not %q", r.Format)
	}
}

// replace writes data to a temporary file beside name, flushes it, and renames it over name. Links are followed within the folder,
// so that a link stays one. info is the entry as it is, nil when there is none. The name's lock is held.
func (m *Manager) replace(name string, info fs.FileInfo, data []byte) error {
	target := name
	mode := fs.FileMode(0o666) // less the umask
	if info != nil {
		if !info.Mode().IsRegular() {
			return fail(BadRequest, "%q is not a file", apiPath(name))
		}
		mode = info.Mode().Perm()
		// A rename asks for the folder's permission only; the file's own is to count as well.
		probe, err := m.root.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		if err := probe.Close(); err != nil {
			return err
		}
		if target, err = m.resolve(name); err != nil {
			return err
		}
	}
	tmp, f, err := m.createTemp(target, mode)
	if err != nil {
		return err
	}
	err = func() error {
		if _, err := f.Write(data); err != nil {
			return err
		}
		if info != nil {
			if err := f.Chmod(mode); err != nil && !errors.Is(err, fs.ErrPermission) {
				return err
			}
		}
		return f.Sync()
	}()
	return m.commit(tmp, target, f, err)
}

// commit closes a written temporary file and puts it in its place, or removes it when it failed.
func (m *Manager) commit(tmp, target string, f *os.File, err error) error {
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = m.root.Rename(tmp, target)
	}
	if err != nil {
		return errors.Join(err, m.root.Remove(tmp))
	}
	m.syncDir(parent(target))
	return nil
}

// staleTemp is the age from which a temporary file is taken for one that a killed server left behind.
const staleTemp = time.Minute

// createTemp makes the temporary file of a target. Its name follows from the target's, so that what a killed server left is used
// again by the next save, instead of heaping up.
func (m *Manager) createTemp(target string, mode fs.FileMode) (string, *os.File, error) {
	dir, base := path.Split(target)
	if len(base) > 200 {
		base = base[:200]
	}
	tmp := dir + "." + base + ".saving"
	f, err := m.root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode|0o200)
	if errors.Is(err, fs.ErrExist) {
		if info, statErr := m.root.Lstat(tmp); statErr == nil && time.Since(info.ModTime()) > staleTemp {
			m.sweep(dir, base)
		} else {
			tmp = dir + "." + base + "." + uuid.NewString()[:8] + ".saving" // another server is at it
		}
		f, err = m.root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode|0o200)
	}
	return tmp, f, err
}

// sweep removes the stale temporary files of a target: its first one, and those of servers that were killed while that was there.
func (m *Manager) sweep(dir, base string) {
	entries, err := fs.ReadDir(m.root.FS(), path.Clean(dir))
	if err != nil {
		m.log.Debug("temporary files not swept", "dir", dir, "error", err)
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "."+base+".") || !strings.HasSuffix(e.Name(), ".saving") {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > staleTemp {
			_ = m.root.Remove(dir + e.Name())
		}
	}
}

// resolve follows symbolic links of the last element within the folder.
func (m *Manager) resolve(name string) (string, error) {
	for range 20 {
		info, err := m.root.Lstat(name)
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			return name, nil
		}
		to, err := m.root.Readlink(name)
		if err != nil {
			return "", err
		}
		next := path.Join(parent(name), to)
		if path.IsAbs(to) || !fs.ValidPath(next) {
			return "", fail(Forbidden, "%q leads outside the served folder", apiPath(name))
		}
		name = next
	}
	return "", fail(BadRequest, "too many links from %q", apiPath(name))
}

// syncDir makes a rename last. Not every system can flush a folder, and the file itself is safe already, so errors are only logged.
func (m *Manager) syncDir(dir string) {
	d, err := m.root.Open(dir)
	if err != nil {
		m.log.Debug("folder not flushed", "dir", dir, "error", err)
		return
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		m.log.Debug("folder not flushed", "dir", dir, "error", err)
	}
}
