// Command gen writes the type information of the standard library that package stdlib embeds: for the first platform
// all packages, for each further one those that differ from it. Run "go generate ./interp/internal/check/stdlib" after a
// change of the Go release or of x/tools; it needs the sources in GOROOT, nothing is compiled.
package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/gcexportdata"
	"golang.org/x/tools/go/packages"

	"poolbook/interp/internal/bridge"
)

// platforms are the systems whose constants and system calls are known. The first is the base of the others.
var platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64"}

func main() {
	log.SetFlags(0)
	log.SetPrefix("gen: ")
	dir := flag.String("dir", "data", "the folder to write to")
	flag.Parse()
	var base map[string][]byte
	for _, p := range platforms {
		data, err := load(p)
		if err != nil {
			log.Fatalf("%s: %v", p, err)
		}
		if base == nil {
			base = data
		} else {
			for path, b := range data {
				if bytes.Equal(b, base[path]) {
					delete(data, path)
				}
			}
		}
		name := filepath.Join(*dir, "std_"+strings.ReplaceAll(p, "/", "_")+".zip")
		if err := write(name, data); err != nil {
			log.Fatal(err)
		}
		log.Printf("%s: %d packages", name, len(data))
	}
}

// load returns the export data of the packages that cells can import, by path.
func load(platform string) (map[string][]byte, error) {
	goos, goarch, _ := strings.Cut(platform, "/")
	list, err := packages.Load(&packages.Config{
		Mode:      packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedDeps | packages.NeedSyntax | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedTypesInfo,
		Env:       append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off"),
		ParseFile: parseDeclarations,
	}, bridge.New().Packages()...)
	if err != nil {
		return nil, err
	}
	var failed []error
	data := make(map[string][]byte)
	for _, p := range list {
		if p.Types == nil || !p.Types.Complete() && p.Types.Scope().Len() == 0 {
			failed = append(failed, fmt.Errorf("no types of %s", p.PkgPath))
			continue
		}
		if len(p.GoFiles) == 0 {
			continue // not on this platform
		}
		var b bytes.Buffer
		if err := gcexportdata.Write(&b, token.NewFileSet(), p.Types); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", p.PkgPath, err))
		}
		data[p.PkgPath] = b.Bytes()
	}
	return data, errors.Join(failed...)
}

// parseDeclarations parses a file and drops the bodies of functions, which say nothing about types.
func parseDeclarations(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
	f, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if f != nil {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				fn.Body = nil
			}
		}
	}
	return f, err
}

// mentions returns the paths of the packages that export data refers to.
func mentions(path string, data []byte) ([]string, error) {
	pkg, err := gcexportdata.Read(bytes.NewReader(data), token.NewFileSet(), make(map[string]*types.Package), path)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, p := range pkg.Imports() {
		paths = append(paths, p.Path())
	}
	return paths, nil
}

// write writes a zip file with an entry for each package, the same bytes for the same data. The comment of an entry has
// the paths of the packages that it mentions, between spaces. Entries are not compressed:
// reading them is most of what a program's start takes.
func write(name string, data map[string][]byte) error {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	var paths []string
	for path := range data {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		mentioned, err := mentions(path, data[path])
		if err != nil {
			return err
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Store, Comment: strings.Join(mentioned, " ")})
		if err != nil {
			return err
		}
		if _, err := w.Write(data[path]); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}
