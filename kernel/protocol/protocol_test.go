package protocol

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestHeader(t *testing.T) {
	for _, text := range []string{
		`{"msg_id":"1","msg_type":"x","session":"s","username":"u","date":"2026-01-02T03:04:05.678Z","version":"5.3"}`,
		`{ "msg_id" : "1", "msg_type":"x", "extra": {"a": "<b>"}, "subshell_id": null }`,
	} {
		var h Header
		if err := json.Unmarshal([]byte(text), &h); err != nil {
			t.Fatal(err)
		}
		raw, err := h.Raw()
		if err != nil || string(raw) != text {
			t.Errorf("got %s, %v, want %s", raw, err, text)
		}
		if h.IsZero() || h.ID != "1" || h.Type != "x" {
			t.Errorf("got %+v", h)
		}
	}
	for _, text := range []string{"null", "{}"} {
		var h Header
		if err := json.Unmarshal([]byte(text), &h); err != nil || h.ID != "" {
			t.Errorf("%s: %+v, %v", text, h, err)
		}
	}
	if raw, err := (Header{}).Raw(); err != nil || string(raw) != "{}" {
		t.Errorf("zero header is %s, %v", raw, err)
	}
	h := NewHeader("x", "s", "u")
	if at, ok := h.Time(); !ok || time.Since(at).Abs() > time.Minute || h.ID == NewHeader("x", "s", "u").ID {
		t.Errorf("new header %+v", h)
	}
}

func TestHeaderTime(t *testing.T) {
	want := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	for _, date := range []string{"2026-01-02T03:04:05.678Z", "2026-01-02T04:04:05.678000+01:00", "2026-01-02T03:04:05.678000", "2026-01-02 03:04:05.678"} {
		if got, ok := (Header{Date: date}).Time(); !ok || !got.Equal(want) {
			t.Errorf("%s is %v, %v", date, got, ok)
		}
	}
	for _, date := range []string{"", "yesterday", "2026-13-01T00:00:00Z"} {
		if got, ok := (Header{Date: date}).Time(); ok {
			t.Errorf("%q is %v", date, got)
		}
	}
}

func TestDecodeDefaults(t *testing.T) {
	r, err := Decode[ExecuteRequest](&Message{Content: []byte(`{"code":"x"}`)})
	if err != nil || !r.StoreHistory || !r.AllowStdin || !r.StopOnError || r.Silent {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = Decode[ExecuteRequest](&Message{Content: []byte(`{"code":"x","stop_on_error":false,"store_history":false,"allow_stdin":false}`)})
	if err != nil || r.StoreHistory || r.AllowStdin || r.StopOnError {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err = Decode[ExecuteRequest](&Message{Content: []byte(`{"code":7}`)}); !errors.Is(err, ErrContent) {
		t.Errorf("got %v", err)
	}
	if r, err := Decode[HistoryRequest](&Message{}); err != nil || r.N != nil || r.Stop != nil {
		t.Errorf("%+v, %v", r, err)
	}
}

// An error reply has the error's fields next to its own, and a good one has none of them.
func TestExecuteReply(t *testing.T) {
	raw, err := Marshal(ExecuteReply{Status: StatusError, ErrorInfo: &ErrorInfo{Name: "E", Value: "<v>", Traceback: []string{"t"}}})
	if err != nil || !strings.Contains(string(raw), `"ename":"E","evalue":"<v>","traceback":["t"]`) {
		t.Errorf("%s, %v", raw, err)
	}
	var back ExecuteReply
	if err := json.Unmarshal(raw, &back); err != nil || back.ErrorInfo == nil || back.Name != "E" {
		t.Errorf("%+v, %v", back, err)
	}
	raw, err = Marshal(ExecuteReply{Status: StatusOK})
	if err != nil || strings.Contains(string(raw), "ename") {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestConnection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.json")
	c := Connection{Transport: "tcp", IP: "127.0.0.1", ShellPort: 1, IOPubPort: 2, StdinPort: 3, ControlPort: 4, HBPort: 5,
		Key: "k", SignatureScheme: "hmac-sha256", KernelName: "go"}
	if err := c.Write(path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	got, err := ReadConnection(path)
	if err != nil || got != c {
		t.Errorf("%+v, %v", got, err)
	}
	for ch, want := range map[Channel]string{Shell: "127.0.0.1:1", IOPub: "127.0.0.1:2", Stdin: "127.0.0.1:3", Control: "127.0.0.1:4", Heartbeat: "127.0.0.1:5"} {
		if network, address := c.Address(ch); network != "tcp" || address != want {
			t.Errorf("%s is at %s %s", ch, network, address)
		}
		if ch.Valid() != (ch != Heartbeat) {
			t.Errorf("%s: valid %v", ch, ch.Valid())
		}
	}
	c.Transport, c.IP = "ipc", "/tmp/x"
	if network, address := c.Address(Stdin); network != "unix" || address != "/tmp/x-3" {
		t.Errorf("ipc is at %s %s", network, address)
	}
	if err := os.WriteFile(path, []byte(`{"key":""}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadConnection(path); err != nil || got.Transport != "tcp" || got.SignatureScheme != "hmac-sha256" {
		t.Errorf("defaults: %+v, %v", got, err)
	}
	for _, bad := range []string{"", "[]", `{"transport":"udp"}`, `{"hb_port":-1}`} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadConnection(path); !errors.Is(err, ErrConnectionFile) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
