//go:build unix

package kernel

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A kernel ends when the process that started it is killed.
func TestDiesWithItsParent(t *testing.T) {
	cmd := exec.Command(os.Args[0], asParent)
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	waitFor(t, func() bool { return ended(pid) })
}

// The kernel's own watch does it too, for front ends that set JPY_PARENT_PID and nothing else.
func TestWatchesItsParent(t *testing.T) {
	parent := exec.Command("sleep", "100")
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	file := t.TempDir() + "/connection.json"
	if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], asKernel, file)
	cmd.Env = append(os.Environ(), "JPY_PARENT_PID="+strconv.Itoa(parent.Process.Pid))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		data, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(data), "shell_port")
	})
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	began := time.Now()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the kernel ended with %v", err)
	}
	if d := time.Since(began); d > 3*time.Second {
		t.Errorf("it took %v", d)
	}
}

// ended reports whether a process has gone; one that only waits to be collected by its parent has.
func ended(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(after, "Z")
}
