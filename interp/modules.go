package interp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"poolbook/interp/internal/module"
	"poolbook/interp/internal/pattern"
	"poolbook/interp/internal/split"
	"poolbook/interp/internal/unit"
)

// get is %get: it fetches modules with the user's go command.
func (s *Session) get(ctx context.Context, c Cell, m magic) error {
	failed := func(msg, hint string) error {
		return &CompileError{[]Diagnostic{{Cell: c.Number, Line: m.line, Column: 1, Message: msg, Hint: hint, SourceLine: line(c.Code, m.line)}}}
	}
	specs := strings.Fields(strings.ReplaceAll(m.args, ",", " "))
	const usage = "write %get path@version, as in %get github.com/google/uuid@latest"
	switch {
	case len(specs) == 0:
		return failed("%get needs a module", usage)
	case slices.ContainsFunc(specs, func(s string) bool { return strings.HasPrefix(s, "-") }):
		return failed("%get takes modules, and no flags", usage)
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		return fmt.Errorf("interp: %w", err)
	}
	err = s.modules.Get(ctx, dir, specs, writerOr(c.Stdout))
	var e *module.Error
	switch {
	case errors.As(err, &e):
		return failed("%get: "+e.Msg, e.Hint)
	case err != nil:
		return interruptedAt(c, err)
	}
	return s.outdated(ctx, c)
}

// outdated tells of modules that are now there in another version than the packages that cells have imported.
func (s *Session) outdated(ctx context.Context, c Cell) error {
	imported := s.imp.Imported()
	if len(imported) == 0 {
		return nil
	}
	versions, err := s.modules.Versions(ctx)
	if err != nil {
		return interruptedAt(c, err)
	}
	for _, m := range imported {
		path, version, _ := strings.Cut(m, "@")
		if now := versions[path]; now != "" && version != "" && now != version && s.staying[path] != now {
			s.staying[path] = now
			fmt.Fprintf(writerOr(c.Stderr), "%s stays at %s, which cells have imported, until %%reset or a restart of the kernel\n", path, version)
		}
	}
	return nil
}

// interruptedAt is the error of a cell that was interrupted before its first statement; other errors stay.
func interruptedAt(c Cell, err error) error {
	if errors.Is(err, context.Canceled) {
		return &InterruptError{Stack: []Frame{{Cell: c.Number}}}
	}
	return fmt.Errorf("interp: %w", err)
}

// resolve finds the packages of modules that sources import. dir is the folder in which the go.mod and the go.work that count are looked for, upwards. Paths that it does not find are
// left to the checker, which reports them where they stand.
func (s *Session) resolve(ctx context.Context, dir string, sources map[string]string, out io.Writer) error {
	var missing []string
	for _, code := range sources {
		if !strings.Contains(code, "import") {
			continue
		}
		for _, path := range imports(code) {
			if s.imp.Missing(path) {
				missing = append(missing, path)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	list, err := s.modules.List(ctx, dir, missing, out)
	var e *module.Error
	if errors.As(err, &e) {
		reason := e.Msg
		if e.Hint != "" {
			reason += ": " + e.Hint
		}
		for _, path := range missing {
			list = append(list, module.Package{Path: path, Reason: reason})
		}
	} else if err != nil {
		return err
	}
	s.imp.AddModules(list)
	return nil
}

// imports returns the import paths of a cell or file that can be parsed.
func imports(code string) []string {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", code, parser.ImportsOnly)
	if err != nil {
		cell, errs := split.Parse(fset, "", code)
		if len(errs) > 0 {
			return nil
		}
		f = cell.Decls
	}
	var paths []string
	for _, spec := range f.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, path)
		}
	}
	return paths
}

var unitPackage = pattern.New(`(?m)^//poolbook:package (.*)$`)

// withModules returns a unit's source with where the packages of modules are that it imports. They count in its hash: the same function calls
// other code once they have changed.
func (s *Session) withModules(u *unit.Unit) (string, error) {
	list := s.imp.Modules(u.Imports)
	if len(list) == 0 {
		return u.Source, nil
	}
	var b strings.Builder
	b.WriteString(u.Source)
	sum := sha256.New()
	io.WriteString(sum, u.Hash)
	for _, p := range list {
		data, err := json.Marshal(p)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n//poolbook:package %s\n", data)
		p.Text = nil
		if data, err = json.Marshal(p); err != nil {
			return "", err
		}
		sum.Write(data)
	}
	u.Hash = unit.WithHash(u.Hash, hex.EncodeToString(sum.Sum(nil)))
	return b.String(), nil
}

// addModulesOf takes what withModules has written.
func (s *Session) addModulesOf(source string) error {
	var list []module.Package
	for _, m := range unitPackage().FindAllStringSubmatch(source, -1) {
		var p module.Package
		if err := json.Unmarshal([]byte(m[1]), &p); err != nil {
			return fmt.Errorf("interp: load unit: %w", err)
		}
		list = append(list, p)
	}
	s.imp.UseModules(list)
	return nil
}
