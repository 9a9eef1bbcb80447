package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"poolbook/kernel/client"
)

// debianPython is the interpreter that Debian's Jupyter packages are for.
const debianPython = "/usr/bin/python3"

// markVariable is in the environment of everything that a test starts: what
// has it and still runs at the end was left over.
const markVariable = "POOLBOOK_TEST_MARK"

var build struct {
	once sync.Once
	path string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if build.path != "" {
		os.RemoveAll(filepath.Dir(build.path))
	}
	os.Exit(code)
}

// program builds the command, once for all tests.
func program(t testing.TB) string {
	t.Helper()
	build.once.Do(func() {
		dir, err := os.MkdirTemp("", "poolbook-test-")
		if err != nil {
			build.err = err
			return
		}
		build.path = filepath.Join(dir, "poolbook")
		if out, err := exec.Command("go", "build", "-o", build.path, ".").CombinedOutput(); err != nil {
			build.err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	})
	if build.err != nil {
		t.Fatal(build.err)
	}
	return build.path
}

// need skips the test, or fails it when REQUIRE_ALL is set, unless the checks
// of what it needs all succeed. Each is a command line.
func need(t *testing.T, commands ...string) {
	t.Helper()
	for _, c := range commands {
		args := strings.Fields(c)
		if err := exec.Command(args[0], args[1:]...).Run(); err != nil {
			if os.Getenv("REQUIRE_ALL") != "" {
				t.Fatalf("%s: %v", c, err)
			}
			t.Skipf("needs what %q finds", c)
		}
	}
}

// testPlace is where a test runs programs: a folder of its own, a Jupyter of its
// own, and a mark by which left-over processes are found.
type testPlace struct {
	t    testing.TB
	dir  string
	mark string
}

func newPlace(t *testing.T) *testPlace {
	t.Helper()
	p := &testPlace{t: t, dir: t.TempDir(), mark: fmt.Sprintf("%d-%d", os.Getpid(), time.Now().UnixNano())}
	t.Cleanup(p.checkNothingLeft)
	return p
}

func (p *testPlace) env() []string {
	data := filepath.Join(p.dir, ".jupyter-data")
	return append(os.Environ(), markVariable+"="+p.mark, "JUPYTER_DATA_DIR="+data, "JUPYTER_RUNTIME_DIR="+filepath.Join(data, "runtime"),
		"JUPYTER_CONFIG_DIR="+filepath.Join(p.dir, ".jupyter-config"), "IPYTHONDIR="+filepath.Join(p.dir, ".ipython"),
		"XDG_DATA_HOME="+filepath.Join(p.dir, ".data"), "XDG_CONFIG_HOME="+filepath.Join(p.dir, ".config"))
}

func (p *testPlace) file(name string) string { return filepath.Join(p.dir, name) }

func (p *testPlace) write(name, text string) string {
	p.t.Helper()
	if err := os.WriteFile(p.file(name), []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
	return p.file(name)
}

// output is what a program wrote, and its exit code.
type output struct {
	stdout, stderr string
	code           int
}

// run runs a program to its end, at most for the given time.
func (p *testPlace) run(limit time.Duration, stdin, name string, args ...string) output {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = p.dir, p.env(), strings.NewReader(stdin), &stdout, &stderr
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		p.t.Fatalf("%s %q: %v (limit %v)\n%s%s", filepath.Base(name), args, err, limit, stdout.String(), stderr.String())
	}
	return output{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// poolbook runs the program.
func (p *testPlace) poolbook(args ...string) output {
	p.t.Helper()
	return p.run(2*time.Minute, "", program(p.t), args...)
}

// install installs the kernel into the place's own Jupyter.
func (p *testPlace) install() {
	p.t.Helper()
	if out := p.poolbook("install"); out.code != 0 {
		p.t.Fatalf("poolbook install: %+v", out)
	}
}

// kernel starts this program's kernel.
func (p *testPlace) kernel(ctx context.Context) *client.Kernel {
	p.t.Helper()
	k, err := client.Start(ctx, client.Spec{
		Argv: []string{program(p.t), "kernel", "-f", "{connection_file}"}, InterruptMode: client.InterruptMessage, Name: kernelName,
		DisplayName: kernelDisplayName, Language: "go",
	}, client.Options{Dir: p.dir, ConnectionDir: p.dir, Env: p.env()})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		end, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := k.Shutdown(end); err != nil && !errors.Is(err, client.ErrClosed) {
			p.t.Errorf("shut the kernel down: %v", err)
		}
	})
	return k
}

// processes finds what runs with the place's mark: pid → command line.
func (p *testPlace) processes() map[int]string {
	p.t.Helper()
	found := map[int]string{}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		p.t.Fatal(err)
	}
	for _, d := range dirs {
		env, err := os.ReadFile(d + "/environ")
		if err != nil || !bytes.Contains(env, []byte(markVariable+"="+p.mark)) {
			continue // gone by now, or another's
		}
		stat, err := os.ReadFile(d + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			continue
		}
		line, err := os.ReadFile(d + "/cmdline")
		if err != nil {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(d))
		if err == nil {
			found[pid] = strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

// waitUntil waits for a condition that other processes bring about.
func waitUntil(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, limit)
		}
	}
}

// checkNothingLeft fails when something that the test started still runs.
func (p *testPlace) checkNothingLeft() {
	var left map[int]string
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if left = p.processes(); len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			break
		}
	}
	for pid, line := range left {
		p.t.Errorf("left over: process %d: %s", pid, line)
		if proc, err := os.FindProcess(pid); err == nil {
			_ = proc.Kill() // one that this test started
		}
	}
}

// matching finds the processes of the place whose command line has the text.
func (p *testPlace) matching(text string) []int {
	p.t.Helper()
	var pids []int
	for pid, line := range p.processes() {
		if strings.Contains(line, text) {
			pids = append(pids, pid)
		}
	}
	return pids
}
