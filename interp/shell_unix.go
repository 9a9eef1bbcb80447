//go:build unix

package interp

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/term"
)

// groupOf gives a command a process group, and has its cancellation end all that it has started. On a terminal they are in the
// terminal's group, which its Ctrl-C goes to, and may ask there for a password.
func groupOf(cmd *exec.Cmd) {
	if term.IsTerminal(int(os.Stdin.Fd())) {
		return
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
