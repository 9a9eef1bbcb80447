package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Version is the version of the messaging protocol that this package speaks.
const Version = "5.5"

// Channel names one of the five sockets of a kernel.
type Channel string

// The channels of a kernel, by the names that websocket front ends use for them.
const (
	Shell     Channel = "shell"
	Control   Channel = "control"
	IOPub     Channel = "iopub"
	Stdin     Channel = "stdin"
	Heartbeat Channel = "hb"
)

// Valid reports whether c is one of the channels that carry messages (all but the heartbeat).
func (c Channel) Valid() bool {
	switch c {
	case Shell, Control, IOPub, Stdin:
		return true
	}
	return false
}

// Header identifies a message. A header that was read from a message keeps the JSON it was read from (see [Header.Raw]),
// so do not change its fields, make a new one.
type Header struct {
	ID       string `json:"msg_id"`
	Session  string `json:"session"`
	Username string `json:"username"`
	// Date is the moment of sending in ISO 8601, as the sender wrote it; see [Header.Time].
	Date    string `json:"date"`
	Type    string `json:"msg_type"`
	Version string `json:"version"`
	// SubshellID chooses a subshell of the kernel (JEP 91); empty means the main shell.
	SubshellID string `json:"subshell_id,omitempty"`

	raw json.RawMessage
}

// plainHeader has the fields of a Header without its methods.
type plainHeader Header

// MarshalJSON is [Header.Raw], for headers inside other values.
func (h Header) MarshalJSON() ([]byte, error) { return h.Raw() }

// Raw is the header as JSON: a parsed one byte for byte as it came, the zero header as {}.
func (h Header) Raw() (json.RawMessage, error) {
	if h.raw != nil {
		return h.raw, nil
	}
	if h.IsZero() {
		return json.RawMessage("{}"), nil
	}
	return Marshal(plainHeader(h))
}

// UnmarshalJSON reads a header and keeps its bytes. Unknown fields are kept, missing ones are empty; null is the zero header.
func (h *Header) UnmarshalJSON(data []byte) error {
	var p plainHeader
	if err := json.Unmarshal(data, &p); err != nil {
		return fmt.Errorf("protocol: header: %w", err)
	}
	*h = Header(p)
	if !bytes.Equal(data, []byte("null")) {
		h.raw = bytes.Clone(data)
	}
	return nil
}

// IsZero reports whether the header is absent: a message without a parent has a zero parent.
func (h Header) IsZero() bool {
	return h.ID == "" && h.Type == "" && h.Session == "" && h.raw == nil
}

// Time is the moment of sending, false when the sender gave none or in a form that cannot be read.
func (h Header) Time() (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
		if t, err := time.Parse(layout, h.Date); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// Message is one message of the protocol on any channel.
// A Message is not changed once it has been sent or received, so that many goroutines may read it.
type Message struct {
	// Identities are the routing frames in front of a message on a ROUTER socket, or the topic on iopub.
	Identities [][]byte
	Header     Header
	// Parent is the header of the message that caused this one, zero if there is none.
	Parent Header
	// Metadata and Content are JSON objects; nil stands for {}.
	Metadata json.RawMessage
	Content  json.RawMessage
	// Buffers are raw bytes that follow the message, used by comms.
	Buffers [][]byte
}

// NewHeader makes the header of a new message with a fresh id and the current time.
func NewHeader(msgType, session, username string) Header {
	return Header{
		ID:       uuid.NewString(),
		Session:  session,
		Username: username,
		Date:     time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"),
		Type:     msgType,
		Version:  Version,
	}
}

// New makes a message with a fresh header. content is marshalled to JSON; nil stands for {}.
// The error is that of marshalling.
func New(msgType, session, username string, parent Header, content any) (*Message, error) {
	raw, err := Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("protocol: %s: %w", msgType, err)
	}
	return &Message{Header: NewHeader(msgType, session, username), Parent: parent, Content: raw}, nil
}

// Reply makes the answer to a request: same identities, the request's header as parent.
func Reply(request *Message, msgType, session string, content any) (*Message, error) {
	m, err := New(msgType, session, "kernel", request.Header, content)
	if err != nil {
		return nil, err
	}
	m.Identities = request.Identities
	return m, nil
}

// Marshal is json.Marshal without the escaping of <, > and & that HTML needs and a message does not.
func Marshal(v any) (json.RawMessage, error) {
	if v == nil {
		return json.RawMessage("{}"), nil
	}
	if raw, ok := v.(json.RawMessage); ok {
		return raw, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// ErrContent is wrapped by the errors of [Decode].
var ErrContent = errors.New("content does not fit the message type")

// Decode reads a message's content. Fields that the sender left out get the protocol's defaults
// where the content type says so (for example [ExecuteRequest]).
func Decode[T any](m *Message) (T, error) {
	var v T
	if d, ok := any(&v).(interface{ setDefaults() }); ok {
		d.setDefaults()
	}
	if len(m.Content) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(m.Content, &v); err != nil {
		return v, fmt.Errorf("protocol: %s: %w: %w", m.Header.Type, ErrContent, err)
	}
	return v, nil
}
