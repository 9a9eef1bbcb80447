package auth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// KeyLen is the length of a key, in bytes.
const KeyLen = 32

// OpenKey returns the key in a file, which is made when there is none, for its user alone. With the same key, browsers that signed in
// at an earlier start of the server are still signed in.
func OpenKey(file string) ([]byte, error) {
	for range 2 {
		key, err := os.ReadFile(file)
		if err == nil && len(key) == KeyLen {
			return key, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("the key of sign-ins: %w", err)
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return nil, fmt.Errorf("the key of sign-ins: %w", err)
		}
		key = make([]byte, KeyLen)
		_, _ = rand.Read(key) // never fails: see crypto/rand
		made, err := os.CreateTemp(filepath.Dir(file), ".key-*")
		if err != nil {
			return nil, fmt.Errorf("the key of sign-ins: %w", err)
		}
		_, err = made.Write(key)
		err = errors.Join(err, made.Close())
		if err == nil {
			err = os.Rename(made.Name(), file)
		}
		if err != nil {
			return nil, fmt.Errorf("the key of sign-ins: %w", errors.Join(err, os.Remove(made.Name())))
		}
		// Read again: another server may have made one at the same time, and the last one holds.
	}
	return os.ReadFile(file)
}
