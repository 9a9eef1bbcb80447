package main

import (
	"bytes"
	"go/constant"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// The tables in ../std must be those that the command writes.
func TestTablesAreGenerated(t *testing.T) {
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	const hint = `run "make generate"`
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join("..", "std", name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what gen writes: %s", name, hint)
		}
	}
	old, err := filepath.Glob("../std/" + prefix + "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range old {
		if files[filepath.Base(name)] == nil {
			t.Errorf("gen does not write %s: %s", name, hint)
		}
	}
}

// Extract's output has more than the tables: constants and wrappers of interfaces.
func TestReadTable(t *testing.T) {
	got, err := readTable([]byte(`package std
func init() {
	Symbols["os/os"] = map[string]reflect.Value{
		"Args": reflect.ValueOf(&os.Args).Elem(),
		"Exit": reflect.ValueOf(osExit),
		"File": reflect.ValueOf((*os.File)(nil)),
		"O_RDONLY": reflect.ValueOf(constant.MakeFromLiteral("0", token.INT, 0)),
		"_Signal": reflect.ValueOf((*_os_Signal)(nil)),
	}
}
`))
	want := map[string]string{"Args": "&os.Args", "Exit": "osExit", "File": "(*os.File)(nil)"}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, bad := range []string{
		"package std",
		"package",
		`package std; var _ = map[string]int{"A": 1}`,
		`package std; var _ = map[string]int{name: reflect.ValueOf(os.Exit)}`,
	} {
		if got, err := readTable([]byte(bad)); err == nil {
			t.Errorf("%q gives %v and no error", bad, got)
		}
	}
}

// What extract and the type checker do not agree on must not go unnoticed.
func TestCompiledOnly(t *testing.T) {
	pkg := types.NewPackage("os", "os")
	fn := types.NewSignatureType(nil, nil, nil, nil, nil, false)
	pkg.Scope().Insert(types.NewFunc(0, pkg, "Exit", fn))
	pkg.Scope().Insert(types.NewConst(0, pkg, "DevNull", types.Typ[types.String], constant.MakeString("/dev/null")))
	got, err := compiledOnly(pkg, map[string]string{"Exit": "osExit", "DevNull": "os.DevNull"})
	if want := map[string]string{"Exit": "os.Exit"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, bad := range []map[string]string{{}, {"Exit": "os.Exit", "Enter": "os.Enter"}} {
		if got, err := compiledOnly(pkg, bad); err == nil {
			t.Errorf("%v gives %v and no error", bad, got)
		}
	}
}

func TestDeclarations(t *testing.T) {
	const text = "//go:build linux\n\npackage p // here\n\n// F is documented.\nfunc F() int { /* a */ return 1 } // b\n\nvar x = func() int { return 2 }\n"
	const want = "//go:build linux\n\npackage p \n\n\nfunc F() int {} \n\nvar x = func() int { return 2 }\n"
	if got := string(declarations("p.go", []byte(text))); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
