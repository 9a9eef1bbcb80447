// Package jit makes machine code: an encoder for the part of amd64 that the
// machine's templates use, and memory that can be executed.
//
// The encoder knows nothing of the machine. An instruction is a row of a table
// ([Ins]) with a register and an operand in a register or in memory; [Asm]
// appends it, keeps labels and patches the jumps. [Map] puts the finished code
// into memory of its own, which is never writable and executable at once.
//
// Nothing here is safe for concurrent use but Map and Memory's methods.
package jit
