package kernel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"poolbook/kernel/protocol"
)

func TestExecute(t *testing.T) {
	f := newFront(t, Config{})
	tests := []struct {
		name string
		req  protocol.ExecuteRequest
		want []string
	}{
		{"result", execute("print a\nstderr b\nprint c\nvalue 42"), []string{
			"status busy", `input 1 "print a\nstderr b\nprint c\nvalue 42"`, `stdout "a\n"`, `stderr "b\n"`, `stdout "c\n"`,
			"result 1 map[text/plain:42]", "status idle"}},
		{"nothing", execute(""), []string{"status busy", `input 2 ""`, "status idle"}},
		{"error", execute("print x\nerror wrong"), []string{"status busy", `input 3 "print x\nerror wrong"`, `stdout "x\n"`,
			`error EchoError: wrong ["error wrong" "wrong"]`, "status idle"}},
		{"panic", execute("panic oh"), []string{"status busy", `input 4 "panic oh"`, `error Panic: oh ["panic: oh"]`, "status idle"}},
		{"silent", protocol.ExecuteRequest{Code: "print x\nvalue 1", Silent: true, StoreHistory: true}, []string{"status busy", "status idle"}},
		{"not stored", protocol.ExecuteRequest{Code: "value 1"}, []string{"status busy", `input 5 "value 1"`,
			"result 5 map[text/plain:1]", "status idle"}},
		{"display", execute("print a\ndisplay x\nupdate y\nclear wait\nprint b"), []string{
			"status busy", `input 5 "print a\ndisplay x\nupdate y\nclear wait\nprint b"`, `stdout "a\n"`,
			`display_data {"data":{"image/png":"AQI=","text/html":"<b>x</b>"},"metadata":{},"transient":{"display_id":"id"}}`,
			`update_display_data {"data":{"text/html":"y"},"metadata":{},"transient":{"display_id":"id"}}`,
			`clear_output {"wait":true}`, `stdout "b\n"`, "status idle"}},
		{"characters in pieces", execute("bytes aπ☃b"), []string{"status busy", `input 6 "bytes aπ☃b"`, `stdout "aπ☃b"`, "status idle"}},
		{"half a character", execute("bytes a\xcf\nstderr b"), []string{"status busy", `input 7 "bytes a�\nstderr b"`,
			`stdout "a�"`, `stderr "b\n"`, "status idle"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f.t = t
			out, reply := f.run(tt.req)
			want(t, out, tt.want...)
			failed := strings.HasPrefix(tt.want[len(tt.want)-2], "error")
			if failed != (reply.Status == "error") || failed != (reply.ErrorInfo != nil) {
				t.Errorf("reply %+v", reply)
			}
		})
	}
}

func TestUserExpressions(t *testing.T) {
	f := newFront(t, Config{})
	req := execute("print x")
	req.UserExpressions = map[string]string{"good": "value 7", "bad": "error no", "loud": "print y\nvalue 8"}
	out, reply := f.run(req)
	want(t, out, "status busy", `input 1 "print x"`, `stdout "x\n"`, "status idle")
	got := map[string]map[string]any{}
	for name, raw := range reply.UserExpressions {
		var v map[string]any
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		got[name] = v
	}
	if got["good"]["status"] != "ok" || fmt.Sprint(got["good"]["data"]) != "map[text/plain:7]" ||
		got["bad"]["status"] != "error" || got["bad"]["evalue"] != "no" || fmt.Sprint(got["loud"]["data"]) != "map[text/plain:8]" {
		t.Errorf("got %v", got)
	}
}

func TestCellID(t *testing.T) {
	f := newFront(t, Config{})
	m := f.send(f.shell, "execute_request", execute("id"), func(m *protocol.Message) { m.Metadata = []byte(`{"cellId":"abc"}`) })
	if out := f.outputs(m); !strings.Contains(strings.Join(out, "\n"), "map[text/plain:abc]") {
		t.Errorf("got %q", out)
	}
	m = f.send(f.shell, "execute_request", execute("id"))
	if out := f.outputs(m); !strings.Contains(strings.Join(out, "\n"), "map[text/plain:"+m.Header.ID+"]") {
		t.Errorf("got %q", out)
	}
}

// Output that comes after the cell is done still has the cell as its parent.
func TestLateOutput(t *testing.T) {
	f := newFront(t, Config{})
	first := f.send(f.shell, "execute_request", execute("later hello\nprint now"))
	want(t, f.outputs(first), "status busy", `input 1 "later hello\nprint now"`, `stdout "now\n"`, "status idle")
	second := f.send(f.shell, "execute_request", execute("print second"))
	f.outputs(second)
	close(f.session.release)
	m := f.published()
	for m.Parent.ID == "" { // that the kernel starts is nobody's output, and may come late
		m = f.published()
	}
	if line := describe(t, m); line != `stdout "hello\n"` || m.Parent.ID != first.Header.ID {
		t.Errorf("got %s for %s", line, m.Parent.ID)
	}
}

func TestCoalescing(t *testing.T) {
	f := newFront(t, Config{})
	const n = 100_000
	out, _ := f.run(execute(fmt.Sprintf("lines %d", n)))
	var text strings.Builder
	streams := 0
	for _, line := range out {
		if quoted, ok := strings.CutPrefix(line, "stdout "); ok {
			var s string
			if err := json.Unmarshal([]byte(quoted), &s); err != nil {
				t.Fatal(err)
			}
			text.WriteString(s)
			streams++
		}
	}
	i := 0
	for line := range strings.Lines(text.String()) {
		if line != fmt.Sprintf("line %d\n", i) {
			t.Fatalf("line %d is %q", i, line)
		}
		i++
	}
	if i != n || streams > 100 {
		t.Errorf("%d lines in %d messages", i, streams)
	}
}

// The writer waits for a slow reader; an interrupt ends the wait, and nothing is lost.
func TestSlowReader(t *testing.T) {
	f := newFront(t, Config{})
	f.iopub.mu.Lock()
	f.iopub.hold = make(chan struct{})
	f.iopub.mu.Unlock()
	m := f.send(f.shell, "execute_request", execute("signal\nlines 20000\nsignal\nwait"))
	<-f.session.running
	select {
	case <-f.session.running:
		t.Fatal("the writer did not wait")
	case <-time.After(100 * time.Millisecond):
	}
	close(f.iopub.hold)
	<-f.session.running
	f.iopub.mu.Lock()
	f.iopub.hold = make(chan struct{})
	f.iopub.mu.Unlock()
	defer close(f.iopub.hold)
	f.reply(f.control, f.send(f.control, "interrupt_request", nil))
	reply := decode[protocol.ExecuteReply](t, f.reply(f.shell, m))
	if reply.Status != "error" || reply.Name != "Interrupted" {
		t.Errorf("reply %+v", reply)
	}
	n := 0
	for _, line := range f.outputs(m) {
		n += strings.Count(line, `\n`)
	}
	if want := 20000 + 4 + 0; n < 20000 || n > want+1 {
		t.Errorf("%d lines", n)
	}
}

func TestOutputCap(t *testing.T) {
	f := newFront(t, Config{OutputCap: 1000, SpoolCap: 5000})
	out, _ := f.run(execute("lines 200\nprint end"))
	var whole bytes.Buffer
	for i := range 200 {
		fmt.Fprintf(&whole, "line %d\n", i)
	}
	whole.WriteString("end\n")
	var shown strings.Builder
	var notes []string
	for _, line := range out {
		if quoted, ok := strings.CutPrefix(line, "stdout "); ok {
			var s string
			_ = json.Unmarshal([]byte(quoted), &s)
			shown.WriteString(s)
		}
		if _, content, ok := strings.Cut(line, "display_data "); ok {
			var d protocol.DisplayData
			if err := json.Unmarshal([]byte(content), &d); err != nil {
				t.Fatal(err)
			}
			notes = append(notes, d.Data["text/plain"].(string))
		}
	}
	if shown.String() != whole.String()[:1000] || len(notes) < 2 {
		t.Fatalf("shown %d bytes, notes %q", shown.Len(), notes)
	}
	held := whole.Len() - 1000
	last := notes[len(notes)-1]
	if !strings.Contains(last, fmt.Sprintf("; %d bytes more are held back in ", held)) {
		t.Errorf("note %q, want %d bytes", last, held)
	}
	_, path, _ := strings.Cut(last, "held back in ")
	path, _, _ = strings.Cut(path, " ")
	data, err := os.ReadFile(path)
	if err != nil || string(data) != whole.String()[1000:] {
		t.Errorf("file has %d bytes, %v", len(data), err)
	}
	out, _ = f.run(execute("lines 1000"))
	if text := strings.Join(out, "\n"); !strings.Contains(text, "2890 are lost: the file has reached its limit") {
		t.Errorf("no word of lost bytes: %.3000s", text)
	}
}

func TestInterrupt(t *testing.T) {
	f := newFront(t, Config{})
	m := f.send(f.shell, "execute_request", execute("wait"))
	<-f.session.running
	f.reply(f.control, f.send(f.control, "interrupt_request", nil))
	reply := decode[protocol.ExecuteReply](t, f.reply(f.shell, m))
	if reply.Name != "Interrupted" {
		t.Errorf("reply %+v", reply)
	}
	// With nothing running it is answered, and does nothing to the next cell.
	f.reply(f.control, f.send(f.control, "interrupt_request", nil))
	if _, reply := f.run(execute("print x")); reply.Status != "ok" {
		t.Errorf("reply %+v", reply)
	}
}

func TestStopOnError(t *testing.T) {
	f := newFront(t, Config{})
	first := f.send(f.shell, "execute_request", execute("signal\nstuck\nerror x"))
	<-f.session.running
	second := f.send(f.shell, "execute_request", execute("print 2"))
	third := f.send(f.shell, "is_complete_request", protocol.IsCompleteRequest{Code: "x"})
	fourth := f.send(f.shell, "execute_request", execute("print 4"))
	<-f.session.running
	waitFor(t, func() bool { // until all are in the queue
		f.server.shells[""].mu.Lock()
		defer f.server.shells[""].mu.Unlock()
		return len(f.server.shells[""].queue) == 3
	})
	close(f.session.release)
	f.reply(f.shell, first)
	for _, m := range []*protocol.Message{second, third, fourth} {
		r := f.reply(f.shell, m)
		status := decode[protocol.SimpleReply](t, r).Status
		if want := map[bool]string{true: "aborted", false: "complete"}[m != third]; status != want {
			t.Errorf("%s: status %s, want %s", m.Header.Type, status, want)
		}
		if strings.Contains(string(r.Content), "execution_count") {
			t.Errorf("a cell that did not run has a number: %s", r.Content)
		}
	}
	want(t, f.outputs(second), "status busy", "status idle")

	// A cell that was sent before the failure could be known is aborted though it arrives after it; a later one is not.
	req := execute("error again")
	failed := f.send(f.shell, "execute_request", req)
	f.reply(f.shell, failed)
	early := f.send(f.shell, "execute_request", execute("print 5"), func(m *protocol.Message) { m.Header.Date = failed.Header.Date })
	if r := decode[protocol.ExecuteReply](t, f.reply(f.shell, early)); r.Status != "aborted" {
		t.Errorf("sent before the failure: %+v", r)
	}
	if _, r := f.run(execute("print 6")); r.Status != "ok" {
		t.Errorf("sent after the failure: %+v", r)
	}
	// Without stop_on_error nothing is aborted.
	req.StopOnError = false
	failed = f.send(f.shell, "execute_request", req)
	next := f.send(f.shell, "execute_request", execute("print 7"))
	f.reply(f.shell, failed)
	if r := decode[protocol.ExecuteReply](t, f.reply(f.shell, next)); r.Status != "ok" {
		t.Errorf("without stop_on_error: %+v", r)
	}
}

func waitFor(t *testing.T, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(soon); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not happen")
		}
	}
}

func TestInput(t *testing.T) {
	f := newFront(t, Config{})
	ask := func(code string) *protocol.Message {
		t.Helper()
		m := f.send(f.shell, "execute_request", execute(code))
		<-f.session.running
		return m
	}
	answer := func(parent protocol.Header, value string) {
		f.send(f.stdin, "input_reply", protocol.InputReply{Value: value}, func(m *protocol.Message) { m.Parent = parent })
	}
	// What is on stdin before the question is not an answer.
	answer(protocol.Header{}, "too early")
	waitFor(t, func() bool { return strings.Contains(f.log.String(), "answers no question") })
	for i, parent := range []func(cell, question *protocol.Message) protocol.Header{
		func(cell, question *protocol.Message) protocol.Header { return question.Header },
		func(cell, question *protocol.Message) protocol.Header { return cell.Header },
		func(cell, question *protocol.Message) protocol.Header { return protocol.Header{} },
	} {
		m := ask("print before\ninput name?")
		q := f.next(f.stdin)
		if r := decode[protocol.InputRequest](t, q); q.Header.Type != "input_request" || r.Prompt != "name?" || r.Password || q.Parent.ID != m.Header.ID {
			t.Errorf("asked %+v", r)
		}
		answer(protocol.NewHeader("x", "y", "z"), "stranger")
		answer(parent(m, q), "Ada")
		out := f.outputs(m)
		if text := strings.Join(out, "\n"); !strings.Contains(text, `"you said Ada\n"`) {
			t.Errorf("%d: got %q", i, out)
		}
		f.reply(f.shell, m)
	}
	m := ask("password pin?")
	if r := decode[protocol.InputRequest](t, f.next(f.stdin)); !r.Password {
		t.Error("the password is shown")
	}
	f.reply(f.control, f.send(f.control, "interrupt_request", nil))
	if r := decode[protocol.ExecuteReply](t, f.reply(f.shell, m)); r.Name != "Interrupted" {
		t.Errorf("reply %+v", r)
	}
	req := execute("input x")
	req.AllowStdin = false
	if _, r := f.run(req); r.Status != "error" || r.Value != ErrNoStdin.Error() {
		t.Errorf("reply %+v", r)
	}
}

func TestInfoFamilies(t *testing.T) {
	f := newFront(t, Config{})
	for _, p := range []*pipe{f.shell, f.control} {
		m := f.send(p, "kernel_info_request", nil)
		r := decode[protocol.KernelInfoReply](t, f.reply(p, m))
		if r.Status != "ok" || r.ProtocolVersion != "5.5" || r.LanguageInfo.Name != "echo" || len(r.SupportedFeatures) != 1 {
			t.Errorf("kernel_info %+v", r)
		}
		want(t, f.outputs(m), "status busy", "status idle")
	}
	for code, wanted := range map[string]protocol.IsCompleteReply{
		"x": {Status: "complete"}, "if {": {Status: "incomplete", Indent: "\t"}, "bad": {Status: "invalid"}} {
		r := decode[protocol.IsCompleteReply](t, f.reply(f.shell, f.send(f.shell, "is_complete_request", protocol.IsCompleteRequest{Code: code})))
		if r != wanted {
			t.Errorf("is_complete %q: %+v", code, r)
		}
	}
	// Positions count characters: 𝄞 is one of four bytes, and two UTF-16 units.
	r := decode[protocol.CompleteReply](t, f.reply(f.shell, f.send(f.shell, "complete_request", protocol.CompleteRequest{Code: "é𝄞 ab cd", CursorPos: 5})))
	if r.CursorStart != 3 || r.CursorEnd != 5 || len(r.Matches) != 1 || r.Matches[0] != "ab!" || r.Metadata["_jupyter_types_experimental"] == nil {
		t.Errorf("complete %+v", r)
	}
	for pos, wanted := range map[int]string{-4: "|é𝄞x 1", 1: "é|𝄞x 1", 2: "é𝄞|x 1", 3: "é𝄞x| 1", 99: "é𝄞x| 1"} {
		i := decode[protocol.InspectReply](t, f.reply(f.shell, f.send(f.shell, "inspect_request",
			protocol.InspectRequest{Code: "é𝄞x", CursorPos: pos, DetailLevel: 1})))
		if !i.Found || i.Data["text/plain"] != wanted {
			t.Errorf("inspect at %d: %+v", pos, i)
		}
	}
	if i := decode[protocol.InspectReply](t, f.reply(f.shell, f.send(f.shell, "inspect_request", protocol.InspectRequest{}))); i.Found || i.Status != "ok" || i.Data == nil {
		t.Errorf("inspect of nothing: %+v", i)
	}
	if e := decode[protocol.ErrorReply](t, f.reply(f.shell, f.send(f.shell, "complete_request", protocol.CompleteRequest{Code: "panic"}))); e.Status != "error" || !strings.Contains(e.Value, "completion") {
		t.Errorf("a panic in completion: %+v", e)
	}
	u := decode[protocol.UsageReply](t, f.reply(f.control, f.send(f.control, "usage_request", nil)))
	if u.PID != os.Getpid() || u.KernelMemory < 1<<20 || u.CPUCount < 1 {
		t.Errorf("usage %+v", u)
	}
}

// An update of a display that is not there shows it; so does a cell that is run again, whose displays front ends have removed.
func TestDisplays(t *testing.T) {
	f := newFront(t, Config{})
	inCell := func(id string) func(*protocol.Message) {
		return func(m *protocol.Message) { m.Metadata = []byte(`{"cellId":"` + id + `"}`) }
	}
	for _, tt := range []struct{ cell, code, want string }{
		{"a", "update 1", "display_data"}, {"b", "update 2", "update_display_data"}, {"b", "update 2", "update_display_data"},
		{"a", "update 3", "display_data"}, {"b", "update 4", "update_display_data"}, {"", "update 4", "update_display_data"},
		{"c", "display 5", "display_data"},
	} {
		m := f.send(f.shell, "execute_request", execute(tt.code), inCell(tt.cell))
		if out := f.outputs(m); len(out) != 4 || !strings.HasPrefix(out[2], tt.want+" ") {
			t.Errorf("%s in cell %q: %q, want %s", tt.code, tt.cell, out, tt.want)
		}
	}
}

// Without a session that lists variables there is nothing to explore, and no debugger.
func TestDebugRequests(t *testing.T) {
	f := newFront(t, Config{})
	for command, success := range map[string]bool{"debugInfo": true, "inspectVariables": false, "initialize": false} {
		r := decode[protocol.DebugReply](t, f.reply(f.control, f.send(f.control, "debug_request", protocol.DebugRequest{Type: "request", Seq: 3, Command: command})))
		if r.Success != success || r.RequestSeq != 3 || r.Command != command || r.Type != "response" || !success && r.Message == "" {
			t.Errorf("%s: %+v", command, r)
		}
	}
	m := f.send(f.shell, "comm_open", protocol.CommOpen{ID: "v", TargetName: VariablesTarget})
	want(t, f.outputs(m), "status busy", `comm_close {"comm_id":"v","data":{}}`, "status idle")
}

func TestComms(t *testing.T) {
	f := newFront(t, Config{})
	m := f.send(f.shell, "comm_open", protocol.CommOpen{ID: "c1", TargetName: "echo", Data: []byte(`{"a":1}`)})
	want(t, f.outputs(m), "status busy", `stdout "opened with {\"a\":1}\n"`, "status idle")
	m = f.send(f.shell, "comm_msg", protocol.CommMsg{ID: "c1", Data: []byte(`{"b":2}`)}, func(m *protocol.Message) { m.Buffers = [][]byte{{7}} })
	want(t, f.outputs(m), "status busy", `stdout "got {\"b\":2}\n"`, `comm_msg {"comm_id":"c1","data":{"b":2}}`, "status idle")
	info := func(target string) map[string]protocol.CommInfo {
		return decode[protocol.CommInfoReply](t, f.reply(f.shell, f.send(f.shell, "comm_info_request", protocol.CommInfoRequest{TargetName: target}))).Comms
	}
	if c := info(""); len(c) != 1 || c["c1"].TargetName != "echo" || len(info("other")) != 0 {
		t.Errorf("open: %v", c)
	}
	unknown := f.send(f.shell, "comm_open", protocol.CommOpen{ID: "c2", TargetName: "nobody"})
	want(t, f.outputs(unknown), "status busy", `comm_close {"comm_id":"c2","data":{}}`, "status idle")
	out, _ := f.run(execute("comm"))
	if len(out) != 4 || !strings.HasPrefix(out[2], `comm_open {"comm_id":"`) || !strings.HasSuffix(out[2], `"target_name":"front","data":{"n":1}}`) {
		t.Errorf("opened by a cell: %q", out)
	}
	if len(info("front")) != 1 {
		t.Error("the cell's comm is not open")
	}
	f.outputs(f.send(f.shell, "comm_close", protocol.CommMsg{ID: "c1"}))
	if got := <-f.session.running; got != "comm closed" || len(info("echo")) != 0 {
		t.Errorf("after close: %s, %v", got, info("echo"))
	}
	// Messages for comms that are not open have no answer and do no harm.
	want(t, f.outputs(f.send(f.shell, "comm_msg", protocol.CommMsg{ID: "c1"})), "status busy", "status idle")
}

// The echo of a comm message carries its buffers and has the message as its parent.
func TestCommBuffers(t *testing.T) {
	f := newFront(t, Config{})
	open := f.send(f.shell, "comm_open", protocol.CommOpen{ID: "c1", TargetName: "echo"})
	f.outputs(open)
	sent := f.send(f.shell, "comm_msg", protocol.CommMsg{ID: "c1", Data: []byte(`{}`)}, func(m *protocol.Message) { m.Buffers = [][]byte{{7, 8}} })
	for {
		m := f.published()
		if m.Header.Type == "comm_msg" {
			if len(m.Buffers) != 1 || !bytes.Equal(m.Buffers[0], []byte{7, 8}) || m.Parent.ID != sent.Header.ID {
				t.Errorf("got %v for %s", m.Buffers, m.Parent.ID)
			}
			return
		}
	}
}

func TestSubshells(t *testing.T) {
	f := newFront(t, Config{})
	main := f.send(f.shell, "execute_request", execute("wait"))
	<-f.session.running
	created := decode[protocol.CreateSubshellReply](t, f.reply(f.control, f.send(f.control, "create_subshell_request", nil)))
	if created.Status != "ok" || created.SubshellID == "" {
		t.Fatalf("created %+v", created)
	}
	in := func(id string) func(*protocol.Message) {
		return func(m *protocol.Message) { m.Header.SubshellID = id }
	}
	// The subshell answers while the main shell is busy.
	m := f.send(f.shell, "execute_request", execute("print sub"), in(created.SubshellID))
	if r := decode[protocol.ExecuteReply](t, f.reply(f.shell, m)); r.Status != "ok" || r.ExecutionCount != 2 {
		t.Errorf("in the subshell: %+v", r)
	}
	if l := decode[protocol.ListSubshellReply](t, f.reply(f.control, f.send(f.control, "list_subshell_request", nil))); len(l.SubshellIDs) != 1 || l.SubshellIDs[0] != created.SubshellID {
		t.Errorf("list %+v", l)
	}
	unknown := f.send(f.shell, "execute_request", execute("x"), in("nobody"))
	if r := decode[protocol.ErrorReply](t, f.reply(f.shell, unknown)); r.Status != "error" {
		t.Errorf("unknown subshell: %+v", r)
	}
	want(t, f.outputs(unknown), "status busy", "status idle")
	f.outputs(f.send(f.shell, "comm_open", protocol.CommOpen{ID: "c1", TargetName: "echo"}, in(created.SubshellID)))
	// Deleting it interrupts its cell, and only that.
	m = f.send(f.shell, "execute_request", execute("wait"), in(created.SubshellID))
	<-f.session.running
	if r := decode[protocol.SimpleReply](t, f.reply(f.control, f.send(f.control, "delete_subshell_request", protocol.DeleteSubshellRequest{SubshellID: created.SubshellID}))); r.Status != "ok" {
		t.Errorf("delete %+v", r)
	}
	if r := decode[protocol.ExecuteReply](t, f.reply(f.shell, m)); r.Name != "Interrupted" {
		t.Errorf("its cell: %+v", r)
	}
	if r := decode[protocol.ErrorReply](t, f.reply(f.control, f.send(f.control, "delete_subshell_request", protocol.DeleteSubshellRequest{SubshellID: created.SubshellID}))); r.Status != "error" {
		t.Errorf("deleted again: %+v", r)
	}
	f.reply(f.control, f.send(f.control, "interrupt_request", nil))
	if r := decode[protocol.ExecuteReply](t, f.reply(f.shell, main)); r.Name != "Interrupted" {
		t.Errorf("the main shell's cell: %+v", r)
	}
	// Its comm can still be closed.
	closed := f.send(f.shell, "comm_close", protocol.CommMsg{ID: "c1"}, in(created.SubshellID))
	want(t, f.outputs(closed), "status busy", "status idle")
	if got := <-f.session.running; got != "comm closed" {
		t.Errorf("%q after the comm's end", got)
	}
}

func TestRefusedMessages(t *testing.T) {
	f := newFront(t, Config{})
	m := f.send(f.shell, "execute_request", execute("print once"))
	f.reply(f.shell, m)
	frames, err := f.codec.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	bad := [][][]byte{
		frames,                            // again
		append([][]byte{}, frames[:4]...), // truncated
		{[]byte("front"), []byte("<IDS|MSG>"), nil, []byte(`{"msg_id":"1","msg_type":"execute_request"}`), []byte("{}"), []byte("{}"), []byte(`{"code":"print unsigned"}`)},
		{},
	}
	for _, p := range []*pipe{f.shell, f.control, f.stdin} {
		for _, frames := range bad {
			p.toKernel <- frames
		}
	}
	// A signed request with wrong content gets an error; an unknown type gets busy and idle.
	if e := decode[protocol.ErrorReply](t, f.reply(f.shell, f.send(f.shell, "execute_request", map[string]any{"code": 7}))); e.Status != "error" {
		t.Errorf("reply %+v", e)
	}
	want(t, f.outputs(f.send(f.shell, "no_such_request", nil)), "status busy", "status idle")
	if e := decode[protocol.ErrorReply](t, f.reply(f.shell, f.send(f.shell, "history_request", protocol.HistoryRequest{AccessType: "x"}))); e.Status != "error" {
		t.Errorf("reply %+v", e)
	}
	if _, r := f.run(execute("print alive")); r.ExecutionCount != 2 {
		t.Errorf("something else was run: %+v", r)
	}
	log := f.log.String()
	for _, reason := range []string{"seen before", "malformed message", "wrong signature", "does not fit the message type", "no_such_request"} {
		if !strings.Contains(log, reason) {
			t.Errorf("the log has nothing of %q", reason)
		}
	}
}

func TestShutdown(t *testing.T) {
	f := newFront(t, Config{})
	m := f.send(f.shell, "execute_request", execute("wait"))
	<-f.session.running
	queued := f.send(f.shell, "execute_request", execute("print no"))
	waitFor(t, func() bool {
		f.server.shells[""].mu.Lock()
		defer f.server.shells[""].mu.Unlock()
		return len(f.server.shells[""].queue) == 1
	})
	down := f.send(f.control, "shutdown_request", protocol.ShutdownRequest{Restart: true})
	if r := decode[protocol.ShutdownReply](t, f.reply(f.control, down)); !r.Restart || r.Status != "ok" {
		t.Errorf("reply %+v", r)
	}
	want(t, f.outputs(down), "status busy", `shutdown_reply {"status":"ok","restart":true}`, "status idle")
	if r := decode[protocol.ExecuteReply](t, f.reply(f.shell, m)); r.Name != "Interrupted" {
		t.Errorf("running cell: %+v", r)
	}
	if r := decode[protocol.ExecuteReply](t, f.reply(f.shell, queued)); r.Status != "aborted" {
		t.Errorf("queued cell: %+v", r)
	}
	if err := <-f.ended; err != nil {
		t.Error(err)
	}
	close(f.ended)
}

// A cell that does not stop does not keep the kernel from ending.
func TestShutdownWithStuckCell(t *testing.T) {
	f := newFront(t, Config{})
	f.send(f.shell, "execute_request", execute("stuck"))
	<-f.session.running
	f.reply(f.control, f.send(f.control, "shutdown_request", protocol.ShutdownRequest{}))
	if err := <-f.ended; err == nil || !strings.Contains(err.Error(), ErrStuck.Error()) {
		t.Errorf("got %v", err)
	}
	close(f.ended)
	close(f.session.release)
}
