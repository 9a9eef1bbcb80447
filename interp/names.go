package interp

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"reflect"
	"strconv"
	"strings"

	"poolbook/interp/internal/pattern"
)

// TypeName names a type so that TypeByName finds it, in this session or in one that has loaded the type with a unit:
// "main.Point", "[]int", "map[string]time.Time". Packages are written with their whole path.
func (s *Session) TypeName(t reflect.Type) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t == nil {
		return "", fmt.Errorf("interp: the type is nil")
	}
	typ := s.types.TypesOf(t)
	if typ == nil {
		return "", fmt.Errorf("interp: the type %s has no name", t)
	}
	name := types.TypeString(typ, (*types.Package).Path)
	if err := s.nameable(typ); err != nil {
		return "", err
	}
	return name, nil
}

// nameable refuses types that another process could not find by their name.
func (s *Session) nameable(t types.Type) error {
	n, ok := types.Unalias(t).(*types.Named)
	if !ok {
		return nil
	}
	obj := n.Origin().Obj()
	if obj.Pkg() != nil && obj.Parent() != nil && obj.Parent() != obj.Pkg().Scope() {
		return fmt.Errorf("interp: the type %s is declared inside a function: declare it at the top level of a cell", obj.Name())
	}
	return nil
}

var (
	qualified = pattern.New(`^([\pL_][\pL\pN_./~-]*)\.([\pL_][\pL\pN_]*)`)
	word      = pattern.New(`^[\pL\pN_]+`)
)

// TypeByName finds the type that TypeName named. A type of the session is the one that has the name now; while a program
// runs, main is the program.
func (s *Session) TypeByName(name string) (t reflect.Type, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// encoding/json.Decoder is no Go expression: give each package a name of its own.
	paths := map[string]string{}
	var b strings.Builder
	for rest := name; rest != ""; {
		if rest[0] == '"' || rest[0] == '`' { // a struct tag
			q, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return nil, fmt.Errorf("interp: type name %s: %w", name, err)
			}
			b.WriteString(q)
			rest = rest[len(q):]
			continue
		}
		m := qualified().FindStringSubmatch(rest)
		if m == nil {
			m = word().FindStringSubmatch(rest)
			if m == nil {
				m = []string{rest[:1]}
			}
			b.WriteString(m[0])
			rest = rest[len(m[0]):]
			continue
		}
		id := ""
		for k, v := range paths {
			if v == m[1] {
				id = k
			}
		}
		if id == "" {
			id = "p" + strconv.Itoa(len(paths))
			paths[id] = m[1]
		}
		b.WriteString(id + "." + m[2])
		rest = rest[len(m[0]):]
	}
	expr, err := parser.ParseExpr(b.String())
	if err != nil {
		return nil, fmt.Errorf("interp: type name %s: %w", name, err)
	}
	defer func() {
		if r := recover(); r != nil {
			t, err = nil, fmt.Errorf("interp: type %s: %v", name, r)
		}
	}()
	typ, err := s.typeOf(expr, paths)
	if err != nil {
		return nil, fmt.Errorf("interp: type name %s: %w", name, err)
	}
	return s.types.Of(typ), nil
}

// typeOf checks a type expression. Names of package main are the session's.
func (s *Session) typeOf(expr ast.Expr, paths map[string]string) (types.Type, error) {
	pkg := types.NewPackage("main", "main")
	scope := pkg.Scope()
	for id, path := range paths {
		if path == "main" {
			continue
		}
		imp, err := s.imp.Import(path)
		if err != nil {
			return nil, err
		}
		scope.Insert(types.NewPkgName(token.NoPos, pkg, id, imp))
	}
	var failed error
	resolved := mapMain(expr, paths, func(name string) string {
		obj, ok := s.named(name)
		if !ok {
			failed = fmt.Errorf("no type %s in this session", name)
			return name
		}
		if scope.Lookup(name) == nil {
			scope.Insert(types.NewTypeName(token.NoPos, pkg, name, obj.Type()))
		}
		return name
	})
	if failed != nil {
		return nil, failed
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	if err := types.CheckExpr(s.fset, pkg, token.NoPos, resolved, info); err != nil {
		return nil, err
	}
	tv := info.Types[resolved]
	if !tv.IsType() {
		return nil, fmt.Errorf("not a type")
	}
	return tv.Type, nil
}

// named finds a type of the program that runs, or of the session.
func (s *Session) named(name string) (*types.TypeName, bool) {
	if s.program != nil {
		t, ok := s.program.Lookup(name).(*types.TypeName)
		return t, ok
	}
	t, ok := s.env.Lookup(name).(*types.TypeName)
	return t, ok
}

// mapMain replaces p0.Name by Name where p0 is package main.
func mapMain(e ast.Expr, paths map[string]string, use func(string) string) ast.Expr {
	var visit func(e ast.Expr) ast.Expr
	fields := func(l *ast.FieldList) {
		if l != nil {
			for _, f := range l.List {
				f.Type = visit(f.Type)
			}
		}
	}
	visit = func(e ast.Expr) ast.Expr {
		switch x := e.(type) {
		case *ast.SelectorExpr:
			if id, ok := x.X.(*ast.Ident); ok && paths[id.Name] == "main" {
				return ast.NewIdent(use(x.Sel.Name))
			}
		case *ast.StarExpr:
			x.X = visit(x.X)
		case *ast.ParenExpr:
			x.X = visit(x.X)
		case *ast.ArrayType:
			x.Elt = visit(x.Elt)
		case *ast.MapType:
			x.Key, x.Value = visit(x.Key), visit(x.Value)
		case *ast.ChanType:
			x.Value = visit(x.Value)
		case *ast.Ellipsis:
			x.Elt = visit(x.Elt)
		case *ast.IndexExpr:
			x.X, x.Index = visit(x.X), visit(x.Index)
		case *ast.IndexListExpr:
			x.X = visit(x.X)
			for i := range x.Indices {
				x.Indices[i] = visit(x.Indices[i])
			}
		case *ast.FuncType:
			fields(x.Params)
			fields(x.Results)
		case *ast.StructType:
			fields(x.Fields)
		case *ast.InterfaceType:
			fields(x.Methods)
		}
		return e
	}
	return visit(e)
}
