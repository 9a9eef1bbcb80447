//go:build unix

package terminals

import (
	"os"
	"os/exec"
	"runtime"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// Available reports whether this system has pseudo-terminals for shells.
const Available = true

// userShell is the shell that the user has chosen. On macOS, terminals run login shells.
func userShell() []string {
	shell := os.Getenv("SHELL")
	if shell == "" {
		shell = "/bin/sh"
	}
	if runtime.GOOS == "darwin" {
		return []string{shell, "-l"}
	}
	return []string{shell}
}

// startPty starts the program in a session of its own behind a new pseudo-terminal, and returns the other end of that. It can be closed, and given
// deadlines, while it is read and written.
func startPty(cmd *exec.Cmd) (*os.File, error) {
	blocking, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		return nil, err
	}
	defer blocking.Close()
	fd, err := unix.FcntlInt(blocking.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(fd, true) // or os.NewFile makes a file without deadlines
	}
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, err
	}
	return os.NewFile(uintptr(fd), "pseudo-terminal"), nil
}

// setSize tells the programs behind the pseudo-terminal how large it is.
func setSize(f *os.File, rows, cols int) {
	c, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = c.Control(func(fd uintptr) { // a closed one has no size
		_ = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(rows), Col: uint16(cols)})
	})
}

// hangUp ends the shell, and what runs in the foreground of its terminal.
func (t *Terminal) hangUp(kill bool) {
	sig := unix.SIGHUP
	if kill {
		sig = unix.SIGKILL
	}
	select {
	case <-t.gone: // its number may be another's by now
		return
	default:
	}
	pid := t.cmd.Process.Pid
	if c, err := t.pty.SyscallConn(); err == nil {
		_ = c.Control(func(fd uintptr) {
			if group, err := unix.IoctlGetInt(int(fd), unix.TIOCGPGRP); err == nil && group > 1 && group != pid {
				_ = unix.Kill(-group, sig)
				_ = unix.Kill(-group, unix.SIGCONT) // a stopped one hears it too
			}
		})
	}
	_ = unix.Kill(-pid, sig) // the shell leads its session, and so a group
	_ = unix.Kill(-pid, unix.SIGCONT)
}
