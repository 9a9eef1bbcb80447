package interp_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"poolbook/interp"
)

// proxy serves modules from files: nothing here needs a network.
func proxy(t *testing.T, modules map[string]map[string]string) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("modules are fetched by the go command, which is not there: ", err)
	}
	root := t.TempDir()
	for at, files := range modules {
		path, version, _ := strings.Cut(at, "@")
		dir := filepath.Join(root, filepath.FromSlash(path), "@v")
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for name, text := range files {
			w, err := z.Create(at + "/" + name)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(w, text)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string]string{"list": version + "\n", version + ".info": fmt.Sprintf(`{"Version":%q,"Time":"2024-01-01T00:00:00Z"}`, version), version + ".mod": files["go.mod"], version + ".zip": b.String()} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Setenv("GOPROXY", "file://"+filepath.ToSlash(root))
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOFLAGS", "-modcacherw")
	t.Setenv("GOSUMDB", "off")
	t.Chdir(t.TempDir())
}

var testModules = map[string]map[string]string{
	"example.org/greet@v1.2.0": {
		"go.mod":                "module example.org/greet\n\ngo 1.20\n\nrequire example.org/words v0.1.0\n",
		"greet.go":              "package greet\n\nimport (\n\t_ \"embed\"\n\t\"example.org/greet/internal/mark\"\n\t\"example.org/words\"\n)\n\n//go:embed name.txt\nvar name string\n\n//go:embed name.txt\nvar raw []byte\n\ntype Greeting struct{ Text string }\n\nfunc (g Greeting) String() string { return g.Text + mark.Mark }\n\nfunc Hello() Greeting { return Greeting{words.Hello + \" \" + name + platform} }\n\nfunc Size() int { return len(raw) }\n\n// Loop has one variable for all rounds, as before Go 1.22.\nfunc Loop() (n int) {\n\tvar fs []func() int\n\tfor i := 0; i < 3; i++ {\n\t\tfs = append(fs, func() int { return i })\n\t}\n\tfor _, f := range fs {\n\t\tn += f()\n\t}\n\treturn n\n}\n",
		"pure.go":               "//go:build purego\n\npackage greet\n\nconst platform = \"!\"\n",
		"asm.go":                "//go:build !purego\n\npackage greet\n\nconst platform = \"?\"\n",
		"tree.go":               "package greet\n\nimport \"embed\"\n\n//go:embed name.txt data\n//go:embed \"data/_c.txt\"\nvar Tree embed.FS\n",
		"machine/machine.go":    "package machine\n\nfunc F() { asm() }\n",
		"machine/asm.s":         "TEXT ·asm(SB), 4, $0-0\n\tRET\n",
		"deep/deep.go":          "package deep\n\nimport _ \"example.org/greet/deeper\"\n",
		"deeper/deeper.go":      "package deeper\n\nimport _ \"example.org/greet/native\"\n",
		"bad/bad.go":            "package bad\n\nimport \"embed\"\n\n//go:embed *.png\nvar Tree embed.FS\n",
		"name.txt":              "world",
		"data/a.txt":            "A",
		"data/.b.txt":           "B",
		"data/_c.txt":           "C",
		"data/d/e.txt":          "E",
		"internal/mark/mark.go": "package mark\n\nconst Mark = \".\"\n",
		"fast/fast.go":          "package fast\n\nfunc Sum(n int) int\n",
		"fast/fast.s":           "TEXT ·Sum(SB), 4, $0-16\n\tRET\n",
		"half/half.go":          "package half\n\nconst Version = 1\n",
		"half/c.go":             "package half\n\n// #include <stdio.h>\nimport \"C\"\n\nfunc Print() {}\n",
		"broken/broken.go":      "package broken\n\nimport \"example.org/greet/broken/sub\"\n\nvar X = sub.X\n",
		"broken/sub/sub.go":     "package sub\n\nvar X = 3\n\nfunc init() { panic(\"no such machine\") }\n",
		"tool/main.go":          "package main\n\nfunc main() {}\n",
		"native/native.go":      "package native\n\n// #include <stdio.h>\nimport \"C\"\n\nfunc F() {}\n",
	},
	"example.org/words@v0.2.0": {"go.mod": "module example.org/words\n", "words.go": "package words\n\nvar Hello = \"hi\"\n"},
	"example.org/words@v0.1.0": {"go.mod": "module example.org/words\n", "words.go": "package words\n\nvar Hello = \"hello\"\n"},
}

func TestGet(t *testing.T) {
	proxy(t, testModules)
	s := newSession(t)
	run := func(code string) (interp.Result, string, error) {
		out := &output{}
		res, err := s.Run(context.Background(), interp.Cell{Number: 1, Code: code, Stdout: out, Stderr: out})
		return res, out.String(), err
	}
	if _, _, err := run("import \"example.org/greet\"\ngreet.Hello()"); err == nil || !strings.Contains(err.Error(), "%get example.org/greet@latest") {
		t.Errorf("an import without %%get: %v", err)
	}
	if _, out, err := run("%get example.org/greet@v1.2.0"); err != nil || !strings.Contains(out, "added example.org/greet v1.2.0") {
		t.Fatalf("%v\n%s", err, out)
	}
	res, _, err := run("import \"example.org/greet\"\nfmt.Sprint(greet.Hello(), []any{greet.Hello()}, greet.Size(), greet.Loop())")
	if err != nil {
		t.Fatal(err)
	}
	if got := res.Value.String(); got != "hello world!. [hello world!.] 5 9" {
		t.Errorf("got %q", got)
	}
	res, _, err = run(`var names []string
err := fs.WalkDir(greet.Tree, ".", func(name string, d fs.DirEntry, err error) error { names = append(names, name+" "+strconv.FormatBool(d.IsDir())); return err })
text, err2 := greet.Tree.ReadFile("data/d/e.txt")
fmt.Sprintln(names, err, string(text), err2)`)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := res.Value.String(), "[. true data true data/_c.txt false data/a.txt false data/d true data/d/e.txt false name.txt false] <nil> E <nil>\n"; got != want {
		t.Errorf("the embedded files are %s, want %s", got, want)
	}
	for code, want := range map[string]string{
		"import \"example.org/greet/deep\"":                     "package \"example.org/greet/deep\" cannot be imported: it needs \"example.org/greet/native\": it needs cgo",
		"import \"example.org/greet/machine\"\nmachine.F()":     "a part of it is assembly, which cannot be interpreted (",
		"import \"example.org/greet/bad\"\nbad.Tree":            "//go:embed *.png matches no files",
		"%get example.org/nothing@v1.0.0":                       "no such module",
		"%get example.org/greet@v9.0.0":                         "no such module or version",
		"%get":                                                  "needs a module",
		"%get -x":                                               "takes modules, and no flags",
		"%get example.org/greet@1.2.0":                          "versions begin with v",
		"%get https://example.org/greet":                        "leave out the https://",
		"x := 1\n%get example.org/greet":                        "come first in a cell",
		"import \"example.org/greet/tool\"":                     "it is a program",
		"import \"example.org/greet/half\"\nhalf.Print()":       "part of the package needs cgo",
		"import \"example.org/greet/internal/mark\"\nmark.Mark": "internal to other packages",
		"import \"example.org/greet/nothere\"\nnothere.X":       "example.org/greet/nothere",
		"import \"example.org/greet/native\"\nnative.F()":       "native.go",
		"import \"example.org/greet/fast\"\nfast.Sum(1)":        "fast.Sum: it has no Go code (example.org/greet/fast/fast.go:3:6)",
		"import \"example.org/other\"\nother.X":                 "%get example.org/other@latest",
	} {
		if _, _, err := run(code); err == nil || !strings.Contains(strings.Join(interp.Traceback(err), "\n"), want) {
			t.Errorf("%q: %v, want %q", code, err, want)
		}
	}
	if _, _, err := run("greet.Hello()"); err != nil {
		t.Errorf("after the errors: %v", err)
	}
	if _, out, err := run("%get example.org/words@v0.2.0"); err != nil || !strings.Contains(out, "example.org/words stays at v0.1.0") {
		t.Errorf("another version: %v, %q", err, out)
	}
	if _, out, err := run("%get example.org/greet@v1.2.0, example.org/words@v0.2.0"); err != nil || strings.Contains(out, "stays at") {
		t.Errorf("it is told again: %v, %q", err, out)
	}
	const broken = "import \"example.org/greet/broken\"\nbroken.X"
	for range 2 { // each time that it is imported
		if _, _, err := run(broken); err == nil || !strings.Contains(err.Error(), "no such machine") || !strings.Contains(err.Error(), "in package example.org/greet/broken/sub") {
			t.Errorf("a package whose init function panics: %v", err)
		}
		if res, _, err := run("1 + 1"); err != nil || res.Value.Int() != 2 {
			t.Errorf("the cell after it: %v", err)
		}
	}
	// Another process gets the places of the packages with the unit; it needs no go command.
	fn, _, err := run("func() (string, greet.Greeting) { return greet.Hello().String(), greet.Hello() }")
	if err != nil {
		t.Fatal(err)
	}
	to := newSession(t)
	_, l := send(t, s, to, fn.Value)
	t.Setenv("PATH", "")
	got, err := l.Call(context.Background(), []reflect.Value{})
	if err != nil || got[0].String() != "hello world!." {
		t.Errorf("in the other session: %v, %v", got, err)
	}
	name, err := s.TypeName(fn.Value.Type().Out(1))
	if err != nil {
		t.Fatal(err)
	}
	if typ, err := to.TypeByName(name); err != nil || typ != got[1].Type() {
		t.Errorf("%s in the other session: %v, %v", name, typ, err)
	}
	s = newSession(t)
	if _, _, err := run("%get example.org/greet@v1.2.0"); err == nil || !strings.Contains(err.Error(), "no go command") {
		t.Errorf("without a go command: %v", err)
	}
}

func TestGetWithoutNetwork(t *testing.T) {
	proxy(t, nil)
	t.Setenv("GOPROXY", "off")
	s := newSession(t)
	_, err := s.Run(context.Background(), interp.Cell{Number: 1, Code: "%get example.org/greet@v1.2.0"})
	var ce *interp.CompileError
	if !errors.As(err, &ce) || !strings.Contains(ce.Diagnostics[0].Hint, "cannot be reached") {
		t.Errorf("got %v", err)
	}
}

// TestGoModMistake has a go.mod beside the cells that cannot be read, until it is mended.
func TestGoModMistake(t *testing.T) {
	proxy(t, testModules)
	s := newSession(t)
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("go.mod", []byte("module nb\n\nrequire example.org/words oops\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"import \"example.org/words\"\nwords.Hello", "%get example.org/words"} {
		_, err := s.Run(context.Background(), interp.Cell{Number: 1, Code: code})
		if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "go.mod")+":3: ") || !strings.Contains(err.Error(), "mend that file") {
			t.Errorf("%q: %v", code, err)
		}
	}
	if err := os.WriteFile("go.mod", []byte("module nb\n\nrequire example.org/words v0.1.0\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Run(context.Background(), interp.Cell{Number: 2, Code: "import \"example.org/words\"\nwords.Hello"}); err != nil || r.Value.String() != "hello" {
		t.Errorf("the mended file: %v", err)
	}
}

// TestModuleBeside runs cells and a program in the folder of a module: its packages and what it requires are there, and
// %get leaves its go.mod alone.
func TestModuleBeside(t *testing.T) {
	proxy(t, testModules)
	gomod := "module mine.test/tools\n\ngo 1.26\n\nrequire example.org/words v0.1.0\n"
	for name, text := range map[string]string{"go.mod": gomod, "lib/lib.go": "package lib\n\nimport \"example.org/words\"\n\nfunc Hi() string { return words.Hello }\n",
		"internal/x/x.go": "package x\n\nconst X = 3\n", "main.go": "package main\n\nimport \"mine.test/tools/lib\"\n\nfunc main() { println(lib.Hi()) }\n"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s := newSession(t)
	if got := mustRun(t, s, 1, "import (\n\t\"mine.test/tools/lib\"\n\t\"mine.test/tools/internal/x\"\n)\nfmt.Sprint(lib.Hi(), x.X)").Value.String(); got != "hello3" {
		t.Errorf("got %q", got)
	}
	mustRun(t, s, 2, "%get example.org/greet@v1.2.0")
	if got := mustRun(t, s, 3, "import \"example.org/greet\"\ngreet.Hello().Text").Value.String(); got != "hello world!" {
		t.Errorf("got %q", got)
	}
	if data, err := os.ReadFile("go.mod"); err != nil || string(data) != gomod {
		t.Errorf("go.mod has become %q, %v", data, err)
	}
	out := &output{}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	files(t, map[string]string{"notes/deep/a.txt": "", "notes/deep/main.go": "package main\n\nimport \"mine.test/tools/internal/x\"\n\nfunc main() { println(x.X) }\n"})
	t.Chdir("notes/deep") // the go.mod of a folder above counts
	if got := mustRun(t, newSession(t), 1, "import (\n\t\"mine.test/tools/lib\"\n\t\"mine.test/tools/internal/x\"\n)\nfmt.Sprint(lib.Hi(), x.X)").Value.String(); got != "hello3" {
		t.Errorf("in a folder of the module, %q", got)
	}
	if code, err := newSession(t).RunProgram(context.Background(), []string{"main.go"}, nil, interp.Stdio{Stdout: out, Stderr: out}); code != 0 || err != nil || !strings.HasSuffix(out.String(), "3\n") {
		t.Errorf("a program in a folder of the module: %d, %v, %q", code, err, out)
	}
	t.Chdir(t.TempDir()) // a program's module is that of its folder
	if code, err := newSession(t).RunProgram(context.Background(), []string{filepath.Join(dir, "main.go")}, nil, interp.Stdio{Stdout: out, Stderr: out}); code != 0 || err != nil || !strings.HasSuffix(out.String(), "hello\n") {
		t.Errorf("a program: %d, %v, %q", code, err, out)
	}
}
