//go:build unix

package pool_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"poolbook/pool"
	"poolbook/pool/core"
)

func init() {
	register(draws)
	register(drawsAlone)
	register(drawsTwice, "attempts")
	register(indexOfTask)
	register(longTask, "letGo")
	register(quickNotes)
}

// draws is an item's first numbers, in two steps.
func draws(n int) [3]uint64 {
	first := pool.Rand().Uint64()
	r := pool.Rand()
	return [3]uint64{uint64(n), first, r.Uint64()}
}

func drawsAlone() [3]uint64 { return draws(0) }

// drawsTwice fails the first time, with the numbers that it has drawn.
func drawsTwice(n int) ([3]uint64, error) {
	d := draws(n)
	if attempts.Update(n, func(k int) int { return k + 1 }) == 1 {
		return d, fmt.Errorf("the first time: %v", d)
	}
	return d, nil
}

func indexOfTask(n int) [2]int { return [2]int{n, pool.TaskIndex()} }

func longTask() int {
	pool.TaskLabel("reading")
	pool.TaskProgress(1, 4)
	_ = letGo.Wait()
	pool.TaskLabel("") // shorter than what is told on
	return 1
}

func quickNotes(n int) int {
	for i := range 100 {
		pool.TaskProgress(i, 100)
	}
	pool.TaskLabel("done")
	return 10 * n
}

// TestRand: the numbers of an item depend on the seed and its index alone.
func TestRand(t *testing.T) {
	var want [][3]uint64
	for i := range 50 {
		r := core.ItemRand(7, i)
		want = append(want, [3]uint64{uint64(i), r.Uint64(), r.Uint64()})
	}
	// They stay what they are with every version: results that were published can be had again.
	wantEqual(t, want[0], [3]uint64{0, firstOfItem0, secondOfItem0})
	both(t, func(t *testing.T, _ *output, threads bool) {
		for _, workers := range []int{1, 3} {
			p := newPool(threads, pool.Processes(workers))
			for _, size := range []int{1, 7, 50} {
				wantEqual(t, must[[][3]uint64](t)(pool.Map(p, draws, pool.Range(50), pool.Seed(7), pool.ChunkSize(size))), want)
			}
			var got [][3]uint64
			for v, err := range pool.Imap(p, draws, pool.Range(50), pool.Seed(7)) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, v)
			}
			for v, err := range pool.ImapSeq(p, draws, slices.Values(pool.Range(50)), pool.Seed(7), pool.ChunkSize(4)) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, v)
			}
			wantEqual(t, got, slices.Concat(want, want))
			wantEqual(t, must[[3]uint64](t)(pool.Apply(p, drawsAlone, pool.Seed(7))), want[0])

			// Another seed, or none: other numbers.
			other := must[[][3]uint64](t)(pool.Map(p, draws, pool.Range(50), pool.Seed(8)))
			free := must[[][3]uint64](t)(pool.Map(p, draws, pool.Range(50)))
			again := must[[][3]uint64](t)(pool.Map(p, draws, pool.Range(50)))
			seen := map[uint64]bool{}
			for _, x := range slices.Concat(want, other, free, again) {
				seen[x[1]], seen[x[2]] = true, true
			}
			wantEqual(t, len(seen), 400)

			// An item that runs again has the same numbers.
			attempts = pool.NewArray[int](50)
			r := pool.MapAsyncErr(p, drawsTwice, pool.Range(50), pool.Seed(7), pool.ChunkSize(20))
			for i, o := range r.Outcomes() {
				if o.Err == nil || !strings.Contains(o.Err.Error(), fmt.Sprint(want[i])) {
					t.Errorf("got %v", o)
				}
			}
			wantEqual(t, must[[][3]uint64](t)(r.RetryFailed().Get()), want)
			attempts = pool.NewArray[int](50)
			wantEqual(t, must[[][3]uint64](t)(pool.MapErr(p, drawsTwice, pool.Range(50), pool.Seed(7), pool.Retries(1), pool.ChunkSize(20))), want)
			closed(t, p)
		}
	})
	if a, b := pool.Rand().Uint64(), pool.Rand().Uint64(); a == b {
		t.Error("the same numbers outside of a task")
	}
}

const firstOfItem0, secondOfItem0 = 9855086638828245299, 14270746867632099584

func TestTaskIndex(t *testing.T) {
	wantEqual(t, pool.TaskIndex(), -1)
	both(t, func(t *testing.T, _ *output, threads bool) {
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		for _, opt := range []pool.CallOption{pool.ChunkSize(1), pool.ChunkSize(9), pool.Timeout(time.Minute)} {
			for i, v := range must[[][2]int](t)(pool.Map(p, indexOfTask, pool.Range(40), opt)) {
				wantEqual(t, v, [2]int{i, i})
			}
		}
	})
}

// TestTaskProgress: what a task tells comes with the events of its job and its worker.
func TestTaskProgress(t *testing.T) {
	pool.TaskProgress(1, 2) // nobody is told
	both(t, func(t *testing.T, _ *output, threads bool) {
		resetTasks()
		h := &core.Host{}
		if !threads {
			h = newHost("worker")
		}
		var mu sync.Mutex
		var jobs []core.JobInfo
		var workers []core.WorkerInfo
		h.Events = func(e core.Event) {
			mu.Lock()
			defer mu.Unlock()
			if e.Job != nil {
				jobs = append(jobs, *e.Job)
			}
			if e.Worker != nil {
				workers = append(workers, *e.Worker)
			}
		}
		setHost(h)
		defer h.Close()
		begun, letGo = pool.NewQueue[int](0), pool.NewEvent()
		p := newPool(threads, pool.Processes(1))
		r := pool.ApplyAsync(p, longTask, pool.Label("long"))
		eventually(t, "the job's progress is not told", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return slices.ContainsFunc(jobs, func(j core.JobInfo) bool {
				return j.Part == 0.25 && j.Status == "reading" && strings.Contains(j.Summary, "25 % · reading") && j.Remaining > 0
			})
		})
		if !threads {
			eventually(t, "the worker's progress is not told", func() bool {
				mu.Lock()
				defer mu.Unlock()
				return slices.ContainsFunc(workers, func(w core.WorkerInfo) bool { return w.Progress == 0.25 && w.Label == "reading" && w.State == "busy" })
			})
		}
		letGo.Set()
		must[int](t)(r.Get())
		wantEqual(t, must[[]int](t)(pool.Map(p, quickNotes, pool.Range(10))), tens())
		closed(t, p)
		mu.Lock()
		defer mu.Unlock()
		if last := jobs[len(jobs)-1]; last.State != "done" || strings.Contains(last.Summary, "%") {
			t.Errorf("the last event: %+v", last)
		}
	})
}

func tens() []int {
	var out []int
	for i := range 10 {
		out = append(out, 10*i)
	}
	return out
}
