// Package worker is the inside of a worker process: the loop that reads chunks of items, runs the function with each, and writes results.
//
// Three goroutines share the work. The executor loads code units, sets variables, and runs items one after the other, in the order in
// which the pool sent them. The flusher writes out what the executor leaves behind for a while, so that small results go out many at a
// time, and a result or a line of output never waits longer than [flushDelay] for a long task behind it. The pool's pipe is read by the
// executor when it has nothing to do, and by the reader while a task takes long: what must not wait for that task (Cancel, Recall, the
// answers of shared objects) is done at once, the rest is queued. An executor whose last chunks followed one another within microseconds
// looks for the next one in a page of shared memory (proc.Box) before it waits for the pipe, and leaves the result of a call there.
//
// A worker that has had nothing to do for a second gives back the memory that it does not need.
//
// What a unit means is the business of the [Evaluator]: the interpreter in a notebook's workers, a table of compiled functions in a native
// worker. Before each item the worker writes its number into the memory it shares with the pool (proc.Beacon), so that the pool knows
// which item it was if the process dies at once.
package worker
