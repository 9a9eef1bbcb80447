package web

import (
	"net/http"
	"time"
)

// routes ties addresses to handlers. Only the addresses of the first group are open without sign-in.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	open := func(pattern string, h handler) { mux.Handle(pattern, s.serve(s.impatient(h))) }
	page := func(pattern string, h handler) { mux.Handle(pattern, s.serve(s.signedIn(h))) }
	api := func(pattern string, h handler) { mux.Handle(pattern, s.api(h)) }

	open("GET /api", s.apiVersion)
	open("GET /api/{$}", s.apiVersion)
	open("GET /static/{path...}", s.staticFiles)
	open("GET /favicon.ico", s.favicon)
	open("GET /robots.txt", s.robots)
	open("/login", s.login)
	open("/logout", s.logout)

	page("GET /{$}", s.page("index.html", "start"))
	page("GET /tree", s.page("index.html", "start"))
	page("GET /tree/{path...}", s.page("index.html", "start"))
	page("GET /lab", s.page("index.html", "start"))
	page("GET /lab/{$}", s.page("index.html", "start"))
	page("GET /lab/tree/{path...}", s.page("index.html", "start"))
	page("GET /notebooks/{path...}", s.page("notebook.html", "notebook"))
	page("GET /edit/{path...}", s.page("notebook.html", "edit"))
	page("GET /files/{path...}", s.impatient(s.files))
	page("GET /nbconvert/{format}/{path...}", s.impatient(s.export))

	api("GET /api/status", s.status)
	api("GET /api/me", s.me)
	api("POST /api/shutdown", s.shutdown)
	api("GET /api/resolvePath", s.resolvePath)
	api("GET /api/nbconvert", s.nbconvert)
	if s.hasTerminals() {
		page("GET /terminals/{name}", s.page("notebook.html", "terminal"))
		api("GET /api/terminals", s.listTerminals)
		api("POST /api/terminals", s.openTerminal)
		api("GET /api/terminals/{name}", s.getTerminal)
		api("DELETE /api/terminals/{name}", s.closeTerminal)
		api("GET /terminals/websocket/{name}", s.terminalSocket)
	} else {
		for _, path := range []string{"/api/terminals", "/api/terminals/", "/terminals/"} {
			api(path, s.noTerminals)
		}
	}
	api("POST /api/events", s.postEvent)
	api("GET /api/events/subscribe", s.subscribeEvents)

	api("/api/contents", s.impatient(s.contentsAPI))
	api("/api/contents/{path...}", s.impatient(s.contentsAPI))

	api("GET /api/kernelspecs", s.kernelSpecs)
	api("GET /api/kernelspecs/{name}", s.kernelSpec)
	api("GET /kernelspecs/{name}/{file}", s.kernelSpecFile)
	api("GET /api/kernels", s.listKernels)
	api("POST /api/kernels", s.startKernel)
	api("GET /api/kernels/{id}", s.getKernel)
	api("DELETE /api/kernels/{id}", s.deleteKernel)
	api("POST /api/kernels/{id}/interrupt", s.interruptKernel)
	api("POST /api/kernels/{id}/restart", s.restartKernel)
	api("GET /api/kernels/{id}/channels", s.channels)
	api("GET /api/sessions", s.listSessions)
	api("POST /api/sessions", s.openSession)
	api("GET /api/sessions/{id}", s.getSession)
	api("PATCH /api/sessions/{id}", s.changeSession)
	api("DELETE /api/sessions/{id}", s.closeSession)

	for _, method := range []string{"GET", "PUT", "PATCH"} {
		api(method+" /api/config/{section}", s.config)
	}
	api("GET /lab/api/settings", s.labSettings)
	api("GET /lab/api/settings/{id...}", s.labSettings)
	api("PUT /lab/api/settings/{id...}", s.setSettings)
	api("GET /lab/api/workspaces", s.labWorkspaces)
	api("/lab/api/workspaces/{id...}", s.labWorkspaces)
	api("GET /lab/api/translations", s.labTranslations)
	api("GET /lab/api/translations/{locale...}", s.labTranslations)
	api("GET /lab/api/themes/{path...}", s.labTheme)

	api("GET /poolbook/api/tutorials", s.listTutorials)
	api("POST /poolbook/api/tutorials/{name}/open", s.openTutorial)
	api("POST /poolbook/api/tutorials/{name}/reset", s.resetTutorial)
	api("POST /poolbook/api/format", s.format)
	api("GET /poolbook/api/settings", s.pageSettings)
	api("PUT /poolbook/api/settings/{id...}", s.setSettings)
	api("GET /poolbook/api/kernels/{id}/journal", s.journal)
	page("GET /poolbook/api/kernels/{id}/outputs/{request}", s.impatient(s.heldOutputs))

	mux.Handle("/", s.serve(func(http.ResponseWriter, *http.Request) error {
		return statusErr(http.StatusNotFound, "there is nothing at this address")
	}))
	return s.protect(mux)
}

// APIVersion is the version of Jupyter Server whose API this server speaks.
const APIVersion = "2.17.0"

// apiVersion serves GET /api, which needs no sign-in and tells as little as Jupyter does.
func (s *Server) apiVersion(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]string{"version": APIVersion})
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) error {
	kernels, connections, latest := s.kernels.Counts()
	if own := s.lastActivity(); own.After(latest) {
		latest = own
	}
	return writeJSON(w, http.StatusOK, map[string]any{
		"started": s.startedAt, "last_activity": latest.UTC(), "kernels": kernels, "connections": connections,
	})
}

// me tells who is signed in: the server has one user, whom it does not know by name.
func (s *Server) me(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]any{
		"identity": map[string]any{
			"username": "poolbook", "name": "You", "display_name": "You", "initials": "Y", "avatar_url": nil, "color": nil,
		},
		"permissions": map[string]any{},
	})
}

// resolvePath answers JupyterLab's question which words of an output are paths; none is made a link.
func (s *Server) resolvePath(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]any{"resolved": []any{}, "unresolved": []any{}})
}

func (s *Server) favicon(w http.ResponseWriter, r *http.Request) error {
	return s.serveAsset(w, r, "favicon.svg")
}

func (s *Server) robots(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("User-agent: *\nDisallow: /\n"))
	return nil
}

// shutdown serves POST /api/shutdown: it answers, and then the server stops, with all kernels.
func (s *Server) shutdown(w http.ResponseWriter, _ *http.Request) error {
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	s.log.Info("shutdown asked for by a client")
	s.cancel()
	return nil
}

// touch notes that somebody used the server.
func (s *Server) touch() { s.lastUse.Store(time.Now().UnixNano()) }

func (s *Server) lastActivity() time.Time { return time.Unix(0, s.lastUse.Load()) }
