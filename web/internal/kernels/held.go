package kernels

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"poolbook/kernel/protocol"
)

// MaxHeld is how many bytes of one request's outputs are kept; what comes after that is counted only, but for the last of it.
const MaxHeld = 1 << 30

// Counts says how much is held back.
type Counts struct {
	Lines    int64 `json:"lines"`
	Bytes    int64 `json:"bytes"`
	Displays int64 `json:"displays"`
	Lost     int64 `json:"lost,omitempty"` // bytes that are not kept
}

// String says it for people, in one line; nothing when nothing is held back.
func (c Counts) String() string {
	var what []string
	if c.Lines > 0 || c.Bytes > 0 && c.Displays == 0 {
		what = append(what, fmt.Sprintf("%d more lines", c.Lines))
	}
	if c.Displays > 0 {
		what = append(what, fmt.Sprintf("%d more displays", c.Displays))
	}
	if len(what) == 0 {
		return ""
	}
	return fmt.Sprintf("[%s, %d bytes, are not shown here]", strings.Join(what, " and "), c.Bytes)
}

// output is an output of a kernel, by the type and content of its message.
type output struct {
	kind    string
	content json.RawMessage
	id      string // for updates of displays
}

// held is what a page is not sent of a request's outputs. Its kernel's lock guards it, but for what was written to the file.
type held struct {
	counts Counts
	added  int    // outputs
	noted  int    // outputs when the note was last shown
	noteID string // display id of the note, "" before it is shown

	tail      []output // the last ones, oldest first
	tailBytes int
	displays  int // in tail

	file    *os.File // nil: nothing is kept
	out     *bufio.Writer
	written int64
	log     *slog.Logger
}

func newHeld(log *slog.Logger) *held {
	h := &held{log: log}
	file, err := os.CreateTemp("", "poolbook-held-*")
	if err != nil {
		log.Error("outputs cannot be kept", "error", err)
		return h
	}
	if runtime.GOOS != "windows" {
		_ = os.Remove(file.Name()) // it lives as long as it is open, also when the server is killed
	}
	h.file, h.out = file, bufio.NewWriterSize(file, 64<<10)
	return h
}

// close drops what is kept. It may be called on nil and again.
func (h *held) close() {
	if h == nil || h.file == nil {
		return
	}
	_ = h.file.Close()
	if runtime.GOOS == "windows" {
		_ = os.Remove(h.file.Name())
	}
	h.file = nil
}

// newlines is how many line ends the text of a JSON string has.
func newlines(content []byte) int64 {
	n := int64(bytes.Count(content, []byte(`\n`)))
	if n > 0 && bytes.Contains(content, []byte(`\\`)) {
		n = 0
		for i := 0; i < len(content)-1; i++ {
			if content[i] == '\\' {
				if i++; content[i] == 'n' {
					n++
				}
			}
		}
	}
	return n
}

// add takes an output.
func (h *held) add(kind string, content json.RawMessage) {
	if bytes.IndexByte(content, '\n') >= 0 {
		var flat bytes.Buffer
		if json.Compact(&flat, content) != nil {
			return
		}
		content = flat.Bytes()
	}
	h.added++
	h.counts.Bytes += int64(len(content))
	o := output{kind: kind, content: content}
	if kind == protocol.TypeStream {
		h.counts.Lines += newlines(content)
	} else {
		h.counts.Displays++
		h.displays++
		o.id = displayID(content)
	}
	h.keep(kind, content)
	h.tail = append(h.tail, o)
	h.tailBytes += len(content)
	drop := 0
	for ; drop < len(h.tail)-1; drop++ {
		first := &h.tail[drop]
		if h.displays <= lastItems && h.tailBytes-len(first.content) < lastBytes {
			break
		}
		h.tailBytes -= len(first.content)
		if first.kind != protocol.TypeStream {
			h.displays--
		}
		*first = output{}
	}
	h.tail = h.tail[drop:]
}

// keep writes an output to the file: a line with its type and content.
func (h *held) keep(kind string, content []byte) {
	size := int64(len(kind) + len(content) + 2)
	if h.file == nil || h.written+size > MaxHeld {
		h.counts.Lost += int64(len(content))
		return
	}
	_, _ = h.out.WriteString(kind)
	_ = h.out.WriteByte('\t')
	_, _ = h.out.Write(content)
	if err := h.out.WriteByte('\n'); err != nil { // it has the errors before too
		h.log.Error("outputs cannot be kept any more", "error", err)
		h.counts.Lost += int64(len(content))
		h.close()
		return
	}
	h.written += size
}

// update gives one of the last displays a new state; false when none has this id.
func (h *held) update(id string, content json.RawMessage) bool {
	for i := range h.tail {
		if h.tail[i].id == id && id != "" {
			h.tailBytes += len(content) - len(h.tail[i].content)
			h.tail[i].content = content
			h.added++
			return true
		}
	}
	return false
}

// texts is the end of the tail that is text, as segments of streams, with at most so many bytes and lines.
func (h *held) texts(maxBytes, maxLines int) []protocol.Stream {
	var texts []protocol.Stream
	for i := len(h.tail) - 1; i >= 0 && maxBytes > 0 && maxLines > 0; i-- {
		if h.tail[i].kind != protocol.TypeStream {
			break
		}
		text, cut := h.tail[i].end(maxBytes, maxLines)
		maxBytes -= len(text.Text)
		maxLines -= strings.Count(text.Text, "\n")
		if n := len(texts); n > 0 && texts[n-1].Name == text.Name {
			texts[n-1].Text = text.Text + texts[n-1].Text
		} else if n >= lastItems {
			break
		} else {
			texts = append(texts, text)
		}
		if cut {
			break
		}
	}
	slices.Reverse(texts)
	return texts
}

// end is the end of an output of text, from the beginning of a line where it can be, and whether it is not all of it.
func (o output) end(maxBytes, maxLines int) (protocol.Stream, bool) {
	var s protocol.Stream
	if json.Unmarshal(o.content, &s) != nil {
		return s, false
	}
	text := string(overwritten([]byte(s.Text)))
	from := max(len(text)-maxBytes, 0)
	if from > 0 {
		if n := strings.IndexByte(text[from:], '\n'); n >= 0 && from+n+1 < len(text) {
			from += n + 1
		}
		from = runeStart(text, from)
	}
	at := len(text)
	if strings.HasSuffix(text, "\n") {
		at--
	}
	for range maxLines {
		if at = strings.LastIndexByte(text[:max(at, 0)], '\n'); at < from {
			break
		}
	}
	from = max(from, at+1)
	s.Text = text[from:]
	return s, from > 0
}

// runeStart is where the character at i, or the next one, begins.
func runeStart(text string, i int) int {
	for i < len(text) && !utf8.RuneStart(text[i]) {
		i++
	}
	return i
}

// glimpse is the last lines so far.
func (h *held) glimpse() string {
	var b strings.Builder
	for _, t := range h.texts(4<<10, 12) {
		b.WriteString(t.Text)
	}
	return b.String()
}

// takeTail returns the last outputs, to be shown below the note, and how much is held back besides them.
func (h *held) takeTail() (tail []output, hidden Counts) {
	hidden = h.counts
	total := len(h.tail)
	for total > 0 {
		o := h.tail[total-1]
		if len(tail) >= lastItems {
			break
		}
		if o.kind != protocol.TypeStream {
			tail = append(tail, o)
			hidden.Displays--
			hidden.Bytes -= int64(len(o.content))
			total--
			continue
		}
		h.tail = h.tail[:total]
		texts := h.texts(lastBytes, lastLines)
		for _, t := range slices.Backward(texts) {
			content, err := protocol.Marshal(t)
			if err != nil || len(tail) >= lastItems {
				continue
			}
			tail = append(tail, output{kind: protocol.TypeStream, content: content})
			hidden.Lines -= int64(strings.Count(t.Text, "\n"))
			hidden.Bytes -= int64(len(content))
		}
		for total > 0 && h.tail[total-1].kind == protocol.TypeStream {
			total--
		}
	}
	slices.Reverse(tail)
	h.tail, h.tailBytes, h.displays, h.added, h.noted = nil, 0, 0, 0, 0
	hidden.Bytes = max(hidden.Bytes, 0)
	hidden.Lines = max(hidden.Lines, 0)
	if hidden.Lines == 0 && hidden.Displays == 0 && hidden.Bytes < lastBytes {
		hidden.Bytes = 0
	}
	return tail, hidden
}

// ErrNotKept: the outputs of a request are not held, or not any more.
var ErrNotKept = errors.New("these outputs are not kept any more: the cell was run again or cleared, or its kernel has ended")

// Held returns the outputs of a request that were held back, as text, in order. What is no text has a line with its type before its plain
// text. The reader ends early when the outputs are dropped while it is read.
func (k *Kernel) Held(msgID string) (io.Reader, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.shaper.flows[msgID]
	if f == nil || f.held == nil || f.held.file == nil {
		return nil, ErrNotKept
	}
	if err := f.held.out.Flush(); err != nil {
		return nil, fmt.Errorf("held outputs: %w", err)
	}
	in := bufio.NewReaderSize(io.NewSectionReader(f.held.file, 0, f.held.written), 128<<10)
	return &heldText{in: in}, nil
}

// heldText makes text of the lines of a held file.
type heldText struct {
	in   *bufio.Reader
	text []byte // not read yet
}

func (t *heldText) Read(p []byte) (int, error) {
	for len(t.text) == 0 {
		line, err := t.in.ReadBytes('\n')
		if err != nil {
			return 0, err
		}
		kind, content, _ := bytes.Cut(line, []byte{'\t'})
		t.text = asText(string(kind), content)
	}
	n := copy(p, t.text)
	t.text = t.text[n:]
	return n, nil
}

// asText is an output as text.
func asText(kind string, content []byte) []byte {
	if kind == protocol.TypeStream {
		var s protocol.Stream
		if json.Unmarshal(content, &s) != nil {
			return nil
		}
		return []byte(s.Text)
	}
	var d struct{ Data map[string]json.RawMessage }
	if json.Unmarshal(content, &d) != nil {
		return nil
	}
	var types []string
	for name := range d.Data {
		types = append(types, name)
	}
	sort.Strings(types)
	out := []byte("[" + strings.Join(types, ", ") + "]\n")
	for _, name := range []string{"text/plain", "text/markdown", "text/html"} {
		if text, ok := d.Data[name]; ok {
			return append(append(out, multiline(text)...), '\n')
		}
	}
	return out
}

// multiline is a text of a MIME bundle, which may be a list of lines.
func multiline(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var lines []string
	_ = json.Unmarshal(raw, &lines)
	return strings.Join(lines, "")
}
