package kernels

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"poolbook/kernel/protocol"
)

func packet(t *testing.T, ch protocol.Channel, msgType string, parent protocol.Header, content any) Packet {
	t.Helper()
	m, err := protocol.New(msgType, "kernel", "kernel", parent, content)
	if err != nil {
		t.Fatal(err)
	}
	return Packet{ch, m}
}

func stream(t *testing.T, parent protocol.Header, text string) Packet {
	return packet(t, protocol.IOPub, protocol.TypeStream, parent, map[string]string{"name": "stdout", "text": text})
}

func text(p Packet) string {
	var c struct{ Text string }
	_ = json.Unmarshal(p.Message.Content, &c)
	return c.Text
}

func TestBacklogIsBounded(t *testing.T) {
	var b backlog
	for i := range MaxBacklogMessages + 10 {
		b.add(kept{Packet: stream(t, protocol.Header{}, fmt.Sprint(i))})
	}
	got := b.take("me", "server")
	if len(got) != MaxBacklogMessages+1 || !strings.Contains(text(got[0]), "10 earlier messages") || text(got[1]) != "10" {
		t.Errorf("%d packets, first %q, then %q", len(got), text(got[0]), text(got[1]))
	}
	big := strings.Repeat("x", 10<<20)
	for range 10 {
		b.add(kept{Packet: stream(t, protocol.Header{}, big)})
	}
	if b.bytes > MaxBacklog {
		t.Errorf("%d bytes", b.bytes)
	}
	if got = b.take("me", "server"); len(got) < 6 || len(got) > 8 {
		t.Errorf("%d packets of 10 MiB", len(got))
	}
	if b.bytes != 0 || len(b.take("me", "server")) != 0 {
		t.Error("not empty after taking")
	}
}

func TestRepliesStayForTheirAsker(t *testing.T) {
	var b backlog
	reply := packet(t, protocol.Shell, protocol.TypeExecuteReply, protocol.Header{}, nil)
	b.add(kept{Packet: stream(t, protocol.Header{}, "out")}, kept{Packet: reply, owner: "asker"})
	if got := b.take("other", "server"); len(got) != 2 {
		t.Errorf("the one who came first got %d", len(got))
	}
	if got := b.take("third", "server"); len(got) != 0 {
		t.Errorf("a later one got %d", len(got))
	}
	if got := b.take("asker", "server"); len(got) != 1 || got[0].Message != reply.Message {
		t.Errorf("the asker got %v", got)
	}
	if got := b.take("asker", "server"); len(got) != 0 {
		t.Error("twice")
	}
}

func request(t *testing.T, cell, code string) *protocol.Message {
	t.Helper()
	m, err := protocol.New(protocol.TypeExecuteRequest, "client", "u", protocol.Header{}, protocol.ExecuteRequest{Code: code})
	if err != nil {
		t.Fatal(err)
	}
	m.Metadata = json.RawMessage(`{"cellId":"` + cell + `"}`)
	return m
}

func status(t *testing.T, parent protocol.Header, state string) Packet {
	return packet(t, protocol.IOPub, protocol.TypeStatus, parent, map[string]string{"execution_state": state})
}

func TestJournal(t *testing.T) {
	var j journal
	a, b := request(t, "a", "1"), request(t, "b", "2")
	j.note(a)
	j.note(b)
	j.hear(status(t, a.Header, "busy"))
	j.hear(packet(t, protocol.IOPub, protocol.TypeExecuteInput, a.Header, map[string]any{"code": "1", "execution_count": 7}))
	j.hear(stream(t, a.Header, "one"))
	j.hear(packet(t, protocol.IOPub, protocol.TypeClearOutput, a.Header, map[string]bool{"wait": true}))
	j.hear(stream(t, a.Header, "two"))
	j.hear(stream(t, protocol.Header{}, "nobody's"))
	got := j.copy()
	if len(got) != 2 || got[0].Status != Running || got[0].ExecutionCount != 7 || len(got[0].Outputs) != 3 || text(got[0].Outputs[2]) != "two" || got[1].Status != Queued {
		t.Errorf("%+v", got)
	}
	ask := packet(t, protocol.Stdin, protocol.TypeInputRequest, a.Header, map[string]any{"prompt": "name? "})
	j.ask(ask)
	if got = j.copy(); got[0].Question == nil || got[1].Question != nil {
		t.Errorf("a question is not kept: %+v", got)
	}
	if data, err := json.Marshal(got[0]); err != nil || !strings.Contains(string(data), `"prompt":"name? "`) {
		t.Errorf("%s %v", data, err)
	}
	j.answered()
	if got = j.copy(); got[0].Question != nil {
		t.Errorf("a question is kept that was answered: %+v", got)
	}
	j.ask(ask) // and no answer comes: the cell is interrupted
	j.hear(packet(t, protocol.IOPub, protocol.TypeClearOutput, a.Header, map[string]bool{"wait": false}))
	j.hear(status(t, a.Header, "idle"))
	j.hear(stream(t, a.Header, "late")) // a goroutine that the cell started
	got = j.copy()
	if e := got[0]; e.Status != Done || e.Ended == nil || e.Question != nil || len(e.Outputs) != 3 || text(e.Outputs[2]) != "late" {
		t.Errorf("%+v", e)
	}
	data, err := json.Marshal(got[0])
	if err != nil || !strings.Contains(string(data), `"cell_id":"a"`) {
		t.Errorf("%s %v", data, err)
	}
	j.note(request(t, "a", "again"))
	if got = j.copy(); len(got) != 2 || got[0].CellID != "b" || got[1].Code != "again" {
		t.Errorf("%+v", got)
	}
}

func TestJournalIsBounded(t *testing.T) {
	var j journal
	for i := range 3 * MaxJournalEntries {
		m := request(t, fmt.Sprint("c", i), "x")
		j.note(m)
		j.hear(status(t, m.Header, "busy"))
		j.hear(status(t, m.Header, "idle"))
	}
	if len(j.entries) != MaxJournalEntries || len(j.byID) != MaxJournalEntries {
		t.Errorf("%d entries", len(j.entries))
	}
	m := request(t, "endless", "x")
	j.note(m)
	for i := range 40 {
		j.hear(stream(t, m.Header, fmt.Sprint(i, strings.Repeat("x", 1<<20))))
	}
	e := j.copy()[len(j.entries)-1]
	if j.bytes > MaxJournal || !e.Truncated || !strings.HasPrefix(text(e.Outputs[len(e.Outputs)-1]), "39x") {
		t.Errorf("%d bytes, %d outputs, truncated %v", j.bytes, len(e.Outputs), e.Truncated)
	}
	sum := 0
	for _, e := range j.entries {
		sum += e.bytes
	}
	if sum != j.bytes {
		t.Errorf("counted %d bytes, there are %d", j.bytes, sum)
	}
}

// A full queue makes the kernel wait; reading, closing, and the end of the kernel let it go on.
func TestQueueHoldsTheKernelBack(t *testing.T) {
	big := stream(t, protocol.Header{}, strings.Repeat("x", maxQueueBytes+1))
	for name, free := range map[string]func(c *Conn, cancel context.CancelFunc){
		"read":  func(c *Conn, _ context.CancelFunc) { _, _ = c.Next(context.Background()) },
		"close": func(c *Conn, _ context.CancelFunc) { c.end() },
		"end":   func(_ *Conn, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			c := newConn(nil, "s")
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			c.waitRoom(ctx) // empty: at once
			c.put(big)
			freed := make(chan struct{})
			go func() { c.waitRoom(ctx); close(freed) }()
			select {
			case <-freed:
				t.Fatal("did not wait")
			case <-time.After(20 * time.Millisecond):
			}
			free(c, cancel)
			<-freed
		})
	}
}

func TestUnsentComesFirst(t *testing.T) {
	c := newConn(nil, "s")
	a, b := stream(t, protocol.Header{}, "a"), stream(t, protocol.Header{}, "b")
	c.put(a)
	c.put(b)
	p, err := c.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c.Unsent(p)
	left := c.end()
	if len(left) != 2 || text(left[0]) != "a" || text(left[1]) != "b" {
		t.Errorf("%v", left)
	}
	if _, err := c.Next(context.Background()); !errors.Is(err, ErrGone) {
		t.Error(err)
	}
	if c.put(a) {
		t.Error("took a packet after its end")
	}
}

// The reply to a cell is given out after what the cell printed, in whatever order the kernel's sockets bring them; a kernel that never says
// "idle" is not waited for.
func TestRepliesComeAfterTheOutputs(t *testing.T) {
	k := &Kernel{conns: map[*Conn]struct{}{}, asked: map[string]asked{}, held: map[string]heldReply{}}
	k.shape(func() string { return "server" }, slog.New(slog.DiscardHandler))
	c := newConn(k, "me")
	k.conns[c] = struct{}{}
	for _, test := range []struct{ order, want string }{
		{"reply stream idle", "stream execute_reply status"},
		{"stream reply idle", "stream execute_reply status"},
		{"stream idle reply", "stream status execute_reply"},
		{"stream reply", "stream execute_reply"},
	} {
		m := request(t, "a", "code")
		k.note(c, Packet{protocol.Shell, m})
		for what := range strings.FieldsSeq(test.order) {
			k.hear(map[string]Packet{
				"reply":  packet(t, protocol.Shell, protocol.TypeExecuteReply, m.Header, map[string]any{"status": "ok"}),
				"stream": stream(t, m.Header, "out"),
				"idle":   packet(t, protocol.IOPub, protocol.TypeStatus, m.Header, protocol.Status{ExecutionState: protocol.StateIdle}),
			}[what])
		}
		var got []string
		for range strings.Fields(test.want) {
			p, err := c.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, p.Message.Header.Type)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: the client gets %v, want %s", test.order, got, test.want)
		}
	}
}
