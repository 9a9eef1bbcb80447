//go:build go1.26 && !go1.27

package goabi

import (
	"reflect"
	"unsafe"
)

// Version is the release, and that of the language which cells are written in.
const Version = "1.26"

// The code for HTTP/2 is in this package, and the names of its types and functions begin with this.
const (
	HTTP2Package = "net/http"
	HTTP2Prefix  = "http2"
)

// JSONDepth is how many arrays and objects in each other package encoding/json encodes: there is no end.
const JSONDepth = 0

// RangeBodiesNest tells how the compiler names functions: what is in the body of a loop over a function is named and counted as the function's own.
const RangeBodiesNest = false

// PromotedKeys tells whether fields of embedded structs can be keys in a literal of the struct around them.
const PromotedKeys = false

// Newer has the packages of the library that later releases have, and since which.
var Newer = map[string]string{
	"crypto/mldsa":           "1.27",
	"encoding/json/jsontext": "1.27",
	"encoding/json/v2":       "1.27",
	"uuid":                   "1.27",
}

// MapTail is the end of internal/abi.MapType, behind Hasher.
type MapTail struct {
	GroupSize, SlotSize, ElemOff uintptr
	Flags                        uint32
}

// fits reports whether the tail is that of a map with such groups and flags.
func (t *MapTail) fits(group reflect.Type, flags uint32) bool {
	slot := group.Field(1).Type.Elem()
	return *t == MapTail{group.Size(), slot.Size(), slot.Field(1).Offset, flags}
}

// segments are the fields of runtime.moduledata from types to the last one before ptab.
type segments struct {
	Types, TypesEnd unsafe.Pointer
	_               [3]uintptr    // rodata, gofunc, epclntab
	_               [3][3]uintptr // textsectmap, typelinks, itablinks
}
