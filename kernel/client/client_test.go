package client_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// needs skips the test visibly when something is not installed, and fails it when REQUIRE_ALL=1.
func needs(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("REQUIRE_ALL") == "1" {
		t.Fatalf("required: %v", err)
	}
	t.Skipf("not installed: %v", err)
}

const python = "/usr/bin/python3"

// ipykernel is the kernelspec of Debian's ipykernel.
func ipykernel(t testing.TB) client.Spec {
	t.Helper()
	spec, err := client.ReadSpec("/usr/share/jupyter/kernels/python3")
	needs(t, err)
	needs(t, exec.Command(python, "-c", "import ipykernel").Run())
	return spec
}

func start(t testing.TB, spec client.Spec) *client.Kernel {
	t.Helper()
	k, err := client.Start(t.Context(), spec, client.Options{ConnectionDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		if err := k.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		<-k.Done()
		if _, err := os.Stat(k.ConnectionFile()); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("connection file is still there: %v", err)
		}
	})
	return k
}

func contextFor(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// run executes code and returns what it wrote to streams, and the reply.
func run(t testing.TB, k *client.Kernel, code string, o client.ExecuteOptions) (string, *protocol.ExecuteReply) {
	t.Helper()
	o.GoOnAfterErrors = true // ipykernel aborts what comes right after a failed cell
	var out strings.Builder
	reply, err := k.Execute(contextFor(t, 2*time.Minute), code, o, func(m *protocol.Message) error {
		if m.Header.Type == protocol.TypeStream {
			s, err := protocol.Decode[protocol.Stream](m)
			out.WriteString(s.Text)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", code, err)
	}
	return out.String(), reply
}

func TestIPyKernel(t *testing.T) {
	k := start(t, ipykernel(t))
	if name := k.Info().LanguageInfo.Name; name != "python" {
		t.Errorf("language %q", name)
	}
	t.Run("stream", func(t *testing.T) {
		out, reply := run(t, k, "for i in range(2000): print(i, flush=i%100==0)", client.ExecuteOptions{})
		if n := strings.Count(out, "\n"); n != 2000 || reply.Status != protocol.StatusOK {
			t.Errorf("%d lines, status %s", n, reply.Status)
		}
	})
	t.Run("error", func(t *testing.T) {
		_, reply := run(t, k, "1/0", client.ExecuteOptions{})
		if reply.Status != protocol.StatusError || reply.Name != "ZeroDivisionError" || len(reply.Traceback) == 0 {
			t.Errorf("reply %+v", reply)
		}
	})
	t.Run("input", func(t *testing.T) {
		out, _ := run(t, k, "print('hello', input('name? '))", client.ExecuteOptions{
			Input: func(_ context.Context, r protocol.InputRequest) (string, error) {
				if r.Prompt != "name? " {
					t.Errorf("prompt %q", r.Prompt)
				}
				return "Ada", nil
			}})
		if out != "hello Ada\n" {
			t.Errorf("printed %q", out)
		}
	})
	t.Run("interrupt", func(t *testing.T) {
		reply, err := k.Execute(contextFor(t, 2*time.Minute), "print('here', flush=True)\nwhile True: pass",
			client.ExecuteOptions{GoOnAfterErrors: true},
			func(m *protocol.Message) error {
				if m.Header.Type == protocol.TypeStream {
					return k.Interrupt(t.Context())
				}
				return nil
			})
		if err != nil || reply.Name != "KeyboardInterrupt" {
			t.Errorf("reply %+v, %v", reply, err)
		}
	})
	t.Run("request", func(t *testing.T) {
		m, err := k.New(protocol.TypeCompleteRequest, protocol.CompleteRequest{Code: "prin", CursorPos: 4})
		if err != nil {
			t.Fatal(err)
		}
		r, err := k.Request(contextFor(t, 2*time.Minute), protocol.Shell, m)
		if err != nil {
			t.Fatal(err)
		}
		reply, err := protocol.Decode[protocol.CompleteReply](r)
		if err != nil || len(reply.Matches) == 0 || reply.Matches[0] != "print" {
			t.Errorf("reply %+v, %v", reply, err)
		}
	})
	t.Run("ping", func(t *testing.T) {
		if err := k.Ping(contextFor(t, 2*time.Minute)); err != nil {
			t.Error(err)
		}
	})
	t.Run("broken connections", func(t *testing.T) {
		for _, ch := range []protocol.Channel{protocol.IOPub, protocol.Shell, protocol.Control, protocol.Stdin} {
			k.Break(ch)
		}
		// Nothing tells when they are there again but that it works.
		for end := time.Now().Add(2 * time.Minute); ; {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			text := ""
			_, err := k.Execute(ctx, "print('again')", client.ExecuteOptions{}, func(m *protocol.Message) error {
				if m.Header.Type == protocol.TypeStream {
					text = string(m.Content)
				}
				return nil
			})
			cancel()
			if err == nil && strings.Contains(text, "again") {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("connections stay broken: %v", err)
			}
		}
	})
	t.Run("restart", func(t *testing.T) {
		sub := k.Subscribe()
		defer sub.Close()
		run(t, k, "x = 1", client.ExecuteOptions{})
		pid := k.PID()
		if err := k.Restart(contextFor(t, 2*time.Minute)); err != nil {
			t.Fatal(err)
		}
		if k.PID() == pid {
			t.Error("same process")
		}
		if _, reply := run(t, k, "x", client.ExecuteOptions{}); reply.Name != "NameError" {
			t.Errorf("reply %+v", reply)
		}
		var events []client.Event
		for len(events) < 2 {
			in, err := sub.Next(contextFor(t, 2*time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			if in.Event != "" {
				events = append(events, in.Event)
			}
		}
		if events[0] != client.EventRestarting || events[1] != client.EventRestarted {
			t.Errorf("events %v", events)
		}
	})
	t.Run("death", func(t *testing.T) {
		_, err := k.Execute(contextFor(t, 2*time.Minute), "import os; os.kill(os.getpid(), 9)", client.ExecuteOptions{}, nil)
		var died *client.DiedError
		if !errors.As(err, &died) || died.State != "signal: killed" {
			t.Fatalf("error %v", err)
		}
		<-k.Done()
		if !errors.As(k.Err(), &died) {
			t.Errorf("state %v", k.Err())
		}
		if err := k.Restart(contextFor(t, 2*time.Minute)); err != nil {
			t.Fatal(err)
		}
		if out, _ := run(t, k, "print('again')", client.ExecuteOptions{}); out != "again\n" {
			t.Errorf("printed %q", out)
		}
	})
}

// A subscriber that does not read for a while loses nothing.
func TestSlowSubscriber(t *testing.T) {
	k, err := client.Start(t.Context(), ipykernel(t), client.Options{ConnectionDir: t.TempDir(), QueueBytes: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := k.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		<-k.Done()
	}()
	slow := k.Subscribe()
	defer slow.Close()
	m, err := k.New(protocol.TypeExecuteRequest, protocol.ExecuteRequest{
		Code: "import sys\nfor i in range(300): print(i, flush=True)"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Request(contextFor(t, 2*time.Minute), protocol.Shell, m); err != nil {
		t.Fatal(err) // the reply comes though nobody reads the outputs
	}
	var text strings.Builder
	for !strings.HasSuffix(text.String(), "299\n") {
		in, err := slow.Next(contextFor(t, 10*time.Second))
		if err != nil {
			t.Fatalf("%v after %q", err, text.String())
		}
		if in.Message != nil && in.Message.Header.Type == protocol.TypeStream {
			s, _ := protocol.Decode[protocol.Stream](in.Message)
			text.WriteString(s.Text)
		}
	}
	if n := strings.Count(text.String(), "\n"); n != 300 {
		t.Errorf("%d lines", n)
	}
}

func TestStartFails(t *testing.T) {
	tests := []struct {
		name string
		argv []string
		want string
	}{
		{"no command", nil, "no command"},
		{"no such program", []string{"/nonexistent/kernel"}, "no such file"},
		{"exits", []string{"/bin/sh", "-c", "echo broken >&2; exit 3"}, "exit status 3): broken"},
		{"never listens", []string{"/bin/sh", "-c", "echo waiting >&2; exec sleep 100"}, "did not answer within 300ms; its stderr: waiting"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := client.Start(t.Context(), client.Spec{Name: "x", Argv: tt.argv},
				client.Options{ConnectionDir: dir, StartTimeout: 300 * time.Millisecond})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestFindSpecs(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	write := func(dir, name, content string) {
		t.Helper()
		path := filepath.Join(dir, "kernels", name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if content == "" {
			return
		}
		if err := os.WriteFile(filepath.Join(path, "kernel.json"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(first, "One", `{"argv": ["one", "{connection_file}"], "display_name": "First", "language": "x",
		"interrupt_mode": "message", "env": {"A": "b"}, "metadata": {"debugger": true}}`)
	write(second, "one", `{"argv": ["other"], "display_name": "Second"}`)
	write(second, "two", `{"argv": ["two"], "display_name": "Two"}`)
	write(second, "broken", `{`)
	write(second, "empty", `{"argv": []}`)
	write(second, "nothing", "")
	t.Setenv("JUPYTER_PATH", first+string(filepath.ListSeparator)+second)
	t.Setenv("JUPYTER_DATA_DIR", t.TempDir())
	specs, err := client.FindSpecs()
	if err == nil || !strings.Contains(err.Error(), "broken") || !strings.Contains(err.Error(), "no argv") {
		t.Errorf("error %v", err)
	}
	one := specs["one"]
	if one.DisplayName != "First" || one.InterruptMode != "message" || len(one.Env) != 1 || one.Env[0] != "A=b" ||
		one.Dir != filepath.Join(first, "kernels", "One") || one.Metadata["debugger"] != true {
		t.Errorf("one: %+v", one)
	}
	if specs["two"].DisplayName != "Two" {
		t.Errorf("two: %+v", specs["two"])
	}
	for _, name := range []string{"broken", "empty", "nothing"} {
		if _, ok := specs[name]; ok {
			t.Errorf("%s is there", name)
		}
	}
}
