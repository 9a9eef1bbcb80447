package stdlib

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/types"
	"go/version"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"poolbook/interp/internal/goabi"
	"poolbook/interp/internal/module"
)

// AddModules makes packages of modules importable. A package that has been imported stays the one that it is.
func (im *Importer) AddModules(list []module.Package) {
	im.mu.Lock()
	defer im.mu.Unlock()
	for _, p := range list {
		if im.packages[p.Path] == nil {
			im.modules[p.Path] = p
		}
	}
}

// Modules returns the packages with those import paths and all that they import, as far as they are of modules.
func (im *Importer) Modules(paths []string) []module.Package {
	im.mu.Lock()
	defer im.mu.Unlock()
	var list []module.Package
	seen := map[string]bool{}
	var visit func(paths []string)
	visit = func(paths []string) {
		for _, path := range paths {
			p, ok := im.modules[path]
			if !ok || seen[path] {
				continue
			}
			seen[path] = true
			visit(p.Imports)
			list = append(list, p)
		}
	}
	visit(paths)
	return list
}

// Hidden returns why a cell cannot import a package that others can; nil for all that are not internal to a module.
func (im *Importer) Hidden(path string) error {
	im.mu.Lock()
	defer im.mu.Unlock()
	if im.modules[path].Internal {
		return &ImportError{Path: path, Reason: "it is internal to other packages"}
	}
	return nil
}

// Cgo returns the place of a file that is left out of a package because it needs cgo; "" when there is none.
func (im *Importer) Cgo(path string) string {
	im.mu.Lock()
	p := im.modules[path]
	im.mu.Unlock()
	return p.Cgo()
}

// Imported returns the versions of the modules that packages have been imported from, "path@version".
func (im *Importer) Imported() []string {
	im.mu.Lock()
	defer im.mu.Unlock()
	var list []string
	for path, p := range im.modules {
		if im.packages[path] != nil && !slices.Contains(list, p.Module) {
			list = append(list, p.Module)
		}
	}
	slices.Sort(list)
	return list
}

// Missing tells whether a path is of no known package, and not of the form that standard packages have.
func (im *Importer) Missing(path string) bool {
	im.mu.Lock()
	defer im.mu.Unlock()
	if _, std := exported()[path]; std || path == "C" || im.packages[path] != nil {
		return false
	}
	p, found := im.modules[path]
	return !slices.Contains(im.names(), path) && (!found || p.Reason != "")
}

// fromModule parses and checks a package of a module.
func (im *Importer) fromModule(p module.Package) (*types.Package, error) {
	if p.Reason != "" {
		return nil, &ImportError{Path: p.Path, Reason: p.Reason}
	}
	if lang := version.Lang("go" + p.GoVersion); version.Compare(lang, goabi.Language) > 0 {
		return nil, &ImportError{Path: p.Path, Reason: fmt.Sprintf("its go.mod says go %s, and this Poolbook was built with %s: build it with Go %s",
			p.GoVersion, goabi.Name, strings.TrimPrefix(lang, "go"))}
	}
	var files []*ast.File
	for _, name := range p.Files {
		src, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			return nil, fmt.Errorf("import %q: %w", p.Path, err)
		}
		f, err := parser.ParseFile(im.cfg.Fset, p.Path+"/"+name, src, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("import %q: %w", p.Path, err)
		}
		if err := EmbedFiles(f, p.Dir); err != nil {
			return nil, &ImportError{Path: p.Path, Reason: fmt.Sprintf("%s: %v", filepath.Join(p.Dir, name), err)}
		}
		files = append(files, f)
	}
	var needs error // why the first package that cannot be imported cannot
	conf := types.Config{GoVersion: "go" + strings.TrimPrefix(p.GoVersion, "go"), Importer: importFunc(func(path string) (*types.Package, error) {
		if now, ok := p.ImportMap[path]; ok {
			path = now
		}
		pkg, err := im.load(path)
		if err != nil && needs == nil {
			needs = needed(p.Path, path, err)
		}
		return pkg, err
	})}
	if p.GoVersion == "" {
		conf.GoVersion = ""
	}
	pkg, err := im.checkSource(p.Path, files, conf, true)
	switch {
	case needs != nil:
		return nil, needs
	case err != nil && p.Assembly != "":
		return nil, &ImportError{Path: p.Path, Reason: fmt.Sprintf("a part of it is assembly, which cannot be interpreted (%s)", p.Assembly)}
	}
	return pkg, err
}

// needed is the error of a package that cannot be imported because another cannot, which it imports: it tells the last of the
// chain, where the reason is.
func needed(path, other string, err error) error {
	e := &ImportError{Path: path, Needs: other, Reason: err.Error()}
	var inner *ImportError
	if errors.As(err, &inner) && inner.Reason != "" {
		e.Reason = inner.Reason
		if inner.Needs != "" {
			e.Needs = inner.Needs
		}
	}
	return e
}
