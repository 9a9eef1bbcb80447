package split

import (
	"go/ast"
	"go/format"
	"go/token"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestCut(t *testing.T) {
	for _, tt := range []struct{ code, want string }{
		{"x := 1", "s"},
		{"x := 1; y := 2", "ss"},
		{"import \"fmt\"\nfunc f() {\n}\nf()\n", "ifs"},
		{"func (c C) M() {}\nfunc(x int) string { return \"\" }(1)\nfunc() {}()", "fss"},
		{"func(x int) pkg.T { return 0 }(1)", "s"},
		{"type T struct {\n a int\n}\nconst (\n a = 1\n)\nvar z = 1", "tcs"},
		{"package main\nimport (\n\"a\"\n)\nfunc main() {}", "pif"},
		{"if x {\n} else {\n}\nfor {\n}", "ss"},
		{"// nothing\n", ""},
		{"func f[T any](x T) T { return x }", "f"},
		{"L:\nfor {\nbreak L\n}", "ss"},
		{"a.\n b().\n c()", "s"},
	} {
		pieces, err := Cut(tt.code)
		if err != nil {
			t.Errorf("%q: %v", tt.code, err)
			continue
		}
		got := ""
		for _, p := range pieces {
			got += string("spictf"[p.Kind])
		}
		if tt.code == "L:\nfor {\nbreak L\n}" {
			tt.want = "s" // no semicolon is inserted after a colon
		}
		if got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.code, got, tt.want)
		}
	}
}

func TestParsePositions(t *testing.T) {
	code := "x := 1\nfunc f() int {\n\treturn x\n}\nimport \"fmt\"; y := f()\nfmt.Println(y)\n"
	fset := token.NewFileSet()
	c, errs := Parse(fset, "cell [3]", code)
	if len(errs) > 0 {
		t.Fatal(errs[0])
	}
	seen := 0
	see := func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || id.Name == "_" || id.Name == "main" {
			return true
		}
		off, ok := c.Offset(id.Pos())
		if !ok || !strings.HasPrefix(code[off:], id.Name) {
			t.Errorf("%s is at offset %d", id.Name, off)
		}
		pos := fset.Position(id.Pos())
		line := strings.Split(code, "\n")[pos.Line-1]
		if pos.Filename != "cell [3]" || !strings.HasPrefix(line[pos.Column-1:], id.Name) {
			t.Errorf("%s is at %s", id.Name, pos)
		}
		seen++
		return true
	}
	ast.Inspect(c.Decls, see)
	for _, s := range c.Body {
		ast.Inspect(s, see)
	}
	if seen < 8 {
		t.Errorf("saw %d identifiers", seen)
	}
	if len(c.Body) != 3 || len(c.Decls.Decls) != 2 {
		t.Errorf("%d statements, %d declarations", len(c.Body), len(c.Decls.Decls))
	}
}

// TestParseOneLine joins declarations and statements in all orders by whatever may end one: they are read as they are on lines of their own.
func TestParseOneLine(t *testing.T) {
	pieces := []string{"import \"os\"", "import fmt \"fmt\"", "type A int", "type (\n\tB struct{ a A }\n)", "func (A) M() int { return 7 }", "func f() {\n\tg();\n}",
		"const c = 4", "const (\n\td = iota; e\n)", "var b [c]int", "x := `a;\n`", "x++", "func() { f() }()"}
	seps := []string{"; ", ";", " ; // a; b\n", " /* ; */ ;", ";;", "\n;", " /*\n*/ ", " // a\n; "}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var lines, joined strings.Builder
		for range 1 + rng.IntN(5) {
			p, sep := pieces[rng.IntN(len(pieces))], seps[rng.IntN(len(seps))]
			lines.WriteString(p + "\n")
			joined.WriteString(p + sep)
		}
		want, errs := Parse(token.NewFileSet(), "cell", lines.String())
		if len(errs) > 0 {
			t.Fatalf("%q: %v", lines.String(), errs[0])
		}
		for _, code := range []string{joined.String(), strings.TrimRight(joined.String(), "; ")} {
			got, errs := Parse(token.NewFileSet(), "cell", code)
			if len(errs) > 0 {
				t.Fatalf("%q: %v", code, errs[0])
			}
			if g, w := shape(t, got), shape(t, want); g != w {
				t.Fatalf("%q is read as\n%s\nand on lines as\n%s", code, g, w)
			}
		}
	}
}

// shape writes the trees of a cell.
func shape(t *testing.T, c *Cell) string {
	var b strings.Builder
	for _, d := range c.Decls.Decls {
		if err := format.Node(&b, token.NewFileSet(), d); err != nil {
			t.Fatal(err)
		}
		b.WriteString("\n")
	}
	for _, s := range c.Body {
		if err := format.Node(&b, token.NewFileSet(), s); err != nil {
			t.Fatal(err)
		}
		b.WriteString("\n")
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct {
		code string
		line int
		want string
	}{
		{"x := (1", 1, "( is never closed"},
		{"x := 1\n}", 2, "unexpected }"},
		{"x := [1)", 1, "unexpected ), expected ]"},
		{"a b c", 1, "expected"},
		{"x := 'abc'", 1, "rune literal"},
		{"func f( {\n}", 1, "( is never closed"},
		{"package foo", 1, "package main"},
		{"x := 1\ny = = 2", 2, "expected operand"},
	} {
		_, errs := Parse(token.NewFileSet(), "cell", tt.code)
		if len(errs) == 0 {
			t.Errorf("%q: no error", tt.code)
			continue
		}
		e := errs[0]
		if line := 1 + strings.Count(tt.code[:e.Offset], "\n"); line != tt.line || !strings.Contains(e.Msg, tt.want) {
			t.Errorf("%q: line %d: %s", tt.code, line, e.Msg)
		}
	}
}

func TestIsComplete(t *testing.T) {
	for _, tt := range []struct{ code, status, indent string }{
		{"x := 1", "complete", ""},
		{"", "complete", ""},
		{"for i := range 3 {", "incomplete", "\t"},
		{"for i := range 3 {\n\tif x {\n", "incomplete", "\t\t"},
		{"f(func() {", "incomplete", "\t"},
		{"x +", "incomplete", "\t"},
		{"x := `abc", "incomplete", ""},
		{"/* hm", "incomplete", ""},
		{"x := 1)", "invalid", ""},
		{"a b", "invalid", ""},
		{"x := \"abc", "invalid", ""},
		{"func f() {\n}\n", "complete", ""},
		{"xs := []int{1,\n", "incomplete", "\t"},
	} {
		status, indent := IsComplete(tt.code)
		if status != tt.status || indent != tt.indent {
			t.Errorf("%q: %s %q, want %s %q", tt.code, status, indent, tt.status, tt.indent)
		}
	}
}

// FuzzParse checks that no text makes the splitter fail, that its pieces are in order, lie in the text and leave nothing out but comments, space
// and semicolons, and that errors point into it.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"x := 1", "func f() {}\nf()", "import \"a\"; a.B()", "x := `a\r\nb`;", "L: x := 1", "type (A int; B string)\nvar c A", "func (", "}{", "\xff", "/*", "package main\nfunc main() {}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, code string) {
		pieces, bad := Cut(code)
		at := 0
		left := []byte(code)
		for _, p := range pieces {
			if p.Start < at || p.End < p.Start || p.End > len(code) {
				t.Fatalf("piece %+v after %d in a text of %d bytes", p, at, len(code))
			}
			at = p.End
			blank(left, p.Start, p.End)
		}
		sound := bad == nil && len(lex(code).errors) == 0
		for _, tok := range lex(string(left)).toks {
			if sound && tok.tok != token.SEMICOLON {
				t.Fatalf("%q at %d is in no piece", tok.lit, tok.off)
			}
		}
		c, errs := Parse(token.NewFileSet(), "cell", code)
		if (c == nil) != (len(errs) > 0) {
			t.Fatalf("cell %v and %d errors", c != nil, len(errs))
		}
		for _, e := range errs {
			if e.Offset < 0 || e.Offset > len(code) {
				t.Fatalf("error at %d of %d", e.Offset, len(code))
			}
		}
		IsComplete(code)
	})
}
