package transport

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"poolbook/kernel/transport/curve"
)

// ErrProtocol is wrapped by errors about peers that break the rules of ZMTP, or the limits set here.
var ErrProtocol = errors.New("peer breaks the ZMTP protocol")

// Parts of a ZMTP 3 frame: a byte of flags, a length of one or eight bytes, the body.
const (
	flagMore    = 1
	flagLong    = 2
	flagCommand = 4

	greetingLen    = 64
	maxCommand     = 64 << 10 // a command's body after the handshake, and all of one in it
	maxFrames      = 8192     // in one message
	maxIdentity    = 255      // bytes, as ZMTP has it
	maxTopics      = 1024     // that one peer subscribes to
	maxSmall       = 64 << 10 // of messages that are small in their nature: subscriptions and heartbeats
	pieceByPiece   = 1 << 20  // longer frames are read in pieces that grow
	writeBufferLen = 64 << 10
)

// guard is the net.Conn that zmq4 sees. It follows the frames that come in and ends the connection before zmq4 allocates
// what a bad peer claims, keeps commands away from zmq4 after the handshake (zmq4 would answer a PING from the reading
// goroutine, in the middle of what the writing one sends), and collects small writes.
//
// One goroutine reads and one writes; the handshake does both from one.
type guard struct {
	net.Conn
	maxMessage int64
	onCommand  func(name string, body []byte) error // called by the reader, set when the handshake is done

	// session opens the frames that come; nil without CurveZMQ. Set when the handshake is done.
	session *curve.Session

	// reserve takes (and with a negative number gives back) room for long messages, false when there is none; nil: there is always.
	// Set when the handshake is done.
	reserve func(bytes int64) bool

	// Owned by the reader.
	held     int64 // reserved for the current message
	in       *bufio.Reader
	greeting int    // bytes of the greeting still to come
	pending  []byte // read and checked, not yet given to zmq4
	body     int64  // bytes of the current frame that go to zmq4 as they come
	total    int64  // of the current message
	frames   int    // of the current message

	// Owned by the writer.
	out *bufio.Writer // nil during the handshake
}

func newGuard(c net.Conn, maxMessage int64) *guard {
	return &guard{Conn: c, maxMessage: maxMessage, in: bufio.NewReaderSize(c, 32<<10), greeting: greetingLen}
}

// opened ends the handshake: writes are buffered from now on, commands go to onCommand, and frames are opened by session if that is not nil.
func (g *guard) opened(session *curve.Session, onCommand func(name string, body []byte) error) {
	g.session = session
	g.out = bufio.NewWriterSize(g.Conn, writeBufferLen)
	g.onCommand = onCommand
}

// Read gives zmq4 the next checked bytes.
func (g *guard) Read(p []byte) (int, error) {
	for {
		switch {
		case len(p) == 0:
			return 0, nil
		case len(g.pending) > 0:
			n := copy(p, g.pending)
			if g.pending = g.pending[n:]; len(g.pending) == 0 {
				g.pending = nil
			}
			return n, nil
		case g.greeting > 0:
			n, err := g.in.Read(p[:min(len(p), g.greeting)])
			g.greeting -= n
			return n, err
		case g.body > 0:
			n, err := g.in.Read(p[:min(int64(len(p)), g.body)])
			g.body -= int64(n)
			return n, err
		}
		if err := g.nextFrame(); err != nil {
			return 0, err
		}
	}
}

// nextFrame reads a frame's header and puts it into pending, or handles a command.
func (g *guard) nextFrame() error {
	var header [9]byte
	if _, err := io.ReadFull(g.in, header[:2]); err != nil {
		return err
	}
	flags, n := header[0], 2
	size := uint64(header[1])
	if flags&flagLong != 0 {
		if _, err := io.ReadFull(g.in, header[2:]); err != nil {
			return unexpected(err)
		}
		size, n = binary.BigEndian.Uint64(header[1:]), 9
	}
	if g.session != nil {
		return g.sealedFrame(flags, size)
	}
	if flags&^(flagMore|flagLong|flagCommand) != 0 {
		return fmt.Errorf("%w: frame with flags %#x", ErrProtocol, flags)
	}
	if flags&flagCommand != 0 {
		if flags&flagMore != 0 || g.frames > 0 || size > maxCommand {
			return fmt.Errorf("%w: command of %d bytes with flags %#x inside %d frames", ErrProtocol, size, flags, g.frames)
		}
		if g.onCommand != nil {
			body := make([]byte, size)
			if _, err := io.ReadFull(g.in, body); err != nil {
				return unexpected(err)
			}
			return g.command(body)
		}
	} else if g.out == nil {
		return fmt.Errorf("%w: a message before the handshake", ErrProtocol)
	}
	if err := g.allowed(size); err != nil {
		return err
	}
	g.frames++
	before := g.total
	g.total += int64(size)
	if flags&flagMore == 0 {
		g.frames, g.total = 0, 0
	}
	g.pending = append(g.pending, header[:n]...)
	if size <= pieceByPiece {
		g.body = int64(size)
		return g.hold(before + g.body)
	}
	var err error
	g.pending, err = g.pieces(g.pending, int64(size), before)
	return err
}

// allowed refuses a frame with which the current message is too large.
func (g *guard) allowed(size uint64) error {
	if size > uint64(g.maxMessage-g.total) || g.frames >= maxFrames {
		return fmt.Errorf("%w: frame %d of %d bytes after %d: a message may have %d bytes in %d frames",
			ErrProtocol, g.frames+1, size, g.total, g.maxMessage, maxFrames)
	}
	return nil
}

// pieces reads a frame's body behind dst, in pieces that grow, so that what a peer claims costs nothing before it comes. before is the size
// of the message so far.
func (g *guard) pieces(dst []byte, size, before int64) ([]byte, error) {
	for left := size; left > 0; {
		piece := min(left, max(pieceByPiece, int64(len(dst))))
		if err := g.hold(before + size - left + piece); err != nil {
			return dst, err
		}
		old := len(dst)
		dst = append(dst, make([]byte, piece)...)
		if _, err := io.ReadFull(g.in, dst[old:]); err != nil {
			return dst, unexpected(err)
		}
		left -= piece
	}
	return dst, nil
}

// hold reserves room for so much of a message. The first MiB is every peer's own.
func (g *guard) hold(bytes int64) error {
	more := bytes - pieceByPiece - g.held
	if g.reserve == nil || more <= 0 {
		return nil
	}
	if !g.reserve(more) {
		return fmt.Errorf("%w: no room for %d bytes of a message beside those of other peers", ErrProtocol, bytes)
	}
	g.held += more
	return nil
}

// release gives back what the message took that has been dealt with.
func (g *guard) release() {
	if g.held > 0 {
		g.reserve(-g.held)
		g.held = 0
	}
}

// command hands over a command: the length of its name, the name, and its body.
func (g *guard) command(body []byte) error {
	if len(body) == 0 || int(body[0]) > len(body)-1 {
		return fmt.Errorf("%w: command without a name", ErrProtocol)
	}
	end := 1 + int(body[0])
	return g.onCommand(string(body[1:end]), body[end:])
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Write collects what zmq4 writes until Flush.
func (g *guard) Write(p []byte) (int, error) {
	if g.out == nil {
		return g.Conn.Write(p)
	}
	return g.out.Write(p)
}

// Flush sends what was written.
func (g *guard) Flush() error { return g.out.Flush() }

// remote names the peer in logs.
func remote(c net.Conn) string {
	if a := c.RemoteAddr(); a != nil {
		return strings.TrimSpace(a.Network() + " " + a.String())
	}
	return "unknown"
}
