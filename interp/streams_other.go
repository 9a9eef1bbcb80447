//go:build !unix

package interp

import "os"

// drain takes one pipe's output to the cell. Without a way to look into a pipe its order against direct writes is not certain.
type drain struct {
	s   *streams
	r   *os.File
	err bool
}

func (d *drain) loop() {
	buf := make([]byte, 32<<10)
	for {
		n, err := d.r.Read(buf)
		d.s.mu.Lock()
		if d.err {
			d.s.err.Write(buf[:n])
		} else {
			d.s.out.Write(buf[:n])
		}
		d.s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (d *drain) now() {}
