package web

import (
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"poolbook/web/internal/auth"
)

// protect is the outermost handler: what must hold for every request.
func (s *Server) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'self'") // pages set their own
		s.touch()
		if r.ContentLength != 0 && s.conns.stranger(r) {
			// Until it is known who it is; see who. A body that does not come would keep the connection busy for good.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(strangerPatience))
		}
		if !s.guard.RightHost(r) {
			s.log.Warn("request for another host refused", "host", r.Host, "path", r.URL.Path)
			s.refuse(w, r, statusErr(http.StatusForbidden, "this server does not go by the name %q", r.Host))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuse answers without reading the request's body: a client that is not let in may not keep the connection busy with it.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if r.ContentLength != 0 {
		w.Header().Set("Connection", "close")
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second))
	}
	s.fail(w, r, err)
}

// api lets in who has the token, or a session and comes from the server's own pages.
func (s *Server) api(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		how, session := s.who(w, r)
		if how != auth.ByCookie {
			if wait := s.guard.Blocked(r, false); wait > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
				s.refuse(w, r, statusErr(http.StatusTooManyRequests, "too many wrong tokens; try again in a minute"))
				return
			}
		}
		switch how {
		case auth.None:
			if auth.TokenOf(r) != "" && s.guard.Failed(r, false) {
				s.log.Warn("request with a wrong token", "from", r.RemoteAddr)
			}
			s.refuse(w, r, statusErr(http.StatusForbidden, "sign in first: the token is missing or wrong"))
			return
		case auth.ByCookie:
			if !safe(r) && !s.guard.SameOrigin(r, session) {
				s.refuse(w, r, statusErr(http.StatusForbidden, "the request does not come from a page of this server (XSRF)"))
				return
			}
			if !safe(r) && ofForm(r) && !s.guard.RightXSRF(r, session) {
				s.refuse(w, r, statusErr(http.StatusForbidden, "the request was made by a form (XSRF)"))
				return
			}
			if !s.guard.RightOrigin(r) {
				s.refuse(w, r, statusErr(http.StatusForbidden, "the request comes from a page of another site"))
				return
			}
		}
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// safe reports whether a request changes nothing. A websocket is not safe: it lets the other side speak to a kernel. Upgrade is a list, of
// which any member may be the one.
func safe(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return len(r.Header.Values("Upgrade")) == 0
	}
	return false
}

// ofForm reports whether a form may have made a request. A form in a notebook's output is one of this server's own pages, and sends what its
// author has thought of when it is clicked; scripts and programs say that they send JSON.
func ofForm(r *http.Request) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "application/x-www-form-urlencoded", "multipart/form-data", "text/plain":
		return true
	}
	return r.Header.Get("Sec-Fetch-Mode") == "navigate"
}

// slowWriter gives each write of an answer a time to be done, so that a client that does not read is given up.
type slowWriter struct {
	http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
	givenUp  bool // a write was not taken in time
}

func (w *slowWriter) Write(p []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.patience))
	n, err := w.ResponseWriter.Write(p)
	w.givenUp = w.givenUp || errors.Is(err, os.ErrDeadlineExceeded)
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *slowWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// impatient is for handlers with long answers.
func (s *Server) impatient(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		slow := &slowWriter{ResponseWriter: w, control: http.NewResponseController(w), patience: s.cfg.WriteTimeout}
		err := h(slow, r)
		if slow.givenUp {
			s.log.Debug("client given up: it takes nothing", "path", r.URL.Path)
		}
		return err
	}
}
