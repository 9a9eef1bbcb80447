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

// EmbedFiles gives the variables of //go:embed lines their values, by the rules of package embed: the text of one file to a
// string or []byte, which is read now, and to an embed.FS its files, which are read when the package is initialised. dir is where the
// file's package is. The error is an *EmbedError.
func EmbedFiles(f *ast.File, dir string) error {
	used := map[*ast.CommentGroup]bool{}
	fsys, after := false, f.Name.End()
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok {
			needs, err := Embed(g, after, f.Comments, dir, used)
			if err != nil {
				return err
			}
			fsys = fsys || needs
		}
		after = d.End()
	}
	if fsys {
		d := EmbedImport(f.Name.End())
		f.Imports = append(f.Imports, d.Specs[0].(*ast.ImportSpec))
		f.Decls = slices.Insert(f.Decls, 0, ast.Decl(d))
	}
	return Misplaced(f.Comments, used)
}

// An EmbedError says what is wrong with a //go:embed line, or with the variable that follows it.
type EmbedError struct {
	Pos token.Pos
	Msg string
}

func (e *EmbedError) Error() string { return e.Msg }

// Misplaced returns an error for the first //go:embed line among comments that no variable has used.
func Misplaced(comments []*ast.CommentGroup, used map[*ast.CommentGroup]bool) error {
	for _, group := range comments {
		if lines, _ := embedPatterns(group); len(lines) > 0 && !used[group] {
			return &EmbedError{group.Pos(), "misplaced go:embed directive: it stands on the line above a declaration var name string, []byte or embed.FS, outside of functions"}
		}
	}
	return nil
}

// Embed is EmbedFiles for one declaration, which may have its lines among the comments from after to it. It adds those that it has obeyed to
// used, and reports whether the file needs EmbedImport.
func Embed(g *ast.GenDecl, after token.Pos, comments []*ast.CommentGroup, dir string, used map[*ast.CommentGroup]bool) (needs bool, err error) {
	if g.Tok != token.VAR {
		return false, nil
	}
	for i, s := range g.Specs {
		v := s.(*ast.ValueSpec)
		at := g.Pos()
		switch {
		case i > 0:
			after, at = g.Specs[i-1].End(), v.Pos()
		case g.Lparen.IsValid():
			after, at = g.Lparen, v.Pos()
		}
		var patterns []string
		var first token.Pos
		for _, c := range comments {
			if c.Pos() < after || c.End() > at {
				continue
			}
			list, err := embedPatterns(c)
			if err != nil {
				return false, &EmbedError{c.Pos(), err.Error()}
			}
			if len(list) > 0 {
				used[c] = true
				if len(patterns) == 0 {
					first = c.Pos()
				}
				patterns = append(patterns, list...)
			}
		}
		if len(patterns) == 0 {
			continue
		}
		fsys, err := embedVar(v, dir, patterns)
		if err != nil {
			return false, &EmbedError{first, err.Error()}
		}
		needs = needs || fsys
	}
	return needs, nil
}

// embedVar gives a variable the value of patterns; fsys reports whether that is an embed.FS.
func embedVar(v *ast.ValueSpec, dir string, patterns []string) (fsys bool, err error) {
	switch {
	case len(v.Names) > 1:
		return false, errors.New("go:embed cannot apply to multiple vars")
	case v.Values != nil:
		return false, errors.New("go:embed cannot apply to var with initializer")
	case v.Type == nil:
		return false, errors.New("go:embed cannot apply to var without type")
	}
	files, err := embedded(dir, patterns)
	if err != nil {
		return false, err
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
		fsys = true
	} else {
		if len(files) != 1 {
			return false, fmt.Errorf("go:embed of %d files in %s, which holds one", len(files), v.Names[0].Name)
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(files[0])))
		if err != nil {
			return false, err
		}
		call.Args = []ast.Expr{literal(string(data))}
	}
	v.Values = []ast.Expr{call}
	return fsys, nil
}

// typedName is package typed in files that embed a file system: no name that a Go file would have.
const typedName = "_poolbookTyped"

// EmbedPath is the import path of package typed, which [Importer.Import] refuses.
const EmbedPath = typed.Path

// EmbedImport imports package typed under the name typedName, in a file that embeds a file system.
func EmbedImport(at token.Pos) *ast.GenDecl {
	spec := &ast.ImportSpec{Name: &ast.Ident{NamePos: at, Name: typedName}, Path: &ast.BasicLit{ValuePos: at, Kind: token.STRING, Value: strconv.Quote(EmbedPath)}}
	return &ast.GenDecl{Tok: token.IMPORT, TokPos: at, Specs: []ast.Spec{spec}}
}

// embedPatterns returns the patterns of the //go:embed lines of a comment: words, which may be Go strings.
func embedPatterns(doc *ast.CommentGroup) ([]string, error) {
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
