package interp

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"strings"
	"sync"
)

// packageSource is the source of a compiled package of the program: its doc comments, and the names of parameters, which compiled code
// does not tell. Nothing is read before the first question.
type packageSource struct {
	fset  *token.FileSet
	files func() []*ast.File
}

func newPackageSource(fsys fs.FS) *packageSource {
	p := &packageSource{fset: token.NewFileSet()}
	p.files = sync.OnceValue(func() []*ast.File {
		var files []*ast.File
		names, _ := fs.Glob(fsys, "*.go") // the pattern is right
		for _, name := range names {
			text, err := fs.ReadFile(fsys, name)
			if err != nil {
				continue // it was compiled, and is embedded: there is no other reason than that it is none
			}
			if f, err := parser.ParseFile(p.fset, name, text, parser.ParseComments|parser.SkipObjectResolution); err == nil {
				files = append(files, f)
			}
		}
		return files
	})
	return p
}

// comment returns the package's own doc comment.
func (p *packageSource) comment() (doc string) {
	for _, f := range p.files() {
		doc = cmp.Or(doc, strings.TrimSpace(f.Doc.Text()))
	}
	return doc
}

// declaration finds what declares a name (T.M for methods and fields), and its doc comment. nil: there is no such.
func (p *packageSource) declaration(name string) (ast.Decl, string) {
	for _, f := range p.files() {
		for _, d := range f.Decls {
			if declares(d, name) {
				return d, strings.TrimSpace(commentOn(d, name).Text())
			}
		}
	}
	return nil, ""
}

// commentOn is the comment on a name that d declares.
func commentOn(d ast.Decl, name string) *ast.CommentGroup {
	if f, ok := d.(*ast.FuncDecl); ok {
		return f.Doc
	}
	owner, member, isMember := strings.Cut(name, ".")
	for _, spec := range d.(*ast.GenDecl).Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.Name == name {
				return cmp.Or(spec.Doc, d.(*ast.GenDecl).Doc)
			}
			st, ok := spec.Type.(*ast.StructType)
			if !ok || !isMember || spec.Name.Name != owner {
				continue
			}
			for _, f := range st.Fields.List {
				for _, id := range f.Names {
					if id.Name == member {
						return cmp.Or(f.Doc, f.Comment)
					}
				}
			}
		case *ast.ValueSpec:
			for _, id := range spec.Names {
				if id.Name == name {
					return cmp.Or(spec.Doc, spec.Comment, d.(*ast.GenDecl).Doc)
				}
			}
		}
	}
	return nil
}

// named returns a function of the package with the names that its source gives to parameters and results; other objects as they are.
func (p *packageSource) named(obj types.Object) types.Object {
	fn, ok := obj.(*types.Func)
	if !ok {
		return obj
	}
	d, _ := p.declaration(qualifiedName(obj))
	decl, ok := d.(*ast.FuncDecl)
	if !ok {
		return obj
	}
	sig := fn.Signature()
	return types.NewFunc(fn.Pos(), fn.Pkg(), fn.Name(), types.NewSignatureType(sig.Recv(), nil, nil,
		withNames(sig.Params(), decl.Type.Params), withNames(sig.Results(), decl.Type.Results), sig.Variadic()))
}

// withNames returns the variables with the names that a list has, if it has as many.
func withNames(t *types.Tuple, list *ast.FieldList) *types.Tuple {
	var names []string
	if list != nil {
		for _, f := range list.List {
			for _, id := range f.Names {
				names = append(names, id.Name)
			}
		}
	}
	if len(names) != t.Len() {
		return t
	}
	vars := make([]*types.Var, t.Len())
	for i := range vars {
		vars[i] = types.NewParam(token.NoPos, t.At(i).Pkg(), names[i], t.At(i).Type())
	}
	return types.NewTuple(vars...)
}
