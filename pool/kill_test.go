//go:build unix

package pool_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"poolbook/pool"
)

func init() {
	register(hugeResult, "folder")
	register(leavesChild, "folder")
	register(napsUntil, "letGo")
	register(lastCell, "cells")
}

// signalAll sends a signal to all workers.
func signalAll(signal syscall.Signal) (pids []string) {
	pids = children()
	for _, pid := range pids {
		n, _ := strconv.Atoi(pid)
		_ = syscall.Kill(n, signal)
		if signal == syscall.SIGSTOP {
			awaitStop(n)
		}
	}
	return pids
}

// awaitStop waits until a process that was sent SIGSTOP has stopped, which it has when all of its threads have.
func awaitStop(pid int) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, name := range threads {
		for {
			if data, err := os.ReadFile(name); err != nil || bytes.Contains(data, []byte(") T ")) || bytes.Contains(data, []byte(") Z ")) {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// awaitEnd waits for the end of processes.
func awaitEnd(t *testing.T, pids []string) {
	t.Helper()
	for end := time.Now().Add(patience); slices.ContainsFunc(children(), func(pid string) bool { return slices.Contains(pids, pid) }); {
		if time.Now().After(end) {
			t.Fatal("processes go on that were killed")
		}
		time.Sleep(time.Millisecond)
	}
}

// napsUntil takes n milliseconds until the test says that it need not any more.
func napsUntil(n int) int {
	if !letGo.IsSet() {
		time.Sleep(time.Duration(n) * time.Millisecond)
	}
	return n
}

// deadly are the signals that the tests of this file end workers with.
var deadly = map[string]syscall.Signal{"SIGKILL": syscall.SIGKILL, "SIGSEGV": syscall.SIGSEGV}

// TestKillBusy ends all workers at once, again and again, while they work: nothing hangs, and only items that ran are lost.
func TestKillBusy(t *testing.T) {
	for name, signal := range deadly {
		t.Run(name, func(t *testing.T) {
			processes(t, func(t *testing.T, _ *output) {
				const workers, times = 3, 5
				resetTasks()
				p := pool.New(pool.Processes(workers))
				defer p.Terminate()
				r := pool.MapAsync(p, napsUntil, pool.Repeat(5, 5000), pool.ChunkSize(1))
				for range times {
					from := r.Stats().Done
					eventually(t, "it does not go on after the kills", func() bool { return r.Stats().Done >= from+10 })
					signalAll(signal)
				}
				letGo.Set()
				if !r.WaitTimeout(patience) {
					t.Fatal("hangs")
				}
				lost := 0
				for i, o := range r.Outcomes() {
					if o.Err != nil {
						if e := lostError(t, o.Err); e.Index != i || e.PID == 0 || e.Worker == "" {
							t.Errorf("item %d: %#v", i, e)
						}
						lost++
					} else if o.Value != 5 {
						t.Errorf("item %d is %d", i, o.Value)
					}
				}
				if lost == 0 || lost > workers*times {
					t.Errorf("%d items were lost to %d deaths", lost, workers*times)
				}
			})
		})
	}
}

// TestKillStarting ends all workers at once before they are ready: that happens once, and is no reason to give up.
func TestKillStarting(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		file := filepath.Join(t.TempDir(), "begin")
		t.Setenv("POOL_TEST_LATE", file)
		h := newHost("late")
		defer h.Close()
		setHost(h)
		p := pool.New(pool.Processes(5))
		defer p.Terminate()
		for range 2 {
			eventually(t, "the workers do not start", func() bool { return len(children()) == 5 })
			awaitEnd(t, signalAll(syscall.SIGKILL))
		}
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, must[[]int](t)(pool.Map(p, square, pool.Range(4))), []int{0, 1, 4, 9})
	})
}

// TestKillIdle ends workers that do nothing: nobody notices.
func TestKillIdle(t *testing.T) {
	for name, signal := range deadly {
		t.Run(name, func(t *testing.T) {
			processes(t, func(t *testing.T, _ *output) {
				p := pool.New(pool.Processes(2))
				defer p.Terminate()
				for range 3 {
					wantEqual(t, must[[]int](t)(pool.Map(p, square, []int{1, 2, 3})), []int{1, 4, 9})
					pids := signalAll(signal)
					if signal != syscall.SIGKILL { // Go's runtime writes its stacks first, and may be given an item meanwhile
						awaitEnd(t, pids)
					}
				}
			})
		})
	}
}

// TestKillReceiving ends a worker that has got a part of a chunk: the chunk runs elsewhere, and nothing is lost.
func TestKillReceiving(t *testing.T) {
	for name, signal := range deadly {
		t.Run(name, func(t *testing.T) {
			processes(t, func(t *testing.T, _ *output) {
				p := pool.New(pool.Processes(1))
				defer p.Terminate()
				must[[]int](t)(pool.Map(p, square, []int{1}))
				signalAll(syscall.SIGSTOP) // what it gets now stays in its pipe, which holds a part only
				big := make([][]byte, 16)
				for i := range big {
					big[i] = make([]byte, 1<<20+i)
				}
				r := pool.MapAsync(p, length, big, pool.ChunkSize(16))
				if r.WaitTimeout(20 * time.Millisecond) {
					t.Fatal("a stopped worker answered")
				}
				signalAll(signal)
				signalAll(syscall.SIGCONT)
				got, err := r.GetTimeout(patience)
				if err != nil {
					t.Fatal(err)
				}
				for i, n := range got {
					if n != len(big[i]) {
						t.Errorf("item %d is %d", i, n)
					}
				}
			})
		})
	}
}

const hugeSize = 64 << 20

// hugeResult makes a file, then returns what takes a while to send.
func hugeResult(n int) []byte {
	b := make([]byte, hugeSize)
	_ = os.WriteFile(filepath.Join(folder, strconv.Itoa(n)), nil, 0o600)
	return b
}

// TestKillSending ends workers at several moments while they send a large result: one that is not whole is lost, and its error says so.
func TestKillSending(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		folder = t.TempDir()
		p := pool.New(pool.Processes(1))
		defer p.Terminate()
		lost := 0
		for n := range 8 {
			r := pool.MapAsync(p, hugeResult, []int{n})
			awaitFile(t, strconv.Itoa(n))
			time.Sleep(time.Duration(n) * 3 * time.Millisecond)
			signalAll(syscall.SIGKILL)
			got, err := r.GetTimeout(patience)
			switch {
			case err != nil:
				if e := lostError(t, err); e.Index != 0 || e.Signal != "killed" {
					t.Errorf("got %#v", e)
				}
				lost++
			case len(got[0]) != hugeSize: // it was faster
				t.Errorf("%d bytes arrived", len(got[0]))
			}
		}
		if lost == 0 {
			t.Error("every result was sent before its worker was killed")
		}
	})
}

// leavesChild starts a process that holds the worker's output open and outlives it, and dies.
func leavesChild(n int) int {
	cmd := exec.Command("sleep", "1000")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	_ = os.WriteFile(filepath.Join(folder, strconv.Itoa(n)), []byte(strconv.Itoa(cmd.Process.Pid)), 0o600)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// TestOutputHeld: the end of a worker is noticed though its output does not end.
func TestOutputHeld(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		p := pool.New(pool.Processes(1))
		defer p.Terminate()
		folder = t.TempDir()
		_, err := pool.MapAsync(p, leavesChild, []int{1}).GetTimeout(patience)
		if e := lostError(t, err); e.Index != 0 || e.Signal != "killed" {
			t.Errorf("%#v", e)
		}
		child := awaitCommand(t, 1)
		if err := syscall.Kill(child, 0); err != nil {
			t.Errorf("the process that holds its output: %v", err)
		}
		_ = syscall.Kill(child, syscall.SIGKILL)
		wantEqual(t, must[[]int](t)(pool.Map(p, square, []int{3})), []int{9})
	})
}

// TestManyPools makes a thousand pools and drops them: no process, goroutine or file stays.
func TestManyPools(t *testing.T) {
	files := func() int {
		list, _ := os.ReadDir("/proc/self/fd")
		return len(list)
	}
	both(t, func(t *testing.T, _ *output, threads bool) {
		before := files()
		for n := range 1000 {
			p := newPool(threads, pool.Processes(1))
			r := pool.MapAsync(p, square, []int{3})
			if n%100 == 0 { // the others are dropped with their job under way
				wantEqual(t, must[[]int](t)(r.Get()), []int{9})
			}
			if n%50 == 49 {
				gone(t)
			}
		}
		gone(t)
		for limit := time.Now().Add(patience); files() > before; time.Sleep(10 * time.Millisecond) {
			runtime.GC()
			if time.Now().After(limit) {
				t.Fatalf("%d files are open, %d before", files(), before)
			}
		}
	})
}

// TestSharedObjectsGo: what was shared is garbage when its pool is gone and nobody has it.
func TestSharedObjectsGo(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		heap := func() uint64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		before := heap()
		for range 30 {
			cells = pool.NewArray[int](100_000) // 2.4 MB
			p := pool.New(pool.Processes(1))
			wantEqual(t, must[[]int](t)(pool.Map(p, lastCell, []int{7})), []int{7})
			wantEqual(t, cells.Get(99_999), 7)
			p.Close()
			if err := p.Join(); err != nil {
				t.Error(err)
			}
		}
		eventually(t, "the heap has grown", func() bool { return heap() < before+15<<20 })
		cells = nil
	})
}

func lastCell(n int) int {
	cells.Set(99_999, n)
	return cells.Get(99_999)
}

// gone waits until the workers of unreachable pools have ended.
func gone(t *testing.T) {
	t.Helper()
	for limit := time.Now().Add(patience); len(children()) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%d workers of unreachable pools are left", len(children()))
		}
		runtime.GC()
	}
}
