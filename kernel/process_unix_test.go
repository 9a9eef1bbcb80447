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

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
	"poolbook/kernel/transport"
	"poolbook/kernel/wire"
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
	hangs := time.AfterFunc(soon, func() { _ = cmd.Process.Kill() })
	defer hangs.Stop()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the kernel ended with %v", err)
	}
}

// When another process takes a port of a kernel before it does, the kernel is started again with others.
func TestStartsAgainWithOtherPorts(t *testing.T) {
	marker := t.TempDir() + "/marker"
	k := startEcho(t, func(s *client.Spec, _ *client.Options) {
		script := `if [ ! -e "$0" ]; then cp "$3" "$0"; echo "bind: Address already in use" >&2; exit 1; fi; exec "$@"`
		s.Argv = append([]string{"/bin/sh", "-c", script, marker}, s.Argv...)
	})
	first, err := protocol.ReadConnection(marker)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := protocol.ReadConnection(k.ConnectionFile()); err != nil || second.Key == first.Key {
		t.Errorf("the same connection file again: %v", err)
	}
	runCell(t, k, "print x", client.ExecuteOptions{})
}

// A kernel whose stderr nobody reads any more goes on, also when it has something to log.
func TestSurvivesBrokenStderr(t *testing.T) {
	file := t.TempDir() + "/connection.json"
	if err := os.WriteFile(file, []byte(`{"key":"k"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], asKernel, file)
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = r.Close(), w.Close()
	var c protocol.Connection
	waitFor(t, func() bool {
		c, err = protocol.ReadConnection(file)
		return err == nil && c.ShellPort != 0
	})
	network, address := c.Address(protocol.Shell)
	shell, err := transport.Dial(t.Context(), network, address, transport.Dealer, "x", transport.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close(0)
	codec, err := wire.NewCodec("k", "")
	if err != nil {
		t.Fatal(err)
	}
	info, err := protocol.New(protocol.TypeKernelInfoRequest, "s", "u", protocol.Header{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	good, err := codec.Encode(info)
	if err != nil {
		t.Fatal(err)
	}
	for _, frames := range [][][]byte{{[]byte("refused, and logged")}, good} {
		if err := shell.Send(t.Context(), frames); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := shell.Recv(); err != nil {
		t.Errorf("no reply: %v", err)
	}
	_ = shell.Close(0) // or the kernel would wait for it to read the end
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the kernel ended with %v", err)
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
