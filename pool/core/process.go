package core

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// self is what this process is: nil for a notebook or a program, otherwise a worker.
var self atomic.Pointer[Client]

// CurrentProcess is the name and the number of the process that runs the caller: "MainProcess" in a notebook or a program.
func CurrentProcess() (name string, pid int) {
	if c := self.Load(); c != nil {
		return *c.name.Load(), os.Getpid()
	}
	return "MainProcess", os.Getpid()
}

// CPUCount is how many CPUs this process may use: Go's GOMAXPROCS, which honours the CPUs that it is bound to and, on Linux, the CPU quota of
// its container, rounded up and at least 2 where there are two CPUs.
func CPUCount() int { return runtime.GOMAXPROCS(0) }

// Process is a process that runs one function and ends. In a program without worker processes it is a goroutine.
type Process struct {
	o    *Origin
	name string
	fn   any

	mu      sync.Mutex
	s       *state // nil before Start
	job     *Job
	worker  *link // of a process that is a pool's worker: it was not made here
	started bool
	ending  atomic.Bool // Kill or Terminate was called
}

// NewProcess makes a process that runs fn, a func(). name may be empty.
func NewProcess(o *Origin, fn any, name string) *Process {
	if name == "" {
		name = fmt.Sprintf("Process-%d", o.host().processNumber())
	}
	return &Process{o: o, name: name, fn: fn}
}

// Start starts the process and returns when it has started. It returns an error when that fails, and at the second call.
func (p *Process) Start(o *Origin) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started {
		return errors.New("pool: a process can be started only once")
	}
	p.started = true
	pool := newPool(p.o, false, []Option{Processes(1)}, p.name)
	p.s = pool.s
	p.job = pool.Start(p.o, "Process", Single|NoResult, p.fn, nil, []CallOption{Label(p.name)})
	job := p.job
	job.OnDone(func() {
		if err := job.failure(); interrupted(err) {
			p.o.write(p.name, -1, true, fmt.Appendf(nil, "process %s: interrupted\n", p.name))
		} else if p.surprising(err) {
			p.o.write(p.name, -1, true, fmt.Appendf(nil, "process %s: %v\n", p.name, err))
		}
	})
	pool.Close()
	select {
	case <-p.s.spawned:
	case <-o.done():
		return ErrInterrupted
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if p.job.finished && p.job.err != nil {
		return p.job.err
	}
	return p.s.broken
}

// surprising reports whether an error of the process's function is to be told: a panic, or an end by somebody else. What it was ended by, or ends
// itself with, is in its exit code, as in Python.
func (p *Process) surprising(err error) bool {
	var lost *WorkerLostError
	if errors.As(err, &lost) {
		return !p.ending.Load() && lost.Signal != ""
	}
	return err != nil && !errors.Is(err, ErrTerminated)
}

// Name is its name.
func (p *Process) Name() string { return p.name }

// PID is its number, 0 before Start.
func (p *Process) PID() int {
	if p.worker != nil {
		return p.worker.p.PID
	}
	p.mu.Lock()
	s := p.s
	p.mu.Unlock()
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.threads {
		return os.Getpid()
	}
	return s.lastPID
}

// IsAlive reports whether it was started and has not ended.
func (p *Process) IsAlive() bool {
	select {
	case <-p.ended():
		return false
	default:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.s != nil || p.worker != nil
}

// ended is closed when the process has ended; nil before Start.
func (p *Process) ended() <-chan struct{} {
	if p.worker != nil {
		return p.worker.p.Exited()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.s == nil {
		return nil
	}
	return p.s.gone
}

// Join waits until it has ended, for d at most, negative for as long as it takes, and reports whether it has.
func (p *Process) Join(o *Origin, d time.Duration) (bool, error) {
	end := p.ended()
	if end == nil {
		return false, errors.New("pool: Join of a process that was not started")
	}
	var limit <-chan time.Time
	if d >= 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		limit = t.C
	}
	select {
	case <-end:
		return true, nil
	case <-limit:
		return false, nil
	case <-o.done():
		return false, ErrInterrupted
	}
}

// Terminate ends it by SIGTERM, which its function may catch; on Windows it is Kill.
func (p *Process) Terminate() { p.end(func(l *link) { l.p.Terminate() }) }

// Kill ends it at once.
func (p *Process) Kill() { p.end(func(l *link) { l.p.Kill() }) }

func (p *Process) end(how func(*link)) {
	p.ending.Store(true)
	p.mu.Lock()
	s := p.s
	p.mu.Unlock()
	if p.worker != nil {
		s = p.worker.s
	}
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.links {
		if l.p != nil && (p.worker == nil || p.worker == l) {
			how(l)
		}
	}
	if s.threads && p.job != nil {
		s.fail(p.job, ErrTerminated)
	}
}

// ExitCode is 0 when its function returned, 1 when it panicked, the number it gave to os.Exit, or the negative number of the signal that
// ended it. It is 0 too while the process runs.
func (p *Process) ExitCode() int {
	p.mu.Lock()
	s := p.s
	p.mu.Unlock()
	if s == nil {
		return 0
	}
	select {
	case <-s.gone:
	default:
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var lost *WorkerLostError // or it has ended itself
	if st := s.lastStatus; st.Number != 0 {
		return -st.Number
	} else if err := p.job.failure(); st.Code != 0 || err == nil || errors.As(err, &lost) {
		return st.Code
	}
	return 1
}

// Children are the worker processes that live, of pools too.
func Children(o *Origin) []*Process {
	var out []*Process
	for _, s := range o.host().states() {
		s.mu.Lock()
		for _, l := range s.links {
			if l.p != nil && l.phase != linkGone {
				out = append(out, &Process{o: o, name: l.name, worker: l})
			}
		}
		s.mu.Unlock()
	}
	return out
}
