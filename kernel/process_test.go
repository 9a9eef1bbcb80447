package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
)

// startEcho starts an echo kernel as a process, to be shut down in order at the end of the test.
func startEcho(t testing.TB, change ...func(*client.Spec, *client.Options)) *client.Kernel {
	t.Helper()
	spec, o := echoSpec(), client.Options{ConnectionDir: t.TempDir(), Stderr: testLog{t}}
	for _, c := range change {
		c(&spec, &o)
	}
	k, err := client.Start(t.Context(), spec, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		if err := k.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		<-k.Done()
	})
	return k
}

type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Logf("kernel: %s", strings.TrimSpace(string(p)))
	return len(p), nil
}

// runCell runs code and returns what it wrote, and the reply.
func runCell(t testing.TB, k *client.Kernel, code string, o client.ExecuteOptions) (string, *protocol.ExecuteReply) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var text strings.Builder
	reply, err := k.Execute(ctx, code, o, func(m *protocol.Message) error {
		if m.Header.Type != protocol.TypeStream {
			return nil
		}
		s, err := protocol.Decode[protocol.Stream](m)
		text.WriteString(s.Text)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", code, err)
	}
	return text.String(), reply
}

func TestProcess(t *testing.T) {
	k := startEcho(t)
	if out, reply := runCell(t, k, "print hello", client.ExecuteOptions{}); out != "hello\n" || reply.Status != "ok" {
		t.Errorf("%q, %+v", out, reply)
	}
	out, _ := runCell(t, k, "input name?", client.ExecuteOptions{
		Input: func(context.Context, protocol.InputRequest) (string, error) { return "Ada", nil }})
	if out != "you said Ada\n" {
		t.Errorf("input: %q", out)
	}
	pid := k.PID()
	if err := k.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, reply := runCell(t, k, "print hello", client.ExecuteOptions{}); k.PID() == pid || reply.ExecutionCount != 1 {
		t.Errorf("after a restart: process %d, was %d, %+v", k.PID(), pid, reply)
	}
	if err := k.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestProcessInterrupt(t *testing.T) {
	for _, mode := range []string{client.InterruptMessage, client.InterruptSignal} {
		t.Run(mode, func(t *testing.T) {
			if mode == client.InterruptSignal && runtime.GOOS == "windows" {
				t.Skip("Windows has no signals")
			}
			k := startEcho(t, func(s *client.Spec, _ *client.Options) { s.InterruptMode = mode })
			for _, code := range []string{"print here\nwait", "endless"} {
				var at time.Time
				reply, err := k.Execute(t.Context(), code, client.ExecuteOptions{GoOnAfterErrors: true}, func(m *protocol.Message) error {
					if m.Header.Type == protocol.TypeStream && at.IsZero() {
						at = time.Now()
						return k.Interrupt(t.Context())
					}
					return nil
				})
				if err != nil || reply.Name != "Interrupted" {
					t.Fatalf("%s: %+v, %v", code, reply, err)
				}
				t.Logf("%q stopped %v after the interrupt", code, time.Since(at))
			}
			if err := k.Ping(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// The heartbeat and the control channel answer while a cell runs.
func TestProcessBusy(t *testing.T) {
	k := startEcho(t)
	m, err := k.New(protocol.TypeExecuteRequest, execute("wait"))
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Send(protocol.Shell, m); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	if err := k.Ping(ctx); err != nil {
		t.Error(err)
	}
	info, err := k.New(protocol.TypeKernelInfoRequest, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Request(ctx, protocol.Control, info); err != nil {
		t.Error(err)
	}
}

// The reply to a shutdown arrives, and what was printed before it too, to a client that was slow to read.
func TestShutdownReplyArrives(t *testing.T) {
	for range 5 {
		k := startEcho(t)
		sub := k.Subscribe()
		defer sub.Close()
		for _, code := range []string{"lines 50000", "print last"} {
			m, err := k.New(protocol.TypeExecuteRequest, execute(code))
			if err != nil {
				t.Fatal(err)
			}
			if err := k.Send(protocol.Shell, m); err != nil {
				t.Fatal(err)
			}
			if code == "print last" { // the shutdown comes when all has been run
				for {
					in, err := sub.Next(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if in.Channel == protocol.Shell && in.Message.Parent.ID == m.Header.ID {
						break
					}
				}
			}
		}
		down, err := k.New(protocol.TypeShutdownRequest, protocol.ShutdownRequest{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		if _, err := k.Request(ctx, protocol.Control, down); err != nil {
			t.Error(err)
		}
		cancel()
		<-k.Done()
		var died *client.DiedError
		if !errors.As(k.Err(), &died) || died.State != "exit status 0" {
			t.Errorf("the kernel ended with %v", k.Err())
		}
	}
}

func TestMillionLines(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	k := startEcho(t)
	for _, n := range []int{100_000, 1_000_000} {
		began := time.Now()
		next, messages := 0, 0
		rest := ""
		reply, err := k.Execute(t.Context(), fmt.Sprintf("lines %d", n), client.ExecuteOptions{}, func(m *protocol.Message) error {
			if m.Header.Type != protocol.TypeStream {
				return nil
			}
			messages++
			s, err := protocol.Decode[protocol.Stream](m)
			text := rest + s.Text
			for {
				line, after, found := strings.Cut(text, "\n")
				if !found {
					break
				}
				if line != fmt.Sprint("line ", next) {
					return fmt.Errorf("line %d is %q", next, line)
				}
				next++
				text = after
			}
			rest = text
			return err
		})
		if err != nil || reply.Status != "ok" || next != n {
			t.Fatalf("%d of %d lines, %+v, %v", next, n, reply, err)
		}
		t.Logf("%d lines in %v and %d messages", n, time.Since(began), messages)
	}
}

// A front end that does not read for a while holds the writer up and loses nothing.
func TestFrontEndThatPauses(t *testing.T) {
	k := startEcho(t, func(_ *client.Spec, o *client.Options) { o.QueueBytes = 100_000 })
	paused := false
	lines := 0
	reply, err := k.Execute(t.Context(), "lines 2000000", client.ExecuteOptions{}, func(m *protocol.Message) error {
		if m.Header.Type == protocol.TypeStream {
			s, err := protocol.Decode[protocol.Stream](m)
			if err != nil {
				return err
			}
			lines += strings.Count(s.Text, "\n")
			if !paused {
				paused = true
				time.Sleep(2 * time.Second) // the queues on the way hold less than the 25 MB that are coming
			}
		}
		return nil
	})
	if err != nil || reply.Status != "ok" || lines != 2_000_000 {
		t.Errorf("%d lines, %+v, %v", lines, reply, err)
	}
}

func TestStartAndEndAreFast(t *testing.T) {
	const limit = 500 * time.Millisecond // generous: a race detector
	best, end := time.Hour, time.Hour
	for tries := 0; tries < 5 || tries < 50 && max(best, end) > limit; tries++ { // a busy machine has quiet moments
		began := time.Now()
		k, err := client.Start(t.Context(), echoSpec(), client.Options{ConnectionDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(began))
		began = time.Now()
		if err := k.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		<-k.Done()
		end = min(end, time.Since(began))
	}
	t.Logf("start to kernel_info: %v, shutdown: %v", best, end)
	if best > limit || end > limit {
		t.Errorf("start took %v, shutdown %v", best, end)
	}
}

func TestRunRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(content string) string {
		path := dir + "/connection.json"
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, file := range map[string]string{
		"no such file":        dir + "/none",
		"bad connection file": write("{"),
	} {
		if err := Run(t.Context(), Config{ConnectionFile: file, Session: newEcho()}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for want, content := range map[string]string{
		"unknown signature scheme": `{"signature_scheme":"md5","key":"x"}`,
		"neither tcp nor ipc":      `{"transport":"udp"}`,
		"port 70000":               `{"shell_port":70000}`,
		"cannot listen":            `{"ip":"192.0.2.1"}`,
	} {
		if err := Run(t.Context(), Config{ConnectionFile: write(content), Session: newEcho()}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if err := Run(t.Context(), Config{}); !errors.Is(err, ErrNoConfig) {
		t.Errorf("empty config: %v", err)
	}
}

// Ports that are 0 are chosen by the kernel and written back; over Unix sockets too.
func TestRunChoosesPorts(t *testing.T) {
	for _, transport := range []string{"tcp", "ipc"} {
		t.Run(transport, func(t *testing.T) {
			if transport == "ipc" && runtime.GOOS == "windows" {
				t.Skip("no Unix sockets")
			}
			dir := t.TempDir()
			c := protocol.Connection{Transport: transport, IP: "127.0.0.1", Key: "k", SignatureScheme: "hmac-sha256"}
			if transport == "ipc" {
				c.IP = dir + "/socket"
			}
			file := dir + "/connection.json"
			if err := c.Write(file); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				ended <- Run(ctx, Config{ConnectionFile: file, Session: newEcho(), IgnoreSignals: true, ParentPID: -1})
			}()
			waitFor(t, func() bool {
				c, err := protocol.ReadConnection(file)
				return err == nil && c.ShellPort != 0 && c.HBPort != 0 && c.ControlPort != 0 && c.StdinPort != 0 && c.IOPubPort != 0
			})
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}
