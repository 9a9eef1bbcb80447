// Package stddoc has the doc comments of the standard library: what a cell is told about a name that it points at.
//
// The comments of all exported names are embedded as a zip file with one entry for each package (stddoc_go1.N.zip, 600 KB). Nothing of it
// is read before the first question, and then one package. The command in gen writes a file for each release.
package stddoc

import (
	"archive/zip"
	"bytes"
	"io"
	"maps"
	"slices"
	"sync"

	_ "poolbook/interp/internal/goabi" // ends the build for releases that have no comments
	"poolbook/interp/internal/stddoc/entry"
)

//go:generate go run ./gen

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
	return entry.Split(text)
}

// Packages returns the import paths of the packages with comments, sorted.
func Packages() []string { return slices.Sorted(maps.Keys(entries())) }
