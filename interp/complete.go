package interp

import (
	"go/scanner"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Match is one way to complete a name.
type Match struct {
	Text string
	// Kind is "function", "method", "variable", "constant", "type", "field", "package", "label", "command" or "keyword"; in commands
	// of the shell also "file" or "directory".
	Kind string
	// Detail is the type or signature, or a package's import path; "" when there is none.
	Detail string
}

// Completion are the ways to complete the name that ends at the cursor, best first: bytes [Start, End) of the code are to be replaced.
type Completion struct {
	Matches    []Match
	Start, End int
}

// maxMatches is how many matches are returned at most.
const maxMatches = 500

// Complete proposes names for the place in code that cursor, a byte offset, points at. It runs nothing, and the code need not compile.
// While a cell runs it answers from what the session had when that cell started.
//
// A name fits when it has the letters typed so far in their order. Names that begin with them come first, then those
// that have them where words begin; among equals the one whose type is wanted, then the nearest.
func (s *Session) Complete(code string, cursor int) Completion {
	s.mu.Lock()
	defer s.mu.Unlock()
	cursor = min(max(cursor, 0), len(code))
	if c, ok := completeCommand(code, cursor); ok {
		return c
	}
	if c, ok := completeShell(code, cursor); ok {
		return c
	}
	_, code = cutMagics(withoutQuestion(code, cursor))
	if c, ok := s.completeImport(code, cursor); ok {
		return c
	}
	start, end := nameAround(code, cursor)
	c := Completion{Start: start, End: end}
	if !isCode(code, start) || start < len(code) && unicode.IsDigit(firstRune(code[start:])) || endsOperand(code[:start]) {
		return c
	}
	list := candidates{session: s, typed: code[start:cursor], seen: map[string]bool{}}
	if v := s.lookAt(code, start, end); v != nil {
		place := v.Place(start)
		list.want = place.Want
		list.add(v, place, start, strings.HasPrefix(strings.TrimLeft(code[end:], " "), ":"))
		s.closeView(v)
	} else if !strings.HasSuffix(strings.TrimRight(code[:start], " \t\n"), ".") {
		list.everywhere()
	}
	c.Matches = list.best()
	return c
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func isNameRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// nameAround returns where the name that the cursor is in or behind begins and ends.
func nameAround(code string, cursor int) (start, end int) {
	start, end = cursor, cursor
	for start > 0 {
		r, n := utf8.DecodeLastRuneInString(code[:start])
		if !isNameRune(r) {
			break
		}
		start -= n
	}
	for end < len(code) {
		r, n := utf8.DecodeRuneInString(code[end:])
		if !isNameRune(r) {
			break
		}
		end += n
	}
	return start, end
}

// isCode reports whether the byte offset is neither in a comment nor in a string.
func isCode(code string, at int) bool {
	var sc scanner.Scanner
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(code))
	sc.Init(file, []byte(code), func(token.Position, string) {}, scanner.ScanComments)
	for {
		pos, tok, lit := sc.Scan()
		from := file.Offset(pos)
		if tok == token.EOF || from >= at {
			return true
		}
		to := from + len(lit)
		switch tok {
		case token.COMMENT:
			if at < to || at == to && !strings.HasSuffix(lit, "*/") {
				return false
			}
		case token.STRING, token.CHAR:
			if at < to || at == to && !closedLiteral(lit) {
				return false
			}
		case token.INT, token.FLOAT, token.IMAG:
			if at <= to {
				return false
			}
		}
	}
}

// endsOperand reports whether a value ends with the code, as f(x), xs[0] or T{1} do: no name can follow at once.
func endsOperand(code string) bool {
	if !strings.HasSuffix(code, "]") {
		return strings.HasSuffix(code, ")") || strings.HasSuffix(code, "}")
	}
	depth := 0
	for i, r := range slices.Backward([]byte(code)) {
		switch r {
		case ']':
			depth++
		case '[':
			depth--
		}
		if depth == 0 { // []T, [2]T and map[K]V are types
			start, end := nameAround(code[:i], i)
			return start < end && code[start:end] != "map" || endsOperand(code[:i])
		}
	}
	return false
}

func closedLiteral(lit string) bool { return len(lit) > 1 && lit[len(lit)-1] == lit[0] }

// completeCommand proposes the commands that a line with % at its beginning may be.
func completeCommand(code string, cursor int) (c Completion, ok bool) {
	begin := strings.LastIndexByte(code[:cursor], '\n') + 1
	typed, ok := strings.CutPrefix(strings.TrimLeft(code[begin:cursor], " \t"), "%")
	if !ok || strings.ContainsAny(typed, " \t") {
		return c, false
	}
	if _, rest := cutMagics(code[:begin]); strings.TrimSpace(rest) != "" {
		return c, false // an operator in the middle of code
	}
	c = Completion{Start: cursor - len(typed) - 1, End: cursor}
	for _, name := range magicNames() {
		if strings.HasPrefix(name, typed) {
			c.Matches = append(c.Matches, Match{Text: "%" + name, Kind: "command"})
		}
	}
	return c, true
}

// importLine matches an import of one line, and a line of an import declaration in parentheses, up to the path's end.
var importLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*(import\s+)?([\pL_.][\pL\pN_]*\s+)?"([^"]*)$`)
})

// completeImport proposes import paths.
func (s *Session) completeImport(code string, cursor int) (c Completion, ok bool) {
	begin := strings.LastIndexByte(code[:cursor], '\n') + 1
	m := importLine().FindStringSubmatch(code[begin:cursor])
	if m == nil {
		return c, false
	}
	if m[1] == "" {
		i := strings.LastIndex(code[:begin], "import")
		if i < 0 || !strings.HasPrefix(strings.TrimSpace(code[i+len("import"):begin]), "(") || strings.Contains(code[i:begin], ")") {
			return c, false
		}
	}
	typed := m[3]
	c = Completion{Start: cursor - len(typed), End: cursor}
	for c.End < len(code) && code[c.End] != '"' && code[c.End] != '\n' {
		c.End++
	}
	list := candidates{session: s, typed: typed}
	for _, p := range s.importable() {
		list.propose(p, "package", near, nil)
		if n := len(list.list); n > 0 && list.list[n-1].Text == p && strings.HasPrefix(path.Base(p), typed) && typed != "" {
			list.list[n-1].score += fitStart - fitWord // json: encoding/json
		}
	}
	c.Matches = list.best()
	return c, true
}

// importable are the import paths that cells may write: not those of other packages' own affairs.
func (s *Session) importable() []string {
	return slices.DeleteFunc(s.imp.Names(), func(p string) bool {
		return slices.Contains(strings.Split(p, "/"), "internal") || strings.HasPrefix(p, "vendor/") || p == "poolbook/pool/core"
	})
}
