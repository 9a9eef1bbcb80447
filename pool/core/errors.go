package core

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

var (
	// ErrClosed is what calls return on a pool that was closed or terminated before.
	ErrClosed = errors.New("pool: the pool is closed")
	// ErrTerminated is the error of work that Terminate cut off.
	ErrTerminated = errors.New("pool: the pool was terminated")
	// ErrTimeout is the error of a wait that took too long, and of a task that exceeded its Timeout.
	ErrTimeout = errors.New("pool: timed out")
	// ErrInterrupted is what a waiting call returns when its cell is interrupted.
	ErrInterrupted = errors.New("pool: interrupted")
	// ErrCancelled is the error of the items of a cancelled job.
	ErrCancelled = errors.New("pool: cancelled")
	// ErrNotClosed is what Join returns on a pool that is still open.
	ErrNotClosed = errors.New("pool: Join before Close or Terminate: the pool is still running")
)

// RemoteError is the failure of one item: its function panicked, or returned an error.
//
// errors.Is and errors.As look through it at what the function returned (or at the error it panicked with), also when it came from
// another process.
type RemoteError struct {
	Label  string // the job's label
	Index  int    // index of the item, from 0; 0 for a single call
	Single bool   // the job is a single call: Index says nothing
	Worker string // name of the worker, such as "PoolWorker-1"
	PID    int    // process of the worker; 0 for a thread pool
	Panic  bool   // the function panicked; otherwise it returned Err
	Value  any    // what it panicked with: the value itself where it could be sent, otherwise its text. nil without a panic
	Err    error  // what it returned, or panicked with when that is an error; nil otherwise
	Stack  string // where it panicked, one line for each call, innermost first; empty for a returned error
	More   int    // how many further items of the job failed
}

// Error tells the item, the reason and the worker.
func (e *RemoteError) Error() string {
	var b strings.Builder
	if e.Panic {
		fmt.Fprintf(&b, "panic: %v", e.Value)
	} else {
		fmt.Fprintf(&b, "%v", e.Err)
	}
	b.WriteString(" (")
	if !e.Single {
		fmt.Fprintf(&b, "item %d, ", e.Index)
	}
	if e.Label != "" {
		fmt.Fprintf(&b, "job %q, ", e.Label)
	}
	b.WriteString(e.Worker)
	if e.PID != 0 {
		fmt.Fprintf(&b, ", pid %d", e.PID)
	}
	b.WriteByte(')')
	if e.More > 0 {
		fmt.Fprintf(&b, ", and %d more failed", e.More)
	}
	if e.Stack != "" {
		b.WriteString("\n" + strings.TrimRight(e.Stack, "\n"))
	}
	return b.String()
}

// Unwrap is the error the function returned or panicked with, nil when it panicked with something else.
func (e *RemoteError) Unwrap() error { return e.Err }

// WorkerLostError is the failure of the item that ran in a worker process when that process died.
type WorkerLostError struct {
	Label    string // the job's label
	Index    int    // index of the item, from 0; -1 when none had begun: in an initializer, or in a process that was still starting
	Single   bool   // the job is a single call: Index says nothing, unless it is -1
	Worker   string // name of the worker
	PID      int    // its process
	Signal   string // the signal that ended it, such as "killed"; empty when it exited
	ExitCode int    // its exit code when Signal is empty
	Limit    int64  // the limit of memory in bytes that it came to; 0 when that was not the reason
	Output   string // the last lines it wrote
	More     int    // how many further items of the job failed
}

// initLabel is the label of what goes wrong in an initializer.
const initLabel = "initializer"

// allLabel is the label of what goes wrong in a function of RunOnAll.
const allLabel = "RunOnAll"

// Error tells how the worker ended, the item, and its last output.
func (e *WorkerLostError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "worker %s (pid %d) ", e.Worker, e.PID)
	if e.Limit != 0 {
		fmt.Fprintf(&b, "was ended at its limit of memory, %s (pool.MemoryLimit),", size(e.Limit))
	} else if e.Signal != "" {
		fmt.Fprintf(&b, "was ended by signal: %s", e.Signal)
	} else {
		fmt.Fprintf(&b, "exited with code %d", e.ExitCode)
	}
	switch {
	case e.Index < 0 && e.Label == initLabel:
		b.WriteString(" while it ran the initializer")
	case e.Index < 0 && e.Label == allLabel:
		b.WriteString(" while it ran the function of RunOnAll")
	case e.Index < 0:
		b.WriteString(" before it had begun")
	case e.Single:
		b.WriteString(" while it ran the call")
	default:
		fmt.Fprintf(&b, " while it ran item %d", e.Index)
	}
	if e.Label != "" && e.Index >= 0 {
		fmt.Fprintf(&b, " of job %q", e.Label)
	}
	if e.More > 0 {
		fmt.Fprintf(&b, ", and %d more failed", e.More)
	}
	if e.Output != "" {
		b.WriteString("; its last output:\n" + strings.TrimRight(e.Output, "\n"))
	}
	return b.String()
}

// TimeoutError is the failure of an item that took longer than the call's Timeout. errors.Is finds ErrTimeout in it.
type TimeoutError struct {
	Label   string        // the job's label
	Index   int           // index of the item, from 0
	Single  bool          // the job is a single call: Index says nothing
	Worker  string        // name of the worker
	PID     int           // its process; 0 for a thread pool
	Limit   time.Duration // how long a task may take
	Stopped time.Duration // how long nothing had been heard of the worker when the pool ended it; 0 when it told the end of the limit itself
	More    int           // how many further items of the job failed
}

// Error tells the item, the limit and the worker.
func (e *TimeoutError) Error() string {
	var b strings.Builder
	b.WriteString(ErrTimeout.Error())
	if e.Single {
		b.WriteString(": the call")
	} else {
		fmt.Fprintf(&b, ": item %d", e.Index)
	}
	if e.Label != "" {
		fmt.Fprintf(&b, " of job %q", e.Label)
	}
	fmt.Fprintf(&b, " ran longer than %v (%s", e.Limit, e.Worker)
	if e.PID != 0 {
		fmt.Fprintf(&b, ", pid %d", e.PID)
	}
	b.WriteByte(')')
	if e.Stopped != 0 {
		fmt.Fprintf(&b, "; the worker was silent for %v: was it stopped?", e.Stopped.Round(time.Millisecond))
	}
	if e.More > 0 {
		fmt.Fprintf(&b, ", and %d more failed", e.More)
	}
	return b.String()
}

// Unwrap is ErrTimeout.
func (e *TimeoutError) Unwrap() error { return ErrTimeout }

// InitError is the error of every job of a pool whose initializer failed, or whose workers cannot be started.
// The pool starts no further workers.
type InitError struct {
	Worker string // name of the worker it was seen in
	Err    error  // a *RemoteError for a failed initializer, a *WorkerLostError for a worker that died before its first task
}

// Error tells what failed.
func (e *InitError) Error() string {
	return fmt.Sprintf("pool: worker %s could not be made ready: %v", e.Worker, e.Err)
}

// Unwrap is the reason.
func (e *InitError) Unwrap() error { return e.Err }

// Panic is a panic of a function that Host.Call or an evaluator ran.
type Panic struct {
	Value any    // what it panicked with
	Stack string // where, one line for each call, innermost first; may be empty
}

// Error is the panic's value as text.
func (p *Panic) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// Exit is the end of a function that ended its process (os.Exit).
type Exit struct {
	Code int // exit code
}

// Error tells the exit code.
func (e *Exit) Error() string { return fmt.Sprintf("exit status %d", e.Code) }
