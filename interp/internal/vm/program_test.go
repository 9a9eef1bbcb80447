package vm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"reflect"
	"strings"
	"sync"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/bridge"
	"poolbook/interp/internal/check/stdlib"
	"poolbook/interp/internal/goabi"
	"poolbook/interp/internal/rtype"
	"poolbook/interp/internal/vm"
)

// program is a Go program in a machine.
type program struct {
	m    *vm.Machine
	fset *token.FileSet
	main *ssa.Package
}

// lockedBuffer is output that several goroutines write.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// compileError is a fault of the program that the checker found.
type compileError struct{ errs []error }

func (e *compileError) Error() string { return errors.Join(e.errs...).Error() }

// load type-checks and builds a program of one file.
func load(src string) (*program, error) { return loadFile("main.go", src) }

func loadFile(name, src string) (*program, error) { return loadLimited(name, src, 0, nil) }

// loadLimited is loadFile with a limit of memory, on a system that has available left.
func loadLimited(name, src string, limit int64, available func() (free, total int64, ok bool)) (*program, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	set := bridge.New()
	imp := stdlib.New(stdlib.Config{Bridge: set, Fset: fset})
	info := &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue), Defs: make(map[*ast.Ident]types.Object), Uses: make(map[*ast.Ident]types.Object),
		Implicits: make(map[ast.Node]types.Object), Instances: make(map[*ast.Ident]types.Instance), Scopes: make(map[ast.Node]*types.Scope),
		Selections: make(map[*ast.SelectorExpr]*types.Selection), FileVersions: make(map[*ast.File]string),
	}
	var ce compileError
	conf := types.Config{Importer: imp, GoVersion: goabi.Language, Error: func(err error) { ce.errs = append(ce.errs, err) }}
	pkg, _ := conf.Check("main", fset, []*ast.File{file}, info)
	if len(ce.errs) > 0 {
		return nil, &ce
	}
	prog := ssa.NewProgram(fset, ssa.InstantiateGenerics)
	imp.CreatePackages(prog)
	main := prog.CreatePackage(pkg, []*ast.File{file}, info, false)
	main.Build()
	p := &program{fset: fset, main: main}
	table := rtype.New(rtype.Config{
		Compiled: set.Type,
		Method: func(recv types.Type, sel *types.Selection) func([]reflect.Value) []reflect.Value {
			return p.m.Method(recv, sel)
		},
		Import: imp.Import,
	})
	p.m = vm.New(vm.Config{Types: table, Lookup: set.Lookup, Instance: set.Instance, MemoryLimit: limit, AvailableMemory: available})
	return p, nil
}

// run runs the program's initialisation and main.
func (p *program) run(ctx context.Context) (stdout, stderr string, err error) {
	var out, errw lockedBuffer
	r := p.m.NewRun(ctx, vm.RunConfig{Stdout: &out, Stderr: &errw})
	if _, err = r.Call(p.main.Func("init")); err == nil {
		_, err = r.Call(p.main.Func("main"))
	}
	r.Stop()
	r.Wait()
	return out.String(), errw.String(), err
}

// trace writes the frames of an error.
func (p *program) trace(frames []vm.Frame) string {
	var s strings.Builder
	for _, f := range frames {
		fmt.Fprintf(&s, "\t%s %v\n", f.Name, p.fset.Position(f.Pos))
	}
	return s.String()
}
