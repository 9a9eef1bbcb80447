package contents

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"
)

// Limits of uploads in chunks.
const (
	maxUploads    = 32               // unfinished uploads at a time
	uploadTimeout = 10 * time.Minute // an upload is given up when no chunk has come for so long and its place is wanted
	maxUploadSize = 16 << 30         // bytes of one uploaded file
)

// uploads holds the files that are arriving in chunks. The bytes go to a temporary file at once, never to memory.
type uploads struct {
	mu   sync.Mutex
	open map[string]*upload // by name
}

type upload struct {
	mu     sync.Mutex // one chunk at a time
	target string
	tmp    string
	file   *os.File // nil once finished or abandoned
	next   int      // the number of the chunk that must come
	size   int64
	last   time.Time // guarded by uploads.mu
}

// saveChunk takes one piece of a file. Chunk 1 begins it anew; -1 is the last piece.
func (m *Manager) saveChunk(name string, r SaveRequest) (*Model, bool, error) {
	if r.Type != TypeFile {
		return nil, false, fail(BadRequest, "only files can be sent in chunks, not a %s", r.Type)
	}
	data, err := fileBytes(name, r)
	if err != nil {
		return nil, false, err
	}
	u, err := m.uploads.find(m, name, *r.Chunk)
	if err != nil {
		return nil, false, classify("upload", name, err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	last := *r.Chunk == -1
	switch {
	case u.file == nil:
		return nil, false, fail(BadRequest, "the upload of %q was given up; begin again", name)
	case !last && *r.Chunk != u.next:
		return nil, false, fail(BadRequest, "chunk %d of %q came when %d was due", *r.Chunk, name, u.next)
	case u.size+int64(len(data)) > maxUploadSize:
		m.uploads.abandon(m, name, u)
		return nil, false, fail(TooLarge, "%q is larger than %d GiB", name, maxUploadSize>>30)
	}
	if _, err := u.file.Write(data); err != nil {
		m.uploads.abandon(m, name, u)
		return nil, false, classify("upload", name, err)
	}
	u.next++
	u.size += int64(len(data))
	if !last {
		// The entry does not exist yet; what is told about it is what is known.
		now, size := time.Now().UTC(), u.size
		return &Model{Name: path.Base(name), Path: name, Type: TypeFile, Writable: true, Created: now, LastModified: now, Size: &size}, true, nil
	}
	return m.finishUpload(name, u)
}

func (m *Manager) finishUpload(name string, u *upload) (*Model, bool, error) {
	m.uploads.forget(name, u)
	unlock := m.lock(name)
	defer unlock()
	_, statErr := m.root.Stat(name)
	f := u.file
	u.file = nil
	if err := m.commit(u.tmp, u.target, f, f.Sync()); err != nil {
		return nil, false, classify("upload", name, err)
	}
	model, err := m.get(name, GetOptions{Type: TypeFile, Hash: true})
	return model, errors.Is(statErr, fs.ErrNotExist), err
}

// find returns the upload of a name: a new one for chunk 1, else the one that is under way.
func (us *uploads) find(m *Manager, name string, chunk int) (*upload, error) {
	if chunk != 1 {
		us.mu.Lock()
		defer us.mu.Unlock()
		u := us.open[name]
		if u == nil {
			return nil, fail(BadRequest, "no upload of %q is under way; begin with chunk 1", name)
		}
		u.last = time.Now()
		return u, nil
	}
	if err := us.makeRoom(m, name); err != nil {
		return nil, err
	}
	u, err := m.newUpload(name)
	if err != nil {
		return nil, err
	}
	us.mu.Lock()
	other := us.open[name]
	us.open[name] = u
	us.mu.Unlock()
	if other != nil {
		other.close(m) // two clients began at once: the later one goes on
	}
	return u, nil
}

// makeRoom ends the upload of the same name, if there is one, and those that are long silent.
// An upload's own lock is never taken under the list's.
func (us *uploads) makeRoom(m *Manager, name string) error {
	var stale []*upload
	us.mu.Lock()
	for other, u := range us.open {
		if other == name || time.Since(u.last) > uploadTimeout {
			delete(us.open, other)
			stale = append(stale, u)
		}
	}
	n := len(us.open)
	us.mu.Unlock()
	for _, u := range stale {
		u.close(m)
	}
	if n >= maxUploads {
		return fail(TooLarge, "too many uploads at a time (%d)", maxUploads)
	}
	return nil
}

func (m *Manager) newUpload(name string) (*upload, error) {
	target, mode := name, fs.FileMode(0o666)
	if info, err := m.root.Stat(name); err == nil {
		if !info.Mode().IsRegular() {
			return nil, fail(BadRequest, "%q is not a file", name)
		}
		mode = info.Mode().Perm()
		if target, err = m.resolve(name); err != nil {
			return nil, err
		}
	}
	tmp, f, err := m.createTemp(target, mode)
	if err != nil {
		return nil, err
	}
	return &upload{target: target, tmp: tmp, file: f, next: 1, last: time.Now()}, nil
}

// forget takes a finished upload off the list.
func (us *uploads) forget(name string, u *upload) {
	us.mu.Lock()
	defer us.mu.Unlock()
	if us.open[name] == u {
		delete(us.open, name)
	}
}

// abandon removes an upload that failed; its lock is held.
func (us *uploads) abandon(m *Manager, name string, u *upload) {
	us.forget(name, u)
	u.drop(m)
}

// close abandons an upload that is off the list already.
func (u *upload) close(m *Manager) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.drop(m)
}

func (u *upload) drop(m *Manager) {
	if u.file == nil {
		return
	}
	if err := errors.Join(u.file.Close(), m.root.Remove(u.tmp)); err != nil {
		m.log.Warn("unfinished upload not removed", "path", u.tmp, "error", err)
	}
	u.file = nil
}

func (us *uploads) abandonAll(m *Manager) {
	us.mu.Lock()
	open := us.open
	us.open = map[string]*upload{}
	us.mu.Unlock()
	for _, u := range open {
		u.close(m)
	}
}
