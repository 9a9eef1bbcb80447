package module

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// Root returns the folder of the go.mod that counts in dir, an absolute path: the next one upwards. Without one, it is dir itself.
func Root(dir string) (root string, ok bool) {
	if name := upwards(dir, "go.mod"); name != "" {
		return filepath.Dir(name), true
	}
	return dir, false
}

// upwards finds a file in dir, or the next folder above that has it; "" if none does.
func upwards(dir, file string) string {
	for {
		name := filepath.Join(dir, file)
		if info, err := os.Stat(name); err == nil && !info.IsDir() {
			return name
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// setting is what the user has told the go command: a variable of the environment, or what go env -w has written.
func setting(key string) string {
	if v := os.Getenv(key); v != "" {
		return v
	}
	name := os.Getenv("GOENV")
	if name == "off" {
		return ""
	}
	if name == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return ""
		}
		name = filepath.Join(dir, "go", "env")
	}
	for line := range strings.Lines(read(name)) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok && k == key {
			return v
		}
	}
	return ""
}

// workspace is the go.work that counts in dir, "" for none.
func workspace(dir string) string {
	switch v := setting("GOWORK"); v {
	case "off":
		return ""
	case "", "auto":
		return upwards(dir, "go.work")
	default:
		return v
	}
}

// goFlag finds a flag in GOFLAGS: words between spaces, which may be in quotes. The last one counts.
func goFlag(name string) (value string, ok bool) {
	for rest := strings.TrimLeft(setting("GOFLAGS"), " \t\r\n"); rest != ""; rest = strings.TrimLeft(rest, " \t\r\n") {
		var word string
		if q := rest[:1]; q == `"` || q == "'" {
			word, rest, _ = strings.Cut(rest[1:], q)
		} else if i := strings.IndexAny(rest, " \t\r\n"); i >= 0 {
			word, rest = rest[:i], rest[i:]
		} else {
			word, rest = rest, ""
		}
		word = strings.TrimPrefix(strings.TrimPrefix(word, "-"), "-")
		if v, found := strings.CutPrefix(word, name+"="); found {
			value, ok = v, true
		}
	}
	return value, ok
}

// UserTags are the build tags that GOFLAGS sets.
func UserTags() []string {
	tags, _ := goFlag("tags")
	return strings.FieldsFunc(tags, func(r rune) bool { return r == ',' || r == ' ' })
}

// sessionModule is the path of the module that a workspace's session adds modules to.
const sessionModule = "poolbook.invalid/session"

// copyWork begins with a go.work: the session's own has the same modules, and one more that %get adds to. While there is a vendor folder,
// the user's own is used, as it is.
func (s *Set) copyWork(dir, name string) error {
	s.origin = append(s.origin, origin{name, read(name)})
	mistake := func(err error) error {
		return &Error{Msg: err.Error(), Hint: "mend that file, and run the cell again"}
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return mistake(err)
	}
	f, err := modfile.ParseWork(name, data, nil)
	if err != nil {
		return mistake(err)
	}
	language := "1.18" // what a go.work without a version means
	if f.Go != nil {
		language = f.Go.Version
	}
	base := filepath.Dir(name)
	absolute := func(p string) string {
		if filepath.IsAbs(p) {
			return p
		}
		return filepath.Join(base, filepath.FromSlash(p))
	}
	var own modfile.WorkFile
	own.Syntax = &modfile.FileSyntax{}
	if err := own.AddGoStmt(language); err != nil {
		return mistake(err)
	}
	if f.Toolchain != nil {
		if err := own.AddToolchainStmt(f.Toolchain.Name); err != nil {
			return mistake(err)
		}
	}
	for _, g := range f.Godebug {
		if err := own.AddGodebug(g.Key, g.Value); err != nil {
			return mistake(err)
		}
	}
	if err := own.AddUse(dir, ""); err != nil {
		return mistake(err)
	}
	for _, u := range f.Use {
		mod := filepath.Join(absolute(u.Path), "go.mod")
		s.origin = append(s.origin, origin{mod, read(mod)})
		if err := own.AddUse(absolute(u.Path), ""); err != nil {
			return mistake(err)
		}
	}
	for _, r := range f.Replace {
		to := r.New.Path
		if r.New.Version == "" {
			to = absolute(to)
		}
		if err := own.AddReplace(r.Old.Path, r.Old.Version, to, r.New.Version); err != nil {
			return mistake(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "go.work"), modfile.Format(own.Syntax), 0o666); err != nil {
		return err
	}
	sum := name + ".sum"
	if data, err := os.ReadFile(sum); err == nil {
		s.origin = append(s.origin, origin{sum, string(data)})
		if err := os.WriteFile(filepath.Join(dir, "go.work.sum"), data, 0o666); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), fmt.Appendf(nil, "module %s\n\ngo %s\n", sessionModule, language), 0o666); err != nil {
		return err
	}
	s.space = filepath.Join(dir, "go.work")
	if s.vendored() {
		s.space, s.work = name, base
	}
	return nil
}

// workDir is where go get runs: in the module that it adds to. From then on a workspace is the session's own.
func (s *Set) workDir() string {
	if s.space == "off" {
		return s.work
	}
	s.space, s.work = filepath.Join(s.dir, "go.work"), s.dir
	return s.dir
}

// workPaths are the paths of all modules that a workspace mentions.
func (s *Set) workPaths() (all []string) {
	for _, o := range s.origin {
		switch {
		case filepath.Base(o.name) == "go.mod":
			if f, err := modfile.ParseLax(o.name, []byte(o.text), nil); err == nil && f.Module != nil {
				all = append(all, f.Module.Mod.Path)
				for _, r := range f.Require {
					all = append(all, r.Mod.Path)
				}
			}
		case strings.HasSuffix(o.name, ".sum"):
		default:
			if f, err := modfile.ParseWork(o.name, []byte(o.text), nil); err == nil {
				for _, r := range f.Replace {
					all = append(all, r.Old.Path)
				}
			}
		}
	}
	return all
}
