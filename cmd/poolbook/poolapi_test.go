package main

import (
	"strings"
	"testing"
)

// TestPoolCalls runs the options and calls of pools with interpreted functions, on worker processes and on threads, which have to agree.
func TestPoolCalls(t *testing.T) {
	p := newPlace(t)
	out := p.poolbook("run", p.write("calls.go", poolCalls))
	if out.code != 0 {
		t.Fatalf("run: %+v", out)
	}
	for _, kind := range []string{"processes", "threads"} {
		for _, line := range strings.Split(strings.TrimSpace(poolCallsWant), "\n") {
			if want := kind + " " + line + "\n"; !strings.Contains(out.stdout, want) {
				t.Errorf("no line %q in\n%s", want, out.stdout)
			}
		}
	}
	for _, want := range []string{"process: deferred\nexit code 1\n"} {
		if !strings.Contains(out.stdout, want) {
			t.Errorf("no %q in\n%s", want, out.stdout)
		}
	}
	if strings.Contains(out.stdout, "bad exit") {
		t.Error(out.stdout)
	}
	if n := strings.Count(out.stderr, `ApplyAsync "nobody looks" has failed, and nothing has asked for its result: odd`); n != 2 {
		t.Errorf("%d notes of what nobody looks at in\n%s", n, out.stderr)
	}
}

const poolCallsWant = `
context: true true
first error: true
retries: 42 <nil> 3
on all: <nil> [20 21 22 23] <nil>
random: [86 186 226 871 407] <nil>
index: [true true true true true true] <nil>
shared: [3 7.5] <nil>
buffer: 10 <nil>
written: true
size: 3 3
`

const poolCalls = `package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"poolbook/pool"
)

var data []int

var errOdd = errors.New("odd")

func check(p *pool.Pool, kind string) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := pool.Map(p, func(n int) int {
		for {
			time.Sleep(time.Millisecond)
		}
	}, pool.Range(3), pool.Context(ctx))
	fmt.Println(kind, "context:", errors.Is(err, context.DeadlineExceeded), errors.Is(err, pool.ErrCancelled))

	_, err = pool.MapErr(p, func(n int) (int, error) {
		if n == 2 {
			return 0, errOdd
		}
		time.Sleep(20 * time.Millisecond)
		return n, nil
	}, pool.Range(10000), pool.ChunkSize(1), pool.StopAtFirstError())
	fmt.Println(kind, "first error:", errors.Is(err, errOdd))

	tries := pool.NewValue(0)
	v, err := pool.ApplyErr(p, func() (int, error) {
		if n := tries.Update(func(n int) int { return n + 1 }); n < 3 {
			return 0, fmt.Errorf("try %d: %w", n, errOdd)
		}
		return 42, nil
	}, pool.Retries(5), pool.RetryIf(func(err error) bool { return errors.Is(err, errOdd) }), pool.Backoff(time.Millisecond, time.Second))
	fmt.Println(kind, "retries:", v, err, tries.Get())

	err = pool.RunOnAll(p, func() { data = []int{10, 20, 30} })
	sums, err2 := pool.Map(p, func(n int) int { return data[1] + n }, pool.Range(4), pool.ChunkSize(1))
	fmt.Println(kind, "on all:", err, sums, err2)

	rs, err := pool.Map(p, func(n int) int { return pool.Rand().IntN(1000) }, pool.Range(5), pool.Seed(1))
	fmt.Println(kind, "random:", rs, err)

	idx, err := pool.Map(p, func(n int) bool {
		i := pool.WorkerIndex()
		return i >= 0 && i < 2 && pool.TaskIndex() == n
	}, pool.Range(6), pool.ChunkSize(2))
	fmt.Println(kind, "index:", idx, err)

	s := pool.Shared([]float64{1, 2, 3, 4.5})
	parts, err := pool.Map(p, func(r pool.Args2[int, int]) float64 {
		t := 0.0
		for _, x := range s.Slice()[r.A:r.B] {
			t += x
		}
		return t
	}, s.Split(2))
	fmt.Println(kind, "shared:", parts, err)
	_, err = pool.Map(p, func(n int) int {
		s.Slice()[n] = 1
		return n
	}, pool.Range(1))
	refused := err != nil && strings.Contains(err.Error(), "tasks only read it")
	fmt.Println(kind, "written:", refused == (kind == "processes" && runtime.GOOS == "linux"))

	squares := func(yield func(int) bool) {
		for i := 0; yield(i * i); i++ {
		}
	}
	n := 0
	for v, err := range pool.ImapSeq(p, func(n int) int {
		pool.TaskProgress(1, 2)
		pool.TaskLabel("squares")
		return n + 1
	}, squares, pool.BufferSize(2)) {
		if n++; n == 4 {
			fmt.Println(kind, "buffer:", v, err)
			break
		}
	}
	pool.ApplyAsyncErr(p, func() (int, error) { return 0, errOdd }, pool.Label("nobody looks"))
	p.Resize(3)
	fmt.Println(kind, "size:", p.Size(), p.Workers())
	p.Close()
	if err := p.Join(); err != nil {
		fmt.Println(err)
	}
	for range 20 {
		runtime.GC()
		time.Sleep(5 * time.Millisecond)
	}
}

func main() {
	opts := []pool.Option{pool.Processes(2), pool.AtExit(func() {
		if len(data) != 3 {
			fmt.Println("bad exit", len(data))
		}
	})}
	check(pool.New(opts...), "processes")
	data = nil
	check(pool.NewThreadPool(opts...), "threads")

	began := pool.NewEvent()
	p := pool.NewProcess(func() {
		defer fmt.Println("process: deferred")
		began.Set()
		for {
			time.Sleep(time.Millisecond)
		}
	})
	if err := p.Start(); err != nil {
		fmt.Println(err)
	}
	if err := began.Wait(); err != nil {
		fmt.Println(err)
	}
	p.Interrupt()
	if err := p.Join(); err != nil {
		fmt.Println(err)
	}
	fmt.Println("exit code", p.ExitCode())
}
`
