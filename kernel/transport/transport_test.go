package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon is how long what should come at once is waited for: machines are busy.
const soon = 2 * time.Minute

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
	// One that connects again before its old connection has ended loses nothing.
	old := dial(t, r.Addr(), Dealer, "b")
	send(t, old, "old")
	recvRouter(t, r)
	again := dial(t, r.Addr(), Dealer, "b")
	send(t, again, "again")
	_ = old.Close(0)
	if got := text(recvRouter(t, r)); got != "b|again" {
		t.Errorf("got %q", got)
	}
	if err := r.Send(frames("b", "welcome back")); err != nil {
		t.Error(err)
	}
	if got := text(recv(t, again)); got != "welcome back" {
		t.Errorf("got %q", got)
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
func fill(t *testing.T, pub *Publisher) int {
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
	pub := newPublisher(t, Options{QueueBytes: 100_000, MaxQueueBytes: 4_000_000, StallTimeout: time.Second, Logger: l.logger()}, nil)
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
	n := fill(t, pub)
	if n < 200 {
		t.Errorf("the reader that keeps up has to wait after %d messages", n)
	}
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
	if d := time.Since(began); d > soon {
		t.Errorf("waited %v", d)
	}
	if !l.has("subscriber disconnected") || subscribers(pub) > 2 {
		t.Error("the silent subscriber is still there")
	}
	waitFor(t, func() bool { return subscribers(pub) == 1 })
	_ = reader.Close(0)
	wg.Wait()
}

// One subscriber alone that stops reading is waited for, however long: it loses nothing, and nobody gains by its end.
func TestOnlySubscriberStops(t *testing.T) {
	pub := newPublisher(t, Options{QueueBytes: 100_000, StallTimeout: 50 * time.Millisecond}, nil)
	sub := dial(t, pub.Addr(), Sub, "")
	waitFor(t, func() bool { return subscribers(pub) == 1 })
	n := fill(t, pub)
	time.Sleep(300 * time.Millisecond) // much longer than the time after which it would count as stalled
	var wg sync.WaitGroup
	wg.Go(func() { _ = pub.Publish(t.Context(), frames("m", "last")) })
	for i := range n {
		if got := recv(t, sub); string(got[1]) != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, got[1])
		}
	}
	if got := recv(t, sub); string(got[1]) != "last" {
		t.Errorf("got %q", got[1])
	}
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
	silent := func(r *Router) (conns []net.Conn) {
		for range 20 {
			c, err := net.Dial("tcp", r.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			conns = append(conns, c)
		}
		return conns
	}
	patient := newRouter(t, Options{HandshakeTimeout: time.Hour, MaxPeers: 30})
	silent(patient)
	send(t, dial(t, patient.Addr(), Dealer, "a"), "hello")
	recvRouter(t, patient) // and not after an hour
	for _, c := range silent(newRouter(t, Options{HandshakeTimeout: 100 * time.Millisecond, Logger: l.logger(), MaxPeers: 30})) {
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
	if d := time.Since(began); d < 250*time.Millisecond || d > soon {
		t.Errorf("closing took %v", d)
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
