package web

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"poolbook/kernel/protocol"
	"poolbook/web/internal/wsproto"
)

// What the server promises, and the test that attacks it:
//
//	only this machine reaches it             TestListensOnLoopbackOnly
//	nobody gets in without the token         TestNobodyGetsInWithoutToken, TestGuessingIsSlowedDown, TestSignInGoesNowhereElse, TestSignOut
//	wrong Host (DNS rebinding)               TestForeignHostIsRefused
//	XSRF                                     TestXSRF, TestAnotherSessionsXSRFTokenIsNoUse, TestXSRFOfTheSignInPage
//	websockets of other sites' pages         TestCrossOriginWebsocket
//	paths with "..", links                   TestNoWayOutOfTheFolder; TestNothingLeadsOutside of internal/contents
//	scripts in files and stored outputs      TestFilesCannotActAsTheUser, TestSecurityHeaders, TestOnlyThePagesScripts; frontend/test/safety.mjs
//	oversized requests                       TestOversizedRequests; TestTooLarge of internal/contents
//	thousands of connections                 TestThousandsOfConnections, TestTooManyWebsockets
//	slow clients                             TestSlowStranger, TestManySlowStrangers, TestSlowBodiesOfStrangers, TestSlowWebsocket, TestSlowDownload
//	a save interrupted by SIGKILL            TestKilledWhileSaving of internal/contents
//	garbage on a websocket                   TestGarbageOnTheWebsocket; fuzzing of internal/wsproto
//	secrets in pages and logs                TestPageHasNoSecrets; every test looks for the token in its log

func TestListensOnLoopbackOnly(t *testing.T) {
	s, err := New(Config{Dir: t.TempDir(), DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if host, _, _ := net.SplitHostPort(s.cfg.Addr); host != "127.0.0.1" {
		t.Errorf("default address %s", s.cfg.Addr)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

// everyAPI is one address of each family that must not answer strangers.
var everyAPI = []struct{ method, path string }{
	{"GET", "/api/status"}, {"GET", "/api/me"}, {"GET", "/api/kernelspecs"}, {"GET", "/api/kernels"}, {"POST", "/api/kernels"},
	{"GET", "/api/kernels/x/channels"}, {"GET", "/api/sessions"}, {"POST", "/api/sessions"}, {"GET", "/api/contents"},
	{"GET", "/api/contents/secret.txt"}, {"PUT", "/api/contents/x"}, {"POST", "/api/contents"}, {"DELETE", "/api/contents/secret.txt"},
	{"GET", "/api/events/subscribe"}, {"POST", "/api/events"}, {"POST", "/api/shutdown"}, {"GET", "/api/config/x"}, {"PUT", "/api/config/x"},
	{"GET", "/lab/api/settings"}, {"PUT", "/lab/api/workspaces/x"}, {"GET", "/poolbook/api/tutorials"}, {"PUT", "/poolbook/api/settings/x"},
	{"GET", "/poolbook/api/kernels/x/journal"}, {"GET", "/kernelspecs/x/logo.png"}, {"GET", "/api/terminals"}, {"GET", "/api/nbconvert"},
	{"POST", "/api/terminals"}, {"DELETE", "/api/terminals/1"}, {"GET", "/terminals/websocket/1"},
}

func TestNobodyGetsInWithoutToken(t *testing.T) {
	s := start(t)
	writeFile(t, s.dir, "secret.txt", "secret")
	for _, header := range []map[string]string{
		nil,
		{"Authorization": "token wrong"},
		{"Authorization": "token "},
		{"Authorization": "Bearer null"},
		{"Authorization": "Basic " + s.Token()},
		{"Cookie": "poolbook-" + strings.Split(s.Addr().String(), ":")[1] + "=AAAA"},
		{"Cookie": "poolbook-" + strings.Split(s.Addr().String(), ":")[1] + "=" + strings.Repeat("A", 75)},
	} {
		for _, a := range everyAPI {
			got := s.want(http.StatusForbidden, request{method: a.method, path: a.path, noToken: true, header: header, body: "{}"})
			if strings.Contains(got.body, "secret\"") {
				t.Errorf("%s %s tells: %s", a.method, a.path, got.body)
			}
		}
	}
	for _, p := range []string{"/", "/tree", "/lab", "/notebooks/a.ipynb", "/files/secret.txt", "/edit/secret.txt", "/?token=wrong"} {
		got := s.want(http.StatusFound, request{path: p, noToken: true})
		if to := got.Header.Get("Location"); !strings.HasPrefix(to, "/login?next=") || strings.Contains(to, "wrong") {
			t.Errorf("%s redirects to %s", p, to)
		}
	}
	s.want(200, request{path: "/static/favicon.svg", noToken: true})
	s.want(200, request{path: "/api", noToken: true})
}

func writeFile(t *testing.T, dir, name, text string) {
	t.Helper()
	p := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestSignIn(t *testing.T) {
	s := start(t)
	c := s.browser()
	if got := s.want(200, request{path: "/api/status", noToken: true, client: c}); got.body == "" {
		t.Error("empty")
	}
	// The form, with the token and with the whole address; then away.
	for _, secret := range []string{s.Token(), " " + s.URL() + " "} {
		got := s.want(http.StatusFound, request{method: "POST", path: "/login?next=%2Fnotebooks%2Fa%2520b.ipynb%3Fx%3D1", noToken: true,
			header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, body: "password=" + strings.ReplaceAll(urlEscape(secret), "+", "%20")})
		if to := got.Header.Get("Location"); to != "/notebooks/a%20b.ipynb?x=1" {
			t.Errorf("goes on to %q", to)
		}
		if len(got.Cookies()) != 2 || !got.Cookies()[0].HttpOnly || got.Cookies()[0].SameSite != http.SameSiteLaxMode {
			t.Errorf("cookies %v", got.Cookies())
		}
	}
}

// TestSignOut holds that only its own form signs out, and that a copy of the cookie is of no use afterwards.
func TestSignOut(t *testing.T) {
	s := start(t)
	c, other := s.browser(), s.browser()
	name := "poolbook-" + strings.Split(s.Addr().String(), ":")[1]
	copied := map[string]string{"Cookie": name + "=" + s.cookie(c, name)}
	s.want(200, request{path: "/api/status", noToken: true, header: copied})
	// What a picture, a link or a form elsewhere can do.
	s.want(200, request{path: "/logout", noToken: true, client: c})
	form := "application/x-www-form-urlencoded"
	for _, h := range []map[string]string{
		{"Content-Type": form}, {"Content-Type": form, "Origin": "https://evil.example"}, {"Content-Type": form, "Origin": s.base},
		{"Content-Type": form, "Sec-Fetch-Site": "cross-site"}, {"Content-Type": form, "Sec-Fetch-Site": "same-origin"},
	} {
		s.want(403, request{method: "POST", path: "/logout", noToken: true, client: c, header: h, body: "_xsrf=" + s.cookie(other, "_xsrf")})
	}
	s.want(405, request{method: "DELETE", path: "/logout", noToken: true, client: c})
	s.want(200, request{path: "/api/status", noToken: true, client: c})
	page := s.want(200, request{path: "/logout", noToken: true, client: c})
	_, value, _ := strings.Cut(page.body, `name="_xsrf" value="`)
	value, _, _ = strings.Cut(value, `"`)
	s.want(200, request{method: "POST", path: "/logout", noToken: true, client: c,
		header: map[string]string{"Content-Type": form, "Origin": s.base}, body: "_xsrf=" + value})
	s.want(403, request{path: "/api/status", noToken: true, client: c})
	s.want(403, request{path: "/api/status", noToken: true, header: copied})
	s.want(200, request{path: "/api/status", noToken: true, client: other})
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	s = start(t, func(next *Config) { next.DataDir, next.Addr = s.cfg.DataDir, s.Addr().String() })
	s.want(403, request{path: "/api/status", noToken: true, header: copied})
	s.want(200, request{path: "/api/status", noToken: true, client: other})
	s.want(200, request{path: "/logout", noToken: true, client: c}) // again, by who is out
	s.want(200, request{method: "POST", path: "/logout", noToken: true, client: c})
}

func urlEscape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

func TestSignInGoesNowhereElse(t *testing.T) {
	for _, next := range []string{"//evil.example", "https://evil.example/", `/\evil.example`, "javascript:alert(1)", "/\t/evil.example", "evil", "", "/%0d%0aSet-Cookie:x\r\n"} {
		if got := localPath(next); got != "/" {
			t.Errorf("%q goes to %q", next, got)
		}
	}
	s := start(t)
	got := s.want(200, request{path: "/login?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", noToken: true})
	if strings.Contains(got.body, "<script") {
		t.Error("script in the sign-in page")
	}
}

// clientAt is a client with an address of its own on this machine, as another one would have.
func clientAt(t *testing.T, ip string) *http.Client {
	t.Helper()
	l, err := net.Listen("tcp", ip+":0")
	if err != nil {
		t.Skipf("this machine has no second address for itself: %v", err)
	}
	_ = l.Close()
	d := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	tr := &http.Transport{DialContext: d.DialContext}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// TestGuessingIsSlowedDown: a token that somebody has chosen may be guessed; a client that tries is not listened to for a while, and others are.
func TestGuessingIsSlowedDown(t *testing.T) {
	s := start(t, func(c *Config) { c.Token = "chosen-by-a-person" })
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	guesser, other := clientAt(t, "127.0.0.2"), clientAt(t, "127.0.0.3")
	in := s.browser()
	for range 10 {
		s.want(http.StatusUnauthorized, request{method: "POST", path: "/login", noToken: true, header: form, body: "password=guess", client: guesser})
	}
	right := "password=" + urlEscape(s.Token())
	got := s.want(http.StatusTooManyRequests, request{method: "POST", path: "/login", noToken: true, header: form, body: right, client: guesser})
	if got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.want(http.StatusFound, request{method: "POST", path: "/login", noToken: true, header: form, body: right, client: other})
	s.want(200, request{path: "/api/status", client: guesser}) // programs are counted by themselves
	wrong := map[string]string{"Authorization": "token guess"}
	for i := range 100 {
		switch i % 3 {
		case 0:
			s.want(http.StatusForbidden, request{path: "/api/status", noToken: true, header: wrong, client: guesser})
		case 1:
			s.want(http.StatusForbidden, request{path: "/api/status?token=guess", noToken: true, client: guesser})
		case 2:
			s.want(http.StatusFound, request{path: "/?token=guess", noToken: true, client: guesser, header: map[string]string{"Accept": "text/html"}})
		}
	}
	got = s.want(http.StatusTooManyRequests, request{path: "/api/status", client: guesser})
	if got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if got := s.want(http.StatusFound, request{path: "/?token=" + urlEscape(s.Token()), noToken: true, client: guesser}); !strings.HasPrefix(got.Header.Get("Location"), "/login") {
		t.Errorf("the right token signs in at %s", got.Header.Get("Location"))
	}
	s.want(200, request{path: "/api/status", client: other})
	in.Transport = guesser.Transport // who is in stays in, also at that address
	s.want(200, request{path: "/api/status", client: in, noToken: true})
}

// TestGuessingARandomToken: nobody is locked out, because there is nothing to be found.
func TestGuessingARandomToken(t *testing.T) {
	s := start(t)
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	for range 200 {
		s.want(http.StatusUnauthorized, request{method: "POST", path: "/login", noToken: true, header: form, body: "password=guess"})
		s.want(http.StatusForbidden, request{path: "/api/status?token=guess", noToken: true})
	}
	s.want(http.StatusFound, request{method: "POST", path: "/login", noToken: true, header: form, body: "password=" + s.Token()})
	s.want(200, request{path: "/api/status"})
	if n := strings.Count(s.logs.String(), "with a wrong token"); n > 20 {
		t.Errorf("%d lines in the log", n)
	}
}

// A page of another site makes the user's browser send the cookie along.
func TestXSRF(t *testing.T) {
	s := start(t)
	writeFile(t, s.dir, "mine.txt", "mine")
	c := s.browser()
	right := s.cookie(c, "_xsrf")
	if right == "" {
		t.Fatal("no _xsrf cookie")
	}
	attempts := []map[string]string{
		{},
		{"Origin": "https://evil.example"},
		{"Origin": "https://evil.example", "X-XSRFToken": right},
		{"Origin": "null"},
		{"Origin": "http://127.0.0.1:1"}, // another port of this machine
		{"Origin": strings.Replace(s.base, "http:", "https:", 1)},
		{"Sec-Fetch-Site": "cross-site", "X-XSRFToken": right},
		{"Sec-Fetch-Site": "same-site", "X-XSRFToken": right},
		{"X-XSRFToken": "wrong"},
		{"X-XSRFToken": "planted", "Cookie": "_xsrf=planted"}, // what another port can set
		{"Content-Type": "text/plain"},
		// A form in an output of a notebook, which is one of this server's own pages.
		{"Origin": s.base, "Sec-Fetch-Site": "same-origin", "Content-Type": "text/plain"},
		{"Origin": s.base, "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
		{"Origin": s.base, "Content-Type": "Multipart/Form-Data; boundary=x"},
		{"Origin": s.base, "Sec-Fetch-Mode": "navigate"},
	}
	for _, h := range attempts {
		for _, a := range []struct{ method, path string }{
			{"DELETE", "/api/contents/mine.txt"}, {"POST", "/api/kernels"}, {"PUT", "/api/contents/mine.txt"}, {"PATCH", "/api/contents/mine.txt"},
			{"POST", "/api/shutdown"}, {"PUT", "/poolbook/api/settings/x"}, {"POST", "/poolbook/api/tutorials/x/reset"},
		} {
			s.want(http.StatusForbidden, request{method: a.method, path: a.path, noToken: true, client: c, header: h,
				body: `{"type":"file","content":"stolen","path":"x"}`})
		}
	}
	if data, err := os.ReadFile(filepath.Join(s.dir, "mine.txt")); err != nil || string(data) != "mine" {
		t.Errorf("%q %v", data, err)
	}
	for i, h := range []map[string]string{
		{"X-XSRFToken": right}, {"Origin": s.base}, {"Sec-Fetch-Site": "same-origin"},
	} {
		s.want(201, request{method: "PUT", path: fmt.Sprint("/api/contents/ok", i), noToken: true, client: c, header: h, body: `{"type":"file","content":"x"}`})
	}
	// Reading from another site's page, with the cookie, is refused as well.
	s.want(http.StatusForbidden, request{path: "/api/contents/mine.txt", noToken: true, client: c, header: map[string]string{"Origin": "https://evil.example"}})
}

func TestAnotherSessionsXSRFTokenIsNoUse(t *testing.T) {
	s := start(t)
	victim, attacker := s.browser(), s.browser()
	s.want(http.StatusForbidden, request{method: "POST", path: "/api/contents", noToken: true, client: victim,
		header: map[string]string{"X-XSRFToken": s.cookie(attacker, "_xsrf")}, body: "{}"})
}

// DNS rebinding: evil.example is made to point to 127.0.0.1.
func TestForeignHostIsRefused(t *testing.T) {
	s := start(t, func(c *Config) { c.Hosts = []string{"Work.Example"} })
	port := strings.Split(s.Addr().String(), ":")[1]
	for _, host := range []string{"evil.example", "evil.example:" + port, "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "[fe80::1]:80", "xlocalhost"} {
		s.want(http.StatusForbidden, request{path: "/api/status", host: host})
		s.want(http.StatusForbidden, request{path: "/static/favicon.svg", host: host})
		s.want(http.StatusForbidden, request{path: "/login", host: host, noToken: true})
	}
	for _, host := range []string{"localhost", "LOCALHOST:" + port, "127.0.0.1", "[::1]:" + port, "127.9.9.9", "app.localhost:80", "work.example:443"} {
		s.want(200, request{path: "/api/status", host: host})
	}
}

func TestCrossOriginWebsocket(t *testing.T) {
	s := start(t)
	c := s.browser()
	dial := func(path string, h http.Header) int {
		t.Helper()
		d := websocket.Dialer{Jar: c.Jar}
		conn, res, err := d.Dial("ws"+strings.TrimPrefix(s.base, "http")+path, h)
		if err == nil {
			_ = conn.Close()
			return 101
		}
		if res == nil {
			t.Fatal(err)
		}
		return res.StatusCode
	}
	for _, origin := range []string{"https://evil.example", "null", "http://127.0.0.1:1", "http://localhost." + s.Addr().String()} {
		for _, path := range []string{"/api/events/subscribe", "/terminals/websocket/1"} {
			if got := dial(path, http.Header{"Origin": {origin}}); got != 403 {
				t.Errorf("origin %s at %s: %d", origin, path, got)
			}
		}
	}
	// A cookie without any sign of where the request comes from: no browser does that.
	if got := dial("/api/events/subscribe", nil); got != 403 {
		t.Errorf("no origin: %d", got)
	}
	// Upgrade is a list, and may come more than once.
	for _, upgrade := range []string{"websocket, x", "x, websocket", "WebSocket,x/1", "x\r\nUpgrade: websocket"} {
		if got := rawUpgrade(t, s, c, upgrade); strings.Contains(got, " 101 ") || !strings.Contains(got, " 403 ") {
			t.Errorf("Upgrade %q without any sign of where it comes from: %s", upgrade, got)
		}
	}
	if got := dial("/api/events/subscribe", http.Header{"Origin": {s.base}}); got != 101 {
		t.Errorf("own origin: %d", got)
	}
	c.Jar = nil
	if got := dial("/api/events/subscribe", http.Header{"Origin": {s.base}}); got != 403 {
		t.Errorf("no cookie: %d", got)
	}
	if got := dial("/api/events/subscribe?token="+s.Token(), nil); got != 101 {
		t.Errorf("token in the query: %d", got)
	}
}

// rawUpgrade asks for a websocket with the cookie alone, and returns the first line of the answer.
func rawUpgrade(t *testing.T, s *testServer, c *http.Client, upgrade string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	name := "poolbook-" + strings.Split(s.Addr().String(), ":")[1]
	fmt.Fprintf(conn, "GET /api/events/subscribe HTTP/1.1\r\nHost: %s\r\nCookie: %s=%s\r\nConnection: Upgrade\r\nUpgrade: %s\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", s.Addr(), name, s.cookie(c, name), upgrade)
	_ = conn.SetDeadline(time.Now().Add(hangs))
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func TestNoWayOutOfTheFolder(t *testing.T) {
	s := start(t)
	outside := filepath.Join(filepath.Dir(s.dir), "outside-"+filepath.Base(s.dir)+".txt")
	if err := os.WriteFile(outside, []byte("TOPSECRET"), 0o666); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(outside)
	if err := os.Symlink(outside, filepath.Join(s.dir, "link.txt")); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink("..", filepath.Join(s.dir, "up")); err != nil {
		t.Skip(err)
	}
	name := filepath.Base(outside)
	for _, p := range []string{
		"../" + name, "%2e%2e/" + name, "..%2f" + name, "%2e%2e%2f" + name, "a/../../" + name, "..%5c" + name, "link.txt", "up/" + name,
		"%2f" + strings.TrimPrefix(outside, "/"), outside, "./../" + name, "..;/" + name, "%00/../" + name, "....//" + name,
	} {
		for _, prefix := range []string{"/files/", "/api/contents/", "/static/", "/lab/api/themes/", "/static/assets/"} {
			raw(t, s, "GET", prefix+p, "")
			raw(t, s, "PUT", prefix+p, `{"type":"file","content":"overwritten"}`)
			raw(t, s, "DELETE", prefix+p, "")
		}
		if data, err := os.ReadFile(outside); err != nil || string(data) != "TOPSECRET" {
			t.Fatalf("%s: %q %v", p, data, err)
		}
		if p == "link.txt" || strings.HasPrefix(p, "up/") { // the links themselves may be deleted
			_ = os.Symlink(outside, filepath.Join(s.dir, "link.txt"))
		}
	}
	s.want(404, request{path: "/files/.hidden"})
	writeFile(t, s.dir, ".hidden", "x")
	s.want(404, request{path: "/files/.hidden"})
	s.want(404, request{path: "/api/contents/.hidden"})
}

// raw sends a path as it is, without a client's cleaning.
func raw(t *testing.T, s *testServer, method, path, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: token %s\r\nContent-Length: %d\r\n\r\n%s",
		method, path, s.Token(), len(body), body)
	_ = conn.SetDeadline(time.Now().Add(hangs))
	data, _ := io.ReadAll(conn)
	if strings.Contains(string(data), "TOPSECRET") {
		t.Errorf("%s %s got out: %s", method, path, data)
	}
}

func TestFilesCannotActAsTheUser(t *testing.T) {
	s := start(t)
	writeFile(t, s.dir, "evil.html", "<script>fetch('/api/contents')</script>")
	writeFile(t, s.dir, "evil.weird", "<script>1</script>")
	a := s.want(200, request{path: "/files/evil.html"})
	csp := a.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "sandbox ") || strings.Contains(csp, "allow-same-origin") {
		t.Errorf("CSP %q", csp)
	}
	a = s.want(200, request{path: "/files/evil.weird"})
	if ct := a.Header.Get("Content-Type"); ct != "application/octet-stream" {
		t.Errorf("type %q", ct)
	}
	a = s.want(200, request{path: "/files/evil.html?download=1"})
	if !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
		t.Error("no attachment")
	}
}

func TestSecurityHeaders(t *testing.T) {
	s := start(t)
	for _, p := range []string{"/", "/notebooks/a.ipynb", "/api/status", "/login", "/static/favicon.svg", "/nothing", "/api/contents"} {
		a := s.do(request{path: p})
		for _, h := range []string{"X-Content-Type-Options", "Referrer-Policy", "Content-Security-Policy", "Cross-Origin-Opener-Policy"} {
			if a.Header.Get(h) == "" {
				t.Errorf("%s: no %s", p, h)
			}
		}
		csp := a.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "frame-ancestors 'self'") && !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s may be framed: %s", p, csp)
		}
		if strings.Contains(strings.Split(strings.SplitN(csp+"script-src", "script-src", 2)[1], ";")[0], "unsafe-inline") {
			t.Errorf("%s lets inline scripts run: %s", p, csp)
		}
		if got := a.Header.Get("Cross-Origin-Resource-Policy"); got != "same-origin" {
			t.Errorf("%s may be part of other sites' pages: %q", p, got)
		}
		if a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s opens itself to other sites", p)
		}
	}
}

// TestOnlyThePagesScripts holds that no page lets a script run which is not under /static/: a file of the served folder is none.
func TestOnlyThePagesScripts(t *testing.T) {
	s := start(t)
	for _, p := range []string{"/", "/notebooks/a.ipynb", "/edit/a.txt"} {
		csp := s.want(200, request{path: p}).Header.Get("Content-Security-Policy")
		directives := map[string]string{}
		for d := range strings.SplitSeq(csp, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(d), " ")
			directives[name] = value
		}
		for _, name := range []string{"script-src", "worker-src"} {
			for _, source := range strings.Fields(directives[name]) {
				if source != s.base+"/static/" && source != "'unsafe-eval'" && source != "blob:" {
					t.Errorf("%s: %s has %s", p, name, source)
				}
			}
		}
		if !strings.HasPrefix(directives["script-src"], s.base+"/static/") || directives["base-uri"] != "'none'" || directives["form-action"] != "'none'" ||
			directives["object-src"] != "'none'" {
			t.Errorf("%s: %s", p, csp)
		}
	}
}

func TestOversizedRequests(t *testing.T) {
	s := start(t, func(c *Config) { c.MaxBody = 1 << 20 })
	big := `{"type":"file","format":"text","content":"` + strings.Repeat("x", 2<<20) + `"}`
	s.want(413, request{method: "PUT", path: "/api/contents/big.txt", body: big})
	s.want(413, request{method: "PATCH", path: "/api/contents/big.txt", body: big})
	s.want(413, request{method: "POST", path: "/api/sessions", body: big})
	s.want(413, request{method: "PUT", path: "/poolbook/api/settings/x", body: `{"raw":"` + strings.Repeat("x", 2<<20) + `"}`})
	// One that says how large it is need not be sent to be refused.
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(hangs))
	fmt.Fprintf(conn, "PUT /api/contents/big.txt HTTP/1.1\r\nHost: %s\r\nAuthorization: token %s\r\nContent-Length: 90000000000\r\n\r\n{", s.Addr(), s.Token())
	if a, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || a.StatusCode != 413 {
		t.Errorf("90 GB, of which one byte is sent: %v, %v", a, err)
	}
	s.want(431, request{path: "/api/status", header: map[string]string{"X-Long": strings.Repeat("x", 80<<10)}})
	entries, err := os.ReadDir(s.dir)
	if err != nil || len(entries) != 0 {
		t.Error("something was written", entries, err)
	}
}

// Thousands of idle connections: the server stays reachable, and keeps only so many.
func TestThousandsOfConnections(t *testing.T) {
	s := start(t, func(c *Config) { c.MaxConnections = 50 })
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	for range 2000 {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	if a := s.want(200, request{path: "/api/status"}); a.body == "" {
		t.Error("empty")
	}
	gone := 0
	end := time.Now().Add(hangs)
	for _, c := range conns[:1000] {
		_ = c.SetReadDeadline(end)
		if _, err := c.Read(make([]byte, 1)); err == io.EOF || err != nil && !strings.Contains(err.Error(), "timeout") {
			gone++
		}
	}
	if gone < 1000 {
		t.Errorf("only %d of the first 1000 connections were closed for the later ones", gone)
	}
}

func TestTooManyWebsockets(t *testing.T) {
	s := start(t, func(c *Config) { c.MaxSockets = 3 })
	h := http.Header{"Authorization": {"token " + s.Token()}}
	for range 3 {
		conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.base, "http")+"/api/events/subscribe", h)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	_, res, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.base, "http")+"/api/events/subscribe", h)
	if err == nil || res.StatusCode != 503 {
		t.Errorf("%v %v", res, err)
	}
}

// A stranger that promises a large body and sends it a byte at a time is not waited for.
func TestSlowStranger(t *testing.T) {
	s := start(t)
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "PUT /api/contents/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 200000\r\n\r\n{")
	_ = conn.SetReadDeadline(time.Now().Add(hangs))
	r := bufio.NewReader(conn)
	line, err := r.ReadString('\n')
	if err != nil || !strings.Contains(line, "403") {
		t.Fatalf("%q %v", line, err)
	}
	if _, err := io.Copy(io.Discard, r); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Error("the connection stays open")
	}
}

// TestManySlowStrangers: strangers whose requests never end do not keep out who comes, and those who are in go on.
func TestManySlowStrangers(t *testing.T) {
	s := start(t, func(c *Config) { c.MaxConnections = 30 })
	in := s.browser()
	s.want(200, request{path: "/api/status", noToken: true, client: in})
	// Somebody who is signed in saves something large, slowly.
	saving, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer saving.Close()
	body := `{"type":"file","format":"text","content":"kept"}`
	fmt.Fprintf(saving, "PUT /api/contents/slow.txt HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: token %s\r\nContent-Length: %d\r\n\r\n%s", s.Token(), len(body), body[:20])
	eventually(t, "the request is being read", func() bool {
		s.conns.mu.Lock()
		defer s.conns.mu.Unlock()
		for _, c := range s.conns.conns {
			if c.known && c.state == http.StateActive {
				return true
			}
		}
		return false
	})
	for i := range 200 {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		head := []string{
			"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\npass",
			"GET /api HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nx",
			"GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx",
			"GET /static/favicon.svg HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
		}[i%4]
		if _, err := io.WriteString(c, head); err != nil {
			continue // closed for another one already
		}
	}
	s.want(200, request{path: "/api/status", noToken: true, client: in})
	s.want(200, request{path: "/api/status"}) // somebody new
	s.browser()
	if _, err := io.WriteString(saving, body[20:]); err != nil {
		t.Fatal(err)
	}
	_ = saving.SetReadDeadline(time.Now().Add(hangs))
	if line, err := bufio.NewReader(saving).ReadString('\n'); err != nil || !strings.Contains(line, " 201 ") {
		t.Errorf("the slow save: %q, %v", line, err)
	}
}

// TestSlowBodiesOfStrangers: a body that does not come ends the connection, at every address that is open to anybody.
func TestSlowBodiesOfStrangers(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for deadlines")
	}
	s := start(t)
	heads := map[string]string{
		"sign-in":  "POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\npass",
		"sign-out": "POST /logout HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nx",
		"version":  "GET /api HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nx",
		"nothing":  "PUT /none HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx",
		"host":     "GET /api HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 1000\r\n\r\nx",
	}
	for name, head := range heads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := net.Dial("tcp", s.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, head); err != nil {
				t.Fatal(err)
			}
			_ = c.SetReadDeadline(time.Now().Add(hangs))
			if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
				t.Error("the connection stays open")
			}
		})
	}
}

// A page that takes nothing of what its kernel says: the others wait for it only so long, get everything, and it can come back.
func TestSlowWebsocket(t *testing.T) {
	s := start(t, func(c *Config) { c.WriteTimeout = 3 * time.Second })
	id := s.startKernel()
	slow, quick := s.connect(id, "slow", wsproto.V1), s.connect(id, "quick", wsproto.V1)
	const lines = 40
	quick.ask(fmt.Sprintf("for i in range(%d): print('x' * 1_000_000, flush=True)", lines), "")
	for got := 0; got < lines; {
		p, err := quick.receive()
		if err != nil {
			t.Fatalf("the other client got %d lines, not %d: %v", got, lines, err)
		}
		if p.Message.Header.Type == protocol.TypeStream {
			got += strings.Count(string(p.Message.Content), `\n`)
		}
	}
	eventually(t, "the slow client is given up", func() bool {
		k, err := s.kernels.Get(id)
		return err == nil && k.Model().Connections == 1
	})
	_ = slow.conn.Close()
	slow = s.connect(id, "slow", wsproto.V1)
	if o := slow.run("print('back')"); o.text != "back\n" {
		t.Errorf("%+v", o)
	}
}

// A download that is not taken ends, and with it the memory and the place that it has.
func TestSlowDownload(t *testing.T) {
	s := start(t, func(c *Config) { c.WriteTimeout = 200 * time.Millisecond })
	big := filepath.Join(s.dir, "big.bin")
	if err := os.WriteFile(big, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	const size = 256 << 20
	if err := os.Truncate(big, size); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /files/big.bin?token=%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", s.Token())
	served := func() bool { return strings.Contains(s.logs.String(), "client given up") }
	eventually(t, "the download is given up", served)
	_ = conn.SetReadDeadline(time.Now().Add(hangs))
	if n, err := io.Copy(io.Discard, conn); n >= size || err != nil && strings.Contains(err.Error(), "timeout") {
		t.Errorf("%d bytes came, and the connection is still there: %v", n, err)
	}
}

// The time for one answer does not count against the next one on the same connection.
func TestNextAnswerHasItsOwnTime(t *testing.T) {
	const patience = 500 * time.Millisecond
	s := start(t, func(c *Config) { c.WriteTimeout = patience })
	writeFile(t, s.dir, "a.txt", "a")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for _, path := range []string{"/files/a.txt", "/api/status", "/api/contents/a.txt", "/static/favicon.svg"} {
		s.want(200, request{path: path, client: client})
		time.Sleep(2 * patience)
	}
}

func TestPageHasNoSecrets(t *testing.T) {
	s := start(t)
	c := s.browser()
	a := s.want(200, request{path: "/notebooks/%3C/script%3E%3Cscript%3Ealert(1)%3C/script%3E.ipynb", noToken: true, client: c})
	if strings.Contains(a.body, s.Token()) {
		t.Error("the token is in the page")
	}
	if strings.Count(a.body, "<script") != 1 || strings.Contains(a.body, "alert(1)</script>") {
		t.Errorf("path breaks out of the configuration: %s", a.body)
	}
	if a.Header.Get("Cache-Control") == "" {
		t.Error("the page may be cached")
	}
}

// TestSecurityPage holds that each test which SECURITY.md names is there.
func TestSecurityPage(t *testing.T) {
	page, err := os.ReadFile("SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(Test[A-Za-z]+|[a-z]+\\.mjs)`").FindAllStringSubmatch(string(page), -1)
	if len(named) < 50 {
		t.Fatalf("only %d tests are named", len(named))
	}
	there := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test[A-Za-z]+)\(`)
	err = filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git"):
			return fs.SkipDir
		case strings.HasSuffix(name, ".mjs"):
			there[d.Name()] = true
		case strings.HasSuffix(name, "_test.go"):
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			for _, m := range declared.FindAllSubmatch(text, -1) {
				there[string(m[1])] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range named {
		if !there[m[1]] {
			t.Errorf("there is no %s", m[1])
		}
	}
}
