package export

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"poolbook/notebooks/nbformat"
)

// browser puts a program of this text on the path, in the place of the browser.
func browser(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "chromium"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
}

func TestPDF(t *testing.T) {
	if _, err := Browser(); err != nil {
		if os.Getenv("REQUIRE_ALL") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	nb, err := nbformat.Parse([]byte(`{"cells":[{"cell_type":"markdown","id":"a","metadata":{},"source":"# A title\n\nText."}],"metadata":{},"nbformat":4,"nbformat_minor":5}`))
	if err != nil {
		t.Fatal(err)
	}
	page, err := HTML(nb, "on paper", nil)
	if err != nil {
		t.Fatal(err)
	}
	pdf, err := PDF(t.Context(), page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) || !bytes.Contains(pdf, []byte("/Title (on paper)")) {
		t.Errorf("%.300q", pdf)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestBrowserFails holds that a browser that fails, writes nothing, writes something else or takes too long is an error that says so.
func TestBrowserFails(t *testing.T) {
	for script, want := range map[string]string{
		"echo no display >&2; exit 3": "exit status 3\nno display",
		"exit 0":                      "it wrote no PDF",
		`for a; do case $a in --print-to-pdf=*) echo oh no > "${a#*=}";; esac; done`: "it wrote no PDF",
	} {
		browser(t, script)
		if _, err := PDF(t.Context(), []byte("<p>x")); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "chromium cannot print") {
			t.Errorf("%s: %v", script, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	browser(t, "exec sleep 1000")
	if _, err := PDF(ctx, []byte("<p>x")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestBrowserOfTheFolder holds that a program that lies in the folder is not taken for a browser.
func TestBrowserOfTheFolder(t *testing.T) {
	browser(t, "exit 0")
	t.Chdir(strings.Split(os.Getenv("PATH"), ":")[0])
	for _, path := range []string{"", ".", ":", "./"} {
		t.Setenv("PATH", path)
		if found, err := Browser(); !errors.Is(err, ErrNoBrowser) {
			t.Errorf("PATH=%q: %s, %v", path, found, err)
		}
	}
}
