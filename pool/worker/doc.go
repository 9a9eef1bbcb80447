// Package worker is the inside of a worker process: the loop that reads chunks of items, runs the function with each, and writes results.
//
// Three goroutines share the work. The reader takes frames from the pool's pipe; what must not wait for a running task (Cancel, Recall, the
// answers of shared objects) it does itself, the rest it queues in order. The executor takes the queue: it loads code units, sets
// variables, runs items one after the other. The flusher writes out what the executor leaves behind for a while, so that small
// results go out many at a time, and a result or a line of output never waits longer than [flushDelay] for a long task behind it.
//
// What a unit means is the business of the [Evaluator]: the interpreter in a notebook's workers, a table of compiled functions in a native
// worker. Before each item the worker writes its number into the memory it shares with the pool (proc.Beacon), so that the pool knows
// which item it was if the process dies at once.
package worker
