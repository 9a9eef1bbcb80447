package stdlib

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/lower"
)

// A Loaded package is what Import has read, or something that it needs the source of.
type Loaded struct {
	Pkg   *types.Package
	Files []*ast.File // nil for compiled packages
	Info  *types.Info
	// Facade is set for a package that only holds members of two others, one compiled and one from source. Nothing
	// refers to it but imports.
	Facade bool

	part *part // of a package that is read as far as it is needed
}

// Loaded returns every package read so far, those that others import first. Packages with generic members appear as two
// or three of the same path.
func (im *Importer) Loaded() []Loaded {
	im.mu.Lock()
	defer im.mu.Unlock()
	return append([]Loaded(nil), im.loaded...)
}

// CreatePackages creates the packages read so far in an SSA program, those that are not in it yet, and builds the ones
// with source. It must be called after the imports of a piece of code and before that code is created. It returns
// the new packages that have source, in the order in which their initialisers are to run.
func (im *Importer) CreatePackages(prog *ssa.Program) []*ssa.Package {
	if prog.Package(types.Unsafe) == nil {
		prog.CreatePackage(types.Unsafe, nil, nil, true)
	}
	var created []*ssa.Package
	for _, l := range im.Loaded() {
		if prog.Package(l.Pkg) != nil && (l.part == nil || l.part.built == len(l.Files)) {
			continue
		}
		switch {
		case l.part != nil: // what was built of it before stays what others have called: another copy of the same functions and variables
			lower.Files(l.Files[l.part.built:], l.Info)
			l.part.built = len(l.Files)
			created = append(created, prog.CreatePackage(l.Pkg, l.Files, l.Info, true))
		case l.Facade:
			// A file without declarations: the members are those of the other two.
			file := &ast.File{Name: ast.NewIdent(l.Pkg.Name())}
			prog.CreatePackage(l.Pkg, []*ast.File{file}, &types.Info{FileVersions: make(map[*ast.File]string)}, false).Build()
		case l.Files == nil:
			prog.CreatePackage(l.Pkg, nil, nil, prog.ImportedPackage(l.Pkg.Path()) == nil)
		default:
			lower.Files(l.Files, l.Info)
			created = append(created, prog.CreatePackage(l.Pkg, l.Files, l.Info, prog.ImportedPackage(l.Pkg.Path()) == nil))
		}
	}
	for _, p := range created {
		p.Build()
	}
	return created
}
