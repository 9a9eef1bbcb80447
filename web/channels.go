package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"poolbook/web/internal/kernels"
	"poolbook/web/internal/wsproto"
)

// Times of websockets.
const (
	pingEvery   = 30 * time.Second
	pongTimeout = 90 * time.Second // a client that is silent for so long is gone
)

// maxMessage is the largest message of a client, in bytes.
const maxMessage = 64 << 20

var writeBuffers sync.Pool

// upgrade makes a websocket of a request, or answers it (then conn is nil). done must be called when the handler is through with it.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request, protocols []string) (conn *websocket.Conn, done func(), err error) {
	if !websocket.IsWebSocketUpgrade(r) {
		return nil, nil, statusErr(http.StatusBadRequest, "this address is for websockets only")
	}
	if n := s.sockets.Add(1); n > int64(s.cfg.MaxSockets) {
		s.sockets.Add(-1)
		return nil, nil, statusErr(http.StatusServiceUnavailable, "too many websockets (%d)", s.cfg.MaxSockets)
	}
	if !s.enter() {
		s.sockets.Add(-1)
		return nil, nil, statusErr(http.StatusServiceUnavailable, "the server is stopping")
	}
	done = func() { s.sockets.Add(-1); s.work.Done() }
	up := websocket.Upgrader{
		Subprotocols: protocols, HandshakeTimeout: 10 * time.Second, WriteBufferPool: &writeBuffers, WriteBufferSize: 16 << 10,
		CheckOrigin: func(*http.Request) bool { return true }, // checked before, see protect
		Error: func(w http.ResponseWriter, r *http.Request, status int, err error) {
			s.fail(w, r, statusErr(status, "%v", err))
		},
	}
	conn, err = up.Upgrade(w, r, nil)
	if err != nil {
		done()
		return nil, nil, nil // answered
	}
	conn.SetReadLimit(maxMessage)
	_ = conn.SetReadDeadline(time.Now().Add(pongTimeout))
	conn.SetPongHandler(func(string) error { return conn.SetReadDeadline(time.Now().Add(pongTimeout)) })
	return conn, done, nil
}

// channels serves the websocket of a kernel, /api/kernels/{id}/channels.
func (s *Server) channels(w http.ResponseWriter, r *http.Request) error {
	k, err := s.kernels.Get(r.PathValue("id"))
	if err != nil {
		return kernelErr(err)
	}
	conn, done, err := s.upgrade(w, r, []string{wsproto.V1})
	if err != nil || conn == nil {
		return err
	}
	defer done()
	defer conn.Close()
	c, err := k.Connect(r.URL.Query().Get("session_id"), r.URL.Query().Get("outputs") == "shaped")
	if err != nil {
		closeSocket(conn, websocket.CloseGoingAway, "the kernel is gone")
		return nil
	}
	ch := &channelSocket{conn: conn, v1: conn.Subprotocol() == wsproto.V1, c: c, patience: s.cfg.WriteTimeout}
	ctx, cancel := context.WithCancel(context.Background())
	var others sync.WaitGroup
	others.Go(func() { ch.write(ctx) })
	others.Go(func() { ping(ctx, conn, s.cfg.WriteTimeout) })
	err = ch.read()
	s.log.Debug("websocket closed", "kernel", k.ID(), "reason", err)
	cancel()
	_ = conn.Close() // ends a write under way
	others.Wait()
	c.Close() // after the writer has given back what it could not write
	return nil
}

// channelSocket is a websocket with its connection to the kernel.
type channelSocket struct {
	conn     *websocket.Conn
	v1       bool
	c        *kernels.Conn
	patience time.Duration // a client that does not take a message for so long is gone; its messages are kept for the next
}

// read passes the client's messages on until the connection ends.
func (ch *channelSocket) read() error {
	for {
		kind, frame, err := ch.conn.ReadMessage()
		if err != nil {
			return err
		}
		_ = ch.conn.SetReadDeadline(time.Now().Add(pongTimeout))
		var p kernels.Packet
		if ch.v1 && kind == websocket.BinaryMessage {
			p.Channel, p.Message, err = wsproto.DecodeV1(frame)
		} else {
			p.Channel, p.Message, err = wsproto.Decode(frame, kind == websocket.BinaryMessage)
		}
		if err != nil {
			closeSocket(ch.conn, websocket.CloseInvalidFramePayloadData, err.Error())
			return err
		}
		if err := ch.c.Send(p); err != nil {
			// The kernel is dead or being restarted; its clients are told so by their own message.
			continue
		}
	}
}

// write sends the kernel's messages until the connection or the kernel ends.
func (ch *channelSocket) write(ctx context.Context) {
	for {
		p, err := ch.c.Next(ctx)
		if err != nil {
			if errors.Is(err, kernels.ErrGone) {
				closeSocket(ch.conn, websocket.CloseNormalClosure, "the kernel or the connection was closed")
				_ = ch.conn.SetReadDeadline(time.Now().Add(time.Second)) // for the client's own close frame
			}
			return
		}
		if err := ch.send(p); err != nil {
			ch.c.Unsent(p)
			_ = ch.conn.Close() // ends the reader
			return
		}
	}
}

func (ch *channelSocket) send(p kernels.Packet) error {
	kind := websocket.BinaryMessage
	var frame []byte
	var err error
	if ch.v1 {
		frame, err = wsproto.EncodeV1(p.Channel, p.Message)
	} else {
		var isBinary bool
		if frame, isBinary, err = wsproto.Encode(p.Channel, p.Message); !isBinary {
			kind = websocket.TextMessage
		}
	}
	if err != nil {
		return nil // cannot be said in this form: nothing to retry
	}
	_ = ch.conn.SetWriteDeadline(time.Now().Add(ch.patience))
	return ch.conn.WriteMessage(kind, frame)
}

// ping keeps a connection alive, and lets a dead one be noticed.
func ping(ctx context.Context, conn *websocket.Conn, patience time.Duration) {
	t := time.NewTicker(pingEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			if conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(patience)) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// closeSocket says why a connection is closed. A reason is at most 123 bytes.
func closeSocket(conn *websocket.Conn, code int, reason string) {
	if len(reason) > 120 {
		reason = strings.ToValidUTF8(reason[:120], "") // or the frame is malformed
	}
	_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(time.Second))
}
