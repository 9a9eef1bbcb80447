package stdlib

import (
	"errors"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"strings"
	"unsafe"
)

// Functions as methods. Package pool is written for Go 1.26 too, where methods have no type parameters: pool.Map(p, square, xs). In cells
// each such function is also a method of its first parameter, p.Map(square, xs), in a build with any release, so that a notebook
// runs with all of them: go/types and go/ssa know what a generic method is, only its declaration is refused before Go 1.27. The method is
// the function itself: the same syntax, type parameters and variables, with the first parameter as the receiver.
//
// What keeps it sound: a Signature is copied, and two fields of the copy are set, which SelfTest looks for.

// addMethods gives the types of a package that is read from source methods for the exported functions that take a pointer to one first. A
// type's own name at the beginning of the function's is left out: ExecutorMap is Executor.Map.
func addMethods(pkg *types.Package, files []*ast.File, info *types.Info) {
	for _, f := range files {
		for _, d := range f.Decls {
			decl, ok := d.(*ast.FuncDecl)
			if !ok || decl.Recv != nil || !decl.Name.IsExported() {
				continue
			}
			fn, ok := info.Defs[decl.Name].(*types.Func)
			if !ok || fn.Signature().Params().Len() == 0 || len(decl.Type.Params.List[0].Names) != 1 {
				continue
			}
			ptr, ok := fn.Signature().Params().At(0).Type().(*types.Pointer)
			if !ok {
				continue
			}
			named, ok := ptr.Elem().(*types.Named)
			if !ok || named.Obj().Pkg() != pkg || named.TypeParams().Len() > 0 {
				continue
			}
			name := strings.TrimPrefix(fn.Name(), named.Obj().Name())
			if obj, _, _ := types.LookupFieldOrMethod(ptr, false, pkg, name); obj != nil || name == "" {
				continue
			}
			method := types.NewFunc(fn.Pos(), pkg, name, asMethod(fn.Signature()))
			named.AddMethod(method)
			id := &ast.Ident{NamePos: decl.Name.NamePos, Name: name}
			info.Defs[id] = method
			typ := *decl.Type
			params := *typ.Params
			params.List = params.List[1:]
			typ.Params = &params
			f.Decls = append(f.Decls, &ast.FuncDecl{
				Doc: decl.Doc, Recv: &ast.FieldList{Opening: params.Opening, List: decl.Type.Params.List[:1], Closing: params.Closing}, Name: id, Type: &typ, Body: decl.Body,
			})
		}
	}
}

// asMethod returns the signature of a function as that of a method of its first parameter.
func asMethod(s *types.Signature) *types.Signature {
	m := *s
	var rest []*types.Var
	for i := 1; i < s.Params().Len(); i++ {
		rest = append(rest, s.Params().At(i))
	}
	set := func(name string, value any) {
		f, _ := reflect.TypeFor[types.Signature]().FieldByName(name)
		reflect.NewAt(f.Type, unsafe.Add(unsafe.Pointer(&m), f.Offset)).Elem().Set(reflect.ValueOf(value))
	}
	set("recv", s.Params().At(0))
	set("params", types.NewTuple(rest...))
	return &m
}

// SelfTest reports whether this Go release's go/types has the parts that this package needs.
func SelfTest() error {
	for name, want := range map[string]reflect.Type{"recv": reflect.TypeFor[*types.Var](), "params": reflect.TypeFor[*types.Tuple]()} {
		if f, ok := reflect.TypeFor[types.Signature]().FieldByName(name); !ok || f.Type != want {
			return errors.New("signatures of go/types are not as they were: no field " + name)
		}
	}
	pkg := types.NewPackage("p", "p")
	t := types.NewTypeParam(types.NewTypeName(token.NoPos, pkg, "T", nil), types.Universe.Lookup("any").Type())
	p, x := types.NewParam(token.NoPos, pkg, "p", types.Typ[types.Int]), types.NewParam(token.NoPos, pkg, "x", t)
	m := asMethod(types.NewSignatureType(nil, nil, []*types.TypeParam{t}, types.NewTuple(p, x), types.NewTuple(x), false))
	if m.Recv() != p || m.Params().Len() != 1 || m.Params().At(0) != x || m.TypeParams().Len() != 1 || m.Results().At(0) != x {
		return errors.New("signatures of go/types are not as they were")
	}
	return nil
}
