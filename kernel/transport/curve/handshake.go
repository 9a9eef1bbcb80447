package curve

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/curve25519"
	"golang.org/x/crypto/nacl/box"
	"golang.org/x/crypto/nacl/secretbox"
)

// The names of the handshake's commands, in their order. ERROR ends it, with a reason of at most 255 bytes behind its length.
const (
	Hello    = "HELLO"
	Welcome  = "WELCOME"
	Initiate = "INITIATE"
	Ready    = "READY"
	Error    = "ERROR"
)

// Sizes of the bodies of commands, in bytes.
const (
	helloSize   = 2 + 72 + 32 + 8 + (64 + box.Overhead)
	welcomeSize = 16 + (32 + cookieSize + box.Overhead)
	cookieSize  = 16 + (64 + secretbox.Overhead)
	vouchSize   = 16 + (64 + box.Overhead)
	maxMetadata = 16 << 10
	minInitiate = cookieSize + 8 + (32 + vouchSize + box.Overhead)
	minReady    = 8 + box.Overhead
)

// ErrHandshake is wrapped by the errors about a peer that does not speak CurveZMQ, or does not have the keys that it should.
var ErrHandshake = errors.New("CurveZMQ handshake failed")

func refuse(format string, args ...any) error {
	return fmt.Errorf("curve: %w: "+format, append([]any{ErrHandshake}, args...)...)
}

// shared is a key that two peers share: NaCl's box before its nonce.
type shared = [32]byte

// agree computes it. Public keys with which the result does not depend on the secret one are refused.
func agree(public, secret *Key) (*shared, error) {
	if _, err := curve25519.X25519(secret[:], public[:]); err != nil {
		return nil, refuse("a public key is no usable one")
	}
	var k shared
	box.Precompute(&k, (*[32]byte)(public), (*[32]byte)(secret))
	return &k, nil
}

// nonce makes one of NaCl's: a prefix, and the rest as it is on the wire.
func nonce(prefix string, rest []byte) *[24]byte {
	var n [24]byte
	copy(n[copy(n[:], prefix):], rest)
	return &n
}

// counted is the eight bytes of a nonce that counts.
func counted(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// random is n bytes of crypto/rand.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = io.ReadFull(rand.Reader, b) // it does not fail: Go ends the process
	return b
}

// Server is the kernel's side of one handshake. Call Hello, then Initiate, with the bodies of the commands of these names.
type Server struct {
	keys   Keys // S
	own    Keys // S'
	client Key  // C'
	cookie []byte
	short  *shared // of C' and S'
}

// NewServer begins a handshake. The keys are the long-term ones.
func NewServer(keys Keys) (*Server, error) {
	own, err := NewKeys(nil)
	if err != nil {
		return nil, err
	}
	return &Server{keys: keys, own: own}, nil
}

// Hello takes the body of HELLO, and returns that of WELCOME.
func (s *Server) Hello(body []byte) (welcome []byte, err error) {
	if len(body) != helloSize {
		return nil, refuse("HELLO of %d bytes", len(body))
	}
	if body[0] != 1 {
		return nil, refuse("version %d of CurveZMQ", body[0])
	}
	client := Key(body[74:106])
	toClient, err := agree(&client, &s.keys.Secret) // of C' and S
	if err != nil {
		return nil, err
	}
	proof, ok := box.OpenAfterPrecomputation(nil, body[114:], nonce("CurveZMQHELLO---", body[106:114]), toClient)
	if !ok || subtle.ConstantTimeCompare(proof, make([]byte, 64)) != 1 {
		return nil, refuse("the client does not know this kernel's key")
	}
	if s.short, err = agree(&client, &s.own.Secret); err != nil {
		return nil, err
	}
	s.client = client

	// The cookie is for servers that keep nothing meanwhile. This one does, and looks whether it comes back as it was.
	var key [32]byte
	copy(key[:], random(32))
	part := random(16)
	s.cookie = secretbox.Seal(part, append(client[:], s.own.Secret[:]...), nonce("COOKIE--", part), &key)

	part = random(16)
	return box.SealAfterPrecomputation(part, append(s.own.Public[:], s.cookie...), nonce("WELCOME-", part), toClient), nil
}

// Initiate takes the body of INITIATE, and returns that of READY with this side's metadata, the peer's metadata and its long-term key. The
// session begins.
func (s *Server) Initiate(body, metadata []byte) (ready, peer []byte, key Key, session *Session, err error) {
	fail := func(format string, args ...any) ([]byte, []byte, Key, *Session, error) {
		return nil, nil, Key{}, nil, refuse(format, args...)
	}
	if s.cookie == nil {
		return fail("INITIATE before HELLO")
	}
	if len(body) < minInitiate || len(body) > minInitiate+maxMetadata {
		return fail("INITIATE of %d bytes", len(body))
	}
	if subtle.ConstantTimeCompare(body[:cookieSize], s.cookie) != 1 {
		return fail("INITIATE with another cookie")
	}
	short := body[cookieSize : cookieSize+8]
	plain, ok := box.OpenAfterPrecomputation(nil, body[cookieSize+8:], nonce("CurveZMQINITIATE", short), s.short)
	if !ok {
		return fail("INITIATE cannot be opened")
	}
	copy(key[:], plain)
	vouch, peer := plain[32:32+vouchSize], plain[32+vouchSize:]
	withClient, err := agree(&key, &s.own.Secret) // of C and S'
	if err != nil {
		return nil, nil, Key{}, nil, err
	}
	vouched, ok := box.OpenAfterPrecomputation(nil, vouch[16:], nonce("VOUCH---", vouch[:16]), withClient)
	if !ok || subtle.ConstantTimeCompare(vouched[:32], s.client[:]) != 1 || subtle.ConstantTimeCompare(vouched[32:], s.keys.Public[:]) != 1 {
		return fail("the client cannot show that its long-term key is its own")
	}
	session = &Session{key: s.short, out: "CurveZMQMESSAGES", in: "CurveZMQMESSAGEC", sent: 1, seen: binary.BigEndian.Uint64(short)}
	ready = box.SealAfterPrecomputation(counted(session.sent), metadata, nonce("CurveZMQREADY---", counted(session.sent)), s.short)
	s.cookie = nil
	return ready, peer, key, session, nil
}

// Client is the front end's side of one handshake. Call Hello, then Welcome and Ready with the bodies of the commands of these names.
type Client struct {
	server  Key  // S
	keys    Keys // C
	own     Keys // C'
	hello   *shared
	short   *shared // of C' and S'
	counter uint64
}

// NewClient begins a handshake with the server of a public key. The keys are the client's long-term ones.
func NewClient(server Key, keys Keys) (*Client, error) {
	own, err := NewKeys(nil)
	if err != nil {
		return nil, err
	}
	c := &Client{server: server, keys: keys, own: own}
	c.hello, err = agree(&c.server, &own.Secret) // of C' and S
	return c, err
}

// next is the next nonce that counts.
func (c *Client) next() []byte {
	c.counter++
	return counted(c.counter)
}

// Hello returns the body of HELLO.
func (c *Client) Hello() []byte {
	body := make([]byte, 74, helloSize)
	body[0] = 1
	body = append(body, c.own.Public[:]...)
	n := c.next()
	body = append(body, n...)
	return box.SealAfterPrecomputation(body, make([]byte, 64), nonce("CurveZMQHELLO---", n), c.hello)
}

// Welcome takes the body of WELCOME, and returns that of INITIATE with this side's metadata.
func (c *Client) Welcome(body, metadata []byte) (initiate []byte, err error) {
	if len(body) != welcomeSize {
		return nil, refuse("WELCOME of %d bytes", len(body))
	}
	plain, ok := box.OpenAfterPrecomputation(nil, body[16:], nonce("WELCOME-", body[:16]), c.hello)
	if !ok {
		return nil, refuse("the server does not have the key that it should have")
	}
	server, cookie := Key(plain[:32]), plain[32:]
	if c.short, err = agree(&server, &c.own.Secret); err != nil {
		return nil, err
	}
	withServer, err := agree(&server, &c.keys.Secret) // of C and S'
	if err != nil {
		return nil, err
	}
	part := random(16)
	vouch := box.SealAfterPrecomputation(part, append(c.own.Public[:], c.server[:]...), nonce("VOUCH---", part), withServer)
	n := c.next()
	inner := append(append(append([]byte(nil), c.keys.Public[:]...), vouch...), metadata...)
	return box.SealAfterPrecomputation(append(cookie[:cookieSize:cookieSize], n...), inner, nonce("CurveZMQINITIATE", n), c.short), nil
}

// Ready takes the body of READY, and returns the peer's metadata. The session begins.
func (c *Client) Ready(body []byte) (peer []byte, session *Session, err error) {
	if c.short == nil {
		return nil, nil, refuse("READY before WELCOME")
	}
	if len(body) < minReady || len(body) > minReady+maxMetadata {
		return nil, nil, refuse("READY of %d bytes", len(body))
	}
	peer, ok := box.OpenAfterPrecomputation(nil, body[8:], nonce("CurveZMQREADY---", body[:8]), c.short)
	if !ok {
		return nil, nil, refuse("READY cannot be opened")
	}
	return peer, &Session{key: c.short, out: "CurveZMQMESSAGEC", in: "CurveZMQMESSAGES", sent: c.counter, seen: binary.BigEndian.Uint64(body)}, nil
}
