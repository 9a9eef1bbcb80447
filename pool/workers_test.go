//go:build unix

package pool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"poolbook/pool"
)

func init() {
	share("loaded", &loaded)
	share("badWorker", &badWorker)
	register(indexAtDoor, "begun", "letGo")
	register(indexOf)
	register(tableOf, "loaded")
	register(killOwnWorker, "badWorker")
	registerInit(loadTable, nil, []string{"loaded"})
	registerInit(loadBadly, []string{"badWorker", "folder"}, []string{"loaded"})
	registerInit(loadErr, []string{"badWorker"}, []string{"loaded"})
	registerInit(loadForever, []string{"begun"}, []string{"loaded"})
	registerInit(dieLoading, []string{"badWorker"}, nil)
	register(leaves, "loaded", "folder")
	register(leavesBadly)
}

var (
	loaded    []int
	badWorker int
)

// indexAtDoor tells the index of its worker and waits.
func indexAtDoor(int) int {
	note(pool.WorkerIndex())
	_ = letGo.Wait()
	return pool.WorkerIndex()
}

func indexOf(int) int { return pool.WorkerIndex() }

func tableOf(n int) int {
	loading.Lock()
	defer loading.Unlock()
	return 100*len(loaded) + n
}

func killOwnWorker(int) int {
	if pool.WorkerIndex() == badWorker {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return 0
}

// loading is the lock of loaded, which the workers of a thread pool share.
var loading sync.Mutex

func loadTable() {
	loading.Lock()
	defer loading.Unlock()
	loaded = []int{1, 2, 3}
}

func loadBadly() {
	if f, err := os.CreateTemp(folder, "load"); err == nil {
		f.Close()
	}
	if pool.WorkerIndex() == badWorker {
		panic("no data here")
	}
	loadTable()
}

var errLoad = errors.New("no data there")

func loadErr() error {
	if pool.WorkerIndex() == badWorker {
		return fmt.Errorf("worker %d: %w", badWorker, errLoad)
	}
	return nil
}

func loadForever() {
	note(1)
	select {}
}

func dieLoading() {
	if pool.WorkerIndex() == badWorker {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// leaves makes a file of the worker's number and what it has loaded.
func leaves() {
	_ = os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d-%d", pool.WorkerIndex(), len(loaded))), nil, 0o600)
}

func leavesBadly() { panic("cannot leave") }

// files are the names in the folder.
func files(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// eventually waits until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal(what)
		}
	}
}

// closed closes and joins a pool.
func closed(t *testing.T, p *pool.Pool) {
	t.Helper()
	p.Close()
	if err := p.Join(); err != nil {
		t.Error(err)
	}
}

func TestWorkerIndex(t *testing.T) {
	wantEqual(t, pool.WorkerIndex(), -1)
	both(t, func(t *testing.T, _ *output, threads bool) {
		resetTasks()
		p := newPool(threads, pool.Processes(3))
		r := pool.MapAsync(p, indexAtDoor, pool.Range(3), pool.ChunkSize(1))
		got := begins(t, 3)
		slices.Sort(got)
		wantEqual(t, got, []int{0, 1, 2})
		letGo.Set()
		must[[]int](t)(r.Get())
		wantEqual(t, pool.WorkerIndex(), -1)
		closed(t, p)
	})
	processes(t, func(t *testing.T, _ *output) {
		// Those that take a place have its number.
		p := pool.New(pool.Processes(2), pool.MaxTasksPerChild(1))
		for _, i := range must[[]int](t)(pool.Map(p, indexOf, pool.Range(8), pool.ChunkSize(1))) {
			if i != 0 && i != 1 {
				t.Errorf("index %d", i)
			}
		}
		closed(t, p)
		p = pool.New(pool.Processes(2))
		badWorker = 1
		if _, err := pool.Map(p, killOwnWorker, pool.Range(40), pool.ChunkSize(1)); err == nil {
			t.Log("worker 1 got no item")
		}
		resetTasks()
		r := pool.MapAsync(p, indexAtDoor, pool.Range(2), pool.ChunkSize(1))
		got := begins(t, 2)
		slices.Sort(got)
		wantEqual(t, got, []int{0, 1})
		letGo.Set()
		must[[]int](t)(r.Get())
		closed(t, p)
	})
}

func TestRunOnAll(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		loaded = nil
		p := newPool(threads, pool.Processes(3))
		defer p.Terminate()
		wantEqual(t, must[[]int](t)(pool.Map(p, tableOf, pool.Range(3), pool.ChunkSize(1))), []int{0, 1, 2})
		if err := pool.RunOnAll(p, loadTable); err != nil {
			t.Fatal(err)
		}
		want := []int{300, 301, 302, 303, 304, 305}
		wantEqual(t, must[[]int](t)(pool.Map(p, tableOf, pool.Range(6), pool.ChunkSize(1))), want)
		if threads {
			return
		}
		wantEqual(t, len(loaded), 0)
		// A worker that takes another's place has it too, and what the notebook assigns does not reach it.
		loaded = []int{1}
		badWorker = 0
		_, _ = pool.Map(p, killOwnWorker, pool.Range(30), pool.ChunkSize(1))
		p.Resize(5)
		resetTasks()
		wantEqual(t, must[[]int](t)(pool.Map(p, tableOf, pool.Range(6), pool.ChunkSize(1))), want)
		// Twice: the later one counts.
		if err := pool.RunOnAll(p, loadTable); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, must[[]int](t)(pool.Map(p, tableOf, pool.Range(6), pool.ChunkSize(1))), want)
	})
}

// TestRunOnAllBehindTasks: workers at work run it between their tasks, and jobs of before see it from then on.
func TestRunOnAllBehindTasks(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		loaded = nil
		resetTasks()
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		r := pool.MapAsync(p, waitsForIt, pool.Range(2), pool.ChunkSize(1))
		begins(t, 2)
		ended := make(chan error)
		go func() { ended <- pool.RunOnAll(p, loadTable) }()
		select {
		case err := <-ended:
			t.Fatalf("it did not wait for the tasks: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
		letGo.Set()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		must[[]int](t)(r.Get())
		wantEqual(t, must[[]int](t)(pool.Map(p, tableOf, pool.Range(2), pool.ChunkSize(1))), []int{300, 301})
	})
}

func TestRunOnAllFails(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		loaded, folder, badWorker = nil, t.TempDir(), 1
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		err := pool.RunOnAll(p, loadBadly)
		var remote *pool.RemoteError
		if !errors.As(err, &remote) || !remote.Panic || remote.Value != "no data here" || !strings.Contains(err.Error(), "RunOnAll") {
			t.Errorf("got %v", err)
		}
		if err := pool.RunOnAllErr(p, loadErr); err == nil || !strings.Contains(err.Error(), "worker 1: no data there") {
			t.Errorf("got %v", err)
		}
		// The pool goes on; workers that come later do not run what failed.
		n := len(files(t))
		wantEqual(t, n, 2)
		p.Resize(4)
		must[[]int](t)(pool.Map(p, square, pool.Range(10), pool.ChunkSize(1)))
		wantEqual(t, len(files(t)), n)
		badWorker = -1
		if err := pool.RunOnAllErr(p, loadErr); err != nil {
			t.Errorf("got %v", err)
		}
		if !threads {
			badWorker = 2
			var lost *pool.WorkerLostError
			if err := pool.RunOnAll(p, dieLoading); !errors.As(err, &lost) || !strings.Contains(err.Error(), "RunOnAll") {
				t.Errorf("got %v", err)
			}
			must[[]int](t)(pool.Map(p, square, pool.Range(10), pool.ChunkSize(1)))
			if err := pool.RunOnAll(p, killSelfNotRegistered); err == nil {
				t.Error("no error for a function without code")
			}
		}
		closed(t, p)
		if err := pool.RunOnAll(p, loadTable); !errors.Is(err, pool.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

func killSelfNotRegistered() {}

// TestRunOnAllInterrupted: the call returns when its cell is interrupted, and when the pool is terminated.
func TestRunOnAllInterrupted(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		resetTasks()
		p := pool.New(pool.Processes(2))
		ctx, cancel := context.WithCancel(context.Background())
		setContext(ctx)
		ended := make(chan error)
		go func() { ended <- pool.RunOnAll(p, loadForever) }()
		eventually(t, "it does not begin", func() bool { return begun.Len() == 2 })
		cancel()
		if err := <-ended; !errors.Is(err, pool.ErrInterrupted) {
			t.Errorf("got %v", err)
		}
		setContext(context.Background())
		p.Terminate()

		p = pool.New(pool.Processes(2))
		go func() { ended <- pool.RunOnAll(p, loadForever) }()
		eventually(t, "it does not begin", func() bool { return begun.Len() == 4 })
		p.Terminate()
		if err := <-ended; !errors.Is(err, pool.ErrTerminated) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAtExit(t *testing.T) {
	both(t, func(t *testing.T, out *output, threads bool) {
		loaded, folder = nil, t.TempDir()
		resetTasks()
		p := newPool(threads, pool.Processes(2), pool.Initializer(loadTable), pool.AtExit(leaves))
		r := pool.MapAsync(p, indexAtDoor, pool.Range(2), pool.ChunkSize(1))
		begins(t, 2)
		letGo.Set()
		must[[]int](t)(r.Get())
		closed(t, p)
		wantEqual(t, files(t), []string{"0-3", "1-3"})

		folder = t.TempDir()
		p = newPool(threads, pool.Processes(3), pool.AtExit(leaves))
		resetTasks()
		r = pool.MapAsync(p, indexAtDoor, pool.Range(3), pool.ChunkSize(1))
		begins(t, 3)
		p.Resize(1) // the others end when they have done what they do
		letGo.Set()
		must[[]int](t)(r.Get())
		eventually(t, "the others have not left", func() bool { return len(files(t)) == 2 })
		p.Terminate()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
		for _, f := range files(t) {
			if strings.HasPrefix(f, "0-") {
				t.Error("a worker that was terminated has run it")
			}
		}

		p = newPool(threads, pool.Processes(1), pool.AtExit(leavesBadly))
		must[[]int](t)(pool.Map(p, square, pool.Range(2)))
		closed(t, p)
		out.wait(t, "cannot leave")
	})
	processes(t, func(t *testing.T, _ *output) {
		loaded, folder = nil, t.TempDir()
		p := pool.New(pool.Processes(1), pool.MaxTasksPerChild(1), pool.AtExit(leaves))
		must[[]int](t)(pool.Map(p, square, pool.Range(1)))
		awaitFile(t, "0-0")
		closed(t, p)
	})
}

func TestResize(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		resetTasks()
		p := newPool(threads, pool.Processes(1))
		r := pool.MapAsync(p, waitsForIt, pool.Range(8), pool.ChunkSize(1))
		begins(t, 1)
		p.Resize(4)
		begins(t, 3) // they run at the same time
		wantEqual(t, []int{p.Size(), p.Workers()}, []int{4, 4})
		p.Resize(2)
		letGo.Set()
		wantEqual(t, len(must[[]int](t)(r.Get())), 8)
		eventually(t, "the workers do not end", func() bool { return p.Workers() == 2 })

		resetTasks()
		idx := pool.MapAsync(p, indexAtDoor, pool.Range(2), pool.ChunkSize(1))
		got := begins(t, 2)
		slices.Sort(got)
		wantEqual(t, got, []int{0, 1})
		letGo.Set()
		must[[]int](t)(idx.Get())
		closed(t, p)
		p.Resize(3)
		wantEqual(t, p.Workers(), 0)
	})
}

// TestResizeKeepsItems: whatever the size does, each item runs once.
func TestResizeKeepsItems(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		p := newPool(threads, pool.Processes(2))
		attempts = pool.NewArray[int](400)
		troubles = make([]string, 400)
		r := pool.MapAsyncErr(p, troubled, pool.Range(400), pool.ChunkSize(3))
		for i := 0; !r.Ready(); i++ {
			p.Resize([]int{4, 1, 3, 2}[i%4])
			time.Sleep(time.Millisecond)
		}
		got := must[[]int](t)(r.Get())
		for i, v := range got {
			if v != 10*i || attempts.Get(i) != 1 {
				t.Errorf("item %d: %d, ran %d times", i, v, attempts.Get(i))
			}
		}
		closed(t, p)
	})
}

func TestIdleTimeout(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		loaded = nil
		p := newPool(threads, pool.Processes(3), pool.IdleTimeout(20*time.Millisecond), pool.Initializer(loadTable))
		for range 3 {
			wantEqual(t, must[[]int](t)(pool.Map(p, tableOf, pool.Range(4), pool.ChunkSize(1)))[3], 303)
			eventually(t, "they do not end", func() bool { return p.Workers() == 0 })
			wantEqual(t, p.Size(), 3)
		}
		resetTasks()
		r := pool.MapAsync(p, waitsForIt, pool.Range(3), pool.ChunkSize(1))
		begins(t, 3) // as many as there is work for
		wantEqual(t, p.Workers(), 3)
		letGo.Set()
		must[[]int](t)(r.Get())
		eventually(t, "they do not end", func() bool { return p.Workers() == 0 })
		closed(t, p)
	})
}

func TestWorkerMisuse(t *testing.T) {
	p := pool.NewThreadPool(pool.Processes(1))
	defer p.Terminate()
	for name, f := range map[string]func(){
		"Resize(0)":      func() { p.Resize(0) },
		"IdleTimeout(0)": func() { pool.IdleTimeout(0) },
		"AtExit(nil)":    func() { pool.AtExit(nil) },
		"Backoff":        func() { pool.Backoff(2, 1) },
		"BufferSize(0)":  func() { pool.BufferSize(0) },
		"Context(nil)":   func() { pool.Context(noContext) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			f()
		}()
	}
	if err := pool.RunOnAll(p, nil); err == nil {
		t.Error("RunOnAll(nil) gives no error")
	}
}
