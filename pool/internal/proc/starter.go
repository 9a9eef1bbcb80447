package proc

import (
	"os/exec"
	"runtime"
	"sync"
)

// Starter starts processes on one thread that lives as long as they do: Linux ends a process with dieWithParent when the thread that
// started it ends, and other threads of a Go program may end early.
type Starter struct {
	mu     sync.Mutex
	closed bool
	work   chan func()
	done   chan struct{}
}

// NewStarter starts the goroutine that keeps the thread; Close ends it.
func NewStarter() *Starter {
	s := &Starter{work: make(chan func()), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for f := range s.work {
			f()
		}
	}()
	return s
}

// Start is [Start] on the starter's thread. It must not be called after Close.
func (s *Starter) Start(cmd *exec.Cmd) (p *Process, err error) {
	ran := make(chan struct{})
	s.work <- func() {
		defer close(ran)
		p, err = Start(cmd)
	}
	<-ran
	return p, err
}

// Close ends the goroutine and waits for it. The processes it started must have ended.
func (s *Starter) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.work)
	}
	s.mu.Unlock()
	<-s.done
}
