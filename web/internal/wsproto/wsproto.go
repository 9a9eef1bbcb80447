// Package wsproto encodes kernel messages for websockets, in the two forms that Jupyter's clients speak:
//
//	V1       "v1.kernel.websocket.jupyter.org": one binary frame of offsets and the message's parts as they are on the wire
//	default  JSON with a field for the channel, as a text frame; with buffers a binary frame of offsets, JSON and buffers
//
// The parts of a message are passed on as they came, byte for byte; they are not decoded here.
package wsproto

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"poolbook/kernel/protocol"
)

// V1 is the name of the subprotocol; without it a connection speaks the default one.
const V1 = "v1.kernel.websocket.jupyter.org"

// maxParts of a frame: channel, four parts of the message, and its buffers.
const maxParts = 5 + 4096

// ErrMalformed is wrapped by the errors of the decoders.
var ErrMalformed = errors.New("malformed websocket message")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

func object(raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return []byte("{}")
	}
	return raw
}

// parts are header, parent header, metadata and content as JSON.
func parts(m *protocol.Message) ([4][]byte, error) {
	header, err := m.Header.Raw()
	if err != nil {
		return [4][]byte{}, fmt.Errorf("encode %s: %w", m.Header.Type, err)
	}
	parent, err := m.Parent.Raw()
	if err != nil {
		return [4][]byte{}, fmt.Errorf("encode %s: %w", m.Header.Type, err)
	}
	return [4][]byte{object(header), object(parent), object(m.Metadata), object(m.Content)}, nil
}

// EncodeV1 makes the binary frame of V1: the number of offsets and the offsets (64 bits, little endian), then channel, header,
// parent header, metadata, content and buffers, one after the other; the last offset is the frame's length.
func EncodeV1(ch protocol.Channel, m *protocol.Message) ([]byte, error) {
	four, err := parts(m)
	if err != nil {
		return nil, err
	}
	all := make([][]byte, 0, 5+len(m.Buffers))
	all = append(all, []byte(ch))
	all = append(all, four[:]...)
	all = append(all, m.Buffers...)
	n := len(all) + 1
	size := 8 * (1 + n)
	for _, p := range all {
		size += len(p)
	}
	out := make([]byte, 0, size)
	out = binary.LittleEndian.AppendUint64(out, uint64(n))
	at := 8 * (1 + n)
	out = binary.LittleEndian.AppendUint64(out, uint64(at))
	for _, p := range all {
		at += len(p)
		out = binary.LittleEndian.AppendUint64(out, uint64(at))
	}
	for _, p := range all {
		out = append(out, p...)
	}
	return out, nil
}

// DecodeV1 reads a frame of V1. The message shares memory with it.
func DecodeV1(frame []byte) (protocol.Channel, *protocol.Message, error) {
	if len(frame) < 8 {
		return "", nil, malformed("%d bytes", len(frame))
	}
	n := binary.LittleEndian.Uint64(frame)
	if n < 6 || n > maxParts+1 || 8*(1+n) > uint64(len(frame)) {
		return "", nil, malformed("%d offsets in %d bytes", n, len(frame))
	}
	part := make([][]byte, 0, n-1)
	start := binary.LittleEndian.Uint64(frame[8:])
	if start < 8*(1+n) {
		return "", nil, malformed("first part at %d", start)
	}
	for i := uint64(1); i < n; i++ {
		end := binary.LittleEndian.Uint64(frame[8*(1+i):])
		if end < start || end > uint64(len(frame)) {
			return "", nil, malformed("part %d from %d to %d in %d bytes", i, start, end, len(frame))
		}
		part = append(part, frame[start:end:end])
		start = end
	}
	m, err := message(part[1], part[2], part[3], part[4])
	if err != nil {
		return "", nil, err
	}
	m.Buffers = part[5:]
	return channel(string(part[0]), m)
}

// wireJSON is a message in the default form.
type wireJSON struct {
	Channel  string          `json:"channel"`
	Header   json.RawMessage `json:"header"`
	Parent   json.RawMessage `json:"parent_header"`
	Metadata json.RawMessage `json:"metadata"`
	Content  json.RawMessage `json:"content"`
}

// JSON is a message in the default form, without its buffers.
func JSON(ch protocol.Channel, m *protocol.Message) ([]byte, error) {
	four, err := parts(m)
	if err != nil {
		return nil, err
	}
	id, err := json.Marshal(m.Header.ID)
	if err != nil {
		return nil, err
	}
	msgType, err := json.Marshal(m.Header.Type)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Grow(len(four[0]) + len(four[1]) + len(four[2]) + len(four[3]) + 200)
	for _, field := range []struct {
		before string
		value  []byte
	}{
		{`{"channel":"`, []byte(ch)}, {`","msg_id":`, id}, {`,"msg_type":`, msgType}, {`,"header":`, four[0]},
		{`,"parent_header":`, four[1]}, {`,"metadata":`, four[2]}, {`,"content":`, four[3]},
	} {
		b.WriteString(field.before)
		b.Write(field.value)
	}
	b.WriteString(`,"buffers":[]}`)
	return b.Bytes(), nil
}

// Encode makes the frame of the default form. It is binary when the message has buffers: the number of parts and their offsets
// (32 bits, big endian), the JSON, the buffers.
func Encode(ch protocol.Channel, m *protocol.Message) (frame []byte, isBinary bool, err error) {
	text, err := JSON(ch, m)
	if err != nil || len(m.Buffers) == 0 {
		return text, false, err
	}
	n := 1 + len(m.Buffers)
	out := binary.BigEndian.AppendUint32(nil, uint32(n))
	at := 4 * (1 + n)
	all := append([][]byte{text}, m.Buffers...)
	for _, p := range all {
		out = binary.BigEndian.AppendUint32(out, uint32(at))
		at += len(p)
	}
	for _, p := range all {
		out = append(out, p...)
	}
	return out, true, nil
}

// Decode reads a frame of the default form. The message shares memory with it.
func Decode(frame []byte, isBinary bool) (protocol.Channel, *protocol.Message, error) {
	text := frame
	var buffers [][]byte
	if isBinary {
		var err error
		if text, buffers, err = split(frame); err != nil {
			return "", nil, err
		}
	}
	var w wireJSON
	if err := json.Unmarshal(text, &w); err != nil {
		return "", nil, malformed("%v", err)
	}
	m, err := message(w.Header, w.Parent, w.Metadata, w.Content)
	if err != nil {
		return "", nil, err
	}
	m.Buffers = buffers
	if w.Channel == "" {
		w.Channel = string(protocol.Shell) // what Jupyter's server assumes too
	}
	return channel(w.Channel, m)
}

func split(frame []byte) (text []byte, buffers [][]byte, err error) {
	if len(frame) < 8 {
		return nil, nil, malformed("%d bytes", len(frame))
	}
	n := uint64(binary.BigEndian.Uint32(frame))
	if n == 0 || n > maxParts || 4*(1+n) > uint64(len(frame)) {
		return nil, nil, malformed("%d parts in %d bytes", n, len(frame))
	}
	end := uint64(len(frame))
	buffers = make([][]byte, n)
	for i := n; i >= 1; i-- {
		start := uint64(binary.BigEndian.Uint32(frame[4*i:]))
		if start > end || start < 4*(1+n) {
			return nil, nil, malformed("part %d from %d to %d", i, start, end)
		}
		buffers[i-1] = frame[start:end:end]
		end = start
	}
	return buffers[0], buffers[1:], nil
}

func message(header, parent, metadata, content json.RawMessage) (*protocol.Message, error) {
	m := &protocol.Message{Metadata: metadata, Content: content}
	for _, p := range []*json.RawMessage{&m.Metadata, &m.Content} {
		t := bytes.TrimSpace(*p)
		if len(t) == 0 || bytes.Equal(t, []byte("null")) {
			*p = nil
		} else if t[0] != '{' || !json.Valid(t) {
			return nil, malformed("metadata or content is no JSON object")
		}
	}
	if err := json.Unmarshal(header, &m.Header); err != nil {
		return nil, malformed("header: %v", err)
	}
	if len(parent) != 0 {
		if err := json.Unmarshal(parent, &m.Parent); err != nil {
			return nil, malformed("parent header: %v", err)
		}
	}
	if m.Header.Type == "" || m.Header.ID == "" {
		return nil, malformed("a header without msg_type or msg_id")
	}
	return m, nil
}

func channel(name string, m *protocol.Message) (protocol.Channel, *protocol.Message, error) {
	ch := protocol.Channel(name)
	if !ch.Valid() {
		return "", nil, malformed("channel %q", name)
	}
	return ch, m, nil
}
