package kernel

import (
	"os"
	"runtime"
	"sync"
	"time"

	"poolbook/kernel/protocol"
)

// usage remembers the last measure, since use of processors is counted between two requests.
type usage struct {
	mu      sync.Mutex
	at      time.Time     // guarded by mu
	process time.Duration // processor time of this process at that time, guarded by mu
	busy    float64       // of all processors, in clock ticks, guarded by mu
	total   float64       // the same with idle time, guarded by mu
}

// usage answers a usage_request with what the system tells; see [protocol.UsageReply].
func (r *request) usage(*subshell) error {
	reply := protocol.UsageReply{PID: os.Getpid(), CPUCount: runtime.NumCPU()}
	reply.Hostname, _ = os.Hostname()
	reply.KernelMemory = residentMemory()
	reply.HostVirtualMemory = machineMemory()

	u := &r.s.usage
	u.mu.Lock()
	now, process := time.Now(), processTime()
	if passed := now.Sub(u.at); !u.at.IsZero() && passed > 0 {
		reply.KernelCPU = 100 * float64(process-u.process) / float64(passed)
	}
	if busy, total, ok := machineTime(); ok {
		if !u.at.IsZero() && total > u.total {
			percent := 100 * (busy - u.busy) / (total - u.total)
			reply.HostCPUPercent = &percent
		}
		u.busy, u.total = busy, total
	}
	u.at, u.process = now, process
	u.mu.Unlock()
	r.reply(reply)
	return nil
}
