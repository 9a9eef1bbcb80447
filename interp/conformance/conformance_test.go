package conformance

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"poolbook/interp"
)

var (
	update = flag.Bool("update", false, "rewrite the lists of known failures")
	only   = flag.String("only", "", "run only programs whose name contains this, and print what they did")
	binary = flag.String("poolbook", "", "the poolbook binary to test (default: build it)")
)

// limit is how long one program may take. The slowest that passes takes about a sixth of it on two quiet cores.
const limit = time.Minute

// program is one thing to run.
type program struct {
	name string // such as "chan/sieve1.go" or "strings.Builder"
	// files are its Go files, args its arguments, dir the folder it runs in.
	files, args []string
	dir         string
	// check judges what it wrote; nil asks for exit code 0 alone.
	check func(out []byte) error
	// stdoutOnly keeps stderr from check, as the examples of go test do.
	stdoutOnly bool
}

// verdict is what became of a program.
type verdict struct {
	name string
	err  error
}

// goroot is the toolchain's folder, with sources, or the test is skipped.
func goroot(t *testing.T, needs string) string {
	t.Helper()
	root := os.Getenv("GOROOT")
	if root == "" {
		out, err := exec.Command("go", "env", "GOROOT").Output()
		if err != nil {
			missing(t, "no go command found")
		}
		root = strings.TrimSpace(string(out))
	}
	if _, err := os.Stat(filepath.Join(root, needs)); err != nil {
		// Toolchains that the go command fetches come without Go's own tests: those of another release do.
		if other := os.Getenv("POOLBOOK_GOTESTS"); other != "" && needs == "test" {
			return other
		}
		missing(t, "this Go installation has no "+needs+" folder")
	}
	return root
}

// missing skips the test, or fails it where everything has to be there.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("REQUIRE_ALL") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// poolbook returns the binary to test.
func poolbook(t *testing.T) string {
	t.Helper()
	if *binary != "" {
		return *binary
	}
	exe := filepath.Join(t.TempDir(), "poolbook.exe")
	if out, err := exec.Command("go", "build", "-o", exe, "poolbook/cmd/poolbook").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return exe
}

// runAll runs the programs, as many at a time as there are CPUs, and returns the verdicts in their order.
func runAll(t *testing.T, exe string, programs []program) []verdict {
	t.Helper()
	verdicts := make([]verdict, len(programs))
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				verdicts[i] = verdict{programs[i].name, runOne(exe, programs[i])}
			}
		})
	}
	for i := range programs {
		next <- i
	}
	close(next)
	wg.Wait()
	return verdicts
}

func runOne(exe string, p program) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	argv := append([]string{"run"}, p.files...)
	if len(p.args) > 0 {
		argv = append(append(argv, "--"), p.args...)
	}
	cmd := exec.CommandContext(ctx, exe, argv...)
	cmd.Dir = p.dir
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), "GOMEMLIMIT=2GiB")
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if p.stdoutOnly {
		cmd.Stderr = &stderr
	}
	err := cmd.Run()
	if *only != "" {
		fmt.Printf("=== %s: %v\n%s%s\n", p.name, err, out.Bytes(), stderr.Bytes())
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("still running after %v", limit)
	case err != nil:
		return fmt.Errorf("%w: %s", err, firstLines(append(stderr.Bytes(), out.Bytes()...)))
	case p.check != nil:
		return p.check(out.Bytes())
	}
	return nil
}

func firstLines(out []byte) string {
	text := strings.Join(strings.Fields(string(out)), " ")
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	return text
}

// judge compares the verdicts with the list of known failures, and reports the counts.
func judge(t *testing.T, listFile string, verdicts []verdict) {
	t.Helper()
	known, err := readList(listFile)
	if err != nil {
		t.Fatal(err)
	}
	passed := 0
	var failures []verdict
	for _, v := range verdicts {
		reason, listed := known[v.name]
		listed = listed && here(reason)
		switch {
		case v.err == nil:
			passed++
			if listed && !*update && !strings.HasPrefix(reason, "varies:") {
				t.Errorf("%s passes now: take it off %s (%s)", v.name, listFile, reason)
			}
		default:
			failures = append(failures, v)
			if !listed && !*update {
				t.Errorf("%s: %v", v.name, v.err)
			}
		}
	}
	t.Logf("%d of %d pass (%.1f %%)", passed, len(verdicts), 100*float64(passed)/float64(len(verdicts)))
	if *update && *only == "" {
		if err := writeList(listFile, failures, known); err != nil {
			t.Fatal(err)
		}
	}
}

// readList reads lines of "name: reason"; a line that begins with # is a comment.
func readList(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	known := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, reason, ok := strings.Cut(line, ": ")
		if !ok || strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("%s:%d: want name: reason", file, n)
		}
		known[name] = strings.TrimSpace(reason)
	}
	return known, lines.Err()
}

// here reports whether a reason is one of this release: those that begin with "with Go 1.N:" are of that release alone.
func here(reason string) bool {
	rest, ok := strings.CutPrefix(reason, "with Go ")
	release, _, _ := strings.Cut(rest, ":")
	return !ok || release == interp.Language
}

func writeList(file string, failures []verdict, known map[string]string) error {
	for name, reason := range known {
		if !here(reason) && !slices.ContainsFunc(failures, func(v verdict) bool { return v.name == name }) {
			failures = append(failures, verdict{name: name})
		}
	}
	var out strings.Builder
	out.WriteString("# Programs that are known to fail, each with the reason. Rewritten by go test -update, which keeps the reasons.\n" +
		"# A reason that begins with \"varies:\" allows the program to pass too, one with \"with Go 1.N:\" is of builds with that release alone.\n")
	slices.SortFunc(failures, func(a, b verdict) int { return strings.Compare(a.name, b.name) })
	for _, f := range failures {
		reason := known[f.name]
		if reason == "" {
			reason = strings.ReplaceAll(f.err.Error(), "\n", " ")
		}
		fmt.Fprintf(&out, "%s: %s\n", f.name, reason)
	}
	return os.WriteFile(file, []byte(out.String()), 0o644)
}
