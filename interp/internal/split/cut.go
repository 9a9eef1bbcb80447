package split

import (
	"go/scanner"
	"go/token"
	"strings"
)

// Kind is what a piece of a cell is.
type Kind int

// The kinds of piece. Variables declared with var are statements: they run where they stand.
const (
	Stmt Kind = iota
	Package
	Import
	Const
	Type
	Func // functions and methods
)

// A Piece is one top-level declaration or statement: the bytes [Start, End) of the cell, without its semicolon.
type Piece struct {
	Kind       Kind
	Start, End int
	Semicolon  bool // a semicolon was written after it
}

// tok is a token with its place in bytes.
type tok struct {
	tok      token.Token
	lit      string
	off, end int
}

// lexed is a cell's tokens and what the scanner did not like.
type lexed struct {
	toks   []tok
	errors scanner.ErrorList
}

func lex(code string) lexed {
	src := []byte(code)
	fset := token.NewFileSet()
	f := fset.AddFile("cell", -1, len(src))
	var l lexed
	var s scanner.Scanner
	s.Init(f, src, func(pos token.Position, msg string) { l.errors.Add(pos, msg) }, 0)
	for {
		p, t, lit := s.Scan()
		off := f.Offset(p)
		if t == token.EOF {
			return l
		}
		end := off + len(lit)
		switch {
		case t == token.SEMICOLON && lit != ";": // inserted: the newline, or nothing at the end of the text
			end = off
		case lit == "":
			end = off + len(t.String())
		case lit[0] == '`': // without the carriage returns that the text has
			if n := strings.IndexByte(code[off+1:], '`'); n >= 0 {
				end = off + 1 + n + 1
			}
		}
		if n := len(l.toks); n > 0 { // an illegal byte's literal is longer than the byte
			l.toks[n-1].end = min(l.toks[n-1].end, off)
		}
		l.toks = append(l.toks, tok{t, lit, off, min(end, len(code))})
	}
}

// Lines returns where in code the lines begin, white space before them apart, that have t for their first token.
func Lines(code string, t token.Token) []int {
	var starts []int
	line := -1 // where the last line began that has had a token
	for _, k := range lex(code).toks {
		begin := strings.LastIndexByte(code[:k.off], '\n') + 1
		if begin != line && k.tok == t && strings.TrimLeft(code[begin:k.off], " \t") == "" {
			starts = append(starts, k.off)
		}
		line = begin
	}
	return starts
}

// An Error is a syntax error at a byte offset of the cell.
type Error struct {
	Offset, End int // End is 0 when only the start is known
	Msg         string
}

func (e *Error) Error() string { return e.Msg }

// Cut returns the top-level pieces of code in order. The only errors are brackets that do not match; whatever else is wrong is
// left to the parser.
func Cut(code string) ([]Piece, *Error) { return cut(lex(code).toks) }

func cut(toks []tok) ([]Piece, *Error) {
	var (
		pieces []Piece
		open   []tok
		start  = -1 // index of the first token of the current piece
	)
	flush := func(i int, semicolon bool) {
		if start >= 0 {
			pieces = append(pieces, Piece{kind(toks[start:i]), toks[start].off, toks[i-1].end, semicolon})
			start = -1
		} else if semicolon && len(pieces) > 0 {
			pieces[len(pieces)-1].Semicolon = true
		}
	}
	for i, t := range toks {
		switch t.tok {
		case token.LPAREN, token.LBRACK, token.LBRACE:
			open = append(open, t)
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if len(open) == 0 {
				return pieces, &Error{t.off, t.end, "unexpected " + t.tok.String() + ": nothing is open here that it could close"}
			}
			if o := open[len(open)-1]; closing(o.tok) != t.tok {
				return pieces, &Error{t.off, t.end, "unexpected " + t.tok.String() + ", expected " + closing(o.tok).String()}
			}
			open = open[:len(open)-1]
		case token.SEMICOLON:
			if len(open) == 0 {
				flush(i, t.lit == ";")
				continue
			}
		}
		if start < 0 {
			start = i
		}
	}
	flush(len(toks), false)
	if len(open) > 0 {
		o := open[len(open)-1]
		return pieces, &Error{o.off, o.end, o.tok.String() + " is never closed: expected " + closing(o.tok).String() + " before the end of the cell"}
	}
	return pieces, nil
}

func closing(t token.Token) token.Token {
	switch t {
	case token.LPAREN:
		return token.RPAREN
	case token.LBRACK:
		return token.RBRACK
	}
	return token.RBRACE
}

func kind(toks []tok) Kind {
	switch toks[0].tok {
	case token.PACKAGE:
		return Package
	case token.IMPORT:
		return Import
	case token.CONST:
		return Const
	case token.TYPE:
		return Type
	case token.FUNC:
		if isFuncDecl(toks) {
			return Func
		}
	}
	return Stmt
}

// bracketed returns the number of tokens up to the bracket that closes the first one.
func bracketed(toks []tok) int {
	depth := 0
	for i, t := range toks {
		switch t.tok {
		case token.LBRACK:
			depth++
		case token.RBRACK:
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(toks)
}

// isFuncDecl tells `func name(`, `func (r T) name(` and `func (r T) name[P any](` from a function literal that begins a statement.
func isFuncDecl(toks []tok) bool {
	if len(toks) < 2 {
		return true // the parser says what is missing
	}
	if toks[1].tok == token.IDENT {
		return true
	}
	if toks[1].tok != token.LPAREN {
		return false
	}
	depth := 0
	for i := 1; i < len(toks); i++ {
		switch toks[i].tok {
		case token.LPAREN:
			depth++
		case token.RPAREN:
			if depth--; depth == 0 {
				if i+2 >= len(toks) || toks[i+1].tok != token.IDENT {
					return false
				}
				// A method may have type parameters, a literal a result that is an instance: func (x T) R[int] {…}.
				if rest := toks[i+2:]; rest[0].tok == token.LBRACK {
					n := bracketed(rest)
					return n < len(rest) && rest[n].tok == token.LPAREN
				}
				return toks[i+2].tok == token.LPAREN
			}
		}
	}
	return false
}
