package main

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"poolbook/kernel"
	"poolbook/pool/core"
)

const (
	// panelTarget is the comm's name for front ends.
	panelTarget = "pool"
	// panelEvery is the least time between two messages to front ends.
	panelEvery = 100 * time.Millisecond
	// How many jobs, workers and tasks are kept for front ends that connect
	// later, at least. What runs is always kept.
	panelJobs, panelWorkers, panelTasks = 1000, 1000, 100_000
	// panelMessageTasks is how many tasks one message may have.
	panelMessageTasks = 5000
	// panelComms is how many front ends are fed. Those that have gone away
	// unnoticed are among the oldest.
	panelComms = 16
)

// poolPanel feeds the pool panels of front ends, each over a comm: first what
// is known, then what changes. Pools report to it without waiting; one
// goroutine, which close waits for, talks to the front ends.
type poolPanel struct {
	cancel func(job int64) bool

	mu        sync.Mutex
	comms     []*panelComm             // oldest first; guarded by mu
	events    []core.Event             // not yet sent; guarded by mu
	jobs      map[int64]core.Event     // the last of each job; guarded by mu
	workers   map[workerKey]core.Event // the last of each worker; guarded by mu
	tasks     []core.Event             // oldest first; guarded by mu
	taskCount int                      // tasks in tasks; guarded by mu
	closed    bool                     // guarded by mu

	wake chan struct{} // has one element while there is something to do
	stop chan struct{} // closed by close
	done chan struct{} // closed when the goroutine has ended
}

// workerKey identifies a worker in the kernel.
type workerKey struct{ pool, worker int }

type panelComm struct {
	comm *kernel.Comm
	told bool // what is known was sent; only the goroutine uses it
}

// panelMessage is a message to front ends.
type panelMessage struct {
	Type   string       `json:"type"` // "events"
	Reset  bool         `json:"reset,omitempty"`
	Events []core.Event `json:"events"`
}

func newPoolPanel(cancel func(job int64) bool) *poolPanel {
	p := &poolPanel{
		cancel: cancel, jobs: map[int64]core.Event{}, workers: map[workerKey]core.Event{},
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go p.feed()
	return p
}

// register lets front ends open the comm.
func (p *poolPanel) register(c *kernel.Comms) {
	c.Register(panelTarget, func(_ context.Context, comm *kernel.Comm, m kernel.CommMessage, _ kernel.Output) {
		comm.OnMessage(p.message)
		comm.OnClose(func(context.Context, *kernel.Comm, kernel.CommMessage, kernel.Output) { p.forget(comm.ID) })
		var opened struct {
			Gone []string `json:"gone"` // comms whose front ends have gone, as the new one knows
		}
		_ = json.Unmarshal(m.Data, &opened) // other front ends say nothing
		p.forget(opened.Gone...)
		p.mu.Lock()
		p.comms = append(p.comms, &panelComm{comm: comm})
		excess := slices.Clone(p.comms[:max(0, len(p.comms)-panelComms)])
		p.mu.Unlock()
		for _, c := range excess {
			p.forget(c.comm.ID)
		}
		p.signal()
	})
}

// forget ends the feed of the comms with these ids.
func (p *poolPanel) forget(ids ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.comms = slices.DeleteFunc(p.comms, func(c *panelComm) bool {
		gone := slices.Contains(ids, c.comm.ID)
		if gone {
			c.comm.Forget()
		}
		return gone
	})
}

// message takes what a front end sends: {"type": "cancel", "job": 3}.
func (p *poolPanel) message(_ context.Context, _ *kernel.Comm, m kernel.CommMessage, _ kernel.Output) {
	var request struct {
		Type string `json:"type"`
		Job  int64  `json:"job"`
	}
	if json.Unmarshal(m.Data, &request) == nil && request.Type == "cancel" {
		p.cancel(request.Job)
	}
}

// event is a core.Host.Events.
func (p *poolPanel) event(e core.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remember(e)
	if len(p.comms) > 0 && !p.closed {
		p.events = append(p.events, e)
		p.signal()
	}
}

// remember keeps what a front end that connects later has to know. The caller
// holds mu.
func (p *poolPanel) remember(e core.Event) {
	switch {
	case e.Job != nil:
		p.jobs[e.Job.ID] = e
		if len(p.jobs) > 2*panelJobs {
			dropOldest(p.jobs, len(p.jobs)-panelJobs, func(e core.Event) bool { return e.Kind == core.JobDone })
		}
	case e.Worker != nil:
		p.workers[workerKey{e.Pool, e.Worker.ID}] = e
		if len(p.workers) > 2*panelWorkers {
			dropOldest(p.workers, len(p.workers)-panelWorkers, func(e core.Event) bool { return e.Worker.State == "ended" })
		}
	case len(e.Tasks) > 0:
		p.tasks = append(p.tasks, e)
		p.taskCount += len(e.Tasks)
		for p.taskCount > panelTasks && len(p.tasks) > 1 {
			p.taskCount -= len(p.tasks[0].Tasks)
			p.tasks[0] = core.Event{}
			p.tasks = p.tasks[1:]
		}
	}
}

// dropOldest removes the n events with the earliest times among those that
// may go.
func dropOldest[K comparable](events map[K]core.Event, n int, may func(core.Event) bool) {
	var keys []K
	for k, e := range events {
		if may(e) {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b K) int { return events[a].Time.Compare(events[b].Time) })
	for _, k := range keys[:min(n, len(keys))] {
		delete(events, k)
	}
}

// known is all that is remembered: workers, jobs, tasks. The caller holds mu.
func (p *poolPanel) known() []core.Event {
	byTime := func(a, b core.Event) int { return a.Time.Compare(b.Time) }
	return slices.Concat(slices.SortedFunc(maps.Values(p.workers), byTime), slices.SortedFunc(maps.Values(p.jobs), byTime), p.tasks)
}

func (p *poolPanel) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// close ends the feed and waits for its goroutine. It is called once.
func (p *poolPanel) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	close(p.stop)
	<-p.done
}

// feed is the goroutine that talks to front ends.
func (p *poolPanel) feed() {
	defer close(p.done)
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-p.wake:
		case <-p.stop:
			return
		}
		p.send()
		pause.Reset(panelEvery)
		select {
		case <-pause.C:
		case <-p.stop:
			return
		}
	}
}

// send tells new front ends what is known and the others what has changed.
func (p *poolPanel) send() {
	p.mu.Lock()
	changes := p.events
	p.events = nil
	comms := slices.Clone(p.comms)
	var known []core.Event
	if slices.ContainsFunc(comms, func(c *panelComm) bool { return !c.told }) {
		known = p.known()
	}
	p.mu.Unlock()
	for _, c := range comms {
		if c.told {
			if len(changes) > 0 {
				c.send(changes, false)
			}
			continue
		}
		c.told = true
		c.send(known, true)
	}
}

// send sends events, in several messages when they have many tasks.
func (c *panelComm) send(events []core.Event, reset bool) {
	for first := true; first || len(events) > 0; first = false {
		n, tasks := 0, 0
		for n < len(events) && (n == 0 || tasks+len(events[n].Tasks) <= panelMessageTasks) {
			tasks += len(events[n].Tasks)
			n++
		}
		m := panelMessage{Type: "events", Reset: reset && first, Events: append([]core.Event{}, events[:n]...)}
		events = events[n:]
		if data, err := json.Marshal(m); err == nil { // events hold nothing that cannot be marshalled
			c.comm.Send(nil, kernel.CommMessage{Data: data})
		}
	}
}
