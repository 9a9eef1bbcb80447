package kernels

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"poolbook/kernel/protocol"
)

// What a page is sent of the outputs of one request, before the rest is held back. A page shows no more than about fifty outputs of a
// cell, and text costs its thread some milliseconds for every hundred kilobytes, each time a little is added.
const (
	firstBytes    = 256 << 10 // of text, as it is seen: what is written over counts once
	firstLines    = 5000
	firstItems    = 40      // displays and runs of one stream
	firstDisplays = 8 << 20 // bytes of displays

	lastBytes = 64 << 10
	lastLines = 1000
	lastItems = 8
)

// How often outputs are sent.
const (
	sendEvery = 50 * time.Millisecond  // to be seen at once, and not to be all that the page does
	noteEvery = 250 * time.Millisecond // while they are held back
	sendSpeed = 4 << 20                // bytes in a second
	maxParts  = 200                    // waiting, besides text: then the oldest update is dropped
)

// maxFlows is how many requests are remembered.
const maxFlows = MaxJournalEntries

// shaper makes of a kernel's outputs what a page can show while it goes on answering its user, whatever a cell puts out: little pieces are
// sent together, what is written over or cleared before it was seen is left out, and of a flood the first and the last go to the page
// while the rest is counted and kept in a file (held.go). Its kernel's lock guards it.
type shaper struct {
	emit    func(Packet)              // gives an output to the pages; called with the lock held
	later   func(d time.Duration)     // has tick called, with the lock held, after d
	session func() string             // of messages made here
	address func(msgID string) string // where the held outputs of a request can be read
	log     *slog.Logger

	flows   map[string]*flow // by the request's message id
	order   []*flow          // oldest first
	waiting bool             // later was called, and tick was not since
}

// flow is the outputs of one request.
type flow struct {
	parent  protocol.Header
	pending []part
	clears  bool          // the next output takes the place of all before
	sent    time.Time     // the latest sending
	rest    time.Duration // until the next one

	screen   screen // of text
	stream   string // the name of the last output's stream, "" when that was no text
	items    int
	displays int // bytes

	held *held // nil while nothing is held back

	whole int    // bytes of outputs, as they came
	noted string // display id of the note that clients have which got all outputs at first
}

// part is something that waits to be sent.
type part struct {
	stream  string // of text
	text    []byte
	display string // the display id of an update
	packet  Packet // what is not text
	clear   bool
}

// isOutput reports whether a message is one that fills a cell's output.
func isOutput(p Packet) bool {
	if p.Channel != protocol.IOPub {
		return false
	}
	switch p.Message.Header.Type {
	case protocol.TypeStream, protocol.TypeDisplayData, protocol.TypeUpdateDisplayData, protocol.TypeExecuteResult, protocol.TypeClearOutput,
		protocol.TypeError:
		return true
	}
	return false
}

// flow returns the state of a request, made now when it is new.
func (s *shaper) flow(parent protocol.Header) *flow {
	if f := s.flows[parent.ID]; f != nil {
		return f
	}
	if len(s.order) >= maxFlows {
		s.forget(s.order[0].parent.ID)
	}
	f := &flow{parent: parent}
	if s.flows == nil {
		s.flows = map[string]*flow{}
	}
	s.flows[parent.ID] = f
	s.order = append(s.order, f)
	return f
}

// forget drops a request, with what is held of it.
func (s *shaper) forget(msgID string) {
	f := s.flows[msgID]
	if f == nil {
		return
	}
	delete(s.flows, msgID)
	for i := range s.order {
		if s.order[i] == f {
			s.order = append(s.order[:i:i], s.order[i+1:]...)
			break
		}
	}
	f.held.close()
}

// close drops everything.
func (s *shaper) close() {
	for _, f := range s.order {
		f.held.close()
	}
	s.flows, s.order = nil, nil
}

// hear takes an output of the kernel.
func (s *shaper) hear(p Packet) {
	f := s.flow(p.Message.Parent)
	switch p.Message.Header.Type {
	case protocol.TypeClearOutput:
		var content struct{ Wait bool }
		if json.Unmarshal(p.Message.Content, &content) == nil && content.Wait {
			f.clears = true
			return
		}
		f.clear(false)
	case protocol.TypeUpdateDisplayData:
		f.update(p)
	case protocol.TypeStream:
		f.clearIfDue()
		s.text(f, p)
	case protocol.TypeError:
		f.clearIfDue()
		s.settle(p.Message.Parent.ID, true)
		f.pending = append(f.pending, part{packet: p})
		f.stream = ""
	default:
		f.clearIfDue()
		s.display(f, p)
	}
	s.sendOrWait(f, time.Now())
}

// clear forgets what was put out before; what did not reach the page need not. wait says that an output follows at once.
func (f *flow) clear(wait bool) {
	kept := f.pending[:0]
	for _, p := range f.pending {
		if p.display != "" { // perhaps of another cell's
			kept = append(kept, p)
		}
	}
	content, _ := json.Marshal(protocol.ClearOutput{Wait: wait}) // it can be marshalled
	f.pending = append(kept, part{clear: true, text: content})
	f.screen, f.stream, f.items, f.displays, f.clears = screen{}, "", 0, 0, false
	f.held.close()
	f.held = nil
}

func (f *flow) clearIfDue() {
	if f.clears {
		f.clear(true)
	}
}

// text takes a message of a stream.
func (s *shaper) text(f *flow, p Packet) {
	if f.held != nil {
		f.held.add(p.Message.Header.Type, p.Message.Content)
		return
	}
	content, err := protocol.Decode[protocol.Stream](p.Message)
	if err != nil {
		f.pending = append(f.pending, part{packet: p}) // the page's to complain of
		return
	}
	if f.stream != content.Name {
		f.stream = content.Name
		f.items++
	}
	n := f.screen.write(content.Text)
	if f.items > firstItems || f.displays > firstDisplays {
		n = 0
	}
	if n > 0 || content.Text == "" {
		last := len(f.pending) - 1
		if last < 0 || f.pending[last].stream != content.Name {
			f.pending = append(f.pending, part{stream: content.Name})
			last++
		}
		t := &f.pending[last]
		if t.text = append(t.text, content.Text[:n]...); len(t.text) > firstBytes {
			t.text = overwritten(t.text)
		}
		if len(t.text) > 4*firstBytes { // written over in a way that is not followed here
			f.hold(s)
		}
	}
	if n < len(content.Text) {
		f.hold(s)
		rest, err := protocol.Marshal(protocol.Stream{Name: content.Name, Text: content.Text[n:]})
		if err == nil {
			f.held.add(protocol.TypeStream, rest)
		}
	}
}

// display takes something that is a whole output.
func (s *shaper) display(f *flow, p Packet) {
	if f.held == nil && (f.items >= firstItems || f.displays >= firstDisplays) {
		f.hold(s)
	}
	if f.held != nil {
		f.held.add(p.Message.Header.Type, p.Message.Content)
		return
	}
	f.items++
	f.displays += len(p.Message.Content)
	f.stream = ""
	f.pending = append(f.pending, part{packet: p})
}

// update takes a new state of a display: of several that wait, only the latest is seen.
func (f *flow) update(p Packet) {
	id := displayID(p.Message.Content)
	if f.held != nil && f.held.update(id, p.Message.Content) {
		return
	}
	for i := range f.pending {
		if f.pending[i].display == id {
			f.pending = append(f.pending[:i], f.pending[i+1:]...)
			break
		}
	}
	if len(f.pending) >= maxParts {
		for i := range f.pending {
			if f.pending[i].display != "" {
				f.pending = append(f.pending[:i], f.pending[i+1:]...)
				break
			}
		}
	}
	f.pending = append(f.pending, part{display: id, packet: p})
}

// displayID is the id by which a display is updated, "" for none.
func displayID(content json.RawMessage) string {
	if !bytes.Contains(content, []byte("display_id")) {
		return "" // most have none, and there may be many
	}
	var c struct {
		Transient struct {
			DisplayID string `json:"display_id"`
		}
	}
	if json.Unmarshal(content, &c) != nil {
		return ""
	}
	return c.Transient.DisplayID
}

// hold begins to hold back.
func (f *flow) hold(s *shaper) {
	if f.held == nil {
		f.held = newHeld(s.log)
	}
}

// settle sends what waits of a request, because something follows that must not overtake it. With last, its outputs are over: the note
// gets its last state, and the last of what was held back follows it.
func (s *shaper) settle(msgID string, last bool) {
	f := s.flows[msgID]
	if f == nil {
		return
	}
	s.send(f, time.Now())
	if !last || f.held == nil || f.held.added == 0 {
		return
	}
	tail, hidden := f.held.takeTail()
	if f.held.noteID != "" || hidden.String() != "" {
		s.note(f, hidden, "")
	}
	for _, t := range tail {
		s.emitMade(f, t.kind, t.content)
	}
	f.stream = ""
}

// sendOrWait sends what waits when it is time, or has it sent when it will be.
func (s *shaper) sendOrWait(f *flow, now time.Time) {
	if wait := f.rest - now.Sub(f.sent); wait > 0 {
		if !s.waiting {
			s.waiting = true
			s.later(wait)
		}
		return
	}
	s.send(f, now)
}

// tick sends what is due.
func (s *shaper) tick() {
	s.waiting = false
	now := time.Now()
	next := time.Duration(0)
	for _, f := range s.order {
		if !f.due() {
			continue
		}
		if wait := f.rest - now.Sub(f.sent); wait <= 0 {
			s.send(f, now)
		} else if next == 0 || wait < next {
			next = wait
		}
	}
	if next > 0 {
		s.waiting = true
		s.later(next)
	}
}

// due reports whether something waits to be sent.
func (f *flow) due() bool {
	return len(f.pending) > 0 || f.held != nil && f.held.added != f.held.noted
}

// send gives out what waits.
func (s *shaper) send(f *flow, now time.Time) {
	if !f.due() {
		return
	}
	pending := f.pending
	f.pending = nil
	bytes := 0
	for _, p := range pending {
		switch {
		case p.clear:
			s.emitMade(f, protocol.TypeClearOutput, p.text)
		case p.stream != "":
			text := overwritten(p.text)
			bytes += len(text)
			content, err := protocol.Marshal(protocol.Stream{Name: p.stream, Text: string(text)})
			if err == nil {
				s.emitMade(f, protocol.TypeStream, content)
			}
		default:
			bytes += len(p.packet.Message.Content)
			s.emit(p.packet)
		}
	}
	every := sendEvery
	if f.held != nil && f.held.added != f.held.noted {
		s.note(f, f.held.counts, f.held.glimpse())
		every = noteEvery
	}
	f.sent, f.rest = now, every+time.Duration(bytes)*time.Second/sendSpeed
}

// emitMade gives out a message that is made here.
func (s *shaper) emitMade(f *flow, kind string, content json.RawMessage) {
	m, err := protocol.New(kind, s.session(), "poolbook", f.parent, content)
	if err != nil {
		s.log.Error("message not made", "type", kind, "error", err)
		return
	}
	s.emit(Packet{protocol.IOPub, m})
}

// HeldMIME is the type of the display that stands for outputs that are held back; its data is a [HeldNote].
const HeldMIME = "application/vnd.poolbook.held+json"

// HeldNote is what a page is told of outputs that are held back.
type HeldNote struct {
	Counts
	URL  string `json:"url"`            // where they can be read, relative to the server's base
	Last string `json:"last,omitempty"` // the last lines so far, while more may come
}

// note brings the note in the cell up to date.
func (s *shaper) note(f *flow, counts Counts, last string) {
	h := f.held
	kind := protocol.TypeUpdateDisplayData
	if h.noteID == "" {
		kind, h.noteID = protocol.TypeDisplayData, "poolbook-held-"+uuid.NewString()
	}
	h.noted = h.added
	data := map[string]any{"text/plain": counts.String(), HeldMIME: HeldNote{Counts: counts, URL: s.address(f.parent.ID), Last: last}}
	content, err := protocol.Marshal(protocol.DisplayData{
		Data: data, Metadata: map[string]any{}, Transient: &protocol.Transient{DisplayID: h.noteID},
	})
	if err == nil {
		s.emitMade(f, kind, content)
	}
}

// forWhole is a message for a client that has got all outputs until now: the note is new to it.
func (f *flow) forWhole(p Packet) Packet {
	if f.held == nil || f.held.noteID == f.noted || displayID(p.Message.Content) != f.held.noteID {
		return p
	}
	f.noted = f.held.noteID
	m := *p.Message
	m.Header = protocol.NewHeader(protocol.TypeDisplayData, m.Header.Session, m.Header.Username)
	return Packet{p.Channel, &m}
}
