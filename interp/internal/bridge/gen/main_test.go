package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The tables in ../std must be those that the command writes.
func TestTablesAreGenerated(t *testing.T) {
	if !strings.HasPrefix(runtime.Version(), "go1.26") {
		t.Skipf("the tables are those of Go 1.26, this is %s", runtime.Version())
	}
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	const hint = `run "go generate ./interp/internal/bridge/std"`
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join("..", "std", name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what gen writes: %s", name, hint)
		}
	}
	old, err := filepath.Glob("../std/symbols_*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range old {
		if files[filepath.Base(name)] == nil {
			t.Errorf("gen does not write %s: %s", name, hint)
		}
	}
}
