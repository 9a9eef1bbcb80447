//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPage drives the page in Chromium, on this program's own server: every
// tutorial with Shift-Enter through all its cells, its outputs compared with
// those stored, no errors in the console.
func TestPage(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the time of all the tutorials")
	}
	frontend, err := filepath.Abs("../../web/frontend")
	if err != nil {
		t.Fatal(err)
	}
	need(t, "node --version", "test -e "+frontend+"/node_modules/playwright-core", "test -x /usr/bin/chromium")
	p := newPlace(t)
	s := p.serve()
	cmd := exec.Command("node", "test/all.mjs", s.base.String()+"?token="+s.token)
	cmd.Dir = frontend
	cmd.Env = append(p.env(), "SCREENSHOTS="+os.Getenv("SCREENSHOTS"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v", err)
	}
	for line := range strings.Lines(string(out)) {
		t.Log(strings.TrimRight(line, "\n"))
	}
}
