package check

import (
	"fmt"
	"go/types"
	"regexp"
	"strconv"
	"strings"

	"poolbook/interp/internal/pattern"
)

var (
	cellName  = pattern.New(`main·(\d+)\.([\pL_][\pL\pN_]*)`)
	cellPkg   = pattern.New(`main·\d+`)
	standIn   = pattern.New(`(\S.*?)·\d+·\d+ \(variable of ((?:\w+ )?type [^)]*)\)`)
	hiddenTag = pattern.New(`·(\d+·\d+)?`)
	otherDecl = pattern.New(`\n\t([^\n]*?):(\d+):(\d+): ([^\n]*)`)
)

// clean rewrites a text of go/types for readers: names of cells' packages go; types whose name means something else
// now say which cell they are from.
func (p *pass) clean(msg string) string {
	msg = standIn().ReplaceAllString(msg, "$1 (value of $2)")
	msg = strings.Replace(msg, " in assignment to _ identifier", "", 1) // what is there for an expression alone
	msg = p.env.clean(msg, p.pkg)
	return hiddenTag().ReplaceAllString(msg, "")
}

func (e *Env) clean(msg string, cur *Package) string {
	if !strings.Contains(msg, "·") && !strings.Contains(msg, "\n") {
		return msg
	}
	older := map[string]bool{}
	msg = cellName().ReplaceAllStringFunc(msg, func(s string) string {
		m := cellName().FindStringSubmatch(s)
		seq, _ := strconv.Atoi(m[1])
		name := m[2]
		pkg := e.bySeq[seq]
		if pkg == nil || pkg.Cell == 0 {
			return name
		}
		obj := pkg.Types.Scope().Lookup(name)
		redeclared := cur != nil && cur != pkg && cur.Types.Scope().Lookup(name) != nil && cur.Types.Scope().Lookup(name) != obj
		if obj == nil || (e.Current(obj) || e.names[name] == nil) && !redeclared {
			return name
		}
		if cur == pkg {
			return name
		}
		older[name] = true
		return fmt.Sprintf("%s (cell %d)", name, pkg.Cell)
	})
	for name := range older {
		// The same name without a cell is the present one: say so, as both stand in one text.
		// Behind a dot it is a field.
		bare := regexp.MustCompile(`(?:^|[^.\pL\pN_])` + regexp.QuoteMeta(name) + `\b( \(cell \d+\))?`)
		now := 0
		if cur != nil && cur.Types.Scope().Lookup(name) != nil {
			now = cur.Cell
		} else if ent := e.names[name]; ent != nil {
			now = ent.pkg.Cell
		}
		if _, isType := e.objectFor(name, cur).(*types.TypeName); isType && now > 0 {
			msg = bare.ReplaceAllStringFunc(msg, func(s string) string {
				if strings.HasSuffix(s, ")") {
					return s
				}
				return fmt.Sprintf("%s (cell %d)", s, now)
			})
		}
	}
	msg = cellPkg().ReplaceAllString(msg, "main")
	return otherDecl().ReplaceAllString(msg, "\n\t$4 at $1, line $2")
}

func (e *Env) objectFor(name string, cur *Package) types.Object {
	if cur != nil {
		if obj := cur.Types.Scope().Lookup(name); obj != nil {
			return obj
		}
	}
	return e.Lookup(name)
}

// CleanTypes rewrites the names of cells' packages in a text for readers.
func (e *Env) CleanTypes(msg string) string {
	return mainDot().ReplaceAllString(e.clean(msg, nil), "$1")
}

var mainDot = pattern.New(`(^|[^\pL\pN_./])main\.`)
