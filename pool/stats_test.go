//go:build unix

package pool_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"poolbook/pool"
)

var (
	factor = 3
	table  []float64
)

func init() {
	share("factor", &factor)
	share("table", &table)
	register(scaled, "factor", "table")
	register(burn)
}

func scaled(n int) int { return n*factor + len(table) }

// burn uses as many milliseconds of its process's CPU time, however long that takes.
func burn(ms int) int {
	used := func() int {
		var u syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		return int(u.Utime.Nano()+u.Stime.Nano()) / 1e6
	}
	n := 0
	for end := used() + ms; used() < end; n++ {
	}
	return n
}

// TestVariables: what a function reads travels as it is at the call, and a large value that has not changed travels once to each worker.
func TestVariables(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		const workers, size = 2, 8 * 100_000
		p := pool.New(pool.Processes(workers))
		defer p.Terminate()
		table = make([]float64, 100_000)
		for i := 1; i < 20; i++ {
			factor = i
			r := pool.MapAsync(p, scaled, []int{1, 2, 3}, pool.ChunkSize(1))
			factor = 99 // after the call
			wantEqual(t, must[[]int](t)(r.Get()), []int{i + 100_000, 2*i + 100_000, 3*i + 100_000})
		}
		if sent := p.Stats().Sent; sent < size || sent > workers*size+100_000 {
			t.Errorf("%d bytes were sent to %d workers for a table of %d", sent, workers, size)
		}
		table[7] = 1
		must[[]int](t)(pool.Map(p, scaled, []int{1, 2, 3}, pool.ChunkSize(1)))
		if sent := p.Stats().Sent; sent < 2*size {
			t.Errorf("%d bytes: the changed table was not sent", sent)
		}
	})
}

// TestAdvice: stats say which chunk size would have been better, and it is.
func TestAdvice(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		if !threads { // how long a short task takes on a thread is mostly what the others do
			small := pool.MapAsync(p, square, pool.Range(20_000), pool.ChunkSize(1))
			small.Wait()
			s := small.Stats()
			// On a busy machine they take longer, and then are not short: what is said is about the time that they took.
			short := s.Busy/20_000 <= 15*time.Microsecond
			if short != strings.Contains(s.Advice, "are short: pool.ChunkSize(") || short != (s.Better >= 4) || s.Chunks < 20_000 || s.Chunk != 1 {
				t.Fatalf("%+v", s)
			}
			again := pool.MapAsync(p, square, pool.Range(20_000), pool.ChunkSize(max(s.Better, 4)))
			if again.Wait(); again.Stats().Chunks > s.Chunks/2 {
				t.Errorf("%+v", again.Stats())
			}
		}
		large := pool.MapAsync(p, napping, pool.Repeat(3, 16), pool.ChunkSize(16))
		large.Wait()
		if s := large.Stats(); s.Better != 2 || !strings.Contains(s.String(), "chunks of 16 items leave workers idle at the end: pool.ChunkSize(2)") {
			t.Errorf("%v", s)
		}
		good := pool.MapAsync(p, napping, pool.Repeat(3, 16))
		if good.Wait(); good.Stats().Advice != "" {
			t.Errorf("%v", good.Stats())
		}
	})
}

// TestCPU: the CPU time of workers that live and of those that have ended.
func TestCPU(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		p := pool.New(pool.Processes(2), pool.MaxTasksPerChild(1))
		must[[]int](t)(pool.Map(p, burn, []int{100, 100}, pool.ChunkSize(1)))
		p.Close()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
		ended := p.Stats()
		q := pool.New(pool.Processes(1))
		defer q.Terminate()
		must[[]int](t)(pool.Map(q, burn, []int{100}))
		// The system counts in steps of ten milliseconds.
		if living := q.Stats(); ended.CPU < 180*time.Millisecond || living.CPU < 80*time.Millisecond || ended.CPU > 5*time.Second {
			t.Errorf("ended: %v, living: %v", ended.CPU, living.CPU)
		}
		if ended.Speedup <= 0 || ended.Busy < 180*time.Millisecond || ended.Items != 2 || ended.Got == 0 {
			t.Errorf("%+v", ended)
		}
	})
}
