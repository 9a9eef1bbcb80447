//go:build go1.28

package goabi

import (
	"reflect"
	"unsafe"
)

// The compiler's message about this line is what somebody sees who builds with a later release of Go.
const _ int = "Poolbook does not know this release of Go yet: build it with Go 1.26 or Go 1.27, as in GOTOOLCHAIN=go1.27.4 go run ./cmd/poolbook (interp/internal/goabi/ADDING.md says how to add a release)"

// What follows keeps the compiler from saying more than that.

const (
	Version      = ""
	HTTP2Package = ""
	HTTP2Prefix  = ""
	JSONDepth    = 0

	RangeBodiesNest = false
	PromotedKeys    = false
)

var Newer map[string]string

type MapTail struct{}

func (t *MapTail) fits(reflect.Type, uint32) bool { return false }

type segments struct{ Types, TypesEnd unsafe.Pointer }
