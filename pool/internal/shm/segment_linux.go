//go:build amd64 || arm64

package shm

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Segment is memory that this process has made for others to read.
type Segment struct {
	file *os.File
	mem  []byte
}

// New makes a segment of that many bytes, which are 0.
//
// What keeps it sound, on Go 1.24 to 1.27: mem is part of one object of the heap, larger than 32 kB as far as pages are replaced, so that no other
// object is on its pages; it has no pointers, so that neither the collector nor the allocator keeps anything on them (what they know of a span is
// elsewhere). While the object lives, the runtime does nothing to its pages but advise about their size. Before it is given back its finalizer,
// which runs while it still exists, puts ordinary memory in place of the file's.
func New(size int) (*Segment, error) {
	fd, err := unix.MemfdCreate("poolbook-shared", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("make shared memory: %w", err)
	}
	s := &Segment{file: os.NewFile(uintptr(fd), "shared memory")}
	page := os.Getpagesize()
	length := max((size+page-1)/page, 1) * page
	if err := unix.Ftruncate(fd, int64(length)); err != nil {
		s.file.Close()
		return nil, fmt.Errorf("make %d bytes of shared memory: %w", size, err)
	}
	// A reader beyond the end of a file would be ended by a signal: it stays as long as it is.
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW); err != nil {
		s.file.Close()
		return nil, fmt.Errorf("seal shared memory: %w", err)
	}
	object := make([]byte, max(length+page, minObject))
	skip := int(-uintptr(unsafe.Pointer(&object[0])) & uintptr(page-1))
	at := unsafe.Pointer(&object[skip])
	if err := place(at, length, unix.MAP_SHARED, fd); err != nil {
		s.file.Close()
		return nil, fmt.Errorf("map %d bytes of shared memory: %w", size, err)
	}
	runtime.SetFinalizer(&object[0], func(first *byte) {
		_ = place(unsafe.Add(unsafe.Pointer(first), skip), length, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS, -1)
	})
	s.mem = object[skip : skip+size : skip+size]
	return s, nil
}

// minObject is beyond the size from which the heap gives an object pages of its own.
const minObject = 64 << 10

// place replaces pages of this process. The address that the system returns is at, and is not made a pointer again.
func place(at unsafe.Pointer, length, flags, fd int) error {
	_, _, errno := unix.Syscall6(unix.SYS_MMAP, uintptr(at), uintptr(length), unix.PROT_READ|unix.PROT_WRITE, uintptr(flags|unix.MAP_FIXED), uintptr(fd), 0)
	runtime.KeepAlive(at)
	if errno != 0 {
		return errno
	}
	return nil
}

// Bytes is the memory. It lives as long as anything refers to it, also without the segment.
func (s *Segment) Bytes() []byte { return s.mem }

// Path is where other processes of the user open the segment, as long as it is reachable.
func (s *Segment) Path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), s.file.Fd()) }

// Open maps the segment of another process, of that many bytes, for reading: a write is a fault. It stays until this process ends.
func Open(path string, size int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open shared memory: %w", err)
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || st.Size() < int64(size) {
		return nil, fmt.Errorf("open shared memory: %s does not have %d bytes", path, size)
	}
	if size == 0 {
		return nil, nil
	}
	mem, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %d bytes of shared memory: %w", size, err)
	}
	return mem, nil
}
