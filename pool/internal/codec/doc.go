// Package codec puts Go values on the wire between a notebook and its worker processes.
//
// A value is encoded by the plan of its reflect type, made once and kept: [Codec.Append] walks memory with it, [Codec.Decode] fills memory.
// Both sides know the type, so that nothing but the values travels; only what sits in an interface is preceded by its type's name,
// which [Types] gives and finds again. Rules, in the order in which they are tried for a type:
//
//   - shared objects ([Handle]) travel as their number;
//   - time.Time, *time.Location, and types that marshal themselves (GobEncoder, BinaryMarshaler) travel as they say;
//   - numbers and what is made of numbers only (arrays, structs, and the elements of slices) travel as their memory;
//   - pointers, maps, and slices that can contain themselves are numbered, so that shared and cyclic ones keep their shape within one message.
//     A pointer into the middle of another value (a field, an element) becomes a pointer to a copy;
//   - structs travel field by field, unexported fields too;
//   - well-known errors (io.EOF, fs.ErrNotExist …) arrive as the same value, so that errors.Is finds them; an error whose type has no
//     name elsewhere arrives as an [OpaqueError] with its text and what it wraps;
//   - channels, functions, open files, used locks are refused with a [*RefusedError] that names the path.
//
// The wire is little-endian and int has 64 bits, as on every platform where workers are processes.
//
// The decoder trusts nothing: lengths are checked against what is left before memory is asked for, numbers of shared values
// against their types, names against Types, and nesting is limited.
package codec
