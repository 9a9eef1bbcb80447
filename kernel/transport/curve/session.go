package curve

import (
	"encoding/binary"
	"errors"

	"golang.org/x/crypto/nacl/box"
)

// Overhead is by how many bytes a sealed frame is longer than what is in it.
const Overhead = len(messagePrefix) + 8 + 1 + box.Overhead

// messagePrefix begins every sealed frame: the length of the name, and the name.
const messagePrefix = "\x07MESSAGE"

// Flags of a frame, which are sealed with it.
const (
	More    = 1
	Command = 2
)

// ErrMessage is wrapped by the errors of [Session.Open]: the frame was made by somebody else, or has been changed, repeated or left out.
var ErrMessage = errors.New("bad CurveZMQ message")

// Session seals and opens what goes over a connection after the handshake. One goroutine at a time may call Seal, and one Open.
type Session struct {
	key     *shared
	out, in string // prefixes of nonces
	sent    uint64 // the last nonce used, by Seal
	seen    uint64 // the last nonce that came, by Open
}

// Seal appends to dst the body of a ZMTP frame that carries a frame with these flags.
func (s *Session) Seal(dst []byte, flags byte, frame []byte) []byte {
	s.sent++
	n := counted(s.sent)
	dst = append(append(dst, messagePrefix...), n...)
	plain := make([]byte, 1+len(frame))
	plain[0] = flags
	copy(plain[1:], frame)
	return box.SealAfterPrecomputation(dst, plain, nonce(s.out, n), s.key)
}

// Open returns what Seal was given. The frame's nonce must be greater than that of all before.
func (s *Session) Open(body []byte) (flags byte, frame []byte, err error) {
	if len(body) < Overhead || string(body[:len(messagePrefix)]) != messagePrefix {
		return 0, nil, ErrMessage
	}
	body = body[len(messagePrefix):]
	n := binary.BigEndian.Uint64(body)
	if n <= s.seen {
		return 0, nil, ErrMessage
	}
	plain, ok := box.OpenAfterPrecomputation(nil, body[8:], nonce(s.in, body[:8]), s.key)
	if !ok || plain[0]&^(More|Command) != 0 {
		return 0, nil, ErrMessage
	}
	s.seen = n
	return plain[0], plain[1:], nil
}
