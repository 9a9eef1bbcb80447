// Command gen writes the doc comments of the standard library that package stddoc embeds. Run "go generate ./interp/internal/stddoc"
// after a change of the Go release; it needs the sources in GOROOT.
package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/printer"
	"go/token"
	"io"
	"log"
	"maps"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"poolbook/interp/internal/bridge"
	"poolbook/interp/internal/check/stdlib"
	"poolbook/interp/internal/stddoc"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("gen: ")
	out := flag.String("o", "stddoc.zip", "the file to write")
	flag.Parse()
	entries, err := load()
	if err != nil {
		log.Fatal(err)
	}
	data, err := pack(entries)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(*out, data, 0o644); err != nil {
		log.Fatal(err)
	}
	log.Printf("%s: %d packages, %d bytes", *out, len(entries), len(data))
}

// load returns the entry of each package that cells can import, with the comments as they are on Linux.
func load() (map[string][]byte, error) {
	fset := token.NewFileSet()
	list, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedSyntax,
		Fset: fset,
		Env:  append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off"),
	}, append(stdlib.New(stdlib.Config{Bridge: bridge.New()}).Names(), "builtin")...)
	if err != nil {
		return nil, err
	}
	var failed []error
	entries := make(map[string][]byte)
	for _, p := range list {
		if p.PkgPath == "unsafe" { // built into the compiler: it has no files that packages would parse
			continue
		}
		if len(p.Syntax) == 0 {
			failed = append(failed, fmt.Errorf("no files of %s: %v", p.PkgPath, p.Errors))
			continue
		}
		mode := doc.Mode(0)
		if p.PkgPath == "builtin" {
			mode = doc.AllDecls // its names are all in lower case
		}
		d, err := doc.NewFromFiles(fset, p.Syntax, p.PkgPath, mode)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", p.PkgPath, err))
			continue
		}
		c := comments{}
		c.pkg(d)
		if p.PkgPath == "builtin" {
			c.signatures(fset, d)
		}
		entries[p.PkgPath] = stddoc.Join(slices.Sorted(maps.Keys(c)), func(n string) string { return c[n] })
	}
	return entries, errors.Join(failed...)
}

// comments are those of a package, by name.
type comments map[string]string

func (c comments) set(name string, texts ...string) {
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" {
			c[name] = t
			return
		}
	}
}

func (c comments) pkg(d *doc.Package) {
	c.set("", d.Doc)
	c.values(d.Consts)
	c.values(d.Vars)
	c.funcs(d.Funcs, "")
	for _, t := range d.Types {
		c.set(t.Name, t.Doc)
		c.values(t.Consts)
		c.values(t.Vars)
		c.funcs(t.Funcs, "")
		c.funcs(t.Methods, t.Name+".")
		for _, s := range t.Decl.Specs {
			c.members(t.Name, s.(*ast.TypeSpec).Type)
		}
	}
}

// values takes the comments of each name: its own or its group's, and that beside it.
func (c comments) values(list []*doc.Value) {
	for _, v := range list {
		for _, s := range v.Decl.Specs {
			s := s.(*ast.ValueSpec)
			for _, n := range s.Names {
				if n.Name != "_" {
					above := cmp.Or(strings.TrimSpace(s.Doc.Text()), strings.TrimSpace(v.Doc))
					c.set(n.Name, above+"\n\n"+s.Comment.Text())
				}
			}
		}
	}
}

func (c comments) funcs(list []*doc.Func, prefix string) {
	for _, f := range list {
		c.set(prefix+f.Name, f.Doc)
	}
}

// members takes the comments of fields and of interface methods.
func (c comments) members(name string, t ast.Expr) {
	var list *ast.FieldList
	switch t := t.(type) {
	case *ast.StructType:
		list = t.Fields
	case *ast.InterfaceType:
		list = t.Methods
	}
	if list == nil {
		return
	}
	for _, f := range list.List {
		for _, n := range f.Names {
			c.set(name+"."+n.Name, f.Doc.Text(), f.Comment.Text())
		}
	}
}

// signatures puts the declaration of each function before its comment: go/types has none of the functions built into the language.
func (c comments) signatures(fset *token.FileSet, d *doc.Package) {
	all := slices.Clone(d.Funcs)
	for _, t := range d.Types {
		all = append(all, t.Funcs...)
	}
	for _, f := range all {
		var b strings.Builder
		if printer.Fprint(&b, fset, f.Decl.Type) == nil {
			c[f.Name] = "func " + f.Name + strings.TrimPrefix(b.String(), "func") + "\n\n" + c[f.Name]
		}
	}
}

// pack makes a zip file with an entry for each package, the same bytes for the same entries.
func pack(entries map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, path := range slices.Sorted(maps.Keys(entries)) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Deflate})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(entries[path]); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
