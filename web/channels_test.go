package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"

	"poolbook/kernel/protocol"
	"poolbook/web/internal/kernels"
	"poolbook/web/internal/wsproto"
)

const pythonKernel = "python3"

// needPythonKernel skips the test where Debian's ipykernel is not installed.
func needPythonKernel(t *testing.T, s *testServer) {
	t.Helper()
	python(t, "ipykernel")
	if _, ok := s.kernels.Specs()[pythonKernel]; !ok {
		t.Skip("no kernelspec " + pythonKernel)
	}
}

func (s *testServer) startKernel() string {
	s.t.Helper()
	needPythonKernel(s.t, s)
	var k kernels.Model
	s.want(201, request{method: "POST", path: "/api/kernels", body: map[string]string{"name": pythonKernel}}).json(s.t, &k)
	if k.ID == "" || k.Name != pythonKernel {
		s.t.Fatalf("%+v", k)
	}
	return k.ID
}

// wsClient is a websocket to a kernel.
type wsClient struct {
	t       *testing.T
	conn    *websocket.Conn
	v1      bool
	session string
}

func (s *testServer) connect(kernel, session, subprotocol string) *wsClient {
	s.t.Helper()
	d := websocket.Dialer{}
	if subprotocol != "" {
		d.Subprotocols = []string{subprotocol}
	}
	u := "ws" + strings.TrimPrefix(s.base, "http") + "/api/kernels/" + kernel + "/channels?session_id=" + session
	conn, res, err := d.Dial(u, http.Header{"Authorization": {"token " + s.Token()}})
	if err != nil {
		s.t.Fatal(err, res)
	}
	if conn.Subprotocol() != subprotocol {
		s.t.Fatalf("subprotocol %q", conn.Subprotocol())
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	return &wsClient{s.t, conn, subprotocol != "", session}
}

func (c *wsClient) send(ch protocol.Channel, m *protocol.Message) {
	c.t.Helper()
	if c.v1 {
		frame, err := wsproto.EncodeV1(ch, m)
		if err == nil {
			err = c.conn.WriteMessage(websocket.BinaryMessage, frame)
		}
		if err != nil {
			c.t.Fatal(err)
		}
		return
	}
	frame, isBinary, err := wsproto.Encode(ch, m)
	kind := websocket.TextMessage
	if isBinary {
		kind = websocket.BinaryMessage
	}
	if err == nil {
		err = c.conn.WriteMessage(kind, frame)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *wsClient) receive() (kernels.Packet, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(hangs))
	kind, frame, err := c.conn.ReadMessage()
	if err != nil {
		return kernels.Packet{}, err
	}
	var p kernels.Packet
	if c.v1 {
		p.Channel, p.Message, err = wsproto.DecodeV1(frame)
	} else {
		p.Channel, p.Message, err = wsproto.Decode(frame, kind == websocket.BinaryMessage)
	}
	return p, err
}

// ask sends an execute request and returns its id.
func (c *wsClient) ask(code, cell string) string {
	c.t.Helper()
	m, err := protocol.New(protocol.TypeExecuteRequest, c.session, "test", protocol.Header{}, map[string]any{
		"code": code, "silent": false, "store_history": true, "user_expressions": map[string]any{}, "allow_stdin": false, "stop_on_error": false, // else ipykernel aborts a request that comes right after an error
	})
	if err != nil {
		c.t.Fatal(err)
	}
	if cell != "" {
		m.Metadata = json.RawMessage(`{"cellId":"` + cell + `"}`)
	}
	c.send(protocol.Shell, m)
	return m.Header.ID
}

// outcome of a cell, as its client sees it.
type outcome struct {
	text   string // of streams
	result string
	errors []string // ename: evalue
	status string
}

// finish reads until the reply and idle of a request are there.
func (c *wsClient) finish(id string) outcome {
	c.t.Helper()
	var o outcome
	for idle := false; o.status == "" || !idle; {
		p, err := c.receive()
		if err != nil {
			c.t.Fatalf("%v; so far %+v", err, o)
		}
		m := p.Message
		if m.Parent.ID != id {
			continue
		}
		var content struct {
			Text   string         `json:"text"`
			State  string         `json:"execution_state"`
			Status string         `json:"status"`
			Data   map[string]any `json:"data"`
			EName  string         `json:"ename"`
			EValue string         `json:"evalue"`
		}
		if err := json.Unmarshal(m.Content, &content); err != nil {
			c.t.Fatal(err)
		}
		switch m.Header.Type {
		case protocol.TypeStream:
			o.text += content.Text
		case protocol.TypeExecuteResult:
			o.result, _ = content.Data["text/plain"].(string)
		case protocol.TypeError:
			o.errors = append(o.errors, content.EName+": "+content.EValue)
		case protocol.TypeStatus:
			idle = content.State == protocol.StateIdle
		case protocol.TypeExecuteReply:
			if p.Channel != protocol.Shell {
				c.t.Errorf("reply on %s", p.Channel)
			}
			o.status = content.Status
		}
	}
	return o
}

func (c *wsClient) run(code string) outcome {
	c.t.Helper()
	return c.finish(c.ask(code, ""))
}

func TestBothProtocols(t *testing.T) {
	s := start(t)
	id := s.startKernel()
	for _, sub := range []string{"", wsproto.V1} {
		c := s.connect(id, uuid.NewString(), sub)
		if o := c.run("print('hé')\n6*7"); o.result != "42" || o.text != "hé\n" || o.status != "ok" {
			t.Errorf("%q: %+v", sub, o)
		}
		// Buffers, both ways: a comm that sends back what it gets, turned around.
		o := c.run(`from ipykernel.comm import Comm
def echo(comm, msg):
    @comm.on_msg
    def _(m):
        comm.send({'n': len(m['buffers'])}, buffers=[bytes(m['buffers'][1]), bytes(m['buffers'][0])])
get_ipython().kernel.comm_manager.register_target('echo', echo)`)
		if o.status != "ok" {
			t.Fatalf("%+v", o)
		}
		comm := uuid.NewString()
		open, _ := protocol.New(protocol.TypeCommOpen, c.session, "test", protocol.Header{}, map[string]any{"comm_id": comm, "target_name": "echo", "data": map[string]any{}})
		c.send(protocol.Shell, open)
		msg, _ := protocol.New(protocol.TypeCommMsg, c.session, "test", protocol.Header{}, map[string]any{"comm_id": comm, "data": map[string]any{}})
		msg.Buffers = [][]byte{{0, 1, 255}, []byte("second")}
		c.send(protocol.Shell, msg)
		for {
			p, err := c.receive()
			if err != nil {
				t.Fatal(err)
			}
			if p.Message.Header.Type == protocol.TypeCommMsg {
				if len(p.Message.Buffers) != 2 || string(p.Message.Buffers[0]) != "second" || string(p.Message.Buffers[1]) != "\x00\x01\xff" {
					t.Errorf("%q: buffers %q", sub, p.Message.Buffers)
				}
				break
			}
		}
		_ = c.conn.Close()
	}
}

// Each client gets the replies to its own requests and everybody's outputs.
func TestTwoClientsOfOneKernel(t *testing.T) {
	s := start(t)
	id := s.startKernel()
	a, b := s.connect(id, "a", wsproto.V1), s.connect(id, "b", "")
	if o := a.run("print('from a')"); o.text != "from a\n" {
		t.Errorf("%+v", o)
	}
	bid := b.ask("print('from b')", "")
	sawA := false
	for done := false; !done; {
		p, err := b.receive()
		if err != nil {
			t.Fatal(err)
		}
		if p.Channel == protocol.Shell && p.Message.Parent.ID != bid {
			t.Error("b got a reply that is not its own")
		}
		sawA = sawA || strings.Contains(string(p.Message.Content), "from a")
		done = p.Channel == protocol.Shell
	}
	if !sawA {
		t.Error("b did not see the output of a's cell")
	}
}

func TestGarbageOnTheWebsocket(t *testing.T) {
	s := start(t)
	id := s.startKernel()
	for _, frame := range []struct {
		kind int
		data string
	}{
		{websocket.TextMessage, "{"}, {websocket.TextMessage, `{"channel":"nowhere","header":{"msg_id":"1","msg_type":"x"}}`}, {websocket.BinaryMessage, ""},
		{websocket.BinaryMessage, "\xff\xff\xff\xff\xff\xff\xff\xff"}, {websocket.BinaryMessage, strings.Repeat("\x00", 100)}, {websocket.TextMessage, "null"},
	} {
		for _, sub := range []string{"", wsproto.V1} {
			c := s.connect(id, "x", sub)
			if err := c.conn.WriteMessage(frame.kind, []byte(frame.data)); err != nil {
				t.Fatal(err)
			}
			for {
				_, err := c.receive()
				if websocket.IsCloseError(err, websocket.CloseInvalidFramePayloadData) {
					break
				}
				if err != nil {
					t.Fatalf("%q: %v", frame.data, err)
				}
			}
		}
	}
	if o := s.connect(id, "y", "").run("1+1"); o.result != "2" {
		t.Errorf("the kernel suffered: %+v", o)
	}
}

// The tab is closed while a cell runs; another one, later, gets what was said meanwhile, and the journal has all of it.
func TestOutputsWhileNobodyIsConnected(t *testing.T) {
	s := start(t)
	id := s.startKernel()
	first := s.connect(id, "tab", wsproto.V1)
	msg := first.ask("import time\nprint('before', flush=True)\ntime.sleep(0.5)\nprint('meanwhile', flush=True)\n'result'", "cell-1")
	first.waitText("before")
	_ = first.conn.Close()
	journal := func() kernels.Entry {
		k, err := s.kernels.Get(id)
		if err != nil {
			t.Fatal(err)
		}
		j := k.Journal()
		if len(j) != 1 {
			t.Fatalf("%d entries", len(j))
		}
		return j[0]
	}
	if e := journal(); e.Status != kernels.Running {
		t.Errorf("status %s while it runs", e.Status)
	}
	eventually(t, "the cell ends", func() bool { return journal().Status == kernels.Done })
	second := s.connect(id, "another-tab", "")
	if o := second.finish(msg); o.text != "meanwhile\n" || o.result != "'result'" || o.status != "ok" {
		t.Errorf("replayed: %+v", o)
	}
	var got struct {
		Entries []struct {
			CellID   string `json:"cell_id"`
			MsgID    string `json:"msg_id"`
			Status   string `json:"status"`
			Count    int    `json:"execution_count"`
			Messages []struct {
				Channel string
				Header  struct {
					Type string `json:"msg_type"`
				}
				Parent struct {
					ID string `json:"msg_id"`
				} `json:"parent_header"`
				Content map[string]any
			}
		}
	}
	s.want(200, request{path: "/poolbook/api/kernels/" + id + "/journal"}).json(t, &got)
	e := got.Entries[0]
	var text []string
	for _, m := range e.Messages {
		if m.Parent.ID != msg || m.Channel != "iopub" {
			t.Errorf("%+v", m)
		}
		if m.Header.Type == protocol.TypeStream {
			text = append(text, m.Content["text"].(string))
		}
	}
	if e.CellID != "cell-1" || e.MsgID != msg || e.Status != kernels.Done || e.Count != 1 || strings.Join(text, "") != "before\nmeanwhile\n" {
		t.Errorf("%+v %q", e, text)
	}
	// The same cell again replaces its entry.
	second.finish(second.ask("2", "cell-1"))
	if e := journal(); e.MsgID == msg {
		t.Error("the old run is still there")
	}
}

// A client that comes while a cell runs hears at once what kernel it is and that it is busy; one that has sent the cell hears it after the cell.
func TestComingToABusyKernel(t *testing.T) {
	s := start(t)
	id := s.startKernel()
	first := s.connect(id, "first", wsproto.V1)
	cell := first.ask("import time\nprint('runs', flush=True)\ntime.sleep(1.5)", "")
	first.waitText("runs")
	second := s.connect(id, "second", wsproto.V1)
	ask := func(c *wsClient) string {
		m, err := protocol.New(protocol.TypeKernelInfoRequest, c.session, "test", protocol.Header{}, map[string]any{})
		if err != nil {
			t.Fatal(err)
		}
		c.send(protocol.Shell, m)
		return m.Header.ID
	}
	request := ask(second)
	var states []string
	for len(states) < 3 || states[len(states)-1] != protocol.StateBusy {
		p, err := second.receive()
		if err != nil {
			t.Fatal(err)
		}
		switch p.Message.Header.Type {
		case protocol.TypeStatus:
			st, err := protocol.Decode[protocol.Status](p.Message)
			if err != nil {
				t.Fatal(err)
			}
			if p.Message.Parent.ID == cell && st.ExecutionState == protocol.StateIdle {
				t.Fatal("the answer came after the cell")
			}
			states = append(states, st.ExecutionState)
		case protocol.TypeKernelInfoReply:
			r, err := protocol.Decode[protocol.KernelInfoReply](p.Message)
			if err != nil || p.Message.Parent.ID != request || r.LanguageInfo.Name != "python" {
				t.Errorf("%+v, %v, for %s", r, err, p.Message.Parent.ID)
			}
			states = append(states, "reply")
		}
	}
	if got := strings.Join(states, " "); got != "busy reply idle busy" {
		t.Errorf("the newcomer heard %s", got)
	}
	// What the kernel does beside the cell ends with an idle of its own; the kernel is busy all the same.
	m, err := protocol.New(protocol.TypeKernelInfoRequest, second.session, "test", protocol.Header{}, map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	second.send(protocol.Control, m)
	for beside := false; ; {
		p, err := second.receive()
		if err != nil {
			t.Fatal(err)
		}
		if p.Message.Header.Type != protocol.TypeStatus {
			continue
		}
		st, err := protocol.Decode[protocol.Status](p.Message)
		if err != nil {
			t.Fatal(err)
		}
		if beside {
			if st.ExecutionState != protocol.StateBusy {
				t.Errorf("%s after what was done beside the cell", st.ExecutionState)
			}
			break
		}
		beside = p.Message.Parent.ID == m.Header.ID && st.ExecutionState == protocol.StateIdle
	}
	if k, err := s.kernels.Get(id); err != nil || k.Model().State != protocol.StateBusy {
		t.Errorf("%+v, %v", k.Model(), err)
	}
	request = ask(first)
	for over := false; ; {
		p, err := first.receive()
		if err != nil {
			t.Fatal(err)
		}
		over = over || p.Message.Header.Type == protocol.TypeExecuteReply
		if p.Message.Header.Type == protocol.TypeKernelInfoReply && p.Message.Parent.ID == request {
			if !over {
				t.Error("the client that runs the cell was answered before it was over")
			}
			return
		}
	}
}

// The same page connects again before the server has noticed that the first connection is dead.
func TestReconnectOfTheSameSession(t *testing.T) {
	s := start(t)
	id := s.startKernel()
	first := s.connect(id, "page", wsproto.V1)
	first.run("1")
	there := filepath.Join(t.TempDir(), "there")
	msg := first.ask(fmt.Sprintf("import os, time\nwhile not os.path.exists(%q): time.sleep(.01)\n'late'", there), "")
	second := s.connect(id, "page", wsproto.V1)
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if o := second.finish(msg); o.result != "'late'" || o.status != "ok" {
		t.Errorf("%+v", o)
	}
	for {
		if _, err := first.receive(); err != nil {
			if !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
				t.Error(err)
			}
			break
		}
	}
	var k kernels.Model
	s.want(200, request{path: "/api/kernels/" + id}).json(t, &k)
	if k.Connections != 1 {
		t.Errorf("%d connections", k.Connections)
	}
}

// A kernel that is killed in the middle of a cell: the cell gets an error at once, and the next cell runs.
func TestKilledKernelIsRestarted(t *testing.T) {
	s := start(t)
	id := s.startKernel()
	c := s.connect(id, "page", wsproto.V1)
	pid := c.pid()
	msg := c.ask("import time; time.sleep(3600)", "c")
	c.waitBusy(msg)
	if err := kill(pid); err != nil {
		t.Fatal(err)
	}
	o := c.finish(msg)
	if o.status != "error" || len(o.errors) != 1 || !strings.Contains(o.errors[0], "KernelDied") || !strings.Contains(o.errors[0], "killed") {
		t.Errorf("%+v", o)
	}
	c.waitState("restarting")
	eventually(t, "the kernel is back", func() bool { return s.state(id) == "idle" })
	if o := c.run("'alive'"); o.result != "'alive'" {
		t.Errorf("%+v", o)
	}
	if c.pid() == pid {
		t.Error("same process")
	}
}

func (s *testServer) state(id string) string {
	k, err := s.kernels.Get(id)
	if err != nil {
		return err.Error()
	}
	return k.Model().State
}

func (c *wsClient) pid() int {
	c.t.Helper()
	o := c.run("import os; os.getpid()")
	pid, err := strconv.Atoi(o.result)
	if err != nil {
		c.t.Fatal(err, o)
	}
	return pid
}

func kill(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}

func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	return err == nil && p.Signal(syscall.Signal(0)) == nil
}

func (c *wsClient) waitBusy(msg string) {
	c.t.Helper()
	for {
		p, err := c.receive()
		if err != nil {
			c.t.Fatal(err)
		}
		if p.Message.Parent.ID == msg && p.Message.Header.Type == protocol.TypeExecuteInput {
			return
		}
	}
}

func (c *wsClient) waitText(text string) {
	c.t.Helper()
	for {
		p, err := c.receive()
		if err != nil {
			c.t.Fatal(err)
		}
		if p.Message.Header.Type == protocol.TypeStream && strings.Contains(string(p.Message.Content), text) {
			return
		}
	}
}

func (c *wsClient) waitState(state string) {
	c.t.Helper()
	for {
		p, err := c.receive()
		if err != nil {
			c.t.Fatal(err)
		}
		if p.Message.Header.Type == protocol.TypeStatus && strings.Contains(string(p.Message.Content), `"`+state+`"`) {
			return
		}
	}
}

// A kernel that dies again and again is given up, and can be restarted by hand.
func TestKernelThatKeepsDyingIsGivenUp(t *testing.T) {
	python(t, "ipykernel")
	// It runs well the first time, and after the user has repaired it.
	flag := filepath.Join(t.TempDir(), "broken")
	wrapper := filepath.Join(t.TempDir(), "kernel.sh")
	script := "#!/bin/sh\nif [ -e " + flag + " ]; then echo 'cannot start today' >&2; exit 7; fi\nexec /usr/bin/python3 -m ipykernel_launcher -f \"$1\"\n"
	if err := os.WriteFile(wrapper, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *Config) {
		c.BuiltinSpec.Argv = []string{wrapper, "{connection_file}"}
		c.BuiltinSpec.Name = "fragile"
	})
	var k kernels.Model
	s.want(201, request{method: "POST", path: "/api/kernels"}).json(t, &k) // the built-in one is the default
	if k.Name != "fragile" {
		t.Fatalf("%+v", k)
	}
	c := s.connect(k.ID, "page", "")
	pid := c.pid()
	if err := os.WriteFile(flag, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := kill(pid); err != nil {
		t.Fatal(err)
	}
	c.waitState("dead")
	if got := s.state(k.ID); got != "dead" {
		t.Errorf("state %s", got)
	}
	if o := c.run("1"); o.status != "error" || !strings.Contains(fmt.Sprint(o), "The kernel is dead") {
		t.Errorf("a cell on a dead kernel: %+v", o)
	}
	a := s.want(500, request{method: "POST", path: "/api/kernels/" + k.ID + "/restart"})
	if !strings.Contains(a.body, "cannot start today") {
		t.Errorf("the reason is missing: %s", a.body)
	}
	eventually(t, "it is given up again", func() bool { return s.state(k.ID) == "dead" })
	if err := os.Remove(flag); err != nil {
		t.Fatal(err)
	}
	s.want(200, request{method: "POST", path: "/api/kernels/" + k.ID + "/restart"})
	if o := c.run("3*3"); o.result != "9" {
		t.Errorf("%+v", o)
	}
}

func TestBrokenKernelTellsWhy(t *testing.T) {
	s := start(t, func(c *Config) {
		c.BuiltinSpec.Argv = []string{"/bin/sh", "-c", "echo 'module missing' >&2; exit 3"}
		c.BuiltinSpec.Name = "broken"
	})
	a := s.want(500, request{method: "POST", path: "/api/kernels", body: `{"name":"broken"}`})
	if !strings.Contains(a.body, "module missing") {
		t.Error(a.body)
	}
	s.want(400, request{method: "POST", path: "/api/kernels", body: `{"name":"no such"}`})
	s.want(404, request{path: "/api/kernels/none"})
	s.want(404, request{method: "DELETE", path: "/api/kernels/none"})
	s.want(404, request{method: "POST", path: "/api/kernels/none/interrupt"})
	s.want(404, request{path: "/api/kernels/none/channels"})
}

func TestInterruptAndRestart(t *testing.T) {
	s := start(t)
	id := s.startKernel()
	c := s.connect(id, "page", wsproto.V1)
	msg := c.ask("import time\nprint('begun', flush=True)\nwhile True: time.sleep(0.05)", "")
	c.waitText("begun") // ipykernel forgets an interrupt that comes before the cell's first line
	s.want(204, request{method: "POST", path: "/api/kernels/" + id + "/interrupt"})
	if o := c.finish(msg); o.status != "error" || !strings.Contains(strings.Join(o.errors, ""), "KeyboardInterrupt") {
		t.Errorf("%+v", o)
	}
	msg = c.ask("time.sleep(60)", "")
	c.waitBusy(msg)
	s.want(200, request{method: "POST", path: "/api/kernels/" + id + "/restart"})
	if o := c.finish(msg); o.status != "aborted" {
		t.Errorf("the cell that the restart ended: %+v", o)
	}
	if o := c.run("time.time()"); o.status != "error" {
		t.Errorf("variables survived: %+v", o)
	}
	s.want(204, request{method: "DELETE", path: "/api/kernels/" + id})
	c.waitState("dead")
	if _, err := c.receive(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Errorf("after the end: %v", err)
	}
}

func TestSessions(t *testing.T) {
	s := start(t, func(c *Config) { c.MaxKernels = 2 })
	needPythonKernel(t, s)
	if err := os.Mkdir(filepath.Join(s.dir, "sub"), 0o777); err != nil {
		t.Fatal(err)
	}
	body := map[string]any{"path": "sub/n.ipynb", "name": "n.ipynb", "type": "notebook", "kernel": map[string]string{"name": pythonKernel}}
	// Two pages open the same notebook at the same time: one kernel.
	var got [4]kernels.Session
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { s.want(201, request{method: "POST", path: "/api/sessions", body: body}).json(t, &got[i]) })
	}
	wg.Wait()
	for _, g := range got {
		if g.ID != got[0].ID || g.Kernel.ID != got[0].Kernel.ID || g.Notebook == nil || g.Notebook.Path != "sub/n.ipynb" {
			t.Errorf("%+v", g)
		}
	}
	id, kid := got[0].ID, got[0].Kernel.ID
	c := s.connect(kid, "x", "")
	if o := c.run("import os; print(os.getcwd(), os.environ['JPY_SESSION_NAME'])"); o.text != filepath.Join(s.dir, "sub")+" sub/n.ipynb\n" {
		t.Errorf("working directory: %+v", o)
	}
	// A console on the same kernel.
	var console kernels.Session
	s.want(201, request{method: "POST", path: "/api/sessions", body: map[string]any{"path": "sub/n.ipynb", "name": "", "type": "console", "kernel": map[string]string{"id": kid}}}).json(t, &console)
	if console.ID == id || console.Kernel.ID != kid || console.Notebook != nil {
		t.Errorf("%+v", console)
	}
	s.want(204, request{method: "DELETE", path: "/api/sessions/" + console.ID})
	s.want(200, request{path: "/api/kernels/" + kid}) // still used
	// Another kernel for the session: the old one ends.
	var changed kernels.Session
	s.want(200, request{method: "PATCH", path: "/api/sessions/" + id, body: map[string]any{"kernel": map[string]any{"name": pythonKernel, "id": nil}}}).json(t, &changed)
	if changed.Kernel.ID == kid || changed.ID != id {
		t.Errorf("%+v", changed)
	}
	s.want(404, request{path: "/api/kernels/" + kid})
	s.want(200, request{method: "PATCH", path: "/api/sessions/" + id, body: map[string]any{"path": "moved.ipynb", "name": "moved.ipynb"}}).json(t, &changed)
	if changed.Path != "moved.ipynb" {
		t.Errorf("%+v", changed)
	}
	s.want(400, request{method: "POST", path: "/api/sessions", body: map[string]any{"type": "notebook"}})
	s.want(400, request{method: "POST", path: "/api/sessions", body: map[string]any{"path": "a", "type": "notebook", "kernel": map[string]string{"name": "none"}}})
	s.want(404, request{method: "POST", path: "/api/sessions", body: map[string]any{"path": "a", "type": "notebook", "kernel": map[string]string{"id": "none"}}})
	s.want(201, request{method: "POST", path: "/api/kernels", body: map[string]string{"name": pythonKernel}})
	s.want(503, request{method: "POST", path: "/api/kernels", body: map[string]string{"name": pythonKernel}})
	s.want(204, request{method: "DELETE", path: "/api/kernels/" + changed.Kernel.ID})
	s.want(404, request{path: "/api/sessions/" + id})
}

// A page that does not read: the kernel waits for it, another page too, but only so long; nothing is lost.
func TestLotsOfOutput(t *testing.T) {
	s := start(t)
	id := s.startKernel()
	c := s.connect(id, "page", wsproto.V1)
	msg := c.ask("for i in range(100000): print(i)", "")
	time.Sleep(200 * time.Millisecond) // a page that is busy drawing
	o := c.finish(msg)
	if n := strings.Count(o.text, "\n"); n != 100000 || !strings.HasSuffix(o.text, "99999\n") {
		t.Errorf("%d lines", n)
	}
}

func TestEvents(t *testing.T) {
	s := start(t)
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.base, "http")+"/api/events/subscribe",
		http.Header{"Authorization": {"token " + s.Token()}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	eventually(t, "the listener is there", func() bool {
		s.events.mu.Lock()
		defer s.events.mu.Unlock()
		return len(s.events.listeners) == 1
	})
	s.want(201, request{method: "PUT", path: "/api/contents/a.txt", body: `{"type":"file","content":"x"}`})
	s.want(204, request{method: "POST", path: "/api/events", body: map[string]any{"schema_id": eventSchemas[0], "version": "1", "data": map[string]string{"action": "mine"}}})
	s.want(400, request{method: "POST", path: "/api/events", body: map[string]any{"schema_id": "unknown", "version": "1", "data": map[string]string{}}})
	for _, want := range []string{"save", "mine"} {
		var e map[string]any
		_ = conn.SetReadDeadline(time.Now().Add(hangs))
		if err := conn.ReadJSON(&e); err != nil {
			t.Fatal(err)
		}
		if e["schema_id"] != eventSchemas[0] || e["action"] != want {
			t.Errorf("%v, want %s", e, want)
		}
	}
}

// Stop ends kernels, websockets and requests; so does a client's shutdown request, and the end of Start's context.
func TestStop(t *testing.T) {
	for _, how := range []string{"stop", "api", "context"} {
		t.Run(how, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			s, err := New(Config{Dir: t.TempDir(), DataDir: t.TempDir(), Addr: "127.0.0.1:0", Static: testPage})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Start(ctx); err != nil {
				t.Fatal(err)
			}
			if err := s.Start(ctx); err == nil {
				t.Error("started twice")
			}
			ts := &testServer{Server: s, t: t, base: "http://" + s.Addr().String()}
			id := ts.startKernel()
			c := ts.connect(id, "page", "")
			pid := c.pid()
			switch how {
			case "stop":
				_ = s.Stop()
			case "api":
				ts.want(200, request{method: "POST", path: "/api/shutdown"})
			case "context":
				cancel()
			}
			select {
			case <-s.Done():
			case <-time.After(hangs):
				t.Fatal("does not end")
			}
			if err := s.Stop(); err != nil {
				t.Error(err)
			}
			if alive(pid) {
				t.Error("the kernel is still there")
			}
			for {
				if _, err := c.receive(); err != nil {
					break
				}
			}
			if _, err := http.Get(ts.base + "/api"); err == nil {
				t.Error("still answers")
			}
			http.DefaultClient.CloseIdleConnections()
		})
	}
	s, err := New(Config{Dir: t.TempDir(), DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil { // never started
		t.Error(err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if err := s.Start(context.Background()); err == nil {
		t.Error("started after Stop")
	}
}

// kill -9 of the server leaves no kernel behind.
func TestKilledServerLeavesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("kernels notice the end of their parent by themselves, later")
	}
	python(t, "ipykernel")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "WEB_TEST_SERVER="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	var url string
	if _, err := fmt.Fscanln(out, &url); err != nil {
		t.Fatal(err)
	}
	base, token, _ := strings.Cut(url, "/?token=")
	req, _ := http.NewRequest("POST", base+"/api/kernels", strings.NewReader(`{"name":"python3"}`))
	req.Header.Set("Authorization", "token "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	var k kernels.Model
	err = json.NewDecoder(res.Body).Decode(&k)
	_ = res.Body.Close()
	if err != nil || k.ID == "" {
		t.Fatal(err, res.Status)
	}
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(base, "http")+"/api/kernels/"+k.ID+"/channels", http.Header{"Authorization": {"token " + token}})
	if err != nil {
		t.Fatal(err)
	}
	c := &wsClient{t: t, conn: conn, session: "x"}
	defer conn.Close()
	pid := c.pid()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	eventually(t, "the kernel is gone", func() bool { return !alive(pid) })
	http.DefaultClient.CloseIdleConnections()
}

// A stock client in Python against this server.
func TestPythonClient(t *testing.T) {
	py := python(t, "requests", "websocket", "ipykernel")
	s := start(t)
	out, err := exec.Command(py, filepath.Join("testdata", "client.py"), s.base, s.Token(), pythonKernel).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// JupyterLab's own client library under Node, from the page's packages (npm ci in web/frontend; or NODE_PATH).
func TestJupyterLabServices(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip(err)
	}
	modules := os.Getenv("NODE_PATH")
	if modules == "" {
		modules = filepath.Join("frontend", "node_modules")
	}
	if modules, err = filepath.Abs(modules); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "@jupyterlab", "services")); err != nil {
		t.Skip("the page's packages are not installed")
	}
	s := start(t)
	needPythonKernel(t, s)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, filepath.Join("testdata", "services.cjs"), s.base, s.Token(), pythonKernel)
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}
