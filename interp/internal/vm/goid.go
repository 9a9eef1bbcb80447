//go:build amd64 || arm64

package vm

// goid identifies the running goroutine among those that are alive.
func goid() uintptr
