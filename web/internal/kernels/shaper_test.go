package kernels

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"poolbook/kernel/protocol"
)

// shown is what a page has of a request's outputs: it does with messages what JupyterLab's output area does.
type shown struct {
	t       *testing.T
	items   []item
	clears  bool
	packets int
	bytes   int
	largest int
}

type item struct {
	stream, id string
	text       string // of a stream as it is seen, or of a display
	column     int
	note       *HeldNote
}

func (s *shown) put(p Packet) {
	s.packets++
	size := len(p.Message.Content)
	s.bytes += size
	s.largest = max(s.largest, size)
	var c struct {
		Name, Text string
		Wait       bool
		Data       map[string]json.RawMessage
	}
	if err := json.Unmarshal(p.Message.Content, &c); err != nil {
		s.t.Fatal(err)
	}
	kind := p.Message.Header.Type
	if kind == protocol.TypeClearOutput {
		if s.clears = c.Wait; !c.Wait {
			s.items = nil
		}
		return
	}
	id := displayID(p.Message.Content)
	made := item{id: id}
	_ = json.Unmarshal(c.Data["text/plain"], &made.text)
	if raw := c.Data[HeldMIME]; raw != nil {
		made.note = new(HeldNote)
		if err := json.Unmarshal(raw, made.note); err != nil {
			s.t.Fatal(err)
		}
	}
	if kind == protocol.TypeUpdateDisplayData {
		for i := range s.items {
			if s.items[i].id == id {
				s.items[i] = made
			}
		}
		return
	}
	if s.clears {
		s.items, s.clears = nil, false
	}
	if kind != protocol.TypeStream {
		s.items = append(s.items, made)
		return
	}
	if n := len(s.items); n == 0 || s.items[n-1].stream != c.Name {
		s.items = append(s.items, item{stream: c.Name})
	}
	s.items[len(s.items)-1].write(c.Text)
}

// write is what JupyterLab's processText does with text that has carriage returns, one character after the other.
func (i *item) write(text string) {
	old := []rune(i.text)
	for _, r := range text {
		switch r {
		case '\n':
			old = append(old, '\n')
			i.column = len(old)
		case '\r':
			for i.column > 0 && old[i.column-1] != '\n' {
				i.column--
			}
		default:
			if i.column < len(old) {
				old[i.column] = r
			} else {
				old = append(old, r)
			}
			i.column++
		}
	}
	i.text = string(old)
}

// guarded is a shaper with its lock, which is a kernel's otherwise.
type guarded struct {
	mu sync.Mutex
	*shaper
}

func (s *guarded) hear(p Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shaper.hear(p)
}

// settle also waits for what was to be sent at this moment.
func (s *guarded) settle(id string, last bool) {
	s.mu.Lock()
	s.shaper.settle(id, last)
	s.mu.Unlock()
	synctest.Wait()
}

// shaped is a shaper whose outputs are shown, in a bubble of synctest.
func shaped(t *testing.T) (*guarded, *shown) {
	page := &shown{t: t}
	s := &guarded{shaper: &shaper{
		emit: page.put, session: func() string { return "server" }, address: func(id string) string { return "outputs/" + id },
		log: slog.New(slog.DiscardHandler),
	}}
	s.later = func(d time.Duration) {
		time.AfterFunc(d, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.tick()
		})
	}
	t.Cleanup(s.close)
	return s, page
}

func display(t *testing.T, kind string, parent protocol.Header, id, text string) Packet {
	content := map[string]any{"data": map[string]string{"text/plain": text}, "metadata": map[string]any{}}
	if id != "" {
		content["transient"] = map[string]string{"display_id": id}
	}
	return packet(t, protocol.IOPub, kind, parent, content)
}

func heldOf(t *testing.T, s *shaper, id string) string {
	t.Helper()
	k := &Kernel{shaper: *s}
	r, err := k.Held(id)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// A million lines: the page has the first and the last and a note between, the middle is kept, and nothing is counted twice or not at all.
func TestFloodOfLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, page := shaped(t)
		m := request(t, "a", "flood")
		const lines = 1_000_000
		var all, chunk strings.Builder
		for i := range lines {
			fmt.Fprintf(&chunk, "flood %d \\n\n", i)
			if chunk.Len() > 60_000 || i == lines-1 {
				s.hear(stream(t, m.Header, chunk.String()))
				all.WriteString(chunk.String())
				chunk.Reset()
				time.Sleep(time.Millisecond)
			}
		}
		synctest.Wait()
		if note := page.items[1].note; note == nil || note.Lines < 1000 || !strings.HasSuffix(note.Last, "\n") {
			t.Errorf("while it runs: %+v", note)
		}
		s.settle(m.Header.ID, true)
		if len(page.items) != 3 || page.bytes > 2*(firstBytes+lastBytes) || page.packets > 30 {
			t.Fatalf("%d items, %d bytes in %d messages", len(page.items), page.bytes, page.packets)
		}
		first, note, last := page.items[0].text, page.items[1].note, page.items[2].text
		if !strings.HasPrefix(all.String(), first) || strings.Count(first, "\n") != firstLines || !strings.HasSuffix(all.String(), last) {
			t.Errorf("first %q…, last …%q", first[:40], last[len(last)-40:])
		}
		if got := int64(strings.Count(first+last, "\n")) + note.Lines; got != lines || note.Last != "" {
			t.Errorf("%d lines in all: %+v", got, note)
		}
		if got := first + heldOf(t, s.shaper, m.Header.ID); got != all.String() {
			t.Errorf("first and held are %d bytes, want %d", len(got), all.Len())
		}
		// The cell is run again.
		s.forget(m.Header.ID)
		if _, err := (&Kernel{shaper: *s.shaper}).Held(m.Header.ID); err != ErrNotKept {
			t.Error(err)
		}
	})
}

// Whatever floods, the page gets little, in few messages, and has the last of it at the end.
func TestFloodsOfAllKinds(t *testing.T) {
	const n = 20_000
	for _, test := range []struct {
		name string
		put  func(t *testing.T, h protocol.Header, i int) []Packet
		last string // of the last item but the note
	}{
		{"displays", func(t *testing.T, h protocol.Header, i int) []Packet {
			return []Packet{display(t, protocol.TypeDisplayData, h, "", fmt.Sprint("display ", i))}
		}, "display 19999"},
		{"large displays", func(t *testing.T, h protocol.Header, i int) []Packet {
			return []Packet{display(t, protocol.TypeDisplayData, h, "", strings.Repeat("x", 20_000)+fmt.Sprint(i))}
		}, "x19999"},
		{"one endless line", func(t *testing.T, h protocol.Header, i int) []Packet {
			return []Packet{stream(t, h, fmt.Sprint("é", i))}
		}, "é19999"},
		{"carriage returns", func(t *testing.T, h protocol.Header, i int) []Packet {
			return []Packet{stream(t, h, fmt.Sprint("\rstep ", i))}
		}, "step 19999"},
		{"backspaces", func(t *testing.T, h protocol.Header, i int) []Packet {
			return []Packet{stream(t, h, fmt.Sprintf("%05d\b\b\b\b\b", i))}
		}, ""},
		{"updates", func(t *testing.T, h protocol.Header, i int) []Packet {
			kind := protocol.TypeUpdateDisplayData
			if i == 0 {
				kind = protocol.TypeDisplayData
			}
			return []Packet{display(t, kind, h, "bar", fmt.Sprint("update ", i))}
		}, "update 19999"},
		{"updates of many", func(t *testing.T, h protocol.Header, i int) []Packet {
			return []Packet{
				display(t, protocol.TypeDisplayData, h, fmt.Sprint("id", i), "new"),
				display(t, protocol.TypeUpdateDisplayData, h, fmt.Sprint("id", i), fmt.Sprint("updated ", i)),
			}
		}, "updated 19999"},
		{"clearing", func(t *testing.T, h protocol.Header, i int) []Packet {
			return []Packet{
				packet(t, protocol.IOPub, protocol.TypeClearOutput, h, map[string]bool{"wait": i%2 == 0}),
				stream(t, h, fmt.Sprint("frame ", i)),
			}
		}, "frame 19999"},
		{"both streams", func(t *testing.T, h protocol.Header, i int) []Packet {
			name := []string{"stdout", "stderr"}[i%2]
			return []Packet{packet(t, protocol.IOPub, protocol.TypeStream, h, map[string]string{"name": name, "text": fmt.Sprintln("line", i)})}
		}, "line 19999\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, page := shaped(t)
				m := request(t, "a", "flood")
				for i := range n {
					for _, p := range test.put(t, m.Header, i) {
						s.hear(p)
					}
					time.Sleep(100 * time.Microsecond)
				}
				s.settle(m.Header.ID, true)
				if page.bytes > 2*firstDisplays || page.packets > 200 || len(page.items) > 50 {
					t.Errorf("%d bytes in %d messages, %d items", page.bytes, page.packets, len(page.items))
				}
				last := page.items[len(page.items)-1]
				if !strings.HasSuffix(last.text, test.last) || !strings.HasPrefix(strings.ToValidUTF8(last.text, "?"), last.text) {
					t.Errorf("the last is %.60q", last.text)
				}
				for _, f := range s.order {
					if len(f.pending) > 0 {
						t.Errorf("%d parts still wait", len(f.pending))
					}
				}
			})
		})
	}
}

// What is little is shown as if it had not been shaped, whatever it is made of, and in its order.
func TestLittleIsShownAsItIs(t *testing.T) {
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			s, page := shaped(t)
			whole := &shown{t: t}
			m := request(t, "a", "code")
			for range 3 + r.IntN(60) {
				var p Packet
				switch r.IntN(9) {
				case 0:
					p = display(t, protocol.TypeDisplayData, m.Header, fmt.Sprint("id", r.IntN(3)), fmt.Sprint("new ", r.IntN(100)))
				case 1:
					p = display(t, protocol.TypeUpdateDisplayData, m.Header, fmt.Sprint("id", r.IntN(3)), fmt.Sprint("update ", r.IntN(100)))
				case 2:
					p = packet(t, protocol.IOPub, protocol.TypeClearOutput, m.Header, map[string]bool{"wait": r.IntN(2) == 0})
					if r.IntN(3) > 0 {
						continue
					}
				default:
					text := ""
					for range r.IntN(12) {
						text += []string{"\r", "\r", "\n", "a", "bcd", "é世"}[r.IntN(6)]
					}
					p = stream(t, m.Header, text)
				}
				s.hear(p)
				whole.put(p)
				if r.IntN(3) == 0 {
					time.Sleep(time.Duration(r.IntN(200)) * time.Millisecond)
				}
			}
			s.settle(m.Header.ID, true)
			got, want := page.look(), whole.look()
			if got != want {
				t.Errorf("seed %d: shown is\n%s\nwant\n%s", seed, got, want)
			}
		})
	}
}

func (s *shown) look() string {
	var b strings.Builder
	for _, i := range s.items {
		if i.text != "" || i.stream == "" {
			fmt.Fprintf(&b, "%s %s %q\n", i.stream, i.id, i.text)
		}
	}
	return b.String()
}

// A page gets outputs before what follows them; a client that did not ask for it gets all of them as they come.
func TestPagesAndOthers(t *testing.T) {
	k := &Kernel{conns: map[*Conn]struct{}{}, asked: map[string]asked{}, held: map[string]heldReply{}}
	k.shape(func() string { return "server" }, slog.New(slog.DiscardHandler))
	page, other := newConn(k, "page"), newConn(k, "other")
	page.shaped = true
	k.conns[page], k.conns[other] = struct{}{}, struct{}{}
	m := request(t, "a", "code")
	k.note(page, Packet{protocol.Shell, m})
	for range 3 {
		k.hear(stream(t, m.Header, "x"))
	}
	k.hear(packet(t, protocol.Shell, protocol.TypeExecuteReply, m.Header, map[string]any{"status": "ok"}))
	k.hear(status(t, m.Header, protocol.StateIdle))
	for c, want := range map[*Conn]string{page: "stream x stream xx execute_reply  status  ", other: "stream x stream x stream x status  "} {
		got := ""
		for range 4 {
			p, err := c.Next(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			got += p.Message.Header.Type + " " + text(p) + " "
		}
		if got != want {
			t.Errorf("%s gets %q, want %q", c.session, got, want)
		}
	}
}

// BenchmarkShaper takes messages as large as a kernel sends them.
func BenchmarkShaper(b *testing.B) {
	for name, line := range map[string]string{"lines": "flood %d\n", "returns": "\rflood %d", "endless": "flood %d "} {
		b.Run(name, func(b *testing.B) {
			var text strings.Builder
			for i := 0; text.Len() < 64<<10; i++ {
				fmt.Fprintf(&text, line, i)
			}
			s := &shaper{
				emit: func(Packet) {}, later: func(time.Duration) {}, session: func() string { return "s" },
				address: func(string) string { return "" }, log: slog.New(slog.DiscardHandler),
			}
			defer s.close()
			m, err := protocol.New(protocol.TypeStream, "k", "k", protocol.Header{ID: "x"}, protocol.Stream{Name: "stdout", Text: text.String()})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(text.Len()))
			for b.Loop() {
				s.hear(Packet{protocol.IOPub, m})
			}
		})
	}
}
