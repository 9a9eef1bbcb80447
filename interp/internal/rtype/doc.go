// Package rtype makes reflect types of go/types types: the types that a cell declares become real types of the
// running process, with their names, methods and memory layout, so that compiled code (fmt, encoding/json, sort,
// text/template) treats their values as its own.
package rtype
