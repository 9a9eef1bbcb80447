package rtype_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/bridge"
	"poolbook/interp/internal/check/stdlib"
	"poolbook/interp/internal/goabi"
	"poolbook/interp/internal/rtype"
	"poolbook/interp/internal/vm"
)

var update = flag.Bool("update", false, "write what the Go compiler's programs print into testdata")

// The programs of testdata hand values of their own types to compiled code: what they print in the machine must be what
// they print when compiled, which the .out files hold.
func TestCompiledCodeSeesValues(t *testing.T) {
	files, err := filepath.Glob("testdata/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no programs", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".go"), func(t *testing.T) {
			name := strings.TrimSuffix(file, ".go")
			outFile := name + "_" + goabi.Language + ".out" // what this release prints, where that is not the same in all
			if *update {
				out, err := exec.Command("go", "run", file).CombinedOutput()
				if err != nil {
					t.Fatalf("go run: %v\n%s", err, out)
				}
				if old, err := os.ReadFile(name + ".out"); err != nil {
					outFile = name + ".out"
				} else if bytes.Equal(old, out) {
					outFile = os.DevNull
				}
				if err := os.WriteFile(outFile, out, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(outFile)
			if errors.Is(err, fs.ErrNotExist) || outFile == os.DevNull {
				want, err = os.ReadFile(name + ".out")
			}
			if err != nil {
				t.Fatal(err)
			}
			got := interpret(t, file)
			if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
				t.Errorf("compiled (-) and interpreted (+) differ:\n%s", d)
			}
		})
	}
}

// interpret runs a program in a machine and returns what it prints.
func interpret(t *testing.T, file string) string {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	set := bridge.New()
	imp := stdlib.New(stdlib.Config{Bridge: set, Fset: fset})
	info := &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue), Defs: make(map[*ast.Ident]types.Object), Uses: make(map[*ast.Ident]types.Object),
		Implicits: make(map[ast.Node]types.Object), Instances: make(map[*ast.Ident]types.Instance), Scopes: make(map[ast.Node]*types.Scope),
		Selections: make(map[*ast.SelectorExpr]*types.Selection), FileVersions: make(map[*ast.File]string),
	}
	pkg, err := (&types.Config{Importer: imp}).Check("main", fset, []*ast.File{f}, info)
	if err != nil {
		t.Fatal(err)
	}
	prog := ssa.NewProgram(fset, ssa.InstantiateGenerics)
	imp.CreatePackages(prog)
	main := prog.CreatePackage(pkg, []*ast.File{f}, info, false)
	main.Build()
	var m *vm.Machine
	table := rtype.New(rtype.Config{
		Compiled: set.Type,
		Import:   imp.Import,
		Method: func(recv types.Type, sel *types.Selection) func([]reflect.Value) []reflect.Value {
			return m.Method(recv, sel)
		},
		Func: func(recv types.Type, sel *types.Selection) reflect.Value { return m.MethodFunc(recv, sel) },
	})
	t.Cleanup(table.Close)
	m = vm.New(vm.Config{Types: table, Lookup: set.Lookup})
	// os.Stdout is a file of the process: the programs print to it, too.
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	saved := os.Stdout
	os.Stdout = w
	read := make(chan string)
	go func() {
		var b bytes.Buffer
		b.ReadFrom(r)
		read <- b.String()
	}()
	run := m.NewRun(context.Background(), vm.RunConfig{Stdout: w, Stderr: w})
	if _, err = run.Call(main.Func("init")); err == nil {
		_, err = run.Call(main.Func("main"))
	}
	run.Stop()
	run.Wait()
	os.Stdout = saved
	w.Close()
	out := <-read
	if err != nil {
		var p *vm.Panic
		if errors.As(err, &p) {
			for _, fr := range p.Stack {
				t.Logf("%s %v", fr.Name, fset.Position(fr.Pos))
			}
		}
		t.Errorf("%s: %v", file, err)
	}
	return out
}
