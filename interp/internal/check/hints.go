package check

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"poolbook/interp/internal/goabi"
	"poolbook/interp/internal/pattern"
)

var (
	undefinedName   = pattern.New(`^undefined: ([\pL_][\pL\pN_]*)$`)
	undefinedMember = pattern.New(`^undefined: ([\pL_][\pL\pN_]*)\.([\pL_][\pL\pN_]*)$`)
	noField         = pattern.New(`\.([\pL_][\pL\pN_]*) undefined \(type (\S+) has no field or method ([\pL_][\pL\pN_]*)`)
	cannotUse       = pattern.New(`^cannot use (.*) \(.*of (?:\w+ )?type (.+)\) as (.+?) value in`)
	mismatched      = pattern.New(`mismatched types (.+) and (.+)\)$`)
	unexported      = pattern.New(`^undefined: ([\pL_][\pL\pN_]*)\.[\pL_][\pL\pN_]* \(but have ([\pL_][\pL\pN_]*)\)$`)
	unknownField    = pattern.New(`^unknown field ([\pL_][\pL\pN_]*) in struct literal of type ([\pL_][\pL\pN_]*)`)
	manyInOne       = pattern.New(`^multiple-value .* in single-value context$`)
	noAssign        = pattern.New(`^cannot assign to ([\pL_][\pL\pN_]*) \(neither addressable`)
	notFunction     = pattern.New(`cannot call (?:non-function )?([\pL_][\pL\pN_]*) \(variable`)
	assignCount     = pattern.New(`^assignment mismatch: (\d+) variables? but .* returns? (\d+) values?`)
)

// MethodHint is the advice on methods with type parameters, where they are a syntax error.
var MethodHint = goabi.Since("methods have type parameters", "1.27") + ", or write a function"

var newerRelease = pattern.New(`^(?:package|file) requires newer Go version go(\S+)`)

// releaseHint is the advice on code for a later release, "" for others.
func releaseHint(msg string) string {
	if m := newerRelease().FindStringSubmatch(msg); m != nil {
		return goabi.Needs(m[1])
	}
	return ""
}

// hint adds advice to the diagnostics that have none.
func (p *pass) hint() {
	for i := range p.diags {
		if d := &p.diags[i]; d.Hint == "" {
			d.Hint = p.advice(d)
		}
	}
}

func (p *pass) advice(d *Diag) string {
	msg := d.Msg
	if m := undefinedName().FindStringSubmatch(msg); m != nil {
		return p.nameAdvice(m[1], d.Pos)
	}
	if m := undefinedMember().FindStringSubmatch(msg); m != nil {
		if pkg := p.importedAs(m[1]); pkg != nil {
			if h := didYouMean(m[2], exported(pkg), m[1]+"."); h != "" {
				return h
			}
			if im, ok := p.env.imp.(interface{ Cgo(path string) string }); ok {
				if file := im.Cgo(pkg.Path()); file != "" {
					return "part of the package needs cgo, which cannot be used in a notebook, and is left out (" + file + ")"
				}
			}
			return ""
		}
	}
	if m := unexported().FindStringSubmatch(msg); m != nil {
		return fmt.Sprintf("did you mean %s.%s? What other packages offer begins with a capital letter", m[1], m[2])
	}
	if m := unknownField().FindStringSubmatch(msg); m != nil {
		if t, ok := p.env.objectFor(m[2], p.pkg).(*types.TypeName); ok {
			f, way, _ := types.LookupFieldOrMethod(t.Type(), true, p.pkg.Types, m[1])
			_, field := f.(*types.Var)
			if s, ok := t.Type().Underlying().(*types.Struct); ok && field && len(way) > 1 && !goabi.PromotedKeys {
				return fmt.Sprintf("%s is a field of %s, which is embedded: write %[2]s: … with it inside; %s", f.Name(), s.Field(way[0]).Name(), goabi.Since("such fields can be keys", "1.27"))
			}
			return didYouMean(m[1], Members(t.Type(), p.pkg.Types), "")
		}
	}
	if advice := p.poolAdvice(d); advice != "" {
		return advice
	}
	if m := manyInOne().FindStringSubmatch(msg); m != nil {
		return "the call returns several values: take them all, for example `v, err := …`, or `v, _ := …` to leave one out"
	}
	if m := noAssign().FindStringSubmatch(msg); m != nil {
		switch p.env.objectFor(m[1], p.pkg).(type) {
		case *types.Const:
			return m[1] + " is a constant: declare it with var, or :=, to change it"
		case *types.Func:
			return m[1] + " is a function: declare it again with func to change it"
		}
	}
	if m := noField().FindStringSubmatch(msg); m != nil {
		if strings.Contains(msg, "but does have") {
			return ""
		}
		switch strings.ToLower(m[3]) {
		case "append", "push", "add":
			if strings.HasPrefix(m[2], "[]") {
				return "xs = append(xs, value) adds to a slice"
			}
		case "len", "length", "size", "count":
			if h := p.typeBefore(d.Pos); h != nil {
				switch h.Underlying().(type) {
				case *types.Slice, *types.Map, *types.Array, *types.Chan, *types.Basic:
					return "len(x) is the number of elements, and of a string's bytes"
				}
			}
		}
		if outer, inner := p.outdated(p.typeBefore(d.Pos), m[3]); outer != nil {
			return p.embedsAdvice(outer, inner)
		}
		if t := p.typeBefore(d.Pos); t != nil {
			if h := didYouMean(m[3], Members(t, p.pkg.Types), ""); h != "" {
				return h
			}
		}
		return p.hiddenPackage(strings.TrimSuffix(msg[:strings.Index(msg, " undefined (")], "."+m[1]), m[3])
	}
	if m := assignCount().FindStringSubmatch(msg); m != nil {
		if m[1] == "1" {
			return "the call returns " + m[2] + " values: take them all, for example `v, err := …`, or `v, _ := …` to leave one out"
		}
		return ""
	}
	if m := cannotUse().FindStringSubmatch(msg); m != nil {
		if numeric(m[2]) && numeric(m[3]) {
			return fmt.Sprintf("Go converts numbers only when told to: %s(%s)", m[3], m[1])
		}
		if outer, inner := p.fieldOf(d); outer != nil {
			return p.embedsAdvice(outer, inner)
		}
		if _, method, ok := strings.Cut(msg, "(missing method "); ok {
			if outer, inner := p.outdated(p.typeAt(d), strings.TrimSuffix(method, ")")); outer != nil {
				return p.embedsAdvice(outer, inner)
			}
		}
		if strings.Contains(msg, "(cell ") {
			return "the type was declared again since that value was made: make the value again, by running its cell"
		}
		return ""
	}
	if m := mismatched().FindStringSubmatch(msg); m != nil {
		if numeric(m[1]) && numeric(m[2]) {
			return fmt.Sprintf("Go converts numbers only when told to, for example %s(…)", wider(m[1], m[2]))
		}
		if strings.TrimPrefix(m[1], "untyped ") == "string" || strings.TrimPrefix(m[2], "untyped ") == "string" {
			return "to put a value into a string use fmt.Sprint(value), or strconv.Itoa for an int"
		}
		return ""
	}
	if m := notFunction().FindStringSubmatch(msg); m != nil && types.Universe.Lookup(m[1]) != nil {
		if ent := p.env.names[m[1]]; ent != nil && ent.pkg.Cell > 0 {
			return fmt.Sprintf("cell %d declared a variable %s, which hides Go's own: %%reset forgets it", ent.pkg.Cell, m[1])
		}
	}
	switch {
	case strings.HasPrefix(msg, "could not import"):
		return ""
	case strings.HasPrefix(msg, "too many return values"):
		if p.inEntry(d.Pos) {
			return "a cell returns nothing: put the expression alone on the last line to see its value"
		}
		if strings.HasSuffix(msg, "want ()") {
			return "the function declares no result: write its type after the parameters, func name(…) int { … }"
		}
	case strings.HasPrefix(msg, "use of untyped nil"):
		return "nil alone has no type: var p *T, var err error or another declaration gives it one"
	case strings.Contains(msg, "slice can only be compared to nil"):
		return "slices.Equal(a, b) compares slices"
	case strings.Contains(msg, "map can only be compared to nil"):
		return "maps.Equal(a, b) compares maps"
	case strings.HasSuffix(msg, "(no value) used as value"):
		return "the function returns nothing that could be used"
	case strings.Contains(msg, "missing return"):
		return "a function with a result must end with a return on every path"
	case strings.Contains(msg, "non-boolean condition in if statement"):
		return "a condition must be true or false: compare with == or !="
	}
	return ""
}

func (p *pass) nameAdvice(name string, pos token.Pos) string {
	switch name {
	case "True", "False", "None", "null", "NULL", "nullptr":
		return "in Go this is written " + map[string]string{"True": "true", "False": "false"}[name] +
			map[bool]string{true: "nil", false: ""}[name != "True" && name != "False"]
	case "print_", "printf", "println_":
		return "did you mean fmt.Println?"
	case "Println", "Printf", "Print", "Sprintf", "Errorf":
		return "did you mean fmt." + name + "?"
	case "str":
		return "did you mean string, or fmt.Sprint(value)?"
	case "range_", "enumerate":
		return "loop over a slice with: for i, v := range xs { … }"
	}
	if paths := p.env.imp.ByName(name); len(paths) > 0 {
		return fmt.Sprintf("%s is a package: import %q", name, paths[0])
	}
	var names []string
	names = append(names, p.scopeNames(pos)...)
	names = append(names, p.pkg.Types.Scope().Names()...)
	names = append(names, p.env.Names()...)
	for n := range p.env.Imports() {
		names = append(names, n)
	}
	names = append(names, types.Universe.Names()...)
	h := didYouMean(name, names, "")
	if p.assigned(name, pos) {
		return strings.TrimSpace(h + " a new variable is declared with :=, as in " + name + " := …")
	}
	return h
}

// assigned tells whether name, at pos, stands on the left of an =.
func (p *pass) assigned(name string, pos token.Pos) (found bool) {
	ast.Inspect(p.file, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok && a.Tok == token.ASSIGN {
			found = found || slices.ContainsFunc(a.Lhs, func(e ast.Expr) bool {
				id, ok := e.(*ast.Ident)
				return ok && id.Name == name && id.Pos() == pos
			})
		}
		return !found
	})
	return found
}

// inEntry tells whether pos stands in a statement of the cell itself, not in a function.
func (p *pass) inEntry(pos token.Pos) bool {
	for _, it := range p.items {
		if it.stmt.Pos() <= pos && pos < it.stmt.End() {
			in := false
			ast.Inspect(it.stmt, func(n ast.Node) bool {
				if f, ok := n.(*ast.FuncLit); ok && f.Pos() <= pos && pos < f.End() {
					in = true
				}
				return !in
			})
			return !in
		}
	}
	return false
}

// scopeNames returns the local names around pos.
func (p *pass) scopeNames(pos token.Pos) []string {
	var names []string
	for n, s := range p.pkg.Info.Scopes {
		if n.Pos() <= pos && pos < n.End() && s != nil {
			names = append(names, s.Names()...)
		}
	}
	slices.Sort(names)
	return names
}

// hiddenPackage has advice for a member that a variable does not have, but the standard package of the same name does.
func (p *pass) hiddenPackage(name, member string) string {
	for _, path := range p.env.imp.ByName(name) {
		if pkg, err := p.env.imp.Import(path); err == nil && pkg.Scope().Lookup(member) != nil {
			return fmt.Sprintf("the variable %s hides the package %q here: give it another name", name, path)
		}
	}
	return ""
}

func (p *pass) importedAs(name string) *types.Package {
	for id, obj := range p.pkg.Info.Uses {
		if pn, ok := obj.(*types.PkgName); ok && id.Name == name {
			return pn.Imported()
		}
	}
	return nil
}

// typeBefore returns the type of the operand whose selector is at pos.
func (p *pass) typeBefore(pos token.Pos) types.Type {
	for e, tv := range p.pkg.Info.Types {
		if e.End()+1 == pos && tv.Type != nil { // x . Sel
			return tv.Type
		}
	}
	return nil
}

func exported(pkg *types.Package) []string {
	var names []string
	for _, n := range pkg.Scope().Names() {
		if token.IsExported(n) {
			names = append(names, n)
		}
	}
	return names
}

// Members returns the names of the fields and methods that code of package from can select from a value of type t, sorted.
func Members(t types.Type, from *types.Package) []string {
	seen := map[string]bool{}
	add := func(obj types.Object) {
		if obj.Exported() || obj.Pkg() != nil && obj.Pkg().Path() == from.Path() {
			seen[obj.Name()] = true
		}
	}
	base := t
	if ptr, ok := types.Unalias(t).Underlying().(*types.Pointer); ok {
		base = ptr.Elem()
	}
	var fields func(t types.Type, depth int)
	fields = func(t types.Type, depth int) {
		if ptr, ok := types.Unalias(t).Underlying().(*types.Pointer); ok {
			t = ptr.Elem()
		}
		s, ok := t.Underlying().(*types.Struct)
		if !ok || depth > 5 {
			return
		}
		for f := range s.Fields() {
			add(f)
			if f.Embedded() {
				fields(f.Type(), depth+1)
			}
		}
	}
	fields(base, 0)
	if types.IsInterface(base) {
		for sel := range types.NewMethodSet(base).Methods() {
			add(sel.Obj())
		}
	} else {
		for sel := range types.NewMethodSet(types.NewPointer(base)).Methods() {
			add(sel.Obj())
		}
	}
	var names []string
	for n := range seen {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// didYouMean proposes the candidate nearest to name, if one is near; of several the longest, since letters are more often forgotten
// than added.
func didYouMean(name string, candidates []string, prefix string) string {
	best, at := "", 3
	if len([]rune(name)) <= 3 {
		at = 2
	}
	for _, c := range candidates {
		if c == name || c == "_" || strings.ContainsAny(c, "·$") {
			continue
		}
		d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(c))
		if d < at || d == at && best != "" && (len(c) > len(best) || len(c) == len(best) && c < best) {
			best, at = c, d
		}
	}
	if best == "" || at >= len([]rune(name)) {
		return ""
	}
	return "did you mean " + prefix + best + "?"
}

func numeric(t string) bool {
	return slices.Contains([]string{"int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr",
		"float32", "float64", "byte", "rune"}, t)
}

func wider(a, b string) string {
	if strings.HasPrefix(b, "float") {
		return b
	}
	if strings.HasPrefix(a, "float") {
		return a
	}
	if strings.HasSuffix(b, "64") {
		return b
	}
	return a
}
