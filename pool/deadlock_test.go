//go:build unix

package pool_test

import (
	"context"
	"errors"

	"reflect"
	"strings"
	"testing"

	"poolbook/pool"
)

// TestWaitsForItself: code of the program that waits for what waits for it gets an error that names it.
func TestWaitsForItself(t *testing.T) {
	both(t, func(t *testing.T, out *output, threads bool) {
		want := func(err error, parts ...string) {
			t.Helper()
			if !errors.Is(err, pool.ErrDeadlock) {
				t.Errorf("got %v", err)
				return
			}
			for _, part := range parts {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("no %q in %v", part, err)
				}
			}
		}
		errs := make(chan error, 10)
		p := newPool(threads, pool.Processes(1))
		var own *pool.MapResult[int]
		set := make(chan struct{})
		own = pool.MapAsync(p, square, []int{1}, pool.Label("own"), pool.Callback(func([]int) {
			<-set
			_, err := own.Get()
			errs <- err
			errs <- own.Outcomes()[0].Err
			own.Wait() // panics
		}))
		close(set)
		want(<-errs, `the callback of job "own"`, "the result of that job")
		want(<-errs)
		wantEqual(t, must[[]int](t)(own.Get()), []int{1})
		out.wait(t, "pool: deadlock")

		// The result of another job that has a callback of its own, whether it is done already or not; one without is waited for.
		var second, third, plain *pool.MapResult[int]
		set = make(chan struct{})
		first := pool.MapAsync(p, square, []int{1}, pool.Label("first"), pool.Callback(func([]int) {
			<-set
			for _, r := range []*pool.MapResult[int]{second, third, plain} {
				_, err := r.Get()
				errs <- err
			}
		}))
		second = pool.MapAsync(p, square, []int{2}, pool.Label("second"), pool.Callback(func([]int) {}))
		third = pool.MapAsyncErr(p, odd, []int{2}, pool.Label("third"), pool.ErrorCallback(func(error) {}))
		plain = pool.MapAsync(p, napping, []int{20}, pool.ErrorCallback(func(error) {}))
		close(set)
		want(<-errs, `job "first"`, `job "second"`)
		want(<-errs, `job "first"`, `job "third"`)
		if err := <-errs; err != nil {
			t.Error(err)
		}
		must[[]int](t)(first.Get())
		must[[]int](t)(second.Get())

		// The pool itself; a goroutine of a callback may wait for it.
		joined := make(chan error)
		last := pool.MapAsync(p, square, []int{1}, pool.Label("last"), pool.Callback(func([]int) {
			p.Close()
			errs <- p.Join()
			go func() { joined <- p.Join() }()
		}))
		want(<-errs, `the callback of job "last"`, "Join")
		must[[]int](t)(last.Get())
		if err := <-joined; err != nil {
			t.Error(err)
		}
		ex := &pool.Executor{}
		if threads {
			ex = pool.NewThreadExecutor()
		} else {
			ex = pool.NewProcessExecutor(pool.MaxWorkers(1))
		}
		resetTasks()
		future := pool.Submit(ex, waitsAlone, pool.Label("future"))
		future.AddDoneCallback(func(*pool.Future[int]) { errs <- ex.Shutdown() }) // before it is done: afterwards it would be no callback's goroutine
		letGo.Set()
		want(<-errs, `"future"`, "Shutdown")
		if err := ex.Shutdown(); err != nil {
			t.Error(err)
		}

		// A sequence that waits for what is made of its items.
		p = newPool(threads, pool.Processes(1))

		read := pool.ImapSeq(p, square, func(yield func(int) bool) {
			if yield(1) {
				p.Close()
				errs <- p.Join()
			}
		}, pool.Label("read"))
		for v, err := range read {
			wantEqual(t, must[int](t)(v, err), 1)
		}
		want(<-errs, `the sequence of items of job "read"`, "Join")
		if err := p.Join(); err != nil {
			t.Error(err)
		}
	})
}

// TestInterruptOfCallback: the interrupt of its cell ends the context in which a callback runs, as an interpreter passes it on to the waits in it.
// A callback that runs later is not interrupted.
func TestInterruptOfCallback(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		ctx, interrupt := context.WithCancel(t.Context())
		contexts := make(chan context.Context, 10)
		current.Lock()
		current.origin.Ctx = ctx
		current.origin.Call = func(ctx context.Context, fn reflect.Value, args []reflect.Value) ([]reflect.Value, error) {
			if fn.Type().NumOut() == 0 {
				contexts <- ctx
			}
			return fn.Call(args), nil
		}
		current.Unlock()
		p := newPool(threads, pool.Processes(1))
		waits := make(chan struct{})
		r := pool.MapAsync(p, square, []int{3}, pool.Callback(func([]int) {
			close(waits)
			<-(<-contexts).Done()
		}))
		<-waits

		later := pool.MapAsync(p, square, []int{4}, pool.Callback(func([]int) {
			if err := (<-contexts).Err(); err != nil {
				t.Error("a callback that begins after the interrupt:", err)
			}
		}))
		interrupt()
		setContext(noContext)
		wantEqual(t, must[[]int](t)(r.Get()), []int{9})
		wantEqual(t, must[[]int](t)(later.Get()), []int{16})
		p.Close()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
	})
}
