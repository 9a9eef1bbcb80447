// Package bridge gives interpreted code the compiled packages of the process: the standard library, and the
// packages of the module itself that the owner of a [Set] adds.
//
// A package is a table from exported names to reflect values: functions as they are, variables as the addressable
// value they live in, types as a nil pointer to them. Constants are not in it, since the type checker knows them.
// The tables of the standard library are those of yaegi's stdlib package, which end at Go 1.22, completed by what
// later releases added (see the generated files of the std directory). Generic functions and types have no compiled form
// and are absent: they are interpreted from source, see the package check/stdlib.
package bridge
