package vm_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"poolbook/interp/internal/vm"
)

var update = flag.Bool("update", false, "write what the cases of testdata print into them")

// TestCases runs the programs of testdata/*.txtar. A file name.go is a program;
// name.out is what it prints, and after "error: " how it ends when not well.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := make(map[string]string)
			for _, f := range a.Files {
				want[f.Name] = string(f.Data)
			}
			var res txtar.Archive
			res.Comment = a.Comment
			for _, f := range a.Files {
				name, ok := strings.CutSuffix(f.Name, ".go")
				if !ok {
					continue
				}
				t.Run(name, func(t *testing.T) {
					var got string
					for _, j := range []vm.JIT{vm.JITNever, vm.JITUsual, vm.JITEager} {
						vm.SetJIT(t, j)
						got = runCase(t, string(f.Data))
						if !*update && got != want[name+".out"] {
							t.Errorf("machine code %v: got:\n%s\nwant:\n%s", j, got, want[name+".out"])
						}
					}
					res.Files = append(res.Files, f, txtar.File{Name: name + ".out", Data: []byte(got)})
				})
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(&res), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func runCase(t *testing.T, src string) string {
	if !strings.HasPrefix(src, "package") {
		src = "package main\n" + src
	}
	p, err := load(src)
	if err != nil {
		t.Fatal(err)
	}
	out, errw, err := p.run(t.Context())
	out += errw
	if err != nil {
		out += "error: " + err.Error() + "\n"
	}
	return out
}
