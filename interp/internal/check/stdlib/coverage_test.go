package stdlib_test

import (
	"archive/zip"
	"bytes"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/tools/go/gcexportdata"
	"golang.org/x/tools/go/packages"

	"poolbook/interp/internal/goabi"
	"poolbook/interp/internal/rtype"
)

// unbridged lists exported members of the standard library that cells see but that have no compiled form, with the
// reason.
var unbridged = map[string]string{}

// Every exported function, variable and type of every package must be there in compiled form, with the type that the
// type checker believes it has.
func TestEverySymbolResolves(t *testing.T) {
	im, _, set := newImporter(nil)
	tab := rtype.New(rtype.Config{Compiled: set.Type, Import: im.Import})
	defer tab.Close()
	n := 0
	for _, path := range im.Names() {
		pkg, err := im.Import(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		src := im.Source(path)
		for _, name := range pkg.Scope().Names() {
			obj := pkg.Scope().Lookup(name)
			full := path + "." + name
			if !obj.Exported() || path == "unsafe" || src != nil && src.Pkg.Scope().Lookup(name) == obj {
				continue
			}
			n++
			v, ok := set.Lookup(path, name)
			switch obj := obj.(type) {
			case *types.Const:
				continue
			case *types.Func:
				if obj.Signature().TypeParams().Len() > 0 {
					t.Errorf("%s is generic and has no source", full)
					continue
				}
				if ok && v.Kind() != reflect.Func {
					t.Errorf("%s is a %v, not a function", full, v.Kind())
				}
				if ok && v.Type() != tab.Of(obj.Type()) {
					t.Errorf("%s is %v, not %v", full, v.Type(), tab.Of(obj.Type()))
				}
			case *types.Var:
				if ok && !v.CanSet() {
					t.Errorf("%s cannot be set", full)
				}
				if ok && v.Type() != tab.Of(obj.Type()) {
					t.Errorf("%s is %v, not %v", full, v.Type(), tab.Of(obj.Type()))
				}
			case *types.TypeName:
				if named, isNamed := obj.Type().(*types.Named); isNamed && named.TypeParams().Len() > 0 {
					t.Errorf("%s is generic and has no source", full)
					continue
				}
				if it, isInterface := obj.Type().Underlying().(*types.Interface); isInterface && !it.IsMethodSet() {
					continue // a constraint
				}
				if named, isNamed := obj.Type().(*types.Named); isNamed {
					for m := range named.Methods() { // of the compiled ones, those with type parameters come from source, as functions
						if m.Signature().TypeParams().Len() > 0 && (src == nil || src.Pkg.Scope().Lookup(strings.ToLower(name)+"_"+m.Name()) == nil) {
							t.Errorf("%s.%s is generic and has no source", full, m.Name())
						}
					}
				}
				if _, isType := set.Type(path, name); ok && !isType {
					t.Errorf("%s is not a type", full)
				}
				if r := tab.Of(obj.Type()); r.Kind() == reflect.Struct && types.SizesFor("gc", "amd64").Sizeof(obj.Type()) != int64(r.Size()) {
					t.Errorf("%s has %d bytes, not what its fields say", full, r.Size())
				}
			}
			if reason := unbridged[full]; ok == (reason != "") {
				t.Errorf("%s: compiled: %v; listed as an exception: %q", full, ok, reason)
			}
		}
	}
	if n < 8000 {
		t.Errorf("only %d members were looked at", n)
	}
}

// Every method that a cell can call on a type of the standard library must belong to a package that SSA knows.
func TestEveryMethodIsLoaded(t *testing.T) {
	im, _, _ := newImporter(nil)
	for _, path := range im.Names() {
		if _, err := im.Import(path); err != nil {
			t.Fatal(err)
		}
	}
	loaded := make(map[*types.Package]bool)
	for _, l := range im.Loaded() {
		loaded[l.Pkg] = true
	}
	for _, path := range im.Names() {
		pkg, _ := im.Import(path)
		for _, name := range pkg.Scope().Names() {
			obj, ok := pkg.Scope().Lookup(name).(*types.TypeName)
			if !ok || !obj.Exported() {
				continue
			}
			for sel := range types.NewMethodSet(types.NewPointer(obj.Type())).Methods() {
				if m := sel.Obj(); m.Exported() && !loaded[m.Pkg()] && m.Pkg() != nil {
					t.Errorf("%s.%s.%s belongs to %s, which is not read", path, name, m.Name(), m.Pkg().Path())
				}
			}
		}
	}
}

// The generic members that come from source must have the signatures of the real ones.
func TestSourcesMatchTheRelease(t *testing.T) {
	list := loadStd(t)
	im, _, _ := newImporter(nil)
	var buf bytes.Buffer
	for path, real := range list {
		pkg, err := im.Import(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		src := im.Source(path)
		for _, name := range real.Scope().Names() {
			want := real.Scope().Lookup(name)
			if !want.Exported() {
				continue
			}
			got := pkg.Scope().Lookup(name)
			if got == nil {
				t.Errorf("%s.%s is missing", path, name)
				continue
			}
			if src == nil || src.Pkg.Scope().Lookup(name) != got {
				continue
			}
			if g, w := members(&buf, got), members(&buf, want); g != w {
				t.Errorf("%s.%s is\n%s, want\n%s", path, name, g, w)
			}
		}
		for _, name := range pkg.Scope().Names() {
			if got := pkg.Scope().Lookup(name); got.Exported() && real.Scope().Lookup(name) == nil {
				t.Errorf("%s has no %s", path, name)
			}
		}
	}
}

// members describes an object: the type of a function, the methods and exported fields of a type. The names of
// parameters and type parameters do not count.
func members(buf *bytes.Buffer, obj types.Object) string {
	buf.Reset()
	if fn, ok := obj.(*types.Func); ok {
		return anonymous(fn.Signature())
	}
	named, ok := obj.Type().(*types.Named)
	if !ok {
		return obj.String()
	}
	for i := range named.TypeParams().Len() {
		buf.WriteString(named.TypeParams().At(i).Constraint().String() + ";")
	}
	for m := range types.NewMethodSet(types.NewPointer(named)).Methods() {
		if m.Obj().Exported() {
			buf.WriteString(m.Obj().Name() + anonymous(m.Type().(*types.Signature)) + ";")
		}
	}
	if st, ok := named.Underlying().(*types.Struct); ok {
		for f := range st.Fields() {
			if f.Exported() {
				buf.WriteString(f.Name() + " " + types.TypeString(f.Type(), nil) + ";")
			}
		}
		return buf.String()
	}
	if _, ok := named.Underlying().(*types.Interface); !ok {
		buf.WriteString(named.Underlying().String())
	}
	return buf.String()
}

// anonymous writes a signature without the names of its parameters.
func anonymous(sig *types.Signature) string {
	var b strings.Builder
	for p := range sig.TypeParams().TypeParams() {
		b.WriteString(p.Obj().Name() + " " + p.Constraint().String() + ",")
	}
	for _, t := range []*types.Tuple{sig.Params(), sig.Results()} {
		b.WriteString("(")
		for v := range t.Variables() {
			b.WriteString(types.TypeString(v.Type(), nil) + ",")
		}
		b.WriteString(")")
	}
	if sig.Variadic() {
		b.WriteString("...")
	}
	return b.String()
}

// loadStd returns the packages that cells can import as the toolchain of the machine knows them.
func loadStd(t *testing.T) map[string]*types.Package {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs a Go toolchain")
	}
	im, _, _ := newImporter(nil)
	out, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := string(bytes.TrimSpace(out)); got != runtime.Version() {
		t.Skipf("the data is that of %s, the toolchain is %s", goabi.Name, got)
	}
	var paths []string
	for _, p := range im.Names() {
		if p != "unsafe" {
			paths = append(paths, p)
		}
	}
	list, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedTypes | packages.NeedExportFile,
		Env:  append(os.Environ(), "CGO_ENABLED=0"),
	}, paths...)
	if err != nil {
		t.Fatal(err)
	}
	m := make(map[string]*types.Package)
	for _, p := range list {
		if len(p.Errors) > 0 {
			t.Fatal(p.Errors)
		}
		m[p.PkgPath] = p.Types
	}
	return m
}

// unnamed are the names that the compiler of Go 1.27 gives to results without one.
var unnamed = regexp.MustCompile(`#rv\d+ `)

// The embedded data must be what the generator would write now.
func TestDataIsFresh(t *testing.T) {
	if runtime.GOOS+"/"+runtime.GOARCH != "linux/amd64" {
		t.Skip("compares with the data of linux/amd64")
	}
	list := loadStd(t)
	z, err := zip.OpenReader("data/" + goabi.Language + "/std_linux_amd64.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := gcexportdata.Read(r, token.NewFileSet(), make(map[string]*types.Package), f.Name)
		if err != nil {
			t.Fatal(err)
		}
		want := list[f.Name]
		if want == nil {
			t.Errorf("%s is not in the standard library", f.Name)
			continue
		}
		for _, name := range want.Scope().Names() {
			if obj := want.Scope().Lookup(name); obj.Exported() && (got.Scope().Lookup(name) == nil || describe(got.Scope().Lookup(name)) != unnamed.ReplaceAllString(describe(obj), "")) {
				t.Errorf("%s.%s: run make generate: got %v, want %v", f.Name, name, got.Scope().Lookup(name), obj)
			}
		}
	}
}

// describe writes an object, with one name for the empty interface.
func describe(obj types.Object) string { return strings.ReplaceAll(obj.String(), "interface{}", "any") }

// The compiled instances of generic functions must have the types of the instances that they replace.
func TestInstances(t *testing.T) {
	im, _, set := newImporter(nil)
	tab := rtype.New(rtype.Config{Compiled: set.Type, Import: im.Import})
	defer tab.Close()
	pkg, err := im.Import("slices")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range pkg.Scope().Names() {
		fn, ok := pkg.Scope().Lookup(name).(*types.Func)
		if !ok || fn.Signature().TypeParams().Len() != 2 {
			continue
		}
		for _, elem := range []string{"int", "int64", "float64", "string", "byte", "rune", "uint8", "int32", "bool"} {
			e := types.Universe.Lookup(elem).Type()
			targs := []types.Type{types.NewSlice(e), e}
			f, ok := set.Instance("slices", name, targs)
			if !ok {
				continue
			}
			n++
			inst, err := types.Instantiate(nil, fn.Signature(), targs, true)
			if err != nil {
				t.Errorf("slices.%s for %s: %v", name, elem, err)
				continue
			}
			if want := tab.Of(inst); f.Type() != want {
				t.Errorf("slices.%s for %s is %v, want %v", name, elem, f.Type(), want)
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d instances", n)
	}
}

// The data of every platform must be readable, and its constants those of the platform.
func TestEveryPlatform(t *testing.T) {
	read := func(name string) map[string][]byte {
		z, err := zip.OpenReader("data/" + goabi.Language + "/std_" + name + ".zip")
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		data := make(map[string][]byte)
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			if data[f.Name], err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
		return data
	}
	base := read("linux_amd64")
	for name, create := range map[string]string{"linux_amd64": "64", "linux_arm64": "64", "darwin_amd64": "512", "darwin_arm64": "512", "windows_amd64": "64"} {
		data := maps.Clone(base)
		maps.Copy(data, read(name))
		imports := make(map[string]*types.Package)
		for path, b := range data {
			if _, err := gcexportdata.Read(bytes.NewReader(b), token.NewFileSet(), imports, path); err != nil {
				t.Errorf("%s: %s: %v", name, path, err)
			}
		}
		if c, ok := imports["os"].Scope().Lookup("O_CREATE").(*types.Const); !ok || c.Val().String() != create {
			t.Errorf("%s: os.O_CREATE is %v, want %s", name, c, create)
		}
	}
}
