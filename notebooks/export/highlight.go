package export

import (
	"go/scanner"
	"go/token"
	"html/template"
	"strings"
)

// highlight colours the words of Go code. Code of another language, and magics, pass through it as they are: what is no token of Go
// is not marked.
func highlight(source string) template.HTML {
	files := token.NewFileSet()
	file := files.AddFile("", files.Base(), len(source))
	var s scanner.Scanner
	s.Init(file, []byte(source), func(token.Position, string) {}, scanner.ScanComments)
	var b strings.Builder
	last := 0
	for {
		pos, kind, literal := s.Scan()
		if kind == token.EOF {
			break
		}
		at := file.Offset(pos)
		class := ""
		switch {
		case kind == token.COMMENT:
			class = "comment"
		case kind == token.STRING || kind == token.CHAR:
			class = "string"
		case kind.IsKeyword():
			class = "keyword"
		case kind.IsLiteral() && kind != token.IDENT:
			class = "number"
		}
		// Literals have no carriage returns, whatever the source has: then the lengths differ, and nothing is marked.
		if class == "" || at < last || at+len(literal) > len(source) || source[at:at+len(literal)] != literal {
			continue
		}
		b.WriteString(template.HTMLEscapeString(source[last:at]))
		b.WriteString(`<span class="` + class + `">` + template.HTMLEscapeString(literal) + `</span>`)
		last = at + len(literal)
	}
	b.WriteString(template.HTMLEscapeString(source[last:]))
	return template.HTML(b.String()) // #nosec G203: escaped
}
