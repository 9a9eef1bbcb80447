package rtype

import (
	"reflect"
	_ "unsafe" // for go:linkname
)

//go:linkname getitab runtime.getitab
func getitab(inter, typ *rtype, canfail bool) *itab

// Implements asks the runtime, which remembers what it has answered.
func Implements(typ, inter reflect.Type) bool {
	return getitab(descriptor(inter), descriptor(typ), true) != nil
}
