package kernel

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"poolbook/kernel/protocol"
)

// residentMemory is the memory of this process, in bytes, 0 if unknown.
func residentMemory() uint64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseUint(fields[1], 10, 64)
	return pages * uint64(os.Getpagesize())
}

// machineMemory reads /proc/meminfo, which counts in KiB.
func machineMemory() *protocol.MemoryUsage {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return nil
	}
	values := make(map[string]uint64)
	for line := range strings.Lines(string(data)) {
		name, rest, _ := strings.Cut(line, ":")
		if f := strings.Fields(rest); len(f) > 0 {
			n, _ := strconv.ParseUint(f[0], 10, 64)
			values[name] = n << 10
		}
	}
	m := &protocol.MemoryUsage{Total: values["MemTotal"], Available: values["MemAvailable"], Free: values["MemFree"]}
	if m.Total == 0 || m.Available > m.Total {
		return nil
	}
	m.Used = m.Total - m.Available
	m.Percent = 100 * float64(m.Used) / float64(m.Total)
	return m
}

// processTime is the processor time that this process has used.
func processTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// machineTime reads the first line of /proc/stat, in clock ticks.
func machineTime() (busy, total float64, ok bool) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, false
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	fields := strings.Fields(string(line))
	if len(fields) < 6 || fields[0] != "cpu" {
		return 0, 0, false
	}
	for i, f := range fields[1:min(len(fields), 9)] { // user nice system idle iowait irq softirq steal
		n, _ := strconv.ParseFloat(f, 64)
		total += n
		if i != 3 && i != 4 {
			busy += n
		}
	}
	return busy, total, true
}
