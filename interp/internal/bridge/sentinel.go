package bridge

import (
	"flag"
	"os"
	"reflect"
	"strings"
	"sync"
	"unsafe"

	"poolbook/interp/internal/bridge/std"
)

// A Sentinel is the identity of a value that a package-level variable holds, such as io.EOF: a pointer with its type, or the type alone
// of what has no memory, since all values of it are equal and pointers to them need not differ.
type Sentinel struct {
	ptr unsafe.Pointer
	typ reflect.Type
}

// SentinelOf returns the identity of a value; false when it has none.
func SentinelOf(v reflect.Value) (Sentinel, bool) {
	switch {
	case !v.IsValid():
		return Sentinel{}, false
	case v.Kind() != reflect.Pointer:
		return Sentinel{typ: v.Type()}, v.Type().Size() == 0
	case v.IsNil():
		return Sentinel{}, false
	case v.Type().Elem().Size() == 0:
		return Sentinel{typ: v.Type()}, true
	}
	return Sentinel{v.UnsafePointer(), v.Type()}, true
}

// SentinelIn returns the identity of what a variable holds when it is a pointer, or an interface with something that has one.
func SentinelIn(variable reflect.Value) (Sentinel, bool) {
	v := variable
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if variable.Kind() != reflect.Interface && variable.Kind() != reflect.Pointer {
		return Sentinel{}, false
	}
	return SentinelOf(v)
}

// StandardSentinel names a variable of the standard library that holds a value: "io.EOF", "encoding/base64.StdEncoding".
func StandardSentinel(s Sentinel) (name string, ok bool) {
	name, ok = sentinels()[s]
	return name, ok
}

// StandardVariable is the inverse of StandardSentinel: what the variable holds.
func StandardVariable(name string) (reflect.Value, bool) {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return reflect.Value{}, false
	}
	v, ok := std.Find(name[:dot]).Lookup(name[dot+1:])
	if !ok || !v.CanAddr() {
		return reflect.Value{}, false
	}
	s, ok := SentinelIn(v)
	if _, known := sentinels()[s]; !ok || !known {
		return reflect.Value{}, false
	}
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v, true
}

// sentinels are the values of the standard library's variables, some 400, found in less than a millisecond. Files, flags and what holds
// them are left out: a session has its own.
var sentinels = sync.OnceValue(func() map[Sentinel]string {
	found := make(map[Sentinel]string)
	for path := range std.Paths() {
		for name, v := range std.Find(path).All() {
			if !v.CanAddr() {
				continue
			}
			s, ok := SentinelIn(v)
			if !ok || s.typ == reflect.TypeFor[*os.File]() || s.typ == reflect.TypeFor[*flag.FlagSet]() || s.typ == reflect.TypeFor[struct{}]() {
				continue
			}
			full := path + "." + name
			if other, ok := found[s]; !ok || full < other { // io/fs.ErrExist is os.ErrExist too
				found[s] = full
			}
		}
	}
	return found
})
