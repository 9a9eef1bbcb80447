//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
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

// TestProgramVersions compares the loops of programs for older versions of Go: go run knows the version of a folder by its go.mod, of named files by
// their //go:build line alone. Functions take theirs along to the workers of pools.
func TestProgramVersions(t *testing.T) {
	p := newPlace(t)
	const loop = "package main\n\nfunc sum() (n int) {\n\tvar fs []func() int\n\tfor i := 0; i < 3; i++ {\n\t\tfs = append(fs, func() int { return i })\n\t}\n\tfor _, f := range fs {\n\t\tn += f()\n\t}\n\treturn n\n}\n"
	for dir, version := range map[string]string{"none": "", "old": "go 1.20\n", "new": "go 1.22\n"} {
		for name, text := range map[string]string{
			"go.mod":     "module m\n\n" + version,
			"main.go":    loop + "\nfunc main() { println(sum(), up(), down()) }\n",
			"up.go":      "//go:build go1.22\n\n" + strings.ReplaceAll(loop, "sum()", "up()"),
			"down.go":    "//go:build go1.21\n\n" + strings.ReplaceAll(loop, "sum()", "down()"),
			"range.go":   "//go:build ignore\n\npackage main\n\nfunc main() {\n\tfor range 3 {\n\t}\n}\n",
			"r/range.go": "package main\n\nfunc main() {\n\tfor range 3 {\n\t}\n}\n",
		} {
			name = filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(p.file(name)), 0o755); err != nil {
				t.Fatal(err)
			}
			p.write(name, text)
		}
		for _, args := range [][]string{{"."}, {"main.go", "up.go", "down.go"}, {"range.go"}, {"./r"}} {
			compiled := exec.Command("go", append([]string{"run"}, args...)...)
			compiled.Dir = p.file(dir)
			want, err := compiled.CombinedOutput()
			interpreted := exec.Command(program(t), append([]string{"run"}, args...)...)
			interpreted.Dir = p.file(dir)
			got, err2 := interpreted.CombinedOutput()
			if (err == nil) != (err2 == nil) || err == nil && string(got) != string(want) || err != nil && !strings.Contains(string(got), "requires go1.22 or later") {
				t.Errorf("%s, %q: %v\n%s%v\nwant\n%s", dir, args, err2, got, err, want)
			}
		}
	}
	p.write("old/main.go", "package main\n\nimport (\n\t\"fmt\"\n\n\t\"poolbook/pool\"\n)\n\nfunc main() { fmt.Println(pool.Map(pool.New(pool.Processes(1)), func(n int) int { return n + sum() }, []int{0, 1})) }\n"+strings.TrimPrefix(loop, "package main"))
	if out := p.poolbook("run", "old"); out.stdout != "[9 10] <nil>\n" {
		t.Errorf("in a pool: %+v", out)
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
		if signal.Ignored(signals[how["signal"]]) {
			t.Skip("this process ignores the signal, as under nohup, and so do those that it starts")
		}
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
