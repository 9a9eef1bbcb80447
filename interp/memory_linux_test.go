package interp

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSystemMemory(t *testing.T) {
	if n := SystemMemory(); n < 64<<20 {
		t.Errorf("the machine has %d bytes", n)
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_DATA, &old); err != nil {
		t.Fatal(err)
	}
	const less = 8 << 30 // more than the tests need
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: less, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	n := roomOfProcess()
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &old); err != nil {
		t.Fatal(err)
	}
	if n < 64<<20 || n >= less {
		t.Errorf("with ulimit -d of %d there are %d bytes", int64(less), n)
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

// TestAvailableMemory compares what is left with what there is.
func TestAvailableMemory(t *testing.T) {
	free, total, ok := availableMemory()
	if !ok || free <= 0 || free > total || total > SystemMemory() {
		t.Errorf("%d of %d bytes, %v; the system has %d", free, total, ok, SystemMemory())
	}
	stat := []byte("cache 5\ninactive_file 1\ntotal_inactive_file 7\n")
	if n, ok := field(stat, "total_inactive_file"); !ok || n != 7 {
		t.Errorf("total_inactive_file is %d, %v", n, ok)
	}
	if n, ok := field(stat, "inactive"); ok {
		t.Errorf("inactive is %d", n)
	}
}
