// Package auth decides who may use the server: it knows the token, makes and checks the cookie that a browser gets for it, and
// tells requests that a page of somebody else has made from the user's own.
//
// A request is let in by one of
//
//	the token          Authorization: token T | Bearer T, or ?token=T    programs; no page of another site can know it
//	the session cookie made at sign-in                                   browsers; they send it along for anybody's page, hence XSRF checks
//
// For requests that change something and come with the cookie only, SameOrigin must hold: browsers say in Origin or Sec-Fetch-Site
// which page made the request; clients that send neither must repeat the value of the _xsrf cookie, which only the server's own pages
// can read, and which is bound to the session, so that a cookie planted by another port of the same host is of no use.
//
// Wrong tokens are counted by client (limit.go), and sessions that were signed out are remembered (ended.go).
//
// Programs that sign in with the form, as VS Code does, keep the _xsrf cookie of the sign-in page for good: a form that sends it along
// gets a session that it is bound to.
package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Lifetime of a browser's sign-in.
const Lifetime = 30 * 24 * time.Hour

// XSRFCookie is the name that Jupyter's clients read.
const XSRFCookie = "_xsrf"

// Method is how a request was let in.
type Method int

// The methods.
const (
	None Method = iota
	ByToken
	ByCookie
)

// Guard holds the secrets of one server. Its methods may be called concurrently.
type Guard struct {
	token  string
	key    []byte   // of the cookies
	cookie string   // name of the session cookie: cookies are shared by the ports of a host
	hosts  []string // names besides loopback that the server goes by, lower case, without port
	anyIP  bool     // reachable from other machines: any address literal is a good Host
	origin []string // further origins whose pages may use the server

	generated bool // the token is New's: 192 random bits
	attempts  attempts
	ended     ended
}

// Config of a Guard.
type Config struct {
	Token   string   // empty: a random one is made
	Key     []byte   // of the cookies; empty: a random one is made, and cookies are good for this Guard alone
	Ended   string   // file with the sessions that were signed out; empty: they are known to this Guard alone
	Port    int      // in the cookie's name
	Hosts   []string // allowed Host names besides localhost and loopback addresses
	AnyIP   bool     // the server listens on an address that is not loopback
	Origins []string // allowed origins besides the server's own, as "https://host:port"
}

// New makes the guard of a server.
func New(c Config) *Guard {
	g := &Guard{token: c.Token, cookie: "poolbook-" + strconv.Itoa(c.Port), anyIP: c.AnyIP, origin: c.Origins}
	for _, h := range c.Hosts {
		g.hosts = append(g.hosts, strings.ToLower(h))
	}
	if g.token == "" {
		g.generated = true
		var b [24]byte
		_, _ = rand.Read(b[:]) // never fails: see crypto/rand
		g.token = base64.RawURLEncoding.EncodeToString(b[:])
	}
	if g.key = c.Key; len(g.key) == 0 {
		g.key = make([]byte, KeyLen)
		_, _ = rand.Read(g.key)
	}
	if !g.generated { // who gives the server another token means to keep out who had the last one
		g.key = g.mac("token", []byte(g.token))
	}
	g.ended.file = c.Ended
	g.ended.load()
	return g
}

// Token is the secret that lets in.
func (g *Guard) Token() string { return g.token }

// TokenOf returns the token that a request brings, "" when there is none.
func TokenOf(r *http.Request) string {
	if h := r.Header.Get("Authorization"); h != "" {
		scheme, value, _ := strings.Cut(h, " ")
		if strings.EqualFold(scheme, "token") || strings.EqualFold(scheme, "bearer") {
			return strings.TrimSpace(value)
		}
	}
	return r.URL.Query().Get("token")
}

// Right compares a token in constant time.
func (g *Guard) Right(token string) bool {
	a, b := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(g.token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Who tells how the request is let in. session identifies the browser's sign-in, for XSRF.
func (g *Guard) Who(r *http.Request) (how Method, session string) {
	if t := TokenOf(r); t != "" && g.Right(t) {
		return ByToken, ""
	}
	for _, c := range r.CookiesNamed(g.cookie) {
		if g.validSession(c.Value) {
			return ByCookie, c.Value
		}
	}
	return None, ""
}

// A session is: 8 bytes of expiry (Unix seconds), a nonce, and their authentication code, in base64. The nonce ties the session to its
// XSRF token, which is the nonce with an authentication code of its own; to know it is of no use without the server's key.
const (
	nonceLen   = 16
	sessionLen = 8 + nonceLen
)

func newNonce() []byte {
	b := make([]byte, nonceLen)
	_, _ = rand.Read(b)
	return b
}

func (g *Guard) newSession(nonce []byte) string {
	b := make([]byte, 8, sessionLen+sha256.Size)
	binary.BigEndian.PutUint64(b, uint64(time.Now().Add(Lifetime).Unix()))
	b = append(b, nonce...)
	return base64.RawURLEncoding.EncodeToString(append(b, g.mac("session", b)...))
}

func (g *Guard) validSession(s string) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != sessionLen+sha256.Size || !hmac.Equal(b[sessionLen:], g.mac("session", b[:sessionLen])) {
		return false
	}
	return time.Now().Unix() < int64(binary.BigEndian.Uint64(b)) && !g.ended.has(s)
}

func (g *Guard) mac(purpose string, data []byte) []byte {
	m := hmac.New(sha256.New, g.key)
	m.Write([]byte(purpose))
	m.Write([]byte{0})
	m.Write(data)
	return m.Sum(nil)
}

// XSRF is the value that the pages of a session repeat. The session is a valid one.
func (g *Guard) XSRF(session string) string {
	b, err := base64.RawURLEncoding.DecodeString(session)
	if err != nil || len(b) < sessionLen {
		return ""
	}
	return g.xsrfOf(b[8:sessionLen])
}

func (g *Guard) xsrfOf(nonce []byte) string {
	return base64.RawURLEncoding.EncodeToString(append(slices.Clone(nonce), g.mac("xsrf", nonce)...))
}

// nonceOf is the nonce of an XSRF token that this server gave out, nil when it is none.
func (g *Guard) nonceOf(xsrf string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(xsrf)
	if err != nil || len(b) != nonceLen+sha256.Size || !hmac.Equal(b[nonceLen:], g.mac("xsrf", b[:nonceLen])) {
		return nil
	}
	return b[:nonceLen]
}

// BeforeSignIn gives a visitor of the sign-in page an XSRF token to send along with the form.
func (g *Guard) BeforeSignIn(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(XSRFCookie); err != nil || g.nonceOf(c.Value) == nil {
		g.giveXSRF(w, r, g.xsrfOf(newNonce()))
	}
}

// SignIn gives the browser a session. sent is the XSRF token that its form sent along, "" for none: when it is the cookie's too, it
// stays good in the session. A browser's form sends none, so that nobody can know the token of its session beforehand.
func (g *Guard) SignIn(w http.ResponseWriter, r *http.Request, sent string) {
	nonce := newNonce()
	if c, err := r.Cookie(XSRFCookie); err == nil && sent == c.Value {
		if given := g.nonceOf(sent); given != nil {
			nonce = given
		}
	}
	session := g.newSession(nonce)
	http.SetCookie(w, &http.Cookie{
		Name: g.cookie, Value: session, Path: "/", MaxAge: int(Lifetime.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
	})
	g.giveXSRF(w, r, g.XSRF(session))
}

// SignOut ends the browser's session: whoever has a copy of its cookie is out too. The error is that of keeping it beyond the end of the server.
func (g *Guard) SignOut(w http.ResponseWriter, r *http.Request) (err error) {
	for _, c := range r.CookiesNamed(g.cookie) {
		if g.validSession(c.Value) { // so that the table holds nothing that a stranger makes up
			err = errors.Join(err, g.ended.add(c.Value))
		}
	}
	for _, name := range []string{g.cookie, XSRFCookie} {
		http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1})
	}
	return err
}

func (g *Guard) giveXSRF(w http.ResponseWriter, r *http.Request, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: XSRFCookie, Value: value, Path: "/", SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
}

// RefreshXSRF sets the _xsrf cookie again when it is missing or another server's.
func (g *Guard) RefreshXSRF(w http.ResponseWriter, r *http.Request, session string) {
	if c, err := r.Cookie(XSRFCookie); err != nil || c.Value != g.XSRF(session) {
		g.giveXSRF(w, r, g.XSRF(session))
	}
}

// SameOrigin reports whether a request with a cookie was made by a page of this server.
// For requests that do not change anything and are no websockets it need not be asked.
func (g *Guard) SameOrigin(r *http.Request, session string) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		return g.RightOrigin(r)
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin":
		return true
	case "":
	default:
		return false // "none" is the user's own typing, which changes nothing
	}
	return g.RightXSRF(r, session)
}

// RightXSRF reports whether a request repeats the value of its session's _xsrf cookie.
func (g *Guard) RightXSRF(r *http.Request, session string) bool {
	sent := r.Header.Get("X-Xsrftoken")
	if sent == "" {
		sent = r.Header.Get("X-Csrftoken")
	}
	if sent == "" {
		sent = r.URL.Query().Get(XSRFCookie)
	}
	return sent != "" && hmac.Equal([]byte(sent), []byte(g.XSRF(session)))
}

// RightOrigin reports whether the Origin header, if there is one, is that of this server or of an allowed one.
// Browsers always send it with websockets and with whatever another site's page makes.
func (g *Guard) RightOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(g.origin, origin) {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" { // "null": a sandboxed frame, a file
		return false
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return u.Scheme == scheme && strings.EqualFold(u.Host, r.Host)
}

// notInName reports whether a character has no place in a host's name. The page's policy names the host, so nothing else may get there.
func notInName(c rune) bool {
	return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_'
}

// RightHost reports whether the request was sent to a name that this server goes by. A page of another site whose name its owner
// points at 127.0.0.1 (DNS rebinding) comes with that site's name.
func (g *Guard) RightHost(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") && !strings.ContainsFunc(host, notInName) || slices.Contains(g.hosts, host) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (g.anyIP || ip.Unmap().IsLoopback())
}
