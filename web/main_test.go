package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if mode := os.Getenv("WEB_TEST_SERVER"); mode != "" {
		os.Exit(serveAsChild(mode))
	}
	goleak.VerifyTestMain(m)
}

// logBuffer collects what a server logs.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// testServer is a running server with a folder of its own.
type testServer struct {
	*Server
	t    *testing.T
	dir  string
	base string // http://127.0.0.1:port
	logs *logBuffer
}

var testPage = fstest.MapFS{
	"index.html":                  {Data: []byte("<html><head>" + configMarker + "</head>start</html>")},
	"notebook.html":               {Data: []byte("<html><head>" + configMarker + "</head>notebook</html>")},
	"assets/app.0123456789.js":    {Data: []byte("plain();")},
	"assets/app.0123456789.js.br": {Data: []byte("pretend brotli")},
	"favicon.svg":                 {Data: []byte("<svg/>")},
	"schemas/@x/pkg/plugin.json":  {Data: []byte(`{"title":"T","type":"object"}`)},
	"themes/@x/theme/index.css":   {Data: []byte("body{}")},
}

func start(t *testing.T, change ...func(*Config)) *testServer {
	t.Helper()
	logs := &logBuffer{}
	c := Config{
		Dir: t.TempDir(), DataDir: t.TempDir(), Addr: "127.0.0.1:0", Static: testPage, NoTrash: true,
		Logger: slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	c.Kernel.ConnectionDir = t.TempDir()
	for _, f := range change {
		f(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error("stop:", err)
		}
		http.DefaultClient.CloseIdleConnections()
		if t.Failed() {
			t.Log(logs.String())
		}
		if strings.Contains(logs.String(), s.Token()) {
			t.Error("the token is in the log")
		}
	})
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	<-s.Started()
	return &testServer{Server: s, t: t, dir: s.contents.Dir(), base: "http://" + s.Addr().String(), logs: logs}
}

// answer is a response with its body.
type answer struct {
	*http.Response
	body string
}

func (a answer) json(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
}

// request is one request to a test server: by default with the token in the header.
type request struct {
	method, path string
	body         any // string, or made JSON
	header       map[string]string
	host         string
	noToken      bool
	client       *http.Client
}

func (s *testServer) do(r request) answer {
	s.t.Helper()
	var body io.Reader
	switch b := r.body.(type) {
	case nil:
	case string:
		body = strings.NewReader(b)
	default:
		data, err := json.Marshal(b)
		if err != nil {
			s.t.Fatal(err)
		}
		body = bytes.NewReader(data)
	}
	if r.method == "" {
		r.method = "GET"
	}
	req, err := http.NewRequest(r.method, s.base+r.path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if !r.noToken {
		req.Header.Set("Authorization", "token "+s.Token())
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	if r.host != "" {
		req.Host = r.host
	}
	client := r.client
	if client == nil {
		client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	data, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{res, string(data)}
}

// want does a request and checks its status.
func (s *testServer) want(status int, r request) answer {
	s.t.Helper()
	a := s.do(r)
	if a.StatusCode != status {
		s.t.Fatalf("%s %s: %d, want %d: %s", r.method, r.path, a.StatusCode, status, a.body)
	}
	return a
}

// browser returns a client that has signed in with a cookie, as a browser does through the printed address.
func (s *testServer) browser() *http.Client {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	a := s.do(request{path: "/?token=" + s.Token(), noToken: true, client: c, header: map[string]string{"Accept": "text/html"}})
	if a.StatusCode != 200 || a.Request.URL.RawQuery != "" {
		s.t.Fatalf("sign-in: %d at %s", a.StatusCode, a.Request.URL)
	}
	return c
}

func (s *testServer) cookie(c *http.Client, name string) string {
	u, _ := url.Parse(s.base)
	for _, k := range c.Jar.Cookies(u) {
		if k.Name == name {
			return k.Value
		}
	}
	return ""
}

// python returns an interpreter that has the modules, or skips the test.
func python(t *testing.T, modules ...string) string {
	t.Helper()
	const exe = "/usr/bin/python3"
	if out, err := exec.Command(exe, "-c", "import "+strings.Join(modules, ",")).CombinedOutput(); err != nil {
		t.Skipf("no Python with %v: %s", modules, out)
	}
	return exe
}

// hangs is after which time what a test waits for does not come: machines are busy.
const hangs = 2 * time.Minute

// eventually waits for a condition that another process brings about.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(hangs); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not in time: " + what)
		}
	}
}

// serveAsChild is the test binary as a server of its own, to be killed.
func serveAsChild(dir string) int {
	s, err := New(Config{Dir: dir, DataDir: dir + "/.data", Addr: "127.0.0.1:0", Token: "child-token-0123456789"})
	if err == nil {
		err = s.Start(context.Background())
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(s.URL())
	<-s.Done()
	return 0
}
