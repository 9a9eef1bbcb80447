package pool_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"poolbook/pool"
)

func ExampleContext() {
	p := pool.New(pool.Processes(2))
	defer p.Terminate()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err := pool.Map(p, func(d time.Duration) time.Duration {
		time.Sleep(d)
		return d
	}, []time.Duration{time.Millisecond, time.Minute}, pool.Context(ctx))
	fmt.Println(err, errors.Is(err, pool.ErrCancelled))
	// Output: pool: cancelled: context deadline exceeded true
}

func ExampleStopAtFirstError() {
	p := pool.New(pool.Processes(1))
	defer p.Terminate()
	var began atomic.Int32
	_, err := pool.MapErr(p, func(n int) (int, error) {
		began.Add(1)
		if n == 3 {
			return 0, errors.New("three is bad")
		}
		return n, nil
	}, pool.Range(1000), pool.ChunkSize(1), pool.StopAtFirstError())
	var failed *pool.RemoteError
	fmt.Println(errors.As(err, &failed), failed.Index, failed.Err, began.Load() < 1000)
	// Output: true 3 three is bad true
}

func ExampleRetries() {
	p := pool.New(pool.Processes(2))
	defer p.Terminate()
	var calls atomic.Int32
	busy := errors.New("the server is busy")
	text, err := pool.ApplyErr(p, func() (string, error) {
		if calls.Add(1) < 3 {
			return "", busy
		}
		return "an answer", nil
	},
		pool.Retries(5),
		pool.RetryIf(func(err error) bool { return errors.Is(err, busy) }),
		pool.Backoff(time.Millisecond, 100*time.Millisecond))
	fmt.Println(text, err, calls.Load())
	// Output: an answer <nil> 3
}

func ExamplePriority() {
	p := pool.New(pool.Processes(1))
	defer p.Terminate()
	gate := make(chan bool)
	var order []string
	task := func(name string) func() int {
		return func() int {
			order = append(order, name) // there is one worker
			return 0
		}
	}
	first := pool.ApplyAsync(p, func() bool { return <-gate })
	later := pool.ApplyAsync(p, task("someday"), pool.Priority(-1))
	normal := pool.ApplyAsync(p, task("normal"))
	urgent := pool.ApplyAsync(p, task("urgent"), pool.Priority(10))
	close(gate)
	for _, r := range []interface{ Wait() }{first, later, normal, urgent} {
		r.Wait()
	}
	fmt.Println(order)
	// Output: [urgent normal someday]
}

func ExampleBufferSize() {
	ex := pool.NewThreadExecutor(pool.MaxWorkers(2))
	endless := func(yield func(int) bool) {
		for i := 0; yield(i); i++ {
		}
	}
	for v, err := range pool.ExecutorMapSeq(ex, func(n int) int { return n * n }, endless, pool.BufferSize(4)) {
		fmt.Println(v, err)
		if v == 4 {
			break
		}
	}
	fmt.Println(ex.Shutdown())
	// Output:
	// 0 <nil>
	// 1 <nil>
	// 4 <nil>
	// <nil>
}

func ExampleExecutor_Shutdown() {
	ex := pool.NewThreadExecutor(pool.MaxWorkers(1))
	began, gate := make(chan bool), make(chan bool)
	running := pool.Submit(ex, func() bool {
		began <- true
		return <-gate
	})
	waiting := pool.Submit(ex, func() bool { return true })
	<-began
	waiting.AddDoneCallback(func(*pool.Future[bool]) { close(gate) })
	fmt.Println(ex.Shutdown(pool.CancelFutures()))
	_, err := running.Result()
	fmt.Println(err)
	_, err = waiting.Result()
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
	// pool: cancelled
}

func ExampleAsCompletedTimeout() {
	ex := pool.NewThreadExecutor(pool.MaxWorkers(2))
	defer ex.ShutdownNow()
	gate := make(chan bool)
	defer close(gate)
	quick := pool.Submit(ex, func() string { return "quick" })
	slow := pool.Submit(ex, func() string { <-gate; return "slow" })
	for f, err := range pool.AsCompletedTimeout([]*pool.Future[string]{slow, quick}, 20*time.Millisecond) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(f.Result())
	}
	// Output:
	// quick <nil>
	// pool: timed out
}

func ExampleCondition_WaitForTimeout() {
	c := pool.NewCondition()
	c.Lock()
	defer c.Unlock()
	ready := false
	go func() {
		c.Lock()
		defer c.Unlock()
		ready = true
		_ = c.NotifyAll()
	}()
	fmt.Println(c.WaitForTimeout(func() bool { return ready }, time.Minute))
	// Output: true <nil>
}

func ExampleRunOnAll() {
	p := pool.New(pool.Processes(3))
	var loads atomic.Int32
	err := pool.RunOnAll(p, func() { loads.Add(1) }) // in a notebook: data = load("table.csv")
	fmt.Println(loads.Load(), err)
	p.Close()
	fmt.Println(p.Join())
	// Output:
	// 3 <nil>
	// <nil>
}

func ExampleAtExit() {
	var open, closed atomic.Int32
	p := pool.New(pool.Processes(2),
		pool.Initializer(func() { open.Add(1) }), // a connection of the worker's own
		pool.AtExit(func() { closed.Add(1) }))
	_, err := pool.Map(p, func(n int) int { return n }, pool.Range(10))
	p.Close()
	fmt.Println(err, p.Join(), open.Load() == closed.Load())
	// Output: <nil> <nil> true
}

func ExamplePool_Resize() {
	p := pool.New(pool.Processes(1))
	defer p.Terminate()
	p.Resize(4)
	fmt.Println(p.Size(), p.Workers())
	// Output: 4 4
}

func ExampleWorkerIndex() {
	p := pool.New(pool.Processes(2))
	defer p.Terminate()
	devices := []string{"gpu0", "gpu1"}
	used, err := pool.Map(p, func(int) string { return devices[pool.WorkerIndex()] }, pool.Range(20))
	fmt.Println(len(used), err, pool.WorkerIndex())
	// Output: 20 <nil> -1
}

func ExampleRand() {
	throw := func(int) int { return 1 + pool.Rand().IntN(6) }
	for _, workers := range []int{1, 4} {
		p := pool.New(pool.Processes(workers))
		fmt.Println(pool.Map(p, throw, pool.Range(8), pool.Seed(7)))
		p.Terminate()
	}
	// Output:
	// [4 2 6 1 2 6 3 2] <nil>
	// [4 2 6 1 2 6 3 2] <nil>
}

func ExampleShared() {
	xs := make([]float64, 1_000_000)
	for i := range xs {
		xs[i] = 0.5
	}
	s := pool.Shared(xs)
	p := pool.New(pool.Processes(4))
	defer p.Terminate()
	sums, err := pool.Map(p, func(part pool.Args2[int, int]) float64 {
		sum := 0.0
		for _, x := range s.Slice()[part.A:part.B] {
			sum += x
		}
		return sum
	}, s.Split(4))
	fmt.Println(sums, err)
	// Output: [125000 125000 125000 125000] <nil>
}

func ExampleSplit() {
	fmt.Println(pool.Split(10, 3))
	// Output: [{0 4} {4 7} {7 10}]
}

func ExampleTaskProgress() {
	p := pool.New(pool.Processes(1))
	defer p.Terminate()
	n, err := pool.Apply(p, func() int {
		pool.TaskLabel("adding")
		sum := 0
		for i := range 1000 {
			sum += i
			pool.TaskProgress(i, 1000) // the progress bar of the cell shows it
		}
		return sum
	})
	fmt.Println(n, err, pool.TaskIndex())
	// Output: 499500 <nil> -1
}

func ExampleIdleTimeout() {
	p := pool.New(pool.Processes(8), pool.IdleTimeout(time.Minute))
	lengths, err := pool.Map(p, func(s string) int { return len(s) }, slices.Repeat([]string{"word"}, 3))
	fmt.Println(lengths, err)
	p.Close()
	fmt.Println(p.Join())
	// Output:
	// [4 4 4] <nil>
	// <nil>
}
