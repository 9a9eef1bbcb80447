// Package proc is what is between a pool and one worker process: frames over two pipes, and how the process starts and ends.
//
// A frame is its length (4 bytes, little-endian, of what follows), its [Kind] (1 byte) and its body; bodies are made of the fields that
// [Body] appends and [Fields] reads. The pool writes to the worker's pipe through an [Outbox], so that nothing that schedules ever
// waits for a worker that does not read: frames gather while the last write is under way, and go out together.
//
// On Unix the pipes are the worker's files 3 and 4; on Windows, where only the standard files are inherited, its standard input and output.
// A third shared thing, where the platform has it, is the [Beacon]: a page of memory in which the worker writes what it is running,
// so that the pool knows after a SIGKILL which item it was. Beside it are two pages that are a [Box] each: a short message to somebody who
// looks for it just then goes there instead of into the pipe, and nobody has to be woken.
//
// On Unix a worker leads a process group, so that it ends together with the commands that its tasks have started: the pool kills groups, what is
// left of one when its leader has ended too (where the leader can be waited for without being reaped: on Linux), and a worker whose pool's
// process has ended kills its own.
package proc
