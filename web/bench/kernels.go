//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
)

// socket is a client's websocket to a kernel, in the JSON form that every Jupyter server speaks.
type socket struct {
	conn    *websocket.Conn
	session string
	sent    int
}

// open starts a notebook's session on a server and connects to its kernel.
func (s *server) open(notebook string) (*socket, error) {
	var session struct {
		Kernel struct{ ID string }
	}
	err := s.call("POST", "/api/sessions", map[string]any{
		"path": notebook, "name": notebook, "type": "notebook", "kernel": map[string]string{"name": kernelName},
	}, &session)
	if err != nil {
		return nil, err
	}
	address := "ws" + strings.TrimPrefix(s.base, "http") + "/api/kernels/" + session.Kernel.ID + "/channels?" +
		url.Values{"session_id": {notebook}}.Encode()
	conn, _, err := websocket.DefaultDialer.Dial(address, http.Header{"Authorization": {"token " + token}})
	if err != nil {
		return nil, err
	}
	c := &socket{conn: conn, session: notebook}
	// Jupyter's server may not have subscribed to the kernel's outputs yet: only the reply is waited for.
	if _, err := c.ask(protocol.TypeKernelInfoRequest, map[string]any{}, false); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", s.name, notebook, errors.Join(err, conn.Close()))
	}
	return c, nil
}

// trip sends a request on shell and waits for its reply and the kernel's rest; it tells how long the reply took.
func (c *socket) trip(kind string, content any) (time.Duration, error) {
	return c.ask(kind, content, true)
}

func (c *socket) ask(kind string, content any, untilIdle bool) (time.Duration, error) {
	c.sent++
	id := fmt.Sprint(c.session, "-", c.sent)
	message, err := json.Marshal(map[string]any{
		"channel": "shell", "parent_header": map[string]any{}, "metadata": map[string]any{}, "content": content,
		"header": map[string]any{"msg_id": id, "msg_type": kind, "session": c.session, "username": "", "version": "5.3", "date": "2026-01-01T00:00:00Z"},
	})
	if err != nil {
		return 0, err
	}
	if err := c.conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		return 0, err
	}
	begun := time.Now()
	if err := c.conn.WriteMessage(websocket.TextMessage, message); err != nil {
		return 0, err
	}
	var took time.Duration
	for idle := !untilIdle; took == 0 || !idle; {
		_, text, err := c.conn.ReadMessage()
		if err != nil {
			return 0, err
		}
		at := time.Since(begun)
		var m struct {
			Channel string
			Parent  struct {
				ID string `json:"msg_id"`
			} `json:"parent_header"`
			Content struct {
				State string `json:"execution_state"`
			}
		}
		if err := json.Unmarshal(text, &m); err != nil {
			return 0, err
		}
		if m.Parent.ID != id {
			continue
		}
		if m.Channel == "shell" {
			took = at
		}
		idle = idle || m.Content.State == protocol.StateIdle
	}
	return took, nil
}

var cell = map[string]any{"code": "1+1", "silent": false, "store_history": true, "user_expressions": map[string]any{}, "allow_stdin": false, "stop_on_error": true}

// requests whose round trip is measured.
var requests = []struct {
	name, kind string
	content    any
}{
	{"kernel_info", protocol.TypeKernelInfoRequest, map[string]any{}},
	{"a cell", protocol.TypeExecuteRequest, cell},
}

// ownTrip is the same over the kernel's own sockets.
func ownTrip(ctx context.Context, k *client.Kernel, kind string, content any) (time.Duration, error) {
	m, err := k.New(kind, content)
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	_, err = k.Request(ctx, protocol.Shell, m)
	return time.Since(begun), err
}

// measureTrips compares a message's way through each server with that over the kernel's own sockets, in turns.
func measureTrips(ctx context.Context, p *place, o options, t *table) (err error) {
	sockets := map[string]*socket{}
	for _, name := range []string{ours, jupyter} {
		s, err := p.start(ctx, name)
		if err != nil {
			return err
		}
		defer func() { _, stopErr := s.stop(); err = errors.Join(err, stopErr) }()
		if sockets[name], err = s.open("a.ipynb"); err != nil {
			return err
		}
		defer sockets[name].conn.Close()
	}
	k, err := client.Start(ctx, p.kernel, client.Options{Dir: p.dir, Env: p.env, ConnectionDir: p.dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.Shutdown(context.WithoutCancel(ctx))) }()
	for _, r := range requests {
		times := map[string]sample{}
		for i := range o.trips + 20 {
			for _, name := range []string{"own", ours, jupyter} {
				var took time.Duration
				if name == "own" {
					took, err = ownTrip(ctx, k, r.kind, r.content)
				} else {
					took, err = sockets[name].trip(r.kind, r.content)
				}
				if err != nil {
					return err
				}
				if i >= 20 { // the first warm up
					times[name] = append(times[name], took.Seconds()*1000)
				}
			}
		}
		t.add(r.name+" over the kernel's own sockets, ms", times["own"], nil)
		t.add(r.name+" through the server's websocket, ms", times[ours], times[jupyter])
	}
	return nil
}

// measureKernels opens many notebooks at once on each server.
func measureKernels(ctx context.Context, p *place, o options, t *table) error {
	type result struct{ start, cell, server, kernel, stop sample }
	results := map[string]result{}
	for range 2 {
		for _, name := range []string{ours, jupyter} {
			r := results[name]
			if err := p.fill(ctx, name, o.kernels, &r.start, &r.cell, &r.server, &r.kernel, &r.stop); err != nil {
				return err
			}
			results[name] = r
		}
	}
	a, b, n := results[ours], results[jupyter], fmt.Sprint(o.kernels)
	t.add(n+" notebooks with kernels: start, s", a.start, b.start)
	t.add("… a cell in each, ms", a.cell, b.cell)
	t.add("… memory of each kernel, MiB", a.kernel, b.kernel)
	t.add("… memory of the server, MiB", a.server, b.server)
	t.add("… end of all, s", a.stop, b.stop)
	return nil
}

// fill starts a server with n kernels and ends it.
func (p *place) fill(ctx context.Context, name string, n int, start, cells, serverUse, kernelUse, stop *sample) error {
	s, err := p.start(ctx, name)
	if err != nil {
		return err
	}
	running := true
	defer func() {
		if running {
			_, _ = s.stop()
		}
	}()
	begun := time.Now()
	var open []*socket
	defer func() {
		for _, c := range open {
			_ = c.conn.Close()
		}
	}()
	for i := range n {
		c, err := s.open(fmt.Sprintf("%d.ipynb", i))
		if err != nil {
			return err
		}
		open = append(open, c)
	}
	*start = append(*start, time.Since(begun).Seconds())
	begun = time.Now()
	for _, c := range open {
		if _, err := c.trip(protocol.TypeExecuteRequest, cell); err != nil {
			return err
		}
	}
	*cells = append(*cells, time.Since(begun).Seconds()*1000)
	pids, err := children(s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	if len(pids) < n {
		return fmt.Errorf("%s: %d kernels run, not %d", name, len(pids), n)
	}
	sum := 0.0
	for _, pid := range pids {
		mib, err := memory(pid)
		if err != nil {
			return err
		}
		sum += mib
	}
	mib, err := memory(s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	*serverUse = append(*serverUse, mib)
	*kernelUse = append(*kernelUse, sum/float64(n))
	for _, c := range open {
		// As a closed tab does; a client that does not answer is waited for.
		_ = c.conn.Close()
	}
	running = false
	took, err := s.stop()
	*stop = append(*stop, took.Seconds())
	return err
}
