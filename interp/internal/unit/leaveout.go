package unit

import (
	"fmt"
	"go/ast"
	"go/types"
	"strconv"
)

// A type comes with all its methods, and some of them may mention what cannot be sent, although the task never calls them. Such methods
// become ones that say so when they are called; what only they have mentioned is left out.

// leaveOut makes the unit do without what cannot be sent, or refuses it. extra mentions what is there for its own sake.
func (m *maker) leaveOut(extra *decl) {
	refused := false
	for _, d := range m.decls {
		refused = refused || d.refused != ""
	}
	if !refused {
		return
	}
	for obj := range m.called() {
		if d := m.decls[obj]; d != nil && d.refused != "" {
			refuse("%s", d.refused)
		}
	}
	for obj, d := range m.decls {
		if d.recv == nil {
			continue
		}
		if why := m.why(obj, map[types.Object]bool{}); why != "" {
			m.stub(obj.(*types.Func), d, why)
		}
	}
	m.drain()
	live := m.reached([]*decl{m.entry, extra}, true)
	isLive := func(d *decl) bool {
		for obj := range live {
			if m.decls[obj] == d {
				return true
			}
		}
		return d == m.entry || d == extra
	}
	inits, order, vars := m.inits[:0], m.order[:0], m.vars[:0]
	for _, i := range m.inits {
		if isLive(i.owner) {
			inits = append(inits, i)
		}
	}
	for _, c := range m.order {
		if isLive(c.owner) {
			order = append(order, c)
		}
	}
	for _, v := range m.vars {
		if isLive(v.owner) {
			vars = append(vars, v)
		}
	}
	m.inits, m.order, m.vars = inits, order, vars
	for obj, d := range m.decls {
		switch {
		case !live[obj]:
			delete(m.decls, obj)
		case d.refused != "":
			refuse("%s", d.refused)
		}
	}
}

// why is the reason for which a declaration cannot be sent as it is: its own, or that of one that it mentions. "" is none.
func (m *maker) why(obj types.Object, seen map[types.Object]bool) string {
	d := m.decls[obj]
	if d == nil || seen[obj] {
		return ""
	}
	seen[obj] = true
	if d.refused != "" {
		return d.refused
	}
	for dep := range d.deps {
		if why := m.why(dep, seen); why != "" {
			return why
		}
	}
	return ""
}

// stub makes a method one that panics with the reason why it cannot be sent.
func (m *maker) stub(f *types.Func, d *decl, why string) {
	node, info, ok := m.s.Decl(f)
	fn, isFunc := node.(*ast.FuncDecl)
	if !ok || !isFunc {
		return
	}
	sig := *fn
	sig.Doc, sig.Body = nil, nil
	now := newDecl(d.name)
	now.recv = d.recv
	m.current = now
	t := m.source(&sig, info, nil, nil)
	m.current = m.entry
	body := fmt.Sprintf(" { panic(%s) }", strconv.Quote(fmt.Sprintf("the method %s is not there in a worker: %s", d.name, why)))
	now.text = text{t.mapped + body, t.plain + body}
	m.decls[f] = now
}

// called are the declarations that the function may use when it runs: methods count when something that counts mentions them.
func (m *maker) called() map[types.Object]bool { return m.reached([]*decl{m.entry}, false) }

// reached are the declarations that from lead to: with members, types lead to all their methods.
func (m *maker) reached(from []*decl, members bool) map[types.Object]bool {
	seen := map[types.Object]bool{}
	asked := map[string]bool{}
	var visit func(d *decl)
	reach := func(obj types.Object) {
		if d := m.decls[obj]; d != nil && !seen[obj] {
			seen[obj] = true
			visit(d)
		}
	}
	visit = func(d *decl) {
		for dep := range d.deps {
			reach(dep)
		}
		for f := range d.calls {
			reach(f)
		}
		for name := range d.asks {
			if asked[name] {
				continue
			}
			asked[name] = true
			for obj, d := range m.decls {
				if d.recv != nil && obj.Name() == name {
					reach(obj)
				}
			}
		}
		if members {
			for _, f := range d.methods {
				reach(f)
			}
		}
	}
	for _, d := range from {
		visit(d)
	}
	return seen
}
