package stdlib

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"sync"

	_ "poolbook/interp/internal/goabi" // ends the build for releases that have no data
)

//go:generate go run ./gen

// exported is the embedded export data, by import path: of baseZip, which is that of the standard library for linux/amd64, and of
// platformZip, which has the packages that differ on this platform. The command in gen writes both, for each release.
var exported = sync.OnceValue(func() map[string]entry {
	files := make(map[string]entry)
	for _, data := range [][]byte{baseZip, platformZip} {
		if data == nil {
			continue
		}
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			panic(fmt.Sprintf("stdlib: embedded export data: %v", err)) // the program is built wrong
		}
		for _, f := range z.File {
			files[f.Name] = entry{f, data}
		}
	}
	return files
})

// An entry is a file of a zip file.
type entry struct {
	*zip.File
	zip []byte
}

// exportData returns the export data of a package, nil when there is none, and the paths of the packages whose types it
// mentions.
func exportData(path string) (data []byte, mentioned []string, err error) {
	f, ok := exported()[path]
	if !ok {
		return nil, nil, nil
	}
	if f.Method != zip.Store {
		return nil, nil, zip.ErrAlgorithm
	}
	start, err := f.DataOffset()
	if err != nil {
		return nil, nil, err
	}
	return f.zip[start:][:f.UncompressedSize64], strings.Fields(f.Comment), nil // stored, not compressed
}
