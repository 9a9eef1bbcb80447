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
// This package is only the typed face: each function hands its arguments and the place it was called from to package core, which works
// with reflect. A notebook interprets this very source, so it imports nothing but the standard library and core.
package pool
