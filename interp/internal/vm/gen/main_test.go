package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The generated files of the machine must be those that the command writes.
func TestFilesAreGenerated(t *testing.T) {
	if !strings.HasPrefix(runtime.Version(), "go1.26") || runtime.GOOS != "linux" {
		t.Skipf("the natives are those of Go 1.26's library on Linux, this is %s on %s", runtime.Version(), runtime.GOOS)
	}
	files := generate()
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join("..", name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf(`%s is not what gen writes: run "go generate ./interp/internal/vm"`, name)
		}
	}
	there, err := filepath.Glob("../*_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range there {
		if files[filepath.Base(name)] == nil {
			t.Errorf("gen does not write %s", name)
		}
	}
}
