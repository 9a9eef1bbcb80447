//go:build unix

package pool_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"poolbook/pool"
	"poolbook/pool/core"
)

// TestEvents holds what a front end is told of a job and its workers.
func TestProgressEvents(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		var mu sync.Mutex
		var events []core.Event
		h := newHost("worker")
		h.Events = func(e core.Event) {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, e)
		}
		setHost(h)
		p := pool.New(pool.Processes(2))
		must[[]int](t)(pool.Map(p, napping, pool.Repeat(30, 30), pool.ChunkSize(1), pool.Label("naps")))
		must[[]int](t)(pool.Map(p, square, pool.Range(10_000), pool.ChunkSize(1)))
		_, _ = pool.Map(p, boom, pool.Range(10))
		h.Close()
		mu.Lock()
		defer mu.Unlock()
		started, done, tasks, progress, pids := 0, map[string]int{}, 0, 0, map[int]bool{}
		for _, e := range events {
			switch e.Kind {
			case core.JobStarted:
				started++
			case core.JobProgress:
				progress++
			case core.JobDone:
				done[e.Job.State]++
				if e.Job.Label == "naps" && (e.Job.Done != 30 || e.Job.Cell != "cell" || !strings.HasPrefix(e.Job.Summary, "naps: 30/30 · ") || !strings.Contains(e.Job.Summary, "2 workers · done")) {
					t.Errorf("%+v", e.Job)
				}
			case core.TasksDone:
				for _, k := range e.Tasks {
					tasks += k.Count
				}
			case core.WorkerChanged:
				pids[e.Worker.PID] = true
			}
		}
		if started != 3 || done["done"] != 2 || done["failed"] != 1 || tasks != 10_040 || progress < 2 || len(pids) != 2 {
			t.Errorf("%d jobs started, %v done, %d tasks, %d times progress, workers %v", started, done, tasks, progress, pids)
		}
	})
}

// TestForkserver: a pool takes workers that were started ahead, and a worker that dies is replaced by one.
func TestForkserver(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		for range 3 {
			p := pool.New(pool.Processes(2), pool.StartMethod("forkserver"))
			wantEqual(t, must[[]int](t)(pool.Map(p, square, pool.Range(4))), []int{0, 1, 4, 9})
			_, err := pool.Map(p, killSelf, []int{5})
			lostError(t, err)
			wantEqual(t, must[[]int](t)(pool.Map(p, square, pool.Range(2))), []int{0, 1})
			p.Close()
			if err := p.Join(); err != nil {
				t.Error(err)
			}
		}
		eventually(t, "the spare workers are not two", func() bool { return len(children()) == 2 })
	})
}

func TestMisuse(t *testing.T) {
	for name, f := range map[string]func(){
		"Processes(0)": func() { pool.Processes(0) }, "a forked copy": func() { pool.StartMethod("fork") }, "ChunkSize(0)": func() { pool.ChunkSize(0) },
		"Range": func() { pool.Range() }, "step": func() { pool.Range(1, 2, 0) },
	} {
		func() {
			defer func() {
				if r := recover(); r == nil || !strings.Contains(r.(string), name) {
					t.Errorf("%s: panic %v", name, r)
				}
			}()
			f()
		}()
	}
	p := pool.NewThreadPool(pool.Engine(pool.Native))
	defer p.Terminate()
	if _, err := pool.Map(p, square, []int{1}); err == nil || !strings.Contains(err.Error(), "not available yet") {
		t.Error(err)
	}
	var nilFunc func(int) int
	if _, err := pool.Map(pool.NewThreadPool(), nilFunc, []int{1}); err == nil || errors.Is(err, pool.ErrClosed) {
		t.Error(err)
	}
}
