// Command gen writes the symbol tables of the standard library that yaegi's own tables lack, with yaegi's extract
// package: run "go generate ./interp/internal/bridge/std" after a change of the Go release or of yaegi.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/build"
	"go/importer"
	"go/token"
	"go/types"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/traefik/yaegi/extract"
	"github.com/traefik/yaegi/stdlib"
	"github.com/traefik/yaegi/stdlib/unrestricted"
)

// skip lists the public packages that a notebook has no use for, with the reason.
var skip = map[string]string{
	"plugin":                 "needs cgo and a plugin built with the very same program",
	"runtime/cgo":            "needs cgo",
	"runtime/coverage":       "needs a program built for coverage",
	"runtime/race":           "has no symbols",
	"time/tzdata":            "has no symbols, and would add 450 kB",
	"crypto/mlkem/mlkemtest": "is for tests of crypto/mlkem",
	"testing/cryptotest":     "is for tests of crypto packages",
	"unsafe":                 "is known to the compiler",
	"syscall":                "differs by platform: see generateSyscall",
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("gen: ")
	dir := flag.String("dir", ".", "the folder to write to")
	flag.Parse()
	if err := run(*dir); err != nil {
		log.Fatal(err)
	}
}

func run(dir string) error {
	out, err := exec.Command("go", "list", "std").Output()
	if err != nil {
		return fmt.Errorf("go list std: %w", err)
	}
	old, err := filepath.Glob(filepath.Join(dir, "symbols_*.go"))
	if err != nil {
		return err
	}
	for _, f := range old {
		if err := os.Remove(f); err != nil {
			return err
		}
	}
	imp := importer.ForCompiler(token.NewFileSet(), "source", nil)
	var failed []error
	for _, path := range strings.Fields(string(out)) {
		if strings.HasPrefix(path, "vendor/") || slices.Contains(strings.Split(path, "/"), "internal") || skip[path] != "" {
			continue
		}
		if err := generate(dir, path, imp); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", path, err))
		}
	}
	for _, p := range platforms {
		if err := generateSyscall(dir, p); err != nil {
			failed = append(failed, fmt.Errorf("syscall for %s: %w", p, err))
		}
	}
	return errors.Join(failed...)
}

// platforms are those with a table of syscall.
var platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64"}

// generateSyscall writes the table of syscall for one platform. Yaegi has such tables too, but with the constants, which
// nobody needs here and which take 10 ms to make at every start.
func generateSyscall(dir, platform string) error {
	goos, goarch, _ := strings.Cut(platform, "/")
	saved := build.Default
	defer func() { build.Default = saved }()
	build.Default.GOOS, build.Default.GOARCH, build.Default.CgoEnabled = goos, goarch, false
	pkg, err := importer.ForCompiler(token.NewFileSet(), "source", nil).Import("syscall")
	if err != nil {
		return err
	}
	var names []string
	for _, name := range pkg.Scope().Names() {
		if obj := pkg.Scope().Lookup(name); obj.Exported() && compiled(obj) {
			names = append(names, name)
		}
	}
	e := extract.Extractor{Dest: "std", Include: []string{"^(" + strings.Join(names, "|") + ")$"}}
	var b bytes.Buffer
	if _, err := e.Extract("syscall", "syscall", &b); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "symbols_syscall_"+goos+"_"+goarch+".go"), b.Bytes(), 0o644)
}

// generate writes the table of one package, if it needs one.
func generate(dir, path string, imp types.Importer) error {
	pkg, err := imp.Import(path)
	if err != nil {
		return err
	}
	var missing []string
	for _, name := range pkg.Scope().Names() {
		if obj := pkg.Scope().Lookup(name); obj.Exported() && compiled(obj) && !known(path, pkg.Name(), name) {
			missing = append(missing, regexp.QuoteMeta(name))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	e := extract.Extractor{Dest: "std", Include: []string{"^(" + strings.Join(missing, "|") + ")$"}}
	var b bytes.Buffer
	if _, err := e.Extract(path, path, &b); err != nil {
		return err
	}
	file := "symbols_" + strings.ReplaceAll(path, "/", "_") + ".go"
	return os.WriteFile(filepath.Join(dir, file), b.Bytes(), 0o644)
}

// compiled reports whether an object has a value or type at run time: constants, generic functions and types, and
// constraints have none.
func compiled(obj types.Object) bool {
	switch obj := obj.(type) {
	case *types.Var:
		return true
	case *types.Func:
		return obj.Signature().TypeParams().Len() == 0
	case *types.TypeName:
		if n, ok := types.Unalias(obj.Type()).(*types.Named); ok && n.TypeParams().Len() > 0 && n.TypeArgs().Len() == 0 {
			return false
		}
		it, ok := obj.Type().Underlying().(*types.Interface)
		return !ok || it.IsMethodSet()
	}
	return false
}

// known reports whether yaegi's tables have a symbol.
func known(path, name, symbol string) bool {
	for _, tables := range []map[string]map[string]reflect.Value{stdlib.Symbols, unrestricted.Symbols} {
		if _, ok := tables[path+"/"+name][symbol]; ok {
			return true
		}
	}
	return false
}
