package stdlib

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
)

// A worker needs a type and a few functions of package pool, as a rule, and there are many workers: to parse, check and build all of the package's
// source would take each of them as long as many a task does, and more memory than all else. So Need reads the declarations that a unit reaches,
// and those behind them, and reads others later when another unit needs those: go/types checks further files of a package at any time, as long as no
// type that it knows gets a method. That is why a type comes with all its methods, and with the functions that addMethods makes methods of.
//
// Declarations are told apart by gofmt's layout, in which nothing else begins a line: each keeps its line, the others become empty lines.

// part is a package of Config.Sources that is read as far as it is needed.
type part struct {
	files []partFile
	decls map[string][]*decl // by the names that they declare
	bound map[string][]*decl // methods, and functions that become some, by their type
	pkg   *types.Package     // nil before the first need
	info  *types.Info
	asts  []*ast.File
	built int  // how many of asts an SSA program has
	whole bool // there is no more
}

// partFile is a file of a part.
type partFile struct {
	name string
	src  []byte
	list []*decl // in order; the imports are among them
}

// decl is a declaration at the top of a file.
type decl struct {
	from, to int // in src, whole lines
	types    []string
	text     []byte
	imports  bool
	taken    bool
}

// Need makes Import return the declarations of those names of a package of Config.Sources, with what these need. all is for all there are.
// Packages that import it have all of it. A package that was imported as a whole stays as it is.
func (im *Importer) Need(path string, names []string, all bool) error {
	im.mu.Lock()
	defer im.mu.Unlock()
	return im.need(path, names, all)
}

// Whole reads what is missing of a package that was read as far as it was needed, and reports whether something was.
func (im *Importer) Whole(path string) (more bool, err error) {
	im.mu.Lock()
	defer im.mu.Unlock()
	if p := im.parts[path]; p == nil || p.whole {
		return false, nil
	}
	return true, im.need(path, nil, true)
}

// need is Need. mu is held.
func (im *Importer) need(path string, names []string, all bool) error {
	p := im.parts[path]
	dir, ok := im.cfg.Sources[path]
	if !ok || p == nil && im.packages[path] != nil {
		return nil
	}
	if p == nil {
		var err error
		if p, err = newPart(path, dir); err != nil {
			return err
		}
	}
	var texts [][]byte
	if all {
		texts = p.rest()
	} else {
		texts = p.take(names)
	}
	var files []*ast.File
	for i, text := range texts {
		if text == nil {
			continue
		}
		f, err := parser.ParseFile(im.cfg.Fset, path+"/"+p.files[i].name, text, parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("import %q: %w", path, err)
		}
		files = append(files, f)
	}
	if len(files) == 0 && p.pkg != nil {
		return nil
	}
	if im.parts == nil {
		im.parts = map[string]*part{}
	}
	im.parts[path] = p
	return im.checkPart(path, p, files)
}

// checkPart adds checked declarations to a package.
func (im *Importer) checkPart(path string, p *part, files []*ast.File) error {
	if slices.Contains(im.loading, path) {
		return fmt.Errorf("import cycle: %s", strings.Join(append(im.loading, path), " imports "))
	}
	im.loading = append(im.loading, path)
	defer func() { im.loading = im.loading[:len(im.loading)-1] }()
	if p.pkg == nil {
		p.pkg = types.NewPackage(path, p.name())
		im.packages[path], im.compiled[path], im.complete[path] = p.pkg, p.pkg, true
	}
	info := newInfo() // another one, since code that runs may be building instances by the one before
	conf := &types.Config{Importer: importFunc(im.load), Sizes: types.SizesFor("gc", runtime.GOARCH)}
	if err := types.NewChecker(conf, im.cfg.Fset, p.pkg, info).Files(files); err != nil {
		return fmt.Errorf("import %q: %w", path, err)
	}
	addMethods(p.pkg, files, info)
	if before := p.info; before != nil {
		maps.Copy(info.Types, before.Types)
		maps.Copy(info.Instances, before.Instances)
		maps.Copy(info.Defs, before.Defs)
		maps.Copy(info.Uses, before.Uses)
		maps.Copy(info.Implicits, before.Implicits)
		maps.Copy(info.Selections, before.Selections)
		maps.Copy(info.Scopes, before.Scopes)
		maps.Copy(info.FileVersions, before.FileVersions)
		info.InitOrder = append(slices.Clip(before.InitOrder), info.InitOrder...)
	}
	p.info = info
	p.asts = append(slices.Clip(p.asts), files...)
	im.sources[path] = &SourcePackage{Pkg: p.pkg, Files: p.asts, Info: p.info}
	im.loaded = slices.DeleteFunc(im.loaded, func(l Loaded) bool { return l.Pkg == p.pkg })
	im.add(Loaded{Pkg: p.pkg, Files: p.asts, Info: p.info, part: p})
	return nil
}

// newPart finds the declarations of a package.
func newPart(pkgPath string, dir fs.FS) (*part, error) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, fmt.Errorf("import %q: %w", pkgPath, err)
	}
	p := &part{decls: map[string][]*decl{}, bound: map[string][]*decl{}}
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		src, err := fs.ReadFile(dir, e.Name())
		if err != nil {
			return nil, fmt.Errorf("import %q: %w", pkgPath, err)
		}
		if matchFile(e.Name(), src) {
			f := partFile{name: e.Name(), src: src}
			f.split(p)
			p.files = append(p.files, f)
		}
	}
	if len(p.files) == 0 {
		return nil, fmt.Errorf("import %q: no Go files", pkgPath)
	}
	return p, nil
}

// name is the package's name.
func (p *part) name() string {
	for line := range bytes.Lines(p.files[0].src) {
		if rest, ok := bytes.CutPrefix(line, []byte("package ")); ok {
			return string(bytes.TrimSpace(rest))
		}
	}
	return ""
}

// split finds the declarations of a file.
func (f *partFile) split(p *part) {
	at := 0
	for line := range bytes.Lines(f.src) {
		keyword, _, _ := bytes.Cut(line, []byte(" "))
		switch string(keyword) {
		case "func", "type", "var", "const", "import":
			if n := len(f.list); n > 0 {
				f.list[n-1].to = at
			}
			f.list = append(f.list, &decl{from: at, to: len(f.src), imports: string(keyword) == "import"})
		}
		at += len(line)
	}
	for _, d := range f.list {
		d.text = f.src[d.from:d.to]
		keyword, rest, _ := strings.Cut(string(d.text), " ")
		switch {
		case d.imports:
		case keyword == "func":
			if strings.HasPrefix(rest, "(") {
				recv, _, _ := strings.Cut(rest[1:], ")")
				p.bind(recv, d)
				continue
			}
			p.declare(word(rest), d)
			if _, params, ok := strings.Cut(afterTypeParams(rest[len(word(rest)):]), "("); ok {
				first, _, _ := strings.Cut(params, ")")
				first, _, _ = strings.Cut(first, ",")
				if strings.Contains(first, "*") {
					p.bind(first, d)
				}
			}
		default:
			for _, name := range declared(rest) {
				p.declare(name, d)
				if keyword == "type" {
					d.types = append(d.types, name)
				}
			}
		}
	}
}

func (p *part) declare(name string, d *decl) { p.decls[name] = append(p.decls[name], d) }

// bind notes a method of the type of a parameter such as "p *Pool" or "s *SharedSlice[T]".
func (p *part) bind(param string, d *decl) {
	param, _, _ = strings.Cut(param, "[")
	fields := strings.Fields(param)
	if len(fields) > 0 {
		name := strings.TrimPrefix(fields[len(fields)-1], "*")
		p.bound[name] = append(p.bound[name], d)
	}
}

// afterTypeParams is what follows "[T any]" in the head of a function.
func afterTypeParams(s string) string {
	if !strings.HasPrefix(s, "[") {
		return s
	}
	depth := 0
	for i, c := range s {
		switch c {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return s[i+1:]
			}
		}
	}
	return ""
}

// declared are the names that a type, var or const declaration declares: it may be a group.
func declared(rest string) (names []string) {
	if !strings.HasPrefix(rest, "(") {
		return listed(rest)
	}
	for line := range strings.Lines(rest) {
		if text, ok := strings.CutPrefix(line, "\t"); ok {
			names = append(names, listed(text)...)
		}
	}
	return names
}

// listed are the names at the beginning of a line: "a, b = 1, 2".
func listed(line string) (names []string) {
	for {
		name := word(line)
		if name == "" {
			return names
		}
		names = append(names, name)
		rest, ok := strings.CutPrefix(line[len(name):], ", ")
		if !ok {
			return names
		}
		line = rest
	}
}

// word is the identifier at the beginning of a text.
func word(s string) string {
	for i := range len(s) {
		if !letter(s[i]) {
			return s[:i]
		}
	}
	return s
}

// letter reports whether an identifier may have it. Those of other alphabets are whole bytes of UTF-8 here.
func letter(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= 0x80
}

// take marks the declarations that names reach, and returns for each file the text of those that are new, nil when there are none.
func (p *part) take(names []string) [][]byte {
	fresh := map[*decl]bool{}
	var visit func(name string)
	mark := func(d *decl) {
		if d.taken {
			return
		}
		d.taken, fresh[d] = true, true
		identifiers(d.text, func(id string, selected, _ bool) {
			if !selected {
				visit(id)
			}
		})
	}
	visit = func(name string) {
		for _, d := range p.decls[name] {
			mark(d)
			for _, t := range d.types {
				for _, m := range p.bound[t] {
					mark(m)
				}
			}
		}
	}
	for _, name := range names {
		visit(name)
	}
	return p.texts(fresh)
}

// rest marks all the others.
func (p *part) rest() [][]byte {
	fresh := map[*decl]bool{}
	for _, f := range p.files {
		for _, d := range f.list {
			if !d.taken && !d.imports {
				d.taken, fresh[d] = true, true
			}
		}
	}
	p.whole = true
	return p.texts(fresh)
}

// texts are the files with those declarations alone, and with the imports that they use.
func (p *part) texts(fresh map[*decl]bool) [][]byte {
	texts := make([][]byte, len(p.files))
	for i, f := range p.files {
		used := map[string]bool{}
		for _, d := range f.list {
			if fresh[d] {
				identifiers(d.text, func(id string, selected, selects bool) {
					if selects && !selected {
						used[id] = true
					}
				})
				texts[i] = []byte{}
			}
		}
		if texts[i] == nil {
			continue
		}
		at := 0
		blank := func(to int) {
			for range bytes.Count(f.src[at:to], []byte("\n")) {
				texts[i] = append(texts[i], '\n')
			}
			at = to
		}
		for _, d := range f.list {
			if at == 0 {
				head := f.src[:d.from]
				clause := bytes.LastIndex(append([]byte("\n"), head...), []byte("\npackage "))
				blank(clause)
				texts[i] = append(texts[i], f.src[at:d.from]...)
				at = d.from
			}
			switch {
			case d.imports:
				for line := range bytes.Lines(d.text) {
					if spec := string(bytes.TrimSpace(bytes.TrimPrefix(line, []byte("import ")))); !strings.HasSuffix(spec, `"`) || used[importName(spec)] {
						texts[i] = append(texts[i], line...)
					} else {
						texts[i] = append(texts[i], '\n')
					}
				}
				at = d.to
			case fresh[d]:
				texts[i] = append(texts[i], d.text...)
				at = d.to
			default:
				blank(d.to)
			}
		}
	}
	return texts
}

// importName is the name of an import: `"go/types"`, `core "poolbook/pool/core"`.
func importName(spec string) string {
	if name := word(spec); name != "" {
		return name
	}
	p := strings.Trim(spec, `"`)
	base := path.Base(p)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		base = path.Base(path.Dir(p))
	}
	return base
}

// identifiers calls yield with each identifier of a text that is in no comment and no string: whether it is selected of something, and
// whether something is selected of it.
func identifiers(text []byte, yield func(id string, selected, selects bool)) {
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(text)), text, nil, 0)
	before, id := token.ILLEGAL, "" // what stands before id, the identifier that was read last
	for last := token.ILLEGAL; last != token.EOF; {
		_, tok, lit := s.Scan()
		if id != "" {
			yield(id, before == token.PERIOD, tok == token.PERIOD)
			id = ""
		}
		if tok == token.IDENT {
			before, id = last, lit
		}
		last = tok
	}
}

// Selected are the names that a source text selects of a package that it has imported under that name: those behind "pool.".
func Selected(source, pkg string) (names []string) {
	of := ""
	identifiers([]byte(source), func(id string, selected, selects bool) {
		if selected && of == pkg {
			names = append(names, id)
		}
		of = ""
		if selects && !selected {
			of = id
		}
	})
	return names
}
