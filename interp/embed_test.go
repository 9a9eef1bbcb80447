package interp_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"poolbook/interp"
)

// TestEmbed holds that //go:embed does in cells, from the working directory, and in programs, from their folder, what it does in packages.
func TestEmbed(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.txt": "hello", "data/b.txt": "of b", "data/_c.txt": "hidden"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	main := filepath.Join(dir, "main.go")
	if err := os.WriteFile(main, []byte(`package main

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed a.txt
var text string

var (
	n int
	//go:embed "data/b.txt"
	raw []byte
)

// A comment, and a blank line:
//go:embed a.txt data

// are no hindrance.
var tree embed.FS

func main() {
	names, err := fs.Glob(tree, "*/*")
	fmt.Println(text, string(raw), names, err, n)
}
`), 0o666); err != nil {
		t.Fatal(err)
	}
	out := &output{}
	if code, err := newSession(t).RunProgram(t.Context(), []string{main}, nil, interp.Stdio{Stdout: out, Stderr: out}); code != 0 || err != nil || out.String() != "hello of b [data/b.txt] <nil> 0\n" {
		t.Errorf("a program: %q, %d, %v", out.String(), code, err)
	}

	t.Chdir(dir)
	s := newSession(t)
	for i, tt := range []struct{ code, want string }{
		{"//go:embed a.txt\nvar a string\na", "hello"},
		{"func f() {}\n\n//go:embed data\n\nvar tree embed.FS; var z int\nb, _ := tree.ReadFile(\"data/b.txt\")\nstring(b)", "of b"},
		{"var (\n\t//go:embed a.txt\n\tq []byte\n)\nstring(q)", "hello"},
		{"a + string(q)", "hellohello"},
		{"//go:embed nope\nvar c string", "//go:embed nope matches no files"},
		{"//go:embed a.txt\nc := 1", "misplaced"},
		{"//go:embed a.txt\nfunc g() {}\nvar c string", "misplaced"},
		{"func g() {\n\t//go:embed a.txt\n\tvar c string\n\t_ = c\n}", "misplaced"},
		{"//go:embed a.txt\nvar c, d string", "multiple vars"},
		{"//go:embed a.txt\nvar c string = \"x\"", "with initializer"},
		{"//go:embed data\nvar c string\nc", "of b"},
		{"//go:embed a.txt data\nvar c string\nc", "of 2 files in c"},
	} {
		res, err := s.Run(t.Context(), interp.Cell{Number: i + 1, Code: tt.code})
		got := ""
		if err != nil {
			got = err.Error()
		} else if res.Value.IsValid() {
			got = res.Value.String()
		}
		if !strings.Contains(got, tt.want) || err == nil && got != tt.want {
			t.Errorf("%s\ngot %q, want %q", tt.code, got, tt.want)
		}
	}
}
