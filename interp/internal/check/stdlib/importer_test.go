package stdlib_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"net/http"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/bridge"
	"poolbook/interp/internal/check/stdlib"
)

func newImporter(sources map[string]fs.FS) (*stdlib.Importer, *token.FileSet, *bridge.Set) {
	fset := token.NewFileSet()
	set := bridge.New()
	return stdlib.New(stdlib.Config{Bridge: set, Fset: fset, Sources: sources}), fset, set
}

// check type-checks a file and returns its package and information.
func check(t testing.TB, im *stdlib.Importer, fset *token.FileSet, src string) (*types.Package, *ast.File, *types.Info) {
	t.Helper()
	f, err := parser.ParseFile(fset, "cell.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue), Defs: make(map[*ast.Ident]types.Object), Uses: make(map[*ast.Ident]types.Object),
		Implicits: make(map[ast.Node]types.Object), Instances: make(map[*ast.Ident]types.Instance), Scopes: make(map[ast.Node]*types.Scope),
		Selections: make(map[*ast.SelectorExpr]*types.Selection), FileVersions: make(map[*ast.File]string),
	}
	pkg, err := (&types.Config{Importer: im}).Check("main", fset, []*ast.File{f}, info)
	if err != nil {
		t.Fatal(err)
	}
	return pkg, f, info
}

const program = `package main
import (
	"cmp"; "context"; "database/sql"; "encoding/json"; "errors"; "fmt"; "hash/maphash"; "iter"; "maps"; "math/rand/v2"; "net/http"; "os"
	"reflect"; "runtime"; "slices"; "strings"; "sync"; "sync/atomic"; "time"; "unique"; "weak"; "crypto/hkdf"; "crypto/sha256"
)
type T struct { mu sync.Mutex; p atomic.Pointer[T]; n sql.Null[int]; h unique.Handle[string]; w weak.Pointer[T]; rc http.ResponseWriter }
func main() {
	m := map[string]int{"a": 1}
	keys := slices.Sorted(maps.Keys(m))
	slices.SortFunc(keys, func(a, b string) int { return cmp.Compare(b, a) })
	for part := range strings.SplitSeq("a b", " ") { fmt.Println(part) }
	var seq iter.Seq[string] = strings.SplitSeq("a", "b")
	fmt.Println(slices.Collect(seq), sync.OnceValue(time.Now)(), rand.N(10*time.Second), rand.IntN(3))
	next, stop := iter.Pull(seq); _, _ = next(); stop()
	var once sync.Once; once.Do(func() {})
	fmt.Println(reflect.TypeFor[int](), errors.Is(nil, nil), os.Args, context.Background(), json.Valid(nil), runtime.NumCPU(), maphash.Comparable(maphash.MakeSeed(), 3))
	if e, ok := errors.AsType[*os.PathError](nil); ok { fmt.Println(e.Op) }
	k, err := hkdf.Key(sha256.New, nil, nil, "", 3); fmt.Println(k, err)
	var t T; t.p.Store(&t); fmt.Println(t.p.Load(), t.n.V, t.h, t.w.Value())
	fmt.Println(http.Get("x"))
}`

func TestPrograms(t *testing.T) {
	im, fset, _ := newImporter(nil)
	pkg, f, info := check(t, im, fset, program)
	prog := ssa.NewProgram(fset, ssa.InstantiateGenerics|ssa.SanityCheckFunctions)
	created := im.CreatePackages(prog)
	main := prog.CreatePackage(pkg, []*ast.File{f}, info, false)
	main.Build()
	if main.Func("main") == nil || len(main.Func("main").Blocks) == 0 {
		t.Fatal("main was not built")
	}
	var paths []string
	for _, p := range created {
		paths = append(paths, p.Pkg.Path())
	}
	for _, want := range []string{"slices", "maps", "sync", "sync/atomic"} {
		if !slices.Contains(paths, want) {
			t.Errorf("%s has no SSA package from source, but %v have", want, paths)
		}
	}
	// Every function that main calls has a body or is compiled.
	set := bridge.New()
	seen := make(map[*ssa.Function]bool)
	var visit func(fn *ssa.Function)
	visit = func(fn *ssa.Function) {
		if fn == nil || seen[fn] {
			return
		}
		seen[fn] = true
		if fn.Blocks == nil {
			if fn.Signature.Recv() == nil && fn.Pkg != nil && fn.Name() != "init" {
				if _, ok := set.Lookup(fn.Pkg.Pkg.Path(), fn.Name()); !ok {
					t.Errorf("%v has neither body nor symbol", fn)
				}
			}
			return
		}
		for _, b := range fn.Blocks {
			for _, in := range b.Instrs {
				for _, op := range in.Operands(nil) {
					if callee, ok := (*op).(*ssa.Function); ok {
						visit(callee)
					}
				}
			}
		}
		for _, a := range fn.AnonFuncs {
			visit(a)
		}
	}
	visit(main.Func("main"))
	if len(seen) < 50 {
		t.Errorf("only %d functions were reached", len(seen))
	}
	// A second piece of code with new imports.
	pkg, f, info = check(t, im, fset, `package main
import ("text/template"; "time")
func main() { template.New(""); time.Sleep(time.Second) }`)
	im.CreatePackages(prog)
	prog.CreatePackage(pkg, []*ast.File{f}, info, false).Build()
}

func TestImportErrors(t *testing.T) {
	im, _, _ := newImporter(map[string]fs.FS{"bad/syntax": fstest.MapFS{"a.go": {Data: []byte("package bad\nfunc {")}}, "bad/types": fstest.MapFS{"a.go": {Data: []byte("package bad\nvar x int = \"\"")}},
		"cycle/a": fstest.MapFS{"a.go": {Data: []byte("package a\nimport _ \"cycle/b\"")}}, "cycle/b": fstest.MapFS{"b.go": {Data: []byte("package b\nimport _ \"cycle/a\"")}}, "empty": fstest.MapFS{}})
	for path, want := range map[string]string{
		"mathh":                                  `no package "mathh": did you mean "math"?`,
		"json":                                   `no package "json": did you mean "encoding/json"?`,
		"rand":                                   `no package "rand": did you mean "crypto/rand"?`,
		"Strings":                                `no package "Strings": did you mean "strings"?`,
		"encodng/json":                           `no package "encodng/json": did you mean "encoding/json"?`,
		"github.com/x/yzzy":                      `no package "github.com/x/yzzy"`,
		"poolbook/interp/internal/bridge/native": "it is internal to other packages",
		"internal/abi":                           "it is internal to other packages",
		"plugin":                                 "plugins need a program built with cgo",
		"C":                                      "cgo needs a C compiler",
		"bad/syntax":                             "expected 'IDENT'",
		"bad/types":                              "cannot use",
		"cycle/a":                                "import cycle",
		"empty":                                  "no Go files",
		"fmtt":                                   `"fmt"`,
	} {
		_, err := im.Import(path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("import %s: got %v, want %s", path, err, want)
		}
		var ie *stdlib.ImportError
		if strings.HasPrefix(want, "no package") && !errors.As(err, &ie) {
			t.Errorf("import %s: %T", path, err)
		}
	}
}

func TestByName(t *testing.T) {
	im, _, _ := newImporter(nil)
	for name, want := range map[string]string{"rand": "math/rand", "template": "text/template", "json": "encoding/json", "fmt": "fmt", "scanner": "text/scanner"} {
		if got := im.ByName(name); len(got) == 0 || got[0] != want {
			t.Errorf("%s: got %v, want %s first", name, got, want)
		}
	}
	for _, c := range []struct{ name, member, want string }{{"rand", "IntN", "math/rand/v2"}, {"rand", "Intn", "math/rand"}, {"rand", "Prime", "crypto/rand"}, {"template", "HTML", "html/template"}, {"maps", "Keys", "maps"}} {
		if got, ok := im.Find(c.name, c.member); !ok || got != c.want {
			t.Errorf("%s.%s: got %s, want %s", c.name, c.member, got, c.want)
		}
	}
	if _, ok := im.Find("nosuch"); ok {
		t.Error("found a package nosuch")
	}
	if n := len(im.Names()); n < 160 {
		t.Errorf("only %d packages", n)
	}
}

type Options struct {
	Name    string `json:"name"`
	Timeout time.Duration
	//lint:ignore U1000 the shape of the type is what counts
	inner *hidden
}
type hidden struct {
	//lint:ignore U1000 the shape of the type is what counts
	next *Options
}
type Runner interface {
	Run(o Options, args ...string) (*Result, error)
}
type Result struct{ hidden }

func (*Result) Wait(d time.Duration) bool { return true }
func (hidden) Promoted() int              { return 1 }

type Level int

func (Level) String() string { return "" }

var Default Options

func Start(r Runner, f func(*Result) error) <-chan Level { return nil }
func hiddenOf() *hidden                                  { return nil }

func TestSynthesised(t *testing.T) {
	im, fset, set := newImporter(nil)
	const path = "poolbook/interp/internal/check/stdlib_test"
	set.Add(path, "core", bridge.Table{
		"Options": reflect.ValueOf((*Options)(nil)), "Runner": reflect.ValueOf((*Runner)(nil)), "Result": reflect.ValueOf((*Result)(nil)),
		"Level": reflect.ValueOf((*Level)(nil)), "Default": reflect.ValueOf(&Default).Elem(), "Start": reflect.ValueOf(Start),
		"Get": reflect.ValueOf(hiddenOf), "High": reflect.ValueOf(Level(3)), "Duration": reflect.ValueOf((*time.Duration)(nil)),
	})
	check(t, im, fset, `package main
import (c "`+path+`"; "time"; "fmt")
type mine struct{}
func (mine) Run(o c.Options, args ...string) (*c.Result, error) { return nil, nil }
var _ c.Runner = mine{}
var _ fmt.Stringer = c.High
var d time.Duration = c.Default.Timeout
var d2 c.Duration = d
const x = c.High + 1
func main() {
	for l := range c.Start(mine{}, func(r *c.Result) error { r.Wait(time.Second); _ = r.Promoted(); return nil }) { fmt.Println(l.String()) }
	o := c.Options{Name: "x"}
	c.Default = o
	c.Get().Promoted()
}`)
	pkg, err := im.Import(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := pkg.Scope().Lookup("Start").Type().String(); got != "func("+path+".Runner, func(*"+path+".Result) error) <-chan "+path+".Level" {
		t.Errorf("Start is %s", got)
	}
}

func TestSources(t *testing.T) {
	im, fset, _ := newImporter(map[string]fs.FS{"poolbook/pool": fstest.MapFS{
		"pool.go":         {Data: []byte("package pool\nimport \"slices\"\nfunc Map[A, B any](f func(A) B, in []A) []B { return slices.Collect[B](nil) }")},
		"pool_test.go":    {Data: []byte("package broken")},
		"pool_windows.go": {Data: []byte("//go:build plan9\npackage pool\nvar x = y")},
	}})
	check(t, im, fset, `package main
import "poolbook/pool"
func main() { pool.Map(func(x int) string { return "" }, []int{1}) }`)
	if s := im.Source("poolbook/pool"); s == nil || len(s.Files) != 1 || s.Info == nil || s.Pkg.Name() != "pool" {
		t.Errorf("got %+v", s)
	}
	if im.Source("fmt") != nil {
		t.Error("fmt has source")
	}
}

func BenchmarkFirstImport(b *testing.B) {
	for b.Loop() {
		im, _, _ := newImporter(nil)
		for _, p := range []string{"fmt", "time", "math", "strings", "sync"} {
			if _, err := im.Import(p); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkImportHTTP(b *testing.B) {
	for b.Loop() {
		im, fset, _ := newImporter(nil)
		if _, err := im.Import("net/http"); err != nil {
			b.Fatal(err)
		}
		im.CreatePackages(ssa.NewProgram(fset, ssa.InstantiateGenerics))
	}
}

// A package that others only mention has the types that they mention, and all its members once it is imported.
func TestMentionedThenImported(t *testing.T) {
	im, fset, _ := newImporter(nil)
	if _, err := im.Import("net/http"); err != nil {
		t.Fatal(err)
	}
	for _, l := range im.Loaded() {
		if p := l.Pkg.Path(); p == "io" || p == "os" {
			t.Errorf("net/http read all of %s", p)
		}
	}
	pkg, f, info := check(t, im, fset, `package main
import ("io"; "net/http"; "os"; "strings")
func main() {
	r := &http.Request{Body: io.NopCloser(strings.NewReader(""))}
	var rc io.ReadCloser = r.Body
	r.Header.Add("a", "b")
	r.URL.Query().Get(os.Getenv("HOME"))
	_, _ = io.Copy(io.Discard, rc)
}`)
	prog := ssa.NewProgram(fset, ssa.InstantiateGenerics|ssa.BareInits)
	im.CreatePackages(prog)
	prog.CreatePackage(pkg, []*ast.File{f}, info, false).Build()
}

// TestHiddenFields: a package that has symbols only is imported without what its types hold in fields that no cell can name, and its types have
// the size and the comparability that the compiled ones have.
func TestHiddenFields(t *testing.T) {
	type secret struct {
		_     *http.Client
		_     []*http.Request
		_     map[string]http.Header
		_     chan http.Header
		_     func(*http.Client)
		_     http.Handler
		_     struct{ _, _ uint8 }
		_     [3]struct{ _ *http.Server }
		Shown int
	}
	type plain struct{ _ *http.Client }
	path := reflect.TypeFor[plain]().PkgPath()
	im, _, set := newImporter(nil)
	set.Add(path, "stdlib_test", bridge.Table{"secret": reflect.ValueOf((*secret)(nil)), "plain": reflect.ValueOf((*plain)(nil))})
	pkg, err := im.Import(path)
	if err != nil {
		t.Fatal(err)
	}
	prog := ssa.NewProgram(token.NewFileSet(), 0)
	im.CreatePackages(prog)
	if prog.ImportedPackage("net/http") != nil {
		t.Error("net/http was imported for fields that nobody sees")
	}
	sizes := types.SizesFor("gc", runtime.GOARCH)
	for name, want := range map[string]reflect.Type{"secret": reflect.TypeFor[secret](), "plain": reflect.TypeFor[plain]()} {
		got := pkg.Scope().Lookup(name).Type()
		if sizes.Sizeof(got) != int64(want.Size()) || types.Comparable(got) != want.Comparable() {
			t.Errorf("%s: %d bytes, comparable %v; want %d, %v", name, sizes.Sizeof(got), types.Comparable(got), want.Size(), want.Comparable())
		}
	}
}
