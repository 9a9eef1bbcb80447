//go:build unix

package pool_test

import (
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"poolbook/pool"
	"poolbook/pool/core"
)

var (
	spareSet   string
	spareWhere = func() string {
		dir, _ := os.Getwd()
		return os.Getenv("POOL_TEST_PLACE") + " " + dir
	}
)

func setSpare()             { spareSet = "set" }
func spareState(int) string { return spareSet }
func sparePlace(int) string { return spareWhere() }
func nameAndPID(int) [2]string {
	return [2]string{pool.CurrentProcess().Name, strconv.Itoa(os.Getpid())}
}

func init() {
	registerInit(setSpare, nil, []string{"spareSet"})
	share("spareSet", &spareSet)
	register(spareState)
	register(sparePlace)
	register(nameAndPID)
}

// warmed is a host with one worker started ahead, and that worker's number.
func warmed(t *testing.T) (*core.Host, string) {
	t.Helper()
	before := children()
	h := newHost("worker")
	setHost(h)
	h.Warm()
	h.Warm() // there is one already
	return h, born(t, before)
}

// born waits for one further child process.
func born(t *testing.T, before []string) string {
	t.Helper()
	for limit := time.Now().Add(patience); time.Now().Before(limit); time.Sleep(time.Millisecond) {
		if now := slices.DeleteFunc(children(), func(pid string) bool { return slices.Contains(before, pid) }); len(now) == 1 {
			return now[0]
		} else if len(now) > 1 {
			t.Fatalf("%d processes were started ahead, want 1", len(now))
		}
	}
	t.Fatal("no process was started ahead")
	return ""
}

// TestSpareIsTaken: the next pool's first worker is the process that was started ahead, with the name of a first worker, and another one
// takes its place. Nothing of it is told before.
func TestSpareIsTaken(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		h, pid := warmed(t)
		defer h.Close()
		if list := core.Children(&core.Origin{Host: h}); len(list) != 0 {
			t.Errorf("a process without a pool is listed: %v", list)
		}
		p := pool.New(pool.Processes(1), pool.Initializer(setSpare), pool.MemoryLimit(100<<20))
		got := must[[][2]string](t)(pool.Map(p, nameAndPID, []int{1}))[0]
		if got != [2]string{"PoolWorker-1", pid} {
			t.Errorf("the worker is %v, want PoolWorker-1 in process %s", got, pid)
		}
		wantEqual(t, must[[]string](t)(pool.Map(p, spareState, []int{1})), []string{"set"})
		next := born(t, []string{pid})
		p.Terminate()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
		q := pool.New(pool.Processes(1))
		got = must[[][2]string](t)(pool.Map(q, nameAndPID, []int{1}))[0]
		if got != [2]string{"PoolWorker-2", next} {
			t.Errorf("the worker is %v, want PoolWorker-2 in process %s", got, next)
		}
		fresh := pool.New(pool.Processes(1), pool.StartMethod("spawn"))
		if got := must[[][2]string](t)(pool.Map(fresh, nameAndPID, []int{1}))[0]; got[0] != "PoolWorker-3" {
			t.Errorf("the worker is %v, want PoolWorker-3", got)
		}
	})
}

// TestSpareOfAnotherPlace: a process that was started before the environment or the folder changed is of no use to a pool.
func TestSpareOfAnotherPlace(t *testing.T) {
	t.Setenv("POOL_TEST_PLACE", "before")
	t.Chdir(t.TempDir())
	for name, change := range map[string]func(){
		"environment": func() { t.Setenv("POOL_TEST_PLACE", "after") },
		"folder":      func() { t.Chdir(t.TempDir()) },
	} {
		t.Run(name, func(t *testing.T) {
			processes(t, func(t *testing.T, _ *output) {
				h, _ := warmed(t)
				defer h.Close()
				change()
				p := pool.New(pool.Processes(1))
				wantEqual(t, must[[]string](t)(pool.Map(p, sparePlace, []int{1})), []string{spareWhere()})
			})
		})
	}
}

// TestSpareIsKilled: the end of a process that was started ahead harms nothing, however soon the pool comes after it.
func TestSpareIsKilled(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		for i := range 20 {
			h, pid := warmed(t)
			n, _ := strconv.Atoi(pid)
			if err := syscall.Kill(n, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(i) * 200 * time.Microsecond) // at every moment of the kill
			p := pool.New(pool.Processes(2))
			wantEqual(t, must[[]int](t)(pool.Map(p, square, pool.Range(4))), []int{0, 1, 4, 9})
			h.Close()
		}
	})
}
