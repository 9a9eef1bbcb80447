package stdlib

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"io/fs"

	"poolbook/interp/internal/bridge"
)

// Config of an [Importer].
type Config struct {
	Bridge  *bridge.Set      // the compiled packages; required
	Sources map[string]fs.FS // import path to the directory that holds the package's .go files
	Fset    *token.FileSet   // positions of packages from source; required
}

// An Importer is a types.Importer for cells. It is safe for concurrent use.
type Importer struct{ cfg Config }

// New returns an importer. Nothing is decoded before the first import.
func New(cfg Config) *Importer { return &Importer{cfg: cfg} }

// Import returns a package by its import path. A path that no package has gets an [*ImportError].
func (im *Importer) Import(path string) (*types.Package, error) {
	return nil, &ImportError{Path: path}
}

// A SourcePackage is a package that is interpreted from source.
type SourcePackage struct {
	Pkg   *types.Package
	Files []*ast.File
	Info  *types.Info
	// Compiled reports that a function of this package has a compiled form in the bridge, which is then to be
	// preferred to its source.
	Compiled func(name string) bool
}

// Source returns the syntax and type information of an imported package that must be interpreted from source, nil
// for compiled packages.
func (im *Importer) Source(path string) *SourcePackage { return nil }

// Names returns the import paths of the standard library, sorted.
func (im *Importer) Names() []string { return nil }

// ByName returns the import paths of the packages with that name, the likeliest first (rand: math/rand before
// crypto/rand).
func (im *Importer) ByName(name string) []string { return nil }

// An ImportError says that there is no package with that path, and which one may have been meant.
type ImportError struct {
	Path       string
	Suggestion string // a path that exists, or ""
}

func (e *ImportError) Error() string {
	if e.Suggestion == "" {
		return fmt.Sprintf("no package %q", e.Path)
	}
	return fmt.Sprintf("no package %q: did you mean %q?", e.Path, e.Suggestion)
}
