package core

import (
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"poolbook/pool/internal/proc"
)

// spare is a worker process that is started ahead. It is greeted already, so that its interpreter is ready when a pool takes it; it gets
// its name then. Until that no pool, list or event knows of it.
type spare struct {
	place   place
	started chan struct{} // closed when the rest is set
	p       *proc.Process
	out     *proc.Outbox
	err     error
}

// spares are the spare workers of a host. They live until a pool takes them, or the host is closed.
type spares struct {
	starter *proc.Starter // of spares: its thread outlives the pools; nil while there are none
	list    []*spare      // also those being started
	closed  bool          // the host is closed
	warm    *time.Timer   // calls Warm; nil before the first time
	busy    sync.WaitGroup
}

// place is what a process gets from the one that starts it: a spare of another place than a new worker would have is of no use.
type place struct {
	path, folder string
	args, env    []string
}

func placeOf(cmd *exec.Cmd) place {
	p := place{path: cmd.Path, folder: cmd.Dir, args: cmd.Args, env: cmd.Environ()}
	if p.folder == "" {
		p.folder, _ = os.Getwd()
	}
	return p
}

func (p place) is(q place) bool {
	return p.path == q.path && p.folder == q.folder && slices.Equal(p.args, q.args) && slices.Equal(p.env, q.env)
}

// greet says the first word to a worker. ahead is 1 for one that has no pool yet.
func greet(out *proc.Outbox, ahead uint64) {
	out.Put(func(b []byte) []byte {
		return frame(b, proc.Hello, func(b proc.Body) proc.Body { return b.Uint(Version).Uint(ahead) })
	}, nil)
	out.Push(true)
}

// Warm sees to it that one worker process is started ahead, which the next pool takes: its first result then comes in a fraction of the
// time. A kernel calls it when it sees that a cell may make a pool; after that the host itself replaces a process that was taken. Warm does
// not wait for the process. A change of the environment or of the folder makes the process useless: it is replaced at the next call.
func (h *Host) Warm() {
	if h.Spawn == nil {
		return
	}
	if cmd, err := h.Spawn(); err == nil { // otherwise the pool's own start will tell
		h.mu.Lock()
		defer h.mu.Unlock()
		h.fillSpares(1, placeOf(cmd))
	}
}

// warmDelay is how long after it was taken a spare is replaced: the pool's other workers, and its first tasks, go first.
const warmDelay = 50 * time.Millisecond

// takeSpare takes a spare worker that lives, nil when there is none. n are started then, which pools take; 0 leaves that to Warm.
func (h *Host) takeSpare(n int, at place) *spare {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sortOutSpares(at)
	var found *spare
	if list := h.spares.list; len(list) > 0 {
		found = list[0]
		h.spares.list = list[1:]
	}
	switch {
	case n > 0:
		h.fillSpares(n, at)
	case found == nil || h.spares.closed:
	case h.spares.warm == nil:
		h.spares.warm = time.AfterFunc(warmDelay, h.Warm)
	default:
		h.spares.warm.Reset(warmDelay)
	}
	return found
}

// fillSpares starts spares until there are n. mu is held.
func (h *Host) fillSpares(n int, at place) {
	if h.spares.closed {
		return
	}
	h.sortOutSpares(at)
	for len(h.spares.list) < n {
		if h.spares.starter == nil {
			h.spares.starter = proc.NewStarter()
		}
		sp := &spare{place: at, started: make(chan struct{})}
		h.spares.list = append(h.spares.list, sp)
		h.spares.busy.Add(1)
		go h.startSpare(sp, h.spares.starter)
	}
}

// sortOutSpares ends the spares that are dead already, or of another place. mu is held.
func (h *Host) sortOutSpares(at place) {
	h.spares.list = slices.DeleteFunc(h.spares.list, func(sp *spare) bool {
		if sp.place.is(at) && !sp.dead() {
			return false
		}
		h.spares.busy.Add(1)
		go func() {
			defer h.spares.busy.Done()
			sp.end()
		}()
		return true
	})
}

// startSpare starts the process of a spare.
func (h *Host) startSpare(sp *spare, starter *proc.Starter) {
	defer h.spares.busy.Done()
	defer close(sp.started)
	cmd, err := h.Spawn()
	if err == nil {
		sp.p, err = starter.Start(cmd)
	}
	if sp.err = err; err == nil {
		sp.out = sp.p.Outbox()
		greet(sp.out, 1)
	}
}

// dead reports whether it could not be started, or has ended.
func (sp *spare) dead() bool {
	select {
	case <-sp.started:
	default:
		return false
	}
	if sp.err != nil {
		return true
	}
	select {
	case <-sp.p.Exited():
		return true
	default:
		return false
	}
}

// end ends the process and waits for that.
func (sp *spare) end() {
	<-sp.started
	if sp.err != nil {
		return
	}
	sp.p.Kill()
	<-sp.p.Exited()
	sp.out.Close()
	<-sp.out.Done()
	sp.p.Close()
}

// endSpares ends the spare workers and waits for that. The host starts no more.
func (h *Host) endSpares() {
	h.mu.Lock()
	h.spares.closed = true
	if h.spares.warm != nil {
		h.spares.warm.Stop()
	}
	list, starter := h.spares.list, h.spares.starter
	h.spares.list, h.spares.starter = nil, nil
	h.mu.Unlock()
	for _, sp := range list {
		sp.end()
	}
	h.spares.busy.Wait()
	if starter != nil {
		starter.Close()
	}
}
