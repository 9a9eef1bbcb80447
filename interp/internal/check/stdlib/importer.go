package stdlib

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/gcexportdata"

	"poolbook/interp/internal/bridge"
	"poolbook/interp/internal/bridge/native"
	"poolbook/interp/internal/bridge/native/typed"
	"poolbook/interp/internal/module"
)

// Config of an [Importer].
type Config struct {
	Bridge  *bridge.Set      // the compiled packages; required
	Sources map[string]fs.FS // import path to the directory that holds the package's .go files
	Fset    *token.FileSet   // positions of packages from source; required
}

// An Importer is a types.Importer for cells. It is safe for concurrent use.
type Importer struct {
	cfg Config

	mu sync.Mutex // guards what follows
	// packages holds what Import returns, by path.
	packages map[string]*types.Package
	// compiled holds packages as the export data refers to them, complete or not, by path. It differs from packages for
	// those that have members from source too.
	compiled map[string]*types.Package
	complete map[string]bool // packages of compiled that are complete, by path
	sources  map[string]*SourcePackage
	loaded   []Loaded                  // every complete package, those first that sources of others import
	modules  map[string]module.Package // packages of modules, by path
	stale    map[string]bool           // of modules, those to be looked at again; see Stale
	texts    map[string][]fileText     // the files of modules' packages that their users edit, as they were read
	loading  []string                  // paths of the source packages being checked, for import cycles
	parts    map[string]*part          // source packages that are read as far as they are needed, by path; see Need
}

// New returns an importer. Nothing is decoded before the first import.
func New(cfg Config) *Importer {
	return &Importer{
		cfg:      cfg,
		packages: map[string]*types.Package{"unsafe": types.Unsafe},
		compiled: map[string]*types.Package{"unsafe": types.Unsafe},
		complete: make(map[string]bool),
		sources:  make(map[string]*SourcePackage),
		modules:  make(map[string]module.Package),
		stale:    make(map[string]bool),
		texts:    make(map[string][]fileText),
	}
}

// A SourcePackage is a package that is interpreted from source. For a standard package with both compiled and
// generic members Pkg is not the one that Import returns, which has the members of both.
type SourcePackage struct {
	Pkg   *types.Package
	Files []*ast.File
	Info  *types.Info
}

// Import returns a package by its import path; after [Importer.Need] for it, as far as it has been needed. A path that no package has gets
// an [*ImportError], one whose source does not compile the types.Error of the first mistake, wrapped.
func (im *Importer) Import(path string) (*types.Package, error) {
	if path == native.Path || path == typed.Path {
		return nil, &ImportError{Path: path, Reason: "it is internal to other packages"}
	}
	im.mu.Lock()
	defer im.mu.Unlock()
	if p := im.parts[path]; p != nil {
		return p.pkg, nil
	}
	return im.load(path)
}

// ImportForEmbed returns the package of [EmbedPath].
func (im *Importer) ImportForEmbed() (*types.Package, error) {
	im.mu.Lock()
	defer im.mu.Unlock()
	return im.load(EmbedPath)
}

// AddSource adds a package that is interpreted from source, or replaces one before it is first imported.
func (im *Importer) AddSource(path string, dir fs.FS) {
	im.mu.Lock()
	defer im.mu.Unlock()
	im.cfg.Sources = maps.Clone(im.cfg.Sources)
	if im.cfg.Sources == nil {
		im.cfg.Sources = make(map[string]fs.FS)
	}
	im.cfg.Sources[path] = dir
}

// Source returns the syntax and type information of an imported package that has members from source, nil for
// packages that are wholly compiled.
func (im *Importer) Source(path string) *SourcePackage {
	im.mu.Lock()
	defer im.mu.Unlock()
	return im.sources[path]
}

// SourcePackages returns the imported packages that are interpreted from source as a whole.
func (im *Importer) SourcePackages() []*types.Package {
	im.mu.Lock()
	defer im.mu.Unlock()
	var list []*types.Package
	for path, s := range im.sources {
		if _, std := generic[path]; !std {
			list = append(list, s.Pkg)
		}
	}
	return list
}

// load is Import, for packages of our own too.
func (im *Importer) load(path string) (*types.Package, error) {
	if p := im.parts[path]; p != nil && !p.whole {
		if err := im.need(path, nil, true); err != nil {
			return nil, err
		}
	}
	if pkg := im.packages[path]; pkg != nil {
		return pkg, nil
	}
	pkg, err := im.build(path)
	if err != nil {
		return nil, err
	}
	im.packages[path] = pkg
	return pkg, nil
}

func (im *Importer) build(path string) (*types.Package, error) {
	if dir, ok := im.cfg.Sources[path]; ok {
		pkg, err := im.fromSource(path, dir, true)
		if err == nil {
			addMethods(pkg, im.sources[path].Files, im.sources[path].Info)
		}
		return pkg, err
	}
	if name, symbols, ok := im.symbols(path); ok {
		pkg := synthesise(im, path, name, symbols)
		im.add(Loaded{Pkg: pkg})
		return pkg, nil
	}
	if p, ok := im.modules[path]; ok {
		return im.fromModule(p)
	}
	whole, isGeneric := generic[path]
	if !isGeneric {
		return im.fromExport(path)
	}
	dir, err := genericFS(path)
	if err != nil {
		return nil, err
	}
	if whole {
		return im.fromSource(path, dir, true)
	}
	compiled, err := im.fromExport(path)
	if err != nil {
		return nil, err
	}
	// The sources refer to the compiled members by importing their own path.
	im.packages[path] = compiled
	source, err := im.fromSource(path, dir, false)
	delete(im.packages, path)
	if err != nil {
		return nil, err
	}
	both := types.NewPackage(path, compiled.Name())
	for _, name := range source.Scope().Names() {
		both.Scope().Insert(source.Scope().Lookup(name))
	}
	for _, name := range compiled.Scope().Names() {
		both.Scope().Insert(compiled.Scope().Lookup(name)) // but those that are there
	}
	both.MarkComplete()
	im.add(Loaded{Pkg: both, Facade: true})
	return both, nil
}

// symbols returns the symbols of a package that has no type information but what reflect tells.
func (im *Importer) symbols(path string) (name string, table bridge.Table, ok bool) {
	switch path {
	case native.Path:
		return "native", native.Symbols(), true
	case typed.Path:
		return "typed", typed.Symbols(), true
	}
	return im.cfg.Bridge.Package(path)
}

func (im *Importer) add(l Loaded) { im.loaded = append(im.loaded, l) }

// fromExport reads a package from the embedded export data. Of the packages whose types it mentions there are then those types
// and no more: reading each of them whole took 80 ms for net/http, of which a cell uses little.
func (im *Importer) fromExport(path string) (*types.Package, error) {
	if im.complete[path] {
		return im.compiled[path], nil
	}
	data, mentioned, err := exportData(path)
	if err != nil {
		return nil, fmt.Errorf("import %q: %w", path, err)
	}
	if data == nil {
		return nil, im.unknown(path)
	}
	// Some packages mention generic types of these, which must then be those that have source.
	for _, p := range []string{"cmp", "iter"} {
		if !slices.Contains(mentioned, p) || im.compiled[p] != nil || slices.Contains(im.loading, p) {
			continue
		}
		if _, err := im.load(p); err != nil {
			return nil, err
		}
	}
	// A reader that knows its size, so that the data is not read in steps.
	in := &io.LimitedReader{R: bytes.NewReader(data), N: int64(len(data))}
	pkg, err := gcexportdata.Read(in, im.cfg.Fset, im.compiled, path)
	if err != nil {
		return nil, fmt.Errorf("import %q: %w", path, err)
	}
	im.complete[path] = true
	im.add(Loaded{Pkg: pkg})
	return pkg, nil
}

// fromSource parses and checks a package. With shared, it is the one that export data refers to by its path.
func (im *Importer) fromSource(path string, dir fs.FS, shared bool) (*types.Package, error) {
	files, err := im.parse(path, dir)
	if err != nil {
		return nil, err
	}
	return im.checkSource(path, files, types.Config{Importer: importFunc(im.load)}, shared)
}

// checkSource checks the files of a package, importing what they do.
func (im *Importer) checkSource(path string, files []*ast.File, conf types.Config, shared bool) (*types.Package, error) {
	if slices.Contains(im.loading, path) {
		return nil, fmt.Errorf("import cycle: %s", strings.Join(append(im.loading, path), " imports "))
	}
	im.loading = append(im.loading, path)
	defer func() { im.loading = im.loading[:len(im.loading)-1] }()
	info := newInfo()
	conf.Sizes = types.SizesFor("gc", runtime.GOARCH)
	pkg, err := conf.Check(path, im.cfg.Fset, files, info)
	if err != nil {
		return nil, fmt.Errorf("import %q: %w", path, err)
	}
	if shared {
		im.compiled[path], im.complete[path] = pkg, true
	}
	im.sources[path] = &SourcePackage{Pkg: pkg, Files: files, Info: info}
	im.add(Loaded{Pkg: pkg, Files: files, Info: info})
	return pkg, nil
}

// newInfo is what is to be known of a package from source.
func newInfo() *types.Info {
	return &types.Info{
		Types:        make(map[ast.Expr]types.TypeAndValue),
		Instances:    make(map[*ast.Ident]types.Instance),
		Defs:         make(map[*ast.Ident]types.Object),
		Uses:         make(map[*ast.Ident]types.Object),
		Implicits:    make(map[ast.Node]types.Object),
		Selections:   make(map[*ast.SelectorExpr]*types.Selection),
		Scopes:       make(map[ast.Node]*types.Scope),
		FileVersions: make(map[*ast.File]string),
	}
}

// parse parses the .go files of a folder that are for this platform, but tests.
func (im *Importer) parse(pkgPath string, dir fs.FS) ([]*ast.File, error) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, fmt.Errorf("import %q: %w", pkgPath, err)
	}
	var files []*ast.File
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		src, err := fs.ReadFile(dir, e.Name())
		if err != nil {
			return nil, fmt.Errorf("import %q: %w", pkgPath, err)
		}
		if !matchFile(e.Name(), src) {
			continue
		}
		f, err := parser.ParseFile(im.cfg.Fset, path.Join(pkgPath, e.Name()), src, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("import %q: %w", pkgPath, err)
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("import %q: no Go files", pkgPath)
	}
	return files, nil
}

type importFunc func(path string) (*types.Package, error)

func (f importFunc) Import(path string) (*types.Package, error) { return f(path) }
