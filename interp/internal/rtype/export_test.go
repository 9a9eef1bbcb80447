package rtype

import "reflect"

// Implements asks the runtime, which remembers what it has answered.
func Implements(typ, inter reflect.Type) bool {
	return getitab(descriptor(inter), descriptor(typ), true) != nil
}

// FindsInterfaces reports whether the runtime's memory of that is found.
func FindsInterfaces() bool { return findItabs() != nil }
