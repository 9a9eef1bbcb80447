//go:build unix && !linux

package proc

import (
	"os"
	"os/exec"
	"runtime"
	"time"
)

func widen(*os.File) {}

// dieWithParent: the worker notices the end of its pipe.
func dieWithParent(*exec.Cmd) {}

// awaitEnd: this platform's waitid is not at hand.
func awaitEnd(int) bool { return false }

// Usage is not told by this platform without further privileges.
func (p *Process) Usage() (cpu time.Duration, memory int64, stopped bool) { return 0, 0, false }

func sharedFile() (*os.File, error) { return temporaryFile() }

// yieldThread lets other goroutines run: this platform's call for threads is not at hand.
func yieldThread() { runtime.Gosched() }
