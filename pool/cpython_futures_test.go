//go:build unix

package pool_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"poolbook/pool"
)

func TestCPythonFutures(t *testing.T) { futureTests.run(t) }

func newExecutor(threads bool, opts ...pool.Option) *pool.Executor {
	if threads {
		return pool.NewThreadExecutor(opts...)
	}
	return pool.NewProcessExecutor(opts...)
}

// with runs a test with an executor of two workers, and lets go at its end what waits.
func with(f func(t *testing.T, ex *pool.Executor)) func(t *testing.T, threads bool) {
	return func(t *testing.T, threads bool) {
		resetTasks()
		ex := newExecutor(threads, pool.MaxWorkers(2))
		defer letGo.Set() // also when the test fails
		f(t, ex)
		letGo.Set()
		if err := ex.Shutdown(); err != nil {
			t.Error(err)
		}
	}
}

func init() {
	register(panics)
	register(killsItself)
	register(twentyTwo)
	register(held, "letGo")
}

// held returns when the test lets it go.
func held() int {
	if err := letGo.Wait(); err != nil {
		panic(err)
	}
	return 7
}

func panics() int { panic("this is an exception") }

func killsItself() int {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func twentyTwo() int { return 22 }

// holds reports whether the futures are those.
func holds(fs []*pool.Future[int], want ...*pool.Future[int]) bool {
	if len(fs) != len(want) {
		return false
	}
	for _, w := range want {
		if !slices.Contains(fs, w) {
			return false
		}
	}
	return true
}

var futureTests = conformance{
	"test_submit": with(func(t *testing.T, ex *pool.Executor) {
		wantEqual(t, must[int](t)(pool.Submit(ex, twentyTwo).Result()), 22)
	}),
	"test_map_of_an_executor": with(func(t *testing.T, ex *pool.Executor) {
		var got []int
		for v, err := range pool.ExecutorMap(ex, square, ten, pool.ChunkSize(3)) {
			if err != nil {
				t.Error(err)
			}
			got = append(got, v)
		}
		wantEqual(t, got, squares)
	}),
	// The results before the one that failed come first; those after it come too.
	"test_map_exception": with(func(t *testing.T, ex *pool.Executor) {
		n := 0
		for v, err := range pool.ExecutorMap(ex, boom, ten) {
			if failed := n == 5 || n == 7; failed != (err != nil) || !failed && v != n {
				t.Errorf("item %d: %v, %v", n, v, err)
			}
			n++
		}
		wantEqual(t, n, 10)
	}),
	"test_shutdown_race_issue12456": with(func(t *testing.T, ex *pool.Executor) {
		for range pool.ExecutorMap(ex, square, pool.Range(6)) {
		}
	}),
	"test_max_workers_negative": func(t *testing.T, threads bool) {
		for _, n := range []int{0, -1} {
			func() {
				defer func() {
					if r := recover(); r == nil || !strings.Contains(r.(string), "at least one worker") {
						t.Errorf("%d: %v", n, r)
					}
				}()
				newExecutor(threads, pool.MaxWorkers(n))
			}()
		}
	},
	"test_run_after_shutdown":    submitAfterShutdown,
	"test_submit_after_shutdown": submitAfterShutdown,
	"test_cancel_futures": func(t *testing.T, threads bool) {
		ex := newExecutor(threads, pool.MaxWorkers(1))
		fs := make([]*pool.Future[int], 20)
		for i := range fs {
			fs[i] = pool.Submit(ex, slowAnswer)
		}
		if err := ex.ShutdownNow(); err != nil {
			t.Error(err)
		}
		stopped := 0
		for _, f := range fs {
			if !f.Ready() {
				t.Error("not ready")
			}
			if _, err := f.Result(); err != nil {
				stopped++
			}
		}
		if stopped < 15 {
			t.Errorf("%d of 20 were stopped", stopped)
		}
	},
	"test_first_completed": with(func(t *testing.T, ex *pool.Executor) {
		quick, slow := pool.Submit(ex, twentyTwo), pool.Submit(ex, held)
		done, not := pool.Wait([]*pool.Future[int]{slow, quick}, pool.FirstCompleted)
		if !holds(done, quick) || !holds(not, slow) {
			t.Error(done, not)
		}
	}),
	"test_first_completed_some_already_completed": with(func(t *testing.T, ex *pool.Executor) {
		over, slow := pool.Submit(ex, twentyTwo), pool.Submit(ex, held)
		_, _ = over.Result()
		done, not := pool.Wait([]*pool.Future[int]{over, slow}, pool.FirstCompleted)
		if !holds(done, over) || !holds(not, slow) {
			t.Error(done, not)
		}
	}),
	"test_first_exception": with(func(t *testing.T, ex *pool.Executor) {
		fine, bad := pool.Submit(ex, twentyTwo), pool.Submit(ex, panics)
		slow := pool.Submit(ex, held)
		done, not := pool.Wait([]*pool.Future[int]{fine, bad, slow}, pool.FirstException)
		if slices.Contains(not, bad) || !slices.Contains(not, slow) || len(done)+len(not) != 3 {
			t.Error(done, not)
		}
	}),
	"test_first_exception_some_already_complete": with(func(t *testing.T, ex *pool.Executor) {
		fine, bad := pool.Submit(ex, twentyTwo), pool.Submit(ex, panics)
		_, _ = fine.Result()
		slow, other := pool.Submit(ex, held), pool.Submit(ex, held)
		dropped := pool.Submit(ex, held)
		if !dropped.Cancel() {
			t.Fatal("a queued future cannot be cancelled")
		}
		letGo.Set()
		// A cancelled one is no failure.
		if done, not := pool.Wait([]*pool.Future[int]{fine, dropped, slow, other}, pool.FirstException); len(not) != 0 || len(done) != 4 {
			t.Error(done, not)
		}
		letGo.Clear()
		slow = pool.Submit(ex, held)
		if done, not := pool.Wait([]*pool.Future[int]{fine, bad, slow}, pool.FirstException); !holds(done, fine, bad) || !holds(not, slow) {
			t.Error(done, not)
		}
	}),
	"test_first_exception_one_already_failed": with(func(t *testing.T, ex *pool.Executor) {
		bad := pool.Submit(ex, panics)
		_, _ = bad.Result()
		slow := pool.Submit(ex, held)
		done, not := pool.Wait([]*pool.Future[int]{bad, slow}, pool.FirstException)
		if !holds(done, bad) || !holds(not, slow) {
			t.Error(done, not)
		}
	}),
	"test_all_completed": with(func(t *testing.T, ex *pool.Executor) {
		fs := []*pool.Future[int]{pool.Submit(ex, twentyTwo), pool.Submit(ex, panics), pool.Submit(ex, held)}
		letGo.Set()
		done, not := pool.Wait(fs, pool.AllCompleted)
		if !holds(done, fs...) || len(not) != 0 {
			t.Error(done, not)
		}
	}),
	"test_timeout_of_wait": with(func(t *testing.T, ex *pool.Executor) {
		quick, slow := pool.Submit(ex, twentyTwo), pool.Submit(ex, held)
		_, _ = quick.Result()
		done, not := pool.WaitTimeout([]*pool.Future[int]{quick, slow}, pool.AllCompleted, 20*time.Millisecond)
		if !holds(done, quick) || !holds(not, slow) {
			t.Error(done, not)
		}
	}),
	"test_no_timeout": with(func(t *testing.T, ex *pool.Executor) {
		slow, quick := pool.Submit(ex, held), pool.Submit(ex, twentyTwo)
		var order []*pool.Future[int]
		for f := range pool.AsCompleted([]*pool.Future[int]{slow, quick}) {
			order = append(order, f)
			letGo.Set()
		}
		if len(order) != 2 || order[0] != quick || order[1] != slow {
			t.Error(order)
		}
	}),
	"test_duplicate_futures": with(func(t *testing.T, ex *pool.Executor) {
		f := pool.Submit(ex, twentyTwo)
		n := 0
		for range pool.AsCompleted([]*pool.Future[int]{f, f, f}) {
			n++
		}
		wantEqual(t, n, 1)
	}),
	"test_done_callback_with_result": with(func(t *testing.T, ex *pool.Executor) {
		got := make(chan int, 1)
		f := pool.Submit(ex, held)
		f.AddDoneCallback(func(f *pool.Future[int]) { v, _ := f.Result(); got <- v })
		letGo.Set()
		wantEqual(t, <-got, 7)
	}),
	"test_done_callback_with_exception": with(func(t *testing.T, ex *pool.Executor) {
		got := make(chan error, 1)
		pool.Submit(ex, panics).AddDoneCallback(func(f *pool.Future[int]) { _, err := f.Result(); got <- err })
		if err := <-got; err == nil || !strings.Contains(err.Error(), "this is an exception") {
			t.Errorf("got %v", err)
		}
	}),
	"test_done_callback_with_cancel": with(func(t *testing.T, ex *pool.Executor) {
		running := []*pool.Future[int]{pool.Submit(ex, held), pool.Submit(ex, held)}
		got := make(chan bool, 1)
		f := pool.Submit(ex, held)
		f.AddDoneCallback(func(f *pool.Future[int]) { got <- f.Cancelled() })
		if !f.Cancel() || !<-got {
			t.Error("not cancelled")
		}
		letGo.Set()
		pool.Wait(running, pool.AllCompleted)
	}),
	"test_done_callback_raises": with(func(t *testing.T, ex *pool.Executor) {
		got := make(chan int, 1)
		f := pool.Submit(ex, held)
		f.AddDoneCallback(func(*pool.Future[int]) { panic("doh!") })
		f.AddDoneCallback(func(*pool.Future[int]) { got <- 1 })
		letGo.Set()
		<-got
	}),
	"test_done_callback_already_successful": with(func(t *testing.T, ex *pool.Executor) {
		f := pool.Submit(ex, twentyTwo)
		_, _ = f.Result()
		got := make(chan int, 1)
		f.AddDoneCallback(func(f *pool.Future[int]) { v, _ := f.Result(); got <- v })
		wantEqual(t, <-got, 22)
	}),
	"test_cancel":    cancelStates,
	"test_cancelled": cancelStates,
	"test_done": with(func(t *testing.T, ex *pool.Executor) {
		f := pool.Submit(ex, held)
		if f.Ready() {
			t.Error("done at once")
		}
		letGo.Set()
		<-f.Done()
		if !f.Ready() {
			t.Error("not done")
		}
	}),
	"test_running": with(func(t *testing.T, ex *pool.Executor) {
		f := pool.Submit(ex, held)
		eventually(t, "it never ran", f.Running)
		letGo.Set()
		_, _ = f.Result()
		if f.Running() {
			t.Error("it runs after its end")
		}
	}),
	"test_result_with_timeout": with(func(t *testing.T, ex *pool.Executor) {
		f := pool.Submit(ex, held)
		if _, err := f.ResultTimeout(0); !errors.Is(err, pool.ErrTimeout) {
			t.Errorf("got %v", err)
		}
		letGo.Set()
		wantEqual(t, must[int](t)(f.ResultTimeout(patience)), 7)
	}),
	// In CPython the whole executor is broken then; here it goes on.
	"test_killed_child": func(t *testing.T, threads bool) {
		if threads {
			return
		}
		ex := newExecutor(threads, pool.MaxWorkers(1))
		_, err := pool.Submit(ex, killsItself).Result()
		lostError(t, err)
		wantEqual(t, must[int](t)(pool.Submit(ex, twentyTwo).Result()), 22)
		if err := ex.Shutdown(); err != nil {
			t.Error(err)
		}
	},
	"test_max_tasks_per_child": func(t *testing.T, threads bool) {
		if threads {
			return
		}
		ex := newExecutor(threads, pool.MaxWorkers(1), pool.MaxTasksPerChild(3))
		pids := map[int]int{}
		for id := range pool.ExecutorMap(ex, pid, pool.Range(6)) {
			pids[id]++
		}
		wantEqual(t, len(pids), 2)
		if err := ex.Shutdown(); err != nil {
			t.Error(err)
		}
	},
	"test_initializer": func(t *testing.T, threads bool) {
		if threads {
			return // the goroutines share the variable: TestInitializer
		}
		ex := newExecutor(threads, pool.MaxWorkers(2), pool.Initializer(prepareWorker))
		for v, err := range pool.ExecutorMap(ex, readPrepared, pool.Range(4)) {
			if err != nil || v < 8 {
				t.Error(v, err)
			}
		}
		if err := ex.Shutdown(); err != nil {
			t.Error(err)
		}
	},
	"test_failing_initializer": func(t *testing.T, threads bool) {
		ex := newExecutor(threads, pool.MaxWorkers(2), pool.Initializer(failingInit))
		for range 3 {
			if _, err := pool.Submit(ex, twentyTwo).Result(); err == nil || !strings.Contains(err.Error(), "cannot connect") {
				t.Errorf("got %v", err)
			}
		}
		if err := ex.Shutdown(); err != nil {
			t.Error(err)
		}
	},
}

func submitAfterShutdown(t *testing.T, threads bool) {
	ex := newExecutor(threads, pool.MaxWorkers(1))
	if err := ex.Shutdown(); err != nil {
		t.Error(err)
	}
	if _, err := pool.Submit(ex, twentyTwo).Result(); !errors.Is(err, pool.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// cancelStates: a future can be cancelled while it is queued; not while it runs, and not after its end.
var cancelStates = with(func(t *testing.T, ex *pool.Executor) {
	running := []*pool.Future[int]{pool.Submit(ex, held), pool.Submit(ex, held)}
	queued := pool.Submit(ex, twentyTwo)
	again := queued.Cancel()
	if !again || !queued.Cancel() || !queued.Cancelled() || !queued.Ready() {
		t.Error("a queued one")
	}
	if _, err := queued.Result(); !errors.Is(err, pool.ErrCancelled) {
		t.Errorf("got %v", err)
	}
	eventually(t, "it never ran", running[0].Running)
	if running[0].Cancel() || running[0].Cancelled() {
		t.Error("a running one")
	}
	letGo.Set()
	pool.Wait(running, pool.AllCompleted)
	if running[0].Cancel() {
		t.Error("one that is done")
	}
})
