package typed

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

// file is what an embed.FS has of a file or, with a name that ends in a slash, a directory.
type file struct {
	name, data string
	hash       [16]byte
}

// EmbedFS returns the file system that the compiler makes of a //go:embed line: files are paths in dir, with slashes. It
// panics when one cannot be read.
func EmbedFS(dir string, files ...string) embed.FS {
	// The compiler knows the layout of an embed.FS, and no function makes one.
	if t := reflect.TypeFor[embed.FS](); t.NumField() != 1 || t.Size() != unsafe.Sizeof(uintptr(0)) ||
		fmt.Sprint(t.Field(0).Type) != "*[]embed.file" || !alike(t.Field(0).Type.Elem().Elem(), reflect.TypeFor[file]()) {
		panic("embed.FS is not as this release of poolbook knows it: build poolbook with the Go release of its go.mod")
	}
	list := []file{}
	dirs := map[string]bool{".": true}
	for _, name := range files {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			panic(fmt.Errorf("go:embed: %w", err))
		}
		sum := sha256.Sum256(data)
		list = append(list, file{name, string(data), [16]byte(sum[:])})
		for d := path.Dir(name); !dirs[d]; d = path.Dir(d) {
			dirs[d] = true
			list = append(list, file{name: d + "/"})
		}
	}
	slices.SortFunc(list, func(a, b file) int {
		a.name, b.name = strings.TrimSuffix(a.name, "/"), strings.TrimSuffix(b.name, "/")
		return cmp.Or(cmp.Compare(path.Dir(a.name), path.Dir(b.name)), cmp.Compare(a.name, b.name))
	})
	var fsys embed.FS
	// Sound, since the types' layouts are the same, as has just been looked at.
	*(**[]file)(unsafe.Pointer(&fsys)) = &list
	return fsys
}

// alike reports whether two struct types have the same fields, in the same places.
func alike(a, b reflect.Type) bool {
	if a.Kind() != reflect.Struct || a.NumField() != b.NumField() || a.Size() != b.Size() {
		return false
	}
	for i := range a.NumField() {
		if x, y := a.Field(i), b.Field(i); x.Name != y.Name || x.Type != y.Type || x.Offset != y.Offset {
			return false
		}
	}
	return true
}
