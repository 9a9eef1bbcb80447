package pool

import (
	"time"

	"poolbook/pool/core"
)

// Process is a process that runs one function and ends. In a Go program it is a goroutine, which cannot be killed.
type Process struct{ c *core.Process }

// ProcessOption is an option of a [Process].
type ProcessOption struct{ name string }

// Name names a process. The default is "Process-" and a number.
func Name(name string) ProcessOption { return ProcessOption{name} }

// NewProcess makes a process that will run f. What f captures is copied at [Process.Start].
func NewProcess(f func(), opts ...ProcessOption) *Process {
	name := ""
	for _, o := range opts {
		if o.name != "" {
			name = o.name
		}
	}
	return &Process{core.NewProcess(core.CallerOrigin(), f, name)}
}

// Start starts the process and returns when it has started. A process can be started once.
func (p *Process) Start() error { return p.c.Start(core.CallerOrigin()) }

// Join waits until the process has ended.
func (p *Process) Join() error {
	_, err := p.c.Join(core.CallerOrigin(), -1)
	return err
}

// JoinTimeout waits until the process has ended, for d at most, and reports whether it has.
func (p *Process) JoinTimeout(d time.Duration) bool {
	ok, _ := p.c.Join(core.CallerOrigin(), max(d, 0))
	return ok
}

// IsAlive reports whether the process was started and has not ended.
func (p *Process) IsAlive() bool { return p.c.IsAlive() }

// Terminate ends the process by SIGTERM: at once, unless its function catches that (os/signal). On Windows it is Kill. In a Go program it is a
// goroutine, whose context ends.
func (p *Process) Terminate() { p.c.Terminate() }

// Interrupt stops the process's function as the interrupt of a cell does: interpreted code ends, its deferred calls run, and the exit code is 1. Of a worker of
// a pool it stops the task that runs, which fails with [ErrCancelled]. Compiled code goes on. It is the interrupt of CPython 3.14, which sends SIGINT: there an
// uncaught KeyboardInterrupt gives 1 too.
func (p *Process) Interrupt() { p.c.Interrupt() }

// Kill ends the process at once. The commands that it has started end with it, also after Terminate, unless they have a process group of their own.
func (p *Process) Kill() { p.c.Kill() }

// ExitCode is 0 when the function returned, 1 when it panicked, the number that it gave to os.Exit, or the negative number of the signal
// that ended the process. It is 0 too while the process runs: see IsAlive.
func (p *Process) ExitCode() int { return p.c.ExitCode() }

// PID is the number of the process, 0 before Start.
func (p *Process) PID() int { return p.c.PID() }

// Name is the name of the process.
func (p *Process) Name() string { return p.c.Name() }

// ProcessInfo says which process it is.
type ProcessInfo struct {
	Name string
	PID  int
}

// CurrentProcess is the process that runs the caller: a worker, such as "PoolWorker-1", or "MainProcess".
func CurrentProcess() ProcessInfo {
	name, pid := core.CurrentProcess()
	return ProcessInfo{name, pid}
}

// CPUCount is the number of CPUs that the program may use, which is Go's GOMAXPROCS: those that it is bound to (CPython has counted
// these for the default size of a Pool since 3.13, as os.process_cpu_count), and no more than the CPU quota of its container on Linux, rounded up,
// but at least 2 where there are two; the quota CPython does not know of in any version to 3.14. GOMAXPROCS in the environment sets it, as
// PYTHON_CPU_COUNT does in CPython from 3.13 on.
func CPUCount() int { return core.CPUCount() }

// ActiveChildren are the processes that live: those made by [NewProcess], and the workers of pools.
func ActiveChildren() []*Process {
	var out []*Process
	for _, c := range core.Children(core.CallerOrigin()) {
		out = append(out, &Process{c})
	}
	return out
}
