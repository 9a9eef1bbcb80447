package interp_test

import (
	"bytes"
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"go/version"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"poolbook/interp"
)

// TestPrograms runs the programs of testdata/programs as files, and cut into cells with a declaration each: they must print what they do when
// compiled, which the .out files hold and -update writes. Archives named *_go1.N need the language of that release.
func TestPrograms(t *testing.T) {
	archives, err := filepath.Glob("testdata/programs/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no programs", err)
	}
	for _, archive := range archives {
		name := strings.TrimSuffix(filepath.Base(archive), ".txtar")
		t.Run(name, func(t *testing.T) {
			if _, since, ok := strings.Cut(name, "_go"); ok && version.Compare("go"+interp.Language, "go"+since) < 0 {
				t.Skipf("needs the language of Go %s", since)
			}
			a, err := txtar.ParseFile(archive)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				compileAll(t, a)
				if err := os.WriteFile(archive, txtar.Format(a), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			for i := 0; i+1 < len(a.Files); i += 2 {
				source, want := a.Files[i], string(a.Files[i+1].Data)
				t.Run(strings.TrimSuffix(source.Name, ".go"), func(t *testing.T) {
					if got := runFile(t, source); got != want {
						t.Errorf("as a file it prints\n%s, compiled\n%s", got, want)
					}
					if got := runCells(t, source); got != want {
						t.Errorf("in cells it prints\n%s, compiled\n%s", got, want)
					}
				})
			}
		})
	}
}

// compileAll writes what the programs of an archive print when compiled.
func compileAll(t *testing.T, a *txtar.Archive) {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i+1 < len(a.Files); i += 2 {
		file := filepath.Join(dir, a.Files[i].Name)
		if err := os.WriteFile(file, a.Files[i].Data, 0o666); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("go", "run", file).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", a.Files[i].Name, err, out)
		}
		a.Files[i+1].Data = out
	}
}

func runFile(t *testing.T, f txtar.File) string {
	file := filepath.Join(t.TempDir(), f.Name)
	if err := os.WriteFile(file, f.Data, 0o666); err != nil {
		t.Fatal(err)
	}
	var out output
	if code, err := newSession(t).RunProgram(context.Background(), []string{file}, nil, interp.Stdio{Stdout: &out, Stderr: &out}); code != 0 || err != nil {
		t.Errorf("as a file: exit code %d, %v", code, err)
	}
	return out.String()
}

// runCells runs each declaration of a program as a cell. The one that declares main calls it, so it comes last.
func runCells(t *testing.T, f txtar.File) string {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, f.Name, f.Data, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	text := func(n ast.Node) string {
		return string(bytes.TrimSpace(f.Data[fset.Position(n.Pos()).Offset:fset.Position(n.End()).Offset]))
	}
	var types, funcs, methods []string // what a cell mentions must be there before it
	main := ""
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			switch {
			case d.Recv == nil && d.Name.Name == "main":
				main = text(d)
			case d.Recv != nil:
				methods = append(methods, text(d))
			default:
				funcs = append(funcs, text(d))
			}
		default:
			types = append(types, text(d))
		}
	}
	s := newSession(t)
	var out output
	// Types may mention each other, and methods those that come later: each kind is one cell but methods, which get one each where they can.
	cells := append([]string{strings.Join(types, "\n")}, methods...)
	for n, code := range append(cells, append(funcs, main)...) {
		for try := n + 1; ; {
			_, err := s.Run(context.Background(), interp.Cell{Number: n + 1, Code: code, Stdout: &out, Stderr: &out})
			if err == nil {
				break
			}
			if rest := append(cells, append(funcs, main)...); strings.Contains(err.Error(), "undefined") && try < len(rest)-1 {
				code += "\n" + rest[try] // one cell with the next, which declares what this one needs
				try++
				continue
			}
			t.Errorf("cell %d: %v", n+1, err)
			break
		}
	}
	return out.String()
}

// TestStacks runs a program that looks at its calls, and compares what it prints with the same one compiled. Inlining, which names literals
// after the functions that it puts them into, is off.
func TestStacks(t *testing.T) {
	const file = "testdata/stacks/main.go"
	exe := filepath.Join(t.TempDir(), "stacks.exe")
	if out, err := exec.Command("go", "build", "-gcflags=-l", "-o", exe, file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	compiled, err := exec.Command(exe).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(string(compiled), "\n")
	if len(want) < 700 {
		t.Fatalf("compiled it prints %d lines only", len(want))
	}
	s := newSession(t)
	var out bytes.Buffer
	if code, err := s.RunProgram(context.Background(), []string{file}, nil, interp.Stdio{Stdout: &out, Stderr: &out}); code != 0 || err != nil {
		t.Fatalf("exit code %d: %v\n%s", code, err, &out)
	}
	of, differ := "", 0
	for i, got := range strings.Split(out.String(), "\n") {
		if after, ok := strings.CutPrefix(got, "-- "); ok {
			of = after
		}
		if i >= len(want) || got != want[i] {
			t.Errorf("line %d, %s: %q, compiled %q", i+1, of, got, want[min(i, len(want)-1)])
			if differ++; differ == 10 {
				t.FailNow()
			}
		}
	}
}
