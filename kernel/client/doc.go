// Package client starts Jupyter kernels, of any language, and talks to them. The web server and the runner of notebooks
// use it; it knows nothing of what the kernel runs.
//
// [FindSpecs] finds the installed kernels as Jupyter does, or a [Spec] is made by hand. [Start] writes a connection file,
// starts the process, connects to the channels and returns when the kernel has answered and its output channel is
// subscribed, so that no message of the first request can be lost. After that
//
//	k.Send(protocol.Shell, m)       sends a message made by protocol.New or by a front end
//	sub := k.Subscribe()            every message of the kernel, with its channel
//	k.Execute(ctx, code, o, f)      one cell: f sees its outputs in order, the reply comes back
//	k.Interrupt, k.Restart, k.Shutdown, k.Kill
//
// # Goroutines
//
//	name       one per     owns                               ends when
//	process    process     the child (start, wait)            the child exits
//	reader     channel     its connection, made anew if lost  the child exits
//
// The process goroutine waits for the others of its process before it says that the kernel is gone ([Kernel.Done]).
package client
