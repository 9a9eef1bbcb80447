package check

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path"
	"slices"

	"poolbook/interp/internal/split"
)

// Importer finds packages for cells.
type Importer interface {
	types.Importer
	// ByName returns the paths of the packages of that name, most likely first.
	ByName(name string) []string
}

// Env holds the names of a session. It is not safe for concurrent use.
type Env struct {
	Fset *token.FileSet
	imp  Importer

	names    map[string]*entity
	funcs    map[string]*funcRecord // by key: "f", or "T.m" for methods
	specs    map[string]*typeRecord
	imports  map[string]string // name → path, as cells imported them
	guessed  map[string]bool   // of imports, those that no cell has written
	preload  map[string]string // name → path
	dots     []string          // paths imported with a dot
	cells    map[*types.Package]*Package
	bySeq    map[int]*Package          // the same by their number
	decls    map[types.Object]ast.Node // of committed functions, methods and types
	latest   map[*types.Func]*types.Func
	files    map[*token.File]*split.Cell
	texts    map[*token.File]programText // of committed program files
	varIDs   map[*types.Var]string
	keyed    map[*ast.CompositeLit][]ast.Expr // see keyLiterals
	past     map[*types.Named][]swap          // methods of types that were declared again with another signature
	seq      int
	program  *types.Context // of the SSA program, nil when there is none
	standIns []types.Type   // see instance
	met      walk           // instances of generic types
	scope    *types.Scope   // names as a scope, the same one until Reset: the cells' packages share it
}

// Package is one checked cell, or file.
type Package struct {
	Seq    int
	Cell   int // number shown to the user; 0 for a program's files
	Types  *types.Package
	Info   *types.Info
	Source *split.Cell // nil for files
	files  []*ast.File // nil for cells

	instances *types.Context // of generic types, that its check made
}

// entity is what a name of the session stands for now.
type entity struct {
	obj types.Object
	pkg *Package
}

// funcRecord keeps a function's text, to be checked again when names that it uses change their type.
type funcRecord struct {
	key     string
	decl    *ast.FuncDecl
	pkg     *Package // where it was written
	obj     *types.Func
	deps    map[string]bool   // session names and methods ("T.m") that it uses
	imports map[string]string // package names that it uses
}

// typeRecord keeps a type's declaration, to recognise it when it is run again.
type typeRecord struct {
	spec *ast.TypeSpec
	text string
	pkg  *Package
	obj  *types.TypeName
	deps map[string]types.Object
}

// NewEnv returns an empty session. preload are import paths that every cell may use by their package's name.
func NewEnv(fset *token.FileSet, imp Importer, preload []string) *Env {
	e := &Env{Fset: fset, imp: imp, preload: map[string]string{}}
	for _, p := range preload {
		e.preload[path.Base(p)] = p
	}
	e.Reset()
	return e
}

// Reset forgets all names.
func (e *Env) Reset() {
	e.names = map[string]*entity{}
	e.funcs = map[string]*funcRecord{}
	e.specs = map[string]*typeRecord{}
	e.imports = map[string]string{}
	e.guessed = map[string]bool{}
	e.dots = nil
	e.scope = types.NewScope(types.Universe, token.NoPos, token.NoPos, "session")
	if e.cells == nil {
		e.cells = map[*types.Package]*Package{}
		e.bySeq = map[int]*Package{}
		e.decls = map[types.Object]ast.Node{}
		e.latest = map[*types.Func]*types.Func{}
		e.files = map[*token.File]*split.Cell{}
		e.texts = map[*token.File]programText{}
		e.varIDs = map[*types.Var]string{}
		e.keyed = map[*ast.CompositeLit][]ast.Expr{}
		e.past = map[*types.Named][]swap{}
	}
}

// Lookup returns what a session name stands for now, nil if there is none.
func (e *Env) Lookup(name string) types.Object {
	if ent := e.names[name]; ent != nil {
		return ent.obj
	}
	return nil
}

// Names returns the session's names, sorted.
func (e *Env) Names() []string { return slices.Sorted(maps.Keys(e.names)) }

// PackageOf returns the cell that declared obj; nil for objects of real packages.
func (e *Env) PackageOf(obj types.Object) *Package {
	if obj == nil || obj.Pkg() == nil {
		return nil
	}
	return e.cells[obj.Pkg()]
}

// Imports returns the package names usable without an import and their paths: those cells imported and the preloaded ones.
func (e *Env) Imports() map[string]string {
	m := maps.Clone(e.preload)
	maps.Copy(m, e.imports)
	return m
}

// know makes p one of the session's cells, forget takes it back.
func (e *Env) know(p *Package)   { e.cells[p.Types], e.bySeq[p.Seq] = p, p }
func (e *Env) forget(p *Package) { delete(e.cells, p.Types); delete(e.bySeq, p.Seq) }

// IsCell tells whether p is a cell of this session.
func (e *Env) IsCell(p *types.Package) bool { return e.cells[p] != nil }

// Import finds a package by path.
func (e *Env) Import(path string) (*types.Package, error) { return e.imp.Import(path) }

// ByName returns the import paths of the packages of that name, those that cells use first.
func (e *Env) ByName(name string) []string {
	var paths []string
	if p := e.imports[name]; p != "" {
		paths = append(paths, p)
	} else if p := e.preload[name]; p != "" {
		paths = append(paths, p)
	}
	for _, p := range e.imp.ByName(name) {
		if !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	return paths
}

// Current tells whether obj is what its name stands for now.
func (e *Env) Current(obj types.Object) bool {
	ent := e.names[obj.Name()]
	return ent != nil && ent.obj == obj
}

// Qualify is a types.Qualifier for texts that users read, without the cells' own package.
func (e *Env) Qualify(p *types.Package) string {
	if e.IsCell(p) {
		return p.Name() // TypeString rewrites it
	}
	return p.Name()
}

// TypeString writes t as a cell would: "Point", "[]time.Duration", "Point (cell 3)" when another Point has taken the name since.
func (e *Env) TypeString(t types.Type) string {
	return e.clean(types.TypeString(t, e.Qualify), nil)
}

// set makes name stand for obj.
func (e *Env) set(obj types.Object, pkg *Package) {
	name := obj.Name()
	replaceIn(e.scope, name, obj)
	e.names[name] = &entity{obj, pkg}
	delete(e.imports, name)
}
