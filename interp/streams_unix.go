//go:build unix

package interp

import (
	"os"

	"golang.org/x/sys/unix"
)

// drain takes one pipe's output to the cell.
type drain struct {
	s   *streams
	r   *os.File
	err bool
	buf [32 << 10]byte // guarded by s.mu
}

// loop waits for output until the pipe is closed.
func (d *drain) loop() {
	rc, err := d.r.SyscallConn()
	if err != nil {
		return
	}
	for more := true; more; {
		if rc.Read(func(fd uintptr) (done bool) {
			n, open := d.take(fd)
			more = open
			return n > 0 || !open // otherwise wait until there is something
		}) != nil {
			return
		}
	}
}

// now takes what is in the pipe and does not wait.
func (d *drain) now() {
	rc, err := d.r.SyscallConn()
	if err != nil {
		return
	}
	rc.Control(func(fd uintptr) {
		for {
			if n, open := d.take(fd); n <= 0 || !open {
				return
			}
		}
	})
}

// take reads once; open is false at the end of the pipe.
func (d *drain) take(fd uintptr) (n int, open bool) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	n, err := unix.Read(int(fd), d.buf[:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return 0, true
	case err != nil || n == 0:
		return 0, false
	}
	w := d.s.out
	if d.err {
		w = d.s.err
	}
	w.Write(d.buf[:n])
	return n, true
}
