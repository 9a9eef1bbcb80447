package randprog

import (
	"fmt"
	"strconv"
	"strings"
)

// literal returns a value of type t and whether it is a constant. Below a depth of -2 it holds nothing.
func (g *gen) literal(t *typ, depth int) (string, bool) {
	switch t.kind {
	case kBool:
		return g.typed(t, []string{"true", "false"}[g.n(2)]), true
	case kInt:
		return t.name + "(" + g.intLiteral(t) + ")", true
	case kFloat:
		if g.p(12) {
			return t.name + []string{"(math.NaN())", "(math.Inf(1))", "(math.Inf(-1))", "(math.Copysign(0, -1))"}[g.n(4)], false
		}
		return t.name + "(" + g.floatLiteral() + ")", true
	case kComplex:
		return t.name + "(complex(" + g.floatLiteral() + ", " + g.floatLiteral() + "))", true
	case kString:
		return g.typed(t, g.stringLiteral()), true
	}
	return g.composite(t, depth-1), false
}

func (g *gen) typed(t *typ, s string) string {
	if t.base != nil {
		return t.name + "(" + s + ")"
	}
	return s
}

func (g *gen) intLiteral(t *typ) string {
	switch g.n(8) {
	case 0:
		if t.unsigned {
			return strconv.FormatUint(1<<t.bits-1-uint64(g.n(2)), 10)
		}
		return strconv.FormatInt(1<<(t.bits-1)-1-int64(g.n(2)), 10)
	case 1:
		if !t.unsigned {
			return strconv.FormatInt(-1<<(t.bits-1)+int64(g.n(2)), 10)
		}
	case 2:
		if t.bits >= 32 {
			return strconv.Itoa(g.n(1 << 30))
		}
	case 3:
		return strconv.Itoa(1 << g.n(t.bits-1))
	case 4:
		if !t.unsigned {
			return strconv.Itoa(-g.n(20))
		}
	}
	return strconv.Itoa(g.n(12))
}

func (g *gen) floatLiteral() string {
	return []string{"0", "1", "-1", "0.5", "2.25", "-3.75", "1e10", "1e-7", "3", "0.1", "-2.5e3", "16777217", "1.0000001"}[g.n(13)]
}

func (g *gen) stringLiteral() string {
	return []string{`""`, `"a"`, `"go"`, `"héllo"`, `"日本"`, `"\xff\xfe"`, `"a,b,c"`, `"line\n"`, "`raw\\n`", `"x\x00y"`, `"🎈"`, `"12"`}[g.n(12)]
}

// composite returns a value of a type that is not basic.
func (g *gen) composite(t *typ, depth int) string {
	if depth < -2 {
		switch t.kind {
		case kSlice, kMap, kPtr, kIface:
			return "(" + t.name + ")(nil)"
		case kArray, kStruct:
			return t.name + "{}"
		}
	}
	depth--
	switch t.kind {
	case kSlice:
		if g.p(12) {
			return t.name + "(nil)"
		}
		if t.elem.kind <= kString && g.p(10) {
			return fmt.Sprintf("%s{%d: %s, %s}", t.name, g.n(4), g.x(t.elem, depth), g.x(t.elem, depth))
		}
		return t.name + "{" + g.list(t.elem, g.n(4), depth) + "}"
	case kArray:
		return t.name + "{" + g.list(t.elem, g.n(t.n+1), depth) + "}"
	case kMap:
		if g.p(12) {
			return t.name + "(nil)"
		}
		if t.key.kind == kString || t.key.kind == kInt {
			seen := map[string]bool{}
			var s []string
			for range g.n(4) {
				k, _ := g.literal(t.key, 0)
				if !seen[k] {
					seen[k] = true
					s = append(s, k+": "+g.x(t.elem, depth))
				}
			}
			return t.name + "{" + strings.Join(s, ", ") + "}"
		}
		return t.name + "{" + g.v(t.key, depth) + ": " + g.x(t.elem, depth) + "}"
	case kPtr:
		switch {
		case g.p(8):
			return "(" + t.name + ")(nil)"
		case t.elem.kind == kStruct && g.p(70):
			return "&" + g.composite(t.elem, depth)
		case g.p(50):
			return "ref(" + g.x(t.elem, depth) + ")"
		}
		return "new(" + t.elem.name + ")"
	case kFunc:
		return g.funcLit(t, g.pure, depth)
	case kStruct:
		return g.structLiteral(t, depth)
	case kIface:
		return g.boxed(t, depth)
	}
	s, _ := g.literal(t, depth)
	return s
}

func (g *gen) list(t *typ, n, depth int) string {
	var s []string
	for range n {
		x := g.x(t, depth)
		// A literal within a literal may leave its type out.
		if g.p(50) && (t.kind == kStruct || t.kind == kSlice || t.kind == kArray || t.kind == kMap) {
			if rest, ok := strings.CutPrefix(x, t.name+"{"); ok && balanced(rest) {
				x = "{" + rest
			}
		}
		s = append(s, x)
	}
	return strings.Join(s, ", ")
}

// balanced reports whether s is the rest of one literal.
func balanced(s string) bool {
	depth := 1
	for i := range len(s) {
		switch s[i] {
		case '"', '`', '\'':
			return false // not worth a scanner
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 && i < len(s)-1 {
				return false
			}
		}
	}
	return depth == 0
}

func (g *gen) structLiteral(t *typ, depth int) string {
	// In a cell, an unkeyed literal of an earlier cell's struct has no place for what a field without a name gets.
	if g.p(30) || t.has("_") {
		var s []string
		for _, f := range t.fields {
			if f.name == "_" {
				continue
			}
			if g.p(60) {
				s = append(s, f.name+": "+g.x(f.t, depth))
			}
		}
		return t.name + "{" + strings.Join(s, ", ") + "}"
	}
	var s []string
	for _, f := range t.fields {
		s = append(s, g.x(f.t, depth))
	}
	return t.name + "{" + strings.Join(s, ", ") + "}"
}

// boxed returns a value of an interface type.
func (g *gen) boxed(t *typ, depth int) string {
	switch {
	case t == tError:
		if g.p(30) {
			return "error(nil)"
		}
		return "errors.New(" + g.x(tString, depth) + ")"
	case t == tAny:
		if g.p(8) {
			return "any(nil)"
		}
		for range 5 {
			if u := g.typ(1); u.printable() && u != tAny {
				return "any(" + g.x(u, depth) + ")"
			}
		}
		return "any(" + g.x(tInt, depth) + ")"
	}
	if len(t.impls) == 0 || g.p(5) {
		return t.name + "(nil)"
	}
	i := t.impls[g.n(len(t.impls))]
	if i.ptr || g.p(20) {
		return t.name + "(ref(" + g.x(i.t, depth) + "))"
	}
	return t.name + "(" + g.x(i.t, depth) + ")"
}

// funcLit returns a function literal.
func (g *gen) funcLit(t *typ, pure bool, depth int) string {
	var b strings.Builder
	defer g.nested(pure)()
	b.WriteString("func(")
	for i, p := range t.in {
		name := g.name("a")
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name + " " + p.name)
		g.declare(&variable{name: name, t: p})
	}
	b.WriteString(") ")
	if t.out != nil {
		b.WriteString(t.out.name)
		g.results = []*typ{t.out}
	}
	b.WriteString(" {\n")
	if !pure { // it may come to call itself
		b.WriteString("if fuel--; fuel < 0 { panic(\"no fuel\") }\n")
	}
	if depth > 0 {
		g.stmts(&b, g.n(3), depth-1)
	}
	if t.out != nil {
		g.event = calm
		b.WriteString("return " + g.x(t.out, depth) + "\n")
	}
	b.WriteString("}")
	return b.String()
}
