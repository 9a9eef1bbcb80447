// Package rtype makes reflect types of go/types types: the types that a cell declares become real types of the
// running process, with their names, methods and memory layout, so that compiled code (fmt, encoding/json, sort,
// text/template) treats their values as its own.
//
// # How a type is made
//
// Type literals without methods are made by reflect itself (reflect.SliceOf, StructOf, FuncOf …), so that they are the
// very types that compiled code has. Named types, structs with embedded or blank fields and interfaces with methods get
// descriptors that this package writes, in the layout that the runtime expects (layout.go; a self test refuses other
// Go releases).
//
// Types may be recursive in every way. A named type is declared in three steps:
//
//  1. layout: size, alignment, pointer map and comparison, computed from what the type holds by value, which cannot
//     lead back to it. Whatever is behind a pointer, slice, map, channel, function or interface is taken as a stand-in of
//     the same layout. From here on other types may hold the type by value, as a map's key too.
//  2. fill: the descriptor gets the types that it refers to. They may refer to this one.
//  3. methods: the method tables of T and *T, promoted methods among them, as go/types sees them.
//
// Of runs all steps for all types that it meets before it returns.
//
// # Methods
//
// Compiled code calls a method by an address of machine code. The package stub has a number of prepared pieces of code, of
// which every method takes one or two. At its first call a method asks Config.Method for what it does, and Config.Func
// for a function value that needs no reflection, which takes its place from the second call on (some 60 ns a call
// instead of 1000).
//
// Stubs are the one thing that can run out: there are 32768 in a process, and types are never freed, since the runtime
// and reflect remember them for ever. A session that declares a type with ten value methods again and again can do so
// 2400 times. Table.Close gives stubs back.
//
// Types may get methods later, and others in place of those that they have: Table.Extend. Their descriptors stay the same, so that values
// made before and after are of one type, and the runtime is told (remembered.go).
//
// # What is different from compiled types
//
//   - A type made again from the same source is another type; reflect's ConvertibleTo finds structs of both alike.
//   - reflect.StructOf and InterfaceOf, called by compiled code, make types of their own for structs with embedded
//     fields.
//   - reflect's Method.Func panics for value methods made after three quarters of the stubs are taken. Value.Method
//     works.
package rtype
