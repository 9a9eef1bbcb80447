package main

import (
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
	// panelJobs and panelTasks are how many jobs and events of tasks are kept
	// for front ends that connect later.
	panelJobs, panelTasks = 100, 500
)

// poolPanel feeds the pool panels of front ends, each over a comm: first what
// is known, then what changes. Pools report to it without waiting; one
// goroutine, which close waits for, talks to the front ends.
type poolPanel struct {
	cancel func(job int64) bool

	mu     sync.Mutex
	comms  map[string]*panelComm // by id; guarded by mu
	events []core.Event          // not yet sent; guarded by mu
	jobs   map[int64]core.Event  // the last of each job; guarded by mu
	alive  map[[2]int]core.Event // the last of each worker that has not ended, by pool and worker; guarded by mu
	tasks  []core.Event          // guarded by mu
	closed bool                  // guarded by mu

	wake chan struct{} // has one element while there is something to do
	stop chan struct{} // closed by close
	done chan struct{} // closed when the goroutine has ended
}

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
		cancel: cancel, comms: map[string]*panelComm{}, jobs: map[int64]core.Event{}, alive: map[[2]int]core.Event{},
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go p.feed()
	return p
}

// register lets front ends open the comm.
func (p *poolPanel) register(c *kernel.Comms) {
	c.Register(panelTarget, func(comm *kernel.Comm, _ kernel.CommMessage, _ kernel.Output) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.comms[comm.ID] = &panelComm{comm: comm}
		comm.OnMessage(p.message)
		comm.OnClose(func(kernel.CommMessage, kernel.Output) {
			p.mu.Lock()
			defer p.mu.Unlock()
			delete(p.comms, comm.ID)
		})
		p.signal()
	})
}

// message takes what a front end sends: {"type": "cancel", "job": 3}.
func (p *poolPanel) message(m kernel.CommMessage, _ kernel.Output) {
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
		if len(p.jobs) > panelJobs {
			delete(p.jobs, p.oldestDone())
		}
	case e.Worker != nil:
		key := [2]int{e.Pool, e.Worker.ID}
		if e.Worker.State == "ended" {
			delete(p.alive, key)
			return
		}
		p.alive[key] = e
	case len(e.Tasks) > 0:
		p.tasks = append(p.tasks, e)
		if len(p.tasks) > panelTasks {
			p.tasks = slices.Delete(p.tasks, 0, len(p.tasks)-panelTasks)
		}
	}
}

// oldestDone is the job with the lowest id that does not run, 0 when all run.
func (p *poolPanel) oldestDone() int64 {
	oldest := int64(0)
	for id, e := range p.jobs {
		if e.Kind == core.JobDone && (oldest == 0 || id < oldest) {
			oldest = id
		}
	}
	return oldest
}

// known is all that is remembered, in the order of time. The caller holds mu.
func (p *poolPanel) known() []core.Event {
	all := slices.Concat([]core.Event{}, slices.Collect(maps.Values(p.jobs)), slices.Collect(maps.Values(p.alive)), p.tasks)
	slices.SortStableFunc(all, func(a, b core.Event) int { return a.Time.Compare(b.Time) })
	return all
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
	changes := panelMessage{Type: "events", Events: p.events}
	p.events = nil
	first := panelMessage{Type: "events", Reset: true, Events: p.known()}
	comms := slices.Collect(maps.Values(p.comms))
	p.mu.Unlock()
	for _, c := range comms {
		m := changes
		if !c.told {
			c.told, m = true, first
		} else if len(changes.Events) == 0 {
			continue
		}
		if data, err := json.Marshal(m); err == nil { // events hold nothing that cannot be marshalled
			c.comm.Send(kernel.CommMessage{Data: data})
		}
	}
}
