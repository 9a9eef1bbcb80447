// Package check runs go/types over a cell as a whole, with what earlier cells declared in scope, before anything of it runs.
//
// An [Env] is the session's names. [Env.Check] takes a parsed cell through these steps:
//
//  1. assemble: one *ast.File with the cell's imports (and those its names need: kept from earlier cells, preloaded, or found by
//     package name), its declarations, a package-level variable for each variable that its top-level statements declare, and a
//     function with the remaining statements. The earlier names form a scope between the package's and the universe.
//  2. a pass of go/types. Every cell is a types.Package with the path "main" and a name of its own ("main·7"), so that
//     messages tell versions of a type apart; three complaints of go/types that come from cells being packages are dealt with
//     (methods on types of earlier cells, unkeyed literals with unexported fields, initialization cycles).
//  3. when names were redefined with another type: further passes with the earlier functions that use those names, so that they
//     follow; those that no longer compile stay as they were and are reported.
//  4. rewrite: the statements again as one function that assigns the package-level variables where they were declared, for go/ssa.
//
// [Env.Commit] makes the result part of the session. Until then nothing has changed.
package check
