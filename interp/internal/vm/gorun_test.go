package vm_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"poolbook/interp/internal/vm"
)

var (
	goTests   = flag.String("gotests", "", "run Go's own run tests whose path contains this; \"all\" for all")
	goTestsTo = flag.String("gotests.report", "", "write the outcome of each of Go's tests to this file")
)

// runFileEnv makes the test binary run one program instead of the tests.
const runFileEnv = "POOLBOOK_VM_RUN_FILE"

func TestMain(m *testing.M) {
	if file := os.Getenv(runFileEnv); file != "" {
		os.Exit(runFile(file))
	}
	os.Exit(m.Run())
}

func runFile(file string) int {
	src, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	p, err := loadFile(file, string(src))
	if err != nil {
		fmt.Fprintln(os.Stderr, "LOAD:", err)
		return 3
	}
	r := p.m.NewRun(context.Background(), vm.RunConfig{Stdout: os.Stdout, Stderr: os.Stderr, OnPanic: func(err error) {
		var exit *vm.Exit
		if errors.As(err, &exit) {
			os.Exit(exit.Code)
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}})
	if _, err = r.Call(p.main.Func("init")); err == nil {
		_, err = r.Call(p.main.Func("main"))
	}
	if err == nil {
		return 0
	}
	var exit *vm.Exit
	if errors.As(err, &exit) {
		return exit.Code
	}
	fmt.Fprintln(os.Stderr, err)
	var pe *vm.Panic
	if errors.As(err, &pe) {
		fmt.Fprint(os.Stderr, p.trace(pe.Stack))
	}
	return 2
}

// runSubprocess runs a program file in a process of its own.
func runSubprocess(file string, limit time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), runFileEnv+"="+file, "GOMAXPROCS=2")
	cmd.Dir = filepath.Dir(file)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("no end within %v", limit)
	}
	return out.String(), err
}

// TestGoRunTests runs the single-file run tests of the Go distribution.
func TestGoRunTests(t *testing.T) {
	if *goTests == "" {
		t.Skip("give -gotests=all")
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(strings.TrimSpace(string(goroot)), "test")
	var files []string
	for _, dir := range []string{".", "ken", "chan", "interface", "typeparam", "fixedbugs"} {
		list, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list {
			src, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(src), "// run\n") {
				continue
			}
			if *goTests == "all" || strings.Contains(f, *goTests) {
				files = append(files, f)
			}
		}
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	passed := 0
	var lines []string
	next := make(chan string)
	for range 2 {
		wg.Go(func() {
			for f := range next {
				out, err := runSubprocess(f, 20*time.Second)
				want, noOut := os.ReadFile(strings.TrimSuffix(f, ".go") + ".out")
				name, _ := filepath.Rel(root, f)
				mu.Lock()
				switch {
				case err != nil:
					lines = append(lines, fmt.Sprintf("FAIL %s: %v: %s", name, err, clip(out)))
				case noOut == nil && out != string(want):
					lines = append(lines, fmt.Sprintf("FAIL %s: output differs: %s", name, clip(out)))
				default:
					passed++
				}
				mu.Unlock()
			}
		})
	}
	for _, f := range files {
		next <- f
	}
	close(next)
	wg.Wait()
	slices.Sort(lines)
	t.Logf("%d of %d", passed, len(files))
	report := strings.Join(lines, "\n") + "\n"
	if *goTestsTo != "" {
		if err := os.WriteFile(*goTestsTo, []byte(report), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Log("\n" + report)
}

func clip(s string) string {
	if len(s) > 600 {
		s = s[:600] + "…"
	}
	return strings.ReplaceAll(s, "\n", " ⏎ ")
}
