// Package pool runs functions over many items on many processes: Python's multiprocessing.Pool, typed, for notebooks and Go programs.
//
//	p := pool.New(pool.Processes(3))
//	r := pool.MapAsync(p, square, []int{1, 2, 3, 4, 5})
//	fmt.Println("Processing...")
//	squares, err := r.Get()
//	p.Close()
//	p.Join()
//
// In a notebook's cell the package is there without an import, and workers are processes: a task has its own memory, gets copies of what it
// captures, and whatever happens to it (a panic, os.Exit, a kill) harms nothing but its own item. In a Go program that imports the package
// workers are goroutines, as those of [NewThreadPool] are everywhere: they share the program's memory, a task that never returns
// cannot be stopped, and os.Exit in a task ends the program. Everything else is the same.
//
// # What it costs
//
// make bench-pool measures pools of two workers in a notebook, with interpreted functions, next to CPython 3.11 on the same machine, in one
// run. Times of a virtual machine with two cores; the last column says how many times faster than the better one of CPython's two:
//
//	                                    notebook       Pool   Executor   times
//	pool start to first result            8.0 ms     4.6 ms     5.0 ms    0.6   CPython forks
//	the same, both by spawn                13 ms     314 ms                24   on a busy machine
//	the same, both by forkserver          3.9 ms     162 ms                42   on a busy machine; workers are ready
//	map of 200,000 items, chunk size 1    178 ms     3.19 s     12.3 s     18
//	map of 200,000 items, default chunk   2.1 ms    13.5 ms    34.8 ms    6.4
//	50,000 ApplyAsync                     271 ms     1.23 s     3.06 s    4.5
//	round trip of one Apply                35 µs     129 µs     191 µs    3.7
//	100 MB of []float64, there and back   176 ms     465 ms     323 ms    1.8
//	1 M small structs, there and back      72 ms     3.20 s     3.01 s     42
//	π, 10 M terms                          83 ms     409 ms     466 ms    4.9
//	memory of an idle worker               24 MB      12 MB
//
// After ten and after twenty million tasks a worker holds 28 MB, and the notebook's process what it held after one million.
//
// Where the time of a short task goes (make bench-pool's program writes profiles with -profile): in a chunk of many the call in the
// interpreter is most of it, some 20 ns. In a chunk of its own a task takes about 0.6 µs in the notebook's process (a third to make and
// encode the chunk, a third to read the result, the rest to note it and to collect garbage), and as much in the worker. A single Apply takes
// 25 µs of CPU time in both processes together: half of it is the system's, which wakes a process twice.
//
// An operation of a shared object (a Lock, a Value, a Queue) asks the notebook's process when it comes from a worker: some 20 µs, so that
// Acquire and Release take 50 µs; CPython's Manager takes 170 µs for that on the same machine, and its Lock in shared memory, which cannot tell
// that its holder has died, a twentieth of a microsecond. Share seldom, or by chunks.
//
// This package is only the typed face: each function hands its arguments and the place it was called from to package core, which works
// with reflect. A notebook interprets this very source, so it imports nothing but the standard library and core.
package pool
