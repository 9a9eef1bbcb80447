// Package codec puts Go values on the wire between a notebook and its worker processes.
//
// A value is encoded by the plan of its reflect type, made once and kept: [Codec.Append] walks memory with it, [Codec.Decode] fills memory.
// Both sides know the type, so that nothing but the values travels; only what sits in an interface is preceded by its type's name,
// which [Types] gives and finds again. Rules, in the order in which they are tried for a type:
//
//   - shared objects ([Handle]) travel as their number;
//   - time.Time, *time.Location, and types that marshal themselves (GobEncoder, BinaryMarshaler) travel as they say;
//   - what means something in its own process only is refused: seeds of maphash, unique handles, a notebook's pools and futures;
//   - numbers and what is made of numbers only (arrays, structs, and the elements of slices) travel as their memory;
//   - pointers, maps, and slices that can contain themselves are numbered, so that shared and cyclic ones keep their shape within one message;
//   - structs travel field by field, unexported fields too;
//   - functions travel as the name of their code ([Options].Func) and what they have captured, numbered like pointers;
//   - channels, open files, used locks are refused with a [*RefusedError] that names the path.
//
// Pointers into the middle of values and slices that share elements go on sharing them within one message, and variables that are encoded
// together ([Encoder.Share]) do so across each other: alias.go.
//
// In an interface, some values are themselves in every process ([Sentinels], [Options].Known), or those that both sides of a conversation hold
// ([Session]): io.EOF, a module's errors, and an error in a captured variable, so that errors.Is finds them. They are known by pointer and
// type: what has no memory may be at any address. A context arrives as one with the same deadline, values and state (context.go), a reflect.Type
// as itself. An error whose type has no name elsewhere, or that holds what cannot be sent, arrives as an [OpaqueError] with its text and what
// it wraps, or an [OpaqueRuntimeError], where the interface asks for an error.
//
// The wire is little-endian and int has 64 bits, as on every platform where workers are processes.
//
// The decoder trusts nothing: lengths are checked against what is left before memory is asked for, numbers of shared values
// against their types, names against Types, and nesting is limited.
package codec
