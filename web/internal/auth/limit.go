package auth

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Limits of wrong tokens, within the window and from one client.
const (
	maxForms      = 10  // in the sign-in form
	maxRequests   = 100 // in requests of programs; one that has an old token asks again and again
	failureWindow = time.Minute
	maxClients    = 4096 // that are remembered
)

// attempts counts the wrong tokens of each client. The zero value is ready.
type attempts struct {
	mu      sync.Mutex
	clients map[netip.Prefix]*failures
}

// failures are one client's, in a window that begins with the first.
type failures struct {
	since           time.Time
	forms, requests int
}

// clientOf is who made a request: an address or, of IPv6, a network, since a client has many addresses there.
func clientOf(r *http.Request) netip.Prefix {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip, _ := netip.ParseAddr(host)
	ip = ip.WithZone("").Unmap()
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	p, _ := ip.Prefix(bits)
	return p
}

// of returns the failures of a client, nil when there are none lately. The caller holds mu.
func (a *attempts) of(client netip.Prefix) *failures {
	f := a.clients[client]
	if f != nil && time.Since(f.since) > failureWindow {
		delete(a.clients, client)
		return nil
	}
	return f
}

// failed notes a wrong token, and returns how many there were of its kind.
func (a *attempts) failed(client netip.Prefix, form bool) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.of(client)
	if f == nil {
		if len(a.clients) >= maxClients {
			a.forget()
		}
		if a.clients == nil {
			a.clients = map[netip.Prefix]*failures{}
		}
		f = &failures{since: time.Now()}
		a.clients[client] = f
	}
	if form {
		f.forms++
		return f.forms
	}
	f.requests++
	return f.requests
}

// forget makes room: first what is over, and if that is nothing, any client.
func (a *attempts) forget() {
	for c := range a.clients {
		a.of(c)
	}
	for c := range a.clients {
		if len(a.clients) < maxClients {
			return
		}
		delete(a.clients, c)
	}
}

// wait is for how long no token of the client is looked at; 0 when it may try.
func (a *attempts) wait(client netip.Prefix, form bool) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.of(client)
	if f == nil || form && f.forms < maxForms || !form && f.requests < maxRequests {
		return 0
	}
	return failureWindow - time.Since(f.since)
}

// Blocked is for how long no token of this request's client is looked at, in the sign-in form or in requests; 0 when it may try. A token that
// New has made cannot be guessed, so that nobody is kept out for what another program of the same machine does.
func (g *Guard) Blocked(r *http.Request, form bool) time.Duration {
	if g.generated {
		return 0
	}
	return g.attempts.wait(clientOf(r), form)
}

// Failed notes a wrong token of a client. It reports whether that is worth a line in the log: the first ones in a minute are.
func (g *Guard) Failed(r *http.Request, form bool) (tell bool) {
	return g.attempts.failed(clientOf(r), form) <= maxForms
}
