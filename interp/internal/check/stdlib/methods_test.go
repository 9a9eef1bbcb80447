package stdlib_test

import (
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"poolbook/interp/internal/check/stdlib"
	"poolbook/interp/internal/goabi"
	"poolbook/interp/internal/module"
)

// Functions of a package from source that take a pointer to one of its types first are methods of that type.
func TestFunctionsAreMethods(t *testing.T) {
	im, _, _ := newImporter(map[string]fs.FS{"p": fstest.MapFS{"p.go": {Data: []byte(`package p
type T struct{ n int }
func (t *T) Own() {}
func Map[A, B any](t *T, f func(A) B, xs ...A) (bs []B, err error) { return nil, nil }
func TGet(t *T) int { return t.n }
func Own(t *T) int { return 0 }
func n(t *T) {}
func Value(t T) {}
func Other(n int, t *T) {}
func T2(t *struct{}) {}
`)}}})
	pkg, err := im.Import("p")
	if err != nil {
		t.Fatal(err)
	}
	named := pkg.Scope().Lookup("T").Type().(*types.Named)
	got := map[string]string{}
	for m := range named.Methods() {
		got[m.Name()] = types.TypeString(m.Type(), types.RelativeTo(pkg)) + " of " + types.TypeString(m.Signature().Recv().Type(), types.RelativeTo(pkg))
	}
	want := map[string]string{
		"Own": "func() of *T", "Get": "func() int of *T",
		"Map": "func[A, B any](f func(A) B, xs ...A) (bs []B, err error) of *T",
	}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s is %q, want %q", name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("the methods are %v", got)
	}
	if err := stdlib.SelfTest(); err != nil {
		t.Error(err)
	}
}

// A module for a later release is refused with what to do, one for this release is not.
func TestModuleForALaterRelease(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "p.go"), []byte("package p\n\nconst X = 1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ goVersion, want string }{
		{"1.16", ""}, {goabi.Version, ""}, {goabi.Version + ".3", ""},
		{"1.99.1", `package "p" cannot be imported: its go.mod says go 1.99.1, and this Poolbook was built with ` + goabi.Name + `: build it with Go 1.99`},
	} {
		im, _, _ := newImporter(nil)
		im.AddModules([]module.Package{{Path: "p", Dir: dir, Files: []string{"p.go"}, GoVersion: c.goVersion}})
		_, err := im.Import("p")
		if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("go %s: %v", c.goVersion, err)
		}
	}
}
