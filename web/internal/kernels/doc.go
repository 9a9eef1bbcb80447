// Package kernels keeps the running kernels of the server, their websockets' queues, and the sessions that tie a kernel to a notebook.
//
//	websocket → Conn.Send → (journal notes execute requests) → kernel/client → kernel process
//	kernel process → kernel/client → pump → journal, state → every Conn's queue (outputs), the asker's queue (replies)
//	                                      → the kernel's backlog, when nobody is connected
//
// A kernel lives until it is shut down, whether somebody is connected or not. What it says meanwhile is kept in its backlog
// (MaxBacklog bytes, MaxBacklogMessages messages; the oldest go first, and the next connection is told how many) and given to the next
// connection. A connection that does not take its messages makes the kernel wait, as a slow terminal does; after a time its
// websocket is closed by its writer, and what it did not get goes to the backlog.
//
// A page asks for outputs as it can show them (shaper.go): little pieces together, and of a flood the first and the last, with a note of what is
// held back (held.go) and can be read at an address of the server. Other clients get every output as it comes, up to 64 MiB of a request.
//
// The journal of a kernel has the outputs of the latest executions by cell, so that a page that is opened anew can show what an earlier
// one was told.
//
// A cell's reply is given out after its outputs, whichever comes first (order.go).
//
// A client that comes while a cell runs is told so at once, by the server, since the kernel answers only after the cell (introduce.go).
//
// A kernel process that ends by itself is noticed when it ends. Clients that wait for its cells get an error and an end of each; then it is
// restarted, at most MaxRestarts times in a row.
//
// # Goroutines
//
//	name     one per  owns                                        ends when
//	pump     kernel   reading of the kernel's subscription        the kernel is shut down
//	revive   death    restarting                                  it runs again, is given up, or is shut down
//
// Both belong to their Kernel and are waited for by its shutdown.
package kernels
