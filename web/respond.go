package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"poolbook/web/internal/contents"
)

// httpError is an error with a status, shown to the client in Jupyter's form.
type httpError struct {
	Status  int
	Message string
	Reason  string
	Err     error // for the log, may be nil
}

func (e *httpError) Error() string { return e.Message }
func (e *httpError) Unwrap() error { return e.Err }

func statusErr(status int, format string, args ...any) *httpError {
	return &httpError{Status: status, Message: fmt.Sprintf(format, args...)}
}

// handler is an HTTP handler that leaves its error to be answered by the caller.
type handler func(w http.ResponseWriter, r *http.Request) error

// serve runs h and answers its error.
func (s *Server) serve(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// fail answers an error as JSON: {"message": …, "reason": …}, which Jupyter's clients show; to a browser that goes to an address, as a page.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := toHTTP(err)
	if e.Status >= 500 {
		s.log.Warn("request failed", "method", r.Method, "path", r.URL.Path, "status", e.Status, "error", err)
	} else {
		s.log.Debug("request refused", "method", r.Method, "path", r.URL.Path, "status", e.Status, "error", err)
	}
	if r.Context().Err() != nil {
		return // nobody listens
	}
	if r.Header.Get("Sec-Fetch-Mode") == "navigate" {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
		h.Del("Content-Disposition")
		w.WriteHeader(e.Status)
		_ = errorTemplate.Execute(w, map[string]any{"Status": e.Status, "Name": http.StatusText(e.Status), "Message": e.Message})
		return
	}
	body := map[string]any{"message": e.Message, "reason": nil}
	if e.Reason != "" {
		body["reason"] = e.Reason
	}
	_ = writeJSON(w, e.Status, body)
}

func toHTTP(err error) *httpError {
	var known *httpError
	if errors.As(err, &known) {
		return known
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &httpError{Status: http.StatusRequestEntityTooLarge, Message: fmt.Sprintf("the request is larger than %d bytes", tooLarge.Limit), Err: err}
	}
	var c *contents.Error
	if errors.As(err, &c) {
		status := map[contents.Kind]int{
			contents.Internal: 500, contents.NotFound: 404, contents.BadRequest: 400, contents.Exists: 409, contents.Changed: 409,
			contents.Forbidden: 403, contents.TooLarge: 413,
		}[c.Kind]
		return &httpError{Status: status, Message: c.Message, Reason: c.Reason, Err: err}
	}
	return &httpError{Status: http.StatusInternalServerError, Message: withoutFolders(err), Err: err}
}

// withoutFolders is the text of an error without the folders in which its files are: they are for the log.
func withoutFolders(err error) string {
	text := err.Error()
	var path *fs.PathError
	if errors.As(err, &path) {
		text = strings.ReplaceAll(text, path.Path, filepath.Base(path.Path))
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		text = strings.ReplaceAll(strings.ReplaceAll(text, link.Old, filepath.Base(link.Old)), link.New, filepath.Base(link.New))
	}
	return text
}

// writeJSON answers with a JSON value.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil // the connection is gone, or half an answer is out: nothing more can be said
	}
	return nil
}

// maxSmallBody is for requests that are a few fields, in bytes.
const maxSmallBody = 1 << 20

// largeBody is the size in bytes of a request's body from which its memory is given back to the system at once, and not in the minutes
// that the runtime takes.
const largeBody = 64 << 20

// readJSON reads a request's body of at most limit bytes; an empty one leaves v as it is. One that says it is larger is refused unread.
func readJSON(w http.ResponseWriter, r *http.Request, limit int64, v any) error {
	if r.ContentLength > limit {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second)) // the server reads a little, to keep the connection
		w.Header().Set("Connection", "close")
		return &http.MaxBytesError{Limit: limit}
	}
	var body bytes.Buffer
	body.Grow(int(max(r.ContentLength, 0)) + bytes.MinRead)
	if n, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, limit)); err != nil {
		if body = (bytes.Buffer{}); n > largeBody {
			debug.FreeOSMemory()
		}
		return err
	}
	data := body.Bytes()
	if len(strings.TrimSpace(string(data[:min(len(data), 64)]))) == 0 && len(data) < 64 {
		return nil
	}
	if err := json.Unmarshal(data, v); err != nil {
		return &httpError{Status: http.StatusBadRequest, Message: "the request's body is not the JSON that is due: " + err.Error(), Err: err}
	}
	return nil
}

// errorTemplate says an error to a person.
var errorTemplate = template.Must(template.New("error").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Name}} – Poolbook</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 0; padding: 1rem; }
main { max-width: 34rem; }
h1 { font-size: 1.4rem; margin: 0 0 .5rem; }
p { overflow-wrap: anywhere; }
a { color: #00758f; }
@media (prefers-color-scheme: dark) { a { color: #58c0d1; } }
</style>
</head>
<body>
<main>
<h1>{{.Name}} ({{.Status}})</h1>
<p>{{.Message}}</p>
<p><a href="/">To the notebooks</a></p>
</main>
</body>
</html>
`))
