package randprog

import (
	"fmt"
	"strings"
)

// loop writes a loop of some form. Each round takes from the fuel.
func (g *gen) loop(b *strings.Builder, depth int) {
	defer g.enter()()
	l := &loop{label: g.name("L")}
	var head, body strings.Builder
	name := func(t *typ, fixed bool) string {
		n := g.newName()
		for _, v := range g.scope[g.block:] {
			if v.name == n {
				n = g.name("v")
			}
		}
		g.declare(&variable{name: n, t: t, fixed: fixed})
		fmt.Fprintf(&body, "_ = %s\n", n)
		return n
	}
	two := func(over string, key, elem *typ) {
		if g.pure && !elem.plain() {
			fmt.Fprintf(&head, "for %s := range %s {\n", name(key, false), over)
			return
		}
		k := name(key, false)
		fmt.Fprintf(&head, "for %s, %s := range %s {\n", k, name(elem, false), over)
	}
	if g.p(90) {
		g.event = risky
	}
	switch g.n(11) {
	case 0:
		t := ints[g.n(len(ints))]
		fmt.Fprintf(&head, "for %s := range %s(%d) {\n", name(t, false), t.name, g.n(6))
	case 1:
		t := ints[g.n(len(ints))]
		n := name(t, false)
		fmt.Fprintf(&head, "for %[1]s := %[2]s(%[3]d); %[1]s < %[4]d; %[1]s++ {\n", n, t.name, g.n(3), 3+g.n(5))
	case 2:
		t := ints[4+g.n(3)]
		n := name(t, false)
		fmt.Fprintf(&head, "for %[1]s := %[2]s(%[3]d); %[1]s >= 0; %[1]s -= %[4]d {\n", n, t.name, 3+g.n(5), 1+g.n(3))
	case 3:
		t := g.typ(1)
		x := g.x(sliceOf(t), depth)
		two(x, tInt, t)
	case 4:
		x := g.x(tString, depth)
		two(x, tInt, tRune)
	case 5:
		t := []*typ{tString, tInt, tByte}[g.n(3)]
		x := g.x(mapOf(t, g.basic()), depth)
		two("slices.Sorted(maps.Keys("+x+"))", tInt, t)
	case 6:
		t := g.typ(1)
		x := g.x(sliceOf(t), depth)
		two("each("+x+")", tInt, t)
	case 7:
		fmt.Fprintf(&head, "for %s := range upTo(%d) {\n", name(tInt, false), g.n(6))
	case 8:
		u := g.typ(1)
		if g.pure && !u.plain() {
			u = tInt
		}
		t := arrayOf(1+g.n(3), u)
		x := g.x(t, depth)
		if v := g.path(t); v != "" && g.p(50) && !g.pure && !strings.HasPrefix(v, "C") {
			x = v // a copy is ranged over
		}
		two(x, tInt, u)
	case 9:
		fmt.Fprintf(&head, "for %s {\n", g.v(tBool, depth))
	default:
		x := g.x(sliceOf(tString), depth)
		fmt.Fprintf(&head, "for %s := range slices.Values(%s) {\n", name(tString, false), x)
	}
	g.loops = append(g.loops, l)
	body.WriteString("if fuel--; fuel < 0 { break }\n")
	g.inner(&body, depth)
	g.loops = g.loops[:len(g.loops)-1]
	if l.used {
		b.WriteString(l.label + ":\n")
	}
	b.WriteString(head.String() + body.String() + "}\n")
}
