package web

import (
	"mime"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"poolbook/web/internal/contents"
)

// contentsAPI serves /api/contents/{path}, its checkpoints and its trust.
func (s *Server) contentsAPI(w http.ResponseWriter, r *http.Request) error {
	p := r.PathValue("path")
	if file, rest, ok := s.subresource(p); ok {
		if rest == "trust" {
			return s.trustNotebook(w, r, file)
		}
		return s.checkpointsAPI(w, r, file, strings.TrimPrefix(strings.TrimPrefix(rest, "checkpoints"), "/"))
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return s.getContents(w, r, p)
	case http.MethodPost:
		return s.newContents(w, r, p)
	case http.MethodPut:
		return s.saveContents(w, r, p)
	case http.MethodPatch:
		return s.renameContents(w, r, p)
	case http.MethodDelete:
		return s.deleteContents(w, r, p)
	}
	w.Header().Set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE")
	return statusErr(http.StatusMethodNotAllowed, "%s is not allowed here", r.Method)
}

// subresource splits "a/b.ipynb/checkpoints[/id]" and "a/b.ipynb/trust". A folder may be called "checkpoints" too: what follows the
// path of a folder is never a subresource.
func (s *Server) subresource(p string) (file, rest string, ok bool) {
	dir, last := path.Split(p)
	dir = strings.TrimSuffix(dir, "/")
	switch {
	case last == "trust", last == "checkpoints":
		file, rest = dir, last
	case path.Base(dir) == "checkpoints":
		file, rest = strings.TrimSuffix(strings.TrimSuffix(dir, "checkpoints"), "/"), "checkpoints/"+last
	default:
		return "", "", false
	}
	_, isDir := s.contents.Exists(file)
	return file, rest, !isDir && file != ""
}

func (s *Server) getContents(w http.ResponseWriter, r *http.Request, p string) error {
	q := r.URL.Query()
	o := contents.GetOptions{Type: q.Get("type"), Format: q.Get("format")}
	switch o.Type {
	case "", contents.TypeDirectory, contents.TypeFile, contents.TypeNotebook:
	default:
		return statusErr(http.StatusBadRequest, "type %q is invalid", o.Type)
	}
	switch o.Format {
	case "", contents.FormatText, contents.FormatBase64:
	case contents.FormatJSON:
		o.Format = ""
	default:
		return statusErr(http.StatusBadRequest, "format %q is invalid", o.Format)
	}
	var err error
	if o.Content, err = flag(q, "content", true); err != nil {
		return err
	}
	if o.Hash, err = flag(q, "hash", false); err != nil {
		return err
	}
	model, err := s.contents.Get(p, o)
	if err != nil {
		return err
	}
	s.emitContents("get", model.Path, "")
	return writeModel(w, http.StatusOK, model)
}

// flag reads a query parameter that is 0 or 1.
func flag(q url.Values, name string, absent bool) (bool, error) {
	switch v := q.Get(name); v {
	case "":
		return absent, nil
	case "0", "false":
		return false, nil
	case "1", "true":
		return true, nil
	default:
		return false, statusErr(http.StatusBadRequest, "%s must be 0 or 1, not %q", name, v)
	}
}

func writeModel(w http.ResponseWriter, status int, model *contents.Model) error {
	h := w.Header()
	h.Set("Last-Modified", model.LastModified.UTC().Format(http.TimeFormat))
	if model.Hash != nil {
		h.Set("ETag", `"`+*model.Hash+`"`)
	}
	if status == http.StatusCreated {
		h.Set("Location", "/api/contents/"+escapePath(model.Path))
	}
	return writeJSON(w, status, model)
}

// escapePath escapes a path for a URL, leaving its slashes.
func escapePath(p string) string { return (&url.URL{Path: p}).EscapedPath() }

// newContents makes an untitled entry in a folder, or a copy of another.
func (s *Server) newContents(w http.ResponseWriter, r *http.Request, dir string) error {
	if exists, isDir := s.contents.Exists(dir); exists && !isDir {
		return statusErr(http.StatusBadRequest, "cannot POST to a file; use PUT")
	}
	var body struct {
		Type     string `json:"type"`
		Ext      string `json:"ext"`
		CopyFrom string `json:"copy_from"`
	}
	if err := readJSON(w, r, maxSmallBody, &body); err != nil {
		return err
	}
	var model *contents.Model
	var err error
	action := "create"
	if body.CopyFrom != "" {
		model, err = s.contents.Copy(body.CopyFrom, dir)
		action = "copy"
	} else {
		if body.Ext != "" && !strings.HasPrefix(body.Ext, ".") {
			body.Ext = "." + body.Ext
		}
		model, err = s.contents.New(dir, body.Type, body.Ext)
	}
	if err != nil {
		return err
	}
	s.emitContents(action, model.Path, body.CopyFrom)
	return writeModel(w, http.StatusCreated, model)
}

// saveContents writes an entry. With If-Match (a hash as an ETag, as GET gives it) nothing is written when the file on disk is another,
// with "If-None-Match: *" nothing that is there is replaced.
func (s *Server) saveContents(w http.ResponseWriter, r *http.Request, p string) error {
	var body struct {
		contents.SaveRequest
		CopyFrom string `json:"copy_from"`
	}
	if err := readJSON(w, r, s.cfg.MaxBody, &body); err != nil {
		return err
	}
	if r.ContentLength > largeBody {
		defer debug.FreeOSMemory()
	}
	if body.CopyFrom != "" {
		return statusErr(http.StatusBadRequest, "cannot copy with PUT, only with POST")
	}
	if body.Type == "" && body.Content == nil {
		return s.newContents(w, r, p)
	}
	body.IfHash = strings.Trim(r.Header.Get("If-Match"), `"`)
	body.IfAbsent = r.Header.Get("If-None-Match") == "*"
	if since := r.Header.Get("If-Unmodified-Since"); since != "" && body.IfHash == "" {
		if err := s.unmodifiedSince(p, since); err != nil {
			return err
		}
	}
	model, made, err := s.contents.Save(p, body.SaveRequest)
	if err != nil {
		return err
	}
	s.emitContents("save", model.Path, "")
	status := http.StatusOK
	if made {
		status = http.StatusCreated
	}
	return writeModel(w, status, model)
}

func (s *Server) unmodifiedSince(p, since string) error {
	t, err := http.ParseTime(since)
	if err != nil {
		return statusErr(http.StatusBadRequest, "If-Unmodified-Since is no HTTP date")
	}
	model, err := s.contents.Get(p, contents.GetOptions{})
	if err == nil && model.LastModified.Truncate(time.Second).After(t) {
		return statusErr(http.StatusConflict, "%q has changed on the disk since it was opened", p)
	}
	return nil
}

func (s *Server) renameContents(w http.ResponseWriter, r *http.Request, p string) error {
	var body struct {
		Path *string `json:"path"`
		Name *string `json:"name"`
	}
	if err := readJSON(w, r, maxSmallBody, &body); err != nil {
		return err
	}
	to := p
	switch {
	case body.Path != nil:
		to = *body.Path
	case body.Name != nil:
		if strings.Contains(*body.Name, "/") {
			return statusErr(http.StatusBadRequest, "a name has no slash")
		}
		to = path.Join(path.Dir(p), *body.Name)
	}
	model, err := s.contents.Rename(p, to)
	if err != nil {
		return err
	}
	s.emitContents("rename", model.Path, p)
	return writeModel(w, http.StatusOK, model)
}

func (s *Server) deleteContents(w http.ResponseWriter, _ *http.Request, p string) error {
	if err := s.contents.Delete(p); err != nil {
		return err
	}
	s.emitContents("delete", p, "")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) checkpointsAPI(w http.ResponseWriter, r *http.Request, p, id string) error {
	switch {
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && id == "":
		list, err := s.contents.Checkpoints(p)
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, list)
	case r.Method == http.MethodPost && id == "":
		cp, err := s.contents.CreateCheckpoint(p)
		if err != nil {
			return err
		}
		w.Header().Set("Location", "/api/contents/"+escapePath(p)+"/checkpoints/"+url.PathEscape(cp.ID))
		return writeJSON(w, http.StatusCreated, cp)
	case r.Method == http.MethodPost:
		if err := s.contents.RestoreCheckpoint(p, id); err != nil {
			return err
		}
		s.emitContents("save", p, "")
	case r.Method == http.MethodDelete && id != "":
		if err := s.contents.DeleteCheckpoint(p, id); err != nil {
			return err
		}
	default:
		return statusErr(http.StatusMethodNotAllowed, "%s is not allowed here", r.Method)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) trustNotebook(w http.ResponseWriter, r *http.Request, p string) error {
	if r.Method != http.MethodPost {
		return statusErr(http.StatusMethodNotAllowed, "%s is not allowed here", r.Method)
	}
	if err := s.contents.Trust(p); err != nil {
		return err
	}
	w.WriteHeader(http.StatusCreated)
	return nil
}

// fileCSP is for files of the folder that are shown by the browser itself: their scripts run as those of a foreign site,
// without the sign-in.
const fileCSP = "sandbox allow-scripts allow-popups allow-forms; frame-ancestors 'self'"

// files serves /files/{path}: the bytes on disk, in ranges, and with ?download=1 as a download.
func (s *Server) files(w http.ResponseWriter, r *http.Request) error {
	p := r.PathValue("path")
	f, info, err := s.contents.OpenFile(p)
	if err != nil {
		return err
	}
	defer f.Close()
	h := w.Header()
	h.Set("Content-Security-Policy", fileCSP)
	h.Set("Cache-Control", "no-cache")
	if ext := path.Ext(p); ext == ".ipynb" {
		h.Set("Content-Type", "application/x-ipynb+json")
	} else if mime.TypeByExtension(ext) == "" {
		h.Set("Content-Type", "application/octet-stream") // never guessed from the bytes
	}
	if download := r.URL.Query().Get("download"); download != "" && download != "0" {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(p)}))
	}
	http.ServeContent(w, r, path.Base(p), info.ModTime(), f)
	return nil
}

// emitContents tells the listeners of /api/events what was done to an entry.
func (s *Server) emitContents(action, path, source string) {
	data := map[string]any{"action": action, "path": path}
	if source != "" {
		data["source_path"] = source
	}
	s.events.emit("https://events.jupyter.org/jupyter_server/contents_service/v1", data)
}
