package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"poolbook/interp"
	"poolbook/kernel"
	"poolbook/pool/core"
)

// poolHost joins the pools of a session to its interpreter and to the front
// end: workers are processes of this program, functions travel as units.
type poolHost struct {
	core.Host
	session *interp.Session // set by attach, before the first cell
	bars    *progressBars
	panel   *poolPanel

	last atomic.Pointer[cellOrigin]

	mu       sync.Mutex
	payloads map[string][]byte // of units, by hash; guarded by mu
	packs    struct {          // the last one that packed has made, and of what; guarded by mu
		of   *interp.Unit
		unit *core.Unit
	}
}

// payloadLimit is how many payloads are kept for further calls.
const payloadLimit = 1000

func newPoolHost() *poolHost {
	h := &poolHost{bars: newProgressBars()}
	h.Spawn = spawnWorker
	h.Unit = h.unit
	h.Define = h.define
	h.panel = newPoolPanel(h.CancelJob)
	h.Events = func(e core.Event) {
		h.bars.event(e)
		h.panel.event(e)
	}
	return h
}

// attach names the session whose functions the host sends. It is called once.
func (h *poolHost) attach(s *interp.Session) {
	h.session = s
	h.Function = s.Function
	h.Types = sessionTypes{s}
}

// enter is called before a cell runs. A worker starts ahead for code that may make a pool.
func (h *poolHost) enter(code string) {
	if strings.Contains(code, "pool.") {
		h.Warm()
	}
}

// flush returns when what the pools have reported by now is shown.
func (h *poolHost) flush() {
	h.Tell()
	h.bars.flush()
}

// Close ends all workers and returns when they are gone.
func (h *poolHost) Close() {
	h.Host.Close()
	h.bars.close()
	h.panel.close()
}

// cellOrigin is the origin of the calls of a run of a cell.
type cellOrigin struct {
	ctx    context.Context
	cell   string // its ID
	number int
	value  []reflect.Value // what CallerOrigin returns
}

// noBubble is what a pool says in a bubble: its channels and timers outlive the call, and a bubble's end the process when they do.
const noBubble = "pool: pools, locks and queues cannot be used within synctest.Test: workers do not live in the bubble's time; use them outside of it"

// origin is core.CallerOrigin in a cell. A cell that calls often gets the same origin each time.
func (h *poolHost) origin(c interp.Call, _ []reflect.Value) []reflect.Value {
	if interp.InBubble() {
		panic(noBubble)
	}
	cell, ctx := c.Cell(), c.Context()
	if last := h.last.Load(); last != nil && last.ctx == ctx && last.cell == cell.ID && last.number == cell.Number {
		return last.value
	}
	if place, ok := cell.Host.(interface{ output() kernel.Output }); ok {
		h.bars.enter(cellKey(cell.Number), place.output())
	}
	value := []reflect.Value{reflect.ValueOf(&core.Origin{
		Host: &h.Host, Ctx: ctx, Cell: cellKey(cell.Number), Main: h.session.Main,
		Stdout: func(_ string, _ int, p []byte) { cell.Stdout.Write(p) },
		Stderr: func(_ string, _ int, p []byte) { cell.Stderr.Write(p) },
		Call: func(ctx context.Context, fn reflect.Value, args []reflect.Value) ([]reflect.Value, error) {
			results, err := h.session.Call(ctx, cell, fn, args)
			return results, coreError(err)
		},
	})}
	h.last.Store(&cellOrigin{ctx, cell.ID, cell.Number, value})
	return value
}

// cellKey names a cell in the events of pools, as its prompt does.
func cellKey(number int) string { return "[" + strconv.Itoa(number) + "]" }

// unit takes a function apart for the workers.
func (h *poolHost) unit(fn any, need core.Need) (*core.Unit, error) {
	u, err := h.session.Unit(reflect.ValueOf(fn), interp.UnitExtra{Types: need.Types, Without: need.Without, Inside: need.Inside})
	if err != nil {
		return nil, err
	}
	return h.packed(u)
}

// define takes a type apart that a worker has met.
func (h *poolHost) define(name string, without map[string]string) (*core.Unit, error) {
	u, err := h.session.TypeUnit(name, without)
	if err != nil {
		return nil, err
	}
	return h.packed(u)
}

// packed is a unit as pools know it. For the same unit without variables it is the same one.
func (h *poolHost) packed(u *interp.Unit) (*core.Unit, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.packs.of == u {
		return h.packs.unit, nil
	}
	payload, err := h.payload(u)
	if err != nil {
		return nil, err
	}
	out := &core.Unit{Hash: u.Hash, Payload: payload, Assigns: u.Assigns, Types: u.Types}
	for _, v := range u.Vars {
		out.Vars = append(out.Vars, core.Var{ID: v.ID, Name: v.Name, Value: v.Value})
	}
	for _, v := range u.Captured {
		out.Captured = append(out.Captured, core.Var{Name: v.Name, Value: v.Value})
	}
	if len(out.Vars) == 0 && len(out.Captured) == 0 { // otherwise it would keep their values
		h.packs.of, h.packs.unit = u, out
	}
	return out, nil
}

// payload packs the code of a unit. mu is held.
func (h *poolHost) payload(u *interp.Unit) ([]byte, error) {
	if p, ok := h.payloads[u.Hash]; ok {
		return p, nil
	}
	p, err := json.Marshal(unitPayload{Source: u.Source, Entry: u.Entry})
	if err != nil {
		return nil, fmt.Errorf("pack the code of a function: %w", err)
	}
	if h.payloads == nil || len(h.payloads) >= payloadLimit {
		h.payloads = map[string][]byte{}
	}
	h.payloads[u.Hash] = p
	return p, nil
}

// unitPayload is the form in which the code of a unit travels.
type unitPayload struct {
	Source string `json:"source"`
	Entry  string `json:"entry"`
}

// sessionTypes are the types of a session by name.
type sessionTypes struct{ *interp.Session }

// runningImage is this program as it runs, on Linux, whatever has come in the place of its file since: a worker of another version would not
// understand its pool.
const runningImage = "/proc/self/exe"

// spawnWorker makes the command of a worker process.
func spawnWorker() (*exec.Cmd, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.Command(exe, workerName, "--pipe")
	if _, err := os.Stat(runningImage); err == nil {
		cmd.Path, cmd.Err = runningImage, nil
	}
	return cmd, nil
}
