// Package stddoc has the doc comments of the standard library: what a cell is told about a name that it points at.
//
// The comments of all exported names are embedded as a zip file with one entry for each package (stddoc.zip, 600 KB). Nothing of it
// is read before the first question, and then one package. The command in gen writes the file.
package stddoc

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"io"
	"strings"
	"sync"
)

//go:generate go run ./gen -o stddoc.zip

//go:embed stddoc.zip
var archive []byte

// The entry of a package is a list of names and comments: name, unit, comment, record and so on. The package's own comment has the
// name "". Methods and fields are named T.M.
const (
	unit   = "\x1f"
	record = "\x1e"
)

// Join makes the entry of a package.
func Join(names []string, comment func(name string) string) []byte {
	var b bytes.Buffer
	for _, n := range names {
		b.WriteString(n + unit + comment(n) + record)
	}
	return b.Bytes()
}

// comments are those of a package, by name.
type comments map[string]string

var (
	entries = sync.OnceValue(func() map[string]*zip.File {
		files := map[string]*zip.File{}
		z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
		if err != nil {
			return files // the tests read every entry
		}
		for _, f := range z.File {
			files[f.Name] = f
		}
		return files
	})

	mu     sync.Mutex
	loaded = map[string]comments{} // by import path, guarded by mu
)

// Comment returns the doc comment of a name in a package of the standard library: "Println", "Server.Addr", "Buffer.Write", or ""
// for the package. It returns "" when there is none. It may be called concurrently.
func Comment(path, name string) string {
	mu.Lock()
	defer mu.Unlock()
	c, ok := loaded[path]
	if !ok {
		c = read(path)
		loaded[path] = c
	}
	return c[name]
}

func read(path string) comments {
	f := entries()[path]
	if f == nil {
		return nil
	}
	r, err := f.Open()
	if err != nil {
		return nil
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		return nil
	}
	c := comments{}
	for item := range strings.SplitSeq(string(text), record) {
		if name, comment, ok := strings.Cut(item, unit); ok {
			c[name] = comment
		}
	}
	return c
}
