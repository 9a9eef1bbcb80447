//go:build unix

package pool_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"poolbook/pool"
	"poolbook/pool/core"
)

func init() {
	register(allocate)
	register(exitWith)
	register(length)
}

// TestStoppedInTime: a worker that is stopped from outside is replaced when its task has a limit of time, and shown as stalled.
func TestStoppedInTime(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		h := newHost("worker")
		stalled := make(chan struct{}, 1000)
		h.Events = func(e core.Event) {
			if e.Worker != nil && e.Worker.State == "stalled" {
				select {
				case stalled <- struct{}{}:
				default:
				}
			}
		}
		setHost(h)
		defer h.Close()
		p := pool.New(pool.Processes(1))
		must[[]int](t)(pool.Map(p, square, []int{1}))
		folder = t.TempDir()
		r := pool.MapAsync(p, announced, []int{0}, pool.ChunkSize(1), pool.Timeout(2*time.Second))
		awaitFile(t, "0")
		n, _ := strconv.Atoi(children()[0])
		_ = syscall.Kill(n, syscall.SIGSTOP)
		awaitStop(n)
		select {
		case <-stalled:
		case <-time.After(patience):
			t.Error("nobody says that the worker is stopped")
		}
		_, err := r.GetTimeout(patience)
		var late *pool.TimeoutError
		if !errors.As(err, &late) || late.PID != n || late.Stopped < 2*time.Second || !strings.Contains(err.Error(), "was it stopped?") {
			t.Errorf("got %v", err)
		}
		wantEqual(t, must[[]int](t)(pool.Map(p, square, []int{3})), []int{9})
	})
}

// TestMemoryLimit: a task that allocates without end loses its worker, and its error says why.
func TestMemoryLimit(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		p := pool.New(pool.Processes(1), pool.MemoryLimit(100<<20))
		defer p.Terminate()
		r := pool.MapAsync(p, allocate, []int{1, -1, 2}, pool.Label("hoard"))
		out := r.Outcomes()
		var lost *pool.WorkerLostError
		if !errors.As(out[1].Err, &lost) || lost.Limit != 100<<20 || lost.Index != 1 || !strings.Contains(lost.Error(), "limit of memory, 100.0 MB") {
			t.Errorf("got %v", out[1].Err)
		}
		if out[0].Err != nil || out[0].Value != 1 || out[2].Err != nil || out[2].Value != 2 {
			t.Errorf("the others: %v", out)
		}
		_, err := pool.Map(p, exitWith, []int{core.ExitMemory})
		if e := lostError(t, err); e.Limit != 0 || e.ExitCode != core.ExitMemory || !strings.Contains(err.Error(), "exited with code 12") {
			t.Errorf("a task that ends its worker with the code of the limit: %v", err)
		}
	})
	defer func() {
		if r := recover(); r == nil || !strings.Contains(r.(string), "64.0 MB at least") {
			t.Errorf("a limit of one byte: %v", r)
		}
	}()
	pool.MemoryLimit(1)
}

func exitWith(code int) int { os.Exit(code); return 0 }

// allocate takes n megabytes, all there are when n is negative.
func allocate(n int) int {
	var all [][]byte
	for i := 0; n < 0 || i < n; i++ {
		b := make([]byte, 1<<20)
		for k := 0; k < len(b); k += 4096 {
			b[k] = 1
		}
		all = append(all, b)
		time.Sleep(100 * time.Microsecond) // so that a test cannot take the machine's memory
	}
	return len(all)
}

// TestStopped: a worker that is stopped (it reads nothing) is ended by Terminate.
func TestStopped(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		p := pool.New(pool.Processes(1))
		must[[]int](t)(pool.Map(p, square, []int{1}))
		n, _ := strconv.Atoi(children()[0])
		_ = syscall.Kill(n, syscall.SIGSTOP)
		awaitStop(n)
		big := make([][]byte, 64)
		for i := range big {
			big[i] = make([]byte, 1<<20)
		}
		r := pool.MapAsync(p, length, big, pool.ChunkSize(64))
		if r.WaitTimeout(50 * time.Millisecond) {
			t.Error("a stopped worker answered")
		}
		p.Terminate()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
	})
}

func length(b []byte) int { return len(b) }
