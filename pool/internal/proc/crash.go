package proc

import (
	"bytes"
)

// Crash takes the stacks out of what Go's runtime writes when it ends a process: hundreds of lines about the inside of the program that runs
// the tasks, after a line or two that say why.
type Crash struct {
	start []byte // what the current line begins with, as far as it is needed
	found bool   // a line said why the process ends
	held  []byte // of a line after that which has not ended yet
	cut   bool
}

// stacksLeftOut is what comes in the place of the stacks.
const stacksLeftOut = "(the worker's stacks are left out; to see them, set GOTRACEBACK=all before the program starts)\n"

// Filter returns what is to be shown of p, which is what the process writes next. It does not change p.
func (c *Crash) Filter(p []byte) []byte {
	if !c.found {
		n := c.look(p)
		if !c.found {
			return p
		}
		return append(bytes.Clone(p[:n]), c.Filter(p[n:])...)
	}
	var out []byte
	for len(p) > 0 && !c.cut {
		n := bytes.IndexByte(p, '\n') + 1
		if n == 0 {
			c.held = append(c.held, p...)
			break
		}
		line := append(c.held, p[:n]...)
		if c.cut = isStack(line); c.cut {
			line = []byte(stacksLeftOut)
		}
		out = append(out, line...)
		c.held, p = c.held[:0], p[n:]
	}
	return out
}

// Rest is what Filter has held back at the end of the output.
func (c *Crash) Rest() []byte {
	if c.cut {
		return nil
	}
	return c.held
}

// look looks for a line that says why the process ends, and returns where the next one begins.
func (c *Crash) look(p []byte) (next int) {
	for next < len(p) {
		line, _, ended := bytes.Cut(p[next:], []byte{'\n'})
		if room := crashStart - len(c.start); room > 0 {
			c.start = append(c.start, line[:min(room, len(line))]...)
		}
		next += len(line)
		if !ended {
			return next
		}
		next++
		c.found = crashAt(c.start) == 0
		if c.start = c.start[:0]; c.found {
			return next
		}
	}
	return next
}

// crashStart is more than the longest of crashes.
const crashStart = 64

// isStack reports whether a line is the head of a goroutine's stack: goroutine 7 [running]:
func isStack(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("goroutine "))
	return ok && len(rest) > 0 && '0' <= rest[0] && rest[0] <= '9' && bytes.HasSuffix(rest, []byte("]:\n"))
}
