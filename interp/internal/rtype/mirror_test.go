package rtype

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os/exec"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"

	"poolbook/interp/internal/goabi"
)

// Each field of the mirrors must lie where the sources of the running release have it, and its end must be theirs.
func TestMirrorsAreTheReleases(t *testing.T) {
	out, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		t.Skip("needs a Go toolchain")
	}
	if v := strings.TrimSpace(string(out)); v != runtime.Version() {
		t.Skipf("needs the sources of %s, the toolchain is %s", runtime.Version(), v)
	}
	list, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedDeps | packages.NeedSyntax | packages.NeedTypesInfo,
		ParseFile: func(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
			f, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok {
					fn.Body = nil
				}
			}
			return f, err
		},
	}, "internal/abi", "runtime", "internal/runtime/maps", "reflect")
	if err != nil {
		t.Fatal(err)
	}
	pkgs := map[string]*types.Package{}
	for _, p := range list {
		pkgs[p.PkgPath] = p.Types
	}
	for name, mirror := range map[string]reflect.Type{
		"internal/abi.Type": reflect.TypeFor[rtype](), "internal/abi.Method": reflect.TypeFor[method](), "internal/abi.Imethod": reflect.TypeFor[imethod](),
		"internal/abi.UncommonType": reflect.TypeFor[uncommon](), "internal/abi.ArrayType": reflect.TypeFor[arrayType](),
		"internal/abi.ChanType": reflect.TypeFor[chanType](), "internal/abi.FuncType": reflect.TypeFor[funcType](),
		"internal/abi.InterfaceType": reflect.TypeFor[interfaceType](), "internal/abi.MapType": reflect.TypeFor[mapType](),
		"internal/abi.PtrType": reflect.TypeFor[ptrType](), "internal/abi.SliceType": reflect.TypeFor[sliceType](),
		"internal/abi.StructType": reflect.TypeFor[structType](), "internal/abi.StructField": reflect.TypeFor[structField](),
		"internal/abi.ITab": reflect.TypeFor[itab](), "runtime.itabTableType": reflect.TypeFor[itabTable](),
		"runtime.moduledata": reflect.TypeFor[goabi.ModuleData](), "runtime._panic": reflect.TypeFor[goabi.PanicRecord](),
	} {
		path, typ := name[:strings.LastIndexByte(name, '.')], name[strings.LastIndexByte(name, '.')+1:]
		obj := pkgs[path].Scope().Lookup(typ)
		if obj == nil {
			t.Errorf("there is no %s", name)
			continue
		}
		var want, got []place
		want = placesOf(want, obj.Type(), 0)
		got = mirrored(got, mirror, 0)
		whole := name != "runtime.moduledata" && name != "runtime.itabTableType" && name != "runtime._panic" // these are longer than what is looked at
		if size := sizes.Sizeof(obj.Type()); whole && size != int64(mirror.Size()) {
			t.Errorf("%s has %d bytes, its mirror %d", name, size, mirror.Size())
		}
		if name == "runtime.moduledata" { // only those that are used have names
			for _, p := range []struct{ ours, theirs string }{
				{"NoptrData", "noptrdata"}, {"Data", "data"}, {"DataEnd", "edata"}, {"End", "end"}, {"Types", "types"}, {"TypesEnd", "etypes"}, {"N", "n"}, {"Bytes", "bytedata"},
			} {
				if o, th := find(got, p.ours), find(want, p.theirs); o != th {
					t.Errorf("moduledata.%s is at %d, the mirror's at %d", p.theirs, th, o)
				}
			}
			continue
		}
		for i, g := range got {
			if i >= len(want) || g.off != want[i].off || !strings.EqualFold(g.name, strings.TrimSuffix(want[i].name, "_")) && g.name != "_" && !renamed[g.name+" "+want[i].name] {
				t.Errorf("%s: the mirror's field %d is %v, not one of %v", name, i, g, want)
				break
			}
		}
	}
}

// renamed are fields of a mirror and of the original that have different names.
var renamed = map[string]bool{
	"inter Inter": true, "typ Type": true, "fun Fun": true, "elem Elem": true, "dir Dir": true, "bytes Bytes": true,
	"typ Typ": true, "fields Fields": true, "name Name": true, "methods Methods": true,
}

// A place is a field that is no struct, and where it lies.
type place struct {
	name string
	off  int64
}

func find(list []place, name string) int64 {
	for _, p := range list {
		if p.name == name {
			return p.off
		}
	}
	return -1
}

func placesOf(list []place, t types.Type, off int64) []place {
	st := t.Underlying().(*types.Struct)
	var fields []*types.Var
	for f := range st.Fields() {
		fields = append(fields, f)
	}
	for i, at := range sizes.Offsetsof(fields) {
		f := fields[i]
		if _, ok := f.Type().Underlying().(*types.Struct); ok {
			if sizes.Sizeof(f.Type()) > 0 {
				list = placesOf(list, f.Type(), off+at)
			}
			continue
		}
		list = append(list, place{f.Name(), off + at})
	}
	return list
}

func mirrored(list []place, t reflect.Type, off int64) []place {
	for f := range t.Fields() {
		at := off + int64(f.Offset)
		if f.Type.Kind() == reflect.Struct {
			list = mirrored(list, f.Type, at)
			continue
		}
		list = append(list, place{f.Name, at})
	}
	return list
}
