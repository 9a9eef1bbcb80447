// Package kernel is the request loop of a Jupyter kernel: protocol 5.5 over ZeroMQ, for any front end. What runs the code is
// a [Session], which the caller of [Run] supplies; this package imports no interpreter.
//
// # The way of a request
//
// A goroutine per channel receives frames, package wire checks and decodes them (what does not pass is logged, see loglimit.go, and dropped),
// and the message becomes a request. On control it is answered at once. On shell it goes to the queue of its subshell, whose
// runner answers one after the other: status busy, the handler, status idle. The handlers are in one file for each
// family: execute.go, info.go (kernel_info, is_complete), complete.go, inspect.go, history.go, comm.go, stdin.go,
// control.go (interrupt, shutdown), subshell.go, usage.go, debug.go and variables.go (variable explorers).
//
// When the connection file has curve_publickey and curve_secretkey, all five sockets are CurveZMQ servers with them, as those of ipykernel 7.3
// are: clients such as jupyter_client 8.9 put the keys there for kernels whose kernelspec says that they can. Plain connections
// are refused then, and a file with half of the keys is an error, so that nothing goes on unencrypted by mistake. Whose key a client has is
// not asked: the heartbeat of jupyter_client has a new one. Messages are signed as ever.
//
// # The way of output
//
// Each cell has an output (output.go), which knows the header of the cell's request; so everything the cell causes has that
// parent, also after the cell is done. Streams gather there and are sent when there is enough (64 KiB), when something else
// must follow (a display, the end of the cell), or by the flusher after 20 ms. Whoever writes more than front ends
// take waits in the transport: output is never dropped. Status messages, replies and errors do not wait.
// What a cell writes past [Config.OutputCap] goes to a file (spool.go), and a note in the cell says how much and where.
//
// # Goroutines
//
//	name        started by  owns                            reads                       ends when
//	control     serve       nothing                         the control socket          the kernel stops (life)
//	shell       serve       nothing                         the shell socket            the kernel stops (life)
//	stdin       serve       nothing                         the stdin socket            the kernel stops (life)
//	runner      addShell    the running request             its subshell's queue        the subshell is deleted, or stopped
//	explorer    serve       the running debug request       its own queue               the kernel stops
//	flusher     serve       nothing                         outputs with text to send   the kernel stops (life)
//	parent      watch       nothing                         the parent process          the kernel stops, or the parent has
//	signals     watch       the signal channel              SIGINT, SIGTERM             the kernel stops (life)
//
// serve waits for the first six, Run for the others and for the goroutines of the sockets (see package transport). Only a
// cell that ignores its interrupt is not waited for (ErrStuck).
//
// The order of locks is server.mu, subshell.mu; output.mu is held while publishing, with no other lock of this package.
package kernel
