//go:build unix

package interp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"poolbook/interp"
)

// TestInterruptEndsChildren interrupts cells that wait for a program: it ends with them.
func TestInterruptEndsChildren(t *testing.T) {
	s := newSession(t)
	for i, wait := range []string{"c.Run()", "c.Output()", "c.CombinedOutput()", "c.Start()\nc.Wait()"} {
		got := ""
		for range 20 { // the interrupt may come before the cell waits; then the program is left alone
			ctx, cancel := context.WithCancel(t.Context())
			_, err := s.Run(ctx, interp.Cell{Number: i + 1, Code: "c := exec.Command(\"sleep\", \"600\")\nprint(1)\n" + wait, Stderr: interrupter(cancel)})
			cancel()
			var ie *interp.InterruptError
			if !errors.As(err, &ie) {
				t.Fatalf("%s: %v", wait, err)
			}
			if ie.Abandoned { // while it starts the program, which takes its time on a busy machine
				got = err.Error()
				continue
			}
			if got = show(s, 10, "c.ProcessState.String()", ""); got != "→ \"<nil>\"  (string)\n" {
				break
			}
			mustRun(t, s, 10, "if c.Process != nil { c.Process.Kill(); c.Wait() }")
		}
		if got != "→ \"signal: killed\"  (string)\n" {
			t.Errorf("%s: the program: %s", wait, got)
		}
	}
	// What nobody waits for is left alone.
	if got := show(s, 11, "c := exec.Command(\"sleep\", \"600\")\nc.Start()", ""); got != "→ <nil>  (error)\n" && got != "" {
		t.Fatal(got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.Run(ctx, interp.Cell{Number: 12, Code: "print(1)\nselect {}", Stderr: interrupter(cancel)})
	if got := show(s, 13, "c.Process.Signal(syscall.Signal(0)) == nil", ""); got != "→ true  (bool)\n" {
		t.Errorf("a program that the cell did not wait for: %s", got)
	}
	if got := show(s, 14, "c.Process.Kill()\nc.Wait().Error()", ""); got != "→ \"signal: killed\"  (string)\n" {
		t.Error(got)
	}
}

// TestOutputOfPrograms compares exec.Cmd's own methods as cells see them with what package os/exec documents.
func TestOutputOfPrograms(t *testing.T) {
	s := newSession(t)
	for code, want := range map[string]string{
		`out, err := exec.Command("sh", "-c", "echo a; echo b >&2").Output(); string(out), err`:                                              `→ "a\n"`,
		`out, _ := exec.Command("sh", "-c", "echo a; echo b >&2").CombinedOutput(); string(out)`:                                             `→ "a\nb\n"`,
		`_, err := exec.Command("sh", "-c", "echo why >&2; exit 3").Output(); string(err.(*exec.ExitError).Stderr), err.Error()`:             `→ "why\n", "exit status 3"`,
		`_, err := exec.Command("sh", "-c", "head -c 100000 /dev/zero >&2; exit 3").Output(); len(err.(*exec.ExitError).Stderr) < 70_000`:    `→ true`,
		`c := exec.Command("true"); c.Stdout = os.Stdout; _, err := c.Output(); err.Error()`:                                                 `→ "exec: Stdout already set"`,
		`c := exec.Command("true"); c.Stderr = os.Stderr; _, err := c.CombinedOutput(); err.Error()`:                                         `→ "exec: Stderr already set"`,
		`_, err := exec.Command("no-such-program").Output(); errors.Is(err, exec.ErrNotFound), exec.Command("no-such-program").Run() != nil`: `→ true, true`,
		`exec.Command("true").Wait().Error()`: `→ "exec: not started"`,
	} {
		if got := show(s, 1, code, ""); !strings.HasPrefix(strings.ReplaceAll(got, "<nil>", "nil"), want) {
			t.Errorf("%s\ngives %s, want %s", code, got, want)
		}
	}
}

// TestShellInterruptEndsAll interrupts a command of the shell that has started others.
func TestShellInterruptEndsAll(t *testing.T) {
	s := newSession(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out bytes.Buffer
	_, err := s.Run(ctx, interp.Cell{Number: 1, Code: "!echo $$; echo go >&2; sleep 600; true", Stdout: &out, Stderr: interrupter(cancel)})
	var ie *interp.InterruptError
	if !errors.As(err, &ie) {
		t.Fatal(err)
	}
	group, err := strconv.Atoi(strings.TrimSpace(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(2 * time.Minute); syscall.Kill(-group, 0) == nil; time.Sleep(time.Millisecond) { // until init has seen them
		if time.Now().After(end) {
			t.Fatal("processes of the command are still there")
		}
	}
	if got := show(s, 2, "!sleep 2 &", ""); got != "" {
		t.Errorf("a command in the background: %s", got)
	}
}

// TestInterruptEndsTree interrupts a cell that waits for a program that has started another one, which holds the output open.
func TestInterruptEndsTree(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what a process has started is not known here")
	}
	s := newSession(t)
	for n, wait := range []string{"c.Run()", "c.CombinedOutput()"} {
		ctx, cancel := context.WithCancel(t.Context())
		file := filepath.Join(t.TempDir(), "pid")
		code := fmt.Sprintf("c := exec.Command(\"sh\", \"-c\", `sh -c 'sleep 600 & echo $! > %[1]s.part; mv %[1]s.part %[1]s; wait; true'; true`)\n"+
			"go func() { for { if _, err := os.Stat(%[1]q); err == nil { print(1); return }; time.Sleep(time.Millisecond) } }()\n%[2]s", file, wait)
		_, err := s.Run(ctx, interp.Cell{Number: n + 1, Code: code, Stderr: interrupter(cancel)})
		cancel()
		var ie *interp.InterruptError
		if !errors.As(err, &ie) || ie.Abandoned {
			t.Fatalf("%s: %v", wait, err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
		if err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Millisecond) {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			if err != nil || strings.Contains(string(stat), ") Z ") {
				break
			}
			if time.Now().After(end) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
				t.Fatalf("%s: what the program has started goes on", wait)
			}
		}
	}
}
