package rtype

import (
	"go/types"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Local tells that n, the origin of its instances when it is generic itself, is declared within an instance of a generic function with those type arguments, which become part of its name. It is
// to be called before Of is asked for n.
func (t *Table) Local(n *types.Named, args []types.Type) { t.locals.LoadOrStore(n, args) }

// typeName returns the name of a named type as reflect has it, without its package: Pair[int,time.Duration]. Type
// arguments have full package paths.
func (t *Table) typeName(n *types.Named) string {
	var lists []string
	if outer, ok := t.locals.Load(n.Origin()); ok {
		lists = append(lists, t.typeList(slices.Values(outer.([]types.Type))))
	}
	if n.TypeArgs().Len() > 0 {
		lists = append(lists, t.typeList(n.TypeArgs().Types()))
	}
	name := Shown(n.Obj().Name())
	if len(lists) == 0 {
		return name
	}
	return name + "[" + strings.Join(lists, ";") + "]"
}

// dot is a letter that cells hardly use.
const dot = "ꞏ"

// Numbered is a name for the i-th thing that is called name, where several meet in one package.
func Numbered(name string, i int) string { return name + dot + strconv.Itoa(i) }

// Shown is the name of which Numbered has made one, for those that see it.
func Shown(name string) string {
	if i := strings.LastIndex(name, dot); i > 0 && strings.Trim(name[i+len(dot):], "0123456789") == "" {
		return name[:i]
	}
	return name
}

// ShownText is a text in which all names are as Shown gives them.
func ShownText(s string) string {
	before, after, found := strings.Cut(s, dot)
	if !found {
		return s
	}
	return before + ShownText(strings.TrimLeft(after, "0123456789"))
}

func (t *Table) typeList(list iter.Seq[types.Type]) string {
	var s []string
	for typ := range list {
		s = append(s, t.typeString(typ, (*types.Package).Path))
	}
	return strings.Join(s, ",")
}

// typeString returns a type as reflect writes it, with packages named by qualify.
func (t *Table) typeString(typ types.Type, qualify func(*types.Package) string) string {
	switch u := types.Unalias(typ).(type) {
	case *types.Basic:
		if r := basic(u); r != nil {
			return r.String() // uint8, not byte
		}
	case *types.Named:
		if u.Obj().Pkg() == nil {
			return u.Obj().Name()
		}
		return qualify(u.Obj().Pkg()) + "." + t.typeName(u)
	case *types.Pointer:
		return "*" + t.typeString(u.Elem(), qualify)
	case *types.Slice:
		return "[]" + t.typeString(u.Elem(), qualify)
	case *types.Array:
		return "[" + strconv.FormatInt(u.Len(), 10) + "]" + t.typeString(u.Elem(), qualify)
	case *types.Map:
		return "map[" + t.typeString(u.Key(), qualify) + "]" + t.typeString(u.Elem(), qualify)
	case *types.Chan:
		elem := t.typeString(u.Elem(), qualify)
		switch {
		case u.Dir() == types.SendOnly:
			return "chan<- " + elem
		case u.Dir() == types.RecvOnly:
			return "<-chan " + elem
		case strings.HasPrefix(elem, "<-"):
			return "chan (" + elem + ")"
		}
		return "chan " + elem
	case *types.Signature:
		return "func" + t.signatureString(u, qualify)
	case *types.Struct:
		var fields []string
		for i := range u.NumFields() {
			f := u.Field(i)
			s := t.typeString(f.Type(), qualify)
			if !f.Embedded() {
				s = f.Name() + " " + s
			}
			if tag := u.Tag(i); tag != "" {
				s += " " + strconv.Quote(tag)
			}
			fields = append(fields, s)
		}
		return braces("struct", fields)
	case *types.Interface:
		var methods []string
		for _, m := range sortedMethods(u) {
			name := m.Name()
			if !m.Exported() {
				name = qualify(m.Pkg()) + "." + name
			}
			methods = append(methods, name+t.signatureString(m.Signature(), qualify))
		}
		return braces("interface", methods)
	}
	return types.TypeString(typ, qualify)
}

func braces(word string, parts []string) string {
	if len(parts) == 0 {
		return word + " {}"
	}
	return word + " { " + strings.Join(parts, "; ") + " }"
}

func (t *Table) signatureString(u *types.Signature, qualify func(*types.Package) string) string {
	var in, out []string
	for i := range u.Params().Len() {
		typ := u.Params().At(i).Type()
		if s, ok := types.Unalias(typ).(*types.Slice); ok && u.Variadic() && i == u.Params().Len()-1 {
			in = append(in, "..."+t.typeString(s.Elem(), qualify))
			continue
		}
		in = append(in, t.typeString(typ, qualify))
	}
	for v := range u.Results().Variables() {
		out = append(out, t.typeString(v.Type(), qualify))
	}
	s := "(" + strings.Join(in, ", ") + ")"
	switch len(out) {
	case 0:
		return s
	case 1:
		return s + " " + out[0]
	}
	return s + " (" + strings.Join(out, ", ") + ")"
}
