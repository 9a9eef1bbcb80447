// Package stdlib gives the type checker the packages that a cell may import: the standard library from embedded
// export data, the compiled packages of the module from their reflect types, and packages that are interpreted from
// source.
//
// Each release of Go has data of its own, data/go1.N, of which a build embeds its own: see package goabi. Packages that are interpreted from
// source and given in the Config have their functions as methods too: see addMethods. A
// session that runs units alone reads no more of them than the units reach: see Importer.Need.
package stdlib
