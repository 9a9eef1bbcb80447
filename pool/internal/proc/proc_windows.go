package proc

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// pipesAreStandard: a Windows process inherits its standard files only, so the pipes are these. What compiled code in a worker writes
// to os.Stdout goes to its standard error instead; the order between the two is lost.
const pipesAreStandard = true

func widen(*os.File) {}

func prepare(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.HideWindow = true
}

func awaitEnd(int) bool { return false }

// killGroup: Windows has no groups of processes to be ended.
func killGroup(int) {}

// EndGroup does nothing.
func EndGroup() {}

// DeathOfParent: the worker notices the end of its pipe.
func DeathOfParent() <-chan os.Signal { return nil }

// terminate: Windows has no signal to ask with.
func terminate(p *os.Process) { _ = p.Kill() }

func status(s *os.ProcessState) Status { return Status{Code: s.ExitCode()} }

// tryWriter: a write to a Windows pipe waits for the reader.
func tryWriter(any) func(p []byte) int { return nil }

var errNoBeacon = errors.New("no shared memory here")

// newBeacon: the worker tells the start of each item in a frame instead.
func newBeacon() (*Beacon, *os.File, error) { return nil, nil, errNoBeacon }

// Close does nothing.
func (b *Beacon) Close() {}

// WorkerPipes are the worker's ends of its pipes.
func WorkerPipes() (in, out *os.File, beacon *Beacon, err error) {
	in, out = os.Stdin, os.Stdout
	os.Stdout = os.Stderr
	return in, out, nil, nil
}

// Usage is not told by this platform without further privileges.
func (p *Process) Usage() (cpu time.Duration, memory int64, stopped bool) { return 0, 0, false }

// yieldThread lets other goroutines run.
func yieldThread() { runtime.Gosched() }
