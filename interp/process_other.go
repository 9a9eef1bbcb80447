//go:build !unix

package interp

import "os"

// capture puts pipes in the place of os.Stdout and os.Stderr.
func (p *Process) capture() (err error) {
	var out, errw *os.File
	if p.out, out, err = p.pipe(); err != nil {
		return err
	}
	if p.err, errw, err = p.pipe(); err != nil {
		return err
	}
	in, end, err := p.pipe()
	if err != nil {
		return err
	}
	end.Close()
	p.in = in
	os.Stdout, os.Stderr, os.Stdin = out, errw, in
	return nil
}

func (p *Process) release() { os.Stdout, os.Stderr = p.Stdout, p.Stderr }

// again and descriptorPath: here nothing is known by the number of a descriptor.
func again(fd uintptr, name string) (*os.File, error) { return os.NewFile(fd, name), nil }

func descriptorPath(uintptr) string { return os.Stderr.Name() }
