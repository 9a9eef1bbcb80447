// Package terminals keeps the shells of the server's terminals, each behind a pseudo-terminal, for JupyterLab's terminal widget.
//
//	websocket → Client.Write, Client.Resize → pseudo-terminal → shell
//	shell → pseudo-terminal → reader → the terminal's screenful of past output → every Client.Next → websocket
//
// A terminal lives until its shell ends, it is closed, or the server stops, whether somebody is connected or not. Who connects is given the end of
// what was written before (MaxPast bytes). A client that does not take its output makes the shell wait (MaxBehind bytes), as a slow line does,
// until its websocket is given up. The pseudo-terminal has the size of the smallest client.
//
// The form of the messages, in the server's api_terminals.go, is that of terminado 0.17, which Jupyter Server uses.
//
// There are none where there are no pseudo-terminals (Windows): see Available.
//
// # Goroutines
//
//	name    one per   owns                                 ends when
//	reader  terminal  reading of the pseudo-terminal       it is closed, or nobody has it open any more
//	waiter  terminal  the shell's process                  the shell has ended; waits for the reader
//
// Both belong to their Terminal and are waited for by Manager.Stop.
package terminals
