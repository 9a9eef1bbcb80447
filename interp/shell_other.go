//go:build !unix

package interp

import "os/exec"

// groupOf does nothing here: the cancellation of a command ends its own process alone.
func groupOf(*exec.Cmd) {}
