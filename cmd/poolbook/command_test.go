package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCommandLine(t *testing.T) {
	p := newPlace(t)
	p.write("bad.ipynb", `{"cells": [`)
	p.write("python.ipynb", `{"cells":[],"metadata":{"kernelspec":{"name":"no-such","display_name":"X"}},"nbformat":4,"nbformat_minor":5}`)
	tests := []struct {
		args           string
		code           int
		stdout, stderr string // parts of them
	}{
		{"version", 0, "poolbook " + version, ""},
		{"--help", 0, "Usage:", ""},
		{"frobnicate", 2, "", `unknown command "frobnicate"`},
		{"instal", 2, "", `unknown command "instal", did you mean "install"?`},
		{"--frobnicate", 2, "", "unknown flag: --frobnicate"},
		{"kernel", 2, "", "the connection file, is missing"},
		{"kernel -f no-such-file.json", 1, "", "no-such-file.json"},
		{"worker", 2, "", "a pool starts its workers itself"},
		{"run", 2, "", "requires at least 1 arg"},
		{"run x.txt", 2, "", "only notebooks (.ipynb), Go programs (.go) and folders of them can be run"},
		{"run a.ipynb b.ipynb", 2, "", "one notebook at a time"},
		{"run a.ipynb -o b.ipynb --inplace", 2, "", "choose one"},
		{"run none.go -p n=1", 2, "", "-p is for notebooks"},
		{"run python.ipynb -p n", 2, "", "has no value"},
		{"run none.ipynb", 1, "", "none.ipynb"},
		{"run bad.ipynb", 1, "", "bad.ipynb: not a notebook: line 1, column 11"},
		{"run python.ipynb", 1, "", `no kernel "no-such" is installed`},
		{"run none.go", 1, "", "none.go"},
		{"test", 2, "", "requires at least 1 arg"},
		{"install --user --prefix x", 2, "", "choose one"},
		{"install --name ../x", 2, "", "lower-case letters"},
		{"uninstall --prefix nowhere", 1, "", "no kernel is installed in"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			out := p.run(time.Minute, "", program(t), strings.Fields(tt.args)...)
			if out.code != tt.code || !strings.Contains(out.stdout, tt.stdout) || !strings.Contains(out.stderr, tt.stderr) {
				t.Errorf("exit code %d, want %d\nstdout: %s\nstderr: %s\nwant %q and %q", out.code, tt.code, out.stdout, out.stderr, tt.stdout, tt.stderr)
			}
			if tt.code == 0 && out.stderr != "" {
				t.Errorf("stderr: %s", out.stderr)
			}
		})
	}
}

// TestHelp wants an example in the help of every command that people use.
func TestHelp(t *testing.T) {
	for _, cmd := range rootCommand().Commands() {
		if cmd.Hidden || cmd.Name() == "help" || cmd.Name() == "completion" {
			continue
		}
		if !strings.Contains(cmd.Example, "poolbook "+cmd.Name()) || cmd.Short == "" || cmd.RunE == nil {
			t.Errorf("%s: short %q, example %q", cmd.Name(), cmd.Short, cmd.Example)
		}
		if !cmd.HasParent() || cmd.Args == nil {
			t.Errorf("%s takes any arguments", cmd.Name())
		}
	}
}

func TestInstall(t *testing.T) {
	p := newPlace(t)
	out := p.poolbook("install", "--prefix", p.file("env"), "--name", "go-book")
	dir := p.file("env/share/jupyter/kernels/go-book")
	if out.code != 0 || !strings.Contains(out.stdout, dir) {
		t.Fatalf("install: %+v", out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
	if err != nil {
		t.Fatal(err)
	}
	var spec kernelJSON
	if err := json.Unmarshal(text, &spec); err != nil {
		t.Fatal(err)
	}
	if spec.Argv[0] != program(t) || spec.Argv[len(spec.Argv)-1] != "{connection_file}" || spec.Language != "go" ||
		spec.DisplayName != kernelDisplayName || spec.InterruptMode != "message" || fmt.Sprint(spec.Metadata["supported_encryption"]) != "[curve]" {
		t.Errorf("kernel.json: %s", text)
	}
	for _, logo := range []string{"logo-32x32.png", "logo-64x64.png", "logo-svg.svg"} {
		if info, err := os.Stat(filepath.Join(dir, logo)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", logo, err)
		}
	}
	if out := p.poolbook("install", "--prefix", p.file("env"), "--name", "go-book", "--display-name", "Golang"); out.code != 0 {
		t.Errorf("install again: %+v", out)
	}
	if out := p.poolbook("uninstall", "--prefix", p.file("env"), "--name", "go-book"); out.code != 0 {
		t.Errorf("uninstall: %+v", out)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there (%v)", dir, err)
	}
	// Another's kernelspec stays.
	other := p.file("env/share/jupyter/kernels/other")
	if err := os.MkdirAll(other, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, "kernel.json"), []byte(`{"argv":["python"]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if out := p.poolbook("uninstall", "--prefix", p.file("env"), "--name", "other"); out.code != 1 || !strings.Contains(out.stderr, "by hand") {
		t.Errorf("uninstall of another's kernel: %+v", out)
	}
}

// TestInstallOfGoRun holds that a kernel installed by `go run` outlives it.
func TestInstallOfGoRun(t *testing.T) {
	dir := t.TempDir()
	if !isTemporary("/tmp/go-build123/b001/exe/poolbook") || isTemporary("/usr/local/bin/poolbook") {
		t.Error("isTemporary does not know the programs of go run")
	}
	kept := filepath.Join(dir, "poolbook")
	for range 2 { // also over an earlier copy
		if err := copyProgram(program(t), kept); err != nil {
			t.Fatal(err)
		}
	}
	p := newPlace(t)
	if out := p.run(time.Minute, "", kept, "version"); out.code != 0 {
		t.Errorf("the copy does not run: %+v", out)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%d files in the folder, want 1 (%v)", len(files), err)
	}
}
