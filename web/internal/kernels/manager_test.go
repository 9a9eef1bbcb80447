//go:build unix

package kernels

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// slowManager has one kernelspec, "slow": a Python kernel that says that it is being started, by a file, and goes on when there is another.
func slowManager(t *testing.T) (m *Manager, begun func() bool, goOn func()) {
	t.Helper()
	const python = "/usr/bin/python3"
	if out, err := exec.Command(python, "-c", "import ipykernel").CombinedOutput(); err != nil {
		if os.Getenv("REQUIRE_ALL") != "" {
			t.Fatalf("%v: %s", err, out)
		}
		t.Skipf("no Python with ipykernel: %s", out)
	}
	dir := t.TempDir()
	script := `touch begun; while [ ! -e on ]; do sleep 0.01; done; exec ` + python + ` -m ipykernel_launcher -f "$0"`
	m = New(Options{
		Builtin: client.Spec{Name: "slow", Argv: []string{"/bin/sh", "-c", script, "{connection_file}"}},
		Dir:     func(string) string { return dir },
		Client:  client.Options{ConnectionDir: t.TempDir(), Env: []string{"IPYTHONDIR=" + dir}},
	})
	t.Cleanup(func() {
		if err := m.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	begun = func() bool { _, err := os.Stat(filepath.Join(dir, "begun")); return err == nil }
	goOn = func() {
		if err := os.WriteFile(filepath.Join(dir, "on"), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return m, begun, goOn
}

func ptr(s string) *string { return &s }

func sessionRequest(kernel string) SessionRequest {
	r := SessionRequest{Path: ptr("a.ipynb"), Name: ptr("a.ipynb"), Type: ptr("notebook")}
	r.Kernel = &struct {
		ID   *string `json:"id"`
		Name *string `json:"name"`
	}{Name: &kernel}
	return r
}

func waitFor(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: " + what)
		}
	}
}

// A session that is closed while another kernel is started for it leaves no kernel that nobody knows of.
func TestSessionClosedDuringChange(t *testing.T) {
	m, begun, goOn := slowManager(t)
	goOn()
	s, err := m.OpenSession(t.Context(), sessionRequest("slow"))
	if err != nil {
		t.Fatal(err)
	}
	dir := m.opts.Dir("")
	for _, name := range []string{"begun", "on"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	changed := make(chan error, 1)
	go func() { // ends with the change
		_, err := m.ChangeSession(context.Background(), s.ID, sessionRequest("slow"))
		changed <- err
	}()
	waitFor(t, "the other kernel is being started", begun)
	if err := m.CloseSession(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	goOn()
	if err := <-changed; !errors.Is(err, ErrNoSession) {
		t.Errorf("the change: %v", err)
	}
	if left := m.List(); len(left) != 0 {
		t.Errorf("kernels without a session: %+v", left)
	}
}

// Stop waits for a kernel that is being started, and ends it.
func TestStopDuringStart(t *testing.T) {
	m, begun, _ := slowManager(t)
	started := make(chan error, 1)
	go func() { // ends with the start
		_, err := m.Start(context.Background(), "slow", "")
		started <- err
	}()
	waitFor(t, "the kernel is being started", begun)
	if err := m.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if left := m.List(); len(left) != 0 {
		t.Errorf("kernels after Stop: %+v", left)
	}
	if err := <-started; err == nil {
		t.Error("started after Stop")
	}
	if _, err := m.Start(t.Context(), "slow", ""); !errors.Is(err, ErrStopped) {
		t.Errorf("start after Stop: %v", err)
	}
}

// A kernel that leaves requests unanswered does not use up the places of those that it will answer.
func TestUnansweredRequestsAreForgotten(t *testing.T) {
	k := &Kernel{conns: map[*Conn]struct{}{}, asked: map[string]asked{}}
	c := newConn(k, "me")
	var last *protocol.Message
	for range maxAsked + 5 {
		m, err := protocol.New("unknown_request", "me", "", protocol.Header{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		last = m
		k.note(c, Packet{protocol.Shell, m})
	}
	if len(k.asked) != maxAsked || !k.waitsFor(last.Header.ID) {
		t.Errorf("%d are waited for; the last one: %t", len(k.asked), k.waitsFor(last.Header.ID))
	}
}
