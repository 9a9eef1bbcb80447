package vm

import (
	"fmt"
	"os"
	"reflect"
	"runtime"
	"testing"
	"unsafe"
)

// TestCodeSize: the size of a function is where the next one begins.
func TestCodeSize(t *testing.T) {
	for _, fn := range []any{os.Exit, fmt.Fprintf, TestCodeSize, runtime.GC} {
		code := ptr(reflect.ValueOf(fn).UnsafePointer())
		n := codeSize(code)
		if n < 16 || !sameFunc(code, unsafe.Add(code, n-1)) || sameFunc(code, unsafe.Add(code, n)) {
			t.Errorf("%s: %d bytes", runtime.FuncForPC(uintptr(code)).Name(), n)
		}
	}
}
