package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Spec tells how to start a kernel: what a kernel.json of Jupyter says.
type Spec struct {
	// Argv is the command. In each argument {connection_file}, {resource_dir} and {prefix} are replaced; the last is where Jupyter is installed
	// whose kernelspec it is.
	Argv []string
	// Env has additional KEY=VALUE entries for the process. In values, ${NAME} and $NAME stand for variables of this process, and $$ for $; what
	// is not set stays as it is written.
	Env []string
	// Dir is the directory of the kernelspec, for its logos and {resource_dir}; empty for one made by hand.
	Dir string
	// InterruptMode is "message" or "signal"; empty means signal.
	InterruptMode string
	// Name is the kernel's name in URLs and notebooks, DisplayName is for people.
	Name, DisplayName, Language string
	// Metadata is the metadata of kernel.json.
	Metadata map[string]any
}

// Interrupt modes of a [Spec].
const (
	InterruptMessage = "message"
	InterruptSignal  = "signal"
)

// kernelJSON is the file kernel.json.
type kernelJSON struct {
	Argv          []string          `json:"argv"`
	DisplayName   string            `json:"display_name"`
	Language      string            `json:"language"`
	InterruptMode string            `json:"interrupt_mode,omitempty"`
	Env           map[string]string `json:"env,omitempty"`
	Metadata      map[string]any    `json:"metadata,omitempty"`
}

// encryptsBy reports whether the kernel says that it can have its connections encrypted by a mechanism.
func (s Spec) encryptsBy(mechanism string) bool {
	is := func(v any) bool {
		text, ok := v.(string)
		return ok && strings.EqualFold(strings.TrimSpace(text), mechanism)
	}
	switch v := s.Metadata["supported_encryption"].(type) {
	case []any:
		return slices.ContainsFunc(v, is)
	case []string:
		return slices.ContainsFunc(v, func(v string) bool { return is(v) })
	default:
		return is(v)
	}
}

// FindSpecs finds the installed kernels by name in Jupyter's search path ([DataPath]); of two with the same name the first
// found counts. The error, which joins one per broken kernelspec, does not make the others less usable.
func FindSpecs() (map[string]Spec, error) {
	specs := make(map[string]Spec)
	var errs []error
	for _, data := range DataPath() {
		dir := filepath.Join(data, "kernels")
		entries, err := os.ReadDir(dir)
		if err != nil {
			if !errors.Is(err, os.ErrNotExist) {
				errs = append(errs, fmt.Errorf("client: kernelspecs: %w", err))
			}
			continue
		}
		for _, e := range entries {
			name := strings.ToLower(e.Name()) // names are not case sensitive
			if _, found := specs[name]; found {
				continue
			}
			spec, err := ReadSpec(filepath.Join(dir, e.Name()))
			if errors.Is(err, os.ErrNotExist) {
				continue // a directory without kernel.json is not a kernelspec
			}
			if err != nil {
				errs = append(errs, err)
				continue
			}
			spec.Name = name
			specs[name] = spec
		}
	}
	return specs, errors.Join(errs...)
}

// ReadSpec reads the kernelspec in a directory. Its name is the directory's.
func ReadSpec(dir string) (Spec, error) {
	path := filepath.Join(dir, "kernel.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return Spec{}, fmt.Errorf("client: kernelspec: %w", err)
	}
	var k kernelJSON
	if err := json.Unmarshal(data, &k); err != nil {
		return Spec{}, fmt.Errorf("client: kernelspec %s: %w", path, err)
	}
	if len(k.Argv) == 0 {
		return Spec{}, fmt.Errorf("client: kernelspec %s: no argv", path)
	}
	s := Spec{
		Argv:          k.Argv,
		Dir:           dir,
		InterruptMode: k.InterruptMode,
		Name:          strings.ToLower(filepath.Base(dir)),
		DisplayName:   k.DisplayName,
		Language:      k.Language,
		Metadata:      k.Metadata,
	}
	for key, value := range k.Env {
		s.Env = append(s.Env, key+"="+value)
	}
	return s, nil
}

// command is Argv for a connection file, as jupyter_client 7.4 makes it.
func (s *Spec) command(connectionFile string) []string {
	pairs := []string{"{connection_file}", connectionFile, "{resource_dir}", s.Dir}
	if prefix, ok := strings.CutSuffix(filepath.ToSlash(filepath.Dir(s.Dir)), "/share/jupyter/kernels"); ok {
		pairs = append(pairs, "{prefix}", filepath.FromSlash(prefix))
	}
	r := strings.NewReplacer(pairs...)
	argv := make([]string, len(s.Argv))
	for i, a := range s.Argv {
		argv[i] = r.Replace(a)
	}
	return argv
}

// templateName is what Python's string.Template takes for a name, or an escaped dollar sign.
var templateName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\$(?:\$|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})`)
})

// environ is Env with the variables of this process, as jupyter_client 7.4 puts them in (string.Template.safe_substitute).
func (s *Spec) environ() []string {
	var list []string
	for _, entry := range s.Env {
		key, value, _ := strings.Cut(entry, "=")
		value = templateName().ReplaceAllStringFunc(value, func(found string) string {
			if found == "$$" {
				return "$"
			}
			if v, ok := os.LookupEnv(strings.Trim(found, "${}")); ok {
				return v
			}
			return found
		})
		list = append(list, key+"="+value)
	}
	return list
}

// DataPath is Jupyter's search path for data, best first: JUPYTER_PATH, the user's directory, the system's.
func DataPath() []string {
	paths := filepath.SplitList(os.Getenv("JUPYTER_PATH"))
	if dir := UserDataDir(); dir != "" {
		paths = append(paths, dir)
	}
	if runtime.GOOS == "windows" {
		if dir := os.Getenv("PROGRAMDATA"); dir != "" {
			paths = append(paths, filepath.Join(dir, "jupyter"))
		}
		return paths
	}
	return append(paths, "/usr/local/share/jupyter", "/usr/share/jupyter")
}

// UserDataDir is Jupyter's data directory of the user: JUPYTER_DATA_DIR, or the system's usual place; "" for a user without a home, as
// some services and containers have.
func UserDataDir() string {
	if dir := os.Getenv("JUPYTER_DATA_DIR"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	switch runtime.GOOS {
	case "windows":
		if dir := os.Getenv("APPDATA"); dir != "" {
			return filepath.Join(dir, "jupyter")
		}
		if err != nil {
			return ""
		}
		return filepath.Join(home, "jupyter")
	case "darwin":
		if err != nil {
			return ""
		}
		return filepath.Join(home, "Library", "Jupyter")
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "jupyter")
	}
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".local", "share", "jupyter")
}
