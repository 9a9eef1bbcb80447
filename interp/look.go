package interp

import (
	"go/scanner"
	"go/token"
	"slices"
	"strings"

	"poolbook/interp/internal/check"
	"poolbook/interp/internal/split"
	"poolbook/interp/internal/vm"
)

// maxBroken is how many lines that cannot be parsed are left out to understand the others.
const maxBroken = 6

// lookAt checks code with a placeholder in place of code[start:end], in the first of these forms that can be parsed: the whole code;
// the code with what is open on the placeholder's line closed at its end; what is before the placeholder, with all that is open
// closed. If none can be, other lines that cannot be parsed are left out, and at last all but its own. nil: there is no such form.
func (s *Session) lookAt(code string, start, end int) *check.View {
	before, after := code[:start]+check.Placeholder, code[end:]
	rest := ""
	if i := strings.IndexByte(after, '\n'); i >= 0 {
		rest = after[i:]
	}
	lineStart := strings.LastIndexByte(code[:start], '\n') + 1
	forms := []string{before + after, before + "," + after} // the second in a literal or call of several lines
	if rest != "" {
		for _, tail := range tails(closing(before[lineStart:])) {
			forms = append(forms, before+tail+rest)
		}
	}
	for _, tail := range tails(closing(before)) {
		forms = append(forms, before+tail)
	}
	if v := s.lookAny(forms, line1(code, start)); v != nil {
		return v
	}
	alone := blanked(code[:lineStart]) + before[lineStart:] // offsets stay
	forms = forms[:0]
	for _, tail := range tails(closing(alone)) {
		forms = append(forms, alone+tail)
	}
	return s.lookAny(forms, line1(code, start))
}

// lookAny checks the first of the forms that can be parsed as it is, or else without lines that cannot, but not without the line keep.
func (s *Session) lookAny(forms []string, keep int) *check.View {
	for _, f := range forms {
		if v, _ := s.view(f); v != nil {
			return v
		}
	}
	for _, f := range forms {
		if v := s.look(f, keep); v != nil {
			return v
		}
	}
	return nil
}

// blanked replaces everything but line ends by as many spaces as it has bytes.
func blanked(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c != '\n' {
			b[i] = ' '
		}
	}
	return string(b)
}

// tails are what may have to follow the placeholder for the code to be a whole, given the brackets that close what is open.
func tails(closers string) []string {
	return []string{closers, " {}" + closers, "; _ = 0 {}" + closers, " := 0" + closers, ":\n" + closers, "\n" + closers, "()" + closers}
}

// line1 is the line, from 1, of a byte offset.
func line1(code string, at int) int { return 1 + strings.Count(code[:at], "\n") }

// look checks code and leaves out lines that cannot be parsed, but not the line keep.
func (s *Session) look(code string, keep int) *check.View {
	for range maxBroken {
		v, errs := s.view(code)
		if v != nil {
			return v
		}
		i := slices.IndexFunc(errs, func(e *split.Error) bool { return e.Offset <= len(code) && line1(code, e.Offset) != keep })
		if i < 0 {
			return nil
		}
		at := errs[i].Offset
		from := strings.LastIndexByte(code[:at], '\n') + 1
		to := from + len(line(code, line1(code, at)))
		if strings.TrimSpace(code[from:to]) == "" {
			return nil
		}
		code = code[:from] + strings.Repeat(" ", to-from) + code[to:]
	}
	return nil
}

// view checks code as it is.
func (s *Session) view(code string) (v *check.View, errs []*split.Error) {
	s.check(func() { v, errs = s.env.Look(code) })
	return v, errs
}

// closeView ends the use of a view. A goroutine of a cell may have looked for methods meanwhile.
func (s *Session) closeView(v *check.View) {
	s.exclusive(func() {
		v.Close()
		if v.Grows() {
			vm.ForgetMethods(s.prog)
		}
	})
}

// closing returns the brackets that close what is open at the end of code. No line end is among them: in a literal it would need a comma.
func closing(code string) string {
	var sc scanner.Scanner
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(code))
	sc.Init(file, []byte(code), func(token.Position, string) {}, 0)
	var stack []byte
	for {
		_, tok, _ := sc.Scan()
		switch tok {
		case token.EOF:
			slices.Reverse(stack)
			return string(stack)
		case token.LPAREN:
			stack = append(stack, ')')
		case token.LBRACK:
			stack = append(stack, ']')
		case token.LBRACE:
			stack = append(stack, '}')
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if n := len(stack); n > 0 && string(stack[n-1]) == tok.String() {
				stack = stack[:n-1]
			}
		}
	}
}
