// Package module finds the packages of third-party modules with the user's go command.
//
// A session has one [Set]: a go.mod of its own, in a temporary folder, which begins as a copy of the go.mod in the
// notebook's folder when there is one. [Set.Get] adds modules to it (go get), [Set.List] tells where the files of a package and of
// all that it imports are (go list). The user's own go.mod is never changed, the module cache is the user's.
package module

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"poolbook/interp/internal/pattern"
)

// Tags are the build tags under which packages leave out assembly, package unsafe and what belongs to terminals, by convention.
const Tags = "purego,noasm,safe"

// Package is a package of a module: all that is needed to interpret it.
type Package struct {
	Path, Dir string
	GoVersion string            `json:",omitempty"` // "1.21": what its module says, or is taken to say
	Module    string            `json:",omitempty"` // "github.com/google/uuid@v1.6.0"
	Files     []string          // .go files for this platform
	Imports   []string          `json:",omitempty"`
	ImportMap map[string]string `json:",omitempty"`
	Internal  bool              `json:",omitempty"` // to its module, which is not the notebook's
	Assembly  string            `json:",omitempty"` // a file of it in assembly, or ""
	Reason    string            `json:",omitempty"` // why it cannot be interpreted, or ""
	LeftOut   []string          `json:"-"`          // .go files that are for other platforms, or for cgo
}

// Cgo returns the place of a file of the package that needs cgo, which is left out; "" when there is none.
func (p *Package) Cgo() string {
	for _, f := range p.LeftOut {
		name := filepath.Join(p.Dir, f)
		if text, err := os.ReadFile(name); err == nil && bytes.Contains(text, []byte("\nimport \"C\"")) {
			return name
		}
	}
	return ""
}

// Error is a failure of the go command.
type Error struct {
	Msg  string // what it said last
	Hint string
}

func (e *Error) Error() string { return e.Msg }

// Set is the modules of a session. Its methods may be called concurrently. The zero Set is ready to use; Close removes its folder.
type Set struct {
	TempDir func(prefix string) (string, error) // makes a folder; set before the first use

	mu   sync.Mutex
	dir  string // of the session's own go.mod; "" before the first use
	work string // where the go command runs: the notebook's folder when it has a go.mod, otherwise dir
}

// Close removes the session's go.mod.
func (s *Set) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dir == "" {
		return nil
	}
	dir := s.dir
	s.dir = ""
	return os.RemoveAll(dir)
}

// open makes the session's go.mod. With create unset, it does so only when the folder beside has one.
func (s *Set) open(ctx context.Context, beside string, create bool) (ok bool, err error) {
	if s.dir != "" {
		return true, nil
	}
	own, err := os.ReadFile(filepath.Join(beside, "go.mod"))
	if err != nil && !create {
		return false, nil
	}
	if _, err := exec.LookPath("go"); err != nil {
		return false, &Error{Msg: "there is no go command on the PATH", Hint: "modules are fetched by Go itself: install it, then restart the kernel"}
	}
	dir, err2 := s.TempDir("poolbook-modules-")
	if err2 != nil {
		return false, err2
	}
	defer func() {
		if !ok {
			os.RemoveAll(dir)
		}
	}()
	if err == nil {
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), own, 0o666); err != nil {
			return false, err
		}
		if sum, err := os.ReadFile(filepath.Join(beside, "go.sum")); err == nil {
			if err := os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o666); err != nil {
				return false, err
			}
		}
		if _, err := readGoMod(ctx, dir); err != nil {
			var e *Error
			if errors.As(err, &e) { // it is the user's file that has the mistake
				e.Msg = strings.ReplaceAll(e.Msg, dir, beside)
				e.Hint = "mend that file, and run the cell again"
			}
			return false, err
		}
		s.dir, s.work = dir, beside
		return true, nil
	}
	if _, err := command(ctx, dir, io.Discard, "mod", "init", "main"); err != nil {
		return false, err
	}
	s.dir, s.work = dir, dir
	return true, nil
}

// flags make a go command use the session's go.mod.
func (s *Set) flags(cmd string, args ...string) []string {
	return append([]string{cmd, "-modfile=" + filepath.Join(s.dir, "go.mod"), "-tags=" + Tags}, args...)
}

// Get adds modules, "path@version", to those of the session. What the go command says goes to out. beside is the folder
// whose go.mod the session begins with.
func (s *Set) Get(ctx context.Context, beside string, specs []string, out io.Writer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.open(ctx, beside, true); err != nil {
		return err
	}
	_, err := command(ctx, s.work, out, s.flags("get", specs...)...)
	return err
}

// List returns the packages with those import paths and all of modules that they import. Paths that no module of the
// session can have are left out. Without modules it does nothing.
func (s *Set) List(ctx context.Context, beside string, paths []string, out io.Writer) ([]Package, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ok, err := s.open(ctx, beside, false); !ok || err != nil {
		return nil, err
	}
	mod, err := readGoMod(ctx, s.dir)
	if err != nil {
		return nil, err
	}
	known, main := mod.paths(), mod.Module.Path
	paths = slices.DeleteFunc(slices.Clone(paths), func(p string) bool {
		return !slices.ContainsFunc(known, func(m string) bool { return p == m || strings.HasPrefix(p, m+"/") })
	})
	if len(paths) == 0 {
		return nil, nil
	}
	const fields = "ImportPath,Name,Dir,Standard,GoFiles,CgoFiles,IgnoredGoFiles,SFiles,Imports,ImportMap,Module,Error"
	text, err := command(ctx, s.work, out, s.flags("list", append([]string{"-mod=mod", "-deps", "-e", "-json=" + fields, "--"}, paths...)...)...)
	if err != nil {
		return nil, err
	}
	var list []Package
	for dec := json.NewDecoder(bytes.NewReader(text)); ; {
		var l listed
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, fmt.Errorf("read what go list says: %w", err)
		}
		if l.Standard {
			continue
		}
		p := Package{Path: l.ImportPath, Dir: l.Dir, Files: l.GoFiles, Imports: l.Imports, ImportMap: l.ImportMap, LeftOut: l.IgnoredGoFiles}
		p.Reason = l.reason(&p)
		if len(l.SFiles) > 0 {
			p.Assembly = filepath.Join(l.Dir, l.SFiles[0])
		}
		if m := l.Module; m != nil {
			p.GoVersion, p.Module = m.GoVersion, m.Path
			if m.Version != "" {
				p.Module += "@" + m.Version
			}
			if p.GoVersion == "" {
				p.GoVersion = "1.16"
			}
			p.Internal = m.Path != main && slices.Contains(strings.Split(p.Path, "/"), "internal")
		}
		list = append(list, p)
	}
}

// listed is what go list says of a package.
type listed struct {
	ImportPath, Name, Dir             string
	Standard                          bool
	GoFiles, CgoFiles, IgnoredGoFiles []string
	SFiles                            []string
	Imports                           []string
	ImportMap                         map[string]string
	Module                            *struct{ Path, Version, GoVersion string }
	Error                             *struct{ Err string }
}

func (l *listed) reason(p *Package) string {
	switch {
	case l.Name == "main" && l.Error == nil:
		return "it is a program, not a package for other code"
	case len(l.GoFiles) > 0 && l.Error == nil:
		return ""
	case l.Dir != "" && len(l.GoFiles) == 0:
		if file := p.Cgo(); file != "" {
			return fmt.Sprintf("it needs cgo (%s)", file)
		}
	}
	if l.Error != nil {
		if m := newerGo().FindStringSubmatch(l.Error.Err); m != nil {
			return fmt.Sprintf("its go.mod says go %s, and the go command here is %s: install Go %[1]s, or set GOTOOLCHAIN=auto in Poolbook's environment, so that the command fetches it", m[1], m[2])
		}
		return strings.TrimSpace(l.Error.Err)
	}
	return "it has no Go files for this platform"
}

// newerGo finds what the go command says of modules that a later one is for.
var newerGo = pattern.New(`go\.mod requires go >= (\S+) \(running go (\S+);`)

// goMod is what go mod edit -json says.
type goMod struct {
	Module  version
	Require []version
	Replace []struct{ Old version }
}

type version struct{ Path, Version string }

// readGoMod reads the go.mod of a folder.
func readGoMod(ctx context.Context, dir string) (m goMod, err error) {
	text, err := command(ctx, dir, io.Discard, "mod", "edit", "-json", filepath.Join(dir, "go.mod"))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("read go.mod: %w", err)
	}
	return m, nil
}

// Versions returns the version of each module that the session requires.
func (s *Set) Versions(ctx context.Context) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	versions := map[string]string{}
	if s.dir == "" {
		return versions, nil
	}
	m, err := readGoMod(ctx, s.dir)
	for _, r := range m.Require {
		versions[r.Path] = r.Version
	}
	return versions, err
}

// paths returns the paths of all modules that go.mod mentions.
func (m *goMod) paths() []string {
	all := []string{m.Module.Path}
	for _, r := range m.Require {
		all = append(all, r.Path)
	}
	for _, r := range m.Replace {
		all = append(all, r.Old.Path)
	}
	return all
}

// command runs the go command in dir and returns its standard output; its messages go to out. A failure is an *Error.
func command(ctx context.Context, dir string, out io.Writer, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "PWD="+dir)
	var stdout, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, io.MultiWriter(&said, out)
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if err == nil {
		return stdout.Bytes(), nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	text := said.String()
	e := &Error{Msg: message(text), Hint: hint(text)}
	if e.Msg == "" {
		e.Msg = "go " + args[0] + ": " + err.Error()
	}
	return nil, e
}

// message is what a go command said that failed: the first line that is no news, with those that it breaks off for ("go: A
// imports", then a line for each package on the way and the reason).
func message(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "go: ") && !strings.HasPrefix(l, "go: downloading ") && !strings.HasPrefix(l, "go: added ") && !strings.HasPrefix(l, "go: upgraded ") {
			msg := strings.TrimSpace(l)
			for _, more := range lines[i+1:] {
				if !strings.HasSuffix(msg, " imports") && !strings.HasSuffix(msg, ":") {
					break
				}
				msg += " " + strings.TrimSpace(more)
			}
			return msg
		}
	}
	return strings.TrimSpace(lines[len(lines)-1])
}

// hint has advice for what a go command said that failed.
func hint(said string) string {
	says := func(signs ...string) bool {
		return slices.ContainsFunc(signs, func(sign string) bool { return strings.Contains(said, sign) })
	}
	switch {
	case says("dial tcp", "no such host", "i/o timeout", "connection refused", "network is unreachable", "module lookup disabled by GOPROXY=off"):
		return "the module is not in Go's module cache yet, and where modules come from (go env GOPROXY) cannot be reached"
	case numberOnly().MatchString(said):
		return "versions begin with v, as in @v1.6.0"
	case says("malformed module path \"http"):
		return "leave out the https:// of the address: %get github.com/google/uuid@latest"
	case says("but does not contain package"):
		return "that version of the module has no such package: has another one, with @version after the path?"
	case says("400 Bad Request", "403 Forbidden", "404 Not Found", "410 Gone", "no such file or directory", "not found", "no matching versions", "malformed module path", "unrecognized import path"):
		return "there seems to be no such module or version: %get takes path@version, as in %get github.com/google/uuid@latest"
	}
	return ""
}

// numberOnly is what go says of a version that begins with a digit.
var numberOnly = pattern.New(`@\d+(\.\d+)+: invalid version`)
