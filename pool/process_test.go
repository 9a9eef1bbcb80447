//go:build unix

package pool_test

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"poolbook/pool"
)

func init() {
	register(child, "queue")
	register(exitChild, "codeExit")
	register(panicChild)
	register(sleepChild)
	register(whoAmI)
	register(slowAnswer)
}

func child()      { _ = queue.Put("from " + pool.CurrentProcess().Name) }
func exitChild()  { os.Exit(codeExit) }
func panicChild() { panic("child fails") }
func sleepChild() { time.Sleep(time.Minute) }
func whoAmI(int) string {
	c := pool.CurrentProcess()
	if c.PID != os.Getpid() {
		return "wrong pid"
	}
	return c.Name
}

func TestProcess(t *testing.T) {
	processes(t, func(t *testing.T, out *output) {
		queue = pool.NewQueue[string](0)
		p := pool.NewProcess(child, pool.Name("reader"))
		if p.IsAlive() || p.PID() != 0 {
			t.Error("it lives before Start")
		}
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		if p.Name() != "reader" || p.PID() == 0 || p.PID() == os.Getpid() {
			t.Error(p.Name(), p.PID())
		}
		wantEqual(t, must[string](t)(queue.Get()), "from reader")
		if err := p.Join(); err != nil || p.ExitCode() != 0 || p.IsAlive() {
			t.Error(err, p.ExitCode())
		}
		if err := p.Start(); err == nil {
			t.Error("it started twice")
		}
		codeExit = 9
		for _, c := range []struct {
			f    func()
			kill func(*pool.Process)
			want int
		}{{exitChild, nil, 9}, {panicChild, nil, 1}, {sleepChild, (*pool.Process).Kill, -9}, {sleepChild, (*pool.Process).Terminate, -15}} {
			p := pool.NewProcess(c.f)
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			if c.kill != nil {
				if p.JoinTimeout(50*time.Millisecond) || !p.IsAlive() || len(pool.ActiveChildren()) != 1 {
					t.Error("it does not live")
				}
				c.kill(p)
			}
			if !p.JoinTimeout(patience) || p.ExitCode() != c.want {
				t.Errorf("exit code %d, want %d", p.ExitCode(), c.want)
			}
		}
		out.wait(t, "child fails")
		w := pool.New(pool.Processes(2))
		for _, n := range must[[]string](t)(pool.Map(w, whoAmI, pool.Range(4))) {
			if !strings.HasPrefix(n, "PoolWorker-") {
				t.Error(n)
			}
		}
		wantEqual(t, pool.CurrentProcess().Name, "MainProcess")
		w.Terminate()
	})
}

func TestExecutor(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		ex := pool.NewProcessExecutor(pool.MaxWorkers(2))
		f := pool.Submit(ex, answer)
		wantEqual(t, must[int](t)(f.Result()), 42)
		called := make(chan int, 1)
		f.AddDoneCallback(func(f *pool.Future[int]) { called <- must[int](t)(f.Result()) })
		wantEqual(t, <-called, 42)
		if _, err := pool.SubmitErr(ex, failAnswer).Result(); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v", err)
		}
		fs := []*pool.Future[int]{pool.Submit(ex, answer), pool.Submit(ex, answer), pool.Submit(ex, answer)}
		n := 0
		for f := range pool.AsCompleted(fs) {
			if !f.Ready() {
				t.Error("not completed")
			}
			n++
		}
		wantEqual(t, n, 3)
		slow := []*pool.Future[int]{pool.Submit(ex, slowAnswer), pool.Submit(ex, answer), pool.Submit(ex, slowAnswer), pool.Submit(ex, slowAnswer)}
		last := slow[3]
		if !last.Cancel() || !last.Cancelled() {
			t.Error("a queued future cannot be cancelled")
		}
		done, notDone := pool.Wait(slow[:3], pool.FirstCompleted)
		if len(done) < 1 || len(done)+len(notDone) != 3 {
			t.Error(len(done), len(notDone))
		}
		done, _ = pool.Wait(slow, pool.AllCompleted)
		wantEqual(t, len(done), 4)
		var got []int
		for v, err := range pool.ExecutorMap(ex, square, pool.Range(4)) {
			if err != nil {
				t.Error(err)
			}
			got = append(got, v)
		}
		wantEqual(t, got, []int{0, 1, 4, 9})
		if err := ex.Shutdown(); err != nil {
			t.Error(err)
		}
		if _, err := pool.Submit(ex, answer).Result(); !errors.Is(err, pool.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

func slowAnswer() int {
	time.Sleep(200 * time.Millisecond)
	return 43
}

// TestCPUCount: the default size of a pool is what Go's runtime takes for the CPUs, a container's quota included.
func TestCPUCount(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
		wantEqual(t, pool.CPUCount(), 3)
		p := pool.New()
		defer p.Terminate()
		eventually(t, "three workers do not come", func() bool { return len(pool.ActiveChildren()) >= 3 }) // they start one by one
		must[[]int](t)(pool.Map(p, napping, pool.Range(6), pool.ChunkSize(1)))
		wantEqual(t, len(pool.ActiveChildren()), 3)
	})
}
