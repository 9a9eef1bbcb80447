package stdlib

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"sync"
)

//go:generate go run ./gen -dir data

// baseZip holds the export data of the standard library for linux/amd64, platformZip that of the packages that differ on
// this platform. The command in gen writes them.
//
//go:embed data/std_linux_amd64.zip
var baseZip []byte

// exported is the directory of the embedded export data, by import path.
var exported = sync.OnceValue(func() map[string]*zip.File {
	files := make(map[string]*zip.File)
	for _, data := range [][]byte{baseZip, platformZip} {
		if data == nil {
			continue
		}
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			panic(fmt.Sprintf("stdlib: embedded export data: %v", err)) // the program is built wrong
		}
		for _, f := range z.File {
			files[f.Name] = f
		}
	}
	return files
})

// exportData returns the export data of a package, nil when there is none.
func exportData(path string) ([]byte, error) {
	f := exported()[path]
	if f == nil {
		return nil, nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
