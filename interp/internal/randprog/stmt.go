package randprog

import (
	"fmt"
	"strings"
)

// stmts writes n statements.
func (g *gen) stmts(b *strings.Builder, n, depth int) {
	for range n {
		g.stmt(b, depth)
	}
}

// inner writes a block's statements in a scope of their own.
func (g *gen) inner(b *strings.Builder, depth int) {
	defer g.enter()()
	g.stmts(b, 1+g.n(3), depth-1)
}

// stmt writes a statement, or a few that belong together.
func (g *gen) stmt(b *strings.Builder, depth int) {
	g.size--
	g.event = calm
	if depth <= 0 {
		g.plainStmt(b, 1)
		return
	}
	switch g.n(26) {
	case 0, 1, 2:
		g.ifStmt(b, depth)
	case 3, 4, 5:
		g.loop(b, depth)
	case 6:
		g.switchStmt(b, depth)
	case 7:
		g.typeSwitch(b, depth)
	case 8:
		b.WriteString("{\n")
		g.inner(b, depth)
		b.WriteString("}\n")
	case 9, 10:
		b.WriteString("func() {\ndefer caught(" + g.label() + ")\n")
		end := g.nested(g.pure)
		g.stmts(b, 1+g.n(4), depth-1)
		end()
		b.WriteString("}()\n")
	case 11:
		if !g.pure {
			g.deferStmt(b, depth)
			return
		}
		g.plainStmt(b, depth)
	case 12, 13:
		if !g.pure && len(g.loops) == 0 {
			g.template(b)
			return
		}
		g.plainStmt(b, depth)
	case 14:
		g.jump(b)
	default:
		g.plainStmt(b, 3)
	}
}

func (g *gen) label() string { return fmt.Sprintf("%q", g.name("at")) }

// plainStmt writes a statement without statements of its own. What may panic is mostly caught at once.
func (g *gen) plainStmt(b *strings.Builder, depth int) {
	n := g.n(10)
	if n < 4 {
		g.declaration(b, depth)
		return
	}
	var s strings.Builder
	switch {
	case n < 8 || g.pure:
		g.assign(&s, depth)
	case n == 8:
		g.callStmt(&s, depth)
	default:
		g.print(&s, depth)
	}
	if g.event == risky && g.p(85) {
		fmt.Fprintf(b, "func() {\ndefer caught(%s)\n%s}()\n", g.label(), s.String())
		return
	}
	b.WriteString(s.String())
}

// newName returns a name for a variable: a new one, or one of an outer scope.
func (g *gen) newName() string {
	if g.block > 0 && g.p(15) {
		v := g.scope[g.n(g.block)]
		inBlock := false
		for _, w := range g.scope[g.block:] {
			inBlock = inBlock || w.name == v.name
		}
		if v.name[0] == 'v' && !inBlock && !strings.Contains(v.name, "x") {
			return v.name
		}
	}
	return g.name("v")
}

func (g *gen) declaration(b *strings.Builder, depth int) {
	if g.p(15) {
		g.funcVar(b, depth)
		return
	}
	t := g.typ(2)
	if g.pure {
		t = g.plainType()
	}
	var x string
	if g.p(15) && !g.pure {
		if v := g.assignable(func(u *typ) bool { return u.kind != kFunc }); v != nil {
			t, x = ptrTo(v.t), "&"+v.name
		}
	}
	if x == "" {
		x = g.x(t, depth)
	}
	name := g.newName()
	switch {
	case g.event == risky && g.p(85):
		if strings.Contains(x, name) { // it would mean the new one
			name = g.name("v")
		}
		fmt.Fprintf(b, "var %s %s\n", name, t.name)
		fmt.Fprintf(b, "func() {\ndefer caught(%s)\n%s = %s\n}()\n", g.label(), name, x)
	case g.p(50) && t.kind != kIface:
		fmt.Fprintf(b, "%s := %s\n", name, x)
	default:
		fmt.Fprintf(b, "var %s %s = %s\n", name, t.name, x)
	}
	fmt.Fprintf(b, "_ = %s\n", name)
	g.declare(&variable{name: name, t: t})
}

// funcVar declares a function.
func (g *gen) funcVar(b *strings.Builder, depth int) {
	t := g.funcType()
	pure := g.pure || g.p(60)
	x := g.funcLit(t, pure, depth)
	name := g.newName()
	fmt.Fprintf(b, "%s := %s\n_ = %s\n", name, x, name)
	g.declare(&variable{name: name, t: t, fixed: true, pure: pure})
}

// target returns something of a type to assign to.
func (g *gen) target(depth int) (string, *typ) {
	v := g.assignable(func(*typ) bool { return true })
	if v == nil {
		return "", nil
	}
	s, t := v.name, v.t
	for range g.n(3) {
		switch t.kind {
		case kStruct:
			f := t.fields[g.n(len(t.fields))]
			if f.name == "_" {
				return s, t
			}
			s, t = s+"."+f.name, f.t
			continue
		case kArray:
			s, t = fmt.Sprintf("%s[%d]", s, g.n(t.n)), t.elem
			continue
		}
		if g.pure {
			break
		}
		switch t.kind {
		case kSlice:
			if g.risk() {
				s, t = s+"["+g.v(tInt, depth-1)+"&3]", t.elem
			}
		case kPtr:
			if g.risk() {
				s, t = "(*"+s+")", t.elem
			}
		case kMap:
			if g.risk() {
				return s + "[" + g.x(t.key, depth-1) + "]", t.elem
			}
		}
	}
	return s, t
}

func (g *gen) assign(b *strings.Builder, depth int) {
	s, t := g.target(depth)
	if t == nil {
		g.print(b, depth)
		return
	}
	if !g.pure && g.p(40) && !strings.ContainsAny(s, ".[(*") {
		switch t.kind {
		case kSlice:
			g.assignSlice(b, s, t, depth)
			return
		case kMap:
			fmt.Fprintf(b, []string{"delete(%s, %s)\n", "if len(%[1]s) > 4 { clear(%[1]s) } else { delete(%[1]s, %[2]s) }\n"}[g.n(2)], s, g.x(t.key, depth))
			return
		}
	}
	switch {
	case t.kind == kInt && g.p(20):
		b.WriteString(s + []string{"++\n", "--\n"}[g.n(2)])
	case t.kind == kInt && g.p(40):
		op := []string{"+=", "-=", "*=", "&=", "|=", "^=", "&^="}[g.n(7)]
		fmt.Fprintf(b, "%s %s %s\n", s, op, g.x(t, depth))
	case t.kind == kInt && g.p(20):
		fmt.Fprintf(b, "%s %s %s%%70\n", s, []string{"<<=", ">>="}[g.n(2)], g.v(tUint, depth))
	case t.number() && g.p(40):
		fmt.Fprintf(b, "%s %s %s\n", s, []string{"+=", "-="}[g.n(2)], g.x(t, depth))
	case g.p(15) && !strings.ContainsAny(s, "[("):
		// Two at once: all is read before anything is written.
		other := g.assignable(func(u *typ) bool { return u.name == t.name })
		if other != nil && other.name != s && !strings.HasPrefix(s, other.name+".") {
			g.event = risky
			fmt.Fprintf(b, "%s, %s = %s, %s\n", s, other.name, g.x(t, depth), g.x(t, depth))
			return
		}
		fallthrough
	default:
		fmt.Fprintf(b, "%s = %s\n", s, g.x(t, depth))
	}
}

func (g *gen) assignSlice(b *strings.Builder, s string, t *typ, depth int) {
	g.event = risky // several calls
	x := g.x(t.elem, depth)
	switch g.n(7) {
	case 0:
		fmt.Fprintf(b, "if len(%[1]s) > 1 { %[1]s[0], %[1]s[1] = %[1]s[1], %[1]s[0] }\n", s)
	case 1:
		fmt.Fprintf(b, "if len(%[1]s) > 2 { %[1]s = append(%[1]s[:1], %[2]s) }\n", s, x)
	case 2:
		fmt.Fprintf(b, "copy(%s, %s)\n", s, g.x(t, depth))
	case 3:
		fmt.Fprintf(b, "clear(%s)\n", s)
	case 4:
		fmt.Fprintf(b, "slices.Reverse(%s)\n", s)
	case 5:
		if t.elem.kind == kInt || t.elem.kind == kString {
			fmt.Fprintf(b, "sort.Slice(%[1]s, func(i, j int) bool { return %[1]s[i] < %[1]s[j] })\n", s)
			return
		}
		fallthrough
	default:
		fmt.Fprintf(b, "%[1]s = push(%[1]s, %s)\n", s, x)
	}
}

// callStmt calls a function that changes what it likes, which only stands alone.
func (g *gen) callStmt(b *strings.Builder, depth int) {
	type callee struct {
		s       string
		in, out []*typ
	}
	var list []callee
	for _, f := range g.funcs {
		if !f.pure {
			list = append(list, callee{f.name, f.in, f.out})
		}
	}
	for v := range g.visible() {
		if v.t.kind == kFunc {
			list = append(list, callee{v.name, v.t.in, []*typ{v.t.out}})
		}
		methods := v.t.methods
		if v.t.kind == kPtr && v.t.elem.kind != kIface {
			methods = v.t.elem.methods
		}
		for _, m := range methods {
			if m.ptr && (v.fixed && v.t.kind != kPtr) {
				continue
			}
			list = append(list, callee{v.name + "." + m.name, m.in, m.out})
		}
	}
	if len(list) == 0 {
		g.print(b, depth)
		return
	}
	c := list[g.n(len(list))]
	g.event = risky
	args := g.args(c.in, depth)
	var to []string
	for _, t := range c.out {
		v := g.assignable(func(u *typ) bool { return u.name == t.name })
		if v == nil || g.p(30) {
			to = append(to, "_")
		} else {
			to = append(to, v.name)
		}
	}
	if len(to) == 2 && to[0] == to[1] {
		to[1] = "_"
	}
	switch {
	case g.p(25) && len(to) == 1 && c.out[0].printable():
		fmt.Fprintf(b, "show(%s, %s(%s))\n", g.label(), c.s, args)
	case g.p(15):
		fmt.Fprintf(b, "%s(%s)\n", c.s, args)
	default:
		fmt.Fprintf(b, "%s = %s(%s)\n", strings.Join(to, ", "), c.s, args)
	}
}

func (g *gen) print(b *strings.Builder, depth int) {
	var s []string
	for range 1 + g.n(2) {
		t := g.typ(2)
		if t.printable() {
			s = append(s, g.x(t, depth))
		}
	}
	fmt.Fprintf(b, "show(%s)\n", strings.Join(append([]string{g.label()}, s...), ", "))
}

// printAll prints the variables in scope.
func (g *gen) printAll(b *strings.Builder) {
	for v := range g.visible() {
		switch {
		case v.t.printable():
			fmt.Fprintf(b, "show(\"%[1]s\", %[1]s)\n", v.name)
		case v.t.kind == kPtr && v.t.elem.printable():
			fmt.Fprintf(b, "show(\"%[1]s\", deref(%[1]s))\n", v.name)
		case v.t.kind == kIface:
			fmt.Fprintf(b, "fmt.Printf(\"%[1]s %%T\\n\", %[1]s)\n", v.name)
		}
	}
}

// condition is an expression that a statement with a body begins with: panics there are rare, since nothing catches them.
func (g *gen) condition(t *typ, depth int) string {
	if g.p(90) {
		g.event = risky
	}
	return g.v(t, depth)
}

func (g *gen) ifStmt(b *strings.Builder, depth int) {
	defer g.enter()()
	b.WriteString("if ")
	if g.p(25) {
		t := g.basic()
		x := g.condition(t, depth-1)
		name := g.newName()
		fmt.Fprintf(b, "%s := %s; yes(%s) && ", name, x, name)
		g.declare(&variable{name: name, t: t})
		g.event = risky
	}
	fmt.Fprintf(b, "bool(%s) {\n", g.condition(tBool, depth))
	g.inner(b, depth)
	if g.p(20) {
		fmt.Fprintf(b, "} else if %s {\n", g.condition(tBool, depth))
		g.inner(b, depth)
	}
	if g.p(50) {
		b.WriteString("} else {\n")
		g.inner(b, depth)
	}
	b.WriteString("}\n")
}

func (g *gen) switchStmt(b *strings.Builder, depth int) {
	t := g.basic()
	for t.kind == kBool {
		t = g.basic()
	}
	if g.p(30) {
		b.WriteString("switch {\n")
		for range 1 + g.n(3) {
			fmt.Fprintf(b, "case %s:\n", g.condition(tBool, depth-1))
			g.inner(b, depth)
		}
	} else {
		fmt.Fprintf(b, "switch %s {\n", g.condition(t, depth))
		seen := map[string]bool{}
		n := 1 + g.n(4)
		for i := range n {
			x, constant := g.expr(t, 1)
			if constant || seen[x] { // two equal constants are an error
				x = "id(" + x + ")"
			}
			seen[x] = true
			fmt.Fprintf(b, "case %s:\n", x)
			g.inner(b, depth)
			if i < n-1 && g.p(20) {
				b.WriteString("fallthrough\n")
			}
		}
	}
	if g.p(60) {
		b.WriteString("default:\n")
		g.inner(b, depth)
	}
	b.WriteString("}\n")
}

func (g *gen) typeSwitch(b *strings.Builder, depth int) {
	name := g.newName()
	fmt.Fprintf(b, "switch %s := %s.(type) {\n", name, g.condition(tAny, depth))
	seen := map[string]bool{"any": true}
	for range 1 + g.n(4) {
		t := g.typ(1)
		if seen[t.name] || t == tAny || g.pure && !t.plain() {
			continue
		}
		seen[t.name] = true
		u := t
		if o := g.typ(1); g.p(20) && !seen[o.name] {
			seen[o.name] = true
			fmt.Fprintf(b, "case %s, %s:\n", t.name, o.name)
			u = tAny
		} else {
			fmt.Fprintf(b, "case %s:\n", t.name)
		}
		end := g.enter()
		g.declare(&variable{name: name, t: u, fixed: g.pure})
		g.block = len(g.scope) - 1
		fmt.Fprintf(b, "_ = %s\n", name)
		g.stmts(b, 1+g.n(2), depth-1)
		end()
	}
	fmt.Fprintf(b, "default:\n_ = %s\n", name)
	end := g.enter()
	g.declare(&variable{name: name, t: tAny, fixed: true})
	g.block = len(g.scope) - 1
	g.stmts(b, 1+g.n(2), depth-1)
	end()
	b.WriteString("}\n")
}

func (g *gen) deferStmt(b *strings.Builder, depth int) {
	switch g.n(3) {
	case 0:
		g.event = risky
		t := g.basic()
		fmt.Fprintf(b, "defer show(%s, %s)\n", g.label(), g.x(t, depth))
	case 1:
		if len(g.loops) == 0 {
			fmt.Fprintf(b, "defer caught(%s)\n", g.label())
			return
		}
		fallthrough
	default:
		b.WriteString("defer func() {\n")
		end := g.nested(false)
		g.stmts(b, 1+g.n(2), 0)
		end()
		b.WriteString("}()\n")
	}
}

// jump writes a conditional break, continue, return, goto or panic.
func (g *gen) jump(b *strings.Builder) {
	cond := g.condition(tBool, 2)
	if len(g.loops) > 0 && g.p(70) {
		l := g.loops[g.n(len(g.loops))]
		what := []string{"break", "continue"}[g.n(2)]
		if l == g.loops[len(g.loops)-1] && g.p(50) {
			fmt.Fprintf(b, "if %s { %s }\n", cond, what)
			return
		}
		l.used = true
		fmt.Fprintf(b, "if %s { %s %s }\n", cond, what, l.label)
		return
	}
	if g.results != nil && g.p(60) {
		fmt.Fprintf(b, "if %s {\n", cond)
		g.ret(b, 1)
		b.WriteString("}\n")
		return
	}
	fmt.Fprintf(b, "func() {\ndefer caught(%s)\n", g.label())
	g.event = risky
	t := g.typ(1)
	if !t.printable() {
		t = tError
	}
	fmt.Fprintf(b, "if %s { panic(%s) }\n}()\n", cond, g.x(t, 1))
}
