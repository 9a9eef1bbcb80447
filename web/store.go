package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strconv"
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
//
// A file that is no such table is put aside under another name, and the table begins anew: a page that cannot read its settings cannot be used.
type store struct {
	file string // "": the table is in memory only, for a user without a home
	log  *slog.Logger

	mu     sync.Mutex
	memory map[string]storeEntry // without a file; guarded by mu
}

// entry of a store.
type storeEntry struct {
	Value    json.RawMessage `json:"value"`
	Created  time.Time       `json:"created"`
	Modified time.Time       `json:"modified"`
}

// read returns the table. The caller holds mu.
func (t *store) read() (map[string]storeEntry, error) {
	if t.file == "" {
		return maps.Clone(t.memory), nil
	}
	data, err := os.ReadFile(t.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(t.file), errors.Unwrap(err))
	}
	var all map[string]storeEntry
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), &all); err != nil {
		aside := t.file + ".broken-" + strconv.FormatInt(time.Now().UnixNano(), 36)
		if moved := os.Rename(t.file, aside); moved != nil {
			return nil, fmt.Errorf("read %s: it is damaged (%w), and cannot be put aside (%w)", filepath.Base(t.file), err, errors.Unwrap(moved))
		}
		t.log.Warn("a damaged settings file was put aside", "file", t.file, "as", aside, "error", err)
		return nil, nil
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
	if all == nil {
		all = map[string]storeEntry{}
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
	if t.file == "" {
		t.memory = all
		return nil
	}
	if err := writeFileAtomic(t.file, data); err != nil {
		var path *fs.PathError // of some temporary file
		if errors.As(err, &path) {
			err = path.Err
		}
		return fmt.Errorf("the settings cannot be saved: %w", err)
	}
	return nil
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
