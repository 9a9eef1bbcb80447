//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// runningServer is `poolbook serve` in a test's place.
type runningServer struct {
	t     testing.TB
	cmd   *exec.Cmd
	base  *url.URL // without the token
	token string
	ended chan error // gets the exit once
}

var addressLine = regexp.MustCompile(`https?://\S+`)

func (p *testPlace) serve(args ...string) *runningServer {
	p.t.Helper()
	cmd := exec.Command(program(p.t), append([]string{"serve", "--no-browser"}, args...)...)
	cmd.Dir, cmd.Env = p.dir, p.env()
	out, err := cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	s := &runningServer{t: p.t, cmd: cmd, ended: make(chan error, 1)}
	address := make(chan string, 1)
	done := make(chan struct{})
	go func() { // ends with the process
		defer close(done)
		defer close(address)
		found := false
		for in := bufio.NewScanner(out); in.Scan(); {
			if a := addressLine.FindString(in.Text()); a != "" && !found {
				address <- a // further ones are for other machines
				found = true
			}
		}
		s.ended <- cmd.Wait()
	}()
	p.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
	})
	select {
	case a := <-address:
		if s.base, err = url.Parse(a); err != nil || s.base.Query().Get("token") == "" {
			p.t.Fatalf("the address %q has no token (%v)\n%s", a, err, stderr.String())
		}
	case <-time.After(30 * time.Second):
		p.t.Fatalf("the server printed no address\n%s", stderr.String())
	}
	s.token = s.base.Query().Get("token")
	s.base.RawQuery = ""
	return s
}

// request calls the server's REST API.
func (s *runningServer) request(method, path string, body, into any) {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequest(method, s.base.JoinPath(path).String(), bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "token "+s.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		s.t.Fatalf("%s %s: %s %v\n%s", method, path, resp.Status, err, answer)
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			s.t.Fatalf("%s %s: %v\n%s", method, path, err, answer)
		}
	}
}

// kernelSocket starts a notebook's session and connects to its kernel.
func (s *runningServer) kernelSocket(notebook string) *websocket.Conn {
	s.t.Helper()
	var session struct {
		Kernel struct{ ID string }
	}
	s.request("POST", "/api/sessions", map[string]any{
		"path": notebook, "name": notebook, "type": "notebook", "kernel": map[string]string{"name": kernelName},
	}, &session)
	u := *s.base
	u.Scheme = "ws"
	u.Path = "/api/kernels/" + session.Kernel.ID + "/channels"
	u.RawQuery = url.Values{"session_id": {"test"}}.Encode()
	conn, _, err := websocket.DefaultDialer.Dial(u.String(), http.Header{"Authorization": {"token " + s.token}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	return conn
}

// send writes a message to a kernel's shell.
func send(t testing.TB, conn *websocket.Conn, msgType string, content map[string]any) {
	t.Helper()
	err := conn.WriteJSON(map[string]any{
		"channel": "shell", "parent_header": map[string]any{}, "metadata": map[string]any{}, "buffers": []any{},
		"header": map[string]any{
			"msg_id": fmt.Sprint(time.Now().UnixNano()), "msg_type": msgType, "session": "test", "username": "", "version": "5.3",
			"date": time.Now().UTC().Format(time.RFC3339Nano),
		},
		"content": content,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// receive reads messages until one has the text, and returns it. A cell that
// fails ends the test.
func receive(t testing.TB, conn *websocket.Conn, until string) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for {
		_, text, err := conn.ReadMessage()
		if err != nil {
			t.Fatalf("waiting for %q: %v", until, err)
		}
		var m struct {
			Header struct {
				MsgType string `json:"msg_type"`
			} `json:"header"`
			Content struct{ Traceback []string } `json:"content"`
		}
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		switch {
		case m.Header.MsgType == "error":
			t.Fatalf("the cell failed: %s", strings.Join(m.Content.Traceback, "\n"))
		case m.Header.MsgType != "execute_input" && strings.Contains(string(text), until):
			return string(text)
		}
	}
}

// receiveError reads messages until a cell fails, and returns that message.
func receiveError(t testing.TB, conn *websocket.Conn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for {
		_, text, err := conn.ReadMessage()
		if err != nil {
			t.Fatalf("waiting for an error: %v", err)
		}
		if bytes.Contains(text, []byte(`"msg_type":"error"`)) || bytes.Contains(text, []byte(`"msg_type": "error"`)) {
			return string(text)
		}
	}
}

// runCell sends a cell and waits for a message with the text.
func runCell(t testing.TB, conn *websocket.Conn, code, until string) {
	t.Helper()
	send(t, conn, "execute_request", map[string]any{
		"code": code, "silent": false, "store_history": true, "user_expressions": map[string]any{}, "allow_stdin": false, "stop_on_error": true,
	})
	receive(t, conn, until)
}

// TestPoolPanel holds what the pool panel lives on: the comm tells what pools
// do, first what was before, and ends jobs.
func TestPoolPanel(t *testing.T) {
	p := newPlace(t)
	conn := p.serve().kernelSocket("a.ipynb")
	runCell(t, conn, `p := pool.New(pool.Processes(2))
squares, err := pool.Map(p, func(n int) int { return n * n }, []int{1, 2, 3}, pool.Label("squares"))
fmt.Println(squares, err)`, "[1 4 9]")
	send(t, conn, "comm_open", map[string]any{"comm_id": "panel", "target_name": panelTarget, "data": map[string]any{}})
	first := receive(t, conn, `"events"`)
	for _, want := range []string{`"reset":true`, `"job_done"`, `"label":"squares"`, `"worker_changed"`, `"tasks_done"`} {
		if !strings.Contains(strings.ReplaceAll(first, ": ", ":"), want) {
			t.Errorf("the first message has no %s: %s", want, first)
		}
	}
	runCell(t, conn, `naps := pool.MapAsync(p, func(n int) int { time.Sleep(10 * time.Minute); return n }, []int{1, 2}, pool.Label("naps"))`, "job_started")
	send(t, conn, "comm_msg", map[string]any{"comm_id": "panel", "data": map[string]any{"type": "cancel", "job": 2}})
	receive(t, conn, `"cancelled"`)
	runCell(t, conn, `_, err = naps.Get(); fmt.Println("ended:", errors.Is(err, pool.ErrCancelled))`, "ended: true")
}

// TestPoolPanelsThatGo holds that front ends which have gone are fed no longer, and that the others hear nothing of it: JupyterLab takes the
// end of a comm that it does not know for an error.
func TestPoolPanelsThatGo(t *testing.T) {
	p := newPlace(t)
	conn := p.serve().kernelSocket("a.ipynb")
	open := func(id string, gone ...string) {
		send(t, conn, "comm_open", map[string]any{"comm_id": id, "target_name": panelTarget, "data": map[string]any{"gone": gone}})
		for heard := ""; !strings.Contains(heard, `"events"`) || !strings.Contains(heard, `"`+id+`"`); {
			heard = receive(t, conn, `"comm_`)
			if strings.Contains(heard, `"comm_close"`) {
				t.Fatalf("after comm %s was opened: %s", id, heard)
			}
		}
	}
	comms := func() string {
		send(t, conn, "comm_info_request", map[string]any{"target_name": panelTarget})
		return receive(t, conn, "comm_info_reply")
	}
	open("closed")
	open("reloaded", "closed", "never opened")
	if c := comms(); strings.Contains(c, `"closed"`) || !strings.Contains(c, `"reloaded"`) {
		t.Errorf("comms after a page has gone: %s", c)
	}
	for i := range panelComms {
		open(fmt.Sprintf("page %d", i))
	}
	if c := comms(); strings.Contains(c, `"reloaded"`) || !strings.Contains(c, `"page 0"`) {
		t.Errorf("comms after %d more: %s", panelComms, c)
	}
	if n := strings.Count(comms(), "target_name"); n != panelComms {
		t.Errorf("%d comms are fed, want %d", n, panelComms)
	}
}

// busyWorkers is a cell that leaves three workers running for minutes.
const busyWorkers = `func nap(n int) int { fmt.Println("napping"); time.Sleep(10 * time.Minute); return n }
naps := pool.MapAsync(pool.New(pool.Processes(3)), nap, []int{1, 2, 3})`

// TestServerLeavesNothing holds that the kernel and the workers end with the
// server, however it ends.
func TestServerLeavesNothing(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			p := newPlace(t)
			s := p.serve()
			conn := s.kernelSocket("a.ipynb")
			runCell(t, conn, busyWorkers, "napping")
			waitUntil(t, 10*time.Second, "three workers and the next one run", func() bool {
				return len(p.matching("worker --pipe")) == 4
			})
			if n := len(p.processes()); n != 6 {
				t.Errorf("%d processes, want the server, a kernel, three workers and one for the next pool: %v", n, p.processes())
			}
			if err := s.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-s.ended:
				if sig != syscall.SIGKILL && err != nil {
					t.Errorf("the server ended with %v", err)
				}
			case <-time.After(15 * time.Second):
				t.Fatal("the server does not end")
			}
			waitUntil(t, 5*time.Second, "all processes have ended", func() bool { return len(p.processes()) == 0 })
		})
	}
}

// TestKilledKernel holds that a kernel which the system kills, as it does when
// memory runs out, leaves a word in its cell and that the next one is there.
func TestKilledKernel(t *testing.T) {
	p := newPlace(t)
	s := p.serve()
	conn := s.kernelSocket("a.ipynb")
	send(t, conn, "execute_request", map[string]any{"code": `fmt.Println("begun"); for { time.Sleep(time.Second) }`, "silent": false})
	receive(t, conn, "begun")
	pids := p.matching("poolbook kernel")
	if len(pids) != 1 {
		t.Fatalf("kernels: %v", p.processes())
	}
	if err := syscall.Kill(pids[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	word := receiveError(t, conn)
	for _, want := range []string{"KernelDied", "The kernel died (signal: killed). That can happen when it needs more memory"} {
		if !strings.Contains(word, want) {
			t.Errorf("the cell says %s, without %q", word, want)
		}
	}
	receive(t, conn, `"restarting"`)
	waitUntil(t, 10*time.Second, "another kernel runs", func() bool {
		now := p.matching("poolbook kernel")
		return len(now) == 1 && now[0] != pids[0]
	})
	runCell(t, conn, `fmt.Println("alive again")`, "alive again")
}

// TestJupyterLabServices drives the kernel with JupyterLab's own client library
// under Node, from the page's packages (npm ci in web/frontend; or NODE_PATH).
func TestJupyterLabServices(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("needs Node:", err)
	}
	modules := os.Getenv("NODE_PATH")
	if modules == "" {
		modules = filepath.Join("..", "..", "web", "frontend", "node_modules")
	}
	if modules, err = filepath.Abs(modules); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "@jupyterlab", "services")); err != nil {
		if os.Getenv("REQUIRE_ALL") != "" {
			t.Fatal(err)
		}
		t.Skip("needs the page's packages: npm ci in web/frontend")
	}
	script, err := filepath.Abs("testdata/services.cjs")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NODE_PATH", modules)
	p := newPlace(t)
	s := p.serve()
	out := p.run(2*time.Minute, "", node, script, strings.TrimSuffix(s.base.String(), "/"), s.token, kernelName)
	t.Log(out.stdout, out.stderr)
	if out.code != 0 {
		t.Errorf("exit code %d", out.code)
	}
}

func TestServer(t *testing.T) {
	p := newPlace(t)
	s := p.serve()
	var list []struct{ Name, Title, Description string }
	s.request("GET", "/poolbook/api/tutorials", nil, &list)
	if len(list) == 0 || list[0].Name != "01-map-async" || list[0].Title == "" || list[0].Description == "" {
		t.Fatalf("tutorials: %+v", list)
	}
	var opened struct{ Path string }
	s.request("POST", "/poolbook/api/tutorials/01-map-async/open", map[string]any{}, &opened)
	if _, err := os.Stat(p.file(opened.Path)); err != nil {
		t.Errorf("the opened tutorial is not in the served folder: %v", err)
	}
	var specs struct{ Default string }
	s.request("GET", "/api/kernelspecs", nil, &specs)
	if specs.Default != kernelName {
		t.Errorf("the default kernel is %q, want %q", specs.Default, kernelName)
	}
	conn := s.kernelSocket("a.ipynb")
	runCell(t, conn, `x := 6`, "")
	runCell(t, conn, `fmt.Println("answer", x*7)`, "answer 42")

	// A second server takes another port; one told its port does not.
	other := newPlace(t).serve()
	if other.base.Host == s.base.Host {
		t.Errorf("both servers are at %s", s.base.Host)
	}
	if out := p.poolbook("serve", "--no-browser", "--port", s.base.Port()); out.code != 1 || !strings.Contains(out.stderr, "address already in use") {
		t.Errorf("a port that is taken: %+v", out)
	}
	if out := p.poolbook("serve", "--no-browser", "no-such-folder"); out.code != 1 || !strings.Contains(out.stderr, "no such folder") {
		t.Errorf("a folder that is not there: %+v", out)
	}
	// Without the token nothing is served.
	resp, err := http.Get(s.base.JoinPath("/api/contents").String())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("contents without a token: %s", resp.Status)
	}
}
