// Package std holds symbols of the standard library that the tables of yaegi's stdlib package do not: what Go 1.23 to
// 1.26 added, and packages that it leaves out. The files symbols_*.go are written by the command in ../gen.
package std

import "reflect"

//go:generate go run ../gen -dir .

// Symbols holds the symbols of a package under its import path joined with its name, as yaegi's tables do.
var Symbols = map[string]map[string]reflect.Value{}
