package main

import (
	"bytes"
	"maps"
	"os/exec"
	"runtime"
	"slices"
	"testing"

	"poolbook/interp/internal/stddoc"
	"poolbook/interp/internal/stddoc/entry"
)

// The embedded comments must be what the generator would write now. Patch releases change comments: those of another one than the archive
// is of must have the same packages and names.
func TestFresh(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs a Go toolchain")
	}
	version, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := string(bytes.TrimSpace(version)); got != runtime.Version() {
		t.Skipf("the comments are those of the release of %s, the toolchain is %s", runtime.Version(), got)
	}
	entries, err := load()
	if err != nil {
		t.Fatal(err)
	}
	got := stddoc.Packages()
	if want := slices.Sorted(maps.Keys(entries)); !slices.Equal(got, want) {
		t.Errorf("%s has the packages %v, want %v: run make generate", archive, got, want)
	}
	for path, data := range entries {
		for name, comment := range entry.Split(data) {
			if have := stddoc.Comment(path, name); have != comment && (stddoc.Release == runtime.Version() || have == "") {
				t.Errorf("%s: the comment of %s.%s is %q, want %q: run make generate", archive, path, name, have, comment)
			}
		}
	}
}
