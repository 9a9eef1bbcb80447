//go:build unix

package pool_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"poolbook/pool"
)

// What the tasks of these tests tell, and wait for.
var (
	begun *pool.Queue[int] // the items, in the order in which they begin
	letGo *pool.Event      // lets those go on that wait
)

func init() {
	share("begun", &begun)
	share("letGo", &letGo)
	register(waitsForIt, "begun", "letGo")
	register(waitsAlone, "begun", "letGo")
	register(notes, "begun")
	register(failsAtTwo, "begun", "letGo")
}

func resetTasks() {
	begun, letGo = pool.NewQueue[int](0), pool.NewEvent()
}

func note(n int) {
	if err := begun.Put(n); err != nil {
		panic(err)
	}
}

func waitsForIt(n int) int {
	note(n)
	if err := letGo.Wait(); err != nil {
		panic(err)
	}
	return 10 * n
}

func waitsAlone() int { return waitsForIt(-1) }

func notes(n int) int {
	note(n)
	return 10 * n
}

var errTwo = errors.New("two fails")

// failsAtTwo fails at item 2; those from 3 on wait.
func failsAtTwo(n int) (int, error) {
	note(n)
	if n == 2 {
		return 0, errTwo
	}
	if n > 2 {
		_ = letGo.Wait()
	}
	return 10 * n, nil
}

// begins waits until n items have begun and returns them.
func begins(t *testing.T, n int) []int {
	t.Helper()
	var out []int
	for range n {
		v, err := begun.GetTimeout(patience)
		if err != nil {
			t.Fatalf("after %v: %v", out, err)
		}
		out = append(out, v)
	}
	return out
}

func TestContext(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		resetTasks()
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		defer letGo.Set()
		cause := errors.New("the reader has left")
		ctx, cancel := context.WithCancelCause(context.Background())
		r := pool.MapAsync(p, waitsForIt, pool.Range(10), pool.Context(ctx), pool.ChunkSize(1))
		other := pool.MapAsync(p, square, pool.Range(10))
		begins(t, 2)
		cancel(cause)
		_, err := r.Get()
		for _, want := range []error{pool.ErrCancelled, context.Canceled, cause} {
			if !errors.Is(err, want) {
				t.Errorf("%v is not %v", err, want)
			}
		}
		for i, o := range r.Outcomes() {
			if !errors.Is(o.Err, cause) {
				t.Errorf("item %d: %v", i, o)
			}
		}
		if threads {
			letGo.Set() // threads are held by their tasks
		}
		wantEqual(t, must[[]int](t)(other.Get()), squares)

		// A context that has ended runs nothing; one that ends after the job changes nothing.
		if _, err := pool.Apply(p, waitsAlone, pool.Context(ctx)); !errors.Is(err, cause) {
			t.Errorf("got %v", err)
		}
		ctx, cancelLate := context.WithCancel(context.Background())
		done := pool.MapAsync(p, square, pool.Range(10), pool.Context(ctx))
		wantEqual(t, must[[]int](t)(done.Get()), squares)
		cancelLate()
		wantEqual(t, must[[]int](t)(done.Get()), squares)

		// An iteration tells it once and ends.
		ctx, stop := context.WithDeadline(context.Background(), time.Now())
		defer stop()
		var errs []error
		for _, err := range pool.Imap(p, square, pool.Range(10), pool.Context(ctx)) {
			errs = append(errs, err)
		}
		if len(errs) != 1 || !errors.Is(errs[0], context.DeadlineExceeded) {
			t.Errorf("got %v", errs)
		}
	})
}

func TestContextOfFuture(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		resetTasks()
		ex := newExecutor(threads, pool.MaxWorkers(1))
		defer func() { _ = ex.ShutdownNow() }()
		defer letGo.Set()
		ctx, cancel := context.WithCancel(context.Background())
		f := pool.Submit(ex, waitsAlone, pool.Context(ctx))
		begins(t, 1)
		cancel()
		if _, err := f.Result(); !errors.Is(err, context.Canceled) || !f.Cancelled() {
			t.Errorf("%v, cancelled: %v", err, f.Cancelled())
		}
	})
}

func TestStopAtFirstError(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		resetTasks()
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		defer letGo.Set()
		r := pool.MapAsyncErr(p, failsAtTwo, pool.Range(100), pool.ChunkSize(1), pool.StopAtFirstError())
		_, err := r.Get() // it is not set: without the option this waits
		var e *pool.RemoteError
		if !errors.As(err, &e) || e.Index != 2 || !errors.Is(err, errTwo) && !threads && e.Err.Error() != errTwo.Error() {
			t.Errorf("got %v", err)
		}
		for i, o := range r.Outcomes() {
			switch {
			case i < 2 && o.Err == nil && o.Value != 10*i, i == 2 && errors.Is(o.Err, pool.ErrCancelled), i > 2 && !errors.Is(o.Err, pool.ErrCancelled):
				t.Errorf("item %d: %v", i, o)
			}
		}
		letGo.Set()
		// Only the failed item is tried again.
		if again := r.RetryFailed().Outcomes(); len(again) != 1 || again[0].Err == nil {
			t.Errorf("got %v", again)
		}
	})
}

// TestStopAtFirstErrorImap: the loop gets the error of the item and ends, also when results before it never come.
func TestStopAtFirstErrorImap(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		resetTasks()
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		defer letGo.Set()
		var errs []error
		for _, err := range pool.ImapErr(p, failsAtTwo, []int{3, 2, 1}, pool.StopAtFirstError()) {
			errs = append(errs, err)
		}
		var e *pool.RemoteError
		if len(errs) != 1 || !errors.As(errs[0], &e) || e.Index != 1 {
			t.Errorf("got %v", errs)
		}
		errs = nil
		for _, err := range pool.ImapUnorderedErr(p, failsAtTwo, []int{2, 3, 3}, pool.StopAtFirstError()) {
			errs = append(errs, err)
		}
		if len(errs) != 1 || !errors.As(errs[0], &e) || e.Index != 0 {
			t.Errorf("got %v", errs)
		}
	})
}

func TestPriority(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		resetTasks()
		p := newPool(threads, pool.Processes(1))
		defer p.Terminate()
		first := pool.ApplyAsync(p, waitsAlone)
		begins(t, 1)
		var rs []*pool.MapResult[int]
		for i, n := range []int{0, 5, -1, 5, 1} {
			items := []int{10 * i, 10*i + 1}
			rs = append(rs, pool.MapAsync(p, notes, items, pool.ChunkSize(1), pool.Priority(n)))
		}
		letGo.Set()
		for _, r := range rs {
			must[[]int](t)(r.Get())
		}
		must[int](t)(first.Get())
		wantEqual(t, begins(t, 10), []int{10, 11, 30, 31, 40, 41, 0, 1, 20, 21})
	})
}

func TestBufferSize(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		resetTasks()
		ex := newExecutor(threads, pool.MaxWorkers(2))
		next, stop := iterPull(pool.ExecutorMap(ex, notes, pool.Range(20), pool.BufferSize(3)))
		begins(t, 3)
		for i := range 17 {
			if begun.Len() > 0 {
				t.Errorf("result %d: item %v runs ahead", i, begins(t, 1))
			}
			if v, err := next(); err != nil || v != 10*i {
				t.Fatalf("got %v, %v", v, err)
			}
			wantEqual(t, begins(t, 1), []int{i + 3})
		}
		stop()

		// As a sequence, read no further.
		var read []int
		seq := func(yield func(int) bool) {
			for i := 0; ; i++ {
				read = append(read, i)
				if !yield(i) {
					return
				}
			}
		}
		n := 0
		for v, err := range pool.ExecutorMapSeq(ex, notes, seq, pool.BufferSize(2)) {
			if err != nil || v != 10*n {
				t.Fatalf("got %v, %v", v, err)
			}
			if n++; n == 5 {
				break
			}
		}
		if err := ex.Shutdown(); err != nil {
			t.Error(err)
		}
		if len(read) > 5+2+1 {
			t.Errorf("read %v", read)
		}

		// A chunk that is larger than the buffer goes out as one.
		p := newPool(threads, pool.Processes(2))
		var got []int
		for v, err := range pool.Imap(p, square, pool.Range(10), pool.BufferSize(2), pool.ChunkSize(4)) {
			if err != nil {
				t.Error(err)
			}
			got = append(got, v)
		}
		wantEqual(t, got, squares)
		p.Close()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
	})
}

// iterPull takes the results of an iteration one by one.
func iterPull(seq iter.Seq2[int, error]) (next func() (int, error), stop func()) {
	pull, stop := iter.Pull2(seq)
	return func() (int, error) {
		v, err, ok := pull()
		if !ok {
			err = errors.New("no more results")
		}
		return v, err
	}, stop
}

func TestShutdownCancelFutures(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		resetTasks()
		ex := newExecutor(threads, pool.MaxWorkers(1))
		running := pool.Submit(ex, waitsAlone)
		begins(t, 1)
		var waiting []*pool.Future[int]
		for range 5 {
			waiting = append(waiting, pool.Submit(ex, twentyTwo))
		}
		ended := make(chan error)
		go func() { ended <- ex.Shutdown(pool.CancelFutures()) }()
		for _, f := range waiting {
			if _, err := f.ResultTimeout(patience); !errors.Is(err, pool.ErrCancelled) || !f.Cancelled() {
				t.Errorf("%v, cancelled: %v", err, f.Cancelled())
			}
		}
		if running.Ready() {
			t.Error("what ran was ended")
		}
		letGo.Set()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		wantEqual(t, must[int](t)(running.Result()), -10)
	})
}

// TestShutdownCancelsItems: of a map over items those that run are finished, the others cancelled.
func TestShutdownCancelsItems(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		resetTasks()
		ex := newExecutor(threads, pool.MaxWorkers(1))
		results := pool.ExecutorMap(ex, waitsForIt, pool.Range(5))
		begins(t, 1)
		last := pool.Submit(ex, twentyTwo)
		ended := make(chan error)
		go func() { ended <- ex.Shutdown(pool.CancelFutures()) }()
		if _, err := last.Result(); !errors.Is(err, pool.ErrCancelled) {
			t.Errorf("got %v", err)
		}
		letGo.Set()
		i := 0
		for v, err := range results {
			if (i == 0) != (err == nil) || i > 0 && !errors.Is(err, pool.ErrCancelled) {
				t.Errorf("item %d: %v, %v", i, v, err)
			}
			i++
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if i != 5 {
			t.Errorf("%d results", i)
		}
	})
}

func TestAsCompletedTimeout(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		resetTasks()
		ex := newExecutor(threads, pool.MaxWorkers(2))
		slow, quick := pool.Submit(ex, waitsAlone), pool.Submit(ex, twentyTwo)
		begins(t, 1)
		must[int](t)(quick.Result())
		fs := []*pool.Future[int]{slow, quick, slow}
		var got []*pool.Future[int]
		var errs []error
		for f, err := range pool.AsCompletedTimeout(fs, time.Millisecond) {
			got, errs = append(got, f), append(errs, err)
		}
		if !slices.Equal(got, []*pool.Future[int]{quick, nil}) || errs[0] != nil || !errors.Is(errs[1], pool.ErrTimeout) {
			t.Errorf("got %v, %v", got, errs)
		}
		letGo.Set()
		n := 0
		for f, err := range pool.AsCompletedTimeout(fs, time.Minute) {
			if err != nil || !f.Ready() {
				t.Errorf("got %v", err)
			}
			n++
		}
		wantEqual(t, n, 2)
		if err := ex.Shutdown(); err != nil {
			t.Error(err)
		}
	})
}

func TestWaitForTimeout(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		c := pool.NewCondition()
		if err := c.Acquire(); err != nil {
			t.Fatal(err)
		}
		asked := 0
		if ok, err := c.WaitForTimeout(func() bool { asked++; return false }, time.Millisecond); ok || err != nil || asked < 1 {
			t.Errorf("%v, %v, asked %d times", ok, err, asked)
		}
		ready := false
		go func() {
			c.Lock()
			defer c.Unlock()
			ready = true
			_ = c.NotifyAll()
		}()
		if ok, err := c.WaitForTimeout(func() bool { return ready }, time.Minute); !ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
		if err := c.Release(); err != nil {
			t.Error(err)
		}
		// The lock is asked for only when there is something to wait for, as in WaitFor.
		if ok, err := c.WaitForTimeout(func() bool { return true }, 0); !ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
		if _, err := c.WaitForTimeout(func() bool { return false }, time.Minute); !errors.Is(err, pool.ErrNotHeld) {
			t.Errorf("got %v", err)
		}
	})
}
