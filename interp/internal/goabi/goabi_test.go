package goabi

import (
	"fmt"
	"go/build/constraint"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for version, want := range map[string]string{
		"go1.26.8": "", "go1.27.4": "", "go1.27.4 X:nodwarf5,nogreenteagc": "", "go1.26.8-X:nodwarf5": "",
		"go1.26.8 X:jsonv2":               "GOEXPERIMENT=jsonv2,",
		"go1.27.4 X:nojsonv2,nodwarf5":    "GOEXPERIMENT=nojsonv2,",
		"go1.27.4 X:mapsplitgroup,arenas": "GOEXPERIMENT=mapsplitgroup,arenas,",
	} {
		err := check(version)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", version, err)
		}
	}
}

// The running release has a file, and it is the right one.
func TestRelease(t *testing.T) {
	if v := runtime.Version(); v != Language && !strings.HasPrefix(v, Language+".") && !strings.HasPrefix(v, Language+"rc") {
		t.Errorf("%s is taken for %s", v, Language)
	}
}

// Each release takes one file, and those that have none take the one that says so.
func TestEveryReleaseHasOneFile(t *testing.T) {
	names, err := filepath.Glob("release_go*.go")
	if err != nil {
		t.Fatal(err)
	}
	for minor := 26; minor < 40; minor++ {
		var taken []string
		for _, name := range append(names, "unknown.go") {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			line, _, _ := strings.Cut(string(text), "\n")
			expr, err := constraint.Parse(line)
			if err != nil {
				t.Fatal(name, err)
			}
			if expr.Eval(func(tag string) bool {
				n, err := strconv.Atoi(strings.TrimPrefix(tag, "go1."))
				return err == nil && n <= minor
			}) {
				taken = append(taken, name)
			}
		}
		want := fmt.Sprintf("release_go1.%d.go", minor)
		if !slices.Contains(names, want) {
			want = "unknown.go"
		}
		if !slices.Equal(taken, []string{want}) {
			t.Errorf("Go 1.%d takes %q, not %s", minor, taken, want)
		}
	}
}

// With a later release than those that have files, and with Go 1.27 without its encoding/json, the build ends with one sentence. The release
// is pretended by its build tags; that the running one is older is what the compiler complains of besides.
func TestUnknownReleasesAreRefused(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs a Go toolchain")
	}
	sentences := map[string]string{"go1.27,go1.28,goexperiment.jsonv2": "does not know this release of Go yet: build it with Go 1.26 or Go 1.27"}
	if Version == "1.26" { // later ones have the setting
		sentences["go1.27"] = "needs encoding/json as Go 1.27 was released with it"
	}
	for tags, want := range sentences {
		out, err := exec.Command("go", "build", "-gcflags=-e", "-tags="+tags, ".").CombinedOutput()
		var said []string
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, ".go:") && !strings.Contains(line, "file requires newer Go version") {
				said = append(said, line)
			}
		}
		if err == nil || len(said) != 1 || !strings.Contains(said[0], want) {
			t.Errorf("%s: %v\n%s", tags, err, out)
		}
	}
}

// The packages that later releases have, by the files of their symbols, are those which Newer names.
func TestNewerPackages(t *testing.T) {
	const dir = "../bridge/std/symbols_go"
	own := map[string]string{}
	for path := range Newer {
		own[strings.ReplaceAll(path, "/", "_")+".go"] = Newer[path]
	}
	files, err := filepath.Glob(dir + "*.go")
	if err != nil || len(files) < 100 {
		t.Fatal(len(files), err)
	}
	found := map[string]bool{}
	for _, f := range files {
		release, name, _ := strings.Cut(strings.TrimPrefix(f, dir), "_")
		if release == Version || slices.Contains(files, dir+Version+"_"+name) || len(release) == len(Version) && release < Version || len(release) < len(Version) {
			continue
		}
		if own[name] == "" || len(own[name]) == len(release) && own[name] > release {
			t.Errorf("%s is in Go %s and not named", name, release)
		}
		found[name] = true
	}
	for name := range own {
		if !found[name] {
			t.Errorf("%s is in no later release", name)
		}
	}
}

// On a system with 32-bit words the build ends with one sentence: packages that would complain in other words are not built when this one is not.
func TestSmallWordsAreRefused(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs a Go toolchain")
	}
	cmd := exec.Command("go", "vet", ".")
	cmd.Env = append(cmd.Environ(), "GOOS=linux", "GOARCH=386")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "needs a 64-bit system") || strings.Count(string(out), ".go:") != 1 {
		t.Errorf("go vet for 386: %v\n%s", err, out)
	}
	for _, pkg := range []string{"vm", "rtype", "bridge/std", "check/stdlib", "stddoc"} {
		out, err := exec.Command("go", "list", "-deps", "poolbook/interp/internal/"+pkg).Output()
		if err != nil || !slices.Contains(strings.Fields(string(out)), "poolbook/interp/internal/goabi") {
			t.Errorf("%s does not import this package: %v", pkg, err)
		}
	}
}
