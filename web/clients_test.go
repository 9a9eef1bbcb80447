package web

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"poolbook/kernel/protocol"
	"poolbook/web/internal/wsproto"
)

// The tests in this file are transcripts: the requests that other programs make of a Jupyter server, in their order, with the headers they
// send. The client libraries themselves are driven in channels_test.go.

// setCookies are the cookies of an answer as a program without a cookie jar reads them: name and everything after it.
func setCookies(a answer) (names []string, values map[string]string) {
	values = map[string]string{}
	for _, line := range a.Header.Values("Set-Cookie") {
		name, value, _ := strings.Cut(line, "=")
		names = append(names, name)
		values[name] = value
	}
	return names, values
}

// notebookSession opens a session as @jupyterlab/services does in VS Code, runs a cell and closes it.
func (s *testServer) notebookSession(header map[string]string, query url.Values) {
	t := s.t
	t.Helper()
	ask := func(method, path string, status int, body, into any) {
		t.Helper()
		a := s.want(status, request{method: method, path: path, body: body, noToken: true, header: header})
		if into != nil {
			a.json(t, into)
		}
	}
	var specs struct {
		Kernelspecs map[string]kernelSpec
	}
	ask("GET", "/api/kernelspecs?1767225600000", 200, nil, &specs)
	if specs.Kernelspecs[pythonKernel].Spec.Language != "python" {
		t.Errorf("kernelspecs %+v", specs)
	}
	var list []json.RawMessage
	ask("GET", "/api/kernels?1767225600001", 200, nil, &list)
	ask("GET", "/api/sessions?1767225600002", 200, nil, &list)
	if len(list) != 0 {
		t.Errorf("sessions %s", list)
	}
	// A file to give the session a path, then the session, polled.
	ask("GET", "/api/contents/?content=1&1767225600003", 200, nil, nil)
	var file struct{ Path string }
	ask("POST", "/api/contents/?1767225600004", 201, map[string]string{"type": "notebook"}, &file)
	ask("PATCH", "/api/contents/"+file.Path+"?1767225600005", 200, map[string]string{"path": "a-jvsc-1.ipynb"}, &file)
	var session struct {
		ID     string
		Kernel struct{ ID string }
	}
	ask("POST", "/api/sessions?1767225600006", 201, map[string]any{
		"kernel": map[string]string{"name": pythonKernel}, "name": "a-jvsc-1.ipynb", "path": file.Path, "type": "notebook",
	}, &session)
	ask("PATCH", "/api/sessions/"+session.ID+"?1767225600007", 200, map[string]any{"path": file.Path, "name": "a.ipynb"}, nil)
	var kernels []struct {
		ID          string
		Connections *int
		Activity    string `json:"last_activity"`
	}
	ask("GET", "/api/kernels?1767225600008", 200, nil, &kernels)
	if len(kernels) != 1 || kernels[0].ID != session.Kernel.ID || kernels[0].Connections == nil || kernels[0].Activity == "" {
		t.Errorf("kernels %+v", kernels)
	}
	ask("GET", "/api/kernels/"+session.Kernel.ID+"?1767225600009", 200, nil, nil)

	query.Set("session_id", "vscode")
	h := http.Header{}
	for k, v := range header {
		if k == "Cookie" || k == "Authorization" {
			h.Set(k, v)
		}
	}
	if x := header["X-XSRFToken"]; x != "" {
		h.Set("X-XSRFToken", x)
	}
	d := websocket.Dialer{Subprotocols: []string{wsproto.V1}}
	conn, res, err := d.Dial("ws"+strings.TrimPrefix(s.base, "http")+"/api/kernels/"+session.Kernel.ID+"/channels?"+query.Encode(), h)
	if err != nil {
		t.Fatal(err, res)
	}
	defer conn.Close()
	c := &wsClient{t, conn, true, "vscode"}
	m, err := protocol.New(protocol.TypeKernelInfoRequest, "vscode", "", protocol.Header{}, map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	c.send(protocol.Shell, m)
	if o := c.run("print(6*7)"); o.text != "42\n" {
		t.Errorf("%+v", o)
	}
	ask("POST", "/api/kernels/"+session.Kernel.ID+"/interrupt?1767225600010", 204, nil, nil)
	ask("DELETE", "/api/sessions/"+session.ID+"?1767225600011", 204, nil, nil)
	ask("DELETE", "/api/contents/"+file.Path+"?1767225600012", 204, nil, nil)
}

// VS Code's "existing Jupyter server", given the address with its token: the token comes in a header, and in a websocket's query too.
func TestVSCodeWithTheAddress(t *testing.T) {
	s := start(t)
	needPythonKernel(t, s)
	plain := map[string]string{"Connection": "keep-alive", "User-Agent": "node-fetch"}
	if a := s.do(request{path: "/hub/api", noToken: true, header: plain}); a.StatusCode == 200 {
		t.Error("this is taken for a JupyterHub")
	}
	s.want(302, request{path: "/tree?", noToken: true, header: plain}) // anything but 200: signing in is needed
	s.notebookSession(map[string]string{"Authorization": "token " + s.Token(), "Content-Type": "application/json"}, url.Values{"token": {s.Token()}})
}

// VS Code, given the bare address and the token as the password: it signs in with the form, and keeps the _xsrf of the sign-in page
// and the first cookie of the answer, attributes and all, for everything after.
func TestVSCodeWithPassword(t *testing.T) {
	s := start(t)
	needPythonKernel(t, s)
	plain := map[string]string{"Connection": "keep-alive"}
	s.want(302, request{path: "/tree?", noToken: true, header: plain})
	_, cookies := setCookies(s.want(200, request{path: "/login?", noToken: true, header: plain}))
	xsrf, _, _ := strings.Cut(cookies["_xsrf"], ";")
	if xsrf == "" {
		t.Fatal("the sign-in page gives no _xsrf")
	}
	form := url.Values{"_xsrf": {xsrf}, "password": {s.Token()}}.Encode()
	names, cookies := setCookies(s.want(302, request{method: "POST", path: "/login?", noToken: true, body: form,
		header: map[string]string{"Cookie": "_xsrf=" + xsrf, "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}}))
	if len(names) == 0 || names[0] == "_xsrf" {
		t.Fatalf("the first cookie is not the session's: %q", names)
	}
	s.notebookSession(map[string]string{
		"Cookie": "_xsrf=" + xsrf + "; " + names[0] + "=" + cookies[names[0]], "X-XSRFToken": xsrf, "Content-Type": "application/json",
	}, url.Values{})
}

// A session is bound to the XSRF token of the sign-in page only for who sent it along with the form, and only when it is this server's.
func TestXSRFOfTheSignInPage(t *testing.T) {
	s, other := start(t), start(t)
	given := func(s *testServer) string {
		_, cookies := setCookies(s.want(200, request{path: "/login", noToken: true}))
		xsrf, _, _ := strings.Cut(cookies["_xsrf"], ";")
		return xsrf
	}
	mine, foreign := given(s), given(other)
	for _, attempt := range []struct{ name, cookie, field string }{
		{"planted cookie, a browser's form", mine, ""},
		{"field without the cookie", "", mine},
		{"another server's", foreign, foreign},
		{"made up", "planted", "planted"},
	} {
		names, cookies := setCookies(s.want(302, request{method: "POST", path: "/login", noToken: true,
			body:   url.Values{"_xsrf": {attempt.field}, "password": {s.Token()}}.Encode(),
			header: map[string]string{"Cookie": "_xsrf=" + attempt.cookie, "Content-Type": "application/x-www-form-urlencoded"}}))
		session, _, _ := strings.Cut(cookies[names[0]], ";")
		known := attempt.cookie
		if known == "" {
			known = attempt.field
		}
		a := s.do(request{method: "POST", path: "/api/contents", noToken: true, body: "{}",
			header: map[string]string{"Cookie": names[0] + "=" + session, "X-XSRFToken": known}})
		if a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", attempt.name, a.StatusCode)
		}
	}
	if a := s.want(200, request{path: "/login", noToken: true, header: map[string]string{"Cookie": "_xsrf=" + mine}}); a.Header.Get("Set-Cookie") != "" {
		t.Error("a good token is replaced")
	}
}

// JupyterLab Desktop loads the address in a window of its own and looks for the page's configuration; its cookies sign in from then on.
func TestJupyterLabDesktop(t *testing.T) {
	s := start(t)
	if a := s.do(request{path: "/", noToken: true}); a.StatusCode < 200 || a.StatusCode >= 400 { // is it up?
		t.Errorf("/: %d", a.StatusCode)
	}
	navigation := map[string]string{
		"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document",
		"User-Agent": "Mozilla/5.0 Chrome/130.0 Electron/33.0 JupyterLab/4.6",
	}
	c := s.browser()
	for _, path := range []string{"/lab?token=" + s.Token(), "/lab", "/tree?token=" + s.Token(), "/"} {
		a := s.want(200, request{path: path, noToken: true, client: c, header: navigation})
		asked, _, _ := strings.Cut(path, "?")
		if !strings.HasPrefix(a.Request.URL.Path, asked) || a.Request.URL.RawQuery != "" {
			t.Errorf("%s ends at %s", path, a.Request.URL)
		}
		_, rest, ok := strings.Cut(a.body, `<script id="jupyter-config-data" type="application/json">`)
		text, _, _ := strings.Cut(rest, "</script>")
		var config struct{ AppVersion, BaseURL, Token string }
		if err := json.Unmarshal([]byte(text), &config); !ok || err != nil || config.AppVersion == "" {
			t.Errorf("%s: configuration %q: %v", path, text, err)
		}
	}
	page := map[string]string{"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Referer": s.base + "/lab"}
	for _, path := range []string{"/api", "/api/status", "/api/me", "/api/me?permissions=%7B%22contents%22%3A%5B%22read%22%5D%7D", "/api/kernels", "/api/sessions",
		"/api/kernelspecs", "/lab/api/settings", "/lab/api/workspaces", "/api/contents?content=1", "/api/config/notebook"} {
		s.want(200, request{path: path, noToken: true, client: c, header: page})
		s.want(200, request{method: "HEAD", path: path, noToken: true, client: c, header: page})
	}
	var me struct{ Identity struct{ Username string } }
	s.want(200, request{path: "/api/me?token=" + s.Token(), noToken: true}).json(t, &me)
	if me.Identity.Username == "" {
		t.Error("nobody is signed in")
	}
	if _, err := os.Stat(s.configs.file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("HEAD has written settings: %v", err)
	}
	// What is asked with a method that an address does not have is refused, and changes nothing.
	for _, method := range []string{"OPTIONS", "TRACE", "PURGE"} {
		if a := s.do(request{method: method, path: "/api/kernels"}); a.StatusCode < 400 {
			t.Errorf("%s: %d", method, a.StatusCode)
		}
	}
}
