package wire

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"sync"

	"poolbook/kernel/protocol"
)

// delimiter ends the identities.
const delimiter = "<IDS|MSG>"

// Limits of a message, far above what any front end sends.
const (
	maxIdentities  = 16
	maxIdentityLen = 255 // ZeroMQ's own limit, and enough for a topic
	maxHeaderLen   = 1 << 20
	maxBuffers     = 4096
	replayRemember = 1 << 16
)

// What [Codec.Decode] refuses. Its errors wrap one of these.
var (
	// ErrMalformed: frames missing or too many, not JSON, not objects, no message type.
	ErrMalformed = errors.New("malformed message")
	// ErrSignature: the signature does not fit the key.
	ErrSignature = errors.New("wrong signature")
	// ErrReplayed: the same signed message came before.
	ErrReplayed = errors.New("message seen before")
	// ErrScheme: the connection file names a signature scheme that is unknown.
	ErrScheme = errors.New("unknown signature scheme")
)

// Codec encodes and decodes the messages of one kernel. It may be used by many goroutines.
type Codec struct {
	newHash func() hash.Hash // nil: messages are not signed
	key     []byte
	pool    sync.Pool // of hash.Hash with the key

	mu   sync.Mutex
	seen map[string]struct{} // signatures accepted, guarded by mu
	ring []string            // the same in order of arrival, guarded by mu
	next int                 // where in ring the next goes, guarded by mu
}

// NewCodec makes the codec for a connection file's key and scheme ("hmac-sha256", "hmac-sha512" or, like an empty string,
// the first). An empty key means that messages are neither signed nor checked, as the protocol has it.
func NewCodec(key, scheme string) (*Codec, error) {
	c := &Codec{key: []byte(key)}
	switch scheme {
	case "", "hmac-sha256":
		c.newHash = sha256.New
	case "hmac-sha512":
		c.newHash = sha512.New
	default:
		return nil, fmt.Errorf("wire: %w: %q", ErrScheme, scheme)
	}
	if key == "" {
		c.newHash = nil
		return c, nil
	}
	c.pool.New = func() any { return hmac.New(c.newHash, c.key) }
	c.seen = make(map[string]struct{})
	return c, nil
}

// Encode makes the frames of a message. They share memory with the message.
func (c *Codec) Encode(m *protocol.Message) ([][]byte, error) {
	header, err := m.Header.Raw()
	if err != nil {
		return nil, fmt.Errorf("wire: encode %s: %w", m.Header.Type, err)
	}
	parent, err := m.Parent.Raw()
	if err != nil {
		return nil, fmt.Errorf("wire: encode %s: parent: %w", m.Header.Type, err)
	}
	parts := [4][]byte{header, parent, object(m.Metadata), object(m.Content)}
	frames := make([][]byte, 0, len(m.Identities)+6+len(m.Buffers))
	frames = append(frames, m.Identities...)
	frames = append(frames, []byte(delimiter), c.sign(parts))
	frames = append(frames, parts[:]...)
	return append(frames, m.Buffers...), nil
}

func object(raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return []byte("{}")
	}
	return raw
}

func (c *Codec) sign(parts [4][]byte) []byte {
	if c.newHash == nil {
		return nil
	}
	h := c.pool.Get().(hash.Hash)
	h.Reset()
	for _, p := range parts {
		h.Write(p)
	}
	var sum [sha512.Size]byte
	out := hex.AppendEncode(nil, h.Sum(sum[:0]))
	c.pool.Put(h)
	return out
}

// Decode reads a message from frames, which it keeps. It checks the signature, but not whether the message was seen
// before: that is for the receiver of requests, see [Codec.DecodeOnce].
func (c *Codec) Decode(frames [][]byte) (*protocol.Message, error) {
	m, _, err := c.decode(frames)
	return m, err
}

// DecodeOnce is Decode for the side that acts on messages: a message whose signature it has accepted before (of the last
// 65,536) is refused with [ErrReplayed]. Without a key there are no signatures, and nothing is refused.
func (c *Codec) DecodeOnce(frames [][]byte) (*protocol.Message, error) {
	m, signature, err := c.decode(frames)
	if err != nil {
		return nil, err
	}
	if c.newHash != nil && !c.remember(string(signature)) {
		return nil, fmt.Errorf("wire: %s %.64q: %w", m.Header.Type, m.Header.ID, ErrReplayed)
	}
	return m, nil
}

func (c *Codec) decode(frames [][]byte) (*protocol.Message, []byte, error) {
	at := -1
	for i, f := range frames {
		if i > maxIdentities {
			break
		}
		if string(f) == delimiter {
			at = i
			break
		}
		if len(f) > maxIdentityLen {
			return nil, nil, fmt.Errorf("wire: %w: identity of %d bytes", ErrMalformed, len(f))
		}
	}
	if at < 0 {
		return nil, nil, fmt.Errorf("wire: %w: no delimiter among %d frames", ErrMalformed, len(frames))
	}
	rest := frames[at+1:]
	if len(rest) < 5 {
		return nil, nil, fmt.Errorf("wire: %w: %d frames after the delimiter, want at least 5", ErrMalformed, len(rest))
	}
	if len(rest)-5 > maxBuffers {
		return nil, nil, fmt.Errorf("wire: %w: %d buffers", ErrMalformed, len(rest)-5)
	}
	signature, parts := rest[0], [4][]byte(rest[1:5])
	if want := c.sign(parts); c.newHash != nil && !hmac.Equal(signature, want) {
		if len(signature) == 0 {
			return nil, nil, fmt.Errorf("wire: %w: not signed", ErrSignature)
		}
		return nil, nil, fmt.Errorf("wire: %w", ErrSignature)
	}
	if len(parts[0]) > maxHeaderLen || len(parts[1]) > maxHeaderLen {
		return nil, nil, fmt.Errorf("wire: %w: header of %d bytes, parent of %d", ErrMalformed, len(parts[0]), len(parts[1]))
	}
	m := &protocol.Message{Identities: frames[:at:at], Metadata: parts[2], Content: parts[3], Buffers: rest[5:]}
	for i, name := range [4]string{"header", "parent header", "metadata", "content"} {
		if !isObject(parts[i]) {
			return nil, nil, fmt.Errorf("wire: %w: %s is not a JSON object: %.80q", ErrMalformed, name, parts[i])
		}
	}
	if err := json.Unmarshal(parts[0], &m.Header); err != nil {
		return nil, nil, fmt.Errorf("wire: %w: header: %w", ErrMalformed, err)
	}
	if err := json.Unmarshal(parts[1], &m.Parent); err != nil {
		return nil, nil, fmt.Errorf("wire: %w: parent header: %w", ErrMalformed, err)
	}
	if m.Header.Type == "" || m.Header.ID == "" {
		return nil, nil, fmt.Errorf("wire: %w: header without msg_type or msg_id", ErrMalformed)
	}
	if m.Parent.ID == "" {
		m.Parent = protocol.Header{} // {} and objects without an id mean that there is no parent
	}
	if len(m.Buffers) == 0 {
		m.Buffers = nil
	}
	return m, signature, nil
}

// isObject accepts a JSON object, and null, which some clients send for an empty one.
func isObject(data []byte) bool {
	trimmed := bytes.TrimLeft(data, " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '{' && !bytes.Equal(bytes.TrimSpace(trimmed), []byte("null")) {
		return false
	}
	return json.Valid(data)
}

// remember notes a signature and reports whether it is new.
func (c *Codec) remember(signature string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, old := c.seen[signature]; old {
		return false
	}
	c.seen[signature] = struct{}{}
	if len(c.ring) < replayRemember {
		c.ring = append(c.ring, signature)
		return true
	}
	delete(c.seen, c.ring[c.next])
	c.ring[c.next] = signature
	c.next = (c.next + 1) % replayRemember
	return true
}
