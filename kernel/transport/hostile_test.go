package transport

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// raw connects without ZMTP.
func raw(t *testing.T, socket interface{ Addr() net.Addr }) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", socket.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(soon))
	return c
}

func greeting() []byte {
	g := make([]byte, greetingLen)
	g[0], g[9], g[10] = 0xff, 0x7f, 3
	copy(g[12:], "NULL")
	return g
}

// ready is the READY command of a DEALER, with an identity.
func ready(identity string) []byte {
	body := []byte("\x05READY")
	for _, p := range [][2]string{{"Socket-Type", "DEALER"}, {"Identity", identity}} {
		body = append(body, byte(len(p[0])))
		body = append(body, p[0]...)
		body = binary.BigEndian.AppendUint32(body, uint32(len(p[1])))
		body = append(body, p[1]...)
	}
	return append(long(flagCommand, uint64(len(body))), body...)
}

func long(flags byte, size uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{flags | flagLong}, size)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// Peers that break the protocol are disconnected, whatever they send, and others go on.
func TestHostilePeers(t *testing.T) {
	many := bytes.Repeat([]byte{flagMore, 0}, maxFrames+1)
	tests := []struct {
		name string
		data []byte
	}{
		{"not ZMTP", []byte("GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a browser with something to say\r\n\r\n")},
		{"old version", func() []byte { g := greeting(); g[10] = 1; return g }()},
		{"other security", func() []byte { g := greeting(); copy(g[12:], "CURVE"); return g }()},
		{"message for a handshake", join(greeting(), []byte{0, 1, 'x'})},
		{"empty READY", join(greeting(), []byte{flagCommand, 6}, []byte("\x05READY"))},
		{"empty command", join(greeting(), []byte{flagCommand, 0})},
		{"property cut off", join(greeting(), []byte{flagCommand, 8}, []byte("\x05READY\x03a"))},
		{"property without value", join(greeting(), []byte{flagCommand, 9}, []byte("\x05READY\x02ab"))},
		{"property longer than all", join(greeting(), []byte{flagCommand, 8}, []byte("\x05READY\xffa"))},
		{"value longer than all", join(greeting(), []byte{flagCommand, 12}, []byte("\x05READY\x01a\xff\xff\xff\xff"))},
		{"unknown socket type", join(greeting(), []byte{flagCommand, 27}, []byte("\x05READY\x0bSocket-Type\x00\x00\x00\x05WRONG"))},
		{"huge command in the handshake", join(greeting(), long(flagCommand, 1<<40))},
		{"huge frame", join(greeting(), ready("h"), long(0, 1<<62))},
		{"overflowing frame", join(greeting(), ready("h"), long(0, 1<<63|5))},
		{"frames that add up", join(greeting(), ready("h"), bytes.Repeat(join(long(flagMore, 60), make([]byte, 60)), 20))},
		{"too many frames", join(greeting(), ready("h"), many)},
		{"identity that the socket gives", join(greeting(), ready("\x00\x00\x00\x00\x01"))},
		{"long identity", join(greeting(), ready(strings.Repeat("i", maxIdentity+1)))},
		{"unknown flags", join(greeting(), ready("h"), []byte{0x80, 0})},
		{"command in a message", join(greeting(), ready("h"), []byte{flagMore, 0}, []byte{flagCommand, 5}, []byte("\x04PING"))},
		{"command with more", join(greeting(), ready("h"), []byte{flagCommand | flagMore, 5}, []byte("\x04PING"))},
		{"huge command", join(greeting(), ready("h"), long(flagCommand, 1<<30))},
		{"nameless command", join(greeting(), ready("h"), []byte{flagCommand, 2, 9, 9})},
		{"bad PING", join(greeting(), ready("h"), []byte{flagCommand, 5}, []byte("\x04PING"))},
	}
	var l log
	r := newRouter(t, Options{MaxMessage: 1000, Logger: l.logger()})
	good := dial(t, r.Addr(), Dealer, "good")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := raw(t, r)
			if _, err := c.Write(tt.data); err != nil && !strings.Contains(err.Error(), "reset") && !strings.Contains(err.Error(), "pipe") {
				t.Fatal(err)
			}
			// The router ends the connection by itself: reading comes to an end though this side has not closed.
			if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Errorf("not disconnected: %v", err)
			}
			send(t, good, "still here")
			if got := text(recvRouter(t, r)); got != "good|still here" {
				t.Errorf("got %q", got)
			}
		})
	}
	for _, reason := range []string{"peer breaks the ZMTP protocol", "malformed handshake"} {
		if !l.has(reason) {
			t.Errorf("the log has nothing of %q", reason)
		}
	}
}

// Truncated connections: every prefix of a good one.
func TestTruncated(t *testing.T) {
	r := newRouter(t, Options{})
	whole := join(greeting(), ready("t"), []byte{flagMore, 2, 'a', 'b'}, long(0, 300), make([]byte, 300))
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wg.Go(func() {
		for {
			f, err := r.Recv(ctx)
			if err != nil {
				return
			}
			t.Errorf("got a message of %d frames", len(f))
		}
	})
	for n := 0; n < len(whole); n += 7 {
		c, err := net.Dial("tcp", r.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write(whole[:n])
		_ = c.Close()
	}
	waitFor(t, func() bool { return r.b.count.Load() == 0 })
}

// Memory follows what was sent, not what a frame claims.
func TestClaimedLength(t *testing.T) {
	r := newRouter(t, Options{})
	var conns []net.Conn
	for i := range 10 {
		c := raw(t, r)
		conns = append(conns, c)
		if _, err := c.Write(join(greeting(), ready(fmt.Sprint("c", i)), long(0, 500<<20), make([]byte, 1000))); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, func() bool { return len(r.b.all()) == len(conns) })
	time.Sleep(100 * time.Millisecond) // an allocation would come now
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapAlloc > 200<<20 {
		t.Errorf("%d MiB are in use", m.HeapAlloc>>20)
	}
}

// A PING is answered with its context, between messages.
func TestPing(t *testing.T) {
	r := newRouter(t, Options{})
	c := raw(t, r)
	if _, err := c.Write(join(greeting(), ready("p"), []byte{flagCommand, 10}, []byte("\x04PING\x00\x01ctx"))); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, greetingLen+2)
	if _, err := io.ReadFull(c, head); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, c, int64(head[greetingLen+1])); err != nil { // READY
		t.Fatal(err)
	}
	pong := make([]byte, 10)
	if _, err := io.ReadFull(c, pong); err != nil {
		t.Fatal(err)
	}
	if want := join([]byte{flagCommand, 8}, []byte("\x04PONGctx")); !bytes.Equal(pong, want) {
		t.Errorf("got %q, want %q", pong, want)
	}
}

// disconnected waits until the other side has ended the connection.
func disconnected(t *testing.T, c net.Conn) {
	t.Helper()
	if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("not disconnected: %v", err)
	}
}

// Who sends PINGs and does not read the answers does not fill the memory.
func TestPingsWithoutReading(t *testing.T) {
	r := newRouter(t, Options{MaxQueueBytes: 64 << 10})
	c := raw(t, r)
	pings := bytes.Repeat(join([]byte{flagCommand, 23}, []byte("\x04PING\x00\x01"), make([]byte, 16)), 4096)
	if _, err := c.Write(join(greeting(), ready("p"))); err != nil {
		t.Fatal(err)
	}
	for sent := 0; ; sent += len(pings) {
		if _, err := c.Write(pings); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
			return
		}
		if sent > 1<<30 {
			t.Fatal("a GiB of PINGs is taken")
		}
	}
}

// A subscriber says little: topics that are many or long end the connection, and others go on.
func TestManyTopics(t *testing.T) {
	var l log
	pub := newPublisher(t, Options{Logger: l.logger()}, nil)
	good := dial(t, pub.Addr(), Sub, "")
	waitFor(t, func() bool { return subscribers(pub) == 1 })
	sub := bytes.Replace(ready(""), []byte("DEALER"), []byte("SUB"), 1)
	sub[8] -= 3 // the command's length
	sub = bytes.Replace(sub, []byte{0, 0, 0, 6, 'S'}, []byte{0, 0, 0, 3, 'S'}, 1)
	many, commands := []byte{}, []byte{}
	for i := range maxTopics + 1 {
		topic := fmt.Sprintf("%06d", i)
		many = append(many, join([]byte{0, 7, 1}, []byte(topic))...)
		commands = append(commands, join([]byte{flagCommand, 16}, []byte("\x09SUBSCRIBE"), []byte(topic))...)
	}
	for name, data := range map[string][]byte{
		"many": many, "many by commands": commands,
		"long": join(long(0, maxSmall+1), []byte{1}, make([]byte, maxSmall)),
	} {
		t.Run(name, func(t *testing.T) {
			c := raw(t, pub)
			if _, err := c.Write(join(greeting(), sub, data)); err != nil {
				t.Fatal(err)
			}
			disconnected(t, c)
			if err := pub.Publish(t.Context(), frames("a", name)); err != nil {
				t.Error(err)
			}
			if got := text(recv(t, good)); got != "a|"+name {
				t.Errorf("got %q", got)
			}
		})
	}
	if !l.has("more than 1024 subscriptions") {
		t.Error("the log does not say what was refused")
	}
}

// Heartbeats are short.
func TestLongHeartbeat(t *testing.T) {
	e := NewEcho(listener(t), Options{})
	t.Cleanup(func() { _ = e.Close(0) })
	c := raw(t, e)
	if _, err := c.Write(join(greeting(), ready("h"), long(0, maxSmall+1))); err != nil {
		t.Fatal(err)
	}
	disconnected(t, c)
}

// Long messages of all peers together have a limit; short ones always come through.
func TestLongMessagesTogether(t *testing.T) {
	r := newRouter(t, Options{MaxMessage: 8 << 20, MaxIncoming: 7 << 20})
	half := func(name string) net.Conn { // 3 MiB are counted: room is made for the rest, and the first is free
		c := raw(t, r)
		if _, err := c.Write(join(greeting(), ready(name), long(0, 4<<20), make([]byte, 3<<20))); err != nil && name != "c" {
			t.Fatal(err)
		}
		return c
	}
	a, _ := half("a"), half("b")
	waitFor(t, func() bool { return r.b.held.Load() == 6<<20 })
	disconnected(t, half("c"))
	good := dial(t, r.Addr(), Dealer, "good")
	send(t, good, "short")
	if got := text(recvRouter(t, r)); got != "good|short" {
		t.Errorf("got %q", got)
	}
	if _, err := a.Write(make([]byte, 1<<20)); err != nil { // the end of it
		t.Fatal(err)
	}
	if got := recvRouter(t, r); len(got[1]) != 4<<20 {
		t.Errorf("got %d bytes", len(got[1]))
	}
	waitFor(t, func() bool { return r.b.held.Load() <= 3<<20 })
	send(t, good, strings.Repeat("x", 2<<20))
	if got := recvRouter(t, r); len(got[1]) != 2<<20 {
		t.Errorf("got %d bytes", len(got[1]))
	}
}

// The parser of frames takes any bytes without a panic and without keeping more than was sent.
func FuzzGuard(f *testing.F) {
	f.Add(join(greeting(), ready("x"), []byte{flagMore, 1, 'a', 0, 1, 'b'}))
	f.Add(join(greeting(), ready("x"), long(0, 1<<20), make([]byte, 50)))
	f.Add(join(greeting(), ready("x"), []byte{flagCommand, 10}, []byte("\x04PING\x00\x01ctx")))
	f.Add(join(greeting(), []byte{flagCommand, 9}, []byte("\x05READY\x02ab")))
	f.Fuzz(func(t *testing.T, data []byte) {
		here, there := net.Pipe()
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = io.Copy(io.Discard, there) })
		wg.Go(func() {
			_, _ = there.Write(data)
			_ = there.Close()
		})
		o := Options{MaxMessage: 4096, HandshakeTimeout: time.Minute}.withDefaults()
		if p, err := open(here, "ROUTER", "", true, o); err == nil {
			wg.Go(p.write)
			for {
				m, err := p.recv()
				if err != nil {
					p.fail(err)
					break
				}
				total := 0
				for _, f := range m {
					total += len(f)
				}
				if total > 4096 || len(m) == 0 {
					t.Errorf("a message of %d bytes in %d frames", total, len(m))
				}
			}
		}
		_ = here.Close()
		wg.Wait()
	})
}
