package worker

import (
	"context"
	"io"
	"reflect"

	"poolbook/pool/core"
)

// Env is what an evaluator is made with.
type Env struct {
	// Stdout and Stderr are where what tasks write goes: at once to the cell that submitted the job, tagged with the running item.
	// They are safe for concurrent use. What is written to the process's own file descriptors 1 and 2 arrives too, with a coarser tag.
	Stdout, Stderr io.Writer
	// Define makes the evaluator load, by Load, the unit of a type that core.Types has named in the notebook.
	Define func(name string) error
}

// Evaluator runs code units in a worker process. Its methods are called from one goroutine at a time, except those of core.Types.
type Evaluator interface {
	// Load makes the function of a code unit callable. It is called once for each hash, and again for one that Define brings.
	Load(hash string, payload []byte) (Func, error)
	// Types of values in interfaces.
	core.Types
}

// Warmer is an Evaluator that can do ahead what its first unit would wait for. Warm is called in a process that is started before its pool,
// on the worker's main goroutine.
type Warmer interface{ Warm() }

// Scoper is an Evaluator to whose TypeByName it matters what function gets the value. Enter names the one that gets those that are decoded
// from now on.
type Scoper interface{ Enter(f Func) }

// Bringer is an Evaluator whose types have methods that read variables of the notebook. Brings reports whether a function's unit has all of a type, so
// that the variables come with the calls of the function. Without it all units have all types.
type Bringer interface {
	Brings(f Func, typeName string) bool
}

// Func is the function of a loaded code unit.
type Func interface {
	// Value is the function: a reflect value of kind Func whose parameters and results have the types of the notebook's function.
	Value() reflect.Value
	// Var is a variable of the unit, addressable: a captured local or a variable of the session. It is set before a job's first task.
	Var(id string) (reflect.Value, bool)
}

// Caller is a Func that runs itself: with a stack in terms of cells for a panic, and an end when ctx ends.
//
// Call returns the function's results; a *core.Panic when it panicked; a *core.Exit when it ended its process; any other error is
// reported as the item's failure. It must not panic. Without it the worker calls Value through reflect.
type Caller interface {
	Call(ctx context.Context, args []reflect.Value) ([]reflect.Value, error)
}

// Looper is a Func that can run itself for many items in one call. Without it the worker makes a loop of its own, by reflect.
type Looper interface {
	// Loop is nil for a function without parameters. It is called once.
	Loop() *Loop
}

// Loop calls a unit's function once for each index from *at up to *end, with the elements of slices.
type Loop struct {
	// Each says how results are handed over: see Call.
	Each bool
	// Call runs the loop. Its arguments are a slice for each parameter of the function, one for the value that it returns, if it
	// does, and then
	//
	//	at, end *int, done func(i int), failed func(i int, err error)
	//
	// While an item runs, *at is its index; *end may become less meanwhile. A result is left in the slice of results at the item's index; with
	// Each at index 0, and done is called at once. failed gets the errors of a function whose last result is one.
	// Call returns true when *at has come to *end; false without an error, or not at all, when an item ended its goroutine. Its errors are
	// those of [Caller], of the item at *at.
	Call func(ctx context.Context, args []reflect.Value) (finished bool, err error)
}

// Maker is a Func whose unit is that of a function inside a value: there may be several of the same code.
type Maker interface {
	// Make makes one. captured is what it has captured, in the order of core.Unit's Captured, addressable and zero.
	Make() (fn reflect.Value, captured []reflect.Value, err error)
	// Vars are the IDs of the variables of the session that it reads.
	Vars() []string
}

// Unmaker is an Evaluator that takes functions apart that a Maker has made, so that they can go back.
type Unmaker interface {
	// Made returns the hash of the function's unit and what the function has captured. It reports false for functions that no Maker has made.
	Made(fn reflect.Value) (hash string, captured []reflect.Value, ok bool)
}

// Main is the life of a worker process: it reads frames from in, runs tasks, and writes frames to out, until the pool says stop or in
// ends, which it does when the pool's process ends. open makes the evaluator; its error ends the worker with a clear report to
// the pool. A plain worker command is
//
//	in, out, err := worker.Pipes()
//	…
//	err = worker.Main(context.Background(), in, out, open)
//
// Main lets interrupt signals (SIGINT) have no effect: it is the notebook that decides. On Linux a SIGHUP tells it that the process of the pool
// has ended. It returns nil after an orderly stop. When in ends in the middle of a task, Main ends the process; on Unix the commands that
// tasks have started end with it.
func Main(ctx context.Context, in io.Reader, out io.Writer, open func(Env) (Evaluator, error)) error {
	w := newWorker(in, out)
	return w.main(ctx, open)
}
