package kernels

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
)

// Restarting a kernel that died by itself.
const (
	MaxRestarts = 5                // in a row
	stableAfter = 60 * time.Second // a kernel that lived longer begins a new row
)

// maxAsked is how many requests may wait for a reply at a time, for each kernel; then the oldest is forgotten, since a kernel that does
// not know a request does not answer it.
const maxAsked = 10_000

// Model is a kernel in the form of Jupyter's API.
type Model struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	LastActivity time.Time `json:"last_activity"`
	State        string    `json:"execution_state"`
	Connections  int       `json:"connections"`
}

// Kernel is a running kernel. Its methods may be called concurrently.
type Kernel struct {
	id   string
	name string
	dir  string
	proc *client.Kernel
	log  *slog.Logger

	ctx    context.Context // ends with the shutdown
	cancel context.CancelFunc
	work   sync.WaitGroup // pump and revive

	restarting sync.Mutex // held while the process is replaced

	mu       sync.Mutex
	conns    map[*Conn]struct{}   // guarded by mu
	asked    map[string]asked     // requests that wait for a reply, by message id, guarded by mu
	held     map[string]heldReply // replies that wait for outputs, by the request's message id, guarded by mu
	shaper   shaper               // guarded by mu
	backlog  backlog              // guarded by mu
	journal  journal              // guarded by mu
	state    string               // execution state, guarded by mu
	active   time.Time            // last message, guarded by mu
	started  time.Time            // of the current process, guarded by mu
	restarts int                  // in a row, guarded by mu
	ready    chan struct{}        // closed while the process can be sent to, or is given up, guarded by mu
	closed   bool                 // guarded by mu
}

// asked is a request that waits for its reply.
type asked struct {
	session string // of the client
	channel protocol.Channel
	header  protocol.Header
	at      time.Time
	idle    bool // the kernel has said "idle" after it
}

// newKernel takes over a started process.
func newKernel(id, name, dir string, proc *client.Kernel, sub *client.Subscription, log *slog.Logger) *Kernel {
	now := time.Now().UTC()
	k := &Kernel{
		id: id, name: name, dir: dir, proc: proc, log: log.With("kernel", id, "name", name),
		conns: map[*Conn]struct{}{}, asked: map[string]asked{}, held: map[string]heldReply{}, state: protocol.StateIdle, active: now, started: now,
	}
	k.ready = make(chan struct{})
	close(k.ready)
	k.ctx, k.cancel = context.WithCancel(context.Background())
	k.shape(proc.Session, k.log)
	k.work.Go(func() { k.pump(sub) })
	return k
}

// shape readies the shaper, whose messages are of a session.
func (k *Kernel) shape(session func() string, log *slog.Logger) {
	k.shaper = shaper{
		emit: k.give, session: session, log: log,
		later:   func(d time.Duration) { time.AfterFunc(d, k.tick) },
		address: func(msgID string) string { return "poolbook/api/kernels/" + k.id + "/outputs/" + url.PathEscape(msgID) },
	}
	k.journal.dropped = k.shaper.forget
}

// ID is the kernel's id in addresses.
func (k *Kernel) ID() string { return k.id }

// Model is the kernel's state now.
func (k *Kernel) Model() Model {
	k.mu.Lock()
	defer k.mu.Unlock()
	return Model{ID: k.id, Name: k.name, LastActivity: k.active, State: k.state, Connections: len(k.conns)}
}

// Journal returns the latest executions.
func (k *Kernel) Journal() []Entry {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.journal.copy()
}

// Connect attaches a client. An older connection of the same session, which its client has lost, is closed. The client first gets
// what was kept for it. A client that asks for it gets outputs as a page can show them (see shaper), others all of them.
func (k *Kernel) Connect(session string, shaped bool) (*Conn, error) {
	if session == "" {
		session = uuid.NewString()
	}
	c := newConn(k, session)
	c.shaped = shaped
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil, ErrGone
	}
	for old := range k.conns {
		if old.session == session {
			k.remove(old)
		}
	}
	for _, p := range k.backlog.take(session, k.proc.Session()) {
		c.put(p)
	}
	k.conns[c] = struct{}{}
	return c, nil
}

// remove takes a connection off; the lock is held. What only it should have got goes to the backlog; what the others got too does not.
func (k *Kernel) remove(c *Conn) {
	if _, ok := k.conns[c]; !ok {
		return
	}
	delete(k.conns, c)
	for _, p := range c.end() {
		switch {
		case p.Channel != protocol.IOPub:
			k.backlog.add(kept{Packet: p, owner: c.session, shared: len(k.conns) > 0})
		case len(k.conns) == 0:
			k.backlog.add(kept{Packet: p})
		}
	}
}

func (k *Kernel) detach(c *Conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.remove(c)
}

// hold lets senders wait; the lock is held.
func (k *Kernel) hold() {
	select {
	case <-k.ready:
		k.ready = make(chan struct{})
	default:
	}
}

// release lets senders go on; the lock is held.
func (k *Kernel) release() {
	select {
	case <-k.ready:
	default:
		close(k.ready)
	}
}

// noticing is how long a sender waits for the pump to hear of a death that the sender has met already.
const noticing = 2 * time.Second

// send passes a client's message on. While the process is being replaced it waits, as the sockets of Jupyter's own server do.
func (k *Kernel) send(c *Conn, p Packet) error {
	if p.Channel == protocol.IOPub || p.Channel == protocol.Heartbeat || !p.Channel.Valid() {
		return fmt.Errorf("nothing can be sent on channel %q", p.Channel)
	}
	if k.introduce(c, p) {
		return nil
	}
	for begun := time.Now(); ; {
		k.mu.Lock()
		ready, dead := k.ready, k.state == stateDead
		k.mu.Unlock()
		if dead {
			k.note(c, p)
			k.answerDead(p)
			return k.proc.Err()
		}
		select {
		case <-ready:
		case <-k.ctx.Done():
			return ErrGone
		}
		k.note(c, p)
		err := k.proc.Send(p.Channel, p.Message)
		var died *client.DiedError
		if !errors.As(err, &died) || time.Since(begun) > noticing {
			return err
		}
		if expectsReply(p.Message.Header.Type) && !k.waitsFor(p.Message.Header.ID) {
			return err // the client has been told that it died
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-k.ctx.Done():
			return ErrGone
		}
	}
}

// note registers a message that is on its way.
func (k *Kernel) note(c *Conn, p Packet) {
	h := p.Message.Header
	k.mu.Lock()
	defer k.mu.Unlock()
	k.active = time.Now().UTC()
	if expectsReply(h.Type) {
		if len(k.asked) >= maxAsked {
			k.forgetOldest()
		}
		k.asked[h.ID] = asked{session: c.session, channel: p.Channel, header: h, at: k.active}
	}
	if h.Type == protocol.TypeInputReply && p.Channel == protocol.Stdin {
		k.journal.answered()
	}
	if h.Type == protocol.TypeExecuteRequest && p.Channel == protocol.Shell {
		c.worked = true
		k.journal.note(p.Message)
	}
}

// forgetOldest drops the request that has waited for longest; the lock is held.
func (k *Kernel) forgetOldest() {
	oldest := ""
	for id, a := range k.asked {
		if oldest == "" || a.at.Before(k.asked[oldest].at) {
			oldest = id
		}
	}
	delete(k.asked, oldest)
}

// waitsFor reports whether a request has not been answered yet.
func (k *Kernel) waitsFor(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.asked[id]
	return ok
}

// requestSuffix marks the types of messages that are answered.
const requestSuffix = "_request"

func expectsReply(msgType string) bool {
	return strings.HasSuffix(msgType, requestSuffix) && msgType != requestSuffix
}

// pump is the goroutine that takes the kernel's messages.
func (k *Kernel) pump(sub *client.Subscription) {
	defer sub.Close()
	for {
		in, err := sub.Next(k.ctx)
		if err != nil {
			return
		}
		if in.Message == nil {
			k.hearEvent(in.Event)
			continue
		}
		k.hear(Packet{in.Channel, in.Message})
	}
}

// hear gives one message to those who should get it, and waits while a connection's queue is full.
func (k *Kernel) hear(p Packet) {
	var full []*Conn
	k.mu.Lock()
	k.active = time.Now().UTC()
	switch p.Channel {
	case protocol.IOPub:
		if isOutput(p) {
			k.toWhole(p)
			k.shaper.hear(p)
			for c := range k.conns {
				full = append(full, c)
			}
			break
		}
		k.settle(p)
		k.journal.hear(p)
		if p.Message.Header.Type == protocol.TypeStatus {
			if s, err := protocol.Decode[protocol.Status](p.Message); err == nil && s.ExecutionState != "" {
				if k.state = s.ExecutionState; k.state == protocol.StateIdle {
					k.outputsEnd(p.Message.Parent.ID)
				}
			}
		}
		k.toAll(p)
		// Requests of other channels and subshells are over while a cell goes on: clients take their idle for the kernel's.
		if k.state == protocol.StateIdle && k.journal.running() {
			k.announce(protocol.StateBusy)
		}
		for c := range k.conns {
			full = append(full, c)
		}
	case protocol.Shell, protocol.Control:
		if a, ok := k.asked[p.Message.Parent.ID]; ok {
			k.answer(a, p)
		}
	case protocol.Stdin:
		k.journal.ask(p)
		k.shaper.settle(p.Message.Parent.ID, false)
		if a, ok := k.asked[p.Message.Parent.ID]; ok {
			k.toSession(a.session, p)
		}
	}
	k.mu.Unlock()
	for _, c := range full {
		c.waitRoom(k.ctx)
	}
}

// settle lets what waits of a request's outputs go before a message that follows them; the lock is held.
func (k *Kernel) settle(p Packet) {
	over := false
	if p.Message.Header.Type == protocol.TypeStatus {
		s, err := protocol.Decode[protocol.Status](p.Message)
		over = err == nil && s.ExecutionState == protocol.StateIdle
	}
	k.shaper.settle(p.Message.Parent.ID, over)
}

// tick has the shaper send what is due.
func (k *Kernel) tick() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.closed {
		k.shaper.tick()
	}
}

// maxWhole is how many bytes of one request's outputs a client gets that did not ask for them as a page can show them; after that it does.
const maxWhole = 64 << 20

// toWhole gives an output to the connections that get all of them; the lock is held.
func (k *Kernel) toWhole(p Packet) {
	f := k.shaper.flow(p.Message.Parent)
	if f.whole += len(p.Message.Content); f.whole > maxWhole {
		return
	}
	for c := range k.conns {
		if !c.shaped {
			c.put(p)
		}
	}
}

// give is where the shaper's outputs go: to the journal and to the pages, or to the backlog; the lock is held.
func (k *Kernel) give(p Packet) {
	k.journal.hear(p)
	if len(k.conns) == 0 {
		k.backlog.add(kept{Packet: p})
	}
	f := k.shaper.flows[p.Message.Parent.ID]
	for c := range k.conns {
		if c.shaped {
			c.put(p)
		} else if f != nil && f.whole > maxWhole {
			c.put(f.forWhole(p))
		}
	}
}

// toAll gives an output to all connections, or to the backlog; the lock is held.
func (k *Kernel) toAll(p Packet) {
	if len(k.conns) == 0 {
		if p.Message.Parent.Session != k.proc.Session() { // not the server's own questions
			k.backlog.add(kept{Packet: p})
		}
		return
	}
	for c := range k.conns {
		c.put(p)
	}
}

// toSession gives a reply to the client that asked. When that is not there, it is kept for it, and whoever is there instead, or comes
// next, gets it too: a page that was opened anew has another session. The lock is held.
func (k *Kernel) toSession(session string, p Packet) {
	for c := range k.conns {
		if c.session == session && c.put(p) {
			return
		}
	}
	for c := range k.conns {
		c.put(p)
	}
	k.backlog.add(kept{Packet: p, owner: session, shared: len(k.conns) > 0})
}

func (k *Kernel) hearEvent(e client.Event) {
	switch e {
	case client.EventDied:
		k.died()
	case client.EventRestarting:
		k.mu.Lock()
		k.state = "restarting"
		k.mu.Unlock()
	case client.EventRestarted:
		k.mu.Lock()
		k.started = time.Now().UTC()
		k.state = protocol.StateIdle
		k.mu.Unlock()
	}
}

// died tells everybody that the kernel has ended by itself, and restarts it unless that was done too often.
func (k *Kernel) died() {
	cause := k.proc.Err()
	if cause == nil || errors.Is(cause, client.ErrClosed) {
		return
	}
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		return
	}
	if time.Since(k.started) > stableAfter {
		k.restarts = 0
	}
	k.started = time.Now().UTC()
	k.restarts++
	again := k.restarts <= MaxRestarts
	what := "It is being restarted; its variables are lost."
	if !again {
		what = fmt.Sprintf("It died %d times in a row and is not restarted any more.", k.restarts)
	}
	k.log.Info("kernel died", "error", cause, "times", k.restarts, "restarted", again)
	how := fmt.Sprintf("The kernel died: %v.", cause)
	if died := new(client.DiedError); errors.As(cause, &died) {
		how = "The kernel died " + died.How() + "."
		if died.NoMemory() {
			how += " That can happen when it needs more memory than the system has."
		}
	}
	evalue := how + " " + what
	k.failUnfinished("KernelDied", evalue)
	if attempt := k.restarts; again {
		k.hold()
		k.announce("restarting")
		k.work.Go(func() { k.revive(attempt) })
	} else {
		k.release()
		k.announce(stateDead)
	}
	k.mu.Unlock()
}

// stateDead is the state of a kernel that is not restarted any more, unless somebody asks for it.
const stateDead = "dead"

// answerDead answers a request to a kernel that is dead: who waits for it would wait for ever.
func (k *Kernel) answerDead(p Packet) {
	const ename, evalue = "DeadKernel", "The kernel is dead, and so are its variables. Restart it, and run the cells again."
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.state != stateDead || !expectsReply(p.Message.Header.Type) {
		return
	}
	if p.Message.Header.Type == protocol.TypeExecuteRequest {
		k.say(protocol.TypeError, p.Message.Header, map[string]any{"ename": ename, "evalue": evalue, "traceback": []string{ename + ": " + evalue}})
	}
	k.failUnfinished(ename, evalue)
}

// failUnfinished ends the requests that the dead process will never answer: an error in each running cell, a reply, and idle.
// The lock is held.
func (k *Kernel) failUnfinished(ename, evalue string) {
	content := map[string]any{"status": "error", "ename": ename, "evalue": evalue, "traceback": []string{ename + ": " + evalue}}
	for _, e := range k.journal.unfinished() {
		if e.Status == Running {
			k.say(protocol.TypeError, e.request, content)
		}
	}
	k.abandon(content)
}

// abandon answers the requests that will get no reply from the process, in its place, and ends the unfinished entries of the journal.
// The lock is held.
func (k *Kernel) abandon(content any) {
	for id := range k.held {
		k.letGo(id)
	}
	for id, a := range k.asked {
		delete(k.asked, id)
		reply := strings.TrimSuffix(a.header.Type, requestSuffix) + "_reply"
		m, err := protocol.New(reply, k.proc.Session(), "poolbook", a.header, content)
		if err != nil {
			k.log.Error("reply not made", "type", reply, "error", err)
			continue
		}
		k.toSession(a.session, Packet{a.channel, m})
		k.say(protocol.TypeStatus, a.header, map[string]string{"execution_state": protocol.StateIdle})
	}
	now := time.Now().UTC()
	for _, e := range k.journal.unfinished() {
		e.Status, e.Ended = Done, &now
	}
}

// say publishes an output in the kernel's place. The lock is held.
func (k *Kernel) say(msgType string, parent protocol.Header, content any) {
	m, err := protocol.New(msgType, k.proc.Session(), "poolbook", parent, content)
	if err != nil {
		k.log.Error("message not made", "type", msgType, "error", err)
		return
	}
	p := Packet{protocol.IOPub, m}
	if msgType == protocol.TypeError {
		k.shaper.settle(parent.ID, true)
	} else {
		k.settle(p)
	}
	k.journal.hear(p)
	k.toAll(p)
}

// announce changes the kernel's state and tells all clients. The lock is held.
func (k *Kernel) announce(state string) {
	k.state = state
	k.say(protocol.TypeStatus, protocol.Header{}, map[string]string{"execution_state": state})
}

// revive restarts a kernel that died: at once the first time, a little later each further time.
func (k *Kernel) revive(attempt int) {
	wait := time.NewTimer(time.Duration(attempt-1) * 200 * time.Millisecond)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-k.ctx.Done():
		return
	}
	k.restarting.Lock()
	defer k.restarting.Unlock()
	if k.proc.Err() == nil {
		k.mu.Lock()
		k.release()
		k.mu.Unlock()
		return // the user was faster
	}
	if err := k.proc.Restart(k.ctx); err != nil {
		// The pump is told so as of another death, which counts.
		k.log.Info("kernel not restarted", "error", err)
		return
	}
	k.mu.Lock()
	k.release()
	k.mu.Unlock()
}

// Interrupt stops what the kernel runs.
func (k *Kernel) Interrupt(ctx context.Context) error { return k.proc.Interrupt(ctx) }

// Restart replaces the process, also that of a dead kernel. What waits for the old one is told that it was aborted.
func (k *Kernel) Restart(ctx context.Context) error {
	k.restarting.Lock()
	defer k.restarting.Unlock()
	k.mu.Lock()
	k.restarts = 0
	k.abandon(map[string]string{"status": protocol.StatusAborted})
	k.hold()
	k.mu.Unlock()
	err := k.proc.Restart(ctx)
	k.mu.Lock()
	k.release() // after an error too: sending then fails at once
	k.mu.Unlock()
	return err
}

// shutdown ends the process, the connections and the goroutines. It may be called again.
func (k *Kernel) shutdown(ctx context.Context) error {
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		k.work.Wait()
		return nil
	}
	k.closed = true
	for id := range k.held {
		k.letGo(id)
	}
	k.announce(stateDead)
	k.mu.Unlock()
	k.cancel()
	err := k.proc.Shutdown(ctx)
	k.work.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	for c := range k.conns {
		c.drain()
	}
	k.shaper.close()
	return err
}

// MarshalJSON writes an entry of the journal for clients, its outputs in the default websocket form.
func (e Entry) MarshalJSON() ([]byte, error) {
	outputs := make([]json.RawMessage, 0, len(e.Outputs))
	for _, p := range e.Outputs {
		data, err := encodePacket(p)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, data)
	}
	var question json.RawMessage // null when there is none
	if e.Question != nil {
		data, err := encodePacket(*e.Question)
		if err != nil {
			return nil, err
		}
		question = data
	}
	return json.Marshal(map[string]any{
		"question": question, "msg_id": e.MsgID, "session": e.Session, "cell_id": e.CellID, "code": e.Code, "status": e.Status, "execution_count": e.ExecutionCount,
		"started": e.Started, "ended": e.Ended, "truncated": e.Truncated, "messages": outputs,
	})
}
