package interp

import (
	"cmp"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"poolbook/interp/display"
	"poolbook/interp/internal/check"
)

// Match is one way to complete a name.
type Match struct {
	Text string
	// Kind is "function", "method", "variable", "constant", "type", "field", "package" or "keyword".
	Kind string
	// Detail is the type or signature, "" when there is none.
	Detail string
}

// Completion are the ways to complete the name that ends at the cursor: bytes [Start, End) of the code are to be replaced.
type Completion struct {
	Matches    []Match
	Start, End int
}

// Complete proposes names for the place in code that cursor, a byte offset, points at. It runs nothing. While a cell runs it
// answers from what the session had when that cell started.
func (s *Session) Complete(code string, cursor int) Completion {
	s.mu.Lock()
	defer s.mu.Unlock()
	cursor = min(max(cursor, 0), len(code))
	start := nameStart(code, cursor)
	prefix := code[start:cursor]
	end := cursor
	for end < len(code) {
		r, n := utf8.DecodeRuneInString(code[end:])
		if !isNameRune(r) {
			break
		}
		end += n
	}
	c := Completion{Start: start, End: end}
	before := strings.TrimRight(code[:start], " \t\n")
	if operand, ok := strings.CutSuffix(before, "."); ok && !strings.HasSuffix(operand, ".") {
		c.Matches = s.members(operand)
	} else {
		c.Matches = s.names(code[:start])
	}
	lower := strings.ToLower(prefix)
	c.Matches = slices.DeleteFunc(c.Matches, func(m Match) bool { return !strings.HasPrefix(strings.ToLower(m.Text), lower) })
	slices.SortFunc(c.Matches, func(a, b Match) int {
		if x, y := strings.HasPrefix(a.Text, prefix), strings.HasPrefix(b.Text, prefix); x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Text, b.Text)
	})
	c.Matches = slices.CompactFunc(c.Matches, func(a, b Match) bool { return a.Text == b.Text })
	return c
}

func isNameRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

func nameStart(code string, at int) int {
	for at > 0 {
		r, n := utf8.DecodeLastRuneInString(code[:at])
		if !isNameRune(r) {
			break
		}
		at -= n
	}
	return at
}

// look checks code that breaks off at its end: open brackets are closed in some way that parses.
func (s *Session) look(code string) *check.View {
	closers := closing(code)
	for _, tail := range []string{closers, " {}" + closers, "; _ = 0 {}" + closers, " := 0" + closers, ":\n" + closers, "\n" + closers} {
		if v := s.view(code + tail); v != nil {
			return v
		}
	}
	return nil
}

func (s *Session) view(code string) (v *check.View) {
	s.exclusive(func() { v = s.env.Look(code) })
	return v
}

// closing returns the brackets that close what is open at the end of code.
func closing(code string) string {
	var stack []byte
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '"', '\'', '`':
			for i++; i < len(code) && code[i] != c; i++ {
				if code[i] == '\\' && c != '`' {
					i++
				}
			}
		case '/':
			if i+1 < len(code) && code[i+1] == '/' {
				for i < len(code) && code[i] != '\n' {
					i++
				}
			}
		case '(':
			stack = append(stack, ')')
		case '[':
			stack = append(stack, ']')
		case '{':
			stack = append(stack, '}')
		case ')', ']', '}':
			if n := len(stack); n > 0 && stack[n-1] == c {
				stack = stack[:n-1]
			}
		}
	}
	var b strings.Builder
	for _, c := range slices.Backward(stack) {
		if c == '}' {
			b.WriteByte('\n')
		}
		b.WriteByte(c)
	}
	return b.String()
}

// members are what can be selected from the expression that code ends with.
func (s *Session) members(code string) []Match {
	v := s.look(code)
	if v == nil {
		// The last line alone may do.
		line := strings.TrimSpace(code[strings.LastIndexByte(code, '\n')+1:])
		i := strings.LastIndexAny(line, " \t({[,;=&|!<>+-*/%")
		if v = s.look(line[i+1:]); v == nil {
			return nil
		}
		code = line[i+1:]
	}
	defer s.exclusive(v.Close)
	pkg, t := v.Operand(len(code))
	var list []Match
	switch {
	case pkg != nil:
		for _, name := range pkg.Scope().Names() {
			if token.IsExported(name) {
				list = append(list, s.match(pkg.Scope().Lookup(name)))
			}
		}
	case t != nil:
		from := types.NewPackage("main", "main")
		for _, name := range check.Members(t, from) {
			obj, _, _ := types.LookupFieldOrMethod(t, true, from, name)
			if obj == nil {
				obj, _, _ = types.LookupFieldOrMethod(types.NewPointer(t), true, from, name)
			}
			if obj == nil {
				list = append(list, Match{Text: name, Kind: "field"})
				continue
			}
			list = append(list, s.match(obj))
		}
	}
	return list
}

// names are what can stand where code breaks off.
func (s *Session) names(code string) []Match {
	var list []Match
	if v := s.look(code + "_"); v != nil {
		for _, obj := range v.Locals(len(code)) {
			list = append(list, s.match(obj))
		}
		s.exclusive(v.Close)
	}
	for _, name := range s.env.Names() {
		list = append(list, s.match(s.env.Lookup(name)))
	}
	for _, name := range s.env.Packages() {
		list = append(list, Match{Text: name, Kind: "package"})
	}
	for _, p := range s.imp.Names() {
		if !strings.Contains(p, "internal") && !strings.HasPrefix(p, "vendor/") {
			list = append(list, Match{Text: strings.TrimSuffix(path.Base(p), "/v2"), Kind: "package", Detail: p})
		}
	}
	for _, name := range types.Universe.Names() {
		list = append(list, s.match(types.Universe.Lookup(name)))
	}
	for t := token.BREAK; t <= token.VAR; t++ {
		list = append(list, Match{Text: t.String(), Kind: "keyword"})
	}
	return list
}

func (s *Session) match(obj types.Object) Match {
	m := Match{Text: obj.Name()}
	switch o := obj.(type) {
	case *types.Func:
		m.Kind = "function"
		if o.Signature().Recv() != nil {
			m.Kind = "method"
		}
		m.Detail = s.env.TypeString(o.Type())
	case *types.Var:
		m.Kind = "variable"
		if o.IsField() {
			m.Kind = "field"
		}
		m.Detail = s.env.TypeString(o.Type())
	case *types.Const:
		m.Kind, m.Detail = "constant", s.env.TypeString(o.Type())
	case *types.TypeName:
		m.Kind = "type"
	case *types.Builtin:
		m.Kind = "function"
	case *types.PkgName:
		m.Kind, m.Detail = "package", o.Imported().Path()
	default:
		m.Kind = "variable"
	}
	return m
}

// Inspect describes what the name at the byte offset cursor means: declaration, doc comment, and with detail > 0 the value or members.
// It reports false when there is nothing to say.
func (s *Session) Inspect(code string, cursor, detail int) (text string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cursor = min(max(cursor, 0), len(code))
	start := nameStart(code, cursor)
	end := cursor
	for end < len(code) {
		r, n := utf8.DecodeRuneInString(code[end:])
		if !isNameRune(r) {
			break
		}
		end += n
	}
	if start == end { // behind a call's opening bracket: the function
		open := strings.LastIndexAny(code[:start], "(")
		if open <= 0 {
			return "", false
		}
		end = open
		start = nameStart(code, end)
		if start == end {
			return "", false
		}
	}
	var obj types.Object
	v := s.view(code)
	if v == nil {
		v = s.look(code[:end])
	}
	if v != nil {
		obj = v.ObjectAt(start)
		defer s.exclusive(v.Close)
	}
	if obj == nil {
		if obj = s.env.Lookup(code[start:end]); obj == nil {
			return "", false
		}
	}
	return s.describe(obj, detail), true
}

func (s *Session) describe(obj types.Object, detail int) string {
	var b strings.Builder
	switch o := obj.(type) {
	case *types.PkgName:
		b.WriteString("package " + o.Imported().Name() + " // import \"" + o.Imported().Path() + "\"\n")
		if detail > 0 {
			for _, name := range o.Imported().Scope().Names() {
				if token.IsExported(name) {
					b.WriteString("\n" + s.env.ObjectString(o.Imported().Scope().Lookup(name)))
				}
			}
		}
		return b.String()
	case *types.Builtin:
		return "builtin " + o.Name()
	}
	b.WriteString(s.env.ObjectString(obj))
	if p := s.env.PackageOf(obj); p != nil && p.Cell > 0 {
		b.WriteString("\n\ndeclared in " + place(p.Cell, "", 0, 0))
	}
	if doc := s.env.Doc(obj); doc != "" {
		b.WriteString("\n\n" + doc)
	}
	if tn, ok := obj.(*types.TypeName); ok {
		if n, ok := tn.Type().(*types.Named); ok && n.NumMethods() > 0 {
			b.WriteString("\n")
			for m := range n.Methods() {
				if m.Exported() || s.env.IsCell(obj.Pkg()) {
					b.WriteString("\n" + s.env.ObjectString(m))
				}
			}
		}
	}
	if v, ok := obj.(*types.Var); ok && s.globals[v] != nil {
		text := display.Text(s.machine.Global(s.globals[v]))
		if len(text) > 500 {
			text = strings.ToValidUTF8(text[:500], "") + " …"
		}
		b.WriteString("\n\n= " + text)
	}
	return b.String()
}
