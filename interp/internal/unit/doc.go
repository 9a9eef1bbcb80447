// Package unit takes function values apart: [Make] writes the Go source of what a function reaches.
//
// Starting at the function's syntax, every identifier is followed with go/types to its declaration in whatever cell has it: functions,
// types with all their methods, constants (by value), variables (without value: their values travel beside the source).
// A function literal's captured variables become package-level variables, type parameters of the function around it
// become their arguments, local types and constants move to package level. A variable that holds a function is
// followed into that function, so that closures which call each other, or themselves, arrive whole.
//
// The text of a declaration is the cell's own, with /*line*/ comments, so that errors and stacks in the other process name the cells.
// The hash leaves those comments out: a cell that moves, or is run again, keeps its units.
package unit
