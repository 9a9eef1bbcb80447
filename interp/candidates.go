package interp

import (
	"cmp"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"poolbook/interp/internal/check"
)

// candidate is a name that may stand at the cursor.
type candidate struct {
	Match
	score int
	obj   types.Object // whose type is the detail; nil if Detail says it
}

// candidates collects what fits.
type candidates struct {
	session *Session
	typed   string
	want    types.Type
	list    []candidate
	seen    map[string]bool // names that hide others further away
	// typesOnly tells that a type is wanted: no value can stand here.
	typesOnly bool
}

// typeKeywords begin types.
var typeKeywords = []token.Token{token.CHAN, token.FUNC, token.INTERFACE, token.MAP, token.STRUCT}

// How well a name fits what was typed, in points. How near it is and whether it has the wanted type comes on top.
const (
	fitExact = 10_000 // the letters are its beginning, in the same case
	fitStart = 8_000  // the same in another case
	fitWord  = 5_000  // each letter begins a word, or goes on with one
	fitIn    = 3_000  // the letters are together somewhere
	fitLoose = 1_000  // the letters are there in their order
)

// How near a name is.
const (
	inPlace   = 900 // fields of a literal, labels
	local     = 500
	near      = 400 // the cell's own, members
	session   = 300
	preloaded = 200
	universe  = 150
	keyword   = 100
	elsewhere = 0 // packages that nothing uses yet

	wanted = 600 // it has the type
	gives  = 350 // it is a function with a result of the type
)

// add collects what can stand at the place.
func (l *candidates) add(v *check.View, p check.Place, offset int, colon bool) {
	switch {
	case p.Label:
		for _, name := range p.Labels {
			l.propose(name, "label", inPlace, nil)
		}
		return
	case p.Declares:
		return
	case p.Member:
		for _, pkg := range p.Packages {
			l.exported(pkg)
		}
		switch {
		case p.Method:
			for sel := range types.NewMethodSet(p.Operand).Methods() {
				if m := sel.Obj(); m.Exported() || l.session.env.IsCell(m.Pkg()) || m.Pkg().Path() == "main" {
					l.propose(m.Name(), "method", near, m)
				}
			}
		case p.Operand != nil:
			l.members(p.Operand)
		}
		return
	}
	for _, f := range p.Fields {
		text := f.Name()
		if !colon {
			text += ": "
		}
		l.proposeAs(f.Name(), text, "field", inPlace, f)
	}
	if p.Keyed && len(p.Fields) > 0 {
		return
	}
	l.typesOnly = p.Type
	names, isLocal := v.Locals(offset)
	for name, obj := range names {
		if name == check.Placeholder {
			continue
		}
		distance := near
		if isLocal[name] {
			distance = local
		}
		l.propose(name, kindOf(obj), distance, obj)
		l.seen[name] = true
	}
	l.everywhere()
}

// everywhere collects what can stand in any code: session names, packages, what is built in, keywords.
func (l *candidates) everywhere() {
	s := l.session
	hide := func(name string) bool {
		old := l.seen[name]
		l.seen[name] = true
		return old
	}
	for _, name := range s.env.Names() {
		if !hide(name) {
			obj := s.env.Lookup(name)
			l.propose(name, kindOf(obj), session, obj)
		}
	}
	used := s.env.Imports()
	for _, name := range s.env.Packages() {
		if !hide(name) {
			l.proposePackage(name, used[name], preloaded)
		}
	}
	for _, p := range s.importable() {
		if name := packageName(p); !hide(name) {
			l.proposePackage(name, p, elsewhere)
		}
	}
	for _, name := range types.Universe.Names() {
		if obj := types.Universe.Lookup(name); !hide(name) {
			l.propose(name, kindOf(obj), universe, obj)
		}
	}
	for t := token.BREAK; t <= token.VAR; t++ {
		if !hide(t.String()) && (!l.typesOnly || slices.Contains(typeKeywords, t)) {
			l.propose(t.String(), "keyword", keyword, nil)
		}
	}
}

// packageName is the name that a package has by convention: the last part of its path that is not a version.
func packageName(p string) string {
	base := path.Base(p)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		return path.Base(path.Dir(p))
	}
	return base
}

// exported collects the exported members of a package.
func (l *candidates) exported(pkg *types.Package) {
	for _, name := range pkg.Scope().Names() {
		if token.IsExported(name) {
			obj := pkg.Scope().Lookup(name)
			l.propose(name, kindOf(obj), near, obj)
		}
	}
}

// members collects what can be selected from a value of type t.
func (l *candidates) members(t types.Type) {
	from := types.NewPackage("main", "main")
	for _, name := range check.Members(t, from) {
		if fit(l.typed, name) == 0 {
			continue
		}
		obj, index, _ := types.LookupFieldOrMethod(t, true, from, name)
		if obj == nil {
			obj, index, _ = types.LookupFieldOrMethod(types.NewPointer(t), true, from, name)
		}
		if obj == nil {
			l.propose(name, "field", near, nil)
			continue
		}
		l.propose(name, kindOf(obj), near-min(10*(len(index)-1), 100), obj) // promoted ones after its own
	}
}

func (l *candidates) propose(name, kind string, distance int, obj types.Object) {
	l.proposeAs(name, name, kind, distance, obj)
}

// proposeAs collects a name that is written as text, if it fits what was typed.
func (l *candidates) proposeAs(name, text, kind string, distance int, obj types.Object) {
	score := fit(l.typed, name)
	if _, isType := obj.(*types.TypeName); score == 0 || l.typesOnly && obj != nil && !isType || isFarFetched(score, distance) {
		return
	}
	score += distance
	if obj != nil && l.want != nil && kind != "field" {
		score += l.suits(obj)
	}
	l.list = append(l.list, candidate{Match: Match{Text: text, Kind: kind}, score: score, obj: obj})
}

// proposePackage collects a package by its name.
func (l *candidates) proposePackage(name, path string, distance int) {
	if score := fit(l.typed, name); score > 0 && !isFarFetched(score, distance) {
		l.list = append(l.list, candidate{Match: Match{Text: name, Kind: "package", Detail: path}, score: score + distance})
	}
}

// isFarFetched tells of names that anything could mean, of which there are hundreds: they have to fit well.
func isFarFetched(fit, distance int) bool { return distance < preloaded && fit < fitWord }

// suits are the points of an object for its type.
func (l *candidates) suits(obj types.Object) int {
	if b, ok := l.want.Underlying().(*types.Interface); ok && b.Empty() {
		return 0 // anything has this type
	}
	switch obj := obj.(type) {
	case *types.Var, *types.Const, *types.Nil:
		if types.AssignableTo(obj.Type(), l.want) {
			return wanted
		}
	case *types.Func:
		sig := obj.Signature()
		if types.AssignableTo(sig, l.want) {
			return wanted
		}
		if sig.TypeParams().Len() == 0 && sig.Results().Len() > 0 && types.AssignableTo(sig.Results().At(0).Type(), l.want) {
			return gives
		}
	}
	return 0
}

// best sorts what was collected and adds the details.
func (l *candidates) best() []Match {
	slices.SortStableFunc(l.list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(len(a.Text)/8, len(b.Text)/8), cmp.Compare(a.Text, b.Text))
	})
	var matches []Match
	had := map[string]bool{}
	for _, c := range l.list {
		if had[c.Text] {
			continue
		}
		had[c.Text] = true
		if c.obj != nil {
			c.Detail = l.session.detail(c.obj)
		}
		if matches = append(matches, c.Match); len(matches) == maxMatches {
			break
		}
	}
	return matches
}

func kindOf(obj types.Object) string {
	switch o := obj.(type) {
	case *types.Func:
		if o.Signature().Recv() != nil {
			return "method"
		}
		return "function"
	case *types.Var:
		if o.IsField() {
			return "field"
		}
	case *types.Const:
		return "constant"
	case *types.TypeName:
		return "type"
	case *types.Builtin:
		return "function"
	case *types.PkgName:
		return "package"
	}
	return "variable"
}

// detail is what a list of completions shows beside a name.
func (s *Session) detail(obj types.Object) string {
	switch o := s.withParameters(obj).(type) {
	case *types.Func, *types.Var, *types.Const:
		return s.env.TypeString(o.Type())
	case *types.PkgName:
		return o.Imported().Path()
	}
	return ""
}

// fit says how well the typed letters fit a name, in points; 0: not at all. Case counts among names that fit in the same way.
func fit(typed, name string) int {
	if typed == "" {
		return fitExact
	}
	switch {
	case strings.HasPrefix(name, typed):
		if len(name) == len(typed) {
			return fitExact + 1000
		}
		return fitExact
	case len(name) >= len(typed) && strings.EqualFold(name[:len(typed)], typed):
		return fitStart
	}
	if fitWords([]rune(typed), []rune(name)) {
		return fitWord
	}
	lowerTyped, lowerName := strings.ToLower(typed), strings.ToLower(name)
	if strings.Contains(lowerName, lowerTyped) {
		return fitIn
	}
	if utf8.RuneCountInString(typed) > 1 && inOrder(lowerTyped, lowerName) {
		return fitLoose
	}
	return 0
}

// fitWords reports whether the letters can be read as beginnings of words of the name, from the first: nrs fits NewReaderSize, and
// so does newrs.
func fitWords(typed, name []rune) bool {
	ends := make([]bool, len(name)) // where the letters so far may end
	for i, want := range typed {
		next := make([]bool, len(name))
		possible, before := false, false
		for j, r := range name {
			if same := unicode.ToLower(r) == unicode.ToLower(want); i == 0 {
				next[j] = same && j == 0
			} else {
				next[j] = same && (j > 0 && ends[j-1] || before && startsWord(name, j))
				before = before || ends[j]
			}
			possible = possible || next[j]
		}
		if !possible {
			return false
		}
		ends = next
	}
	return true
}

// startsWord reports whether a word of a name begins at i: Reader in NewReader, Server in HTTPServer, b in a_b.
func startsWord(name []rune, i int) bool {
	switch {
	case i == 0 || name[i-1] == '_':
		return true
	case !unicode.IsUpper(name[i]):
		return false
	}
	return !unicode.IsUpper(name[i-1]) || i+1 < len(name) && unicode.IsLower(name[i+1])
}

// inOrder reports whether the characters of typed are in name in their order.
func inOrder(typed, name string) bool {
	for _, want := range typed {
		i := strings.IndexRune(name, want)
		if i < 0 {
			return false
		}
		name = name[i+utf8.RuneLen(want):]
	}
	return true
}
