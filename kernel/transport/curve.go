package transport

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/go-zeromq/zmq4"
	"github.com/go-zeromq/zmq4/security/null"

	"poolbook/kernel/transport/curve"
)

// security is the mechanism of one connection.
func (o Options) security() zmq4.Security {
	if o.Curve == nil {
		return null.Security()
	}
	return &curveSecurity{keys: *o.Curve}
}

// curveSecurity has zmq4 shake hands by CurveZMQ. What follows does not go through it: zmq4 writes a frame's length before it asks for
// the sealed one, which is longer. The guard opens frames before zmq4 sees them, and the peer seals those that it sends.
type curveSecurity struct {
	keys    curve.Keys
	session *curve.Session // after the handshake
}

func (s *curveSecurity) Type() zmq4.SecurityType { return zmq4.CurveSecurity }

func (s *curveSecurity) Encrypt(w io.Writer, data []byte) (int, error) { return w.Write(data) }

func (s *curveSecurity) Decrypt(w io.Writer, data []byte) (int, error) { return w.Write(data) }

// Handshake is that of a listening socket, the server, or of one that connects.
func (s *curveSecurity) Handshake(conn *zmq4.Conn, server bool) error {
	metadata, err := conn.Meta.MarshalZMTP()
	if err != nil {
		return err
	}
	var peer []byte
	if server {
		peer, err = s.serve(conn, metadata)
	} else {
		peer, err = s.connect(conn, metadata)
	}
	if err != nil {
		return err
	}
	return conn.Peer.Meta.UnmarshalZMTP(peer)
}

func (s *curveSecurity) serve(conn *zmq4.Conn, metadata []byte) (peer []byte, err error) {
	h, err := curve.NewServer(s.keys)
	if err != nil {
		return nil, err
	}
	body, err := expect(conn, curve.Hello)
	if err != nil {
		return nil, err
	}
	welcome, err := h.Hello(body)
	if err != nil {
		return nil, err
	}
	if err := conn.SendCmd(curve.Welcome, welcome); err != nil {
		return nil, err
	}
	if body, err = expect(conn, curve.Initiate); err != nil {
		return nil, err
	}
	ready, peer, _, session, err := h.Initiate(body, metadata)
	if err != nil {
		return nil, err
	}
	s.session = session
	return peer, conn.SendCmd(curve.Ready, ready)
}

func (s *curveSecurity) connect(conn *zmq4.Conn, metadata []byte) (peer []byte, err error) {
	own, err := curve.NewKeys(nil) // the kernel does not ask whose they are
	if err != nil {
		return nil, err
	}
	h, err := curve.NewClient(s.keys.Public, own)
	if err != nil {
		return nil, err
	}
	if err := conn.SendCmd(curve.Hello, h.Hello()); err != nil {
		return nil, err
	}
	body, err := expect(conn, curve.Welcome)
	if err != nil {
		return nil, err
	}
	initiate, err := h.Welcome(body, metadata)
	if err != nil {
		return nil, err
	}
	if err := conn.SendCmd(curve.Initiate, initiate); err != nil {
		return nil, err
	}
	if body, err = expect(conn, curve.Ready); err != nil {
		return nil, err
	}
	peer, s.session, err = h.Ready(body)
	return peer, err
}

// expect receives a command of the handshake.
func expect(conn *zmq4.Conn, name string) ([]byte, error) {
	cmd, err := conn.RecvCmd()
	switch {
	case err != nil:
		return nil, err
	case cmd.Name == curve.Error:
		return nil, fmt.Errorf("%w: the peer refuses the connection: %.100q", ErrProtocol, cmd.Body)
	case cmd.Name != name:
		return nil, fmt.Errorf("%w: %.20q in place of %s", ErrProtocol, cmd.Name, name)
	}
	return cmd.Body, nil
}

// sealedFrame reads a frame that carries another, after the handshake.
func (g *guard) sealedFrame(flags byte, size uint64) error {
	if flags&^flagLong != 0 || size < uint64(curve.Overhead) {
		return fmt.Errorf("%w: sealed frame of %d bytes with flags %#x", ErrProtocol, size, flags)
	}
	inner := size - uint64(curve.Overhead)
	if err := g.allowed(inner); err != nil {
		return err
	}
	sealed, err := g.pieces(nil, int64(size), g.total)
	if err != nil {
		return err
	}
	inside, plain, err := g.session.Open(sealed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	if inside&curve.Command != 0 {
		if inside&curve.More != 0 || g.frames > 0 || inner > maxCommand {
			return fmt.Errorf("%w: sealed command of %d bytes with flags %#x inside %d frames", ErrProtocol, inner, inside, g.frames)
		}
		return g.command(plain)
	}
	g.frames++
	g.total += int64(inner)
	if inside&curve.More == 0 {
		g.frames, g.total = 0, 0
	}
	g.pending = append(appendHeader(nil, inside&curve.More, len(plain)), plain...)
	return nil
}

// appendHeader appends the header of a ZMTP frame.
func appendHeader(dst []byte, flags byte, size int) []byte {
	if size < 256 {
		return append(dst, flags, byte(size))
	}
	return binary.BigEndian.AppendUint64(append(dst, flags|flagLong), uint64(size))
}

// writeSealed sends a frame in one that hides it.
func (p *peer) writeSealed(flags byte, frame []byte) error {
	b := appendHeader(make([]byte, 0, 9+curve.Overhead+len(frame)), 0, curve.Overhead+len(frame))
	_, err := p.guard.Write(p.guard.session.Seal(b, flags, frame))
	return err
}

// writeOneSealed is writeOne after a handshake by CurveZMQ.
func (p *peer) writeOneSealed(m outgoing) error {
	if m.name != "" {
		return p.writeSealed(curve.Command, append(append([]byte{byte(len(m.name))}, m.name...), m.frames[0]...))
	}
	for i, f := range m.frames {
		flags := byte(curve.More)
		if i == len(m.frames)-1 {
			flags = 0
		}
		if err := p.writeSealed(flags, f); err != nil {
			return err
		}
	}
	return nil
}

// CurveKeys reads the keys of a connection file, in Z85; both empty are nil, no encryption. The error wraps [curve.ErrKey].
func CurveKeys(public, secret string) (*curve.Keys, error) {
	if public == "" && secret == "" {
		return nil, nil
	}
	var keys curve.Keys
	var err error
	if keys.Public, err = curve.ParseKey(public); err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	if keys.Secret, err = curve.ParseKey(secret); err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	return &keys, keys.Check()
}
