// Package randprog makes random Go programs, to compare what the interpreter does with what compiled Go does.
//
// [New] turns a seed into a program: types (types.go, decl.go), then statements (stmt.go, loop.go, template.go, edge.go) around
// expressions of a wanted type (expr.go, literal.go), with the variables in scope at hand. A program ends, whatever happens in it: its loops
// take from a common fuel, its functions call only those before them. And it prints the same wherever it runs. What the
// language leaves open is kept out:
//
//   - the order of reads, calls and panics within a statement: it has one thing at most that may panic or change
//     anything, or calls that only print (event in expr.go);
//   - what append does to other slices, which depends on capacities: programs append to copies, or within the length;
//   - conversions of floats that do not fit, fused multiplications, addresses, the order of maps and of goroutines.
//
// [File] puts many programs into one that Go builds at once. The tests run it compiled, in the interpreter as a program, and each
// program as two cells of one session, and compare line by line. TestPrograms does that for fixed seeds; with -for it
// goes on with new ones (make fuzz-programs), minimises what differs and keeps it in a folder. The interpreter runs in processes of
// its own, so a fault that ends one is found like any other difference.
package randprog
