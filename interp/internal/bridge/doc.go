// Package bridge gives interpreted code the compiled packages of the process: the standard library, and the
// packages of the module itself that the owner of a [Set] adds.
//
// A package is a table from exported names to reflect values: functions as they are, variables as the addressable
// value they live in, types as a nil pointer to them. Constants are not in it, since the type checker knows them.
//
// The tables of the standard library come from three places; the first that has a symbol gives it:
//
//   - yaegi's unrestricted tables: what its main tables replace because it ends a program (os.Exit, log.Fatal);
//   - the package std: what Go 1.23 to 1.26 added, packages that yaegi leaves out, and syscall. Written by the command
//     in gen;
//   - yaegi's main tables, which end at Go 1.22.
//
// A test of the package check/stdlib compares them all with the type information. Generic functions and types have no
// compiled form and are absent: they are interpreted from source, which calls the packages native and native/typed for
// what only compiled code can do. [Set.Instance] has compiled instances of the commonest generic functions.
package bridge
