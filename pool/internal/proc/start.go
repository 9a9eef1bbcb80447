package proc

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// Process is a worker process with its pipes.
type Process struct {
	PID    int
	In     io.WriteCloser // frames to the worker
	Out    io.ReadCloser  // frames from it
	Stdout io.ReadCloser  // what it writes to its file 1; nil on Windows
	Stderr io.ReadCloser  // what it writes to its file 2
	Beacon *Beacon        // nil where the platform has none

	cmd    *exec.Cmd
	exited chan struct{} // closed when status is set
	status Status
	once   sync.Once

	mu     sync.Mutex
	reaped bool // its number may be another one's; guarded by mu
}

// Status is how a process ended.
type Status struct {
	Signal string // the signal that ended it, such as "killed"; empty when it exited
	Number int    // of the signal, 0 without one
	Code   int    // exit code; -1 with a signal
}

// String tells it in words.
func (s Status) String() string {
	if s.Signal != "" {
		return "signal: " + s.Signal
	}
	return fmt.Sprintf("exit code %d", s.Code)
}

// Start starts the command with the pipes. A goroutine waits for its end: see Exited.
func Start(cmd *exec.Cmd) (p *Process, err error) {
	var theirs, ours []*os.File
	defer func() {
		for _, f := range theirs {
			f.Close()
		}
		if err != nil {
			for _, f := range ours {
				f.Close()
			}
		}
	}()
	pipe := func(toChild bool) (child, parent *os.File, err error) {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, nil, fmt.Errorf("pipe to a worker: %w", err)
		}
		if toChild {
			child, parent = r, w
		} else {
			child, parent = w, r
		}
		theirs, ours = append(theirs, child), append(ours, parent)
		widen(parent)
		return child, parent, nil
	}
	p = &Process{cmd: cmd, exited: make(chan struct{})}
	childIn, in, err := pipe(true)
	if err != nil {
		return nil, err
	}
	childOut, out, err := pipe(false)
	if err != nil {
		return nil, err
	}
	childErr, stderr, err := pipe(false)
	if err != nil {
		return nil, err
	}
	p.In, p.Out, p.Stderr = in, out, stderr
	cmd.Stderr = childErr
	if pipesAreStandard {
		cmd.Stdin, cmd.Stdout = childIn, childOut
	} else {
		childStdout, stdout, err := pipe(false)
		if err != nil {
			return nil, err
		}
		p.Stdout = stdout
		cmd.Stdin, cmd.Stdout = nil, childStdout
		cmd.ExtraFiles = []*os.File{childIn, childOut}
		b, f, err := newBeacon()
		if err == nil {
			p.Beacon = b
			theirs = append(theirs, f)
			cmd.ExtraFiles = append(cmd.ExtraFiles, f)
			if cmd.Env == nil {
				cmd.Env = os.Environ()
			}
			cmd.Env = append(cmd.Env, beaconEnv+"=1")
		}
	}
	prepare(cmd)
	if err := cmd.Start(); err != nil {
		if p.Beacon != nil {
			p.Beacon.Close()
		}
		return nil, fmt.Errorf("start a worker process: %w", err)
	}
	p.PID = cmd.Process.Pid
	go p.wait()
	return p, nil
}

// Outbox is the way to the worker: see NewOutbox. It is made once.
func (p *Process) Outbox() *Outbox {
	if p.Beacon == nil {
		return NewOutbox(p.In, nil)
	}
	return NewOutbox(p.In, p.Beacon.ToWorker)
}

// beaconEnv tells the worker that its file 5 is a beacon.
const beaconEnv = "POOLBOOK_WORKER_BEACON"

// wait reaps the process. What is left of its group ends before that: the commands that its tasks have started, but for those that have
// made a group or a session of their own.
func (p *Process) wait() {
	ended := awaitEnd(p.PID)
	p.mu.Lock()
	if ended {
		killGroup(p.PID)
		p.reaped = true
	}
	p.mu.Unlock()
	_ = p.cmd.Wait()
	p.mu.Lock()
	p.reaped = true
	p.mu.Unlock()
	p.status = status(p.cmd.ProcessState)
	close(p.exited)
}

// Exited is closed when the process has ended and Status tells how.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// CPU is the CPU time of the process. It is valid when Exited is closed.
func (p *Process) CPU() time.Duration {
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// Status is how the process ended. It is valid when Exited is closed.
func (p *Process) Status() Status { return p.status }

// Kill ends the process at once, and with it the commands that its tasks have started.
func (p *Process) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		killGroup(p.PID)
	}
	_ = p.cmd.Process.Kill() // also when it has made another group its own
}

// Terminate asks the process to end (SIGTERM); on Windows it is Kill.
func (p *Process) Terminate() { terminate(p.cmd.Process) }

// CloseOutput ends the reading of what the process wrote to its standard files.
func (p *Process) CloseOutput() {
	p.Stderr.Close()
	if p.Stdout != nil {
		p.Stdout.Close()
	}
}

// Close gives back what the process took, after its end and that of the readers of its pipes.
func (p *Process) Close() {
	p.once.Do(func() {
		p.Out.Close()
		p.CloseOutput()
		if p.Beacon != nil {
			p.Beacon.Close()
		}
	})
}
