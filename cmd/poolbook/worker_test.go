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
