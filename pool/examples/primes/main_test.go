package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOtherModule builds the program as a user does: copied to a module of its own that requires this one.
func TestOtherModule(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	module := "module example.com/primes\n\ngo 1.26\n\nrequire poolbook v0.0.0\n\nreplace poolbook => " + root + "\n"
	for name, text := range map[string]string{"go.mod": module, "main.go": string(source)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "run", "-mod=mod", ".", "-n", "1000", "-step", "100")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "GOPROXY=off") // it needs nothing else
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "168 primes below 1000 (10/10 items,") {
		t.Errorf("%v\n%s", err, out)
	}
}
