package randprog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"poolbook/interp"
)

// childVariable says that the test binary is to run programs in the interpreter: a fault there may end the process.
const childVariable = "POOLBOOK_RANDPROG_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		child()
		return
	}
	os.Exit(m.Run())
}

// job is what a child runs: a program, or several as cells of one session.
type job struct {
	File  string // path of a program; "" for cells
	Setup string // the first cell
	Cells []Program
}

func child() {
	var j job
	if err := json.NewDecoder(os.Stdin).Decode(&j); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	s, err := interp.New(interp.Config{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if j.File != "" {
		if _, err := s.RunProgram(context.Background(), []string{j.File}, nil, interp.Stdio{Stdout: os.Stdout, Stderr: os.Stderr}); err != nil {
			fmt.Println("program:", err)
		}
		return
	}
	n := 0
	cell := func(code string) error {
		n++
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, err := s.Run(ctx, interp.Cell{Number: n, Code: code, Stdout: os.Stdout, Stderr: os.Stderr})
		return err
	}
	if err := cell(j.Setup); err != nil {
		fmt.Println("first cell:", err)
	}
	for i, p := range j.Cells {
		fmt.Printf("== %d\n", i)
		if err := cell(p.Decls); err != nil {
			fmt.Println("declarations:", err)
			continue
		}
		err := cell(p.Body + ";")
		var panicked *interp.RuntimeError
		switch {
		case errors.As(err, &panicked):
			fmt.Println("ended with", panicked.Value)
		case err != nil:
			fmt.Println("cell:", err)
		default:
			fmt.Println("ended with <nil>")
		}
	}
}

// interpret runs a job in a process of its own and returns what it prints, and how it ends when not well.
func interpret(t testing.TB, j job, env ...string) string {
	t.Helper()
	data, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(append(os.Environ(), childVariable+"=1", "GOTRACEBACK=all"), env...)
	cmd.Stdin = bytes.NewReader(data)
	var out, errw bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errw
	if err := cmd.Run(); err != nil {
		text := errw.String()
		fmt.Fprintf(&out, "\nprocess: %v\n%s", err, text[:min(len(text), 6000)])
	}
	return out.String()
}

var errNoCompile = errors.New("the program does not compile")

// compiled builds and runs a program and returns what it prints. The error wraps errNoCompile when it is no program.
func compiled(t testing.TB, file string, flags ...string) (string, error) {
	t.Helper()
	exe := filepath.Join(filepath.Dir(file), "program.exe")
	build := exec.CommandContext(t.Context(), "go", append(append([]string{"build"}, flags...), "-o", exe, file)...)
	build.Dir = filepath.Dir(file)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", errNoCompile, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, errw bytes.Buffer
	cmd := exec.CommandContext(ctx, exe)
	cmd.Stdout, cmd.Stderr = &out, &errw
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("the compiled program: %w\n%s", err, errw.String())
	}
	return out.String(), nil
}

// sections takes the output of several programs apart.
func sections(out string, n int) []string {
	list := make([]string, n)
	for i := range n {
		head := fmt.Sprintf("== %d\n", i)
		at := strings.Index(out, head)
		if at < 0 {
			list[i] = "it did not run\n"
			if i == 0 {
				list[i] += out
			}
			continue
		}
		out = out[at+len(head):]
		end := strings.Index(out, fmt.Sprintf("== %d\n", i+1))
		if end < 0 || i == n-1 {
			end = len(out)
		}
		list[i] = out[:end]
	}
	return list
}

// firstDifference shows where two outputs part.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := 0; i < len(w) || i < len(g); i++ {
		line := func(l []string) string {
			if i < len(l) {
				return l[i]
			}
			return "(nothing)"
		}
		if line(w) != line(g) {
			rest := ""
			if i < len(g) {
				rest = strings.Join(g[i:min(len(g), i+20)], "\n")
			}
			return fmt.Sprintf("line %d\ncompiled:    %s\ninterpreted: %s\n", i+1, line(w), rest)
		}
	}
	return ""
}
