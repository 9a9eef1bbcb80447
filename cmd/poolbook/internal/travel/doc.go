// Package travel makes random notebooks about values that travel to worker processes.
//
// Their types embed each other, are generic, or local to a function; their values share memory, lead back to themselves, and hold each other in
// interfaces; their functions capture them, are methods, or literals; and later cells declare types and methods anew. The first cell has
// what all have in common: dump, which tells of a value its types, its contents, and what shares memory with what, and check, which makes the
// same call plainly, on a thread pool, on one process and on three, each time with values made anew. A line of output is "same" or "refused …",
// for a call that refused its arguments with the place of what cannot be sent; an outcome that differs begins with "§ ".
package travel
