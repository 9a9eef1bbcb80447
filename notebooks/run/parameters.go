package run

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"

	"poolbook/notebooks/nbformat"
)

// The tags of papermill: Parameters marks the cell that declares a notebook's parameters with their defaults, InjectedParameters the one that gives
// them other values.
const (
	Parameters         = "parameters"
	InjectedParameters = "injected-parameters"
)

// Parameter is a value for a parameter of a notebook.
type Parameter struct {
	Name, Value string
	// Expression tells that Value is Go. Otherwise it is a number, true or false, and text when it is none of these or the notebook declares a
	// string.
	Expression bool
}

// ParseParameter reads name=value, or name:=expression.
func ParseParameter(s string) (Parameter, error) {
	name, value, ok := strings.Cut(s, "=")
	name, expression := strings.CutSuffix(name, ":")
	switch {
	case !ok:
		return Parameter{}, fmt.Errorf("the parameter %q has no value: it is written name=value, or name:=expression for an expression of Go", s)
	case !token.IsIdentifier(name):
		return Parameter{}, fmt.Errorf("the parameter %q has a name that no variable of Go can have", s)
	case expression:
		if _, err := parser.ParseExpr(value); err != nil {
			return Parameter{}, fmt.Errorf("the parameter %q is no expression of Go: name=value takes the value as text", s)
		}
	}
	return Parameter{name, value, expression}, nil
}

// Inject puts a cell with the values behind the one that is tagged Parameters, or first where there is none, as papermill does: it is tagged
// InjectedParameters and takes the place of an earlier one. Values for what the tagged cell does not declare are an error.
func Inject(nb *nbformat.Notebook, values []Parameter) error {
	at, declared := -1, map[string]declaration{}
	for i, c := range nb.Cells {
		if c.Type == nbformat.Code && c.HasTag(Parameters) {
			at, declared = i, declarations(c.Source)
			break
		}
	}
	source := "// Parameters"
	for _, v := range values {
		d, known := declared[v.Name]
		if at >= 0 && declared != nil && !known {
			return fmt.Errorf("the notebook has no parameter %s: its cell tagged %q declares %s", v.Name, Parameters, strings.Join(slices.Sorted(maps.Keys(declared)), ", "))
		}
		source += "\n" + v.statement(d, known)
	}
	cell := &nbformat.Cell{Type: nbformat.Code, Source: source}
	if err := cell.Metadata.Set("tags", []string{InjectedParameters}); err != nil {
		return err
	}
	if i := slices.IndexFunc(nb.Cells, func(c *nbformat.Cell) bool { return c.HasTag(InjectedParameters) }); i >= 0 {
		cell.ID = nb.Cells[i].ID
		nb.Cells[i] = cell
		return nil
	}
	cell.ID = nb.NewID(source)
	nb.Cells = slices.Insert(nb.Cells, at+1, cell)
	return nil
}

// statement gives the parameter its value, where d declares it, or declares it itself.
func (p Parameter) statement(d declaration, known bool) string {
	value := p.Value
	if !p.Expression && (d.text || !isLiteral(value)) {
		value = strconv.Quote(value)
	}
	switch {
	case !known:
		return p.Name + " := " + value
	case d.constant:
		return "const " + p.Name + " = " + value
	}
	return p.Name + " = " + value
}

// isLiteral reports whether a value is a number of Go, with a sign or without, or a truth value.
func isLiteral(value string) bool {
	if value == "true" || value == "false" {
		return true
	}
	e, err := parser.ParseExpr(value)
	if err != nil {
		return false
	}
	if u, ok := e.(*ast.UnaryExpr); ok && (u.Op == token.SUB || u.Op == token.ADD) {
		e = u.X
	}
	lit, ok := e.(*ast.BasicLit)
	return ok && (lit.Kind == token.INT || lit.Kind == token.FLOAT)
}

// declaration is how a cell declares a parameter.
type declaration struct {
	text     bool // its default is a string, or its type is string
	constant bool
}

// declarations returns what a cell of statements declares; nil when it has anything else that cannot be read here.
func declarations(code string) map[string]declaration {
	f, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc _() {\n"+code+"\n}", parser.SkipObjectResolution)
	if err != nil || len(f.Decls) != 1 {
		return nil
	}
	list := map[string]declaration{}
	for _, s := range f.Decls[0].(*ast.FuncDecl).Body.List {
		switch s := s.(type) {
		case *ast.AssignStmt:
			for i, e := range s.Lhs {
				if id, ok := e.(*ast.Ident); ok && s.Tok == token.DEFINE {
					list[id.Name] = declaration{text: i < len(s.Rhs) && isText(s.Rhs[i])}
				}
			}
		case *ast.DeclStmt:
			g := s.Decl.(*ast.GenDecl)
			for _, spec := range g.Specs {
				v, ok := spec.(*ast.ValueSpec)
				if !ok {
					continue
				}
				for i, id := range v.Names {
					typ, _ := v.Type.(*ast.Ident)
					text := typ != nil && typ.Name == "string" || v.Type == nil && i < len(v.Values) && isText(v.Values[i])
					list[id.Name] = declaration{text, g.Tok == token.CONST}
				}
			}
		}
	}
	return list
}

func isText(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Kind == token.STRING
}
