package contents

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"io/fs"
	"mime"
	"os"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"poolbook/notebooks/nbformat"
)

// The types of a Model.
const (
	TypeDirectory = "directory"
	TypeNotebook  = "notebook"
	TypeFile      = "file"
)

// The formats of a Model's content.
const (
	FormatJSON   = "json"
	FormatText   = "text"
	FormatBase64 = "base64"
)

// Model is an entry of the contents API, in Jupyter's JSON form.
type Model struct {
	Name          string    `json:"name"`
	Path          string    `json:"path"`
	Type          string    `json:"type"`
	Writable      bool      `json:"writable"`
	Created       time.Time `json:"created"`
	LastModified  time.Time `json:"last_modified"`
	Size          *int64    `json:"size"`     // nil for folders
	Mimetype      *string   `json:"mimetype"` // nil for folders, notebooks, and when the content was not asked for
	Content       any       `json:"content"`  // []Model, a notebook, or a string; nil when it was not asked for
	Format        *string   `json:"format"`   // nil when the content was not asked for
	Hash          *string   `json:"hash"`     // SHA-256 of the bytes on disk, in hex; nil when it was not asked for
	HashAlgorithm *string   `json:"hash_algorithm"`

	// ReadOnly says why a notebook that could be written is not Writable, for the page; "" for any other entry, and without content.
	ReadOnly string `json:"poolbook_read_only,omitempty"`
}

// GetOptions of Get. The zero value asks for the entry without content, with the type and format that suit it.
type GetOptions struct {
	Type    string // "", or the type the client wants it as; a folder is never a file, a notebook may be
	Format  string // "", "text" or "base64"
	Content bool
	Hash    bool
}

// Get returns the entry at an API path.
func (m *Manager) Get(apiPath string, o GetOptions) (*Model, error) {
	name, err := m.visible(apiPath)
	if err != nil {
		return nil, err
	}
	return m.get(name, o)
}

func (m *Manager) get(name string, o GetOptions) (*Model, error) {
	// Not opened before it is known what it is: opening a pipe waits for its writer.
	info, err := m.root.Stat(name)
	if err != nil {
		return nil, classify("open", name, err)
	}
	model, err := m.entry(name, info, o.Type)
	if err != nil || !o.Content && (!o.Hash || model.Type == TypeDirectory) {
		return model, err // also for a file that may not be read
	}
	f, err := m.root.Open(name)
	if err != nil {
		return nil, classify("open", name, err)
	}
	defer f.Close()
	switch {
	case model.Type == TypeDirectory:
		return model, m.fillDirectory(model, name, f)
	case o.Content:
		return model, m.fillFile(model, f, o)
	case o.Hash:
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return nil, classify("read", name, err)
		}
		model.setHash(h.Sum(nil))
	}
	return model, nil
}

// entry makes the model without content, and checks that the entry can be of the wanted type.
func (m *Manager) entry(name string, info fs.FileInfo, want string) (*Model, error) {
	modified := info.ModTime().UTC()
	model := &Model{
		Name: path.Base(name), Path: apiPath(name), Writable: writable(m.osPath(name), info),
		Created: created(info).UTC(), LastModified: modified,
	}
	if name == "." {
		model.Name = ""
	}
	switch {
	case info.IsDir():
		model.Type = TypeDirectory
		if want != "" && want != TypeDirectory {
			e := fail(BadRequest, "%q is a folder, not a %s", apiPath(name), want)
			e.Reason = "bad type"
			return nil, e
		}
		return model, nil
	case !info.Mode().IsRegular():
		return nil, fail(BadRequest, "%q is not an ordinary file", apiPath(name))
	case want == TypeDirectory:
		e := fail(BadRequest, "%q is not a folder", apiPath(name))
		e.Reason = "bad type"
		return nil, e
	}
	size := info.Size()
	model.Size = &size
	model.Type = TypeFile
	if want == TypeNotebook || want == "" && strings.HasSuffix(name, ".ipynb") {
		model.Type = TypeNotebook
	}
	return model, nil
}

func (m *Manager) fillDirectory(model *Model, name string, f *os.File) error {
	entries, err := f.ReadDir(-1)
	if err != nil {
		return classify("list", name, err)
	}
	list := make([]*Model, 0, len(entries))
	for _, entry := range entries {
		if !m.opts.AllowHidden && strings.HasPrefix(entry.Name(), ".") || !utf8.ValidString(entry.Name()) {
			continue
		}
		child := path.Join(name, entry.Name())
		info, err := m.root.Stat(child) // follows links, and refuses those that lead outside
		if err != nil {
			m.log.Debug("entry left out of the listing", "path", child, "error", err)
			continue
		}
		sub, err := m.entry(child, info, "")
		if err != nil {
			continue // sockets, devices
		}
		list = append(list, sub)
	}
	slices.SortFunc(list, func(a, b *Model) int { return strings.Compare(a.Name, b.Name) })
	model.Content = list
	format := FormatJSON
	model.Format = &format
	return nil
}

func (m *Manager) fillFile(model *Model, f *os.File, o GetOptions) error {
	data, err := m.readAll(f, model.Path)
	if err != nil {
		return err
	}
	if o.Hash {
		sum := sha256.Sum256(data)
		model.setHash(sum[:])
	}
	if model.Type == TypeNotebook {
		nb, err := readNotebook(data)
		if err != nil {
			return &Error{Kind: BadRequest, Message: "unreadable notebook " + model.Path + ": " + err.Error(), Err: err}
		}
		if err := nbformat.CheckText(data); err != nil {
			// What is shown is not what is on the disk. See textKept.
			model.Writable, model.ReadOnly = false, damagedText(model.Path, err)
		}
		m.opts.Notary.mark(nb)
		model.Content = nb
		format := FormatJSON
		model.Format = &format
		return nil
	}
	format := o.Format
	text := utf8.Valid(data)
	if format == "" {
		format = FormatText
		if !text {
			format = FormatBase64
		}
	}
	mimetype := mime.TypeByExtension(path.Ext(model.Path))
	mimetype, _, _ = strings.Cut(mimetype, ";")
	switch format {
	case FormatText:
		if !text {
			e := fail(BadRequest, "%q is not text in UTF-8", model.Path)
			e.Reason = "bad format"
			return e
		}
		model.Content = string(data)
		if mimetype == "" {
			mimetype = "text/plain"
		}
	case FormatBase64:
		model.Content = base64.StdEncoding.EncodeToString(data)
		if mimetype == "" {
			mimetype = "application/octet-stream"
		}
	default:
		e := fail(BadRequest, "unknown format %q", format)
		e.Reason = "bad format"
		return e
	}
	model.Format, model.Mimetype = &format, &mimetype
	return nil
}

func (m *Manager) readAll(f *os.File, apiPath string) ([]byte, error) {
	var buf bytes.Buffer
	n, err := io.Copy(&buf, io.LimitReader(f, m.opts.MaxFile+1))
	if err != nil {
		return nil, classify("read", apiPath, err)
	}
	if n > m.opts.MaxFile {
		return nil, fail(TooLarge, "%q is larger than %d MiB; download it instead", apiPath, m.opts.MaxFile>>20)
	}
	return buf.Bytes(), nil
}

func (model *Model) setHash(sum []byte) {
	h, algorithm := hex.EncodeToString(sum), "sha256"
	model.Hash, model.HashAlgorithm = &h, &algorithm
}

// OpenFile opens a file for reading as it is on disk, for downloads. The caller closes it. A folder is an error of kind BadRequest.
func (m *Manager) OpenFile(apiPath string) (*os.File, fs.FileInfo, error) {
	name, err := m.visible(apiPath)
	if err != nil {
		return nil, nil, err
	}
	info, err := m.root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = fail(BadRequest, "%q is not a file", apiPath)
	}
	if err != nil {
		return nil, nil, classify("open", name, err)
	}
	f, err := m.root.Open(name)
	if err != nil {
		return nil, nil, classify("open", name, err)
	}
	if info, err = f.Stat(); err != nil {
		_ = f.Close()
		return nil, nil, classify("open", name, err)
	}
	return f, info, nil
}

// Exists reports whether there is an entry at the API path that a client may see, and whether it is a folder.
func (m *Manager) Exists(apiPath string) (exists, dir bool) {
	name, err := m.visible(apiPath)
	if err != nil {
		return false, false
	}
	info, err := m.root.Stat(name)
	return err == nil, err == nil && info.IsDir()
}
