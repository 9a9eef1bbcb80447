//go:build unix

package pool_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"poolbook/pool"
)

func init() {
	register(exitChild0)
	register(sleepless)
	register(killItself)
	register(command, "folder")
	register(background, "folder")
	register(interruptsItself)
	register(takePermit, "places")
	register(takeLock, "lock")
	register(takeRLock, "rlock")
	register(micronap)
	register(writes, "folder")
	registerInit(exitingInit, nil, nil)
}

func exitChild0() { os.Exit(0) }
func killItself() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} }

// TestProcessEnds: exit codes and words are those of CPython 3.11 for the same ends.
func TestProcessEnds(t *testing.T) {
	processes(t, func(t *testing.T, out *output) {
		codeExit = 3
		for _, c := range []struct {
			name string
			f    func()
			end  func(*pool.Process)
			code int
			says string
		}{
			{"returns", sleepless, nil, 0, ""},
			{"exit 0", exitChild0, nil, 0, ""},
			{"exit 3", exitChild, nil, 3, ""},
			{"panics", panicChild, nil, 1, "child fails"},
			{"is killed", sleepChild, (*pool.Process).Kill, -9, ""},
			{"is terminated", sleepChild, (*pool.Process).Terminate, -15, ""},
			{"is ended from outside", killItself, nil, -9, "was ended by signal: killed"},
		} {
			for _, early := range []bool{true, false} {
				p := pool.NewProcess(c.f, pool.Name(c.name))
				if err := p.Start(); err != nil {
					t.Fatal(err)
				}
				if c.end != nil {
					if !early && p.JoinTimeout(30*time.Millisecond) {
						t.Error(c.name, "does not live")
					}
					c.end(p)
				}
				if err := p.Join(); err != nil || p.ExitCode() != c.code {
					t.Errorf("%s, early %v: %v, exit code %d, want %d", c.name, early, err, p.ExitCode(), c.code)
				}
				if got := out.String(); c.says == "" && got != "" || !strings.Contains(got, c.says) {
					t.Errorf("%s, early %v: it says %q, want %q", c.name, early, got, c.says)
				}
				out.mu.Lock()
				out.all.Reset()
				out.mu.Unlock()
			}
		}
	})
}

func sleepless() {}

func exitingInit() { os.Exit(4) }

// TestEndsBeforeItBegins: what has run no item is not said to run one.
func TestEndsBeforeItBegins(t *testing.T) {
	want := func(err error, text string) {
		t.Helper()
		if e := lostError(t, err); e.Index != -1 || strings.Contains(err.Error(), "item") || strings.Contains(err.Error(), "call") || !strings.Contains(err.Error(), text) {
			t.Errorf("got %v", err)
		}
	}
	processes(t, func(t *testing.T, _ *output) {
		p := pool.New(pool.Processes(1), pool.Initializer(exitingInit))
		defer p.Terminate()
		_, err := pool.Map(p, square, []int{1})
		want(err, "exited with code 4 while it ran the initializer")
	})
	h := newHost("broken")
	setHost(h)
	defer h.Close()
	p := pool.New(pool.Processes(1))
	defer p.Terminate()
	_, err := pool.Map(p, square, []int{1})
	want(err, "exited with code 7 before it had begun")
}

func takePermit(n int) int { return n + mustTake(places.Acquire()) }
func takeLock()            { mustTake(lock.Acquire()) }
func takeRLock()           { mustTake(rlock.Acquire()) }

func mustTake(err error) int {
	if err != nil {
		panic(err)
	}
	return 0
}

// TestEndsWell: who ends well gives nothing back that is meant for another, as in CPython.
func TestEndsWell(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		for name, make := range map[string]func(int) *pool.Semaphore{"semaphore": pool.NewSemaphore, "bounded semaphore": pool.NewBoundedSemaphore} {
			places = make(4)
			p := pool.New(pool.Processes(1), pool.MaxTasksPerChild(1))
			for n := range 4 {
				wantEqual(t, must[[]int](t)(pool.Map(p, takePermit, []int{n})), []int{n})
			}
			p.Close()
			if err := p.Join(); err != nil {
				t.Error(err)
			}
			if ok, err := places.AcquireTimeout(0); ok || err != nil {
				t.Errorf("%s: a permit came back that nobody gave: %v, %v", name, ok, err)
			}
			for range 4 {
				if err := places.Release(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			if err := places.Release(); (err != nil) != (name == "bounded semaphore") {
				t.Errorf("%s: a fifth release: %v", name, err)
			}
		}
		run := func(f func()) {
			p := pool.NewProcess(f)
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			if err := p.Join(); err != nil || p.ExitCode() != 0 {
				t.Fatal(err, p.ExitCode())
			}
		}
		lock = pool.NewLock()
		run(takeLock)
		if ok, err := lock.AcquireTimeout(0); ok || err != nil {
			t.Errorf("the lock handed on: %v, %v", ok, err)
		}
		if err := lock.Release(); err != nil {
			t.Error(err)
		}
		// Nobody else can release a recursive lock: it would be lost.
		rlock = pool.NewRLock()
		run(takeRLock)
		if err := rlock.Acquire(); !errors.Is(err, pool.ErrHolderDied) {
			t.Errorf("the recursive lock of one that has ended: %v", err)
		}
	})
}

// command waits for a command that never ends, and background leaves one behind; each writes the command's number into a file.
func command(n int) int { startCommand(n, true); return n }

func background(n int) int { startCommand(n, false); return n }

func startCommand(n int, wait bool) {
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	name := filepath.Join(folder, strconv.Itoa(n))
	if err := os.WriteFile(name+".part", []byte(strconv.Itoa(cmd.Process.Pid)), 0o600); err != nil {
		panic(err)
	}
	if err := os.Rename(name+".part", name); err != nil {
		panic(err)
	}
	if wait {
		_ = cmd.Wait()
	}
}

// awaitCommand waits until the task has started its command.
func awaitCommand(t *testing.T, n int) (pid int) {
	t.Helper()
	awaitFile(t, strconv.Itoa(n))
	data, err := os.ReadFile(filepath.Join(folder, strconv.Itoa(n)))
	if err == nil {
		pid, err = strconv.Atoi(string(data))
	}
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// awaitDeath waits until a process has ended that is no child of this one.
func awaitDeath(t *testing.T, pid int) {
	t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(data), ") Z ") {
			return
		}
		if time.Now().After(limit) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Errorf("the command %d goes on", pid)
			return
		}
	}
}

// TestCommandsEnd: the commands that tasks have started end with their worker, whatever ends that.
func TestCommandsEnd(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		folder = t.TempDir()
		p := pool.New(pool.Processes(1))
		defer func() { p.Terminate() }()
		for n, end := range []func(r *pool.MapResult[int]){
			func(r *pool.MapResult[int]) { r.Cancel() },
			func(r *pool.MapResult[int]) { signalAll(syscall.SIGKILL) },
			func(r *pool.MapResult[int]) { signalAll(syscall.SIGTERM) },
			func(*pool.MapResult[int]) { p.Terminate() },
		} {
			r := pool.MapAsync(p, command, []int{n})
			pid := awaitCommand(t, n)
			end(r)
			if _, err := r.Get(); err == nil {
				t.Error(n, "no error")
			}
			awaitDeath(t, pid)
		}
		p = pool.New(pool.Processes(1))
		_, err := pool.Map(p, command, []int{10}, pool.Timeout(500*time.Millisecond))
		if pid := awaitCommand(t, 10); errors.Is(err, pool.ErrTimeout) {
			awaitDeath(t, pid)
		} else {
			t.Error(err)
		}
		must[[]int](t)(pool.Map(p, background, []int{11}))
		pid := awaitCommand(t, 11)
		p.Close()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
		awaitDeath(t, pid)
	})
}

// notebookOfCommands is the part of TestCommandsEndWithNotebook that is killed.
func notebookOfCommands() {
	p := pool.New(pool.Processes(3))
	fmt.Println(pool.Map(p, command, []int{0, 1, 2}, pool.ChunkSize(1)))
}

// TestCommandsEndWithNotebook: when the process of the pool is killed, its workers and their commands end, a worker that is stopped too.
func TestCommandsEndWithNotebook(t *testing.T) {
	const env = "POOL_TEST_NOTEBOOK"
	if folder = os.Getenv(env); folder != "" {
		h := newHost("worker")
		setHost(h)
		notebookOfCommands()
		return
	}
	folder = t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run", "^TestCommandsEndWithNotebook$")
	cmd.Env = append(os.Environ(), env+"="+folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // where it has a session of its own it has no terminal that could end it
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []int
	for n := range 3 {
		pids = append(pids, awaitCommand(t, n))
	}
	workers := strings.Fields(read(t, fmt.Sprintf("/proc/%d/task/%[1]d/children", cmd.Process.Pid)))
	for _, task := range must[[]string](t)(filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", cmd.Process.Pid))) {
		workers = append(workers, strings.Fields(read(t, task))...)
	}
	for i, w := range workers {
		pid, _ := strconv.Atoi(w)
		if pids = append(pids, pid); i == 0 {
			_ = syscall.Kill(pid, syscall.SIGSTOP)
			awaitStop(pid)
		}
	}
	if len(pids) < 6 {
		t.Fatalf("processes %v", pids)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for _, pid := range pids {
		awaitDeath(t, pid)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// interruptsItself runs a command that sends itself an interrupt, and says how it ended.
func interruptsItself(int) string {
	return fmt.Sprint(exec.Command("sh", "-c", "kill -INT $$; echo it goes on").Run())
}

// TestInterruptOfCommands: a command that a task starts ends by an interrupt as it does elsewhere, and a worker does not.
func TestInterruptOfCommands(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		p := pool.New(pool.Processes(1))
		defer p.Terminate()
		wantEqual(t, must[[]string](t)(pool.Map(p, interruptsItself, []int{1})), []string{"signal: interrupt"})
		pids := signalAll(syscall.SIGINT)
		wantEqual(t, must[[]int](t)(pool.Map(p, square, []int{3})), []int{9})
		wantEqual(t, children(), pids)
	})
}

// writes adds to a file for as long as it can.
func writes(n int) int {
	f, err := os.Create(filepath.Join(folder, strconv.Itoa(n)))
	if err != nil {
		panic(err)
	}
	for {
		if _, err := f.WriteString("x"); err != nil {
			panic(err)
		}
	}
}

// TestReadyWhenStopped: when the result of a job that was cut off is ready, its tasks do nothing any more.
func TestReadyWhenStopped(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		for name, end := range map[string]func(*pool.Pool, *pool.MapResult[int]){
			"cancel":    func(_ *pool.Pool, r *pool.MapResult[int]) { r.Cancel() },
			"terminate": func(p *pool.Pool, _ *pool.MapResult[int]) { p.Terminate() },
		} {
			folder = t.TempDir()
			p := pool.New(pool.Processes(2))
			r := pool.MapAsync(p, writes, []int{0, 1}, pool.ChunkSize(1))
			awaitFile(t, "0")
			awaitFile(t, "1")
			end(p, r)
			if _, err := r.Get(); !errors.Is(err, pool.ErrCancelled) && !errors.Is(err, pool.ErrTerminated) {
				t.Errorf("%s: %v", name, err)
			}
			size := func() (n int64) {
				for _, f := range []string{"0", "1"} {
					info, err := os.Stat(filepath.Join(folder, f))
					if err != nil {
						t.Fatal(err)
					}
					n += info.Size()
				}
				return n
			}
			before := size()
			time.Sleep(20 * time.Millisecond)
			if after := size(); after != before {
				t.Errorf("%s: %d bytes were written after the result was ready", name, after-before)
			}
			p.Terminate()
		}
	})
}

// micronap sleeps n microseconds.
func micronap(n int) int {
	time.Sleep(time.Duration(n) * time.Microsecond)
	return n
}

// TestCancelHitsNoOther: a worker that is killed because of a cancelled job, in the moment in which it goes on with another one's tasks, takes
// nothing from that.
func TestCancelHitsNoOther(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	processes(t, func(t *testing.T, _ *output) {
		var all sync.WaitGroup
		for seed := range uint64(12) {
			all.Go(func() {
				random := rand.New(rand.NewPCG(seed, 1))
				p := pool.New(pool.Processes(1))
				defer p.Terminate()
				for range rounds {
					if _, err := pool.Map(p, micronap, make([]int, 1000)); err != nil { // short ones: more are sent ahead
						t.Error(err)
					}
					first := pool.MapAsync(p, micronap, []int{195_000 + random.IntN(10_000)})
					items := make([]int, 40)
					for i := range items {
						items[i] = 200 + i
					}
					second := pool.MapAsync(p, micronap, items, pool.ChunkSize(4))
					first.Cancel()
					got, err := second.Get()
					if err != nil {
						t.Errorf("the other job: %v", err)
						return
					}
					for i, n := range got {
						if n != items[i] {
							t.Errorf("item %d is %d, want %d", i, n, items[i])
						}
					}
				}
			})
		}
		all.Wait()
	})
}
