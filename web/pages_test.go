package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"poolbook/web/internal/contents"
)

func pack(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.String()
}

func TestStaticFiles(t *testing.T) {
	packed := pack("body{}")
	static := maps.Clone(testPage)
	static["assets/only.0123456789.css.gz"] = &fstest.MapFile{Data: []byte(packed)}
	s := start(t, func(c *Config) { c.Static = static })
	for _, c := range []struct{ path, accept, encoding, body, cache string }{
		{"assets/app.0123456789.js", "gzip, deflate, br", "br", "pretend brotli", "immutable"},
		{"assets/app.0123456789.js", "br;q=0", "", "plain();", "immutable"},
		{"assets/app.0123456789.js", "", "", "plain();", "immutable"},
		{"assets/only.0123456789.css", "gzip", "gzip", packed, "immutable"},
		{"assets/only.0123456789.css", "", "", "body{}", "immutable"},
		{"favicon.svg", "gzip", "", "<svg/>", "no-cache"},
	} {
		a := s.want(200, request{path: "/static/" + c.path, noToken: true, header: map[string]string{"Accept-Encoding": c.accept}})
		if a.Header.Get("Content-Encoding") != c.encoding || a.body != c.body || !strings.Contains(a.Header.Get("Cache-Control"), c.cache) {
			t.Errorf("%+v: %v %q", c, a.Header, a.body)
		}
		if a.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: Vary %q", c.path, a.Header.Get("Vary"))
		}
		b := s.want(http.StatusNotModified, request{path: "/static/" + c.path, noToken: true,
			header: map[string]string{"Accept-Encoding": c.accept, "If-None-Match": a.Header.Get("ETag")}})
		if b.body != "" {
			t.Error("a body with 304")
		}
	}
	if a := s.want(200, request{path: "/static/assets/app.0123456789.js", noToken: true}); a.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("type %q", a.Header.Get("Content-Type"))
	}
	for _, p := range []string{"/static/", "/static/none.js", "/static/assets"} {
		if a := s.want(404, request{path: p, noToken: true}); strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: the error may be cached", p)
		}
	}
}

// Every file of the page that ships with the program is served, and each compressed form has its plain one.
func TestEmbeddedPage(t *testing.T) {
	s := start(t, func(c *Config) { c.Static = nil })
	n := 0
	err := fs.WalkDir(s.static, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(p, ".br") || strings.HasSuffix(p, ".gz") {
			return err
		}
		n++
		a := s.want(200, request{method: "HEAD", path: "/static/" + p, noToken: true, header: map[string]string{"Accept-Encoding": "br"}})
		if ct := a.Header.Get("Content-Type"); ct == "application/octet-stream" || ct == "" {
			t.Errorf("%s has no type", p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files", n)
	for path, file := range map[string]string{"/": "index.html", "/notebooks/a.ipynb": "notebook.html"} {
		html, err := fs.ReadFile(s.static, file)
		if err != nil {
			t.Skip("this build has no page")
		}
		if strings.Count(string(html), configMarker) != 1 {
			t.Errorf("%s: not one %s", file, configMarker)
		}
		a := s.want(200, request{path: path})
		if strings.Contains(a.body, configMarker) || !strings.Contains(a.body, `"baseUrl":"/"`) {
			t.Errorf("%s has no configuration", path)
		}
	}
}

func TestPageConfiguration(t *testing.T) {
	s := start(t)
	for path, kind := range map[string]string{"/": "start", "/tree": "start", "/lab": "start", "/notebooks/a%20b.ipynb": "notebook", "/edit/a%20b.ipynb": "edit"} {
		a := s.want(200, request{path: path})
		_, after, _ := strings.Cut(a.body, `<script id="jupyter-config-data" type="application/json">`)
		text, _, _ := strings.Cut(after, "</script>")
		var config map[string]any
		if err := json.Unmarshal([]byte(text), &config); err != nil {
			t.Fatalf("%s: %v in %s", path, err, a.body)
		}
		if config["poolbookPage"] != kind || config["baseUrl"] != "/" || config["token"] != "" {
			t.Errorf("%s: %v", path, config)
		}
		if kind != "start" && config["poolbookPath"] != "a b.ipynb" {
			t.Errorf("%s: path %v", path, config["poolbookPath"])
		}
	}
}

const lesson = `{"cells":[{"cell_type":"markdown","id":"m","metadata":{},"source":["# Square *numbers*\n","\n","Squares on three\n","workers.\n","\n","More.\n"]},
{"cell_type":"code","id":"c","metadata":{},"execution_count":1,"source":"1","outputs":[{"output_type":"display_data","metadata":{},"data":{"text/html":"<b>1</b>"}}]}],
"metadata":{},"nbformat":4,"nbformat_minor":5}`

func TestTutorials(t *testing.T) {
	s := start(t, func(c *Config) {
		c.Tutorials = fstest.MapFS{"02-b.ipynb": {Data: []byte(`{"cells":[]}`)}, "01-a.ipynb": {Data: []byte(lesson)}, "notes.txt": {Data: []byte("x")}}
	})
	type entry struct {
		Name, Title, Description string
		Copy                     *string
	}
	list := func() []entry {
		var l []entry
		s.want(200, request{path: "/poolbook/api/tutorials"}).json(t, &l)
		return l
	}
	l := list()
	if len(l) != 2 || l[0].Name != "01-a" || l[0].Title != "Square *numbers*" || l[0].Description != "Squares on three workers." || l[0].Copy != nil || l[1].Title != "02-b" {
		t.Fatalf("%+v", l)
	}
	open := func(status int, action string) string {
		var got struct{ Path string }
		s.want(status, request{method: "POST", path: "/poolbook/api/tutorials/01-a/" + action}).json(t, &got)
		return got.Path
	}
	if p := open(201, "open"); p != "01-a.ipynb" {
		t.Error(p)
	}
	if l := list(); l[0].Copy == nil || *l[0].Copy != "01-a.ipynb" {
		t.Errorf("%+v", l[0])
	}
	var m struct {
		Content struct {
			Cells []struct{ Metadata map[string]any }
		}
	}
	s.want(200, request{path: "/api/contents/01-a.ipynb"}).json(t, &m)
	if m.Content.Cells[1].Metadata["trusted"] != true {
		t.Error("the program's own tutorial is not trusted")
	}
	writeFile(t, s.dir, "01-a.ipynb", strings.Replace(lesson, "More", "Mine", 1))
	open(200, "open")
	if data, _ := os.ReadFile(filepath.Join(s.dir, "01-a.ipynb")); !strings.Contains(string(data), "Mine") {
		t.Error("opening again overwrote the user's copy")
	}
	open(201, "reset")
	open(201, "reset")
	for name, want := range map[string]string{"01-a.ipynb": "More", "01-a-old.ipynb": "Mine", "01-a-old2.ipynb": "More"} {
		if data, err := os.ReadFile(filepath.Join(s.dir, name)); err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.want(404, request{method: "POST", path: "/poolbook/api/tutorials/none/open"})
	s.want(404, request{method: "POST", path: "/poolbook/api/tutorials/..%2F01-a/open"})
}

func TestSettings(t *testing.T) {
	s := start(t)
	id := "@x/pkg:plugin"
	s.want(204, request{method: "PUT", path: "/poolbook/api/settings/@x%2Fpkg:plugin", body: map[string]string{"raw": "{\n // mine\n \"a\": 1}"}})
	var page struct{ Settings map[string]string }
	s.want(200, request{path: "/poolbook/api/settings"}).json(t, &page)
	if page.Settings[id] != "{\n // mine\n \"a\": 1}" {
		t.Errorf("%+v", page)
	}
	s.want(204, request{method: "PUT", path: "/lab/api/settings/@x/pkg:plugin", body: map[string]string{"raw": `{"a": 2}`}})
	var lab labSetting
	s.want(200, request{path: "/lab/api/settings/@x/pkg:plugin"}).json(t, &lab)
	if lab.ID != id || lab.Settings["a"] != 2.0 || lab.Raw != `{"a": 2}` || lab.LastModified == nil || !strings.Contains(string(lab.Schema), `"T"`) {
		t.Errorf("%+v", lab)
	}
	var all struct{ Settings []labSetting }
	s.want(200, request{path: "/lab/api/settings"}).json(t, &all)
	if len(all.Settings) != 1 || all.Settings[0].ID != id {
		t.Errorf("%+v", all)
	}
	s.want(404, request{path: "/lab/api/settings/@x/none:plugin"})
	s.want(404, request{path: "/lab/api/settings/..%2F..:x"})
	s.want(400, request{method: "PUT", path: "/lab/api/settings/@x/pkg:plugin", body: "{}"})
	if a := s.want(200, request{path: "/lab/api/themes/@x/theme/index.css"}); a.body != "body{}" {
		t.Error(a.body)
	}
	// They are on disk, and another server of the same user has them.
	other := start(t, func(c *Config) { c.DataDir = s.cfg.DataDir })
	other.want(200, request{path: "/poolbook/api/settings"}).json(t, &page)
	if page.Settings[id] != `{"a": 2}` {
		t.Errorf("%+v", page)
	}
}

func TestWorkspacesAndConfig(t *testing.T) {
	s := start(t)
	body := map[string]any{"data": map[string]any{"layout": 1}, "metadata": map[string]any{"id": "default"}}
	s.want(204, request{method: "PUT", path: "/lab/api/workspaces/default", body: body})
	s.want(400, request{method: "PUT", path: "/lab/api/workspaces/other", body: body})
	var w struct {
		Data     map[string]any
		Metadata map[string]any
	}
	s.want(200, request{path: "/lab/api/workspaces/default"}).json(t, &w)
	if w.Data["layout"] != 1.0 || w.Metadata["last_modified"] == nil {
		t.Errorf("%+v", w)
	}
	var list struct{ Workspaces struct{ IDs []string } }
	s.want(200, request{path: "/lab/api/workspaces"}).json(t, &list)
	if len(list.Workspaces.IDs) != 1 {
		t.Errorf("%+v", list)
	}
	s.want(204, request{method: "DELETE", path: "/lab/api/workspaces/default"})
	s.want(404, request{method: "DELETE", path: "/lab/api/workspaces/default"})

	s.want(204, request{method: "PUT", path: "/api/config/notebook", body: `{"a":{"b":1,"c":2},"d":3}`})
	a := s.want(200, request{method: "PATCH", path: "/api/config/notebook", body: `{"a":{"b":null},"d":null,"e":4}`})
	if strings.TrimSpace(a.body) != `{"a":{"c":2},"e":4}` {
		t.Error(a.body)
	}
	if a := s.want(200, request{path: "/api/config/none"}); strings.TrimSpace(a.body) != "{}" {
		t.Error(a.body)
	}
}

func TestContentsOverHTTP(t *testing.T) {
	s := start(t)
	var m contents.Model
	a := s.want(201, request{method: "PUT", path: "/api/contents/a.txt", body: `{"type":"file","format":"text","content":"1"}`})
	a.json(t, &m)
	etag := a.Header.Get("ETag")
	if etag == "" || a.Header.Get("Location") != "/api/contents/a.txt" {
		t.Errorf("%v", a.Header)
	}
	writeFile(t, s.dir, "a.txt", "from elsewhere")
	save := request{method: "PUT", path: "/api/contents/a.txt", body: `{"type":"file","content":"2"}`, header: map[string]string{"If-Match": etag}}
	s.want(409, save)
	s.want(409, request{method: "PUT", path: "/api/contents/a.txt", body: `{"type":"file","content":"2"}`, header: map[string]string{"If-None-Match": "*"}})
	s.want(409, request{method: "PUT", path: "/api/contents/a.txt", body: `{"type":"file","content":"2"}`,
		header: map[string]string{"If-Unmodified-Since": "Mon, 02 Jan 2006 15:04:05 GMT"}})
	if data, _ := os.ReadFile(filepath.Join(s.dir, "a.txt")); string(data) != "from elsewhere" {
		t.Errorf("overwritten: %s", data)
	}
	save.header["If-Match"] = s.want(200, request{path: "/api/contents/a.txt?hash=1"}).Header.Get("ETag")
	s.want(200, save)

	for _, c := range []struct {
		status       int
		method, path string
		body         string
	}{
		{400, "GET", "a.txt?type=directory", ""}, {400, "GET", "a.txt?type=nonsense", ""}, {400, "GET", "a.txt?format=nonsense", ""},
		{400, "GET", "a.txt?content=2", ""}, {404, "GET", "none", ""}, {400, "POST", "a.txt", "{}"}, {400, "PUT", "b", `{"type":"file"}`},
		{400, "PUT", "b", `{`}, {400, "PUT", "b", `{"type":"x","content":""}`}, {400, "PUT", "b", `{"copy_from":"a.txt","type":"file"}`},
		{409, "PATCH", "a.txt", `{"path":"dir"}`}, {404, "PATCH", "none", `{"path":"x"}`}, {404, "DELETE", "none", ""}, {405, "TRACE", "a.txt", ""},
		{404, "GET", "none/checkpoints", ""}, {404, "POST", "a.txt/checkpoints/none", ""}, {405, "GET", "a.txt/trust", ""}, {400, "POST", "a.txt/trust", ""},
		{400, "POST", "", `{"type":"file","ext":"../x"}`},
	} {
		if c.path == "a.txt" && c.method == "PATCH" {
			s.want(201, request{method: "PUT", path: "/api/contents/dir", body: `{"type":"directory"}`})
		}
		a := s.want(c.status, request{method: c.method, path: "/api/contents/" + c.path, body: c.body})
		var e struct{ Message string }
		a.json(t, &e)
		if e.Message == "" || strings.Contains(e.Message, s.dir) {
			t.Errorf("%+v: message %q", c, e.Message)
		}
	}
	// A folder may be called as a subresource is.
	s.want(201, request{method: "PUT", path: "/api/contents/dir/checkpoints", body: `{"type":"directory"}`})
	if a := s.want(200, request{path: "/api/contents/dir/checkpoints"}); !strings.Contains(a.body, `"directory"`) {
		t.Error(a.body)
	}
	// Ranges of a download.
	if a := s.want(206, request{path: "/files/a.txt", header: map[string]string{"Range": "bytes=0-0"}}); a.body != "2" {
		t.Error(a.body)
	}
}

// A browser that is signed in stays so when the server is started again, also with another token; with another key it does not.
func TestSignInOutlivesTheServer(t *testing.T) {
	data := t.TempDir()
	first := start(t, func(c *Config) { c.DataDir = data })
	browser := first.browser()
	addr := first.Addr().String()
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	again := func(dir string) *testServer { return start(t, func(c *Config) { c.DataDir, c.Addr = dir, addr }) }
	second := again(data)
	if second.Token() == first.Token() {
		t.Error("the token is the same")
	}
	second.want(200, request{path: "/api/status", noToken: true, client: browser})
	if err := second.Stop(); err != nil {
		t.Fatal(err)
	}
	chosen := func(token string) *testServer {
		return start(t, func(c *Config) { c.DataDir, c.Addr, c.Token = data, addr, token })
	}
	third := chosen("one")
	third.want(403, request{path: "/api/status", noToken: true, client: browser}) // another token, which is to keep out who had the last
	signedIn := third.browser()
	for _, next := range []struct {
		token  string
		status int
	}{{"one", 200}, {"two", 403}} {
		if err := third.Stop(); err != nil {
			t.Fatal(err)
		}
		third = chosen(next.token)
		third.want(next.status, request{path: "/api/status", noToken: true, client: signedIn})
	}
	if err := third.Stop(); err != nil {
		t.Fatal(err)
	}
	again(t.TempDir()).want(403, request{path: "/api/status", noToken: true, client: browser})
	if info, err := os.Stat(filepath.Join(data, "session-key")); err != nil || info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		t.Error(info, err)
	}
}

// A person who goes to an address where nothing is reads a page; programs get JSON.
func TestErrorsForPeople(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/nothing", "/files/no<b>such.txt", "/poolbook/api/kernels/none/outputs/none"} {
		a := s.want(404, request{path: strings.NewReplacer("<", "%3C", ">", "%3E").Replace(path), header: map[string]string{"Sec-Fetch-Mode": "navigate"}})
		if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") || !strings.Contains(a.body, `<a href="/">`) || strings.Contains(a.body, "<b>") {
			t.Errorf("%s: %s: %s", path, a.Header.Get("Content-Type"), a.body)
		}
		var body struct{ Message string }
		s.want(404, request{path: strings.NewReplacer("<", "%3C", ">", "%3E").Replace(path)}).json(t, &body)
		if body.Message == "" {
			t.Errorf("%s: no message", path)
		}
	}
}
