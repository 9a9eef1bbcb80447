package interp

import (
	"os"
	"path/filepath"
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
}

// TestCgroups looks at trees of groups as systems and containers have them.
func TestCgroups(t *testing.T) {
	const none1, mb = "9223372036854771712", 1 << 20
	for _, test := range []struct {
		name, groups string
		files        map[string]string
		limits       []int64 // from the process's group outwards
		free, total  int64   // of a machine that has 4 GB left of 8
	}{
		{"none", "0::/\n", nil, nil, 4096, 8192},
		{"version 2 without a limit", "0::/user.slice/a\n", map[string]string{
			"user.slice/a/memory.max": "max", "user.slice/a/memory.high": "max", "user.slice/a/memory.current": "1000000",
		}, nil, 4096, 8192},
		{"version 2", "0::/user.slice/a\n", map[string]string{
			"user.slice/a/memory.max": "629145600", "user.slice/a/memory.high": "max", "user.slice/a/memory.current": "209715200",
			"user.slice/a/memory.stat": "anon 5\ninactive_file 104857600\n",
		}, []int64{600}, 500, 600},
		{"version 2 around it", "0::/user.slice/a\n", map[string]string{
			"user.slice/a/memory.max": "max", "user.slice/memory.max": "629145600", "user.slice/memory.current": "629145600",
		}, []int64{600}, 0, 600},
		{"version 2 that slows down", "0::/a\n", map[string]string{
			"a/memory.max": "1073741824", "a/memory.high": "629145600", "a/memory.current": "104857600",
		}, []int64{1024, 600}, 500, 600},
		{"version 2 seen from a container", "0::/\n", map[string]string{
			"memory.max": "629145600", "memory.current": "104857600",
		}, []int64{600}, 500, 600},
		{"version 1", "12:cpu,cpuacct:/x\n4:memory:/docker/ab\n0::/\n", map[string]string{
			"memory/docker/ab/memory.limit_in_bytes": "629145600", "memory/docker/ab/memory.usage_in_bytes": "314572800",
			"memory/docker/ab/memory.stat":        "inactive_file 5\ntotal_inactive_file 104857600\n",
			"memory/docker/memory.limit_in_bytes": none1, "memory/memory.limit_in_bytes": none1,
		}, []int64{600}, 400, 600},
		{"version 1 seen from a container", "4:memory:/docker/ab\n", map[string]string{
			"memory/memory.limit_in_bytes": "629145600", "memory/memory.usage_in_bytes": "104857600",
		}, []int64{600}, 500, 600},
		{"version 1 with other controllers", "4:cpu,memory:/a\n", map[string]string{
			"memory/a/memory.limit_in_bytes": "629145600", "memory/a/memory.usage_in_bytes": "104857600",
		}, []int64{600}, 500, 600},
		{"a limit without its use", "0::/a\n", map[string]string{"a/memory.max": "629145600"}, []int64{600}, 4096, 8192},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			for name, text := range test.files {
				name = filepath.Join(root, name)
				if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, []byte(text+"\n"), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			list := cgroupsOf(root, test.groups)
			var limits []int64
			for _, g := range list {
				limits = append(limits, g.limit/mb)
			}
			if !slices.Equal(limits, test.limits) {
				t.Errorf("limits of %d MB, not %d", limits, test.limits)
			}
			if free, total := withinCgroups(list, 4<<30, 8<<30); free/mb != test.free || total/mb != test.total {
				t.Errorf("%d of %d MB left, not %d of %d", free/mb, total/mb, test.free, test.total)
			}
		})
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
