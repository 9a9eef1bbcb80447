package transport

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const soon = 20 * time.Second

func listener(t testing.TB) net.Listener {
	t.Helper()
	l, err := Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), text)
}

func (l *log) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func newRouter(t testing.TB, o Options) *Router {
	t.Helper()
	r := NewRouter(listener(t), o)
	t.Cleanup(func() { _ = r.Close(0) })
	return r
}

func newPublisher(t testing.TB, o Options, welcome func(string) [][]byte) *Publisher {
	t.Helper()
	pub := NewPublisher(listener(t), o, welcome)
	t.Cleanup(func() { _ = pub.Close(0) })
	return pub
}

func dial(t testing.TB, addr net.Addr, kind Kind, identity string) *Conn {
	t.Helper()
	c, err := Dial(t.Context(), addr.Network(), addr.String(), kind, identity, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(0) })
	return c
}

func frames(parts ...string) [][]byte {
	out := make([][]byte, len(parts))
	for i, p := range parts {
		out[i] = []byte(p)
	}
	return out
}

func text(frames [][]byte) string { return string(bytes.Join(frames, []byte("|"))) }

func recvRouter(t testing.TB, r *Router) [][]byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	f, err := r.Recv(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func send(t testing.TB, c *Conn, parts ...string) {
	t.Helper()
	if err := c.Send(t.Context(), frames(parts...)); err != nil {
		t.Fatal(err)
	}
}

// recv is the next message; the test fails when none comes soon.
func recv(t testing.TB, c *Conn) [][]byte {
	t.Helper()
	timer := time.AfterFunc(soon, func() { c.p.fail(errors.New("nothing came")) })
	defer timer.Stop()
	f, err := c.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func waitFor(t testing.TB, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(soon); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not happen")
		}
	}
}

func TestRouter(t *testing.T) {
	r := newRouter(t, Options{})
	a, b := dial(t, r.Addr(), Dealer, "a"), dial(t, r.Addr(), Dealer, "")
	send(t, a, "hello", "")
	if got := text(recvRouter(t, r)); got != "a|hello|" {
		t.Errorf("got %q", got)
	}
	long := strings.Repeat("x", 3<<20)
	send(t, b, long)
	got := recvRouter(t, r)
	if len(got) != 2 || len(got[0]) != 5 || string(got[1]) != long {
		t.Errorf("got %d frames, identity %q", len(got), got[0])
	}
	for _, c := range []struct {
		conn *Conn
		id   string
	}{{a, "a"}, {b, string(got[0])}} {
		if err := r.Send(frames(c.id, "answer", long)); err != nil {
			t.Fatal(err)
		}
		if got := recv(t, c.conn); text(got) != "answer|"+long {
			t.Errorf("%q got %.80q", c.id, got)
		}
	}
	if err := r.Send(frames("nobody", "x")); !errors.Is(err, ErrNoPeer) {
		t.Errorf("to nobody: %v", err)
	}
	_ = a.Close(time.Second)
	waitFor(t, func() bool { return errors.Is(r.Send(frames("a", "x")), ErrNoPeer) })
	// The identity is free again, but not to two at once.
	send(t, dial(t, r.Addr(), Dealer, "a"), "first")
	recvRouter(t, r)
	second := dial(t, r.Addr(), Dealer, "a")
	if _, err := second.Recv(); err == nil {
		t.Error("a second peer has the same identity")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Recv(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("recv with ended context: %v", err)
	}
	_ = r.Close(0)
	if _, err := r.Recv(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("recv after close: %v", err)
	}
	if err := r.Close(0); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

func TestEcho(t *testing.T) {
	e := NewEcho(listener(t), Options{})
	defer e.Close(0)
	a, b := dial(t, e.Addr(), Req, ""), dial(t, e.Addr(), Req, "")
	for i := range 100 {
		ping := fmt.Sprint("ping ", i)
		send(t, a, "", ping)
		send(t, b, "", "b"+ping)
		if got := text(recv(t, a)); got != "|"+ping {
			t.Fatalf("got %q", got)
		}
		if got := text(recv(t, b)); got != "|b"+ping {
			t.Fatalf("got %q", got)
		}
	}
}

// Far more messages than any queue has room for, to a subscriber that reads slowly: Publish waits, all arrive in order.
func TestPublishLosesNothing(t *testing.T) {
	pub := newPublisher(t, Options{QueueBytes: 10_000}, func(topic string) [][]byte { return frames("welcome to <" + topic + ">") })
	sub := dial(t, pub.Addr(), Sub, "")
	if got := text(recv(t, sub)); got != "welcome to <>" {
		t.Fatalf("got %q", got)
	}
	const n = 50_000
	payload := strings.Repeat("x", 200) // 10 MB in all: more than the buffers of the system
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range n {
			if err := pub.Publish(t.Context(), frames("topic", fmt.Sprint(i), payload)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for i := range n {
		if i%10_000 == 0 {
			time.Sleep(50 * time.Millisecond) // the reader is slow
		}
		if got := recv(t, sub); string(got[1]) != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, got[1])
		}
	}
	wg.Wait()
}

// fill publishes until the publisher has to wait, and returns how many messages went.
func fill(t *testing.T, pub *Publisher, peers int) int {
	t.Helper()
	chunk := strings.Repeat("x", 10_000)
	for n := 0; ; n++ {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		err := pub.Publish(ctx, frames("m", fmt.Sprint(n), chunk))
		waited := ctx.Err() != nil
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if waited {
			return n + 1
		}
	}
}

// silent subscribes and never reads.
func silent(t *testing.T, addr net.Addr) *Conn {
	t.Helper()
	return dial(t, addr, Sub, "")
}

func subscribers(pub *Publisher) int {
	n := 0
	for _, p := range pub.b.all() {
		if p.subscribed([]byte("m")) {
			n++
		}
	}
	return n
}

// A subscriber that never reads makes Publish wait, not longer than its context; what is published with an ended context
// arrives at the others at once. In the end the silent one is disconnected.
func TestSilentSubscriber(t *testing.T) {
	var l log
	pub := newPublisher(t, Options{QueueBytes: 100_000, StallTimeout: time.Second, Logger: l.logger()}, nil)
	silent(t, pub.Addr())
	reader := dial(t, pub.Addr(), Sub, "")
	waitFor(t, func() bool { return subscribers(pub) == 2 })
	var got [][]byte
	var mu sync.Mutex
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			f, err := reader.Recv()
			if err != nil {
				return
			}
			mu.Lock()
			got = append(got, f[1])
			mu.Unlock()
		}
	})
	n := fill(t, pub, 2)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if err := pub.Publish(ended, frames("m", "urgent")); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got) == n+100 && string(got[n+99]) == "urgent"
	})
	for i, b := range got[:n] {
		if string(b) != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, b)
		}
	}
	began := time.Now()
	if err := pub.Publish(t.Context(), frames("m", "last")); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("waited %v", d)
	}
	if !l.has("subscriber disconnected") || subscribers(pub) > 2 {
		t.Error("the silent subscriber is still there")
	}
	waitFor(t, func() bool { return subscribers(pub) == 1 })
	_ = reader.Close(0)
	wg.Wait()
}

func TestSubscriptions(t *testing.T) {
	pub := newPublisher(t, Options{}, nil)
	sub := dial(t, pub.Addr(), Sub, "")
	waitFor(t, func() bool { return subscribers(pub) == 1 })
	send(t, sub, "\x00") // cancel the subscription to everything
	send(t, sub, "\x00never there")
	send(t, sub, "\x01abc")
	send(t, sub, "not a subscription", "x")
	send(t, sub, "\x01abc") // twice: counts once more
	send(t, sub, "\x00abc")
	waitFor(t, func() bool {
		peers := pub.b.all()
		return len(peers) == 1 && peers[0].subscribed([]byte("abcdef")) && !peers[0].subscribed([]byte("ab"))
	})
	for _, topic := range []string{"ab", "xabc", "abcd", "abc"} {
		if err := pub.Publish(t.Context(), frames(topic)); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := text(recv(t, sub)), text(recv(t, sub)); a != "abcd" || b != "abc" {
		t.Errorf("got %q, %q", a, b)
	}
}

// A peer that asks and never reads its answers does not hold up others, and is disconnected when too much waits for it.
func TestSilentDealer(t *testing.T) {
	var l log
	r := newRouter(t, Options{MaxQueueBytes: 1 << 20, Logger: l.logger()})
	dial(t, r.Addr(), Dealer, "silent")
	other := dial(t, r.Addr(), Dealer, "other")
	big := strings.Repeat("x", 1<<20)
	var err error
	for range 100 {
		send(t, other, "ping")
		recvRouter(t, r)
		if err == nil {
			err = r.Send(frames("silent", big))
		}
		if e := r.Send(frames("other", "pong")); e != nil {
			t.Fatal(e)
		}
		recv(t, other)
	}
	if !errors.Is(err, ErrNoPeer) || !l.has("peer disconnected: it does not read") {
		t.Errorf("the silent peer is still there: %v", err)
	}
}

// Peers that connect and say nothing keep nobody out, and are gone after the time for the handshake.
func TestSilentConnections(t *testing.T) {
	var l log
	r := newRouter(t, Options{HandshakeTimeout: 300 * time.Millisecond, Logger: l.logger(), MaxPeers: 30})
	var conns []net.Conn
	for range 20 {
		c, err := net.Dial("tcp", r.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	began := time.Now()
	c := dial(t, r.Addr(), Dealer, "a")
	send(t, c, "hello")
	recvRouter(t, r)
	if d := time.Since(began); d > 250*time.Millisecond {
		t.Errorf("a new peer had to wait %v", d)
	}
	for _, c := range conns {
		_ = c.SetReadDeadline(time.Now().Add(soon))
		if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("a silent connection was not closed: %v", err)
		}
	}
	if !l.has("connection refused") {
		t.Error("the log has nothing of them")
	}
}

func TestTooManyPeers(t *testing.T) {
	var l log
	r := newRouter(t, Options{MaxPeers: 2, Logger: l.logger()})
	dial(t, r.Addr(), Dealer, "a")
	b := dial(t, r.Addr(), Dealer, "b")
	if _, err := Dial(t.Context(), "tcp", r.Addr().String(), Dealer, "c", Options{}); err == nil {
		t.Error("a third peer was accepted")
	}
	_ = b.Close(0)
	waitFor(t, func() bool {
		c, err := Dial(t.Context(), "tcp", r.Addr().String(), Dealer, "c", Options{})
		if err != nil {
			return false
		}
		return c.Close(0) == nil
	})
}

// What is queued when the socket closes arrives, though the peer reads late.
func TestLinger(t *testing.T) {
	for range 20 {
		r := NewRouter(listener(t), Options{})
		c := dial(t, r.Addr(), Dealer, "a")
		send(t, c, "ask")
		recvRouter(t, r)
		send(t, c, "this is never read by the router's owner")
		big := strings.Repeat("x", 4<<20)
		for _, part := range []string{big, "last"} {
			if err := r.Send(frames("a", part)); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		wg.Go(func() { _ = r.Close(soon) })
		time.Sleep(2 * time.Millisecond)
		if got := text(recv(t, c)); got != big {
			t.Errorf("got %d bytes", len(got))
		}
		if got := text(recv(t, c)); got != "last" {
			t.Errorf("got %q", got)
		}
		if _, err := c.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("at the end: %v", err)
		}
		wg.Wait()
	}
}

// A peer that does not read holds the end up for the linger time, and no longer.
func TestLingerEnds(t *testing.T) {
	r := NewRouter(listener(t), Options{})
	dial(t, r.Addr(), Dealer, "a")
	waitFor(t, func() bool { return r.Send(frames("a", strings.Repeat("x", 30<<20))) == nil })
	began := time.Now()
	_ = r.Close(300 * time.Millisecond)
	if d := time.Since(began); d < 250*time.Millisecond || d > 5*time.Second {
		t.Errorf("closing took %v", d)
	}
}

// raw connects without ZMTP.
func raw(t *testing.T, r *Router) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", r.Addr().String())
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
	return append([]byte{flagCommand, byte(len(body))}, body...)
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

func TestDialFails(t *testing.T) {
	l := listener(t)
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, "tcp", l.Addr().String(), Dealer, "", Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("to one who says nothing: %v", err)
	}
	r := newRouter(t, Options{})
	if _, err := Dial(t.Context(), "tcp", r.Addr().String(), Sub, "", Options{}); err == nil || !strings.Contains(err.Error(), "compatible") {
		t.Errorf("SUB to ROUTER: %v", err)
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
