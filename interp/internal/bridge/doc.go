// Package bridge gives interpreted code the compiled packages of the process: the standard library, and the
// packages of the module itself that the owner of a [Set] adds.
//
// A package is a table from exported names to reflect values: functions as they are, variables as the addressable
// value they live in, types as a nil pointer to them. Constants are not in it, since the type checker knows them.
//
// The tables of the standard library are in the package std, those of each release of Go in files of its own. They are read when a package is first asked for, and cost
// nothing before. The command in gen writes them from what github.com/traefik/yaegi/extract says of each package; a test
// of gen runs it again and compares. That is all of yaegi that runs here, and at generation only: its package stdlib and
// its evaluator are a peer in interp/bench and in no way part of the program.
//
// A test of the package check/stdlib compares them with the type information. Generic functions and types have no
// compiled form and are absent: they are interpreted from source, which calls the packages native and native/typed for
// what only compiled code can do. [Set.Instance] has compiled instances of the commonest generic functions.
package bridge
