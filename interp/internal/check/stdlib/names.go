package stdlib

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"poolbook/interp/internal/goabi"
)

// An ImportError says that there is no package with that path, and which one may have been meant.
type ImportError struct {
	Path       string
	Suggestion string // a path that exists, or ""
	Reason     string // why a package that exists cannot be imported, or ""
	Needs      string // the package for which Reason holds, when it is one that Path imports, at any depth; or ""
}

func (e *ImportError) Error() string {
	if e.Needs != "" {
		return fmt.Sprintf("package %q cannot be imported: it needs %q: %s", e.Path, e.Needs, e.Reason)
	}
	if e.Reason != "" {
		return fmt.Sprintf("package %q cannot be imported: %s", e.Path, e.Reason)
	}
	if first, _, _ := strings.Cut(e.Path, "/"); e.Suggestion == "" && strings.Contains(first, ".") {
		return fmt.Sprintf("no package %q: get its module first, with %%get %s@latest", e.Path, e.Path)
	}
	if e.Suggestion == "" {
		return fmt.Sprintf("no package %q", e.Path)
	}
	return fmt.Sprintf("no package %q: did you mean %q?", e.Path, e.Suggestion)
}

// Names returns the import paths of all packages, sorted: the standard library, those added to the bridge and those
// from source.
func (im *Importer) Names() []string {
	im.mu.Lock()
	defer im.mu.Unlock()
	return im.names()
}

func (im *Importer) names() []string {
	all := map[string]bool{"unsafe": true}
	for p := range exported() {
		all[p] = true
	}
	for p, whole := range generic {
		if whole { // the others have data, in the releases that have them
			all[p] = true
		}
	}
	for p := range im.cfg.Sources {
		all[p] = true
	}
	for _, p := range im.cfg.Bridge.Added() {
		all[p] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// refused lists standard packages that cells cannot import, with the reason.
var refused = map[string]string{
	"C":                      "cgo needs a C compiler",
	"crypto/mlkem/mlkemtest": "it is for tests of crypto/mlkem",
	"plugin":                 "plugins need a program built with cgo",
	"runtime/cgo":            "it needs cgo",
	"runtime/coverage":       "it needs a program built for coverage",
	"runtime/race":           "it has no exported members",
	"testing/cryptotest":     "it is for tests of crypto packages",
}

// favourites come first among packages of one name.
var favourites = []string{"math/rand", "text/template", "text/scanner", "runtime/pprof", "runtime/trace", "encoding/json", "go/version", "testing/quick"}

// ByName returns the import paths of the packages with that name, the likeliest first (rand: math/rand before
// crypto/rand).
func (im *Importer) ByName(name string) []string {
	var list []string
	for _, p := range im.Names() {
		if packageName(p) == name {
			list = append(list, p)
		}
	}
	rank := func(p string) int {
		if slices.Contains(favourites, p) {
			return 0
		}
		return 1 + strings.Count(p, "/")
	}
	slices.SortStableFunc(list, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return list
}

// Find returns the likeliest package with that name that has all the given exported members, as for an import that a
// cell left out: rand with IntN is math/rand/v2. Without such a package it returns the likeliest of that name.
func (im *Importer) Find(name string, members ...string) (path string, ok bool) {
	list := im.ByName(name)
	if len(list) == 0 {
		return "", false
	}
	if len(list) > 1 {
		for _, p := range list {
			pkg, err := im.Import(p)
			if err == nil && !slices.ContainsFunc(members, func(m string) bool { return pkg.Scope().Lookup(m) == nil }) {
				return p, true
			}
		}
	}
	return list[0], true
}

// packageName returns the name that a package has by convention: the last element of its path that is not a version.
func packageName(p string) string {
	base := path.Base(p)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		return path.Base(path.Dir(p))
	}
	return base
}

// unknown returns the error for a path that no package has.
func (im *Importer) unknown(p string) *ImportError {
	e := &ImportError{Path: p, Reason: refused[p]}
	if slices.Contains(strings.Split(p, "/"), "internal") {
		e.Reason = "it is internal to other packages"
	}
	if release, ok := goabi.Newer[p]; ok {
		e.Reason = goabi.Since("it is in Go's library", release)
	}
	if e.Reason != "" {
		return e
	}
	best := 3
	if len(p) < 5 {
		best = 2
	}
	for _, name := range im.names() {
		switch {
		case strings.EqualFold(p, name):
			e.Suggestion = name
			return e
		case strings.EqualFold(p, packageName(name)) && best > 0: // the package's name instead of its path
			e.Suggestion, best = name, 0
		default:
			if d := levenshtein.ComputeDistance(p, name); d < best {
				e.Suggestion, best = name, d
			}
		}
	}
	return e
}
