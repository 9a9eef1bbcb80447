package runtime

import (
	"runtime"
	"unsafe"

	"poolbook/interp/internal/bridge/native/typed"
)

// AddCleanup calls cleanup(arg) some time after ptr is no longer reachable.
func AddCleanup[T, S any](ptr *T, cleanup func(S), arg S) runtime.Cleanup {
	if ptr == nil {
		panic("runtime.AddCleanup: ptr is nil")
	}
	if p, ok := any(arg).(*T); ok && p == ptr {
		panic("runtime.AddCleanup: ptr is equal to arg, cleanup will never run")
	}
	return typed.AddCleanup(unsafe.Pointer(ptr), func() { cleanup(arg) })
}
