package pool

import (
	"poolbook/pool/core"
)

// Errors that errors.Is finds.
var (
	ErrClosed      = core.ErrClosed      // a call on a pool that was closed or terminated before
	ErrTerminated  = core.ErrTerminated  // work that Terminate cut off
	ErrTimeout     = core.ErrTimeout     // a wait that took too long, a task that exceeded its Timeout
	ErrInterrupted = core.ErrInterrupted // a wait in a cell that was interrupted
	ErrCancelled   = core.ErrCancelled   // items of a cancelled job
	ErrNotClosed   = core.ErrNotClosed   // Join on a pool that is still open
	ErrDeadlock    = core.ErrDeadlock    // a wait in a callback for what waits for the callback
)

// RemoteError is the failure of one item: its function panicked, or returned an error.
type RemoteError = core.RemoteError

// WorkerLostError is the failure of the item that ran in a worker process when that process died.
type WorkerLostError = core.WorkerLostError

// TimeoutError is the failure of an item that took longer than the call's Timeout.
type TimeoutError = core.TimeoutError

// InitError is the error of every job of a pool whose initializer failed or whose workers cannot be started.
type InitError = core.InitError
