// Bench compares the interpreter with its peers, in one run: CPython, yaegi's evaluator, and the same program compiled.
//
//	go run ./interp/bench [-poolbook FILE] [-rounds N] [NAME…]
//
// Each program of testdata stands there twice, in Go and in Python, and prints the same. Every peer runs it as a process of its
// own, so start-up counts (the row "hello" is little else). A time is the best of the rounds; the rounds of the peers are
// interleaved, so that a noisy neighbour troubles all alike. Absolute times mean little on another machine, the ratios do.
//
// The exit code is 1 when a peer's output differs from the compiled program's, so that no row can be fast and wrong.
package main

import (
	"bytes"
	"context"
	"embed"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	yaegi "github.com/traefik/yaegi/interp"
	"github.com/traefik/yaegi/stdlib"
)

//go:embed testdata
var programs embed.FS

// limit is how long one run of one peer may take.
const limit = 2 * time.Minute

// peer is one way to run a program.
type peer struct {
	name    string
	command func(dir, program string) []string
}

func main() {
	poolbook := flag.String("poolbook", "", "the poolbook binary (default: built from ./cmd/poolbook)")
	rounds := flag.Int("rounds", 3, "how often each peer runs each program")
	evaluate := flag.String("yaegi", "", "run this file in yaegi's evaluator and exit (used by the comparison itself)")
	flag.Parse()
	if *evaluate != "" {
		if err := runYaegi(*evaluate); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := compare(*poolbook, *rounds, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func runYaegi(file string) error {
	in := yaegi.New(yaegi.Options{})
	if err := in.Use(stdlib.Symbols); err != nil {
		return err
	}
	_, err := in.EvalPath(file)
	return err
}

func compare(poolbook string, rounds int, only []string) error {
	dir, err := os.MkdirTemp("", "poolbook-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	names, err := unpack(dir, only)
	if err != nil {
		return err
	}
	if poolbook == "" {
		poolbook = filepath.Join(dir, "poolbook.exe")
		if err := build(poolbook, "./cmd/poolbook"); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	peers := []peer{
		{"compiled", func(dir, p string) []string { return []string{filepath.Join(dir, p+".exe")} }},
		{"poolbook", func(dir, p string) []string { return []string{poolbook, "run", filepath.Join(dir, p+".go")} }},
		{"yaegi", func(dir, p string) []string { return []string{self, "-yaegi", filepath.Join(dir, p+".go")} }},
	}
	if python, err := python(); err == nil {
		peers = append(peers, peer{"cpython", func(dir, p string) []string { return []string{python, filepath.Join(dir, p+".py")} }})
	} else {
		fmt.Println("cpython: left out:", err)
	}

	fmt.Printf("%-12s", "program")
	for _, p := range peers {
		fmt.Printf("%12s", p.name+" ms")
	}
	fmt.Printf("%14s%14s%14s\n", "cpython ÷ us", "yaegi ÷ us", "us ÷ compiled")
	wrong := 0
	for _, program := range names {
		if err := build(filepath.Join(dir, program+".exe"), filepath.Join(dir, program+".go")); err != nil {
			return err
		}
		best, problems := race(peers, dir, program, rounds)
		fmt.Printf("%-12s", program)
		for _, p := range peers {
			if t, ok := best[p.name]; ok {
				fmt.Printf("%12.0f", float64(t.Microseconds())/1000)
			} else {
				fmt.Printf("%12s", "–")
			}
		}
		fmt.Printf("%14s%14s%14s\n", ratio(best, "cpython", "poolbook"), ratio(best, "yaegi", "poolbook"), ratio(best, "poolbook", "compiled"))
		for _, problem := range problems {
			fmt.Println("  ", problem)
			if strings.HasPrefix(problem, "poolbook") {
				wrong++
			}
		}
	}
	if wrong > 0 {
		return fmt.Errorf("poolbook failed %d of %d programs", wrong, len(names))
	}
	return nil
}

// race runs program under every peer, round by round, and returns the best times and what went wrong.
func race(peers []peer, dir, program string, rounds int) (best map[string]time.Duration, problems []string) {
	best = map[string]time.Duration{}
	var want []byte
	failed := map[string]bool{}
	for round := range rounds {
		for _, p := range peers {
			if failed[p.name] {
				continue
			}
			got, took, err := run(p.command(dir, program))
			if round == 0 && p.name == "compiled" {
				want = got
			}
			switch {
			case err != nil:
				problems = append(problems, fmt.Sprintf("%s: %v", p.name, err))
			case !bytes.Equal(got, want):
				problems = append(problems, fmt.Sprintf("%s: printed %.200q, not %.200q", p.name, got, want))
			default:
				if t, ok := best[p.name]; !ok || took < t {
					best[p.name] = took
				}
				continue
			}
			failed[p.name] = true
			delete(best, p.name)
		}
	}
	return best, problems
}

func run(argv []string) ([]byte, time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	got, err := cmd.Output()
	took := time.Since(start)
	if err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		return nil, 0, fmt.Errorf("%w: %.300s", err, first)
	}
	return got, took, nil
}

func ratio(best map[string]time.Duration, slow, fast string) string {
	a, ok := best[slow]
	b, ok2 := best[fast]
	if !ok || !ok2 || b == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}

// unpack writes the programs to dir and returns their names, in order.
func unpack(dir string, only []string) ([]string, error) {
	files, err := fs.Glob(programs, "testdata/*")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range files {
		text, err := programs.ReadFile(f)
		if err != nil {
			return nil, err
		}
		base := filepath.Base(f)
		if err := os.WriteFile(filepath.Join(dir, base), text, 0o644); err != nil {
			return nil, err
		}
		if name, ok := strings.CutSuffix(base, ".go"); ok && (len(only) == 0 || slices.Contains(only, name)) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no program is named %s", strings.Join(only, " or "))
	}
	return names, nil
}

func build(exe, source string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-o", exe, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", source, err, out)
	}
	return nil
}

// python finds CPython, 3.11 or newer.
func python() (string, error) {
	for _, name := range []string{"/usr/bin/python3", "python3", "python"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if exec.Command(path, "-c", "import sys; sys.exit(sys.version_info < (3, 11))").Run() == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no Python 3.11 or newer found")
}
