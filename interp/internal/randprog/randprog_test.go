package randprog

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	duration = flag.Duration("for", 0, "compare new random programs for that long; each difference is minimised and kept in -out")
	firstNum = flag.Uint64("seed", 0, "the first seed of -for; 0 takes the time")
	batch    = flag.Int("batch", 60, "programs that are built together")
	outDir   = flag.String("out", "", "folder for the programs that differ; a new one in the folder for temporary files when empty")
	reduce   = flag.Duration("reduce", 4*time.Minute, "how long one program may be minimised")
)

// TestPrograms compares programs of fixed seeds.
func TestPrograms(t *testing.T) {
	needGo(t)
	n := 24
	if testing.Short() {
		n = 8
	}
	compare(t, 1, n, "GOGC=100", "")
	compare(t, 1001, n/2, "POOLBOOK_JIT=always", "")
}

// TestMore compares programs until the time of -for is over.
func TestMore(t *testing.T) {
	if *duration == 0 {
		t.Skip("only with -for")
	}
	needGo(t)
	seed := *firstNum
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	dir := *outDir
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "randprog"); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	programs := 0
	for end := time.Now().Add(*duration); time.Now().Before(end); seed += uint64(*batch) {
		compare(t, seed, *batch, []string{"GOGC=100", "POOLBOOK_JIT=always", "GOGC=1", "POOLBOOK_JIT=off"}[programs / *batch % 4], dir)
		programs += *batch
		fmt.Printf("%s %d programs, the next seed is %d\n", time.Now().Format(time.TimeOnly), programs, seed+uint64(*batch))
	}
}

func needGo(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command to compare with")
	}
}

// compare runs n programs compiled, interpreted and as cells. Differences go to dir, minimised, when it is not empty.
func compare(t *testing.T, seed uint64, n int, env, dir string) {
	t.Helper()
	var programs []Program
	for i := range n {
		programs = append(programs, New(seed+uint64(i), strconv.Itoa(i)))
	}
	file := filepath.Join(t.TempDir(), "main.go")
	write(t, file, File(programs))
	want, err := compiled(t, file, "-gcflags=-e")
	if err != nil {
		if dir != "" { // the generator's fault
			text := err.Error()
			fmt.Printf("seed %d: %s\n", seed, text[:min(len(text), 2000)])
			if errors.Is(err, errNoCompile) && n > 10 { // the others may do
				for i := 0; i < n; i += 10 {
					compare(t, seed+uint64(i), min(10, n-i), env, dir)
				}
			}
			return
		}
		t.Fatal(err)
	}
	wants := sections(want, n)
	for _, mode := range []string{"program", "cells"} {
		j := job{File: file}
		if mode == "cells" {
			j = job{Setup: Imports + Prelude, Cells: programs}
		}
		for i, got := range sections(interpret(t, j, env), n) {
			if got == wants[i] {
				continue
			}
			diff := firstDifference(wants[i], got)
			t.Errorf("seed %d as %s, %s: %s", seed+uint64(i), mode, env, diff)
			if dir != "" {
				keep(t, dir, seed+uint64(i), programs[i], mode, env, diff)
			}
			if strings.Contains(got, "\nprocess: ") {
				break // those after it did not run
			}
		}
	}
}

func write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// keep minimises a program that differs and writes it to dir.
func keep(t *testing.T, dir string, seed uint64, p Program, mode, env, diff string) {
	t.Helper()
	m := &minimiser{t: t, mode: mode, env: env, file: filepath.Join(t.TempDir(), "main.go"), end: time.Now().Add(*reduce)}
	src := m.run(File([]Program{p}))
	name := filepath.Join(dir, fmt.Sprintf("%s-%d.go", mode, seed))
	note := fmt.Sprintf("// seed %d as %s, %s\n// %s\n", seed, mode, env, strings.ReplaceAll(strings.TrimSpace(diff), "\n", "\n// "))
	if m.last != "" {
		note += "// minimised: " + strings.ReplaceAll(strings.TrimSpace(m.last), "\n", "\n// ") + "\n"
	}
	write(t, name, note+src)
	fmt.Println("kept", name)
}
