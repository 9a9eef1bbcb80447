//go:build unix

package pool_test

import (
	"errors"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"poolbook/pool"
)

func TestCPythonQueue(t *testing.T)   { queueTests.run(t) }
func TestCPythonProcess(t *testing.T) { processTests.run(t) }

var inbox, outbox *pool.Queue[int]

func init() {
	share("inbox", &inbox)
	share("outbox", &outbox)
	register(emptyInbox, "inbox", "outbox", "gate")
	register(fillInbox, "inbox", "gate")
	register(putName, "outbox")
	register(endsWith)
}

// emptyInbox takes n values when the gate is open.
func emptyInbox(n int) int {
	_, _ = gate.WaitTimeout(patience)
	sum := 0
	for range n {
		v, err := inbox.Get()
		if err != nil {
			return -1
		}
		sum += v
	}
	return sum
}

func fillInbox(n int) int {
	_, _ = gate.WaitTimeout(patience)
	for i := range n {
		_ = inbox.Put(i)
	}
	return n
}

var queueTests = conformance{
	"test_put": func(t *testing.T, threads bool) {
		const max = 6
		inbox, gate = pool.NewQueue[int](max), pool.NewEvent()
		p := newPool(threads, pool.Processes(1))
		defer p.Terminate()
		r := pool.MapAsync(p, emptyInbox, []int{max})
		if !inbox.Empty() || inbox.Full() {
			t.Error("a new queue is not empty")
		}
		for i := range max {
			if err := inbox.Put(i); err != nil {
				t.Fatal(err)
			}
		}
		if inbox.Empty() || !inbox.Full() {
			t.Error("not full")
		}
		for _, d := range []time.Duration{0, 20 * time.Millisecond} {
			start := time.Now()
			if err := inbox.PutTimeout(7, d); !errors.Is(err, pool.ErrTimeout) || time.Since(start) < d {
				t.Errorf("%v after %v", err, time.Since(start))
			}
		}
		gate.Set()
		wantEqual(t, must[[]int](t)(r.Get()), []int{15})
		if !inbox.Empty() || inbox.Full() {
			t.Error("not empty")
		}
	},
	"test_get": func(t *testing.T, threads bool) {
		inbox, gate = pool.NewQueue[int](0), pool.NewEvent()
		p := newPool(threads, pool.Processes(1))
		defer p.Terminate()
		r := pool.MapAsync(p, fillInbox, []int{4})
		gate.Set()
		for i := range 4 {
			wantEqual(t, must[int](t)(inbox.Get()), i) // in their order
		}
		r.Wait()
		if _, ok := inbox.TryGet(); ok {
			t.Error("a fifth one")
		}
		if _, err := inbox.GetTimeout(20 * time.Millisecond); !errors.Is(err, pool.ErrTimeout) {
			t.Errorf("got %v", err)
		}
	},
	"test_qsize": func(t *testing.T, _ bool) {
		q := pool.NewQueue[int](0)
		for i := range 3 {
			wantEqual(t, q.Len(), i)
			_ = q.Put(1)
		}
		_, _ = q.Get()
		wantEqual(t, q.Len(), 2)
	},
	"test_task_done": func(t *testing.T, threads bool) {
		work, total = pool.NewJoinableQueue[int](0), pool.NewValue(0.0)
		p := newPool(threads, pool.Processes(4))
		defer p.Terminate()
		r := pool.ForEachAsync(p, worksOff, pool.Range(4), pool.ChunkSize(1))
		for i := range 10 {
			_ = work.Put(i)
		}
		if err := work.Join(); err != nil {
			t.Error(err)
		}
		wantEqual(t, total.Get(), 45.0)
		work.Close()
		r.Wait()
	},
	"test_timeout": func(t *testing.T, _ bool) {
		start := time.Now()
		_, err := pool.NewQueue[int](0).GetTimeout(200 * time.Millisecond)
		if d := time.Since(start); !errors.Is(err, pool.ErrTimeout) || d < 195*time.Millisecond {
			t.Errorf("%v after %v", err, d)
		}
	},
	// What is in a queue when it is closed can still be taken.
	"test_closed_queue_empty_exceptions": func(t *testing.T, _ bool) {
		q := pool.NewQueue[string](0)
		_ = q.Put("foo")
		q.Close()
		wantEqual(t, must[string](t)(q.Get()), "foo")
		if _, err := q.Get(); !errors.Is(err, pool.ErrQueueClosed) || !q.Empty() {
			t.Errorf("got %v", err)
		}
	},
	"test_closed_queue_put_get_exceptions": func(t *testing.T, _ bool) {
		q := pool.NewQueue[string](0)
		q.Close()
		if err := q.Put("foo"); !errors.Is(err, pool.ErrQueueClosed) {
			t.Errorf("got %v", err)
		}
		if _, err := q.Get(); !errors.Is(err, pool.ErrQueueClosed) {
			t.Errorf("got %v", err)
		}
	},
	"test_connection": func(t *testing.T, threads bool) {
		endA, endB = pool.NewPipe[int]()
		p := newPool(threads, pool.Processes(1))
		defer p.Terminate()
		r := pool.ForEachAsync(p, echoBack, []int{0})
		if endA.Poll() {
			t.Error("something is there before it is sent")
		}
		if _, err := endA.RecvTimeout(10 * time.Millisecond); !errors.Is(err, pool.ErrTimeout) {
			t.Errorf("got %v", err)
		}
		_ = endA.Send(7)
		wantEqual(t, must[int](t)(endA.Recv()), 70)
		endA.Close()
		r.Wait()
	},
	"test_sendbytes": func(t *testing.T, _ bool) {
		a, b := pool.NewPipe[[]byte]()
		long := slices.Repeat([]byte("latin"), 1<<20)
		_ = a.Send(long)
		wantEqual(t, must[[]byte](t)(b.Recv()), long)
		b.Close()
		if err := a.Send(nil); !errors.Is(err, pool.ErrQueueClosed) {
			t.Errorf("got %v", err)
		}
	},
}

func putName()  { _ = outbox.Put(len(pool.CurrentProcess().Name)) }
func endsWith() { os.Exit(3) }

// processTests are of processes only: a thread has no counterpart of a Process but a goroutine.
var processTests = conformance{
	"test_current": func(t *testing.T, _ bool) {
		c := pool.CurrentProcess()
		wantEqual(t, c.Name, "MainProcess")
		wantEqual(t, c.PID, os.Getpid())
	},
	"test_cpu_count": func(t *testing.T, _ bool) {
		if pool.CPUCount() < 1 {
			t.Error(pool.CPUCount())
		}
	},
	"test_process": processOnly(func(t *testing.T) {
		outbox = pool.NewQueue[int](0)
		p := pool.NewProcess(putName, pool.Name("TestProcess"))
		if p.IsAlive() {
			t.Error("it lives before Start")
		}
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, must[int](t)(outbox.Get()), len("TestProcess"))
		if err := p.Join(); err != nil || p.ExitCode() != 0 || p.IsAlive() {
			t.Error(err, p.ExitCode(), p.IsAlive())
		}
	}),
	"test_active_children": processOnly(func(t *testing.T) {
		wantEqual(t, len(pool.ActiveChildren()), 0)
		p := pool.NewProcess(sleepChild)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, len(pool.ActiveChildren()), 1)
		p.Kill()
		_ = p.Join()
		wantEqual(t, len(pool.ActiveChildren()), 0)
	}),
	"test_many_processes": processOnly(func(t *testing.T) {
		ps := make([]*pool.Process, 5)
		for i := range ps {
			ps[i] = pool.NewProcess(sleepChild)
			if err := ps[i].Start(); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		for _, p := range ps {
			wg.Go(func() {
				p.Terminate()
				if err := p.Join(); err != nil || p.ExitCode() != -15 {
					t.Error(err, p.ExitCode())
				}
			})
		}
		wg.Wait()
	}),
	"test_exit_codes": processOnly(func(t *testing.T) {
		for want, f := range map[int]func(){3: endsWith, 1: panicChild} {
			p := pool.NewProcess(f)
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			if err := p.Join(); err != nil || p.ExitCode() != want {
				t.Errorf("%v, exit code %d, want %d", err, p.ExitCode(), want)
			}
		}
	}),
	"test_terminate_a_process": ends((*pool.Process).Terminate, -15),
	"test_kill":                ends((*pool.Process).Kill, -9),
}

func processOnly(f func(t *testing.T)) func(t *testing.T, threads bool) {
	return func(t *testing.T, threads bool) {
		if !threads {
			f(t)
		}
	}
}

func ends(how func(*pool.Process), code int) func(t *testing.T, threads bool) {
	return processOnly(func(t *testing.T) {
		p := pool.NewProcess(sleepChild)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		if p.JoinTimeout(20*time.Millisecond) || !p.IsAlive() {
			t.Error("it ended by itself")
		}
		how(p)
		if !p.JoinTimeout(patience) || p.IsAlive() || p.ExitCode() != code {
			t.Errorf("exit code %d", p.ExitCode())
		}
	})
}
