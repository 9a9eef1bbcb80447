package core

import (
	"context"
	"os/exec"
	"reflect"
	"sync"
	"sync/atomic"
	"weak"

	"poolbook/pool/internal/call"
	"poolbook/pool/internal/codec"
)

// Types names the types of values that travel inside interfaces, and finds them again in the other process.
//
// TypeName gives a name such as "main.Point", "[]int" or "time.Time", an error when the type has no meaning elsewhere;
// TypeByName is its inverse. Both are called concurrently. Built-in types, and those the standard library's errors are made of,
// are known without it.
type Types = codec.Types

// Host is what the program around the pools supplies. The zero value is a plain Go program: workers are goroutines.
//
// A Host is filled in once, before its first use, and shared by all the pools of the program (a kernel has one).
type Host struct {
	// Spawn makes the command of a worker process, not started: its path, arguments, environment and folder. The pool adds
	// the pipes (see [Command]) and starts it. nil means that there are no worker processes, and pools use goroutines.
	Spawn func() (*exec.Cmd, error)

	// Unit is the code unit of a function value: what a worker needs to run it, and the variables it reads as they are now.
	// Required with Spawn. Called in the goroutine of the call that submits the function. An error refuses the call.
	Unit func(fn any, need Need) (*Unit, error)

	// Types names the types of values in interfaces. Required with Spawn. It may also name values that every process of the program
	// has, as package codec's Sentinels.
	Types Types

	// Define is the code unit that declares a type that Types has named, for a worker that has met it in a shared object; without is
	// Need.Without. Its function does nothing. nil if Types names none that units have to bring.
	Define func(name string, without map[string]string) (*Unit, error)

	// Function makes a function inside a value that has come back from a worker: name is the Hash of its unit. captured is what it has captured,
	// as Unit.Captured, addressable and zero. nil refuses such functions.
	Function func(name string) (fn reflect.Value, captured []reflect.Value, err error)

	// Events receives what progress bars and the panel show. It must not block, and is called from several goroutines,
	// though never concurrently for one pool. nil discards.
	Events func(Event)

	mu       sync.Mutex
	pools    map[*state]struct{}             // every pool that is not yet gone; guarded by mu
	nextPool int                             // number of the last pool made; guarded by mu
	nextProc int                             // number of the last worker process named; guarded by mu
	nextFree int                             // number of the last process named that is no worker of a pool; guarded by mu
	objects  map[uint64]weak.Pointer[Object] // shared objects that have been sent to a worker; guarded by mu
	memories memories                        // guarded by mu
	spares   spares                          // guarded by mu
	errs     codec.Held                      // of variables, that have been sent
	values   *codec.Codec                    // of the values in shared objects; guarded by mu
	inside   map[string]*insideUnit          // of functions inside values, by hash; guarded by mu
}

// Need is what the unit of a function is to have, or to do without, beside what the function reaches.
type Need struct {
	// Types are those of values in interfaces that go to the workers with it: their methods, and the variables that these read, come along.
	Types []reflect.Type
	// Without are the IDs of variables whose values cannot be sent, and why. There is a unit only if nothing that the function calls
	// reads them.
	Without map[string]string
	// Inside is for a function inside a value: the unit makes functions, each with what it has captured. See Unit.Captured.
	Inside bool
}

// Unit is the code of one function, for a worker process.
type Unit struct {
	// Hash identifies the Payload: equal hashes mean equal code. A worker loads a hash once.
	Hash string
	// Payload is what the worker's evaluator loads; its form is between Host.Unit and the evaluator.
	Payload []byte
	// Vars are the captured locals and the session's variables that the unit reads, as they are now. They are encoded before
	// the call that submits the function returns.
	Vars []Var
	// Assigns are the IDs of the variables the unit may assign. Those of a pool's initializer stay each worker's own: a later
	// job does not set them again.
	Assigns []string
	// Captured is what a function inside a value has captured: pointers to variables, or the receiver of a method value. They have no ID.
	Captured []Var
	// Types are those of Need, and those that an earlier unit of the function was made for. It is not changed.
	Types map[reflect.Type]bool
}

// Var is one variable of a [Unit].
type Var struct {
	// ID names the variable in this unit; equal IDs in two units of one session are the same variable.
	ID string
	// Name is what the user calls it, for errors.
	Name string
	// Value is its value. Its type is the variable's declared type.
	Value reflect.Value
}

// Origin is the place a call was made from: what [CallerOrigin] returns.
//
// In a cell the interpreter replaces CallerOrigin by a function that returns the origin of the running cell.
type Origin struct {
	// Host of the program. nil means the one of a plain Go program.
	Host *Host
	// Ctx ends when the cell is interrupted: a call that waits then returns ErrInterrupted. nil never ends.
	Ctx context.Context
	// Cell identifies the cell in events.
	Cell string
	// Main reports whether the calling goroutine runs the cell itself, or a function that Call calls, and not one that these have started. nil knows
	// no such goroutine: each is a holder of recursive locks by itself.
	Main func() bool
	// Stdout and Stderr receive what the tasks of jobs submitted from here write, as it comes: worker is the worker's name,
	// item the index of the item that ran, -1 when none did. They are called in order for each worker, from several goroutines,
	// also after the call that submitted the job has returned, and must keep nothing of p. nil writes to the process's own.
	Stdout, Stderr func(worker string, item int, p []byte)
	// Call runs a function value in this process: callbacks, lazily read items, and the tasks of thread pools. It returns the
	// function's results, or its panic as a [*Panic] with a stack in terms of cells, and ends early when ctx ends, where it can.
	// It is called concurrently, also after the call that submitted the job has returned. nil calls through reflect; then a
	// running function cannot be stopped.
	Call func(ctx context.Context, fn reflect.Value, args []reflect.Value) ([]reflect.Value, error)
}

// call runs fn in this process; it never panics. When fn ends the calling goroutine the error is given to exit instead of being
// returned.
func (o *Origin) call(ctx context.Context, fn reflect.Value, args []reflect.Value, exit func(error)) ([]reflect.Value, error) {
	if o != nil && o.Call != nil {
		return o.Call(ctx, fn, args)
	}
	return call.Func(ctx, fn, args, exit)
}

// defaultHost serves plain Go programs, and code that runs in a worker process.
var defaultHost = &Host{}

// caller is what CallerOrigin returns where no interpreter replaces it.
var caller atomic.Pointer[func() *Origin]

// CallerOrigin is the origin of calls in a plain Go program. Every public function of package pool passes it on.
func CallerOrigin() *Origin {
	if f := caller.Load(); f != nil {
		return (*f)()
	}
	return &Origin{Host: defaultHost}
}

// SetCaller makes CallerOrigin return what f does: for a compiled program that has a Host of its own, with worker processes.
// It is called before the first pool is made. nil goes back to goroutine workers.
func SetCaller(f func() *Origin) {
	if f == nil {
		caller.Store(nil)
		return
	}
	caller.Store(&f)
}

// host never returns nil.
func (o *Origin) host() *Host {
	if o == nil || o.Host == nil {
		return defaultHost
	}
	return o.Host
}

// done is closed when a wait of this origin must end; nil never is.
func (o *Origin) done() <-chan struct{} {
	if o == nil || o.Ctx == nil {
		return nil
	}
	return o.Ctx.Done()
}

// Close terminates every pool of the host and returns when their workers are gone.
// A kernel calls it when it shuts down or restarts. It may be called more than once.
func (h *Host) Close() {
	for _, s := range h.states() {
		s.terminate()
	}
	for _, s := range h.states() {
		<-s.gone
	}
	h.endSpares()
}

// CancelJob cancels the job of that ID, as the stop button of a job does: queued and running tasks end, other jobs go on.
// It reports whether there is such an unfinished job. The ID is that of events: of a series of calls it is the whole series.
func (h *Host) CancelJob(id int64) bool {
	for _, s := range h.states() {
		if s.cancelID(id) {
			return true
		}
	}
	return false
}

// states is a copy of the host's pools.
func (h *Host) states() []*state {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]*state, 0, len(h.pools))
	for s := range h.pools {
		out = append(out, s)
	}
	return out
}

// add registers a pool and gives it its number, from 1.
func (h *Host) add(s *state) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pools == nil {
		h.pools = make(map[*state]struct{})
	}
	h.pools[s] = struct{}{}
	h.nextPool++
	return h.nextPool
}

func (h *Host) remove(s *state) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.pools, s)
}

// procNumber numbers the worker processes of a host, from 1.
func (h *Host) procNumber() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.nextProc++
	return h.nextProc
}

// processNumber numbers the processes of a host that are no workers of a pool, from 1.
func (h *Host) processNumber() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.nextFree++
	return h.nextFree
}
