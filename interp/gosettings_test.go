package interp_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"poolbook/interp"
)

// files writes a tree of files into the working directory.
func files(t *testing.T, tree map[string]string) {
	t.Helper()
	for name, text := range tree {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// TestGoSettings runs programs, and cells in their folders, under what users tell the go command: go.work, vendor folders and GOFLAGS
// decide as they do for go run.
func TestGoSettings(t *testing.T) {
	main := func(path string) string {
		return fmt.Sprintf("package main\n\nimport p %q\n\nfunc main() { println(p.Say()) }\n", path)
	}
	lib := func(says string) string { return fmt.Sprintf("package lib\n\nfunc Say() string { return %q }\n", says) }
	const mod = "\n\ngo 1.21\n"
	workspace := map[string]string{
		"go.work":       "go 1.21\n\nuse (\n\t./prog\n\t./lib\n)\n\nreplace w.test/far => ./away\n",
		"prog/go.mod":   "module w.test/prog" + mod + "\nrequire w.test/far v1.0.0\n",
		"prog/main.go":  main("w.test/lib"),
		"lib/go.mod":    "module w.test/lib" + mod + "\nrequire w.test/far v1.0.0\n",
		"lib/lib.go":    "package lib\n\nimport \"w.test/far\"\n\nfunc Say() string { return \"of the workspace, \" + far.Say() }\n",
		"away/go.mod":   "module w.test/far" + mod,
		"away/away.go":  "package far\n\nfunc Say() string { return \"replaced\" }\n",
		"other/go.mod":  "module w.test/lib" + mod,
		"other/lib.go":  lib("of the other workspace"),
		"other.work":    "go 1.21\n\nuse ./prog\nuse ./other\nreplace w.test/far => ./away\n",
		"prog/x/x.ipyn": "",
	}
	vendored := map[string]string{
		"go.mod":                           "module v.test/v" + mod + "\nrequire example.org/words v0.1.0\n",
		"main.go":                          "package main\n\nimport \"example.org/words\"\n\nfunc main() { println(words.Hello) }\n",
		"sub/sub.go":                       "package sub\n\nimport \"example.org/words\"\n\nfunc Say() string { return words.Hello }\n",
		"vendor/modules.txt":               "# example.org/words v0.1.0\n## explicit\nexample.org/words\n",
		"vendor/example.org/words/ours.go": "package words\n\nvar Hello = \"vendored\"\n",
	}
	tagged := map[string]string{
		"go.mod":          "module g.test/g" + mod,
		"main.go":         main("g.test/g/lib"),
		"lib/off.go":      "//go:build !loud && !very\n\n" + lib("quiet"),
		"lib/on.go":       "//go:build loud && !very\n\n" + lib("loud"),
		"lib/very.go":     "//go:build very && loud\n\n" + lib("very loud"),
		"lib/none.go":     "//go:build very && !loud\n\n" + lib("very"),
		"x_loud.go":       "//go:build loud\n\npackage main\n\nfunc init() { println(\"a file of the program\") }\n",
		"alt.mod":         "module g.test/alternative" + mod,
		"lib/private.txt": "",
	}
	for _, c := range []struct {
		name    string
		tree    map[string]string
		dir     string
		env     map[string]string
		imports string // what a cell in dir imports
	}{
		{"a workspace", workspace, "prog", nil, "w.test/lib"},
		{"another one by GOWORK", workspace, "prog", map[string]string{"GOWORK": "$DIR/other.work"}, "w.test/lib"},
		{"none", workspace, "prog", map[string]string{"GOWORK": "off"}, "w.test/lib"},
		{"a vendor folder", vendored, ".", nil, "v.test/v/sub"},
		{"a vendor folder that does not count", vendored, ".", map[string]string{"GOFLAGS": "-modcacherw -mod=mod"}, "v.test/v/sub"},
		{"one that GOFLAGS asks for", vendored, ".", map[string]string{"GOFLAGS": "-mod=vendor"}, "v.test/v/sub"},
		{"no tags", tagged, ".", nil, "g.test/g/lib"},
		{"a tag", tagged, ".", map[string]string{"GOFLAGS": "-tags=loud"}, "g.test/g/lib"},
		{"two tags", tagged, ".", map[string]string{"GOFLAGS": "-mod=mod '-tags=loud very'"}, "g.test/g/lib"},
		{"the last of two lists", tagged, ".", map[string]string{"GOFLAGS": "-tags=loud  --tags=very"}, "g.test/g/lib"},
		{"another go.mod", tagged, ".", map[string]string{"GOFLAGS": "-modfile=alt.mod"}, "g.test/g/lib"},
		{"tags by go env -w", tagged, ".", map[string]string{"GOENV": "$DIR/env", "GOFLAGS": ""}, "g.test/g/lib"},
	} {
		t.Run(c.name, func(t *testing.T) {
			proxy(t, testModules)
			files(t, c.tree)
			files(t, map[string]string{"env": "GOFLAGS=-tags=very,loud\nGOPRIVATE=x.test\n"})
			root, err := os.Getwd()
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range c.env {
				t.Setenv(k, strings.ReplaceAll(v, "$DIR", root))
			}
			t.Chdir(filepath.Join(root, c.dir))
			cmd := exec.Command("go", "run", ".")
			var said bytes.Buffer
			cmd.Stderr = &said
			failed := cmd.Run() != nil
			before := snapshot(t, root)

			out := &output{}
			var names []string
			list := exec.Command("go", "list", "-e", "-f", "{{range .GoFiles}}{{.}} {{end}}", ".")
			chosen, err := list.Output()
			if err != nil {
				t.Fatal(err)
			}
			names = strings.Fields(string(chosen))
			if tags := interp.BuildTags(); c.env["GOENV"] != "" && fmt.Sprint(tags) != "[very loud]" {
				t.Errorf("the tags are %v", tags)
			}
			code, err := newSession(t).RunProgram(context.Background(), names, nil, interp.Stdio{Package: true, Stdout: out, Stderr: out})
			if failed != (code != 0 || err != nil) || !failed && lastLine(out.String()) != lastLine(said.String()) {
				t.Errorf("the program gives %d, %v, %q, and go run (failed: %t)\n%s", code, err, out, failed, said.String())
			}
			r, err := newSession(t).Run(context.Background(), interp.Cell{Number: 1, Code: fmt.Sprintf("import p %q\np.Say()", c.imports)})
			if failed != (err != nil) {
				t.Fatalf("the cell: %v, and go run (failed: %t)\n%s", err, failed, said.String())
			}
			if !failed && !strings.Contains(said.String(), r.Value.String()) {
				t.Errorf("the cell says %q, and go run %q", r.Value, said.String())
			}
			if after := snapshot(t, root); after != before {
				t.Errorf("the user's files have changed:\n%s\nwere\n%s", after, before)
			}
		})
	}
}

// lastLine is what is said behind the news of the go command.
func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// snapshot is what the files of a folder say that the go command writes.
func snapshot(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		fmt.Fprintf(&b, "%s %q\n", name, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGetInWorkspace adds a module in a workspace, whose files stay as they are, and goes on with its packages after a change of go.work and
// %reset.
func TestGetInWorkspace(t *testing.T) {
	proxy(t, testModules)
	files(t, map[string]string{
		"go.work":      "go 1.21\n\nuse ./a\n",
		"a/go.mod":     "module w.test/a\n\ngo 1.21\n",
		"a/a.go":       "package a\n\nconst A = \"a\"\n",
		"b/go.mod":     "module w.test/b\n\ngo 1.21\n",
		"b/b.go":       "package b\n\nconst B = \"b\"\n",
		"notes/nb.txt": "",
	})
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, root)
	t.Chdir("notes")
	s := newSession(t)
	mustRun(t, s, 1, "%get example.org/greet@v1.2.0")
	if got := mustRun(t, s, 2, "import (\n\t\"example.org/greet\"\n\t\"w.test/a\"\n)\ngreet.Hello().Text + a.A").Value.String(); got != "hello world!a" {
		t.Errorf("got %q", got)
	}
	if after := snapshot(t, root); after != before {
		t.Errorf("the workspace has changed:\n%s\nwas\n%s", after, before)
	}
	if _, err := s.Run(context.Background(), interp.Cell{Number: 3, Code: "import \"w.test/b\"\nb.B"}); err == nil {
		t.Error("a module that is not in the workspace can be imported")
	}
	files(t, map[string]string{"../go.work": "go 1.21\n\nuse ./a\nuse ./b\n"})
	mustRun(t, s, 4, "%reset")
	if got := mustRun(t, s, 5, "import (\n\t\"example.org/greet\"\n\t\"w.test/b\"\n)\ngreet.Hello().Text + b.B").Value.String(); got != "hello world!b" {
		t.Errorf("got %q", got)
	}
}

// TestEditedPackage edits packages under a replace: cells keep what they have imported until %reset, and so does another process that gets a function
// of theirs, whatever the files say by then.
func TestEditedPackage(t *testing.T) {
	proxy(t, testModules)
	edit := func(says, kept string) {
		files(t, map[string]string{"lib/lib.go": fmt.Sprintf("package lib\n\ntype T struct{ Text %s }\n\nfunc Say() string { return %q }\n", kept, says)})
	}
	files(t, map[string]string{
		"go.mod":     "module n.test/n\n\ngo 1.21\n\nrequire (\n\tn.test/lib v1.0.0\n\texample.org/words v0.1.0\n)\n\nreplace n.test/lib => ./lib\n",
		"lib/go.mod": "module n.test/lib\n\ngo 1.21\n",
		"over/o.go":  "package over\n\nimport \"n.test/lib\"\n\nvar Count int\n\nfunc Say() string { Count++; return \"over \" + lib.Say() }\n",
		"apart/a.go": "package apart\n\nimport \"example.org/words\"\n\nvar Count int\n\nfunc Say() string { Count++; return words.Hello }\n",
		"data.txt":   "",
	})
	edit("first", "string")
	s, other := newSession(t), newSession(t)
	n := 0
	run := func(code string) interp.Result {
		t.Helper()
		n++
		return mustRun(t, s, n, code)
	}
	const imports = "import (\n\t\"n.test/lib\"\n\t\"n.test/n/over\"\n\t\"n.test/n/apart\"\n)\n"
	const say = "fmt.Sprint(lib.Say(), \", \", over.Say(), \", \", reflect.TypeFor[lib.T]().Field(0).Type, \" \", over.Count, \" \", apart.Say(), apart.Count)"
	want := func(code, want string) {
		t.Helper()
		if got := run(code).Value.String(); got != want {
			t.Errorf("cell %d says %q, want %q", n, got, want)
		}
	}
	elsewhere := func(to *interp.Session, want string) {
		t.Helper()
		_, l := send(t, s, to, run("func() string { return over.Say() + fmt.Sprintf(\"%T\", lib.T{}.Text) }").Value)
		got, err := l.Call(context.Background(), nil)
		if err != nil || got[0].String() != want {
			t.Errorf("another process says %v, %v, want %q", got, err, want)
		}
	}
	want(imports+say, "first, over first, string 1 hello1")
	elsewhere(other, "over firststring")
	edit("second", "int")
	want(imports+say, "first, over first, string 2 hello2")
	elsewhere(newSession(t), "over firststring")
	run("%reset")
	want(imports+say, "second, over second, int 1 hello3")
	elsewhere(other, "over secondint")
	elsewhere(newSession(t), "over secondint")
	run("%reset") // nothing is new: variables of packages stay
	want(imports+say, "second, over second, int 2 hello4")

	// Another version, a file that is new, and one that does not compile until it is mended.
	files(t, map[string]string{"lib/more.go": "package lib\n\nfunc More() string { return undefined }\n"})
	run("%reset")
	if _, err := s.Run(context.Background(), interp.Cell{Number: 90, Code: "import \"n.test/lib\"\nlib.More()"}); err == nil || !strings.Contains(err.Error(), "undefined") {
		t.Errorf("a file with a mistake: %v", err)
	}
	files(t, map[string]string{"lib/more.go": "package lib\n\nfunc More() string { return \"more\" }\n"})
	n = 100
	run("%reset")
	want("import (\n\t\"n.test/lib\"\n\t\"n.test/n/apart\"\n)\nlib.More() + fmt.Sprint(apart.Count)", "more4")
	run("%get example.org/words@v0.2.0")
	want(imports+say, "second, over second, int 1 hello5")
	run("%reset")
	want(imports+say, "second, over second, int 2 hi1")
}
