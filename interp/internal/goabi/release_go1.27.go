//go:build go1.27 && !go1.28

package goabi

import (
	"reflect"
	"unsafe"
)

// Version is the release, and that of the language which cells are written in.
const Version = "1.27"

// The code for HTTP/2 is in this package, and the names of its types and functions begin with this.
const (
	HTTP2Package = "net/http/internal/http2"
	HTTP2Prefix  = ""
)

// JSONDepth is how many arrays and objects in each other package encoding/json encodes: with more it returns an error.
const JSONDepth = 10_000

// RangeBodiesNest tells how the compiler names functions: what is in the body of a loop over a function is named and counted as that body's own.
const RangeBodiesNest = true

// PromotedKeys tells whether fields of embedded structs can be keys in a literal of the struct around them.
const PromotedKeys = true

// Newer has the packages of the library that later releases have, and since which.
var Newer = map[string]string{}

// MapTail is the end of internal/abi.MapType, behind Hasher.
type MapTail struct {
	GroupSize            uintptr
	KeysOff, KeyStride   uintptr
	ElemsOff, ElemStride uintptr
	ElemOff              uintptr
	Flags                uint32
}

// fits reports whether the tail is that of a map with such groups and flags.
func (t *MapTail) fits(group reflect.Type, flags uint32) bool {
	slots := group.Field(1)
	slot := slots.Type.Elem()
	elem := slot.Field(1).Offset
	return *t == MapTail{group.Size(), slots.Offset, slot.Size(), slots.Offset + elem, slot.Size(), elem, flags}
}

// segments are the fields of runtime.moduledata from types to the last one before ptab.
type segments struct {
	Types, _, TypesEnd unsafe.Pointer
	_                  [2]uintptr // itaboffset, itabsize
	_                  [3]uintptr // rodata, gofunc, epclntab
	_                  [3]uintptr // textsectmap
}
