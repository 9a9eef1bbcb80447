package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"poolbook/web/internal/terminals"
)

// terminalModel is a terminal in Jupyter's form.
type terminalModel struct {
	Name         string    `json:"name"`
	LastActivity time.Time `json:"last_activity"`
}

func modelOfTerminal(t *terminals.Terminal) terminalModel {
	return terminalModel{t.Name(), t.LastActivity().UTC()}
}

// terminalErr gives an error of the terminals' side its status.
func terminalErr(err error) error {
	status := http.StatusInternalServerError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, terminals.ErrNoSuch):
		status = http.StatusNotFound
	case errors.Is(err, terminals.ErrTaken):
		status = http.StatusConflict
	case errors.Is(err, terminals.ErrTooMany), errors.Is(err, terminals.ErrStopped):
		status = http.StatusServiceUnavailable
	}
	return &httpError{Status: status, Message: err.Error(), Err: err}
}

// noTerminals answers instead of the others below in a server without terminals.
func (s *Server) noTerminals(http.ResponseWriter, *http.Request) error {
	if !terminals.Available {
		return statusErr(http.StatusNotFound, "there are no terminals on this system")
	}
	return statusErr(http.StatusNotFound, "this server was started without terminals (--no-terminal)")
}

// hasTerminals reports whether the server has terminals.
func (s *Server) hasTerminals() bool { return terminals.Available && !s.cfg.NoTerminals }

// listTerminals serves GET /api/terminals.
func (s *Server) listTerminals(w http.ResponseWriter, _ *http.Request) error {
	all := []terminalModel{}
	for _, t := range s.terminals.List() {
		all = append(all, modelOfTerminal(t))
	}
	return writeJSON(w, http.StatusOK, all)
}

// openTerminal serves POST /api/terminals: name may be chosen, cwd is a folder below the served one, or the nearest above it that is there.
func (s *Server) openTerminal(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Name string `json:"name"`
		Cwd  string `json:"cwd"`
	}
	if r.ContentLength != 0 {
		if err := readJSON(w, r, maxSmallBody, &body); err != nil {
			return err
		}
	}
	t, err := s.terminals.Open(body.Name, s.contents.OSDir(body.Cwd))
	if err != nil {
		return terminalErr(err)
	}
	return writeJSON(w, http.StatusOK, modelOfTerminal(t))
}

// getTerminal serves GET /api/terminals/{name}.
func (s *Server) getTerminal(w http.ResponseWriter, r *http.Request) error {
	t, err := s.terminals.Get(r.PathValue("name"))
	if err != nil {
		return terminalErr(err)
	}
	return writeJSON(w, http.StatusOK, modelOfTerminal(t))
}

// closeTerminal serves DELETE /api/terminals/{name}.
func (s *Server) closeTerminal(w http.ResponseWriter, r *http.Request) error {
	t, err := s.terminals.Get(r.PathValue("name"))
	if err != nil {
		return terminalErr(err)
	}
	t.Close(r.Context())
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// terminalSocket serves the websocket of a terminal, in terminado's form: lists of a word and its arguments, in JSON.
//
//	from the server  ["setup", {}]  ["stdout", text]  ["disconnect", 1]
//	from the client  ["stdin", text]  ["set_size", rows, columns, …]
func (s *Server) terminalSocket(w http.ResponseWriter, r *http.Request) error {
	t, err := s.terminals.Get(r.PathValue("name"))
	if err != nil {
		return terminalErr(err)
	}
	conn, done, err := s.upgrade(w, r, nil)
	if err != nil || conn == nil {
		return err
	}
	defer done()
	defer conn.Close()
	c := t.Connect()
	defer c.Close()
	ctx, cancel := context.WithCancel(context.Background())
	var writer sync.WaitGroup
	writer.Go(func() { s.writeTerminal(ctx, conn, c) })
	for {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			break
		}
		_ = conn.SetReadDeadline(time.Now().Add(pongTimeout))
		s.touch()
		if err := terminalInput(c, frame); err != nil {
			closeSocket(conn, websocket.CloseInvalidFramePayloadData, err.Error())
			break
		}
	}
	cancel()
	_ = conn.Close() // ends a write under way
	writer.Wait()
	return nil
}

// terminalInput does what a client's message says. Words that are not known are of newer clients.
func terminalInput(c *terminals.Client, frame []byte) error {
	var message []json.RawMessage
	var word string
	if err := json.Unmarshal(frame, &message); err != nil {
		return errors.New("not a list in JSON")
	}
	if len(message) == 0 || json.Unmarshal(message[0], &word) != nil {
		return errors.New("a message is a list that begins with a word")
	}
	switch word {
	case "stdin":
		var text string
		if len(message) < 2 || json.Unmarshal(message[1], &text) != nil {
			return errors.New("stdin has a text")
		}
		c.Write(text)
	case "set_size":
		var rows, cols float64 // JupyterLab's are not always whole
		if len(message) < 3 || json.Unmarshal(message[1], &rows) != nil || json.Unmarshal(message[2], &cols) != nil {
			return errors.New("set_size has rows and columns")
		}
		c.Resize(int(rows), int(cols))
	}
	return nil
}

// writeTerminal sends what the shell writes until it or the connection ends.
func (s *Server) writeTerminal(ctx context.Context, conn *websocket.Conn, c *terminals.Client) {
	pinging, stopPinging := context.WithCancel(ctx)
	var pinger sync.WaitGroup
	pinger.Go(func() { ping(pinging, conn, s.cfg.WriteTimeout) })
	defer pinger.Wait()
	defer stopPinging()
	send := func(message ...any) bool {
		_ = conn.SetWriteDeadline(time.Now().Add(s.cfg.WriteTimeout))
		if conn.WriteJSON(message) == nil {
			return true
		}
		_ = conn.Close() // ends the reader
		return false
	}
	if !send("setup", struct{}{}) {
		return
	}
	for {
		text, more := c.Next(ctx)
		if !more {
			break
		}
		if !send("stdout", text) {
			return
		}
	}
	if ctx.Err() == nil && send("disconnect", 1) {
		closeSocket(conn, websocket.CloseNormalClosure, "the terminal has ended")
		_ = conn.SetReadDeadline(time.Now().Add(time.Second)) // for the client's own close frame
	}
}
