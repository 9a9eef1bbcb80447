package interp

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// memoryStatus is MEMORYSTATUSEX of the Windows API.
type memoryStatus struct {
	length, load                                                  uint32
	totalPhys, availPhys, totalPage, availPage, totalVirt, avVirt uint64
	availExtended                                                 uint64
}

var globalMemoryStatusEx = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

func systemMemory() int64 {
	s, _ := readMemory()
	return int64(s.totalPhys)
}

func availableMemory() (free, total int64, ok bool) {
	s, ok := readMemory()
	return int64(s.availPhys), int64(s.totalPhys), ok
}

func readMemory() (s memoryStatus, ok bool) {
	s.length = uint32(unsafe.Sizeof(s))
	// the call only fills s, which outlives it
	if done, _, _ := globalMemoryStatusEx.Call(uintptr(unsafe.Pointer(&s))); done == 0 {
		return memoryStatus{}, false
	}
	return s, true
}
