package check

import (
	"fmt"
	"slices"
	"strings"

	"poolbook/interp/internal/pattern"
)

// misfit is a function that a generic one does not take: the generic one, the
// function's type, and what it is called.
var misfit = pattern.New(`^in call to ([\pL_][\pL\pN_]*)\.([\pL_][\pL\pN_]*), type (.+?) of (.+) does not match `)

// poolAdvice tells who comes from Python's pools which form takes a function, "" when the diagnostic is of something else.
func (p *pass) poolAdvice(msg string) string {
	m := misfit().FindStringSubmatch(msg)
	if m == nil {
		return ""
	}
	pkg := p.importedAs(m[1])
	if pkg == nil || pkg.Path() != "poolbook/pool" {
		return ""
	}
	call, typ, given := m[2], m[3], m[4]
	form := func(name string) string {
		if slices.Contains(exported(pkg), name) {
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
		return fmt.Sprintf("a function of two arguments goes with %s, and items of %s.Args2", form("Starmap"+rest), m[1])
	}
	return ""
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
