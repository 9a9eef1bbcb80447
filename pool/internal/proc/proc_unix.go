//go:build unix

package proc

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// pipesAreStandard: the worker's pipes are files 3 and 4, and its standard files are its own.
const pipesAreStandard = false

func prepare(cmd *exec.Cmd) { dieWithParent(cmd) }

func terminate(p *os.Process) { _ = p.Signal(syscall.SIGTERM) }

func status(s *os.ProcessState) Status {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return Status{Signal: w.Signal().String(), Number: int(w.Signal()), Code: -1}
	}
	return Status{Code: s.ExitCode()}
}

// tryWriter writes to a pipe without waiting.
func tryWriter(w any) func(p []byte) int {
	f, ok := w.(*os.File)
	if !ok {
		return nil
	}
	c, err := f.SyscallConn()
	if err != nil {
		return nil
	}
	var p []byte
	var n int
	once := func(fd uintptr) bool {
		n, _ = syscall.Write(int(fd), p)
		return true
	}
	return func(data []byte) int {
		p, n = data, 0
		_ = c.Write(once)
		p = nil
		return max(n, 0)
	}
}

// newBeacon makes the shared page, and the file by which the worker finds it.
func newBeacon() (*Beacon, *os.File, error) {
	f, err := os.CreateTemp("", "poolbook-beacon-")
	if err != nil {
		return nil, nil, err
	}
	_ = os.Remove(f.Name())
	if err := f.Truncate(sharedSize); err != nil {
		f.Close()
		return nil, nil, err
	}
	b, err := mapBeacon(int(f.Fd()))
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return b, f, nil
}

func mapBeacon(fd int) (*Beacon, error) {
	mem, err := syscall.Mmap(fd, 0, sharedSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the beacon: %w", err)
	}
	b := &Beacon{mem: mem, words: (*[beaconWords]atomic.Uint64)(unsafe.Pointer(&mem[0]))}
	if runtime.NumCPU() > 1 { // on one processor, who looks keeps the sender from sending
		b.ToWorker, b.ToPool = newBox(mem[beaconSize:2*beaconSize]), newBox(mem[2*beaconSize:])
	}
	return b, nil
}

// newBox makes a box of a page of shared memory, which is aligned and larger than a head.
func newBox(page []byte) *Box {
	return &Box{head: (*boxHead)(unsafe.Pointer(&page[0])), data: page[boxHeadSize:]}
}

// Close gives the memory back.
func (b *Beacon) Close() {
	_ = syscall.Munmap(b.mem)
	b.words, b.ToWorker, b.ToPool = nil, nil, nil
}

// WorkerPipes are the worker's ends of its pipes, and its beacon, nil when it has none. The processes it starts itself get none of them.
func WorkerPipes() (in, out *os.File, beacon *Beacon, err error) {
	for fd := 3; fd <= 4; fd++ {
		var st syscall.Stat_t
		if err := syscall.Fstat(fd, &st); err != nil {
			return nil, nil, nil, fmt.Errorf("file %d is no pipe of a pool: %w", fd, err)
		}
		syscall.CloseOnExec(fd)
	}
	if os.Getenv(beaconEnv) != "" {
		_ = os.Unsetenv(beaconEnv)
		beacon, err = mapBeacon(5)
		_ = syscall.Close(5)
		if err != nil {
			return nil, nil, nil, err
		}
	}
	// A read that waits in Go's poller, not in a thread, goes on sooner when something comes.
	if err := syscall.SetNonblock(3, true); err != nil {
		return nil, nil, nil, fmt.Errorf("file 3: %w", err)
	}
	return os.NewFile(3, "pool-in"), os.NewFile(4, "pool-out"), beacon, nil
}
