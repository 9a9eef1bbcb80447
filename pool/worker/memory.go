package worker

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"poolbook/pool/core"
	"poolbook/pool/internal/proc"
)

// guardEvery is how often a worker with a limit of memory looks what it holds. It takes microseconds.
const guardEvery = 10 * time.Millisecond

// guard ends the process when it holds more than limit bytes, without the encoded values that it keeps for later calls: what is done goes out
// first. It runs until the process ends.
func (w *worker) guard(limit int64) {
	debug.SetMemoryLimit(limit - limit/10)
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	over := func() bool {
		metrics.Read(samples)
		held := samples[0].Value.Uint64() - samples[1].Value.Uint64() - samples[2].Value.Uint64()
		return int64(min(held, math.MaxInt64))-w.blobBytes.Load() > limit
	}
	for {
		if over() {
			runtime.GC() // what is garbage it does not hold: on a busy machine the collector may be late
		}
		if over() {
			w.out.put(func(b proc.Body) proc.Body { return b }, proc.Full, nil)
			w.out.flush()
			os.Exit(core.ExitMemory)
		}
		time.Sleep(guardEvery)
	}
}
