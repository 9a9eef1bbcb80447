//go:build !linux

package bridge

// systemCalls is empty: on Windows golang.org/x/sys has no assembly of its own, elsewhere it needs the linker.
var systemCalls map[string]any
