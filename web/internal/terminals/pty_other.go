//go:build !unix

package terminals

import (
	"errors"
	"os"
	"os/exec"
)

// Available reports whether this system has pseudo-terminals for shells.
const Available = false

func userShell() []string { return []string{"cmd"} }

func startPty(*exec.Cmd) (*os.File, error) {
	return nil, errors.New("terminals need a Unix system")
}

func setSize(*os.File, int, int) {}

func (t *Terminal) hangUp(bool) { _ = t.cmd.Process.Kill() }
