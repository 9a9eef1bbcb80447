package contents

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"poolbook/notebooks/nbformat"
)

// maxSignatures is how many trusted notebooks are remembered; the longest unused tenth is forgotten beyond.
const maxSignatures = 10_000

// Notary remembers which notebooks this user trusts: those whose outputs all came from running them here, and those trusted by hand.
// A notebook is known by a keyed hash of its content, so a change from elsewhere makes it untrusted again, and nobody without the key
// can make a trusted one. Clients run a notebook's HTML and JavaScript only in cells that the server marks as trusted.
//
// A nil Notary trusts nothing but cells with harmless outputs. Methods may be called concurrently.
type Notary struct {
	dir string // a file for each signature, named by it
	key []byte
	mu  sync.Mutex // held while signatures are thinned out
}

// OpenNotary keeps its key and signatures in a folder, which is made when it does not exist, for this user alone.
func OpenNotary(dir string) (*Notary, error) {
	store := filepath.Join(dir, "signatures")
	if err := os.MkdirAll(store, 0o700); err != nil {
		return nil, fmt.Errorf("open the notary: %w", err)
	}
	n := &Notary{dir: store}
	keyFile := filepath.Join(dir, "notebook_secret")
	for range 2 {
		key, err := os.ReadFile(keyFile)
		if err == nil && len(key) >= 32 {
			n.key = key
			return n, nil
		}
		if err == nil { // cut short: what was signed with it is not known any more
			err = os.Remove(keyFile)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("open the notary: %w", err)
		}
		if err := writeKey(keyFile); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("open the notary: %w", err)
		}
	}
	return nil, errors.New("open the notary: its key cannot be read back")
}

// writeKey makes the key file, whole, unless another process was first.
func writeKey(file string) error {
	key := make([]byte, 64)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	tmp := file + "." + hex.EncodeToString(key[:4])
	if err := os.WriteFile(tmp, key[8:], 0o600); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	if err := os.Link(tmp, file); err == nil || errors.Is(err, fs.ErrExist) {
		return errors.Join(err, os.Remove(tmp))
	}
	return os.Rename(tmp, file) // a file system without hard links
}

// sign computes the signature of a notebook as it is stored, without the marks of trust. Texts may be joined or split.
func (n *Notary) sign(nb notebook) (string, error) {
	eachText(nb, nbformat.JoinLines)
	data, err := json.Marshal(nb)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, n.key)
	mac.Write(data)
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// trusted reports whether the notebook is one of those remembered.
func (n *Notary) trusted(nb notebook) bool {
	if n == nil {
		return false
	}
	sig, err := n.sign(nb)
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join(n.dir, sig))
	return err == nil
}

// trust remembers a notebook.
func (n *Notary) trust(nb notebook) error {
	if n == nil {
		return errors.New("trust is not kept")
	}
	sig, err := n.sign(nb)
	if err != nil {
		return err
	}
	n.thin()
	return os.WriteFile(filepath.Join(n.dir, sig), nil, 0o600)
}

// thin forgets the oldest signatures when there are too many.
func (n *Notary) thin() {
	n.mu.Lock()
	defer n.mu.Unlock()
	entries, err := os.ReadDir(n.dir)
	if err != nil || len(entries) < maxSignatures {
		return
	}
	infos := make([]fs.FileInfo, 0, len(entries))
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			infos = append(infos, info)
		}
	}
	slices.SortFunc(infos, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, info := range infos[:len(infos)/10] {
		_ = os.Remove(filepath.Join(n.dir, info.Name()))
	}
}

// mark writes into each code cell whether its outputs may do more than be looked at.
func (n *Notary) mark(nb notebook) {
	clearMarks(nb)
	trusted := n.trusted(nb)
	eachCode(nb, func(cell map[string]any) {
		meta, ok := cell["metadata"].(map[string]any)
		if !ok {
			meta = map[string]any{}
			cell["metadata"] = meta
		}
		meta["trusted"] = trusted
	})
}

// onSave takes the client's marks off the cells, and remembers the notebook when each cell is marked or harmless: its outputs then
// all come from runs that the user asked for. The marks of a notebook that is new here do not count: an uploaded file brings its own.
func (n *Notary) onSave(nb notebook, isNew bool) {
	all := true
	eachCode(nb, func(cell map[string]any) {
		meta, _ := cell["metadata"].(map[string]any)
		if (isNew || meta["trusted"] != true) && !harmless(cell) {
			all = false
		}
	})
	clearMarks(nb)
	if all && n != nil {
		// Failing leaves the notebook untrusted, which is the safe side; the user sees it and can trust it again.
		_ = n.trust(nb)
	}
}

// clearMarks removes the marks of trust, which are never stored: a file from elsewhere could bring its own.
func clearMarks(nb notebook) {
	eachCode(nb, func(cell map[string]any) {
		if meta, ok := cell["metadata"].(map[string]any); ok {
			delete(meta, "trusted")
		}
	})
}

func eachCode(nb notebook, f func(cell map[string]any)) {
	cells, _ := nb["cells"].([]any)
	for _, c := range cells {
		if cell, ok := c.(map[string]any); ok && cell["cell_type"] == "code" {
			f(cell)
		}
	}
}

// harmless reports whether a cell's outputs are only text and images.
func harmless(cell map[string]any) bool {
	outputs, _ := cell["outputs"].([]any)
	for _, o := range outputs {
		output, ok := o.(map[string]any)
		if !ok {
			return false
		}
		switch output["output_type"] {
		case "stream", "error":
			continue
		}
		data, _ := output["data"].(map[string]any)
		for mimetype := range data {
			switch strings.ToLower(mimetype) {
			case "text/plain", "image/png", "image/jpeg":
			default:
				return false
			}
		}
	}
	return true
}

// Trust marks a notebook on the disk as trusted by the user.
func (m *Manager) Trust(apiPath string) error {
	name, err := m.file(apiPath)
	if err != nil {
		return err
	}
	f, err := m.root.Open(name)
	if err != nil {
		return classify("open", name, err)
	}
	defer f.Close()
	data, err := m.readAll(f, name)
	if err != nil {
		return err
	}
	nb, err := decodeNotebook(data)
	if err != nil {
		return &Error{Kind: BadRequest, Message: fmt.Sprintf("unreadable notebook %q: %v", name, err), Err: err}
	}
	clearMarks(nb)
	return classify("trust", name, m.opts.Notary.trust(nb))
}
