//go:build unix

package pool_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"poolbook/pool"
)

// The tests of CPython's own suite (Lib/test/_test_multiprocessing.py, test_concurrent_futures) have counterparts under their names, written
// from what they check: see [cpythonTests].

// conformance is a test of what both kinds of pools do, under the name of CPython's.
type conformance map[string]func(t *testing.T, threads bool)

func (c conformance) run(t *testing.T) {
	for name, f := range c {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, _ *output, threads bool) { f(t, threads) })
		})
	}
}

func init() {
	register(unsendable)
	register(raises)
	register(sleepLong)
	register(bothOf)
}

// unsendable returns what cannot leave its process.
func unsendable() any { return func() int { return 42 } }

func raises(n int) (int, error) { return 0, &codeError{n} }

func sleepLong() int {
	time.Sleep(150 * time.Millisecond)
	return 7
}

func bothOf(a, b int) []int { return []int{a, b} }

func TestCPythonPool(t *testing.T) { poolTests.run(t) }

var (
	ten     = pool.Range(10)
	squares = []int{0, 1, 4, 9, 16, 25, 36, 49, 64, 81}
)

var poolTests = conformance{
	"test_apply": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(4))
		defer p.Terminate()
		wantEqual(t, must[int](t)(pool.Apply(p, answer)), answer())
	},
	"test_map": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(4))
		defer p.Terminate()
		wantEqual(t, must[[]int](t)(pool.Map(p, square, ten)), squares)
		wantEqual(t, must[[]int](t)(pool.Map(p, square, pool.Range(100), pool.ChunkSize(20)))[99], 99*99)
	},
	"test_starmap": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(4))
		defer p.Terminate()
		got := must[[][]int](t)(pool.Starmap(p, bothOf, pool.Zip(ten, pool.Range(9, -1, -1)), pool.ChunkSize(3)))
		wantEqual(t, got[0], []int{0, 9})
		wantEqual(t, got[9], []int{9, 0})
	},
	"test_starmap_async": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(4))
		defer p.Terminate()
		wantEqual(t, must[[][]int](t)(pool.StarmapAsync(p, bothOf, pool.Zip(ten, ten)).Get())[7], []int{7, 7})
	},
	"test_map_async": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(4))
		defer p.Terminate()
		wantEqual(t, must[[]int](t)(pool.MapAsync(p, square, ten).Get()), squares)
	},
	"test_map_async_callbacks": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(4))
		defer p.Terminate()
		var calls [][]int
		cb := pool.Callback(func(v []int) { calls = append(calls, v) })
		pool.MapAsync(p, square, []int{1}, cb).Wait()
		pool.MapAsync(p, square, ten, cb).Wait()
		wantEqual(t, calls, [][]int{{1}, squares})
		var failures []error
		r := pool.MapAsyncErr(p, raises, []int{5}, cb, pool.ErrorCallback(func(err error) { failures = append(failures, err) }))
		r.Wait()
		var code *codeError
		if len(calls) != 2 || len(failures) != 1 || !errors.As(failures[0], &code) || code.Code != 5 || r.Successful() {
			t.Errorf("%v, %v", calls, failures)
		}
	},
	"test_map_unplicklable": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		// An item that cannot be sent is refused at the call, with its place. Goroutines share it.
		_, err := pool.Map(p, takesAny, []any{1, make(chan int)})
		if threads != (err == nil) || !threads && !strings.Contains(err.Error(), "items[1]: chan int cannot be sent to another process") {
			t.Errorf("got %v", err)
		}
	},
	"test_map_chunksize": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(4))
		defer p.Terminate()
		if _, err := pool.MapAsync(p, square, nil, pool.ChunkSize(1)).GetTimeout(patience); err != nil {
			t.Error(err)
		}
	},
	"test_map_handle_iterable_exception": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(4))
		defer p.Terminate()
		var last error
		n := 0
		for v, err := range pool.ImapSeq(p, square, exhausted(3)) {
			if last = err; err == nil && v != n*n {
				t.Errorf("item %d is %d", n, v)
			}
			n++
		}
		if last == nil || !strings.Contains(last.Error(), "somebody stepped on my exhaust after 3") {
			t.Errorf("got %v", last)
		}
	},
	"test_async": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(4))
		defer p.Terminate()
		start := time.Now()
		r := pool.ApplyAsync(p, sleepLong)
		wantEqual(t, must[int](t)(r.Get()), 7)
		if d := time.Since(start); d < 150*time.Millisecond {
			t.Errorf("it took %v", d)
		}
	},
	"test_async_timeout": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(4))
		defer p.Terminate()
		resetTasks()
		defer letGo.Set()
		r := pool.ApplyAsync(p, held)
		if _, err := r.GetTimeout(time.Millisecond); !errors.Is(err, pool.ErrTimeout) {
			t.Errorf("got %v", err)
		}
	},
	"test_imap": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(4))
		defer p.Terminate()
		for _, size := range []int{1, 100} {
			n := 0
			for v, err := range pool.Imap(p, square, pool.Range(1000), pool.ChunkSize(size)) {
				if err != nil || v != n*n {
					t.Fatalf("item %d: %v, %v", n, v, err)
				}
				n++
			}
			wantEqual(t, n, 1000)
		}
	},
	"test_imap_unordered": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(4))
		defer p.Terminate()
		seen := map[int]bool{}
		for v, err := range pool.ImapUnordered(p, square, pool.Range(1000), pool.ChunkSize(53)) {
			if err != nil || seen[v] {
				t.Fatalf("%v twice, or %v", v, err)
			}
			seen[v] = true
		}
		wantEqual(t, len(seen), 1000)
	},
	"test_imap_handle_iterable_exception": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(4))
		defer p.Terminate()
		for _, of := range []func(*pool.Pool) func(func(int, error) bool){
			func(p *pool.Pool) func(func(int, error) bool) {
				return pool.ImapSeq(p, square, exhausted(2), pool.ChunkSize(2))
			},
			func(p *pool.Pool) func(func(int, error) bool) { return pool.ImapUnorderedSeq(p, square, exhausted(0)) },
		} {
			var last error
			for _, err := range of(p) {
				last = err
			}
			if last == nil || !strings.Contains(last.Error(), "exhaust") {
				t.Errorf("got %v", last)
			}
		}
		wantEqual(t, must[[]int](t)(pool.Map(p, square, ten)), squares)
	},
	"test_make_pool": func(t *testing.T, threads bool) {
		for _, n := range []int{0, -1} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("a pool of %d workers", n)
					}
				}()
				newPool(threads, pool.Processes(n))
			}()
		}
		p := newPool(threads, pool.Processes(3))
		p.Close()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
	},
	"test_terminate": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(3))
		r := pool.MapAsync(p, napping, pool.Repeat(100, 1000), pool.ChunkSize(1))
		p.Terminate()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
		if _, err := r.Get(); !errors.Is(err, pool.ErrTerminated) { // had it waited, there were results
			t.Errorf("got %v", err)
		}
	},
	"test_empty_iterable": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(1))
		defer p.Terminate()
		wantEqual(t, must[[]int](t)(pool.Map(p, square, []int{})), []int{})
		for range pool.Imap(p, square, nil) {
			t.Error("Imap gives something")
		}
		for range pool.ImapUnordered(p, square, nil) {
			t.Error("ImapUnordered gives something")
		}
		if r := pool.MapAsync(p, square, nil); !r.Ready() || !r.Successful() {
			t.Error("not ready at once")
		}
	},
	"test_context": func(t *testing.T, threads bool) {
		var kept *pool.Pool
		use := func(p *pool.Pool) {
			kept = p
			wantEqual(t, must[[]int](t)(pool.Map(p, square, ten)), squares)
		}
		if threads {
			kept = pool.NewThreadPool(pool.Processes(2))
			use(kept)
			kept.Terminate()
		} else {
			pool.With(use, pool.Processes(2))
		}
		if _, err := pool.Map(kept, square, ten); !errors.Is(err, pool.ErrClosed) {
			t.Errorf("got %v", err)
		}
	},
	"test_wrapped_exception": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(1))
		defer p.Terminate()
		_, err := pool.MapErr(p, odd, []int{8})
		if !errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "reading: EOF") {
			t.Errorf("got %v", err)
		}
	},
	// CPython waits for all chunks before it raises; so does Get, and the other items' results are there besides.
	"test_map_no_failfast": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		start := time.Now()
		r := pool.MapAsync(p, boomOrNap, []int{5, 300}, pool.ChunkSize(1))
		if _, err := r.Get(); err == nil || time.Since(start) < 250*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		wantEqual(t, r.Outcomes()[1].Value, 300)
	},
	"test_async_error_callback": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		var got error
		r := pool.ApplyAsyncErr(p, failAnswer, pool.ErrorCallback(func(err error) { got = err }))
		if _, err := r.Get(); !errors.Is(err, os.ErrNotExist) || !errors.Is(got, os.ErrNotExist) {
			t.Errorf("%v, %v", err, got)
		}
	},
	"test_unpickleable_result": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		for range 20 {
			var got error
			r := pool.ApplyAsync(p, unsendable, pool.ErrorCallback(func(err error) { got = err }))
			_, err := r.Get()
			if threads != (err == nil) || threads != (got == nil) || !threads && !strings.Contains(err.Error(), "cannot be sent") {
				t.Fatalf("%v, %v", err, got)
			}
		}
	},
	"test_pool_worker_lifetime": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(3), pool.MaxTasksPerChild(10))
		rs := make([]*pool.AsyncResult[int], 100)
		for i := range rs {
			rs[i] = pool.ApplyAsync(p, answer)
		}
		for _, r := range rs {
			wantEqual(t, must[int](t)(r.Get()), 42)
		}
		p.Close()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
	},
	"test_pool_worker_lifetime_early_close": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(3), pool.MaxTasksPerChild(1))
		rs := make([]*pool.AsyncResult[int], 6)
		for i := range rs {
			rs[i] = pool.ApplyAsync(p, sleepLong)
		}
		p.Close()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
		for _, r := range rs {
			if !r.Ready() {
				t.Error("Join returned before the work was done")
			}
			wantEqual(t, must[int](t)(r.Get()), 7)
		}
	},
	"test_pool_maxtasksperchild_invalid": func(t *testing.T, threads bool) {
		defer func() {
			if recover() == nil {
				t.Error("a negative number is taken")
			}
		}()
		newPool(threads, pool.MaxTasksPerChild(-1))
	},
	"test_release_unused_processes": func(t *testing.T, threads bool) {
		p := newPool(threads, pool.Processes(3), pool.Initializer(failingInit))
		if _, err := pool.Map(p, square, ten); err == nil || !strings.Contains(err.Error(), "cannot connect") {
			t.Errorf("got %v", err)
		}
		p.Terminate()
	},
}

func init() {
	register(takesAny)
	register(boomOrNap)
}

func takesAny(any) int { return 1 }

func boomOrNap(n int) int {
	if n == 5 {
		panic("five")
	}
	return napping(n)
}

// exhausted gives n items and then panics.
func exhausted(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
		panic(fmt.Sprintf("somebody stepped on my exhaust after %d", n))
	}
}
