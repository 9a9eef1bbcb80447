package stdlib

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/types"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"poolbook/interp/internal/goabi"
	"poolbook/interp/internal/module"
)

// AddModules makes packages of modules importable. A package that has been imported stays the one that it is, but for one that is
// stale and has changed.
func (im *Importer) AddModules(list []module.Package) {
	im.addModules(list, func(path string) bool { return im.stale[path] })
}

// UseModules is AddModules for packages as another process has them, with which code comes from there: what was imported and differs is read anew.
func (im *Importer) UseModules(list []module.Package) {
	im.addModules(list, func(string) bool { return true })
}

func (im *Importer) addModules(list []module.Package, replace func(path string) bool) {
	im.mu.Lock()
	defer im.mu.Unlock()
	changed := map[string]bool{}
	for _, p := range list {
		if im.packages[p.Path] != nil && replace(p.Path) && !same(im.modules[p.Path], p) {
			changed[p.Path] = true
		}
	}
	im.drop(changed)
	for _, p := range list {
		if im.packages[p.Path] == nil {
			im.modules[p.Path] = p
		}
		delete(im.stale, p.Path)
	}
}

// same reports whether two packages are the same code.
func same(p, q module.Package) bool {
	p.Text, q.Text, p.LeftOut, q.LeftOut = nil, nil, nil, nil
	return reflect.DeepEqual(p, q)
}

// Stale has every package of a module looked at again when it is next imported: one whose files are others by then is read anew, and so
// are those that import it.
func (im *Importer) Stale() {
	im.mu.Lock()
	defer im.mu.Unlock()
	for path := range im.modules {
		im.stale[path] = true
	}
}

// drop forgets imported packages, and all of modules that import them. Code that has been made of them keeps them. mu is held.
func (im *Importer) drop(changed map[string]bool) {
	if len(changed) == 0 {
		return
	}
	for more := true; more; {
		more = false
		for path, p := range im.modules {
			if changed[path] || im.packages[path] == nil {
				continue
			}
			for _, other := range p.Imports {
				if now, ok := p.ImportMap[other]; ok {
					other = now
				}
				if changed[other] {
					changed[path], more = true, true
					break
				}
			}
		}
	}
	im.loaded = slices.DeleteFunc(im.loaded, func(l Loaded) bool { return changed[l.Pkg.Path()] })
	for path := range changed {
		delete(im.packages, path)
		delete(im.compiled, path)
		delete(im.complete, path)
		delete(im.sources, path)
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
			list = append(list, im.asRead(p))
		}
	}
	visit(paths)
	return list
}

// asRead adds to a package what its files said when it was imported, if they have been edited since: another process is to have
// the same code.
func (im *Importer) asRead(p module.Package) module.Package {
	for i, f := range im.texts[p.Path] {
		info, err := os.Stat(filepath.Join(p.Dir, p.Files[i]))
		if err == nil && info.Size() == int64(len(f.data)) && info.ModTime().Equal(f.modified) {
			continue
		}
		p.Text = map[string][]byte{}
		for i, f := range im.texts[p.Path] {
			p.Text[p.Files[i]] = f.data
		}
		break
	}
	return p
}

// fileText is a file of a package as it was when it was imported.
type fileText struct {
	data     []byte
	modified time.Time
}

// readFiles reads the files of a package. Those of the user's are kept.
func (im *Importer) readFiles(p module.Package) ([]fileText, error) {
	var texts []fileText
	for _, name := range p.Files {
		if data, ok := p.Text[name]; ok {
			texts = append(texts, fileText{data: data})
			continue
		}
		name = filepath.Join(p.Dir, name)
		info, err := os.Stat(name) // before it is read: a file that is edited meanwhile differs then
		if err != nil {
			return nil, fmt.Errorf("import %q: %w", p.Path, err)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("import %q: %w", p.Path, err)
		}
		texts = append(texts, fileText{data, info.ModTime()})
	}
	if p.Sum == "" {
		return texts, nil
	}
	var all [][]byte
	for _, f := range texts {
		all = append(all, f.data)
	}
	if module.Sum(all) != p.Sum {
		delete(im.modules, p.Path) // so that the next import finds what it is now
		return nil, &ImportError{Path: p.Path, Reason: "its files were edited while they were read: run this again"}
	}
	im.texts[p.Path] = texts
	return texts, nil
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
	if im.stale[path] {
		return true
	}
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
	if advice := goabi.Needs(p.GoVersion); advice != "" {
		return nil, &ImportError{Path: p.Path, Reason: "its go.mod says go " + p.GoVersion + ", and " + advice}
	}
	texts, err := im.readFiles(p)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for i, name := range p.Files {
		f, err := parser.ParseFile(im.cfg.Fset, p.Path+"/"+name, texts[i].data, parser.SkipObjectResolution|parser.ParseComments)
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
