package check

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"poolbook/interp/internal/pattern"
)

// misfit is a function that a generic one does not take: the generic one, the
// function's type, and what it is called.
var misfit = pattern.New(`^in call to (.+)\.([\pL_][\pL\pN_]*), type (.+?) of (.+) does not match `)

// poolAdvice tells who comes from Python's pools which form takes a function, "" when the diagnostic is of something else.
func (p *pass) poolAdvice(d *Diag) string {
	m := misfit().FindStringSubmatch(d.Msg)
	if m == nil {
		return ""
	}
	offers, name := p.poolOffers(m[1], d.Pos)
	if offers == nil {
		return ""
	}
	call, typ, given := m[2], m[3], m[4]
	form := func(name string) string {
		if offers(name) {
			return m[1] + "." + name
		}
		return ""
	}
	params, result, isFunc := signatureText(typ)
	single := strings.HasPrefix(call, "Apply") || strings.HasPrefix(call, "Submit")
	rest, isMap := strings.CutPrefix(call, "Map")
	literal := strings.HasSuffix(given, " literal)")
	withError := ""
	if strings.HasSuffix(result, ", error)") {
		withError = form(call + "Err")
	}
	switch {
	case !isFunc && !single:
		return ""
	case !isFunc:
		return fmt.Sprintf("%s is called here already: hand over a function that calls it, func() %s { return %[1]s }", given, typ)
	case single && params != "" && !literal:
		advice := fmt.Sprintf("the function is called without arguments: hand over one that has them, such as func() %s { return %s(…) }", result, given)
		if withError != "" {
			advice += ", to " + withError
		}
		return advice
	case single && params != "":
		return "the function is called without arguments: it can use the cell's variables instead"
	case withError != "":
		return "a function that returns an error too goes with " + withError
	case single && result == "":
		return "the function must return something: it may return true"
	case isMap && result == "" && form("ForEach"+rest) != "":
		return "a function that returns nothing goes with " + form("ForEach"+rest)
	case isMap && strings.Count(params, ", ") == 1 && form("Starmap"+rest) != "":
		return fmt.Sprintf("a function of two arguments goes with %s, and items of %s.Args2", form("Starmap"+rest), name)
	}
	return ""
}

// poolOffers tells what may be called as of.Name, and how the pool package is called: of is its name, or a pool or executor that is
// called at pos. It returns nil for others.
func (p *pass) poolOffers(of string, pos token.Pos) (offers func(name string) bool, pkgName string) {
	if pkg := p.importedAs(of); pkg != nil {
		if pkg.Path() != "poolbook/pool" {
			return nil, ""
		}
		return func(name string) bool { return slices.Contains(exported(pkg), name) }, of
	}
	var recv types.Type
	ast.Inspect(p.file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && call.Lparen <= pos && pos <= call.Rparen {
			if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && types.ExprString(sel.X) == of {
				recv = p.pkg.Info.TypeOf(sel.X) // the innermost call comes last
			}
		}
		return true
	})
	if recv == nil {
		return nil, ""
	}
	offers = func(name string) bool {
		obj, _, _ := types.LookupFieldOrMethod(recv, true, nil, name)
		return obj != nil && obj.Pkg() != nil && obj.Pkg().Path() == "poolbook/pool"
	}
	if !offers("Map") {
		return nil, ""
	}
	return offers, "pool"
}

// signatureText takes the text of a function type apart.
func signatureText(typ string) (params, result string, ok bool) {
	rest, ok := strings.CutPrefix(typ, "func(")
	if !ok {
		return "", "", false
	}
	depth := 1
	for i, r := range rest {
		switch r {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return rest[:i], strings.TrimSpace(rest[i+1:]), true
			}
		}
	}
	return "", "", false
}
