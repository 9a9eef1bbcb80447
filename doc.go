// Poolbook is a Jupyter-style notebook system for Go in one binary: a Go
// interpreter kernel, a pool module preloaded in every cell, worker processes
// that run interpreted functions in parallel, and a notebook page in the
// browser.
//
// The way of a cell through the folders: web passes an execute request to the
// kernel process, kernel takes it off the shell socket, interp checks and runs
// it, pool sends functions to worker processes, and everything they cause goes
// back under the cell that asked for it.
package poolbook
