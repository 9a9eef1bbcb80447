// Package module finds the packages of third-party modules with the user's go command.
//
// A session has one [Set]: a go.mod of its own, in a temporary folder, which begins as a copy of the go.mod that counts in the
// notebook's folder, or a go.work which begins as a copy of the one that does ([Root], [workspace]). [Set.Get] adds modules to it
// (go get), [Set.List] tells where the files of a package and of all that it imports are (go list). The user's own go.mod and go.work
// are never changed, the module cache is the user's.
//
// What the user has told the go command counts, in the environment and by go env -w: GOWORK, the flags in GOFLAGS (-tags, to
// which [Tags] are added, -mod, -modfile) and what go get looks at (GOPROXY, GOPRIVATE …). A vendor folder is used as the go command
// uses it until modules are added, which are not in it. Without a word about -mod and without a workspace it is mod: a go.sum that
// lacks something is no error.
package module

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/modfile"

	"poolbook/interp/internal/goabi"
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

	// Of packages whose files are the user's to edit, and not in the module cache:
	Sum    string            `json:",omitempty"` // hash of Files, see [Sum]
	Embeds string            `json:",omitempty"` // what tells the embedded files from others that they become
	Text   map[string][]byte `json:",omitempty"` // what Files said when they were read, by name, when they do not say it any more
}

// Sum is the hash of a package's files, in the order in which they come.
func Sum(files [][]byte) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%d\n", len(f))
		h.Write(f)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// sign sets the fields that tell the package from what it becomes when its files are edited. Files that cannot be read are reported
// where they are needed.
func (p *Package) sign(embeds []string) {
	var files [][]byte
	for _, name := range p.Files {
		data, _ := os.ReadFile(filepath.Join(p.Dir, name))
		files = append(files, data)
	}
	p.Sum = Sum(files)
	if len(embeds) == 0 {
		return
	}
	h := sha256.New()
	for _, pattern := range embeds {
		names, _ := filepath.Glob(filepath.Join(p.Dir, filepath.FromSlash(strings.TrimPrefix(pattern, "all:"))))
		for _, name := range names {
			_ = filepath.WalkDir(name, func(name string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return nil
				}
				if info, err := d.Info(); err == nil {
					fmt.Fprintf(h, "%q %d %d\n", name, info.Size(), info.ModTime().UnixNano())
				}
				return nil
			})
		}
	}
	p.Embeds = hex.EncodeToString(h.Sum(nil))
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
	TempDir func(prefix string) (dir string, remove func() error, err error) // makes a folder; set before the first use

	mu     sync.Mutex
	dir    string       // of the session's own go.mod, and go.work in a workspace; "" before the first use
	remove func() error // removes dir
	beside string       // the folder that it was opened for
	work   string       // where the go command runs: the folder of the user's go.mod if there is one, otherwise dir
	space  string       // the go.work that the go command uses: the session's own, or the user's while there are vendored packages; "off" for none
	origin []origin     // the user's files that it was made of
	added  map[string]string
	renew  bool // the user's files may have changed
}

// origin is a file that the session's own go.mod or go.work is made of, with what it said.
type origin struct{ name, text string }

// Close removes the session's go.mod.
func (s *Set) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.close()
}

func (s *Set) close() error {
	if s.dir == "" {
		return nil
	}
	s.dir, s.origin = "", nil
	return s.remove()
}

// Renew has the user's go.mod and go.work looked at again before the next package is found: modules that were added stay.
func (s *Set) Renew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renew = true
}

// open makes the session's go.mod, or go.work. With create unset, it does so only when there is one of the user's. beside is an absolute path.
func (s *Set) open(ctx context.Context, beside string, create bool, out io.Writer) (ok bool, err error) {
	if s.dir != "" && s.renew {
		if s.beside == beside && !slices.ContainsFunc(s.origin, func(o origin) bool { return read(o.name) != o.text }) {
			s.renew = false
		} else if err := s.close(); err != nil {
			return false, err
		}
	}
	if s.dir != "" {
		return true, nil
	}
	root, found := Root(beside)
	space := workspace(beside)
	if !found && space == "" && !create && len(s.added) == 0 {
		return false, nil
	}
	if _, err := exec.LookPath("go"); err != nil {
		return false, &Error{Msg: "there is no go command on the PATH", Hint: "modules are fetched by Go itself: install it, then restart the kernel"}
	}
	dir, remove, err := s.TempDir("poolbook-modules-")
	if err != nil {
		return false, err
	}
	defer func() {
		if !ok {
			s.dir, s.origin = "", nil
			_ = remove()
		}
	}()
	s.remove, s.beside, s.work, s.space = remove, beside, dir, "off"
	switch {
	case space != "":
		err = s.copyWork(dir, space)
	case found:
		s.work = root
		err = s.copyMod(ctx, dir, root)
	default:
		_, err = s.command(ctx, dir, io.Discard, "mod", "init", "main")
	}
	if err != nil {
		return false, err
	}
	s.dir, s.renew = dir, false
	if len(s.added) > 0 { // before the user's files changed
		var specs []string
		for path, version := range s.added {
			specs = append(specs, path+"@"+version)
		}
		slices.Sort(specs)
		if _, err := s.command(ctx, s.workDir(), out, s.flags("get", specs...)...); err != nil {
			return false, err
		}
	}
	return true, nil
}

// copyMod begins with the go.mod of a folder, or the file that -modfile in GOFLAGS names.
func (s *Set) copyMod(ctx context.Context, dir, root string) error {
	name := filepath.Join(root, "go.mod")
	if other, ok := goFlag("modfile"); ok {
		if name = other; !filepath.IsAbs(name) {
			name = filepath.Join(root, name)
		}
	}
	sum := strings.TrimSuffix(name, ".mod") + ".sum"
	for from, to := range map[string]string{name: "go.mod", sum: "go.sum"} {
		if err := s.copyFile(from, filepath.Join(dir, to)); err != nil && to == "go.mod" {
			return err
		}
	}
	_, err := s.readGoMod(ctx, dir)
	var e *Error
	if errors.As(err, &e) { // it is the user's file that has the mistake
		e.Msg = strings.ReplaceAll(e.Msg, filepath.Join(dir, "go.mod"), name)
		e.Hint = "mend that file, and run the cell again"
	}
	return err
}

// copyFile copies one of the user's files, and notes what it said.
func (s *Set) copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	s.origin = append(s.origin, origin{from, string(data)})
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o666)
}

// read is what a file says, "" when it is not there.
func read(name string) string {
	data, _ := os.ReadFile(name)
	return string(data)
}

// flags make a go command use the session's modules.
func (s *Set) flags(cmd string, args ...string) []string {
	list := []string{cmd, "-tags=" + strings.Join(append([]string{Tags}, UserTags()...), ",")}
	if s.space == "off" {
		list = append(list, "-modfile="+filepath.Join(s.dir, "go.mod"))
	}
	return append(list, args...)
}

// modFlag is what -mod is to be for go list; nil leaves it to the go command.
func (s *Set) modFlag() []string {
	if _, ok := goFlag("mod"); ok || s.space != "off" || s.vendored() {
		return nil
	}
	return []string{"-mod=mod"}
}

// vendored reports whether the packages are those of a vendor folder.
func (s *Set) vendored() bool {
	return len(s.added) == 0 && read(filepath.Join(s.vendor(), "modules.txt")) != ""
}

// vendor is where a vendor folder would be.
func (s *Set) vendor() string {
	if s.space != "off" && len(s.origin) > 0 {
		return filepath.Join(filepath.Dir(s.origin[0].name), "vendor")
	}
	return filepath.Join(s.work, "vendor")
}

// Get adds modules, "path@version", to those of the session. What the go command says goes to out. beside is the folder
// whose go.mod the session begins with.
func (s *Set) Get(ctx context.Context, beside string, specs []string, out io.Writer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.open(ctx, beside, true, out); err != nil {
		return err
	}
	before, err := s.readGoMod(ctx, s.dir)
	if err != nil {
		return err
	}
	if _, err := s.command(ctx, s.workDir(), out, s.flags("get", specs...)...); err != nil {
		return err
	}
	after, err := s.readGoMod(ctx, s.dir)
	if err != nil {
		return err
	}
	if s.added == nil {
		s.added = map[string]string{}
	}
	for _, r := range after.Require {
		if !slices.Contains(before.Require, r) {
			s.added[r.Path] = r.Version
		}
	}
	return nil
}

// List returns the packages with those import paths and all of modules that they import. Paths that no module of the
// session can have are left out. Without modules it does nothing.
func (s *Set) List(ctx context.Context, beside string, paths []string, out io.Writer) ([]Package, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ok, err := s.open(ctx, beside, false, out); !ok || err != nil {
		return nil, err
	}
	mod, err := s.readGoMod(ctx, s.dir)
	if err != nil {
		return nil, err
	}
	known, main := mod.paths(), mod.Module.Path
	if s.space != "off" {
		known = append(known, s.workPaths()...)
		if root, ok := Root(beside); ok {
			main = modfile.ModulePath([]byte(read(filepath.Join(root, "go.mod"))))
		}
	}
	paths = slices.DeleteFunc(slices.Clone(paths), func(p string) bool {
		return !slices.ContainsFunc(known, func(m string) bool { return p == m || strings.HasPrefix(p, m+"/") })
	})
	if len(paths) == 0 {
		return nil, nil
	}
	const fields = "ImportPath,Name,Dir,Standard,GoFiles,CgoFiles,IgnoredGoFiles,EmbedPatterns,SFiles,Imports,ImportMap,Module,Error"
	text, err := s.command(ctx, s.work, out, s.flags("list", slices.Concat(s.modFlag(), []string{"-deps", "-e", "-json=" + fields, "--"}, paths)...)...)
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
			if m.Version == "" || m.Replace != nil && m.Replace.Version == "" || strings.HasPrefix(p.Dir, s.vendor()+string(filepath.Separator)) {
				p.sign(l.EmbedPatterns)
			}
		}
		list = append(list, p)
	}
}

// listed is what go list says of a package.
type listed struct {
	ImportPath, Name, Dir             string
	Standard                          bool
	GoFiles, CgoFiles, IgnoredGoFiles []string
	EmbedPatterns, SFiles             []string
	Imports                           []string
	ImportMap                         map[string]string
	Module                            *struct {
		Path, Version, GoVersion string
		Replace                  *version
	}
	Error *struct{ Err string }
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
		return cmp.Or(newerGo(l.Error.Err), strings.TrimSpace(l.Error.Err))
	}
	return "it has no Go files for this platform"
}

var requiresGo = pattern.New(`go\.mod requires go >= (\S+) \(running go (\S+);`)

// newerGo says what to do when a go command said that a module is for a later one, "" when it did not.
func newerGo(said string) string {
	m := requiresGo().FindStringSubmatch(said)
	if m == nil {
		return ""
	}
	return "its go.mod says go " + m[1] + ", and " + cmp.Or(goabi.Needs(m[1]),
		fmt.Sprintf("the go command here is %s: install Go %s, or set GOTOOLCHAIN=auto in Poolbook's environment, so that the command fetches it", m[2], m[1]))
}

// goMod is what go mod edit -json says.
type goMod struct {
	Module  version
	Require []version
	Replace []struct{ Old version }
}

type version struct{ Path, Version string }

// readGoMod reads the go.mod of a folder.
func (s *Set) readGoMod(ctx context.Context, dir string) (m goMod, err error) {
	text, err := s.command(ctx, dir, io.Discard, "mod", "edit", "-json", filepath.Join(dir, "go.mod"))
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
	m, err := s.readGoMod(ctx, s.dir)
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
func (s *Set) command(ctx context.Context, dir string, out io.Writer, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK="+s.space, "PWD="+dir)
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
