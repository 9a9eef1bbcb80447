package randprog

import (
	"fmt"
	"strings"
)

// declarations writes the program's types, constants, variables and functions.
func (g *gen) declarations(b *strings.Builder) {
	for range g.n(3) {
		g.namedBasic(b)
	}
	for range 1 + g.n(3) {
		g.structType(b)
	}
	for range g.n(3) {
		g.ifaceType(b)
	}
	for range g.n(3) {
		g.constants(b)
	}
	for range g.n(4) {
		t := g.typ(2)
		name := g.global("v")
		// No calls: the order of initialization is that of the text.
		g.event = risky
		fmt.Fprintf(b, "var %s %s = %s\n", name, t.name, g.x(t, 1))
		g.declare(&variable{name: name, t: t})
	}
	for range 2 + g.n(5) {
		g.function(b)
	}
}

func (g *gen) namedBasic(b *strings.Builder) {
	base := g.basic()
	if base.base != nil {
		base = base.base
	}
	t := *base
	t.name, t.base = g.global("N"), base
	fmt.Fprintf(b, "type %s %s\n", t.name, base.name)
	if g.p(50) {
		g.stringer(b, &t)
	}
	g.named = append(g.named, &t)
}

// stringer writes a String method, which fmt may call anywhere: it neither prints nor panics.
func (g *gen) stringer(b *strings.Builder, t *typ) {
	m := &fn{name: "String", out: []*typ{tString}, pure: true}
	recv := t.name
	if t.base != nil {
		fmt.Fprintf(b, "func (x %s) String() string { return fmt.Sprint(\"<%s \", %s(x), \">\") }\n", recv, t.name, t.base.name)
	} else {
		end := g.nested(true)
		g.declare(&variable{name: "x", t: t, fixed: true})
		g.event = risky
		fmt.Fprintf(b, "func (x %s) String() string { return \"<%s \" + %s + \">\" }\n", recv, t.name, g.x(tString, 1))
		end()
	}
	t.methods = append(t.methods, m)
}

func (g *gen) structType(b *strings.Builder) {
	t := &typ{kind: kStruct, name: g.global("S")}
	fmt.Fprintf(b, "type %s struct {\n", t.name)
	if len(g.structs) > 0 && g.p(35) {
		e := g.structs[g.n(len(g.structs))]
		t.fields = append(t.fields, field{e.name, e, true})
		fmt.Fprintf(b, "%s\n", e.name)
		for _, m := range e.methods { // promoted
			if !m.ptr {
				t.methods = append(t.methods, m)
			}
		}
	}
	for i := range 1 + g.n(5) {
		u := g.typ(2)
		name := fmt.Sprintf("F%d", i)
		if g.p(30) {
			name = fmt.Sprintf("f%d", i)
		}
		if g.p(3) {
			name = "_"
		}
		t.fields = append(t.fields, field{name: name, t: u})
		fmt.Fprintf(b, "%s %s\n", name, u.name)
	}
	b.WriteString("}\n")
	if g.p(25) {
		g.stringer(b, t)
	}
	g.structs = append(g.structs, t)
	for range g.n(3) {
		g.method(b, t)
	}
}

// method writes a method of a struct: a pure one of its values, or one of its pointers that changes them.
func (g *gen) method(b *strings.Builder, t *typ) {
	m := &fn{name: fmt.Sprintf("M%d", g.n(3)), ptr: g.p(40)}
	if t.method(m.name) != nil || len(t.methods) > 0 && t.has(m.name) {
		return
	}
	// Methods of one name have one signature, so that interfaces fit.
	n := int(m.name[1] - '0')
	m.in, m.out, m.pure = [][]*typ{{tInt}, nil, {tString, tInt}}[n], [][]*typ{{tInt}, {tString}, {tInt}}[n], !m.ptr
	g.body(b, m, t)
	t.methods = append(t.methods, m)
}

func (g *gen) ifaceType(b *strings.Builder) {
	t := &typ{kind: kIface, name: g.global("I")}
	fmt.Fprintf(b, "type %s interface {\n", t.name)
	for i := range 3 {
		if !g.p(40) {
			continue
		}
		sig := []string{"(int) int", "() string", "(string, int) int"}[i]
		fmt.Fprintf(b, "M%d%s\n", i, sig)
		t.methods = append(t.methods, &fn{name: fmt.Sprintf("M%d", i), in: [][]*typ{{tInt}, nil, {tString, tInt}}[i], out: [][]*typ{{tInt}, {tString}, {tInt}}[i]})
	}
	b.WriteString("}\n")
	for _, s := range g.structs {
		ok, ptr := true, false
		for _, m := range t.methods {
			have := s.method(m.name)
			ok = ok && have != nil
			ptr = ptr || ok && have.ptr
		}
		if ok {
			t.impls = append(t.impls, impl{s, ptr})
		}
	}
	g.ifaces = append(g.ifaces, t)
}

func (g *gen) constants(b *strings.Builder) {
	b.WriteString("const (\n")
	t := ints[g.n(len(ints))]
	form := []string{"%s %s = iota + 1\n", "%s %s = 1 << iota\n", "%s %s = iota*iota + 3\n", "%s %s = 100 - iota<<2\n"}[g.n(4)]
	for i := range 2 + g.n(4) {
		name := g.global("C")
		switch {
		case i == 0:
			fmt.Fprintf(b, form, name, t.name)
		case g.p(15):
			b.WriteString("_\n")
			continue
		default:
			b.WriteString(name + "\n")
		}
		g.declare(&variable{name: name, t: t, fixed: true})
	}
	b.WriteString(")\n")
}

// function writes a function: half of them are pure.
func (g *gen) function(b *strings.Builder) {
	f := &fn{name: g.global("F"), pure: g.p(55)}
	for range g.n(4) {
		if f.pure {
			f.in = append(f.in, g.plainType())
		} else {
			f.in = append(f.in, g.typ(2))
		}
	}
	f.out = []*typ{g.typ(1)}
	if !f.pure && g.p(40) {
		f.out = append(f.out, g.typ(1))
	}
	g.body(b, f, nil)
	g.funcs = append(g.funcs, f)
}

// body writes a function or method with its body.
func (g *gen) body(b *strings.Builder, f *fn, recv *typ) {
	defer g.nested(f.pure)()
	if !f.pure {
		g.pure = false
	}
	b.WriteString("func ")
	if recv != nil {
		star := pickString(f.ptr, "*", "")
		fmt.Fprintf(b, "(r %s%s) ", star, recv.name)
		t := recv
		if f.ptr {
			t = ptrTo(recv)
		}
		g.declare(&variable{name: "r", t: t, fixed: true})
	}
	b.WriteString(f.name + "(")
	for i, t := range f.in {
		if i > 0 {
			b.WriteString(", ")
		}
		name := g.name("a")
		fmt.Fprintf(b, "%s %s", name, t.name)
		g.declare(&variable{name: name, t: t})
	}
	b.WriteString(") ")
	named := g.p(40)
	var results []string
	for _, t := range f.out {
		if named {
			name := g.name("z")
			g.declare(&variable{name: name, t: t})
			results = append(results, name+" "+t.name)
		} else {
			results = append(results, t.name)
		}
	}
	fmt.Fprintf(b, "(%s) {\n", strings.Join(results, ", "))
	b.WriteString("if fuel--; fuel < 0 { panic(\"no fuel\") }\n")
	g.results = f.out
	if named && g.p(50) {
		b.WriteString("defer func() {\nif e := recover(); e != nil {\n")
		fmt.Fprintf(b, "fmt.Println(%q, e)\n", f.name+" recovered")
		end := g.nested(f.pure && false)
		g.assign(b, 1)
		end()
		b.WriteString("}\n}()\n")
	}
	g.size = 2 + g.n(9)
	for g.size > 0 {
		g.stmt(b, 2)
	}
	g.ret(b, 2)
	b.WriteString("}\n")
}

// ret writes a return statement.
func (g *gen) ret(b *strings.Builder, depth int) {
	g.event = calm
	var s []string
	for i, t := range g.results {
		if i == 1 { // the order of a read and a call would matter
			g.event = risky
		}
		s = append(s, g.x(t, depth))
	}
	b.WriteString("return " + strings.Join(s, ", ") + "\n")
}
