package interp

import (
	"bytes"
	"cmp"
	"go/ast"
	"go/build"
	"go/parser"
	"go/printer"
	"go/scanner"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"poolbook/interp/display"
	"poolbook/interp/internal/check"
	"poolbook/interp/internal/stddoc"
)

// maxShownValue is about how many bytes of a variable's value an inspection shows.
const maxShownValue = 500

// Description is what [Session.Inspect] has to say about a name.
type Description struct {
	// Declaration is how Go declares it: "func strings.Repeat(s string, count int) string".
	Declaration string
	Place       string // "declared in cell [3]" for what a cell has declared
	Doc         string // the doc comment
	Methods     []string
	Value       string // of a session variable
	Source      string // for detail > 0, when it can be had
}

// Text is the description in full.
func (d *Description) Text() string {
	return d.join(d.Declaration, strings.Join(d.Methods, "\n"), d.Source)
}

// Markdown is the same for front ends that render it.
func (d *Description) Markdown() string {
	fence := func(code string) string {
		if code == "" {
			return ""
		}
		return "```go\n" + code + "\n```"
	}
	return d.join(fence(d.Declaration), fence(strings.Join(d.Methods, "\n")), fence(d.Source))
}

func (d *Description) join(declaration, methods, source string) string {
	value := d.Value
	if value != "" {
		value = "= " + value
	}
	parts := slices.DeleteFunc([]string{declaration, d.Place, d.Doc, methods, value, source}, func(s string) bool { return s == "" })
	return strings.Join(parts, "\n\n")
}

// Inspect describes what the name at the byte offset cursor means, or behind the opening bracket and the arguments of a call the function:
// declaration, doc comment, current value, and with detail > 0 the source. The code need not compile. It reports false when there is nothing to say.
func (s *Session) Inspect(code string, cursor, detail int) (d Description, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cursor = min(max(cursor, 0), len(code))
	if d, ok := describeCommand(code, cursor); ok {
		return d, true
	}
	_, code = cutMagics(code)
	start, end := nameAround(code, cursor)
	if start == end || start < len(code) && !isNameStart(code[start:]) {
		if start, end = calledAt(code, start); start == end {
			return d, false
		}
	}
	if !isCode(code, start) {
		return d, false
	}
	var obj types.Object
	v := s.lookNear(code, start, end)
	if v != nil {
		obj = v.ObjectAt(start)
		defer s.closeView(v)
	}
	if obj == nil {
		if obj = s.env.Lookup(code[start:end]); obj == nil {
			return d, false
		}
	}
	return s.describe(v, obj, detail), true
}

func isNameStart(s string) bool { r := firstRune(s); return isNameRune(r) && (r < '0' || r > '9') }

// lookNear checks code that may be broken, so that the name code[start:end] is in what could be parsed.
func (s *Session) lookNear(code string, start, end int) *check.View {
	lineEnd := len(code)
	if i := strings.IndexByte(code[end:], '\n'); i >= 0 {
		lineEnd = end + i
	}
	forms := []string{code}
	for _, cut := range []int{lineEnd, end} {
		for _, tail := range tails(closing(code[:cut])) {
			forms = append(forms, code[:cut]+tail)
		}
	}
	return s.lookAny(forms, line1(code, start))
}

// calledAt finds the name of the function whose arguments the byte offset is in.
func calledAt(code string, at int) (start, end int) {
	var sc scanner.Scanner
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, at)
	sc.Init(file, []byte(code[:at]), func(token.Position, string) {}, 0)
	var open []int
	for {
		pos, tok, _ := sc.Scan()
		switch tok {
		case token.EOF:
			if len(open) == 0 {
				return 0, 0
			}
			return nameAround(code, open[len(open)-1])
		case token.LPAREN, token.LBRACK, token.LBRACE:
			open = append(open, file.Offset(pos))
		case token.RPAREN, token.RBRACK, token.RBRACE:
			open = open[:max(0, len(open)-1)]
		}
	}
}

// describe collects what is known about an object. v may be nil.
func (s *Session) describe(v *check.View, obj types.Object, detail int) Description {
	d := Description{Declaration: s.declaration(obj), Doc: s.doc(v, obj)}
	switch o := obj.(type) {
	case *types.PkgName:
		if detail > 0 {
			for _, name := range o.Imported().Scope().Names() {
				if token.IsExported(name) {
					d.Methods = append(d.Methods, s.env.ObjectString(o.Imported().Scope().Lookup(name)))
				}
			}
		}
		return d
	case *types.Builtin:
		d.Declaration, d.Doc, _ = strings.Cut(stddoc.Comment("builtin", o.Name()), "\n\n")
		return d
	case *types.TypeName:
		if n, ok := o.Type().(*types.Named); ok {
			for m := range n.Methods() {
				if m.Exported() || s.env.IsCell(obj.Pkg()) {
					d.Methods = append(d.Methods, s.env.ObjectString(m))
				}
			}
		}
	case *types.Var:
		if s.globals[o] != nil {
			d.Value = display.Peek(s.machine.Global(s.globals[o]), maxShownValue, s.readMap)
			if len(d.Value) > 2*maxShownValue {
				d.Value = strings.ToValidUTF8(d.Value[:2*maxShownValue], "") + " …"
			}
		}
	}
	if p := s.env.PackageOf(obj); p != nil && p.Cell > 0 {
		d.Place = "declared in " + place(p.Cell, "", 0, 0)
	}
	if detail > 0 {
		d.Source = s.sourceOf(v, obj)
	}
	return d
}

// declaration writes how an object is declared; structs and interfaces of named types get a line for each member.
func (s *Session) declaration(obj types.Object) string {
	obj = s.withParameters(obj)
	if p, ok := obj.(*types.PkgName); ok {
		return "package " + p.Imported().Name() + " // import \"" + p.Imported().Path() + "\""
	}
	if c, ok := obj.(*types.Const); ok {
		return s.env.ObjectString(obj) + " = " + c.Val().String()
	}
	t, ok := obj.(*types.TypeName)
	if !ok || t.IsAlias() {
		return s.env.ObjectString(obj)
	}
	st, ok := t.Type().Underlying().(*types.Struct)
	if !ok || st.NumFields() == 0 {
		return s.env.ObjectString(obj)
	}
	var b strings.Builder
	head, _, _ := strings.Cut(s.env.ObjectString(obj), " struct{")
	b.WriteString(head + " struct {\n")
	hidden := false
	width := 0
	for f := range st.Fields() {
		width = max(width, len(f.Name()))
	}
	for f := range st.Fields() {
		switch typ := s.env.TypeString(f.Type()); {
		case !f.Exported() && !s.env.IsCell(f.Pkg()) && f.Pkg() != nil && f.Pkg().Path() != "main":
			hidden = true
		case f.Embedded():
			b.WriteString("    " + typ + "\n")
		default:
			b.WriteString("    " + f.Name() + strings.Repeat(" ", width-len(f.Name())+1) + typ + "\n")
		}
	}
	if hidden {
		b.WriteString("    // and unexported fields\n")
	}
	return b.String() + "}"
}

// withParameters returns an object with the names of its parameters, where they are to be had.
func (s *Session) withParameters(obj types.Object) types.Object {
	if obj.Pkg() != nil {
		if src := s.docs[obj.Pkg().Path()]; src != nil {
			return src.named(obj)
		}
	}
	return obj
}

// doc returns the doc comment of an object: a cell's, that of a package from source, or the standard library's.
func (s *Session) doc(v *check.View, obj types.Object) string {
	if p, ok := obj.(*types.PkgName); ok {
		if src := s.docs[p.Imported().Path()]; src != nil {
			return src.comment()
		}
		doc := stddoc.Comment(p.Imported().Path(), "")
		if src := s.imp.Source(p.Imported().Path()); src != nil && doc == "" {
			for _, f := range src.Files {
				doc = cmp.Or(doc, strings.TrimSpace(f.Doc.Text()))
			}
		}
		return doc
	}
	if v != nil {
		if doc := v.Doc(obj); doc != "" {
			return doc
		}
	}
	if obj.Pkg() == nil {
		return stddoc.Comment("builtin", obj.Name())
	}
	if s.env.IsCell(obj.Pkg()) {
		return s.env.Doc(obj)
	}
	if src := s.docs[obj.Pkg().Path()]; src != nil {
		_, doc := src.declaration(qualifiedName(obj))
		return doc
	}
	doc := stddoc.Comment(obj.Pkg().Path(), qualifiedName(obj)) // also of those standard packages that are interpreted from source of ours
	if src := s.imp.Source(obj.Pkg().Path()); src != nil && doc == "" {
		_, doc = declarationAt(src.Files, obj.Pos())
	}
	return doc
}

// qualifiedName is the name of an object within its package: methods as T.M, fields as the first type T.F that has them.
func qualifiedName(obj types.Object) string {
	switch o := obj.(type) {
	case *types.Func:
		if recv := o.Signature().Recv(); recv != nil {
			t := types.Unalias(recv.Type())
			if p, ok := t.(*types.Pointer); ok {
				t = types.Unalias(p.Elem())
			}
			if n, ok := t.(*types.Named); ok {
				return n.Obj().Name() + "." + o.Name()
			}
		}
	case *types.Var:
		if !o.IsField() {
			break
		}
		for _, name := range o.Pkg().Scope().Names() {
			t, ok := o.Pkg().Scope().Lookup(name).(*types.TypeName)
			if !ok {
				continue
			}
			if st, ok := t.Type().Underlying().(*types.Struct); ok {
				for f := range st.Fields() {
					if f == o {
						return name + "." + o.Name()
					}
				}
			}
		}
	}
	return obj.Name()
}

// sourceOf returns the source of an object: from the cells, from packages that are interpreted from source, or of the standard library, if
// its sources are on the machine. They are not embedded (they have 40 MB); what is read of them is shown and never run.
func (s *Session) sourceOf(v *check.View, obj types.Object) string {
	if v != nil {
		if src := v.SourceOf(obj); src != "" {
			return src
		}
	}
	if obj.Pkg() == nil {
		return ""
	}
	if s.env.IsCell(obj.Pkg()) {
		return s.env.SourceOf(obj)
	}
	if src := s.docs[obj.Pkg().Path()]; src != nil {
		if d, _ := src.declaration(qualifiedName(obj)); d != nil {
			return printed(src.fset, d)
		}
		return ""
	}
	if src := s.imp.Source(obj.Pkg().Path()); src != nil {
		if node, _ := declarationAt(src.Files, obj.Pos()); node != nil {
			return printed(s.fset, node)
		}
	}
	return standardSource(obj.Pkg().Path(), qualifiedName(obj))
}

// declarationAt finds the declaration that contains pos, and its doc comment (that of the part that pos names).
func declarationAt(files []*ast.File, pos token.Pos) (node ast.Node, doc string) {
	for _, f := range files {
		if pos < f.FileStart || f.FileEnd < pos {
			continue
		}
		for _, d := range f.Decls {
			if pos < d.Pos() || d.End() <= pos {
				continue
			}
			var comment *ast.CommentGroup
			ast.Inspect(d, func(n ast.Node) bool {
				if n == nil || pos < n.Pos() || n.End() <= pos {
					return false
				}
				switch n := n.(type) {
				case *ast.FuncDecl:
					comment = n.Doc
				case *ast.GenDecl:
					comment = n.Doc
				case *ast.TypeSpec:
					comment = cmp.Or(n.Doc, comment)
				case *ast.ValueSpec:
					comment = cmp.Or(n.Doc, n.Comment, comment)
				case *ast.Field:
					comment = cmp.Or(n.Doc, n.Comment)
				}
				return true
			})
			return d, strings.TrimSpace(comment.Text())
		}
	}
	return nil, ""
}

// printed is the source of a declaration without its doc comment, which is shown above it.
func printed(fset *token.FileSet, n ast.Node) string {
	switch d := n.(type) {
	case *ast.FuncDecl:
		bare := *d
		bare.Doc = nil
		n = &bare
	case *ast.GenDecl:
		bare := *d
		bare.Doc = nil
		n = &bare
	}
	var b bytes.Buffer
	cfg := printer.Config{Mode: printer.UseSpaces | printer.TabIndent, Tabwidth: 8}
	if cfg.Fprint(&b, fset, n) != nil {
		return ""
	}
	return b.String()
}

// goroot is where the machine has the sources of the standard library, "" if nowhere.
var goroot = sync.OnceValue(func() string {
	if dir := os.Getenv("GOROOT"); dir != "" {
		return dir
	}
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
})

// standardSource returns the source of a name of a standard package (T.M for methods; a field shows its type), "" if it is not to be had.
func standardSource(path, name string) string {
	if goroot() == "" {
		return ""
	}
	dir := filepath.Join(goroot(), "src", filepath.FromSlash(path))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	fset := token.NewFileSet()
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		if ok, err := build.Default.MatchFile(dir, e.Name()); err != nil || !ok {
			continue
		}
		f, err := parser.ParseFile(fset, filepath.Join(dir, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			continue
		}
		for _, d := range f.Decls {
			if declares(d, name) {
				return printed(fset, d)
			}
		}
	}
	return ""
}

// declares reports whether d declares the name, or for T.F the type T.
func declares(d ast.Decl, name string) bool {
	owner, member, isMember := strings.Cut(name, ".")
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return d.Name.Name == name
		}
		base := check.ReceiverBase(d)
		return isMember && d.Name.Name == member && base != nil && base.Name == owner
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if st, ok := spec.Type.(*ast.StructType); spec.Name.Name == name || isMember && ok && spec.Name.Name == owner && hasField(st, member) {
					return true
				}
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					if n.Name == name {
						return true
					}
				}
			}
		}
	}
	return false
}

func hasField(st *ast.StructType, name string) bool {
	return slices.ContainsFunc(st.Fields.List, func(f *ast.Field) bool {
		return slices.ContainsFunc(f.Names, func(n *ast.Ident) bool { return n.Name == name })
	})
}
