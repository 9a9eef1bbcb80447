package main

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestReplEndedInCell has a cell end the process, while the next one is about to be read: the terminal is as it was, each time.
func TestReplEndedInCell(t *testing.T) {
	p := newPlace(t)
	for range 10 {
		c := p.openTerminal()
		c.expect("\n[1] ")
		c.keys("syscall.Kill(syscall.Getpid(), syscall.SIGTERM)\r")
		if code := c.exit(); code != 128+15 {
			t.Fatalf("exit code %d", code)
		}
		state, err := unix.IoctlGetTermios(int(c.file.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if state.Lflag&unix.ECHO == 0 {
			t.Fatal("the terminal stays without echo")
		}
	}
}
