package split

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"slices"
	"strings"
)

// Cell is a parsed cell. Its trees share no nodes.
type Cell struct {
	Name   string // what positions call it: "cell [3]"
	Code   string
	Pieces []Piece

	// Decls has imports, constants, types, functions and methods.
	Decls *ast.File
	// Body has the statements and variable declarations in order.
	Body []ast.Stmt
	// Unresolved are the identifiers of Body that name nothing declared before them in Body.
	Unresolved []*ast.Ident
	// Final has the expressions of a last piece like `a, b`, which is no statement of Go; Body does not have them.
	Final []ast.Expr
	// HideResult is set when a semicolon was written after the last piece.
	HideResult bool
	// Comments of the cell, if there is a //go:embed line.
	Comments []*ast.CommentGroup
	// Embeds is set by package check when a variable is an embedded file system.
	Embeds bool
	// Program is set when the cell has a package clause.
	Program bool

	DeclFile, BodyFile *token.File
	finalFile          *token.File
	finalStart         int
}

// The texts before the cell's own. Positions within them are mapped away by the line information.
const (
	declPrefix = "package main;"
	bodyPrefix = "package main;func _(){\n" // a comment on the line of the bracket would belong to that
)

// byteOrderMark begins files that some editors write. Go ignores it there.
const byteOrderMark = "\ufeff"

// Parse parses code. Positions in the trees lie in two files of fset and read as name:line:column of the cell, columns in bytes.
// The errors are in order of position; the cell is nil when there are any.
func Parse(fset *token.FileSet, name, code string) (*Cell, []*Error) {
	if rest, ok := strings.CutPrefix(code, byteOrderMark); ok {
		code = strings.Repeat(" ", len(byteOrderMark)) + rest
	}
	l := lex(code)
	pieces, bad := cut(l.toks)
	if len(l.errors) > 0 {
		return nil, scanErrors(l.errors)
	}
	if bad != nil {
		return nil, []*Error{bad}
	}
	c := &Cell{Name: name, Code: code, Pieces: pieces}
	if n := len(pieces); n > 0 {
		c.HideResult = pieces[n-1].Semicolon
	}
	decls, body := []byte(code), []byte(code)
	// What is not a piece (semicolons between them, comments) may stay among the statements. Among declarations the parser refuses a
	// semicolon after nothing: there each declaration gets the one that ends it back (see end).
	blank(decls, 0, len(decls))
	for _, p := range pieces {
		switch p.Kind {
		case Stmt:
			continue
		case Package:
			if got := strings.Join(strings.Fields(code[p.Start:p.End]), " "); got != "package main" {
				return nil, []*Error{{p.Start, p.End, fmt.Sprintf("a cell belongs to package main: it cannot be %q", got)}}
			}
			c.Program = true
		default:
			copy(decls[p.Start:p.End], code[p.Start:p.End])
			end(decls, p)
		}
		blank(body, p.Start, p.End)
	}
	// Imports come first for the parser; here they may stand anywhere. They are parsed in a pass of their own when they do not.
	var errs []*Error
	decl := func(src []byte) *ast.File {
		f, tf, err := parse(fset, name, declPrefix, string(src), "")
		c.DeclFile = tf
		errs = append(errs, err...)
		return f
	}
	if importsFirst(pieces) {
		c.Decls = decl(decls)
	} else {
		imports := slices.Clone(decls)
		for _, p := range pieces {
			switch p.Kind {
			case Import:
				blank(decls, p.Start, p.End+1)
			default:
				blank(imports, p.Start, p.End+1)
			}
		}
		first := decl(imports)
		c.Decls = decl(decls)
		if first != nil && c.Decls != nil {
			c.Decls.Decls = append(first.Decls, c.Decls.Decls...)
			c.Decls.Imports = first.Imports
		}
	}
	if n := len(pieces); n > 0 && isList(l.toks, pieces[n-1]) {
		last := pieces[n-1]
		if list, tf := parseList(fset, name, code, last); list != nil {
			c.Final, c.finalFile, c.finalStart = list, tf, last.Start
			blank(body, last.Start, last.End)
		}
	}
	f, tf, err := parse(fset, name, bodyPrefix, string(body), "\n}")
	c.BodyFile = tf
	errs = append(errs, err...)
	if len(errs) > 0 {
		return nil, order(errs)
	}
	if len(f.Decls) != 1 {
		return nil, []*Error{{0, 0, "this cannot be read as Go statements"}}
	}
	for _, s := range f.Decls[0].(*ast.FuncDecl).Body.List {
		if _, empty := s.(*ast.EmptyStmt); !empty { // the semicolon of a blanked declaration
			c.Body = append(c.Body, s)
		}
	}
	c.Unresolved, c.Comments = f.Unresolved, slices.Concat(c.Decls.Comments, f.Comments)
	return c, nil
}

func importsFirst(pieces []Piece) bool {
	seen := false
	for _, p := range pieces {
		switch p.Kind {
		case Import:
			if seen {
				return false
			}
		case Const, Type, Func:
			seen = true
		}
	}
	return true
}

// parse parses prefix+src+suffix so that positions read as those of src.
func parse(fset *token.FileSet, name, prefix, src, suffix string) (*ast.File, *token.File, []*Error) {
	base := fset.Base()
	mode := parser.AllErrors
	if strings.Contains(src, "//go:embed") {
		mode |= parser.ParseComments
	}
	f, err := parser.ParseFile(fset, name, prefix+src+suffix, mode)
	tf := fset.File(token.Pos(base))
	tf.AddLineColumnInfo(len(prefix), name, 1, 1)
	if err == nil {
		return f, tf, nil
	}
	list, ok := err.(scanner.ErrorList)
	if !ok {
		return nil, tf, []*Error{{0, 0, err.Error()}}
	}
	var errs []*Error
	seen := map[int]bool{}
	for _, e := range list {
		off := min(max(e.Pos.Offset-len(prefix), 0), len(src))
		if seen[e.Pos.Line] {
			continue // the first error of a line is the true one
		}
		seen[e.Pos.Line] = true
		if len(errs) > 0 && strings.Contains(e.Msg, "found 'EOF'") {
			continue // comes of the errors before
		}
		errs = append(errs, &Error{off, 0, e.Msg})
	}
	return nil, tf, errs
}

// isList tells whether a piece is several expressions with commas between them.
func isList(toks []tok, p Piece) bool {
	if p.Kind != Stmt {
		return false
	}
	depth, comma := 0, false
	for _, t := range toks {
		if t.off < p.Start || t.off >= p.End {
			continue
		}
		switch t.tok {
		case token.LPAREN, token.LBRACK, token.LBRACE:
			depth++
		case token.RPAREN, token.RBRACK, token.RBRACE:
			depth--
		case token.COMMA:
			comma = comma || depth == 0
		case token.DEFINE, token.ASSIGN, token.ADD_ASSIGN, token.SUB_ASSIGN, token.MUL_ASSIGN, token.QUO_ASSIGN, token.COLON:
			if depth == 0 {
				return false
			}
		}
		if depth == 0 && t.tok.IsKeyword() && t.tok != token.FUNC && t.tok != token.MAP && t.tok != token.STRUCT && t.tok != token.CHAN && t.tok != token.INTERFACE {
			return false
		}
	}
	return comma
}

const listPrefix = "f("

// parseList parses a list of expressions; nil when it is none.
func parseList(fset *token.FileSet, name, code string, p Piece) ([]ast.Expr, *token.File) {
	base := fset.Base()
	e, err := parser.ParseExprFrom(fset, name, listPrefix+code[p.Start:p.End]+")", 0)
	call, ok := e.(*ast.CallExpr)
	if err != nil || !ok || call.Ellipsis.IsValid() {
		return nil, nil
	}
	tf := fset.File(token.Pos(base))
	start := strings.LastIndexByte(code[:p.Start], '\n') + 1
	tf.AddLineColumnInfo(len(listPrefix), name, 1+strings.Count(code[:p.Start], "\n"), p.Start-start+1)
	return call.Args, tf
}

// Files returns the files that the cell's positions lie in.
func (c *Cell) Files() []*token.File {
	files := []*token.File{c.DeclFile, c.BodyFile}
	if c.finalFile != nil {
		files = append(files, c.finalFile)
	}
	return files
}

// Offset returns the byte offset in the cell of a position in one of its files.
func (c *Cell) Offset(pos token.Pos) (int, bool) {
	for _, f := range []struct {
		f      *token.File
		prefix int
	}{{c.DeclFile, len(declPrefix)}, {c.BodyFile, len(bodyPrefix)}, {c.finalFile, len(listPrefix) - c.finalStart}} {
		if f.f != nil && int(pos) >= f.f.Base() && int(pos) <= f.f.Base()+f.f.Size() {
			return min(max(int(pos)-f.f.Base()-f.prefix, 0), len(c.Code)), true
		}
	}
	return 0, false
}

// After returns where in BodyFile the piece ends that comes before the one at pos.
func (c *Cell) After(pos token.Pos) token.Pos {
	off, _ := c.Offset(pos)
	end := 0
	for _, p := range c.Pieces {
		if p.End <= off {
			end = p.End
		}
	}
	return c.BodyFile.Pos(len(bodyPrefix) + end)
}

func scanErrors(list scanner.ErrorList) []*Error {
	var errs []*Error
	for _, e := range list {
		errs = append(errs, &Error{e.Pos.Offset, 0, e.Msg})
	}
	return order(errs)
}

func order(errs []*Error) []*Error {
	for i := range errs {
		for j := i; j > 0 && errs[j].Offset < errs[j-1].Offset; j-- {
			errs[j], errs[j-1] = errs[j-1], errs[j]
		}
	}
	return errs
}

// end writes the semicolon of a declaration right behind it, where white space, a comment or the semicolon itself is in the cell.
func end(decls []byte, p Piece) {
	if p.Semicolon && decls[p.End] != '\n' {
		decls[p.End] = ';'
	}
}

// blank overwrites text with spaces and keeps its line ends. end may lie beyond the text.
func blank(b []byte, start, end int) {
	for i := start; i < min(end, len(b)); i++ {
		if b[i] != '\n' {
			b[i] = ' '
		}
	}
}
