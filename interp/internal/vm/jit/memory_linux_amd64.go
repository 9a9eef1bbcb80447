package jit

import (
	"fmt"
	"syscall"
	"unsafe"
)

// Memory is executable memory with one piece of code.
type Memory struct{ pages []byte }

// Map copies code into memory of its own. It fails where the system gives no
// executable memory.
func Map(code []byte) (*Memory, error) {
	pages, err := syscall.Mmap(-1, 0, len(code), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("memory for code: %w", err)
	}
	copy(pages, code)
	if err := syscall.Mprotect(pages, syscall.PROT_READ|syscall.PROT_EXEC); err != nil {
		syscall.Munmap(pages)
		return nil, fmt.Errorf("making code executable: %w", err)
	}
	return &Memory{pages}, nil
}

// Address is where the code begins.
func (m *Memory) Address() uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(m.pages))) }

// Size is what the memory takes from the system, in bytes.
func (m *Memory) Size() int {
	page := syscall.Getpagesize()
	return (len(m.pages) + page - 1) / page * page
}

// Free gives the memory back. Nobody may execute it any more.
func (m *Memory) Free() error { return syscall.Munmap(m.pages) }
