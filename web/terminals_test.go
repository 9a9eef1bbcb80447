package web

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"poolbook/web/internal/terminals"
)

func needTerminals(t *testing.T) {
	t.Helper()
	if !terminals.Available {
		t.Skip("there are no terminals on this system")
	}
	t.Setenv("SHELL", "/bin/sh")
	t.Setenv("ENV", "")
}

// terminalClient speaks with a terminal as JupyterLab does.
type terminalClient struct {
	t    *testing.T
	conn *websocket.Conn
}

func (s *testServer) terminal(name string) terminalClient {
	s.t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.base, "http")+"/terminals/websocket/"+name,
		http.Header{"Authorization": {"token " + s.Token()}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	return terminalClient{s.t, conn}
}

func (c terminalClient) send(message ...any) {
	c.t.Helper()
	if err := c.conn.WriteJSON(message); err != nil {
		c.t.Fatal(err)
	}
}

func (c terminalClient) next() []any {
	c.t.Helper()
	var m []any
	_ = c.conn.SetReadDeadline(time.Now().Add(time.Minute))
	if err := c.conn.ReadJSON(&m); err != nil {
		c.t.Fatal(err)
	}
	return m
}

// until reads what the shell writes until the text is in it.
func (c terminalClient) until(text string) {
	c.t.Helper()
	var all string
	for !strings.Contains(all, text) {
		m := c.next()
		if m[0] != "stdout" {
			c.t.Fatalf("got %v after %q", m, all)
		}
		all += m[1].(string)
	}
}

func TestTerminals(t *testing.T) {
	needTerminals(t)
	s := start(t)
	if err := os.Mkdir(filepath.Join(s.dir, "inner"), 0o777); err != nil {
		t.Fatal(err)
	}
	if got := s.want(200, request{path: "/api/terminals"}).body; strings.TrimSpace(got) != "[]" {
		t.Error(got)
	}
	var one terminalModel
	s.want(200, request{method: "POST", path: "/api/terminals"}).json(t, &one)
	if one.Name != "1" || one.LastActivity.IsZero() {
		t.Error(one)
	}
	var inner terminalModel
	s.want(200, request{method: "POST", path: "/api/terminals", body: map[string]string{"name": "mine", "cwd": "inner/not-there"}}).json(t, &inner)
	s.want(http.StatusConflict, request{method: "POST", path: "/api/terminals", body: map[string]string{"name": "mine"}})
	s.want(200, request{path: "/api/terminals/mine"})
	s.want(404, request{path: "/api/terminals/2"})
	s.want(404, request{path: "/terminals/websocket/2"})
	s.want(400, request{path: "/terminals/websocket/1"}) // no websocket

	c := s.terminal("mine")
	if m := c.next(); m[0] != "setup" {
		t.Error(m)
	}
	c.send("set_size", 31, 91.5, 100, 100)
	c.send("stdin", "basename $PWD; stty size\n")
	c.until("inner\r\n31 91")
	c.send("a word of a newer client", 1)
	again := s.terminal("mine")
	again.next()
	again.until("31 91")
	c.send("stdin", "exit\n")
	for m := again.next(); m[0] != "disconnect"; m = again.next() {
	}
	if _, _, err := again.conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Error(err)
	}
	s.want(404, request{path: "/api/terminals/mine"})

	// What is no message ends the connection with the reason, and the terminal goes on.
	for _, bad := range []string{"", "x", "{}", "[]", "[1]", `["stdin"]`, `["stdin",1]`, `["set_size",1]`, "\xff"} {
		d := s.terminal("1")
		if err := d.conn.WriteMessage(websocket.TextMessage, []byte(bad)); err != nil {
			t.Error(err)
		}
		var err error
		for err == nil {
			_, _, err = d.conn.ReadMessage()
		}
		if !websocket.IsCloseError(err, websocket.CloseInvalidFramePayloadData) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	open := s.terminal("1")
	open.next()
	s.want(204, request{method: "DELETE", path: "/api/terminals/1"})
	for m := open.next(); m[0] != "disconnect"; m = open.next() {
	}
	s.want(404, request{method: "DELETE", path: "/api/terminals/1"})

	// The server ends with what is left.
	s.want(200, request{method: "POST", path: "/api/terminals"})
	s.terminal("1").send("stdin", "sleep 1000\n")
}

// TestNoTerminals holds that a server that was started without terminals has none.
func TestNoTerminals(t *testing.T) {
	s := start(t, func(c *Config) { c.NoTerminals = true })
	for _, a := range []request{
		{path: "/api/terminals"}, {method: "POST", path: "/api/terminals"}, {path: "/api/terminals/1"}, {path: "/terminals/websocket/1"},
		{path: "/terminals/1"},
	} {
		if got := s.want(404, a).body; !strings.Contains(got, "terminals") {
			t.Error(got)
		}
	}
	if got := s.want(200, request{path: "/"}).body; !strings.Contains(got, `"terminalsAvailable":"false"`) {
		t.Error(got)
	}
}
