package stdlib

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"poolbook/interp/internal/bridge/native/typed"
)

// embedFiles gives the variables of //go:embed lines their values, by the rules of package embed: the text of one file to a
// string or []byte, which is read now, and to an embed.FS its files, which are read when the package is initialised.
func embedFiles(f *ast.File, dir string) error {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			doc := v.Doc
			if doc == nil && !g.Lparen.IsValid() {
				doc = g.Doc
			}
			patterns, err := embedPatterns(doc)
			if err != nil {
				return err
			}
			if len(patterns) == 0 {
				continue
			}
			files, err := embedded(dir, patterns)
			if err != nil {
				return err
			}
			literal := func(s string) ast.Expr {
				return &ast.BasicLit{ValuePos: v.End(), Kind: token.STRING, Value: strconv.Quote(s)}
			}
			call := &ast.CallExpr{Fun: v.Type, Lparen: v.End(), Rparen: v.End()}
			if sel, ok := v.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "FS" {
				call.Fun = &ast.SelectorExpr{X: &ast.Ident{NamePos: v.End(), Name: typedName}, Sel: &ast.Ident{NamePos: v.End(), Name: "EmbedFS"}}
				call.Args = append(call.Args, literal(dir))
				for _, name := range files {
					call.Args = append(call.Args, literal(name))
				}
				importTyped(f)
			} else {
				if len(files) != 1 {
					return fmt.Errorf("go:embed of %d files in %s, which holds one", len(files), v.Names[0].Name)
				}
				data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(files[0])))
				if err != nil {
					return err
				}
				call.Args = []ast.Expr{literal(string(data))}
			}
			v.Values = []ast.Expr{call}
		}
	}
	return nil
}

// typedName is package typed in files that embed a file system: no name that a Go file would have.
const typedName = "_poolbookTyped"

// importTyped lets a file use package typed under the name typedName.
func importTyped(f *ast.File) {
	for _, s := range f.Imports {
		if s.Name != nil && s.Name.Name == typedName {
			return
		}
	}
	at := f.Name.End()
	spec := &ast.ImportSpec{Name: &ast.Ident{NamePos: at, Name: typedName}, Path: &ast.BasicLit{ValuePos: at, Kind: token.STRING, Value: strconv.Quote(typed.Path)}}
	f.Imports = append(f.Imports, spec)
	f.Decls = slices.Insert(f.Decls, 0, ast.Decl(&ast.GenDecl{Tok: token.IMPORT, TokPos: at, Specs: []ast.Spec{spec}}))
}

// embedPatterns returns the patterns of the //go:embed lines of a comment: words, which may be Go strings.
func embedPatterns(doc *ast.CommentGroup) ([]string, error) {
	if doc == nil {
		return nil, nil
	}
	var patterns []string
	for _, c := range doc.List {
		rest, ok := strings.CutPrefix(c.Text, "//go:embed")
		if !ok || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
			continue
		}
		for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
			quoted, err := strconv.QuotedPrefix(rest)
			switch {
			case err == nil:
				rest = rest[len(quoted):]
				quoted, _ = strconv.Unquote(quoted)
			case rest[0] == '"' || rest[0] == '`':
				return nil, fmt.Errorf("a //go:embed line with a string that does not end: %s", rest)
			default:
				quoted = strings.Fields(rest)[0]
				rest = rest[len(quoted):]
			}
			patterns = append(patterns, quoted)
		}
	}
	return patterns, nil
}

// embedded returns the files in dir that patterns mean, by paths relative to it with slashes, sorted. A directory means all
// files under it but those whose names begin with a dot or an underscore; "all:" before the pattern means these too.
func embedded(dir string, patterns []string) ([]string, error) {
	var files []string
	for _, pattern := range patterns {
		glob, all := strings.CutPrefix(pattern, "all:")
		if _, err := path.Match(glob, ""); err != nil || !fs.ValidPath(glob) {
			return nil, fmt.Errorf("//go:embed has the pattern %s, which is not valid", pattern)
		}
		root := os.DirFS(dir)
		matches, err := fs.Glob(root, glob)
		if err != nil {
			return nil, err
		}
		found := 0
		for _, m := range matches {
			err := fs.WalkDir(root, m, func(name string, d fs.DirEntry, err error) error {
				hidden := name != m && !all && (d.Name()[0] == '.' || d.Name()[0] == '_')
				switch {
				case err != nil:
					return err
				case d.IsDir() && (hidden || outside(root, name)):
					return fs.SkipDir
				case d.Type().IsRegular() && !hidden:
					found++
					files = append(files, name)
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
		if found == 0 {
			return nil, fmt.Errorf("//go:embed %s matches no files", pattern)
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// outside tells whether a directory is a module of its own.
func outside(root fs.FS, dir string) bool {
	_, err := fs.Stat(root, path.Join(dir, "go.mod"))
	return dir != "." && !errors.Is(err, fs.ErrNotExist)
}
