//go:build unix

package interp

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// capture puts a pipe in the place of descriptor 1, and others in that of os.Stderr and os.Stdin.
//
// Descriptor 2 stays what it was: there Go's runtime says why it ends the process, when nobody is left to read a pipe, and would wait for a
// reader for ever. What names it from cells is sent to the pipe instead, see Session.errorByName.
func (p *Process) capture() (err error) {
	var out *os.File
	if p.out, out, err = p.pipe(); err != nil {
		return err
	}
	var stderr *os.File
	if p.err, stderr, err = p.pipe(); err != nil {
		return err
	}
	in, end, err := p.pipe()
	if err != nil {
		return err
	}
	end.Close()
	if p.Stdout, err = again(1, "/dev/stdout"); err != nil {
		return err
	}
	p.opened = append(p.opened, p.Stdout)
	fd := int(out.Fd())
	if err := unix.SetNonblock(fd, false); err != nil { // children will have it too
		return err
	}
	if err := dup(fd, 1); err != nil {
		return err
	}
	out.Close()
	p.in = in
	os.Stderr, os.Stdin = stderr, in // os.Stdout is descriptor 1 as before
	return nil
}

func (p *Process) release() {
	_ = dup(int(p.Stdout.Fd()), 1) // it cannot fail for descriptors that are open
	os.Stderr = p.Stderr
}

// again is another descriptor of fd's file.
func again(fd uintptr, name string) (*os.File, error) {
	n, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(n), name), nil
}

// descriptorPath is the name of a descriptor in the file system.
func descriptorPath(fd uintptr) string { return fmt.Sprintf("/dev/fd/%d", fd) }
