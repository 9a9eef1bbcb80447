package interp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"reflect"

	"poolbook/interp/internal/vm"
)

// children makes an interrupt end the programs that a cell waits for, as Ctrl-C in a terminal does: their processes would go on,
// and so would the goroutines that wait. What a cell has started and does not wait for is left alone.
func children(m map[string]vm.Intrinsic) {
	method := func(name string, f func(r *vm.Run, c *exec.Cmd) []reflect.Value) {
		m["(*os/exec.Cmd)."+name] = func(r *vm.Run, args []reflect.Value) []reflect.Value {
			return f(r, args[0].Interface().(*exec.Cmd))
		}
	}
	method("Start", func(r *vm.Run, c *exec.Cmd) []reflect.Value {
		return []reflect.Value{errorValue(startCommand(r, c))}
	})
	method("Wait", func(r *vm.Run, c *exec.Cmd) []reflect.Value {
		return []reflect.Value{errorValue(waitFor(r, c))}
	})
	method("Run", func(r *vm.Run, c *exec.Cmd) []reflect.Value {
		return []reflect.Value{errorValue(runCommand(r, c))}
	})
	method("Output", func(r *vm.Run, c *exec.Cmd) []reflect.Value { return output(r, c, false) })
	method("CombinedOutput", func(r *vm.Run, c *exec.Cmd) []reflect.Value { return output(r, c, true) })
}

// waitFor is c.Wait, and kills the process and those below it when the cell is interrupted.
func waitFor(r *vm.Run, c *exec.Cmd) error {
	if c.Process != nil && c.ProcessState == nil {
		stop := context.AfterFunc(r.Context(), func() {
			r.Ending()
			killTree(c.Process)
		})
		defer stop()
	}
	return c.Wait()
}

// startCommand is c.Start; what the child prints without end into buffers of the cell ends with the cell, too.
func startCommand(r *vm.Run, c *exec.Cmd) error {
	stdout, stderr := c.Stdout, c.Stderr
	defer func() { c.Stdout, c.Stderr = stdout, stderr }()
	c.Stdout = watchedWriter(r, stdout)
	if c.Stderr = c.Stdout; !sameWriter(stdout, stderr) {
		c.Stderr = watchedWriter(r, stderr)
	}
	return c.Start()
}

// sameWriter reports whether package os/exec has both written by one goroutine.
func sameWriter(a, b io.Writer) bool {
	defer func() { _ = recover() }() // values that cannot be compared
	return a == b
}

func runCommand(r *vm.Run, c *exec.Cmd) error {
	if err := startCommand(r, c); err != nil {
		return err
	}
	return waitFor(r, c)
}

// output is the Output or CombinedOutput of c.
func output(r *vm.Run, c *exec.Cmd, combined bool) []reflect.Value {
	if c.Stdout != nil {
		return []reflect.Value{reflect.ValueOf([]byte(nil)), errorValue(errors.New("exec: Stdout already set"))}
	}
	if combined && c.Stderr != nil {
		return []reflect.Value{reflect.ValueOf([]byte(nil)), errorValue(errors.New("exec: Stderr already set"))}
	}
	buffer := &bytes.Buffer{}
	stdout := &watchedBuffer{buffer: buffer, run: r}
	var stderr *endsOf
	c.Stdout = stdout
	switch {
	case combined:
		c.Stderr = stdout
	case c.Stderr == nil:
		stderr = &endsOf{}
		c.Stderr = stderr
	}
	err := runCommand(r, c)
	if e, ok := err.(*exec.ExitError); ok && stderr != nil {
		e.Stderr = stderr.bytes()
	}
	return []reflect.Value{reflect.ValueOf(buffer.Bytes()), errorValue(err)}
}

// endsOf keeps the beginning and the end of what is written to it, for exec.ExitError.
type endsOf struct {
	head, tail []byte
	left       int // bytes between them that are not kept
}

// endSize is how many bytes of each end are kept.
const endSize = 32 << 10

func (e *endsOf) Write(p []byte) (int, error) {
	n := min(len(p), endSize-len(e.head))
	e.head = append(e.head, p[:n]...)
	e.tail = append(e.tail, p[n:]...)
	if over := len(e.tail) - endSize; over > 0 {
		e.left += over
		e.tail = append(e.tail[:0], e.tail[over:]...)
	}
	return len(p), nil
}

func (e *endsOf) bytes() []byte {
	var b bytes.Buffer
	b.Write(e.head)
	if e.left > 0 {
		b.WriteString("\n... the middle is left out ...\n")
	}
	b.Write(e.tail)
	return b.Bytes()
}
