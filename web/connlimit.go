package web

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"poolbook/web/internal/auth"
)

// strangerPatience is how long a request may take to send its body while nobody on its connection has signed in.
const strangerPatience = 10 * time.Second

// connLimit keeps the number of connections below a maximum. Beyond it one is closed for the new one: the one that has been idle for longest; when
// none is idle, the oldest of those over which nobody has signed in, of the address that has most of them. So strangers who keep their
// requests going cannot keep out whoever comes, and do not disturb who is in. When all are at work for somebody who is signed in, the
// new one is closed.
type connLimit struct {
	max int

	mu    sync.Mutex
	conns map[net.Conn]*connState // guarded by mu
}

type connState struct {
	state http.ConnState
	since time.Time // of the state
	made  time.Time
	known bool // somebody has signed in over it
}

type connKey struct{}

// context is for http.Server.ConnContext: it makes a request's connection known.
func (l *connLimit) context(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// hook is for http.Server.ConnState. Hijacked connections (websockets) have a limit of their own.
func (l *connLimit) hook(c net.Conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(l.conns, c)
		return
	case http.StateNew:
		if len(l.conns) >= l.max {
			victim := l.oldest(func(s *connState) bool { return s.state != http.StateActive })
			if victim == nil {
				victim = l.oldestStranger()
			}
			if victim == nil {
				_ = c.Close()
				return
			}
			delete(l.conns, victim)
			_ = victim.Close()
		}
		l.conns[c] = &connState{state: state, since: now, made: now}
	default:
		if s := l.conns[c]; s != nil { // else it was closed for another one
			s.state, s.since = state, now
		}
	}
}

// oldest is the connection that has been longest in its state, of those that are eligible. The caller holds mu.
func (l *connLimit) oldest(eligible func(*connState) bool) net.Conn {
	var oldest net.Conn
	var since time.Time
	for c, s := range l.conns {
		if eligible(s) && (oldest == nil || s.since.Before(since)) {
			oldest, since = c, s.since
		}
	}
	return oldest
}

// oldestStranger is the oldest of the connections of strangers, of the address that has most of them. The caller holds mu.
func (l *connLimit) oldestStranger() net.Conn {
	count := map[string]int{}
	for c, s := range l.conns {
		if !s.known {
			count[hostOf(c)]++
		}
	}
	var oldest net.Conn
	for c, s := range l.conns {
		if s.known {
			continue
		}
		if oldest == nil {
			oldest = c
			continue
		}
		if mine, most := count[hostOf(c)], count[hostOf(oldest)]; mine > most || mine == most && s.made.Before(l.conns[oldest].made) {
			oldest = c
		}
	}
	return oldest
}

func hostOf(c net.Conn) string {
	host, _, _ := net.SplitHostPort(c.RemoteAddr().String())
	return host
}

// stranger reports whether nobody has signed in yet over a request's connection.
func (l *connLimit) stranger(r *http.Request) bool {
	c, _ := r.Context().Value(connKey{}).(net.Conn)
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.conns[c]
	return s == nil || !s.known
}

// signedIn notes that somebody has signed in over a request's connection, and reports whether that is new.
func (l *connLimit) signedIn(r *http.Request) bool {
	c, _ := r.Context().Value(connKey{}).(net.Conn)
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.conns[c]
	if s == nil || s.known {
		return s == nil
	}
	s.known = true
	return true
}

// who tells how a request is let in, and has the server treat its connection accordingly. It is called before the body is read.
func (s *Server) who(w http.ResponseWriter, r *http.Request) (how auth.Method, session string) {
	if how, session = s.guard.Who(r); how != auth.None && s.conns.signedIn(r) && r.ContentLength != 0 {
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // as long as it takes
	}
	return how, session
}
