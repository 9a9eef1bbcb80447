//go:build !linux

package kernel

import (
	"runtime"
	"time"

	"poolbook/kernel/protocol"
)

// residentMemory is what the Go runtime has of the system: close to, and not, the resident memory, in bytes.
func residentMemory() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys - m.HeapReleased
}

// What this system does not tell.
func machineMemory() *protocol.MemoryUsage        { return nil }
func processTime() time.Duration                  { return 0 }
func machineTime() (busy, total float64, ok bool) { return 0, 0, false }
