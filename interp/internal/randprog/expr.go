package randprog

import (
	"fmt"
	"strconv"
	"strings"
)

// What else may happen in a statement besides reading and computing. The order of variables' reads and of calls, and
// of several panics, is not fixed by the language, so there is one event at most, or calls that only print.
type event uint8

const (
	calm   event = iota
	risky        // it may panic, or calls a function
	traced       // it calls functions that print and return their argument
)

// risk reports whether the statement may have an event yet, and takes it.
func (g *gen) risk() bool {
	if g.event != calm {
		return false
	}
	g.event = risky
	return true
}

// x returns an expression of type t.
func (g *gen) x(t *typ, depth int) string {
	s, _ := g.expr(t, depth)
	return s
}

// v is x, but never a constant.
func (g *gen) v(t *typ, depth int) string {
	s, constant := g.expr(t, depth)
	if constant {
		return "id(" + s + ")"
	}
	return s
}

// expr returns an expression of type t and whether it may be a constant.
func (g *gen) expr(t *typ, depth int) (string, bool) {
	if depth <= 0 || g.p(8) {
		return g.leaf(t, depth)
	}
	switch g.n(14) {
	case 0, 1, 2:
		if s := g.path(t); s != "" {
			return s, strings.HasPrefix(s, "C") // constants of the program begin with C
		}
	case 3:
		if s := g.call(t, depth-1); s != "" {
			return s, false
		}
	case 4:
		if s := g.element(t, depth-1); s != "" {
			return s, false
		}
	case 5:
		if g.event != risky && g.p(30) {
			g.event = traced
			g.trace++
			return fmt.Sprintf("tr(%d, %s)", g.trace, g.x(t, depth-1)), false
		}
		return fmt.Sprintf("pick(%s, %s, %s)", g.x(tBool, depth-1), g.x(t, depth-1), g.x(t, depth-1)), false
	case 6:
		if g.risk() {
			return g.literalCall(t, depth-1), false
		}
	case 7:
		if g.p(30) && g.risk() {
			return fmt.Sprintf("%s.(%s)", g.x(tAny, depth-1), t.name), false
		}
		if t.kind != kFunc && t != tAny && t != tError {
			return fmt.Sprintf("as(%s, %s)", g.x(tAny, depth-1), g.x(t, depth-1)), false
		}
	}
	switch t.kind {
	case kBool:
		return g.boolean(t, depth-1)
	case kInt, kFloat, kComplex:
		return g.arith(t, depth-1)
	case kString:
		return g.text(t, depth-1), false
	case kSlice:
		return g.slice(t, depth-1), false
	}
	return g.composite(t, depth-1), false
}

func (g *gen) leaf(t *typ, depth int) (string, bool) {
	if g.p(60) {
		if s := g.path(t); s != "" {
			return s, strings.HasPrefix(s, "C")
		}
	}
	return g.literal(t, min(depth, 0))
}

// path returns a variable of type t, or a part of one that can be read without a panic; "" when there is none.
func (g *gen) path(t *typ) string {
	var list []string
	var parts func(s string, v *typ, depth int)
	parts = func(s string, v *typ, depth int) {
		if v.name == t.name {
			list = append(list, s)
		}
		if depth == 0 {
			return
		}
		switch v.kind {
		case kStruct:
			for _, f := range v.fields {
				if f.name != "_" {
					parts(s+"."+f.name, f.t, depth-1)
				}
				if f.embedded {
					for _, p := range f.t.fields {
						if p.name != "_" && !v.has(p.name) {
							parts(s+"."+p.name, p.t, depth-1)
						}
					}
				}
			}
		case kArray:
			parts(fmt.Sprintf("%s[%d]", s, g.n(v.n)), v.elem, depth-1)
		}
	}
	for v := range g.visible() {
		parts(v.name, v.t, 2)
	}
	if len(list) == 0 {
		return ""
	}
	return list[g.n(len(list))]
}

func (t *typ) has(name string) bool {
	for _, f := range t.fields {
		if f.name == name {
			return true
		}
	}
	return false
}

// call returns a call of a pure function or method with a result of type t.
func (g *gen) call(t *typ, depth int) string {
	if g.event != calm {
		return ""
	}
	var list []func() string
	for _, f := range g.funcs {
		if f.pure && len(f.out) == 1 && f.out[0].name == t.name {
			list = append(list, func() string { return f.name + "(" + g.args(f.in, depth) + ")" })
		}
	}
	for v := range g.visible() {
		if v.pure && v.t.kind == kFunc && v.t.out != nil && v.t.out.name == t.name {
			list = append(list, func() string { return v.name + "(" + g.args(v.t.in, depth) + ")" })
		}
		for _, m := range v.t.methods {
			if m.pure && len(m.out) == 1 && m.out[0].name == t.name {
				list = append(list, func() string { return v.name + "." + m.name + "(" + g.args(m.in, depth) + ")" })
				if v.t.kind != kIface {
					list = append(list, func() string {
						return "(" + v.t.name + ")." + m.name + "(" + strings.TrimSuffix(v.name+", "+g.args(m.in, depth), ", ") + ")"
					})
				}
			}
		}
	}
	if len(list) == 0 {
		return ""
	}
	g.event = risky
	return list[g.n(len(list))]()
}

func (g *gen) args(in []*typ, depth int) string {
	var s []string
	for _, t := range in {
		s = append(s, g.x(t, depth))
	}
	return strings.Join(s, ", ")
}

// element returns an element of a slice, string, map or pointer in scope, which may panic.
func (g *gen) element(t *typ, depth int) string {
	var list []*variable
	for v := range g.visible() {
		switch {
		case (v.t.kind == kSlice || v.t.kind == kMap || v.t.kind == kPtr || v.t.kind == kArray) && v.t.elem.name == t.name,
			v.t.kind == kString && t == tByte, v.t.kind == kPtr && v.t.elem.kind == kStruct:
			list = append(list, v)
		}
	}
	if len(list) == 0 {
		return ""
	}
	v := list[g.n(len(list))]
	switch v.t.kind {
	case kMap:
		return v.name + "[" + g.x(v.t.key, depth) + "]"
	case kPtr:
		if v.t.elem.name != t.name {
			for _, f := range v.t.elem.fields {
				if f.t.name == t.name && f.name != "_" && g.risk() {
					return v.name + "." + f.name
				}
			}
			return ""
		}
		if !g.risk() {
			return ""
		}
		return "*" + v.name
	case kSlice:
		if g.p(70) {
			return "at(" + v.name + ", " + g.x(tInt, depth) + ")"
		}
	case kString:
		if g.p(70) {
			return "at([]byte(" + v.name + "), " + g.x(tInt, depth) + ")"
		}
	}
	if v.t.kind == kArray && g.p(60) {
		return v.name + "[" + g.v(ints[g.n(len(ints))], depth) + "&" + strconv.Itoa(v.t.n-1&^(v.t.n-1>>1)) + "%" + strconv.Itoa(v.t.n) + "]"
	}
	if !g.risk() {
		return ""
	}
	index := []*typ{tInt, tByte, tUint, ints[4], ints[9]}[g.n(5)]
	return v.name + "[" + g.v(index, depth) + pickString(g.p(70), "&7", "") + "]"
}

func pickString(b bool, x, y string) string {
	if b {
		return x
	}
	return y
}

// literalCall returns the call of a function literal: it computes with variables of its own.
func (g *gen) literalCall(t *typ, depth int) string {
	var b strings.Builder
	defer g.nested(true)()
	fmt.Fprintf(&b, "func() %s {\n", t.name)
	g.stmts(&b, 1+g.n(2), depth)
	g.event = calm
	fmt.Fprintf(&b, "return %s\n}()", g.x(t, depth))
	return b.String()
}

func (g *gen) boolean(t *typ, depth int) (string, bool) {
	conv := func(s string) string {
		if t != tBool {
			return t.name + "(" + s + ")"
		}
		return s
	}
	switch g.n(7) {
	case 0:
		return "!" + g.v(t, depth), false
	case 1:
		return "(" + g.v(t, depth) + " && " + g.v(t, depth) + ")", false
	case 2:
		return "(" + g.v(t, depth) + " || " + g.v(t, depth) + ")", false
	case 3:
		if g.p(40) && g.risk() {
			return conv("(" + g.x(tAny, depth) + " == " + g.x(tAny, depth) + ")"), false
		}
		u := g.typ(1)
		if u.kind == kSlice || u.kind == kMap || u.kind == kPtr || u.kind == kFunc {
			if s := g.path(u); s != "" {
				return conv("(" + s + " != nil)"), false
			}
		}
	case 4:
		u := g.typ(2)
		if u.comparable() && u.kind != kPtr {
			return conv("(" + g.v(u, depth) + []string{" == ", " != "}[g.n(2)] + "(" + g.v(u, depth) + "))"), false
		}
	}
	u := g.basic()
	for u.kind == kBool || u.kind == kComplex {
		u = g.basic()
	}
	return conv("(" + g.v(u, depth) + []string{" < ", " <= ", " > ", " >= ", " == ", " != "}[g.n(6)] + g.v(u, depth) + ")"), false
}

func (g *gen) arith(t *typ, depth int) (string, bool) {
	binary := func(op string) string {
		s := "(" + g.v(t, depth) + " " + op + " " + g.v(t, depth) + ")"
		if t.kind == kFloat || t.kind == kComplex {
			return t.name + s // rounded: no fused operations
		}
		return s
	}
	switch n := g.n(16); {
	case n < 3:
		return binary([]string{"+", "-", "*"}[n]), false
	case n == 3:
		return "(-" + g.paren(g.v(t, depth)) + ")", false
	case n == 4:
		return g.convert(t, depth), false
	case n == 5 && t.kind != kComplex:
		return []string{"min(", "max("}[g.n(2)] + g.v(t, depth) + ", " + g.x(t, depth) + ")", false
	}
	switch t.kind {
	case kFloat:
		switch g.n(5) {
		case 0:
			return t.name + "(math.Sqrt(" + g.convertTo(tFloat, depth) + "))", false
		case 1:
			return t.name + "(math.Floor(" + g.convertTo(tFloat, depth) + "))", false
		case 2:
			c := complexes[0]
			if t.bits == 32 {
				c = complexes[1]
			}
			return t.name + []string{"(real(", "(imag("}[g.n(2)] + g.v(c, depth) + "))", false
		}
		return binary("/"), false
	case kComplex:
		if g.p(50) {
			f := floats[0]
			if t.bits == 64 {
				f = floats[1]
			}
			return t.name + "(complex(" + g.v(f, depth) + ", " + g.v(f, depth) + "))", false
		}
		return "(" + g.v(t, depth) + " / " + g.v(t, depth) + ")", false
	}
	switch g.n(10) {
	case 0:
		return binary([]string{"&", "|", "^", "&^"}[g.n(4)]), false
	case 1:
		return "(^" + g.v(t, depth) + ")", false
	case 2:
		op := []string{"/", "%"}[g.n(2)]
		if g.p(30) && g.risk() {
			return "(" + g.v(t, depth) + op + g.v(t, depth) + ")", false
		}
		if g.p(50) { // divisors that are constants have code of their own
			d := []string{"1", "2", "3", "5", "7", "8", "10", "16", "100", "127"}[g.n(10)]
			if !t.unsigned && g.p(30) {
				d = "-" + d
			}
			return "(" + g.v(t, depth) + op + t.name + "(" + d + "))", false
		}
		return "(" + g.v(t, depth) + op + "(" + g.v(t, depth) + "|1))", false
	case 3, 4:
		op := []string{"<<", ">>"}[g.n(2)]
		if g.p(15) && g.risk() {
			return "(" + g.v(t, depth) + op + g.v(ints[4+g.n(3)], depth) + ")", false
		}
		if g.p(50) {
			return fmt.Sprintf("(%s%s%d)", g.v(t, depth), op, g.n(70)), false
		}
		return "(" + g.v(t, depth) + op + "(" + g.v([]*typ{tByte, tUint, ints[7], ints[8], ints[9]}[g.n(5)], depth) + "%70))", false
	case 5:
		if s := g.path(sliceOf(g.basic())); s != "" {
			return t.name + "(len(" + s + "))", false
		}
		return t.name + "(len(" + g.v(tString, depth) + "))", false
	case 6:
		if g.p(50) {
			return t.name + "(bits.OnesCount64(" + g.convertTo(ints[9], depth) + "))", false
		}
		return t.name + "(strings.Count(" + g.x(tString, depth) + ", " + g.x(tString, depth) + "))", false
	case 7:
		return t.name + "(bits.TrailingZeros32(" + g.convertTo(ints[8], depth) + "))", false
	}
	return binary([]string{"+", "-", "*", "&", "|", "^"}[g.n(6)]), false
}

// paren keeps a sign before s apart from one that s begins with.
func (g *gen) paren(s string) string { return "(" + s + ")" }

func (g *gen) convertTo(t *typ, depth int) string { return "(" + g.v(t, depth) + ")" }

// convert returns a conversion to a type of numbers from another one, where the language says what it gives.
func (g *gen) convert(t *typ, depth int) string {
	switch t.kind {
	case kInt:
		if g.p(25) {
			f := floats[g.n(2)]
			return t.name + "(clamp(float64(" + g.v(f, depth) + ")))"
		}
		return t.name + "(" + g.v(ints[g.n(len(ints))], depth) + ")"
	case kFloat:
		if g.p(40) {
			return t.name + "(" + g.v(floats[g.n(2)], depth) + ")"
		}
		return t.name + "(" + g.v(ints[g.n(len(ints))], depth) + ")"
	}
	return t.name + "(" + g.v(complexes[g.n(2)], depth) + ")"
}

func (g *gen) text(t *typ, depth int) string {
	conv := func(s string) string {
		if t != tString {
			return t.name + "(" + s + ")"
		}
		return s
	}
	switch g.n(11) {
	case 0, 1:
		return "clip(" + g.v(t, depth) + " + " + g.x(t, depth) + ")"
	case 2:
		return conv("string(" + g.v(tRune, depth) + ")")
	case 3:
		return conv("string(" + g.x(sliceOf([]*typ{tByte, tRune}[g.n(2)]), depth) + ")")
	case 4:
		return conv("strconv.Itoa(" + g.x(tInt, depth) + ")")
	case 5:
		if u := g.typ(2); u.printable() {
			return conv(fmt.Sprintf("clip(fmt.Sprintf(%q, %s))", []string{"%v", "%+v", "%#v", "%T", "%d", "%s", "%q", "%x", "%5v|"}[g.n(9)], g.x(u, depth)))
		}
	case 6:
		return conv("strings.ToUpper(" + g.x(tString, depth) + ")")
	case 7:
		if s := g.path(tString); s != "" && g.risk() {
			return conv(s + "[" + g.bound(0, depth) + ":" + g.bound(2, depth) + "]")
		}
	case 8:
		return conv("strings.Repeat(" + g.x(tString, depth) + ", int(" + g.v(tByte, depth) + "%4))")
	case 9:
		return conv("strconv.Quote(" + g.x(tString, depth) + ")")
	}
	s, _ := g.leaf(t, depth)
	return s
}

// bound returns an index of a slice expression, or nothing. Constants are from and the number after it.
func (g *gen) bound(from, depth int) string {
	switch g.n(3) {
	case 0:
		return ""
	case 1:
		return strconv.Itoa(from + g.n(2))
	}
	return g.v(tInt, depth) + "&3"
}

func (g *gen) slice(t *typ, depth int) string {
	switch g.n(8) {
	case 0:
		s := g.x(t, depth)
		return "push(" + s + ", " + g.x(t.elem, depth) + ")"
	case 1:
		if s := g.path(t); s != "" && g.risk() {
			if g.p(30) {
				return fmt.Sprintf("%s[%d:%d:%d]", s, g.n(2), 1+g.n(2), 2+g.n(3))
			}
			return s + "[" + g.bound(0, depth) + ":" + g.bound(2, depth) + "]"
		}
	case 2:
		if t.elem == tByte || t.elem == tRune {
			return t.name + "(" + g.x(tString, depth) + ")"
		}
	case 3:
		return fmt.Sprintf("make(%s, %d, %d)", t.name, g.n(4), 3+g.n(5))
	case 4:
		if g.risk() {
			u := g.basic()
			return "mapped(" + g.x(sliceOf(u), depth) + ", " + g.funcLit(funcOf(t.elem, u), true, depth) + ")"
		}
	case 5:
		return "slices.Clone(" + g.x(t, depth) + ")"
	}
	return g.composite(t, depth)
}
