package transport

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"poolbook/kernel/transport/curve"
)

func curveKeys(t testing.TB) *curve.Keys {
	t.Helper()
	k, err := curve.NewKeys(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &k
}

func dialCurve(t testing.TB, addr net.Addr, kind Kind, identity string, keys *curve.Keys) *Conn {
	t.Helper()
	c, err := Dial(t.Context(), addr.Network(), addr.String(), kind, identity, Options{Curve: &curve.Keys{Public: keys.Public}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(0) })
	return c
}

// TestCurve sends messages of all sizes both ways over encrypted connections, of which nothing can be read on the way.
func TestCurve(t *testing.T) {
	keys := curveKeys(t)
	o := Options{Curve: keys}
	router := newRouter(t, o)
	c := dialCurve(t, router.Addr(), Dealer, "me", keys)
	for _, size := range []int{0, 1, 200, 222, 223, 255, 256, 70_000, pieceByPiece, 5 << 20} {
		long := strings.Repeat("x", size)
		send(t, c, "", long, "end")
		if got := recvRouter(t, router); len(got) != 4 || string(got[0]) != "me" || len(got[1]) != 0 || string(got[2]) != long || string(got[3]) != "end" {
			t.Fatalf("%d bytes: %d frames come", size, len(got))
		}
		if err := router.Send(frames("me", long, "")); err != nil {
			t.Fatal(err)
		}
		if got := recv(t, c); len(got) != 2 || string(got[0]) != long {
			t.Fatalf("%d bytes back: %d frames", size, len(got))
		}
	}
	pub := newPublisher(t, o, func(topic string) [][]byte { return frames("welcome", topic) })
	sub := dialCurve(t, pub.Addr(), Sub, "", keys)
	if got := text(recv(t, sub)); got != "welcome|" {
		t.Errorf("the subscriber is greeted with %q", got)
	}
	if err := pub.Publish(t.Context(), frames("topic", "news")); err != nil {
		t.Fatal(err)
	}
	if got := text(recv(t, sub)); got != "topic|news" {
		t.Errorf("published: %q", got)
	}
	echo := NewEcho(listener(t), o)
	t.Cleanup(func() { _ = echo.Close(0) })
	req := dialCurve(t, echo.Addr(), Req, "", keys)
	send(t, req, "", "ping")
	if got := text(recv(t, req)); got != "|ping" {
		t.Errorf("the heartbeat says %q", got)
	}
}

// TestCurveRefuses has clients without the key, or without encryption, refused, and so are those with it where there is none.
func TestCurveRefuses(t *testing.T) {
	keys := curveKeys(t)
	var said log
	encrypted := newRouter(t, Options{Curve: keys, Logger: said.logger()})
	plain := newRouter(t, Options{})
	for name, c := range map[string]struct {
		router *Router
		with   *curve.Keys
	}{"another key": {encrypted, curveKeys(t)}, "no encryption": {encrypted, nil}, "a kernel without": {plain, keys}} {
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		conn, err := Dial(ctx, "tcp", c.router.Addr().String(), Dealer, "x", Options{Curve: c.with})
		if err == nil {
			_ = conn.Close(0)
			t.Errorf("%s: connected", name)
		} else if errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: no answer: %v", name, err)
		}
		cancel()
	}
	good := dialCurve(t, encrypted.Addr(), Dealer, "good", keys)
	send(t, good, "still")
	if got := text(recvRouter(t, encrypted)); got != "good|still" {
		t.Errorf("got %q", got)
	}
	if !said.has("does not know this kernel's key") {
		t.Errorf("the log does not say why:\n%s", said.b.String())
	}
}

// TestCurveHostile has peers who have the key, and break the rules behind it.
func TestCurveHostile(t *testing.T) {
	keys := curveKeys(t)
	for name, bytes := range map[string]func(s *curve.Session) []byte{
		"a frame that is not sealed":   func(*curve.Session) []byte { return []byte{0, 5, 'h', 'e', 'l', 'l', 'o'} },
		"a command that is not sealed": func(*curve.Session) []byte { return append([]byte{flagCommand, 5}, "\x04PING"...) },
		"a long one that is not":       func(*curve.Session) []byte { return append([]byte{0, 60}, bytes.Repeat([]byte("a"), 60)...) },
		"the same twice": func(s *curve.Session) []byte {
			b := s.Seal(nil, 0, []byte("x"))
			b = append([]byte{0, byte(len(b))}, b...)
			return append(b, b...)
		},
		"a command with more": func(s *curve.Session) []byte {
			b := s.Seal(nil, curve.Command|curve.More, []byte("\x04PING\x00\x00"))
			return append([]byte{0, byte(len(b))}, b...)
		},
		"a claim of too much": func(*curve.Session) []byte { return long(0, 1<<40) },
		"too many frames": func(s *curve.Session) []byte {
			var all []byte
			for range maxFrames + 1 {
				b := s.Seal(nil, curve.More, nil)
				all = append(append(all, 0, byte(len(b))), b...)
			}
			return all
		},
	} {
		t.Run(name, func(t *testing.T) {
			var said log
			router := newRouter(t, Options{Curve: keys, Logger: said.logger()})
			c := raw(t, router)
			session := shakeRaw(t, c, keys)
			got := make(chan struct{})
			go func() { // what comes before the fault must not be in its way
				defer close(got)
				for {
					if f, err := router.Recv(t.Context()); err != nil || string(f[0]) == "good" {
						return
					}
				}
			}()
			if _, err := c.Write(bytes(session)); err != nil {
				t.Logf("while writing: %v", err) // it has hung up already
			}
			if n, err := c.Read(make([]byte, 1)); err == nil {
				t.Fatalf("%d bytes come back", n)
			} else if e := net.Error(nil); errors.As(err, &e) && e.Timeout() {
				t.Fatal("the connection stays open")
			}
			good := dialCurve(t, router.Addr(), Dealer, "good", keys)
			send(t, good, "still")
			<-got
			_ = router.Close(0) // what it logs it has logged
			if !said.has("peer breaks the ZMTP protocol") {
				t.Errorf("the log:\n%s", said.b.String())
			}
		})
	}
}

// shakeRaw does a client's handshake by hand.
func shakeRaw(t *testing.T, c net.Conn, keys *curve.Keys) *curve.Session {
	t.Helper()
	g := greeting()
	clear(g[12:32])
	copy(g[12:], "CURVE")
	h, err := curve.NewClient(keys.Public, *keys)
	if err != nil {
		t.Fatal(err)
	}
	command := func(name string, body []byte) []byte {
		all := append(append([]byte{byte(len(name))}, name...), body...)
		return append(long(flagCommand, uint64(len(all))), all...)
	}
	read := func(n int) []byte {
		t.Helper()
		b := make([]byte, n)
		for at := 0; at < n; {
			k, err := c.Read(b[at:])
			if err != nil {
				t.Fatal(err)
			}
			at += k
		}
		return b
	}
	next := func(name string) []byte {
		t.Helper()
		head := read(2)
		size := uint64(head[1])
		if head[0]&flagLong != 0 {
			size = binary.BigEndian.Uint64(append(head[1:], read(7)...))
		}
		body := read(int(size))
		if string(body[1:1+body[0]]) != name {
			t.Fatalf("%q in place of %s", body, name)
		}
		return body[1+body[0]:]
	}
	_ = c.SetDeadline(time.Now().Add(soon))
	if _, err := c.Write(append(g, command(curve.Hello, h.Hello())...)); err != nil {
		t.Fatal(err)
	}
	read(greetingLen)
	metadata := ready("")[9+6:] // without the frame's header and the command's name
	initiate, err := h.Welcome(next(curve.Welcome), metadata)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(command(curve.Initiate, initiate)); err != nil {
		t.Fatal(err)
	}
	_, session, err := h.Ready(next(curve.Ready))
	if err != nil {
		t.Fatal(err)
	}
	return session
}
