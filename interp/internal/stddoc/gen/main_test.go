package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The embedded comments must be what the generator would write now.
func TestFresh(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs a Go toolchain")
	}
	version, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := string(bytes.TrimSpace(version)); !strings.HasPrefix(got+".", "go1.26.") {
		t.Skipf("the comments are those of Go 1.26, the toolchain is %s", got)
	}
	entries, err := load()
	if err != nil {
		t.Fatal(err)
	}
	want, err := pack(entries)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../stddoc.zip")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("stddoc.zip has %d bytes, want %d: run go generate ./interp/internal/stddoc", len(got), len(want))
	}
}
