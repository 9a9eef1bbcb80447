package interp

import (
	"bytes"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"

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
	for _, g := range cgroupsOf(cgroupRoot, string(data)) {
		total = min(total, g.limit)
	}
	return total
}

// cgroupRoot is where systems have the groups mounted.
const cgroupRoot = "/sys/fs/cgroup"

// cgroup is a group around the process that has a limit.
type cgroup struct {
	limit       int64
	usage, stat string // files with what it uses, and with how much of that are files that can be read again
}

// cgroups are those around the process that have a limit.
var cgroups = sync.OnceValue(func() []cgroup {
	data, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil
	}
	return cgroupsOf(cgroupRoot, string(data))
})

// cgroupsOf are those with a limit of a process, given its /proc/self/cgroup.
func cgroupsOf(root, groups string) (list []cgroup) {
	for _, file := range cgroupFiles(root, groups) {
		n, ok := readNumber(file) // "max", and in version 1 a number near 1<<63, mean none
		if !ok || n >= math.MaxInt64>>1 {
			continue
		}
		usage := "memory.current"
		if path.Base(file) == "memory.limit_in_bytes" {
			usage = "memory.usage_in_bytes"
		}
		list = append(list, cgroup{n, path.Join(path.Dir(file), usage), path.Join(path.Dir(file), "memory.stat")})
	}
	return list
}

func readNumber(file string) (int64, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil && n > 0
}

// availableMemory takes some 0.05 ms.
func availableMemory() (free, total int64, ok bool) {
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, 0, false
	}
	free, ok = field(info, "MemAvailable:")
	total, _ = field(info, "MemTotal:")
	free, total = free<<10, total<<10
	free, total = withinCgroups(cgroups(), free, total)
	return free, total, ok
}

// withinCgroups is how much of what the machine has left, and of what it has, the groups allow.
func withinCgroups(groups []cgroup, free, total int64) (int64, int64) {
	for _, g := range groups {
		used, known := readNumber(g.usage)
		if !known {
			continue
		}
		if stat, err := os.ReadFile(g.stat); err == nil {
			for _, name := range []string{"total_inactive_file", "inactive_file"} { // of version 1, with the groups in it, and of version 2
				if n, found := field(stat, name); found {
					used -= n
					break
				}
			}
		}
		free, total = min(free, max(g.limit-used, 0)), min(total, g.limit)
	}
	return free, total
}

// field is the number after a name at the beginning of a line.
func field(text []byte, name string) (int64, bool) {
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte(name)); ok && len(rest) > 0 && rest[0] == ' ' {
			if f := bytes.Fields(rest); len(f) > 0 {
				n, err := strconv.ParseInt(string(f[0]), 10, 64)
				return n, err == nil
			}
		}
	}
	return 0, false
}

// cgroupFiles lists where the limits of a process are, given its /proc/self/cgroup: in its own group and in all around it, of
// version 2 ("0::/path") and version 1 ("4:memory:/path"). Beyond memory.high version 2 slows processes down until they hardly run. Inside a container the path may be that of the host; the root is its own group then.
func cgroupFiles(mounted, groups string) []string {
	var files []string
	for line := range strings.Lines(groups) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, dir, ok := strings.Cut(rest, ":")
		if !ok {
			continue
		}
		root, names := mounted, []string{"memory.max", "memory.high"}
		if controllers != "" {
			if !strings.Contains(","+controllers+",", ",memory,") {
				continue
			}
			root, names = path.Join(mounted, "memory"), []string{"memory.limit_in_bytes"}
		}
		for dir = path.Clean("/" + dir); ; dir = path.Dir(dir) {
			for _, name := range names {
				files = append(files, path.Join(root, dir, name))
			}
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
