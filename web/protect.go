package web

import (
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
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
		how, session := s.guard.Who(r)
		switch how {
		case auth.None:
			s.refuse(w, r, statusErr(http.StatusForbidden, "sign in first: the token is missing or wrong"))
			return
		case auth.ByCookie:
			if !safe(r) && !s.guard.SameOrigin(r, session) {
				s.refuse(w, r, statusErr(http.StatusForbidden, "the request does not come from a page of this server (XSRF)"))
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

// safe reports whether a request changes nothing. A websocket is not safe: it lets the other side speak to a kernel.
func safe(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return !strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
	}
	return false
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

// connLimit keeps the number of connections below a maximum: beyond it, the one that has been idle for longest is closed for the new one;
// when none is idle, the new one is.
type connLimit struct {
	max int

	mu    sync.Mutex
	conns map[net.Conn]*connState // guarded by mu
}

type connState struct {
	state http.ConnState
	since time.Time
}

// hook is for http.Server.ConnState. Hijacked connections (websockets) have a limit of their own.
func (l *connLimit) hook(c net.Conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(l.conns, c)
		return
	case http.StateNew:
		if len(l.conns) >= l.max {
			victim := l.oldestIdle()
			if victim == nil {
				_ = c.Close()
				return
			}
			delete(l.conns, victim)
			_ = victim.Close()
		}
	}
	l.conns[c] = &connState{state, time.Now()}
}

func (l *connLimit) oldestIdle() net.Conn {
	var oldest net.Conn
	var since time.Time
	for c, s := range l.conns {
		if s.state != http.StateActive && (oldest == nil || s.since.Before(since)) {
			oldest, since = c, s.since
		}
	}
	return oldest
}
