//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// ending is how a program has ended.
type ending struct {
	stdout, stderr string
	status         string // "exit status 2", "signal: interrupt"
}

// TestProgramEndings runs the programs of testdata/endings.txtar in the interpreter and compiled.
func TestProgramEndings(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles many programs")
	}
	ar, err := txtar.ParseFile("testdata/endings.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir, bin := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module programs\n\ngo 1.26\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, f := range ar.Files {
		at := filepath.Join(dir, strings.TrimSuffix(f.Name, ".go"), f.Name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", bin, "./...")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	poolbook := program(t)
	for _, f := range ar.Files {
		name := strings.TrimSuffix(f.Name, ".go")
		t.Run(name, func(t *testing.T) {
			how := directives(string(f.Data))
			want := endOf(t, how, filepath.Join(bin, name))
			got := endOf(t, how, poolbook, "run", filepath.Join(dir, name, f.Name), "--")
			if how["differs"] != "" {
				got.stderr, want.stderr = "", ""
			}
			if got != want {
				t.Errorf("interpreted:\n%s\ncompiled:\n%s", got, want)
			}
		})
	}
}

// directives are the comments before a program's package clause.
func directives(code string) map[string]string {
	how := map[string]string{}
	for line := range strings.Lines(code) {
		text, ok := strings.CutPrefix(line, "// ")
		if !ok {
			break
		}
		key, value, _ := strings.Cut(strings.TrimSpace(text), ": ")
		how[key] = value
	}
	return how
}

// endOf runs a program to its end.
func endOf(t *testing.T, how map[string]string, name string, args ...string) ending {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, append(args, strings.Fields(how["args"])...)...)
	cmd.Stdin = strings.NewReader(how["stdin"])
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	switch {
	case how["signal"] != "":
		cmd.Stdout = &signaller{out: &stdout, cmd: cmd, signal: signals[how["signal"]]}
	case how["closed"] == "stdout":
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		defer w.Close()
		cmd.Stdout = w
	}
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("%s does not end\nstdout: %s\nstderr: %s", filepath.Base(name), &stdout, &stderr)
	}
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return ending{stdout.String(), untraced(stderr.String()), cmd.ProcessState.String()}
}

var signals = map[string]os.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "QUIT": syscall.SIGQUIT, "USR1": syscall.SIGUSR1}

// signaller sends its signal when the program says that it is ready.
type signaller struct {
	out    *bytes.Buffer
	cmd    *exec.Cmd
	signal os.Signal
}

func (s *signaller) Write(p []byte) (int, error) {
	before := strings.Contains(s.out.String(), "ready")
	n, err := s.out.Write(p)
	if !before && strings.Contains(s.out.String(), "ready") {
		err = s.cmd.Process.Signal(s.signal)
	}
	return n, err
}

var (
	goroutineTrace = regexp.MustCompile(`(?s)\n\n(goroutine|runtime stack|  |hint: ).*`)
	faultLine      = regexp.MustCompile(`(?m)^\[signal SIG.*\n`)
)

// untraced is what a program has printed without the traces, and without the processor's view of a fault.
func untraced(stderr string) string {
	return faultLine.ReplaceAllString(goroutineTrace.ReplaceAllString(stderr, "\n"), "")
}

func (e ending) String() string {
	return fmt.Sprintf("  %s\n  stdout: %q\n  stderr: %q", e.status, e.stdout, e.stderr)
}
