// Package stdlib gives the type checker the packages that a cell may import: the standard library from embedded
// export data, the compiled packages of the module from their reflect types, and packages that are interpreted from
// source.
package stdlib
