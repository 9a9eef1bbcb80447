package interp

import (
	"encoding/json"
	"go/format"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFormat(t *testing.T) {
	for _, test := range []struct{ code, want string }{
		{"x:=1\ny  :=  2", "x := 1\ny := 2"},
		{"for i:=range 3{\n    fmt.Println(i)\n}", "for i := range 3 {\n\tfmt.Println(i)\n}"},
		{"%get example.com/x@v1\nimport  \"fmt\"\nfmt.Println( 1 )", "%get example.com/x@v1\nimport \"fmt\"\nfmt.Println(1)"},
		{"type T struct{\n  A int\n  Long string\n}\n\n\n// of T\nx:=T{}\nx.A;", "type T struct {\n\tA    int\n\tLong string\n}\n\n// of T\nx := T{}\nx.A;"},
		{"1+1 ;  // quiet", "1 + 1 ;  // quiet"},
		{"a:=1\na,  2", "a := 1\na,  2"},
		{"x := 1 // first\nfunc f( ){}\nf( )", "x := 1 // first\nfunc f() {}\nf()"},
		{"package main\nfunc main( ){}", "package main\n\nfunc main() {}\n"},
		{"// only a comment", "// only a comment"},
		{"", ""},
	} {
		got, err := Format(test.code)
		if err != nil || got != test.want {
			t.Errorf("%q is formatted as %q, want %q (%v)", test.code, got, test.want, err)
		}
	}
	for code, want := range map[string]string{
		"%get example.com/x@v1\n\nx := (": "line 3: ",
		"type T int; x := 1":              "share a line",
	} {
		if _, err := Format(code); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", code, err, want)
		}
	}
}

// tokens are the tokens of code but for those that stand for line ends and before brackets.
func tokens(code string) []string {
	var list []string
	file := token.NewFileSet().AddFile("", -1, len(code))
	var s scanner.Scanner
	s.Init(file, []byte(code), nil, scanner.ScanComments)
	for {
		_, tok, lit := s.Scan()
		switch tok {
		case token.EOF:
			return list
		case token.SEMICOLON, token.COMMA:
			continue
		}
		list = append(list, tok.String()+lit)
	}
}

// The cells of the tutorials: formatted they say the same, in the same way when it is done again, and what is a file or a list of statements
// for gofmt itself is as gofmt has it.
func TestFormatTutorials(t *testing.T) {
	files, err := filepath.Glob("../notebooks/*.ipynb")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	cells := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var nb struct {
			Cells []struct {
				Type   string `json:"cell_type"`
				Source any
			}
		}
		if err := json.Unmarshal(data, &nb); err != nil {
			t.Fatal(err)
		}
		for _, c := range nb.Cells {
			if c.Type != "code" {
				continue
			}
			code := ""
			switch s := c.Source.(type) {
			case string:
				code = s
			case []any:
				for _, line := range s {
					code += line.(string)
				}
			}
			// As one writes who does not care.
			rough := strings.ReplaceAll(code, "\t", "   ")
			once, err := Format(rough)
			if err != nil {
				continue // cells that show an error
			}
			cells++
			again, err := Format(once)
			if err != nil || again != once {
				t.Errorf("%s: formatted again it is another\n%s\n---\n%s (%v)", file, once, again, err)
			}
			_, plain := cutMagics(rough)
			_, formatted := cutMagics(once)
			if !slices.Equal(tokens(plain), tokens(formatted)) {
				t.Errorf("%s: formatted it says another thing\n%s\n---\n%s", file, rough, once)
			}
			if own, err := format.Source([]byte(rough)); err == nil && !strings.HasSuffix(strings.TrimSpace(code), ";") && strings.TrimSpace(string(own)) != strings.TrimSpace(once) {
				t.Errorf("%s: gofmt has\n%s\n---\n%s", file, own, once)
			}
		}
	}
	if cells < 50 {
		t.Errorf("only %d cells", cells)
	}
}
