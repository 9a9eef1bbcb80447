package stdlib

import (
	"embed"
	"io/fs"
	"path"
)

// Generic functions have no compiled form: their bodies come from the folder source, written for the interpreter. Each
// of its folders compiles as a Go package too, which is how their tests run. What only some releases have is in files with their build
// constraint.
//
//go:embed source
var genericSource embed.FS

// generic lists the standard packages with sources, and whether that is all there is to them. The others have compiled
// members as well.
var generic = map[string]bool{
	"cmp":                    true,
	"crypto/hkdf":            true,
	"crypto/pbkdf2":          true,
	"database/sql":           false,
	"encoding/json/jsontext": false,
	"encoding/json/v2":       false,
	"errors":                 false,
	"hash/maphash":           false,
	"iter":                   true,
	"maps":                   true,
	"math/rand/v2":           false,
	"reflect":                false,
	"runtime":                false,
	"slices":                 true,
	"sync":                   false,
	"sync/atomic":            false,
	"unique":                 true,
	"weak":                   true,
}

// genericFS returns the sources of a standard package.
func genericFS(p string) (fs.FS, error) { return fs.Sub(genericSource, path.Join("source", p)) }
