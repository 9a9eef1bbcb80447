package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Limits of what a user's settings may be.
const (
	maxStoreEntry = 1 << 20  // bytes of one value
	maxStore      = 16 << 20 // bytes of all
)

// store is a small table of JSON values on disk: one file, replaced as a whole at each change, so that it is never half written.
// Several servers of a user may share it: the file is read anew before each use.
type store struct {
	file string

	mu sync.Mutex
}

// entry of a store.
type storeEntry struct {
	Value    json.RawMessage `json:"value"`
	Created  time.Time       `json:"created"`
	Modified time.Time       `json:"modified"`
}

func (t *store) read() (map[string]storeEntry, error) {
	all := map[string]storeEntry{}
	data, err := os.ReadFile(t.file)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(t.file), err)
	}
	return all, nil
}

// all returns every value.
func (t *store) all() (map[string]storeEntry, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.read()
}

// get returns a value and whether it is there.
func (t *store) get(key string) (storeEntry, bool, error) {
	all, err := t.all()
	e, ok := all[key]
	return e, ok, err
}

// update changes a value: change gets the old one (nil when there is none) and returns the new one, nil to remove it.
func (t *store) update(key string, change func(old json.RawMessage) (json.RawMessage, error)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	all, err := t.read()
	if err != nil {
		return err
	}
	old, existed := all[key]
	value, err := change(old.Value)
	if err != nil {
		return err
	}
	if len(value) > maxStoreEntry || len(key) > 1024 {
		return statusErr(413, "that is larger than %d bytes", maxStoreEntry)
	}
	now := time.Now().UTC()
	if value == nil {
		delete(all, key)
	} else {
		e := storeEntry{Value: value, Created: now, Modified: now}
		if existed {
			e.Created = old.Created
		}
		all[key] = e
	}
	data, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	if len(data) > maxStore {
		return statusErr(413, "the settings are larger than %d bytes together", maxStore)
	}
	return writeFileAtomic(t.file, data)
}

// writeFileAtomic replaces a file of the user's own: temporary file, fsync, rename.
func writeFileAtomic(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
