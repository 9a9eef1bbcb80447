package interp

import (
	"math"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func systemMemory() int64 {
	total := int64(0)
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil { // a tenth of the time that /proc/meminfo takes
		total = int64(info.Totalram) * int64(info.Unit)
	}
	if room := roomOfProcess(); room < total {
		total = room
	}
	data, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return total
	}
	for _, file := range cgroupFiles(string(data)) {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		// "max", and in version 1 a number near 1<<63, mean none
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 && n < total {
			total = n
		}
	}
	return total
}

// cgroupFiles lists where the limits of a process are, given its /proc/self/cgroup: in its own group and in all around it, of
// version 2 ("0::/path") and version 1 ("4:memory:/path"). Inside a container the path may be that of the host; the root is its own group then.
func cgroupFiles(groups string) []string {
	var files []string
	for line := range strings.Lines(groups) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, dir, ok := strings.Cut(rest, ":")
		if !ok {
			continue
		}
		root, name := "/sys/fs/cgroup", "memory.max"
		if controllers != "" {
			if !strings.Contains(","+controllers+",", ",memory,") {
				continue
			}
			root, name = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
		}
		for dir = path.Clean("/" + dir); ; dir = path.Dir(dir) {
			files = append(files, path.Join(root, dir, name))
			if dir == "/" {
				break
			}
		}
	}
	return files
}

// roomOfProcess is how many bytes more the limits of the process itself allow (ulimit -v and -d). Go's runtime takes far more addresses
// than memory, and so do its threads, each of those that are to come: they count for the first limit, and are gone.
func roomOfProcess() int64 {
	room := int64(math.MaxInt64)
	var taken []string // pages, from /proc/self/statm
	for _, l := range []struct {
		resource, field int
		threads         int64
	}{{unix.RLIMIT_AS, 0, 512 << 20}, {unix.RLIMIT_DATA, 5, 0}} {
		var limit unix.Rlimit
		if unix.Getrlimit(l.resource, &limit) != nil || limit.Cur >= math.MaxInt64 {
			continue
		}
		if taken == nil {
			text, err := os.ReadFile("/proc/self/statm")
			if err != nil {
				return room
			}
			taken = strings.Fields(string(text))
		}
		pages, err := strconv.ParseInt(taken[min(l.field, len(taken)-1)], 10, 64)
		if err == nil {
			room = max(min(room, int64(limit.Cur)-pages*int64(os.Getpagesize())-l.threads), 64<<20)
		}
	}
	return room
}
