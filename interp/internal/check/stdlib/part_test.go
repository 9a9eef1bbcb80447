package stdlib_test

import (
	"go/token"
	"go/types"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/check/stdlib"
	"poolbook/pool"
	"poolbook/pool/core"
)

const poolPath = "poolbook/pool"

func poolImporter() (*stdlib.Importer, *token.FileSet) {
	im, fset, set := newImporter(map[string]fs.FS{poolPath: pool.Source})
	set.Add("poolbook/pool/core", "core", core.Symbols())
	return im, fset
}

// declarations are the declarations of a package: each type with its methods, each function and variable.
func declarations(pkg *types.Package) map[string]string {
	m := map[string]string{}
	for _, name := range pkg.Scope().Names() {
		obj := pkg.Scope().Lookup(name)
		m[name] = obj.String()
		if named, ok := obj.Type().(*types.Named); ok {
			for meth := range named.Methods() {
				m[name+"."+meth.Name()] = meth.String()
			}
		}
	}
	return m
}

// TestPartsOfPool reads each exported declaration of package pool alone: what there is of the package is the same as in the whole package, with all
// methods, and the rest can be added.
func TestPartsOfPool(t *testing.T) {
	im, _ := poolImporter()
	pkg, err := im.Import(poolPath)
	if err != nil {
		t.Fatal(err)
	}
	whole := declarations(pkg)
	var names []string
	for _, name := range pkg.Scope().Names() {
		if token.IsExported(name) {
			names = append(names, name)
		}
		if v, ok := pkg.Scope().Lookup(name).(*types.Var); ok && !strings.HasPrefix(name, "Err") {
			t.Errorf("package pool has the variable %s: a part that is read in addition has variables of its own, so they must never change", v)
		}
	}
	same := func(name string, pkg *types.Package) int {
		t.Helper()
		got := declarations(pkg)
		for k, v := range got {
			if whole[k] != v {
				t.Errorf("for %s: %s is %q, want %q", name, k, v, whole[k])
			}
		}
		for k := range whole {
			if typ, _, ok := strings.Cut(k, "."); ok && got[typ] != "" && got[k] == "" {
				t.Errorf("for %s: there is no %s", name, k)
			}
		}
		return len(got)
	}
	need := func(im *stdlib.Importer, prog *ssa.Program, all bool, names ...string) *types.Package {
		t.Helper()
		if err := im.Need(poolPath, names, all); err != nil {
			t.Fatalf("%v: %v", names, err)
		}
		pkg, err := im.Import(poolPath)
		if err != nil {
			t.Fatal(err)
		}
		im.CreatePackages(prog)
		for _, name := range names {
			switch obj := pkg.Scope().Lookup(name).(type) {
			case nil:
				t.Errorf("there is no %s", name)
			case *types.Func:
				if fn := prog.FuncValue(obj); fn == nil || len(fn.Blocks) == 0 {
					t.Errorf("%s has no body", name)
				}
			}
		}
		return pkg
	}
	rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for i, name := range names {
		if testing.Short() && i >= 10 && name != "SharedSlice" {
			continue
		}
		im, fset := poolImporter()
		prog := ssa.NewProgram(fset, ssa.InstantiateGenerics|ssa.BareInits|ssa.SanityCheckFunctions)
		n := same(name, need(im, prog, false, name))
		if name == "SharedSlice" && n > len(whole)/10 {
			t.Errorf("SharedSlice is %d declarations of %d", n, len(whole))
		}
		if n := same(name+" and the rest", need(im, prog, true, name)); n != len(whole) {
			t.Errorf("%s and the rest: %d declarations, want %d", name, n, len(whole))
		}
	}
	// One after the other, in any order.
	im, fset := poolImporter()
	prog := ssa.NewProgram(fset, ssa.InstantiateGenerics|ssa.BareInits|ssa.SanityCheckFunctions)
	for _, name := range names {
		same(name, need(im, prog, false, name))
	}
	if more, err := im.Whole(poolPath); err != nil {
		t.Error(more, err)
	}
	if n := same("all", need(im, prog, false)); n != len(whole) {
		t.Errorf("all: %d declarations, want %d", n, len(whole))
	}
}

// TestPartForPackages holds that a package which imports another that was read in part finds all of it.
func TestPartForPackages(t *testing.T) {
	im, fset := poolImporter()
	im.AddSource("example.org/user", fstest.MapFS{"user.go": {Data: []byte("package user\nimport \"poolbook/pool\"\nvar Q = pool.NewQueue[int](3)")}})
	if err := im.Need(poolPath, []string{"Shared"}, false); err != nil {
		t.Fatal(err)
	}
	check(t, im, fset, "package main\nimport (\"example.org/user\"; \"poolbook/pool\")\nvar q *pool.Queue[int] = user.Q")
}

func TestSelected(t *testing.T) {
	got := strings.Join(stdlib.Selected("package main\nimport pool2 \"poolbook/pool\"\n// pool2.No\nvar x = \"pool2.No\" + `pool2.No` + y.pool2.No + 'p' + pool2.Shared[pool2.Number](xs).Slice()", "pool2"), " ")
	if got != "Shared Number" {
		t.Errorf("got %q", got)
	}
}
