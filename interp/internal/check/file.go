package check

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"go/version"
	"slices"
	"strings"

	"poolbook/interp/internal/goabi"
)

// CheckFile checks a Go file as a package of its own, which does not see the session's names. known are types that take the place of the
// file's declarations of that name and of their methods. Line comments in the source are followed.
func (e *Env) CheckFile(name, source string, known map[string]*types.TypeName) (*Checked, []Diag) {
	return e.CheckFiles(map[string]string{name: source}, known, goabi.Language)
}

// CheckFiles checks the files of one package, by name, as code of a version of Go, "go1.21"; a //go:build line may give a file another.
func (e *Env) CheckFiles(sources map[string]string, known map[string]*types.TypeName, version string) (*Checked, []Diag) {
	var files []*ast.File
	var diags []Diag
	names := make([]string, 0, len(sources))
	for n := range sources {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		base := e.Fset.Base()
		f, err := parser.ParseFile(e.Fset, n, sources[n], parser.AllErrors|parser.SkipObjectResolution|parser.ParseComments)
		if list, ok := err.(scanner.ErrorList); ok {
			for _, err := range list {
				pos := token.Pos(base + err.Pos.Offset)
				if tf := e.Fset.File(token.Pos(base)); tf != nil {
					pos = tf.Pos(min(max(err.Pos.Offset, 0), tf.Size()))
				}
				d := Diag{Pos: pos, Msg: "syntax error: " + err.Msg}
				if err.Msg == "method must have no type parameters" {
					d.Hint = MethodHint
				}
				diags = append(diags, d)
			}
		} else if err != nil {
			diags = append(diags, Diag{Msg: err.Error()})
		}
		if f != nil {
			if strings.Contains(sources[n], "//go:embed") && len(diags) == 0 {
				if err := embedFile(f, n); err != nil {
					diags = append(diags, embedDiag(err))
				}
			}
			dropDecls(f, known)
			files = append(files, f)
		}
	}
	if len(diags) > 0 {
		return nil, diags
	}
	p := e.filePass(files)
	for try := 0; ; try++ {
		p.checkFiles(files, known, version)
		if len(p.unkeyed) == 0 || try > 10 || !p.keyLiteralsOf(files) {
			break
		}
		e.forget(p.pkg)
		p = e.filePass(files)
	}
	if len(p.diags) > 0 {
		e.forget(p.pkg)
		for i := range p.diags {
			p.diags[i].Hint = cmp.Or(p.diags[i].Hint, releaseHint(p.diags[i].Msg))
		}
		return nil, p.diags
	}
	p.pkg.files = files
	return &Checked{Package: p.pkg, Files: files, env: e}, nil
}

func (e *Env) filePass(files []*ast.File) *pass {
	p := e.newPass(nil, 0)
	e.know(p.pkg)
	for _, f := range files {
		f.Name.Name = p.pkg.Types.Name()
	}
	return p
}

// CommitFiles keeps of a program that CheckFiles has checked what units of its functions need: text, declarations and IDs of variables.
// Cells do not see its names.
func (c *Checked) CommitFiles(sources map[string]string) {
	e := c.env
	for _, f := range c.files {
		if tf := e.Fset.File(f.FileStart); tf != nil {
			e.texts[tf] = programText{sources[tf.Name()], version.Compare(c.Info.FileVersions[f], "go1.22") < 0}
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				e.commitDecl(c.Info.Defs[d.Name], d)
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if s, ok := s.(*ast.TypeSpec); ok {
						e.commitDecl(c.Info.Defs[s.Name], s)
					}
				}
			}
		}
	}
	for _, name := range c.Types.Scope().Names() {
		if v, ok := c.Types.Scope().Lookup(name).(*types.Var); ok {
			e.varIDs[v] = fmt.Sprintf("%s#%d", name, c.Seq)
		}
	}
}

func (e *Env) commitDecl(obj types.Object, n ast.Node) {
	if obj != nil {
		e.decls[obj] = n
	}
}

// dropDecls leaves out the declarations of known types and their methods.
func dropDecls(f *ast.File, known map[string]*types.TypeName) {
	if len(known) == 0 {
		return
	}
	f.Decls = slices.DeleteFunc(f.Decls, func(d ast.Decl) bool {
		switch d := d.(type) {
		case *ast.FuncDecl:
			base := ReceiverBase(d)
			return base != nil && known[base.Name] != nil
		case *ast.GenDecl:
			if d.Tok != token.TYPE {
				return false
			}
			d.Specs = slices.DeleteFunc(d.Specs, func(s ast.Spec) bool { return known[s.(*ast.TypeSpec).Name.Name] != nil })
			return len(d.Specs) == 0
		}
		return false
	})
}

func (p *pass) checkFiles(files []*ast.File, known map[string]*types.TypeName, version string) {
	if len(known) > 0 {
		scope := types.NewScope(types.Universe, token.NoPos, token.NoPos, "units")
		for name, t := range known {
			if t.Name() == name {
				scope.Insert(t)
			} else {
				scope.Insert(types.NewTypeName(t.Pos(), t.Pkg(), name, t.Type()))
			}
		}
		setScopeParent(p.pkg.Types.Scope(), scope)
	}
	conf := types.Config{
		GoVersion:                version,
		Importer:                 &recorder{Importer: p.env.imp, embeds: true},
		DisableUnusedImportCheck: true,
		Error:                    p.report,
	}
	types.NewChecker(&conf, p.env.Fset, p.pkg.Types, p.pkg.Info).Files(files)
	for _, f := range files {
		p.bodies(f)
	}
}

func (p *pass) keyLiteralsOf(files []*ast.File) bool {
	done := false
	for _, f := range files {
		p.file = f
		done = p.keyLiterals() || done
	}
	return done
}
