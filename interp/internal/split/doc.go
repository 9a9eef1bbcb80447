// Package split takes the text of a cell apart.
//
// [Cut] finds the top-level pieces with go/scanner alone: a piece ends at a semicolon (written or inserted) outside of all brackets.
// [Parse] gives the pieces to go/parser in two texts of the cell's own length: one with the imports, constants, types and functions,
// one with the statements and variables (wrapped in a function), each with the other's pieces blanked. So every position in
// the two trees is a position in the cell, and declarations may stand anywhere between statements.
// [IsComplete] answers whether the text can be run as it stands.
package split
