//go:build !amd64 && !arm64

package vm

import (
	"bytes"
	"runtime"
	"strconv"
)

// goid identifies the running goroutine among those that are alive.
func goid() uintptr {
	var buf [64]byte
	b := buf[:runtime.Stack(buf[:], false)]
	b = bytes.TrimPrefix(b, []byte("goroutine "))
	n, _ := strconv.ParseUint(string(b[:max(bytes.IndexByte(b, ' '), 0)]), 10, 64)
	return uintptr(n)
}
