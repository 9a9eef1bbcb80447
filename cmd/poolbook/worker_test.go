//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// maxIdleWorker is what an idle worker may keep in memory, in KiB.
const maxIdleWorker = 40 << 10

// TestWorkerIsSmall holds the memory of a worker that has not yet run a task.
func TestWorkerIsSmall(t *testing.T) {
	p := newPlace(t)
	cmd, in := p.idleWorker()
	waitUntil(t, 10*time.Second, "the worker sleeps", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
		return err == nil && strings.Contains(string(stat), ") S ")
	})
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil || kib > maxIdleWorker {
		t.Errorf("an idle worker has %d KiB, want at most %d (%v)", kib, maxIdleWorker, err)
	}
	t.Logf("an idle worker has %d KiB", kib)
	in.Close()
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitFailure {
		t.Errorf("a worker whose pool went away before its first word: %v, want exit code 1", err)
	}
}

// idleWorker starts a worker on pipes that nobody uses.
func (p *testPlace) idleWorker() (*exec.Cmd, *os.File) {
	p.t.Helper()
	inRead, inWrite, err := os.Pipe()
	if err != nil {
		p.t.Fatal(err)
	}
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { outRead.Close() })
	cmd := exec.Command(program(p.t), "worker", "--pipe")
	cmd.Env, cmd.ExtraFiles = p.env(), []*os.File{inRead, outWrite}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	inRead.Close()
	outWrite.Close()
	return cmd, inWrite
}

// TestExitInTask holds that a task which ends its worker by os.Exit runs once, and is the one that is lost: on its own, and in the middle of
// a chunk.
func TestExitInTask(t *testing.T) {
	p := newPlace(t)
	out := p.poolbook("run", p.write("exit.go", `package main

import (
	"fmt"
	"os"

	"poolbook/pool"
)

func exits(n int) int {
	fmt.Println("item", n)
	if n == 2 {
		os.Exit(12)
	}
	return n
}

func main() {
	p := pool.New(pool.Processes(1), pool.MemoryLimit(100<<20))
	_, err := pool.Map(p, exits, []int{2})
	fmt.Println(err)
	for _, o := range pool.MapAsync(p, exits, []int{1, 2, 3}, pool.ChunkSize(3)).Outcomes() {
		fmt.Println(o.Value, o.Err)
	}
	_, err = pool.Apply(p, func() int { return exits(2) })
	fmt.Println(err)
}
`))
	// What a lost worker wrote is in its error once more.
	for part, n := range map[string]int{"item 1\n": 2, "item 2\n": 6, "item 3\n": 1, "exited with code 12 while it ran item 0": 1,
		"exited with code 12 while it ran item 1": 1, "exited with code 12 while it ran the call": 1, "1 <nil>": 1, "3 <nil>": 1} {
		if got := strings.Count(out.stdout, part); got != n {
			t.Errorf("%q is there %d times, want %d", part, got, n)
		}
	}
	if t.Failed() {
		t.Logf("%s%s", out.stdout, out.stderr)
	}
}
