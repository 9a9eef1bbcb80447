//go:build unix

package proc

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// pipesAreStandard: the worker's pipes are files 3 and 4, and its standard files are its own.
const pipesAreStandard = false

// prepare makes the process the leader of a group: the commands that its tasks start are in it, and end with it (see Process.wait). A Ctrl-C
// at the terminal goes to the group of the program that has the pool, and no longer to its workers.
func prepare(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	dieWithParent(cmd)
}

// killGroup ends what is left of the group that a process leads. The process must not be reaped: its number may be another one's then.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// grouped is set in a process that WorkerPipes has made out to be a pool's worker.
var grouped atomic.Bool

// EndGroup ends this process, when it is a worker that leads a group, and with it what its tasks have started.
func EndGroup() {
	if grouped.Load() && syscall.Getpgrp() == os.Getpid() {
		killGroup(os.Getpid())
	}
}

// DeathOfParent gives the signal by which a worker learns that the process of its pool has ended, where the platform has that.
func DeathOfParent() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, parentDeath)
	return c
}

// parentDeath is not SIGKILL, so that the worker can end its group. Until the worker handles it, it ends it.
const parentDeath = syscall.SIGHUP

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

// newBeacon makes the shared pages, and the file by which the worker finds them.
//
// The file's space is all there before it is mapped: who touches a mapped page for which a full disk has no block is ended by SIGBUS. When there
// is no such space, the pool does without a beacon.
func newBeacon() (*Beacon, *os.File, error) {
	f, err := sharedFile()
	if err != nil {
		return nil, nil, err
	}
	b, err := mapBeacon(int(f.Fd()))
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return b, f, nil
}

// temporaryFile is a file of sharedSize bytes without a name, with all its space taken from the disk.
func temporaryFile() (*os.File, error) {
	f, err := os.CreateTemp("", "poolbook-beacon-")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name())
	if _, err = f.Write(make([]byte, sharedSize)); err == nil {
		err = syscall.Fsync(int(f.Fd())) // a write alone may only have been promised its blocks
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("memory to share: %w", err)
	}
	return f, nil
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
	grouped.Store(true)
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
