package kernel

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"poolbook/kernel/protocol"
)

// flushBytes of streams are sent at once, without waiting for the flusher.
const flushBytes = 64 << 10

// output is the Output of a cell. Its methods publish while they hold mu: that keeps the order.
type output struct {
	s      *server
	r      *request
	cell   Cell
	silent bool

	mu       sync.Mutex
	ctx      context.Context // publishing waits no longer than this: the cell's while it runs, then the kernel's; guarded by mu
	segments []segment       // streams not yet sent, guarded by mu
	pending  int             // bytes in segments, guarded by mu
	queued   bool            // the flusher knows of this output, guarded by mu
	sent     int64           // bytes of streams sent or in segments, guarded by mu
	finished bool            // Execute has returned, guarded by mu
	spool    *spool          // where streams go after OutputCap, guarded by mu
	noteID   string          // display id of the note about the spool, guarded by mu
	noted    time.Time       // when the note was last shown, guarded by mu
}

// segment is a run of bytes for one stream.
type segment struct {
	name string
	data []byte
}

func newOutput(r *request, ctx context.Context, cell Cell) *output {
	return &output{s: r.s, r: r, ctx: ctx, cell: cell, silent: cell.Silent}
}

func (o *output) Stream(name string, p []byte) {
	if o.silent || len(p) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if limit := o.s.cfg.OutputCap; limit >= 0 && o.sent+int64(len(p)) > limit {
		room := max(limit-o.sent, 0)
		o.append(name, p[:room])
		o.hold(p[room:])
	} else {
		o.append(name, p)
	}
	if o.pending >= flushBytes {
		o.flush(false)
	}
	if !o.queued {
		o.queued = true
		o.s.flusher.add(o)
	}
}

// append adds to the segments. The caller holds mu.
func (o *output) append(name string, p []byte) {
	if len(p) == 0 {
		return
	}
	if n := len(o.segments); n == 0 || o.segments[n-1].name != name {
		o.segments = append(o.segments, segment{name: name})
	}
	last := &o.segments[len(o.segments)-1]
	last.data = append(last.data, p...)
	o.pending += len(p)
	o.sent += int64(len(p))
}

// flush publishes the segments. Unless all is set, the beginning of a character whose end may follow stays.
// The caller holds mu.
func (o *output) flush(all bool) {
	segments := o.segments
	o.segments, o.pending = nil, 0
	for i, seg := range segments {
		data := seg.data
		if i == len(segments)-1 && !all {
			if n := incomplete(data); n > 0 {
				rest := data[len(data)-n:]
				data = data[:len(data)-n]
				o.segments, o.pending = []segment{{seg.name, append([]byte(nil), rest...)}}, n
			}
		}
		if len(data) > 0 {
			o.publish(protocol.TypeStream, protocol.Stream{Name: seg.name, Text: string(data)})
		}
	}
}

// incomplete is the number of bytes at the end of data that begin a character without ending it.
func incomplete(data []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(data); n++ {
		if c := data[len(data)-n]; utf8.RuneStart(c) {
			if utf8.FullRune(data[len(data)-n:]) {
				return 0
			}
			return n
		}
	}
	return 0
}

// publish sends a message of the cell. The caller holds mu.
func (o *output) publish(msgType string, content any) {
	o.s.publish(o.ctx, o.r.Header, msgType, content)
}

// tick is the flusher's call: what has gathered is sent. It reports whether the output has to be called again.
func (o *output) tick() (again bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush(o.finished)
	o.note(false)
	again = o.noteDue()
	o.queued = again
	return again
}

// finish sends everything, when Execute has returned; later output waits no longer for an interrupt of this cell.
func (o *output) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.finished = true
	o.flush(true)
	o.note(true)
	o.ctx = o.s.life
}

func (o *output) Display(b Bundle, displayID string, update bool) {
	if o.silent {
		return
	}
	data, metadata := b.marshal(o.s.log)
	content := protocol.DisplayData{Data: data, Metadata: metadata}
	if displayID != "" {
		content.Transient = &protocol.Transient{DisplayID: displayID}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush(true)
	if known := o.s.displays.shown(displayID, o); known && update {
		o.publish(protocol.TypeUpdateDisplayData, content)
	} else {
		o.publish(protocol.TypeDisplayData, content)
	}
}

// maxDisplays is how many display ids are remembered; with more all are forgotten.
const maxDisplays = 100_000

// displays knows which display ids front ends have something of: an update of another one must come as a new display.
type displays struct {
	mu   sync.Mutex
	byID map[string]*output // where each was shown last, guarded by mu
}

// shown notes that a cell shows the id, and reports whether there is a place for it. A cell that is run again has lost what its
// earlier run showed; it is known by its id, or without one by its code.
func (d *displays) shown(id string, o *output) bool {
	if id == "" {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	old := d.byID[id]
	known := old != nil && (old == o || old.cell.ID != o.cell.ID && (old.cell.Code == "" || old.cell.Code != o.cell.Code))
	if !known {
		if d.byID == nil || len(d.byID) >= maxDisplays {
			d.byID = map[string]*output{}
		}
		d.byID[id] = o
	}
	return known
}

func (o *output) Clear(wait bool) {
	if o.silent {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush(true)
	o.publish(protocol.TypeClearOutput, protocol.ClearOutput{Wait: wait})
}

func (o *output) Input(ctx context.Context, prompt string, password bool) (string, error) {
	if !o.cell.AllowStdin {
		return "", ErrNoStdin
	}
	o.mu.Lock()
	o.flush(true)
	o.mu.Unlock()
	return o.s.input.ask(ctx, o.r, prompt, password)
}

// hold keeps bytes past the cap in the cell's file. The caller holds mu.
func (o *output) hold(p []byte) {
	if o.spool == nil {
		o.spool = o.s.spool.create(o.cell, o.s.cfg.SpoolCap, o.s.log)
		o.noteID = "poolbook-held-" + uuid.NewString()
		o.spool.write(p)
		o.flush(true)
		o.noted = time.Now()
		o.showNote(protocol.TypeDisplayData)
		return
	}
	o.spool.write(p)
}

// noteDue reports whether more has been held back than the note says. The caller holds mu.
func (o *output) noteDue() bool { return o.spool != nil && o.spool.held != o.spool.shown }

// note brings the note up to date, now or when it was not shown for a second. The caller holds mu.
func (o *output) note(now bool) {
	if !o.noteDue() || !now && time.Since(o.noted) < time.Second {
		return
	}
	o.noted = time.Now()
	o.showNote(protocol.TypeUpdateDisplayData)
}

// showNote tells how much is held back, and where. The caller holds mu.
func (o *output) showNote(msgType string) {
	o.spool.shown = o.spool.held
	o.publish(msgType, protocol.DisplayData{
		Data:      map[string]any{"text/plain": o.spool.note(o.s.cfg.OutputCap)},
		Metadata:  map[string]any{},
		Transient: &protocol.Transient{DisplayID: o.noteID},
	})
}

// marshal makes what goes into messages; an entry that cannot be marshalled is left out, and logged.
func (b Bundle) marshal(log *slog.Logger) (data, metadata map[string]any) {
	return marshalMap(b.Data, log), marshalMap(b.Metadata, log)
}

func marshalMap(m map[string]any, log *slog.Logger) map[string]any {
	out := make(map[string]any, len(m))
	for key, value := range m {
		if text, ok := value.(string); ok {
			out[key] = text
			continue
		}
		raw, err := protocol.Marshal(value)
		if err != nil {
			log.Warn("value cannot be sent", "type", key, "error", fmt.Sprint(err))
			continue
		}
		out[key] = json.RawMessage(raw)
	}
	return out
}

// flusher sends gathered output in intervals. Its goroutine runs run.
type flusher struct {
	interval time.Duration

	mu    sync.Mutex
	dirty []*output // guarded by mu
	wake  chan struct{}
}

func newFlusher(interval time.Duration) *flusher {
	return &flusher{interval: interval, wake: make(chan struct{}, 1)}
}

// add has o flushed within the interval. It does not wait.
func (f *flusher) add(o *output) {
	f.mu.Lock()
	f.dirty = append(f.dirty, o)
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// run is the flusher's goroutine. At the end it flushes once more.
func (f *flusher) run(ctx context.Context) {
	for {
		select {
		case <-f.wake:
		case <-ctx.Done():
			f.flush()
			return
		}
		timer := time.NewTimer(f.interval)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
		f.flush()
	}
}

func (f *flusher) flush() {
	f.mu.Lock()
	dirty := f.dirty
	f.dirty = nil
	f.mu.Unlock()
	for _, o := range dirty {
		if o.tick() {
			f.add(o)
		}
	}
}

// discard is an Output that goes nowhere.
type discard struct{}

func (discard) Stream(string, []byte)        {}
func (discard) Display(Bundle, string, bool) {}
func (discard) Clear(bool)                   {}
func (discard) Input(context.Context, string, bool) (string, error) {
	return "", ErrNoStdin
}
