//go:build unix

package pool_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"poolbook/pool"
)

func init() {
	for _, f := range []any{killSelf, segfault, exitTask, fatal, flood, forever, napping, badResult, badPanic, goexit, unprintable, failingInit, quick,
		nap, killOnce, counting, rawOutput} {
		register(f)
	}
	register(touch, "folder")
	variables["folder"] = reflect.ValueOf(&folder).Elem()
	registerInit(prepareWorker, nil, []string{"prepared"})
	variables["prepared"] = reflect.ValueOf(&prepared).Elem()
	register(readPrepared, "prepared")
	register(onceOnly, "folder")
	register(slowFirst, "letGo")
}

var (
	folder   string
	prepared int
	calls    int
)

func killSelf(n int) int {
	if n == 5 {
		fmt.Fprintln(os.Stderr, "about to die")
		fmt.Fprintln(printTo.Stdout, "last words")
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return n
}

func segfault(n int) int {
	if n == 1 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGSEGV)
		select {}
	}
	return n
}

func exitTask(n int) int {
	if n == 2 {
		os.Exit(42)
	}
	return n
}

func fatal(n int) int {
	if n == 1 {
		m := map[int]int{}
		for range 8 {
			go func() {
				for i := 0; ; i++ {
					m[i%10] = i
				}
			}()
		}
		select {}
	}
	return n
}

func flood(n int) int {
	line := []byte(strings.Repeat("x", 99) + "\n")
	for range 20_000 {
		_, _ = printTo.Stdout.Write(line)
	}
	return n
}

func forever(int) int { select {} }

func napping(n int) int {
	time.Sleep(time.Duration(n) * time.Millisecond)
	return n
}

func nap(int) { time.Sleep(20 * time.Millisecond) }

func badResult(n int) any {
	if n == 1 {
		return make(chan int)
	}
	return n
}

func badPanic(n int) int { panic(make(chan int)) }

func goexit(n int) int {
	if n == 2 {
		runtime.Goexit()
	}
	return n
}

type rude struct{}

func (rude) Error() string { panic("no text") }

func unprintable(int) (int, error) { return 0, rude{} }

func failingInit() { panic("cannot connect") }

func prepareWorker() { prepared = 7 }

func readPrepared(int) int {
	prepared++
	return prepared
}

func quick(n int) int { return n }

// slowFirst returns at once but for item 0, which waits until the test lets it go.
func slowFirst(n int) int {
	if n == 0 {
		return held()
	}
	return n
}

func touch(n int) int {
	_ = os.WriteFile(filepath.Join(folder, strconv.Itoa(n)+"-"+strconv.FormatInt(time.Now().UnixNano(), 10)), nil, 0o600)
	return n
}

func onceOnly(n int) int {
	if n == 3 {
		f, err := os.OpenFile(filepath.Join(folder, "once"), os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			f.Close()
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	return n
}

func killOnce(n int) int { return n }

func counting(int) int {
	calls++
	return calls
}

func rawOutput(n int) {
	fmt.Fprintf(os.Stdout, "raw %d\n", n)
	fmt.Fprintf(os.Stderr, "err %d\n", n)
}

func lostError(t *testing.T, err error) *pool.WorkerLostError {
	t.Helper()
	var lost *pool.WorkerLostError
	if !errors.As(err, &lost) {
		t.Fatalf("got %v, want a WorkerLostError", err)
	}
	return lost
}

func TestWorkerDies(t *testing.T) {
	for _, c := range []struct {
		name  string
		fn    func(int) int
		index int
		check func(*pool.WorkerLostError) bool
	}{
		{"killed", killSelf, 5, func(e *pool.WorkerLostError) bool {
			return e.Signal == "killed" && strings.Contains(e.Output, "about to die") && strings.Contains(e.Output, "last words")
		}},
		{"segfault", segfault, 1, func(e *pool.WorkerLostError) bool { return strings.Contains(e.Output, "SIGSEGV") }},
		{"exit", exitTask, 2, func(e *pool.WorkerLostError) bool { return e.Signal == "" && e.ExitCode == 42 }},
		{"fatal", fatal, 1, func(e *pool.WorkerLostError) bool { return strings.Contains(e.Output, "goroutine") }},
	} {
		for _, chunk := range []int{1, 10} {
			t.Run(fmt.Sprint(c.name, chunk), func(t *testing.T) {
				t.Setenv("GORACE", "halt_on_error=0") // fatal's race is wanted
				processes(t, func(t *testing.T, out *output) {
					p := pool.New(pool.Processes(2))
					defer p.Terminate()
					r := pool.MapAsync(p, c.fn, pool.Range(10), pool.ChunkSize(chunk), pool.Label("job"))
					_, err := r.GetTimeout(patience)
					lost := lostError(t, err)
					if lost.Index != c.index || lost.More != 0 || lost.PID == 0 || !strings.HasPrefix(lost.Worker, "PoolWorker-") || !c.check(lost) {
						t.Errorf("got %#v", lost)
					}
					if strings.Contains(out.String(), "\ngoroutine ") {
						t.Errorf("stacks in the cell's output: %s", out)
					}
					for i, o := range r.Outcomes() {
						if i != c.index && (o.Err != nil || o.Value != i) {
							t.Errorf("item %d was lost too: %v", i, o)
						}
					}
					wantEqual(t, must[[]int](t)(pool.Map(p, square, []int{3})), []int{9})
					// The output of a death is that of the job it was in.
					must[[]struct{}](t)(pool.ForEachAsync(p, hello, pool.Range(4)).Get())
					_, err = pool.Map(p, exitTask, []int{2})
					if lost := lostError(t, err); lost.Output != "" {
						t.Errorf("an earlier job wrote %q", lost.Output)
					}
				})
			})
		}
	}
}

func TestRetries(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		folder = t.TempDir()
		p := pool.New(pool.Processes(2))
		defer p.Terminate()
		wantEqual(t, must[[]int](t)(pool.Map(p, onceOnly, pool.Range(6), pool.Retries(1), pool.ChunkSize(3))), pool.Range(6))
		_, err := pool.Map(p, killSelf, pool.Range(6), pool.Retries(2))
		if lostError(t, err).Index != 5 {
			t.Error(err)
		}
	})
}

func TestTimeout(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		resetTasks()
		defer letGo.Set()
		// So long that the quick ones end in time on a busy machine too.
		r := pool.MapAsync(p, slowFirst, []int{1, 0, 2, 3}, pool.Timeout(time.Second), pool.ChunkSize(4), pool.Label("naps"))
		_, err := r.GetTimeout(patience)
		if !errors.Is(err, pool.ErrTimeout) || !r.Ready() {
			t.Errorf("got %v", err)
		}
		var late *pool.TimeoutError
		if !errors.As(err, &late) || late.Index != 1 || late.Worker == "" || threads != (late.PID == 0) || late.Stopped != 0 ||
			!strings.HasPrefix(late.Error(), `pool: timed out: item 1 of job "naps" ran longer than 1s (`+late.Worker) {
			t.Errorf("got %#v: %v", late, err)
		}
		for i, o := range r.Outcomes() {
			if (o.Err != nil) != (i == 1) {
				t.Errorf("item %d: %v", i, o)
			}
		}
		slow := pool.MapAsync(p, slowFirst, []int{0})
		if _, err := slow.GetTimeout(time.Millisecond); !errors.Is(err, pool.ErrTimeout) {
			t.Errorf("got %v", err)
		}
		letGo.Set()
		wantEqual(t, must[[]int](t)(slow.Get()), []int{7})
	})
}

func TestInitializer(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		p := pool.New(pool.Processes(1), pool.Initializer(prepareWorker))
		// What the initializer assigned stays, and what tasks make of it.
		wantEqual(t, must[[]int](t)(pool.Map(p, readPrepared, pool.Range(3))), []int{8, 9, 10})
		wantEqual(t, must[[]int](t)(pool.Map(p, readPrepared, pool.Range(1))), []int{11})
		p.Terminate()

		bad := pool.New(pool.Processes(2), pool.Initializer(failingInit))
		_, err := pool.Map(bad, square, []int{1})
		var init *pool.InitError
		if !errors.As(err, &init) || !strings.Contains(err.Error(), "cannot connect") {
			t.Errorf("got %v", err)
		}
		bad.Close()
		if err := bad.Join(); err != nil {
			t.Error(err)
		}
	})
}

func TestBrokenWorkers(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		setHost(newHost("broken"))
		p := pool.New(pool.Processes(2))
		_, err := pool.Map(p, square, []int{1})
		var init *pool.InitError
		if !errors.As(err, &init) || !strings.Contains(err.Error(), "broken on purpose") || lostError(t, err).ExitCode != 7 {
			t.Errorf("got %v", err)
		}
		p.Close()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
	})
}

func TestMaxTasksPerChild(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		p := pool.New(pool.Processes(2), pool.MaxTasksPerChild(3))
		defer p.Terminate()
		times := map[int]int{}
		for _, id := range must[[]int](t)(pool.Map(p, pid, pool.Range(30), pool.ChunkSize(1))) {
			times[id]++
		}
		if len(times) < 10 {
			t.Errorf("30 tasks ran in %d workers", len(times))
		}
		for id, n := range times {
			if n > 3 {
				t.Errorf("worker %d ran %d tasks", id, n)
			}
		}
	})
}

func TestCallbacks(t *testing.T) {
	both(t, func(t *testing.T, out *output, threads bool) {
		p := newPool(threads, pool.Processes(2))
		var results []int
		var failed error
		var r *pool.MapResult[int]
		job, ready := make(chan *pool.MapResult[int], 1), make(chan bool, 1)
		r = pool.MapAsync(p, square, []int{1, 2, 3}, pool.Callback(func(v []int) {
			results = v
			ready <- (<-job).Ready()
		}), pool.ErrorCallback(func(err error) { failed = err }))
		job <- r
		if <-ready {
			t.Error("the job was ready before its callback")
		}
		r.Wait()
		wantEqual(t, results, []int{1, 4, 9})
		if failed != nil {
			t.Error("both callbacks ran")
		}
		results = nil
		pool.MapAsync(p, boom, pool.Range(10), pool.Callback(func(v []int) { results = v }), pool.ErrorCallback(func(err error) { failed = err })).Wait()
		if results != nil || failed == nil || !strings.Contains(failed.Error(), "Something bad happened") {
			t.Errorf("%v, %v", results, failed)
		}
		n := -1
		empty := pool.MapAsync(p, square, nil, pool.Callback(func(v []int) { n = len(v) }))
		empty.Wait()
		wantEqual(t, n, 0)
		got := 0
		pool.ApplyAsync(p, answer, pool.Callback(func(v int) { got = v })).Wait()
		wantEqual(t, got, 42)
		if _, err := pool.MapAsync(p, square, []int{1}, pool.Callback(func(s string) {})).Get(); err == nil || !strings.Contains(err.Error(), "the callback takes string, but the result is []int") {
			t.Errorf("got %v", err)
		}
		bad := pool.MapAsync(p, square, []int{1}, pool.Callback(func([]int) { panic("in the callback") }))
		bad.Wait()
		if !bad.Successful() {
			t.Error("a callback that panics harms the result")
		}
		out.wait(t, "in the callback")
		wantEqual(t, must[[]int](t)(pool.Map(p, square, []int{2})), []int{4})
		p.Close()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
	})
}

func TestUnsendable(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		p := pool.New(pool.Processes(2))
		defer p.Terminate()
		r := pool.MapAsync(p, badResult, pool.Range(3))
		_, err := r.Get()
		if err == nil || !strings.Contains(err.Error(), "the result: chan int cannot be sent") {
			t.Errorf("got %v", err)
		}
		wantEqual(t, r.Outcomes()[2].Value, any(2))
		_, err = pool.Map(p, badPanic, []int{1})
		var remote *pool.RemoteError
		if !errors.As(err, &remote) || !remote.Panic || !strings.HasPrefix(fmt.Sprint(remote.Value), "0x") {
			t.Errorf("got %v", err)
		}
		if _, err := pool.MapErr(p, unprintable, []int{1}); err == nil {
			t.Error("no error")
		}
		if _, err := pool.Map(p, func(int) int { return 1 }, []int{1}); err == nil || !strings.Contains(err.Error(), "is not registered") {
			t.Errorf("got %v", err)
		}
		type item struct {
			//lint:ignore U1000 the codec reads it
			conn *os.File
		}
		err = pool.ForEach(p, func(item) {}, []item{{}})
		if err == nil {
			t.Error("no error")
		}
	})
}

func TestGoexit(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		r := pool.MapAsync(p, goexit, pool.Range(6), pool.ChunkSize(6))
		for i, o := range r.Outcomes() {
			if i == 2 {
				if o.Err == nil || !strings.Contains(o.Err.Error(), "Goexit") {
					t.Errorf("got %v", o.Err)
				}
			} else if o.Err != nil || o.Value != i {
				t.Errorf("item %d: %v", i, o)
			}
		}
	})
}

func TestFlood(t *testing.T) {
	processes(t, func(t *testing.T, out *output) {
		p := pool.New(pool.Processes(2))
		if _, err := pool.Map(p, flood, pool.Range(2)); err != nil {
			t.Error(err)
		}
		p.Close()
		_ = p.Join()
		if n := len(out.String()); n != 2*20_000*100 {
			t.Errorf("%d bytes of output arrived; other than the tasks': %s", n, strings.ReplaceAll(out.String(), strings.Repeat("x", 99)+"\n", ""))
		}
	})
}

func TestOutputTags(t *testing.T) {
	processes(t, func(t *testing.T, out *output) {
		p := pool.New(pool.Processes(2))
		_ = pool.ForEach(p, hello, pool.Range(10), pool.ChunkSize(2))
		_ = pool.ForEach(p, rawOutput, pool.Range(10))
		p.Close()
		_ = p.Join()
		for _, l := range out.lines {
			if strings.HasPrefix(l.text, "hello") && l.text != fmt.Sprintf("hello %d\n", l.item) || !strings.HasPrefix(l.worker, "PoolWorker-") {
				t.Errorf("%+v", l)
			}
		}
		for i := range 10 {
			for _, s := range []string{"hello", "raw", "err"} {
				if !strings.Contains(out.String(), fmt.Sprintf("%s %d\n", s, i)) {
					t.Errorf("no %s %d", s, i)
				}
			}
		}
	})
}

// TestSteal: chunks sent ahead to a worker whose task turns out long run elsewhere.
func TestSteal(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		p := pool.New(pool.Processes(2))
		defer p.Terminate()
		resetTasks()
		for range 3 {
			must[[]int](t)(pool.Map(p, slowFirst, pool.Range(3000)[1:], pool.ChunkSize(1))) // the unit is known to be quick
		}
		r := pool.MapAsync(p, slowFirst, pool.Range(400), pool.ChunkSize(1))
		eventually(t, "items wait behind a long task", func() bool { return r.Stats().Done == 399 })
		letGo.Set()
		must[[]int](t)(r.Get())
	})
}

// TestOrphans: the workers of a program that is killed end too, and the one that was started ahead.
func TestOrphans(t *testing.T) {
	if os.Getenv("POOL_TEST_PARENT") != "" {
		h := newHost("worker")
		setHost(h)
		p := pool.New(pool.Processes(2))
		must[[]int](t)(pool.Map(p, square, pool.Range(10)))
		pool.MapAsync(p, forever, pool.Range(1))
		before := children()
		h.Warm()
		born(t, before)
		time.Sleep(100 * time.Millisecond)
		fmt.Println("PIDS", strings.Join(children(), " "))
		_ = os.Stdout.Sync()
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	out := runSelf(t, "TestOrphans$", "POOL_TEST_PARENT=1")
	_, line, ok := strings.Cut(out, "PIDS ")
	if !ok {
		t.Fatalf("no pids in %q", out)
	}
	line, _, _ = strings.Cut(line, "\n")
	limit := time.Now().Add(patience)
	for _, pid := range strings.Fields(line) {
		for {
			data, err := os.ReadFile("/proc/" + pid + "/stat")
			if err != nil || strings.Contains(string(data), ") Z ") {
				break
			}
			if time.Now().After(limit) {
				t.Fatalf("worker %s lives on: %s", pid, data)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}
