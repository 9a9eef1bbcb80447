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
// A cell that has an error changes nothing: errors found by the checker come as a [*CompileError] before the cell
// starts. A cell that fails while it runs keeps what it did until then, as in every notebook.
//
// The other way round, [Session.Unit] takes a function value apart: the declarations it reaches, as Go source with
// positions that lead back to the cells, and the variables it reads. [Session.LoadUnit] makes the function again in another
// process.
package interp
