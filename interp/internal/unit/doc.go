// Package unit takes function values apart: [Make] writes the Go source of what a function reaches.
//
// Starting at the function's syntax, every identifier is followed with go/types to its declaration in whatever cell has it: functions,
// types with all their methods, constants (by value), variables (without value: their values travel beside the source).
// A function literal's captured variables become package-level variables, type parameters of the function around it
// become their arguments, local types and constants move to package level. A variable that holds a function is
// followed into that function, so that closures which call each other, or themselves, arrive whole.
//
// A function inside a value may be there several times, each with captured variables of its own. [MakeInside] writes a function that makes one: it takes
// a pointer to a struct of pointers to these variables.
//
// A session may have declared several types of one name. Each has a number and a name of its own in units ([Session].TypeName), the same in all of
// them, so that a process that has loaded two units has one type for what was one type; those who look at a type see the name that it has in
// its cell (rtype.Shown). An embedded field is called as its type, and selected by that name. Types whose values are in interfaces come along
// when [Extra] asks for them.
//
// A type that a function declares is declared at the top of the unit, so that the session knows values of it that come back in
// interfaces. Those in generic functions have no number: each instance of the function has its own, and such values stay in their process.
//
// A method that mentions what cannot be sent, and that nothing in the unit calls, becomes one that panics with the reason: leaveout.go.
//
// The text of a declaration is the cell's own, with /*line*/ comments, so that errors and stacks in the other process name the cells.
// The hash leaves those comments out: a cell that moves, or is run again, keeps its units.
package unit
