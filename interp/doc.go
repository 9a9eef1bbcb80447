// Package interp is the interpreter of Poolbook: a [Session] runs cells of plain Go and keeps what they declare.
//
// A cell goes through four packages:
//
//	internal/split   text → imports, declarations, statements, final expression (go/parser, exact positions)
//	internal/check   go/types over the whole cell, earlier cells in scope; nothing has run yet
//	go/ssa           the checked cell, lowered (generics instantiated, range-over-func, defer)
//	internal/vm      register code, run
//
// Each cell is one types.Package. All of them have the path "main", so that the unexported names of one cell are those of
// another. Variables declared at the top level of a cell, with var or with :=, are package-level variables of its package:
// later cells see them, and so do functions declared in any cell. When a later cell declares a variable of the same name
// and the same type, both share their storage.
//
// # Cells
//
// A cell mixes imports, declarations, statements and a final expression (or several, with commas), in any order that reads
// naturally. Statements run from the top; functions, types and constants are there from the start, as in a Go file; defer waits
// for the cell's end. The value of the final expression is the cell's, unless a semicolon follows. Unused variables and imports are
// no errors, and a package of the standard library is imported by using its name. A cell may be a whole program: package main is
// accepted, init functions run after the variables before the first statement, and a main that the cell declares
// and does not call is called at its end. Lines that begin with % or ! before the Go code are commands (%help).
//
// # Declaring again
//
// A variable may change its type; with the same type it keeps its storage, so that pointers to it and functions that use it see the
// new value. A function with the same signature takes the place of the old one for all that call it or hold it. When a
// declaration means something else than before (another type, signature, constant value), the functions of earlier cells that
// mention it are checked again with it and follow; those that do not compile any more keep the old one, and
// the result carries a warning. A type declared again with the same text stays the same type; otherwise it is a new one, and values of
// the old one keep theirs: messages then say Point (cell 3). Methods may be added to a type by any later cell; for a generic
// type that makes a new type.
//
// # Errors
//
// A cell that has an error changes nothing: errors found by the checker come as a [*CompileError] before the cell
// starts. A cell that fails while it runs keeps what it did until then, as in every notebook.
//
// [Traceback] renders each of these for a notebook.
//
// # Output and input
//
// What a cell prints, its goroutines and callbacks included, goes to the writers of that cell, also after it has ended. os.Stdout,
// os.Stderr, os.Stdin, os.Args, the default loggers and flags are the session's own. os.Exit and log.Fatal end the cell.
//
// # Code units
//
// The other way round, [Session.Unit] takes a function value apart: the declarations it reaches, as Go source with
// positions that lead back to the cells, and the variables it reads. [Session.LoadUnit] makes the function again in another
// process. Functions of a program that [Session.RunProgram] runs are taken apart in the same way; their positions name its files.
package interp
