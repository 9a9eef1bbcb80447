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
	if runtime.GOOS != "linux" {
		t.Skipf("the natives are those of the library on Linux, this is %s", runtime.GOOS)
	}
	files := generate()
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join("..", name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf(`%s is not what gen writes: run "make generate"`, name)
		}
	}
	there, err := filepath.Glob("../*_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range there {
		if name = filepath.Base(name); files[name] == nil && !strings.HasPrefix(name, "natives_") { // those of other releases
			t.Errorf("gen does not write %s", name)
		}
	}
}
