package curve

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// TestZ85 has the vector of https://rfc.zeromq.org/spec/32, and the bounds.
func TestZ85(t *testing.T) {
	var k Key
	copy(k[:], bytes.Repeat([]byte{0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B}, 4))
	if got, want := k.String(), strings.Repeat("HelloWorld", 4); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, text := range []string{strings.Repeat("HelloWorld", 4), strings.Repeat("0", 40), strings.Repeat("%nSc0", 8)} { // the last is 2³²-1
		if k, err := ParseKey(text); err != nil || k.String() != text {
			t.Errorf("%s becomes %s, %v", text, k, err)
		}
	}
	for _, text := range []string{"", "HelloWorld", strings.Repeat("#", 40), strings.Repeat("~", 40), strings.Repeat("a", 39) + "é", strings.Repeat("a", 41)} {
		if _, err := ParseKey(text); !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v", text, err)
		} else if text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("the error tells the key: %v", err)
		}
	}
	for range 100 {
		keys := pair(t)
		if again, err := ParseKey(keys.Secret.String()); err != nil || again != keys.Secret {
			t.Fatal(keys.Secret, err)
		}
		if err := keys.Check(); err != nil {
			t.Fatal(err)
		}
		keys.Secret[7] ^= 4
		if err := keys.Check(); !errors.Is(err, ErrKey) {
			t.Fatalf("keys that are no pair: %v", err)
		}
	}
}

func pair(t testing.TB) Keys {
	t.Helper()
	k, err := NewKeys(nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// exchange is a handshake, whose commands change has on their way.
type exchange struct {
	server, client *Session
	toServer       []byte // the client's metadata, as it arrives
	toClient       []byte
	key            Key
}

func shake(serverKeys Keys, serverKey Key, clientKeys Keys, change func(name string, body []byte) []byte) (x exchange, err error) {
	if change == nil {
		change = func(_ string, body []byte) []byte { return body }
	}
	s, err := NewServer(serverKeys)
	if err != nil {
		return x, err
	}
	c, err := NewClient(serverKey, clientKeys)
	if err != nil {
		return x, err
	}
	welcome, err := s.Hello(change(Hello, c.Hello()))
	if err != nil {
		return x, err
	}
	initiate, err := c.Welcome(change(Welcome, welcome), []byte("of the client"))
	if err != nil {
		return x, err
	}
	ready, peer, key, session, err := s.Initiate(change(Initiate, initiate), []byte("of the server"))
	if err != nil {
		return x, err
	}
	x.server, x.toServer, x.key = session, peer, key
	x.toClient, x.client, err = c.Ready(change(Ready, ready))
	return x, err
}

func TestHandshake(t *testing.T) {
	server, client := pair(t), pair(t)
	x, err := shake(server, server.Public, client, nil)
	if err != nil || string(x.toServer) != "of the client" || string(x.toClient) != "of the server" || x.key != client.Public {
		t.Fatalf("%q, %q, %v, %v", x.toServer, x.toClient, x.key, err)
	}
	for i := range 300 {
		frame := bytes.Repeat([]byte{byte(i)}, i*i)
		flags := byte(i % 4)
		for _, way := range [][2]*Session{{x.server, x.client}, {x.client, x.server}} {
			sealed := way[0].Seal(nil, flags, frame)
			if len(sealed) != len(frame)+Overhead {
				t.Fatalf("%d bytes have become %d", len(frame), len(sealed))
			}
			if i > 16 && bytes.Contains(sealed, frame[:16]) {
				t.Fatal("the frame can be read")
			}
			got, plain, err := way[1].Open(sealed)
			if err != nil || got != flags || !bytes.Equal(plain, frame) {
				t.Fatalf("frame %d: flags %d, %v", i, got, err)
			}
			if _, _, err := way[1].Open(sealed); !errors.Is(err, ErrMessage) {
				t.Fatalf("a frame that is repeated: %v", err)
			}
			if _, _, err := way[0].Open(way[0].Seal(nil, flags, frame)); !errors.Is(err, ErrMessage) {
				t.Fatalf("a frame that comes back: %v", err)
			}
		}
	}
}

// TestRefused holds that no handshake ends well in which a bit has been changed, a part cut off, or a key is not the right one.
func TestRefused(t *testing.T) {
	server, client := pair(t), pair(t)
	if _, err := shake(server, pair(t).Public, client, nil); !errors.Is(err, ErrHandshake) {
		t.Errorf("another server's key: %v", err)
	}
	if _, err := shake(server, server.Public, Keys{Public: pair(t).Public, Secret: client.Secret}, nil); !errors.Is(err, ErrHandshake) {
		t.Errorf("a client whose public key is not its own: %v", err)
	}
	if _, err := NewClient(Key{}, client); !errors.Is(err, ErrHandshake) {
		t.Errorf("a key of low order: %v", err)
	}
	for _, name := range []string{Hello, Welcome, Initiate, Ready} {
		var size int
		if _, err := shake(server, server.Public, client, func(n string, body []byte) []byte {
			if n == name {
				size = len(body)
			}
			return body
		}); err != nil {
			t.Fatal(err)
		}
		for i := range size {
			if name == Hello && i >= 1 && i < 74 {
				continue // a minor version, and padding
			}
			for _, cut := range []bool{false, true} {
				_, err := shake(server, server.Public, client, func(n string, body []byte) []byte {
					body = bytes.Clone(body)
					if n == name && cut {
						return body[:i]
					} else if n == name {
						body[i] ^= 1 << (i % 8)
					}
					return body
				})
				if !errors.Is(err, ErrHandshake) {
					t.Fatalf("%s with byte %d changed (or cut off there: %t): %v", name, i, cut, err)
				}
			}
		}
	}
	s, _ := NewServer(server)
	if _, _, _, _, err := s.Initiate(make([]byte, 400), nil); !errors.Is(err, ErrHandshake) {
		t.Errorf("INITIATE first: %v", err)
	}
	c, _ := NewClient(server.Public, client)
	if _, _, err := c.Ready(make([]byte, 60)); !errors.Is(err, ErrHandshake) {
		t.Errorf("READY first: %v", err)
	}
	x, err := shake(server, server.Public, client, nil)
	if err != nil {
		t.Fatal(err)
	}
	sealed := x.client.Seal(nil, More, []byte("frame"))
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1 << (i % 8)
		if _, _, err := x.server.Open(changed); !errors.Is(err, ErrMessage) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, _, err := x.server.Open(sealed[:i]); !errors.Is(err, ErrMessage) {
			t.Fatalf("cut off at %d: %v", i, err)
		}
	}
	if _, _, err := x.server.Open(sealed); err != nil {
		t.Errorf("the frame itself, after all that: %v", err)
	}
}

// FuzzHandshake gives server, client and session whatever comes: they refuse it, and no more.
func FuzzHandshake(f *testing.F) {
	server, client := pair(f), pair(f)
	_, err := shake(server, server.Public, client, func(_ string, body []byte) []byte { f.Add(body, body); return body })
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(messagePrefix), []byte{1})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		s, err := NewServer(server)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Hello(a); err == nil {
			if _, _, _, session, err := s.Initiate(b, nil); err == nil || session != nil {
				t.Fatal("a session with nobody")
			}
		}
		_, _, _, _, _ = s.Initiate(a, nil)
		c, err := NewClient(server.Public, client)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Welcome(a, b); err == nil {
			t.Fatal("a WELCOME that nobody made")
		}
		if _, _, err := c.Ready(b); err == nil {
			t.Fatal("a READY that nobody made")
		}
		x, err := shake(server, server.Public, client, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := x.server.Open(a); err == nil {
			t.Fatal("a frame that nobody sealed")
		}
	})
}
