package interp

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// killTree ends a process that has not been waited for, and those that it has started in its process group, as Ctrl-C in a terminal does: a
// shell's commands would go on. One that has made a group of its own is left alone.
func killTree(p *os.Process) {
	group, err := unix.Getpgid(p.Pid)
	if err == nil {
		for _, pid := range stopTree(p.Pid, group) {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}
	_ = p.Kill() // it may have ended
}

// stopTree stops a process and those below it that are of the group, so that they start no others and their numbers stay theirs, and lists them.
func stopTree(pid, group int) []int {
	_ = unix.Kill(pid, unix.SIGSTOP)
	pids := []int{pid}
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, task := range tasks {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		for _, child := range strings.Fields(string(children)) {
			n, err := strconv.Atoi(child)
			if err != nil {
				continue
			}
			if of, err := unix.Getpgid(n); err == nil && of == group {
				pids = append(pids, stopTree(n, group)...)
			}
		}
	}
	return pids
}
