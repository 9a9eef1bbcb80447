package interp

import (
	"os"
	"sync"
)

// A Process is the operating system's process, for the one session in it that has it to itself: in [Config.Process]. The variables by which packages os and flag
// know it, os.Stdout, os.Stderr, os.Stdin, os.Args and flag.CommandLine, are then those of the cells: what a cell assigns to them,
// compiled packages see. Other sessions have such variables of their own, which the functions of these packages obey when cells call them.
type Process struct {
	// Stdout and Stderr are for the process's own messages: once captured, what they were before.
	Stdout, Stderr *os.File

	captured bool
	released sync.Once
	out, err *os.File // the ends to read of the pipes that took their place
	in       *os.File // what os.Stdin is then
	opened   []*os.File
}

// OwnProcess gives a session the process as it is: for programs, whose standard streams are the process's.
func OwnProcess() *Process { return &Process{Stdout: os.Stdout, Stderr: os.Stderr} }

// CaptureProcess gives a session the process and has what anything in it writes to its standard output and error go to the cell that runs, or
// ran last: cells and compiled packages by os.Stdout and os.Stderr, and their children; on Unix also by number, and as /dev/stdout and /dev/stderr.
// Only descriptor 2 itself, as a child may inherit it by number, stays as it was, for what Go's runtime says before it ends the process. Standard
// input is at its end. It is called once, before there are sessions.
func CaptureProcess() (*Process, error) {
	p := OwnProcess()
	if err := p.capture(); err != nil {
		for _, f := range p.opened {
			f.Close()
		}
		return nil, err
	}
	p.captured = true
	return p, nil
}

// Release gives the process its standard output and error back, before it ends. What cells write after that goes there.
func (p *Process) Release() {
	if p.captured {
		p.released.Do(p.release)
	}
}

// commandName is os.Args[0] in cells.
const commandName = "poolbook"

// pipe is os.Pipe, remembered until capture has succeeded.
func (p *Process) pipe() (r, w *os.File, err error) {
	if r, w, err = os.Pipe(); err == nil {
		p.opened = append(p.opened, r, w)
	}
	return r, w, err
}
