// Package pool runs functions over many items on many processes: Python's multiprocessing.Pool, typed, for notebooks and Go programs.
//
//	p := pool.New(pool.Processes(3))
//	r := p.MapAsync(square, []int{1, 2, 3, 4, 5})
//	fmt.Println("Processing...")
//	squares, err := r.Get()
//	p.Close()
//	p.Join()
//
// What takes a pool or an executor first is there twice: as a method, which has type parameters since Go 1.27, and as a function,
// pool.MapAsync(p, square, xs), for programs that Go 1.26 compiles. Cells have both, whatever release Poolbook was built with.
//
// In a notebook's cell the package is there without an import, and workers are processes: a task has its own memory, gets copies of what it
// captures, and whatever happens to it (a panic, os.Exit, a kill) harms nothing but its own item. In a Go program that imports the package
// workers are goroutines, as those of [NewThreadPool] are everywhere: they share the program's memory, a task that never returns
// cannot be stopped, and os.Exit in a task ends the program. Everything else is the same.
//
// On Linux the commands that a task starts (os/exec) end at the latest when its worker does, whatever ends that: Cancel, a Timeout, Close, the end of
// the notebook. One that is to outlive it gets a process group of its own (Setpgid, Setsid). On other Unix systems they end with a worker that
// the pool ends or whose notebook ends, on Windows they stay.
//
// # What travels
//
// Arguments, captured variables and results of tasks in worker processes are copies, and those of what they hold: unexported fields, pointers,
// cycles, what pointers and slices share with each other, values in interfaces with their types and methods. A value of a type that a later cell has
// declared anew stays what it was. Errors that variables of packages and cells hold (io.EOF, var errMine = …) are found by errors.Is on the other
// side. Functions inside values travel with what they have captured, which they go on sharing, and may come back; one that a task has made stays in its
// worker: return what it captures, and make it in the notebook. What cannot be sent is refused before a task starts, with its place in the value:
// channels, open files, connections, locks in use, pools and futures, unique handles, seeds of maphash, iterators and functions that a package has
// made, values in interfaces of a type that a generic function declares. A method that mentions such a thing hinders nothing as long as the task does
// not call it. What is shared holds within one item or one call's variables: two items that lead to the same value get two copies in two chunks and
// one in the same chunk, where a later task then sees what an earlier one wrote, as in CPython ([ChunkSize](1) keeps them apart). A slice arrives
// with the capacity of its length.
//
// A captured context.Context has its deadline, its values, and its end if that has come; a later cancel does not reach a task: see [Context] for
// that. An error that holds what cannot be sent arrives as its text and what it wraps.
//
// # What calls and pools can be told
//
// Every call takes options behind its arguments:
//
//	ChunkSize, BufferSize             how many items go out at once, and how far ahead of the results
//	Priority                          which call's items go first
//	Context, Timeout, NextTimeout     when to give up: the job, a task, a wait for a result
//	StopAtFirstError                  whether the other items still matter when one has failed
//	Retries, RetryIf, Backoff         what runs again, and when
//	Callback, ErrorCallback, Label    who is told, and under which name
//	Seed                              where the random numbers of its items begin
//
// A pool takes options when it is made (Processes, Initializer, AtExit, MaxTasksPerChild, MemoryLimit, IdleTimeout, StartMethod), and can be changed later:
// [Pool.Resize], [RunOnAll]. A task can ask and tell: [TaskIndex], [WorkerIndex], [Rand], [TaskProgress], [TaskLabel]. [Shared] makes an array that
// workers read without a copy.
//
// The failure of an asynchronous call of which nobody asks (Get, Outcomes, Successful, an ErrorCallback) is printed when its result is not reachable any
// more, as asyncio does; CPython's pools say nothing.
//
// # Python's versions
//
// "As in Python" means CPython 3.11 to 3.14. What differs between these, and what of it is here:
//
//	3.12  fork warns in a process with several threads             StartMethod("fork") panics
//	3.13  pools and executors have as many workers as the          Processes: as many as this process may use, by CPU set and quota
//	      process may use CPUs (os.process_cpu_count)
//	3.14  the default start method is forkserver on Linux          StartMethod: one worker is started ahead, "forkserver" for more
//	3.14  Executor.map(buffersize=)                                BufferSize
//	3.14  ProcessPoolExecutor.terminate_workers, kill_workers      Executor.ShutdownNow
//	3.14  Process.interrupt                                        Process.Interrupt
//	3.14  locked() of Lock, RLock, Semaphore                       Locked
//	3.14  Manager().set()                                          Dict[K, struct{}]
//	3.14  InterpreterPoolExecutor                                  threads: goroutines need no interpreter each
//
// # What it costs
//
// make bench-pool measures pools of two workers in a notebook, with interpreted functions, next to CPython 3.11 on the same machine, in one
// run. Times of a virtual machine with two cores, with nothing else to do; the last column says how many times faster than the better one
// of CPython's two:
//
//	                                    notebook       Pool   Executor   times
//	pool start to first result            1.0 ms     5.3 ms     5.4 ms    5.1   a worker is ready; CPython forks
//	the same, both by spawn               6.0 ms      32 ms               5.3   all workers start anew
//	the same, both by forkserver          1.0 ms      16 ms                16   all workers are ready
//	map of 200,000 items, chunk size 1    136 ms     3.01 s     12.0 s     22
//	map of 200,000 items, default chunk   1.4 ms    12.5 ms    35.2 ms    9.1
//	50,000 ApplyAsync                     184 ms     1.09 s     2.76 s    5.9
//	round trip of one Apply               7.4 µs     124 µs     104 µs     14   CPython varies: 48 µs elsewhere
//	100 MB of []float64, there and back   135 ms     317 ms     247 ms    1.8
//	1 M small structs, there and back      37 ms     1.69 s     1.72 s     46
//	π, 10 M terms                          15 ms     196 ms     198 ms     13
//	memory of an idle worker              6.4 MB    12.0 MB               1.9   resident
//	the same, its share                   4.6 MB     5.1 MB               1.1   PSS: what processes have together counts by parts
//
// A notebook whose cells name pool keeps one worker process ready, which the next pool takes; one that makes a pool before that waits as long
// as with spawn. An idle worker gives memory back after a second; until then it holds 25 MB, 21 of which are the program's file that all
// share. After ten million tasks an idle worker holds 7.4 MB, and the notebook's process what it held before.
//
// Where the time of a short task goes (make bench-pool's program writes profiles with -profile): in a chunk of many the call in the
// interpreter is most of it, some 20 ns. In a chunk of its own a task takes about 0.6 µs in the notebook's process (a third to make and
// encode the chunk, a third to read the result, the rest to note it and to collect garbage), and as much in the worker. A single Apply takes
// 2 µs in the pool, 1.5 in the interpreter of the cell and 2 in the worker; the rest is the way there and back, through memory that both look
// at for up to 100 µs. Calls that are longer apart, or take longer, go by pipes, and the system wakes a process twice: some 25 µs.
//
// What a call leaves for the collector counts as much as its time: ApplyAsync of a function without variables allocates 6 objects of 750 bytes in all in
// the notebook's process, until its result is dropped, a map with chunk size 1 some 220 bytes for each item and nothing else.
//
// Four tasks that sum a shared slice of 400 MB ([Shared]) take as long as four goroutines of a cell over the same memory: 0.3 to 1.2 times their time in
// ten rounds on two cores that had other work, too. In the first round, in which each worker makes the code of this package that the task
// mentions (some 20 ms of a processor, once), it was 1.3 to 1.9 times. The slice is in memory once; what the four workers hold beside it is 11 to 12 % of
// it more than four that have had nothing to do.
//
// An operation of a shared object (a Lock, a Value, a Queue) asks the notebook's process when it comes from a worker: 10 to 25 µs, so that
// Acquire and Release take 20 to 50 µs; CPython's Manager takes 170 µs for that on the same machine, and its Lock in shared memory, which cannot tell
// that its holder has died, a twentieth of a microsecond. Share seldom, or by chunks.
//
// A shared object lives as long as the notebook has it, or a worker, a call that may still send it, or another shared object that it is in. A worker has it
// until its collector has found that no variable leads to it: calls may make new queues and locks as they like. An array of [Shared] stays with
// each worker that has read it until that worker ends.
//
// This package is only the typed face: each function hands its arguments and the place it was called from to package core, which works
// with reflect. A notebook interprets this very source, so it imports nothing but the standard library and core.
package pool
