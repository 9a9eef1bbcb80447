package interp

import (
	"slices"
	"testing"
)

func TestSystemMemory(t *testing.T) {
	if n := SystemMemory(); n < 64<<20 {
		t.Errorf("the machine has %d bytes", n)
	}
	got := cgroupFiles("12:cpu,cpuacct:/x\n4:memory:/docker/ab\n0::/user.slice/a\n")
	want := []string{
		"/sys/fs/cgroup/memory/docker/ab/memory.limit_in_bytes", "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
		"/sys/fs/cgroup/user.slice/a/memory.max", "/sys/fs/cgroup/user.slice/memory.max", "/sys/fs/cgroup/memory.max",
	}
	if !slices.Equal(got, want) {
		t.Errorf("files %q", got)
	}
}
