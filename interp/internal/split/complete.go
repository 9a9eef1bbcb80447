package split

import (
	"go/token"
	"strings"
)

// IsComplete answers as the messaging protocol's is_complete_reply: "complete", "incomplete" with the indentation of the next line,
// or "invalid".
func IsComplete(code string) (status, indent string) {
	l := lex(code)
	for _, e := range l.errors {
		if strings.Contains(e.Msg, "not terminated") && (strings.HasPrefix(e.Msg, "raw string") || strings.HasPrefix(e.Msg, "comment")) {
			return "incomplete", ""
		}
	}
	if len(l.errors) > 0 {
		return "invalid", ""
	}
	depth := 0
	var lines []int // for each open bracket, the line that opened it: brackets of one line indent once
	line, at := 0, 0
	for _, t := range l.toks {
		line += strings.Count(code[at:t.off], "\n")
		at = t.off
		switch t.tok {
		case token.LPAREN, token.LBRACK, token.LBRACE:
			lines = append(lines, line)
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if len(lines) == 0 {
				return "invalid", ""
			}
			lines = lines[:len(lines)-1]
		}
	}
	for i, n := range lines {
		if i == 0 || n != lines[i-1] {
			depth++
		}
	}
	indent = strings.Repeat("\t", depth)
	if len(lines) > 0 {
		return "incomplete", indent
	}
	if n := len(l.toks); n > 0 && l.toks[n-1].tok != token.SEMICOLON {
		return "incomplete", "\t" // the line ends with an operator, a comma, a dot, a keyword …
	}
	fset := token.NewFileSet()
	if _, errs := Parse(fset, "cell", code); len(errs) > 0 {
		return "invalid", ""
	}
	return "complete", ""
}
