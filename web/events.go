package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// eventQueue is how many events wait for a slow listener before the oldest are dropped.
const eventQueue = 256

// events gives what happens in the server to the listeners of /api/events/subscribe.
type events struct {
	mu        sync.Mutex
	listeners map[chan []byte]struct{} // guarded by mu
}

// schemas that the server emits.
var eventSchemas = []string{
	"https://events.jupyter.org/jupyter_server/contents_service/v1",
	"https://events.jupyter.org/jupyter_server/kernel_actions/v1",
}

// emit never waits.
func (e *events) emit(schema string, data map[string]any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.listeners) == 0 {
		return
	}
	event := map[string]any{"schema_id": schema, "__timestamp__": time.Now().UTC().Format(time.RFC3339Nano)}
	for k, v := range data {
		event[k] = v
	}
	msg, err := json.Marshal(event)
	if err != nil {
		return // only strings go in
	}
	for l := range e.listeners {
		for {
			select {
			case l <- msg:
			default:
				select {
				case <-l:
				default:
				}
				continue
			}
			break
		}
	}
}

func (e *events) listen() (ch chan []byte, stop func()) {
	ch = make(chan []byte, eventQueue)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.listeners == nil {
		e.listeners = map[chan []byte]struct{}{}
	}
	e.listeners[ch] = struct{}{}
	return ch, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.listeners, ch)
	}
}

// postEvent lets a client emit an event of a schema that the server knows.
func (s *Server) postEvent(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Schema  string         `json:"schema_id"`
		Version any            `json:"version"`
		Data    map[string]any `json:"data"`
	}
	if err := readJSON(w, r, maxSmallBody, &body); err != nil {
		return err
	}
	if body.Data == nil || body.Version == nil {
		return statusErr(http.StatusBadRequest, "an event has schema_id, version and data")
	}
	if !slices.Contains(eventSchemas, strings.TrimSuffix(body.Schema, "/")) {
		return statusErr(http.StatusBadRequest, "event schema %q is not known here", body.Schema)
	}
	s.events.emit(body.Schema, body.Data)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// subscribeEvents serves the websocket of events.
func (s *Server) subscribeEvents(w http.ResponseWriter, r *http.Request) error {
	conn, done, err := s.upgrade(w, r, nil)
	if err != nil || conn == nil {
		return err
	}
	defer done()
	ch, stop := s.events.listen()
	defer stop()
	closed := make(chan struct{})
	reader := make(chan struct{})
	go func() { // reads, so that pings and the end are seen; ends with the connection
		defer close(reader)
		defer close(closed)
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				return
			}
		}
	}()
	defer func() { _ = conn.Close(); <-reader }()
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		select {
		case msg := <-ch:
			_ = conn.SetWriteDeadline(time.Now().Add(s.cfg.WriteTimeout))
			if conn.WriteMessage(websocket.TextMessage, msg) != nil {
				return nil
			}
		case <-ping.C:
			if conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(s.cfg.WriteTimeout)) != nil {
				return nil
			}
		case <-closed:
			return nil
		case <-s.stopping:
			_ = conn.WriteControl(websocket.CloseMessage,
				websocket.FormatCloseMessage(websocket.CloseGoingAway, "the server stops"), time.Now().Add(time.Second))
			return nil
		}
	}
}
