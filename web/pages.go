package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"poolbook/web/internal/auth"
)

// configMarker in the page's HTML is replaced by its configuration.
const configMarker = "<!--page-config-->"

// noPage stands in for the page in a build without it.
const noPage = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Poolbook</title>` + configMarker + `</head>
<body><h1>Poolbook</h1>
<p>This build has no page of its own. Its Jupyter server works: connect VS Code or JupyterLab to this address.</p>
</body></html>
`

// page serves an HTML file of the page with its configuration. kind is "start", "notebook", "edit" or "terminal".
func (s *Server) page(file, kind string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if s.stripToken(w, r) {
			return nil
		}
		html, _, err := s.asset(file, "")
		if err != nil {
			html = []byte(noPage)
		}
		config, err := json.Marshal(s.pageConfig(kind, r.PathValue("path"))) // escapes <, > and &
		if err != nil {
			return err
		}
		element := `<script id="jupyter-config-data" type="application/json">` + string(config) + `</script>`
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "no-cache, private")
		h.Set("Content-Security-Policy", s.pageCSP(r))
		if how, session := s.who(w, r); how == auth.ByCookie {
			s.guard.RefreshXSRF(w, r, session)
		}
		_, _ = w.Write(bytes.Replace(html, []byte(configMarker), []byte(element), 1))
		return nil
	}
}

// pageCSP lets a page use what comes from this server only, and of scripts only the page's own: neither inline ones nor those that lie beside a
// notebook, under /files/. Images may come from elsewhere, since notebooks link to them; eval is what the JSON schemas of
// JupyterLab's settings editor need. Charts do not: their expressions are interpreted. The page itself sends no form and has no base.
func (s *Server) pageCSP(r *http.Request) string {
	ws, own := "ws://"+r.Host, "http://"+r.Host+"/static/"
	if r.TLS != nil {
		ws, own = "wss://"+r.Host, "https://"+r.Host+"/static/"
	}
	return "default-src 'self'; script-src " + own + " 'unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
		"img-src 'self' data: blob: https:; media-src 'self' data: blob: https:; font-src 'self' data:; " +
		"connect-src 'self' data: blob: " + ws + "; worker-src " + own + " blob:; frame-src 'self' blob: data:; " +
		"object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
}

// pageConfig is what JupyterLab's PageConfig reads.
func (s *Server) pageConfig(kind, path string) map[string]any {
	settings, err := s.rawSettings()
	if err != nil {
		s.log.Warn("settings cannot be read", "error", err) // the page asks for them itself, and then says so
	}
	return map[string]any{
		"appName": "Poolbook", "appVersion": appVersion(), "appUrl": "/lab", "appNamespace": "poolbook",
		"baseUrl": "/", "wsUrl": "", "token": "", "frontendUrl": "/",
		"fullStaticUrl": "/static", "fullLabextensionsUrl": "/lab/extensions",
		"settingsUrl": "/lab/api/settings", "fullSettingsUrl": "/lab/api/settings",
		"themesUrl": "/lab/api/themes", "fullThemesUrl": "/lab/api/themes",
		"translationsApiUrl": "/lab/api/translations", "fullTranslationsApiUrl": "/lab/api/translations",
		"workspacesApiUrl": "/lab/api/workspaces", "fullWorkspacesApiUrl": "/lab/api/workspaces",
		"federated_extensions": []any{}, "disabledExtensions": []any{}, "mathjaxUrl": "", "cacheFiles": "false", "devMode": "false",
		"terminalsAvailable": trueFalse(s.hasTerminals()), "exposeAppInBrowser": "false", "delete_to_trash": trueFalse(s.contents.HasTrash()), "preferredDir": "", "rootUri": "",
		"folder": displayDir(s.contents.Dir()), "serverRoot": displayDir(s.contents.Dir()), "defaultKernel": s.defaultKernel(),
		"poolbookPage": kind, "poolbookPath": path, "poolbookSettings": settings,
	}
}

func trueFalse(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// displayDir shortens a path below the user's home.
func displayDir(dir string) string {
	home, err := os.UserHomeDir()
	if err != nil || home == "" || home == "/" {
		return dir
	}
	rel, err := filepath.Rel(home, dir)
	if err != nil || !filepath.IsLocal(rel) {
		return dir
	}
	return filepath.Join("~", rel)
}

// stripToken turns the address that the program printed into a session: the token is to stay neither in the address bar nor in the
// browser's history. Programs that only look whether the page is there get it right away.
func (s *Server) stripToken(w http.ResponseWriter, r *http.Request) bool {
	q := r.URL.Query()
	if !q.Has("token") || s.guard.Blocked(r, false) > 0 || !s.guard.Right(q.Get("token")) {
		return false
	}
	s.guard.SignIn(w, r, "")
	if r.Method != http.MethodGet || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return false
	}
	q.Del("token")
	to := url.URL{Path: r.URL.Path, RawQuery: q.Encode()}
	redirect(w, r, to.String())
	return true
}

// redirect goes to an address of this server.
func redirect(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusFound)
}

// signedIn lets signed-in users see a page and sends the others to the sign-in page.
func (s *Server) signedIn(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		how := auth.None
		if s.guard.Blocked(r, false) == 0 || !r.URL.Query().Has("token") && r.Header.Get("Authorization") == "" {
			how, _ = s.who(w, r)
		}
		if how != auth.None {
			return h(w, r)
		}
		if auth.TokenOf(r) != "" && s.guard.Failed(r, false) {
			s.log.Warn("request with a wrong token", "from", r.RemoteAddr)
		}
		q := r.URL.Query()
		q.Del("token")
		next := url.URL{Path: r.URL.Path, RawQuery: q.Encode()}
		redirect(w, r, "/login?next="+url.QueryEscape(next.String()))
		return nil
	}
}

// localPath returns where to go after sign-in: only a path of this server, never another host ("//evil", "/\evil").
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

// login serves the sign-in page, and takes its form. The fields are named as Jupyter's, so that its clients can sign in.
func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	next := localPath(r.URL.Query().Get("next"))
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		if how, _ := s.who(w, r); how == auth.ByCookie {
			redirect(w, r, next)
			return nil
		}
		s.guard.BeforeSignIn(w, r)
		return s.loginPage(w, r, http.StatusOK, next, "")
	}
	if !s.guard.RightOrigin(r) || r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return statusErr(http.StatusForbidden, "the form was sent by another site")
	}
	if wait := s.guard.Blocked(r, true); wait > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(int(wait.Seconds())+1))
		return s.loginPage(w, r, http.StatusTooManyRequests, next, "Too many wrong tokens. Try again in a minute.")
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		return &httpError{Status: http.StatusBadRequest, Message: "the form cannot be read", Err: err}
	}
	token := r.PostForm.Get("password")
	if token == "" {
		token = r.PostForm.Get("token")
	}
	// People paste the whole address.
	if u, err := url.Parse(strings.TrimSpace(token)); err == nil && u.Query().Has("token") {
		token = u.Query().Get("token")
	}
	if !s.guard.Right(strings.TrimSpace(token)) {
		if s.guard.Failed(r, true) {
			s.log.Warn("sign-in with a wrong token", "from", r.RemoteAddr)
		}
		return s.loginPage(w, r, http.StatusUnauthorized, next, "That is not the token.")
	}
	s.guard.SignIn(w, r, r.PostForm.Get(auth.XSRFCookie))
	redirect(w, r, next)
	return nil
}

// logout asks whether to sign out, and does so when its form is sent. The address alone, which any picture in a notebook may have, does nothing.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	how, session := s.who(w, r)
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if how != auth.ByCookie {
			return s.loginPage(w, r, http.StatusOK, "/", "You are signed out.")
		}
		return s.formPage(w, r, http.StatusOK, form{XSRF: s.guard.XSRF(session)})
	case http.MethodPost:
	default:
		return statusErr(http.StatusMethodNotAllowed, "signing out is a POST")
	}
	if how == auth.ByCookie {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		if err := r.ParseForm(); err != nil {
			return &httpError{Status: http.StatusBadRequest, Message: "the form cannot be read", Err: err}
		}
		if !s.guard.SameOrigin(r, session) || !s.guard.RightXSRF(r, session) && r.PostForm.Get(auth.XSRFCookie) != s.guard.XSRF(session) {
			return statusErr(http.StatusForbidden, "the request does not come from the page that asks for it (XSRF)")
		}
	}
	if err := s.guard.SignOut(w, r); err != nil {
		s.log.Warn("a copy of the cookie is good again when the server has been started anew", "error", err)
	}
	return s.loginPage(w, r, http.StatusOK, "/", "You are signed out.")
}

var loginTemplate = template.Must(template.New("login").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{if .XSRF}}Sign out{{else}}Sign in{{end}} – Poolbook</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 0; padding: 1rem; }
main { max-width: 30rem; width: 100%; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
input, button { font: inherit; padding: .6rem .8rem; border-radius: .4rem; border: 1px solid #8888; box-sizing: border-box; width: 100%; margin-top: .75rem; }
button { background: #00758f; color: #fff; border-color: transparent; cursor: pointer; }
[role=alert] { color: #c62828; font-weight: 600; }
@media (prefers-color-scheme: dark) { [role=alert] { color: #ff8a80; } }
code { font-size: .95em; }
</style>
</head>
<body>
<main>
<h1>Poolbook</h1>
{{if .XSRF}}<form method="post" action="/logout">
<input type="hidden" name="_xsrf" value="{{.XSRF}}">
<button type="submit">Sign out</button>
</form>{{else}}
<p>Open the address that <code>poolbook</code> printed when it started, or paste it, or its token, here.</p>
{{if .Message}}<p role="alert">{{.Message}}</p>{{end}}
<form method="post" action="/login?next={{.Next}}">
<label for="token">Token or address</label>
<input id="token" name="password" type="password" autocomplete="current-password" required autofocus>
<button type="submit">Sign in</button>
</form>{{end}}
</main>
</body>
</html>
`))

func (s *Server) loginPage(w http.ResponseWriter, r *http.Request, status int, next, message string) error {
	return s.formPage(w, r, status, form{Next: next, Message: message})
}

// form is the sign-in page, or with XSRF the one that signs out.
type form struct{ Next, Message, XSRF string }

func (s *Server) formPage(w http.ResponseWriter, r *http.Request, status int, f form) error {
	var b bytes.Buffer
	if err := loginTemplate.Execute(&b, f); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes())
	}
	return nil
}
