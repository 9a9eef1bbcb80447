//go:build unix

package pool_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"poolbook/pool"
)

func init() {
	register(stopsAtFour)
	register(announced, "folder")
	register(secondTry, "folder")
}

func stopsAtFour(n int) int {
	switch n {
	case 2:
		panic("two")
	case 4:
		select {}
	}
	return 10 * n
}

// announced makes a file of its number, and never ends.
func announced(n int) int {
	_ = os.WriteFile(filepath.Join(folder, strconv.Itoa(n)), nil, 0o600)
	select {}
}

// awaitFile waits until the task has made the file.
func awaitFile(t *testing.T, name string) {
	t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return
		} else if time.Now().After(limit) {
			t.Fatalf("no task has begun: %v", err)
		}
	}
}

// secondTry fails but for 0 until there is a file "again"; then 4 never ends.
func secondTry(n int) int {
	if _, err := os.Stat(filepath.Join(folder, "again")); err != nil && n > 0 {
		panic("not yet")
	}
	if n == 4 {
		announced(n)
	}
	return 10 * n
}

func TestCancel(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		p := pool.New(pool.Processes(2))
		defer p.Terminate()
		stuck := pool.MapAsync(p, forever, pool.Range(10))
		other := pool.MapAsync(p, square, pool.Range(10))
		if other.WaitTimeout(50 * time.Millisecond) {
			t.Error("it did not wait for the stuck ones")
		}
		stuck.Cancel()
		if _, err := stuck.Get(); !errors.Is(err, pool.ErrCancelled) {
			t.Errorf("got %v", err)
		}
		if _, err := other.GetTimeout(patience); err != nil {
			t.Errorf("the other job: %v", err)
		}
	})
}

// TestCancelKeepsOutcomes: what was done before a job was cancelled, or its pool terminated, is there.
func TestCancelKeepsOutcomes(t *testing.T) {
	for name, end := range map[string]func(p *pool.Pool, r *pool.MapResult[int]){
		"cancel":    func(_ *pool.Pool, r *pool.MapResult[int]) { r.Cancel() },
		"terminate": func(p *pool.Pool, _ *pool.MapResult[int]) { p.Terminate() },
	} {
		t.Run(name, func(t *testing.T) {
			processes(t, func(t *testing.T, _ *output) {
				p := pool.New(pool.Processes(1))
				defer p.Terminate()
				r := pool.MapAsync(p, stopsAtFour, pool.Range(10), pool.ChunkSize(5))
				for limit := time.Now().Add(patience); r.Stats().Done < 4; time.Sleep(time.Millisecond) {
					if time.Now().After(limit) {
						t.Fatalf("%v: results wait behind a long task", r.Stats())
					}
				}
				end(p, r)
				if _, err := r.Get(); err == nil {
					t.Error("no error")
				}
				for i, o := range r.Outcomes() {
					switch {
					case i == 2:
						var e *pool.RemoteError
						if !errors.As(o.Err, &e) || e.Index != 2 {
							t.Errorf("item 2: %v", o)
						}
					case i < 4:
						if o.Err != nil || o.Value != 10*i {
							t.Errorf("item %d: %v", i, o)
						}
					default:
						if !errors.Is(o.Err, pool.ErrCancelled) && !errors.Is(o.Err, pool.ErrTerminated) {
							t.Errorf("item %d: %v", i, o)
						}
					}
				}
			})
		})
	}
}

// TestCancelRetry: the same of a job that runs failed items again.
func TestCancelRetry(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		folder = t.TempDir()
		p := pool.New(pool.Processes(1))
		defer p.Terminate()
		r := pool.MapAsync(p, secondTry, []int{0, 1, 2, 4})
		if r.Wait(); r.Stats().Failed != 3 {
			t.Fatal(r.Stats())
		}
		if err := os.WriteFile(filepath.Join(folder, "again"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		again := r.RetryFailed()
		awaitFile(t, "4")
		for again.Stats().Done < 2 {
			time.Sleep(time.Millisecond)
		}
		again.Cancel()
		out := again.Outcomes()
		if out[0] != (pool.Outcome[int]{Value: 10}) || out[1] != (pool.Outcome[int]{Value: 20}) || !errors.Is(out[2].Err, pool.ErrCancelled) {
			t.Errorf("got %v", out)
		}
	})
}

func TestTerminate(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		var r *pool.MapResult[int]
		pool.With(func(p *pool.Pool) {
			r = pool.MapAsync(p, forever, pool.Range(10))
			time.Sleep(50 * time.Millisecond)
		}, pool.Processes(2))
		if _, err := r.Get(); !errors.Is(err, pool.ErrTerminated) {
			t.Errorf("got %v", err)
		}
		p := pool.New(pool.Processes(1))
		if err := p.Join(); !errors.Is(err, pool.ErrNotClosed) {
			t.Errorf("got %v", err)
		}
		p.Terminate()
		p.Terminate()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
	})
}

func TestInterrupt(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		p := pool.New(pool.Processes(2))
		defer p.Terminate()
		ctx, cancel := context.WithCancel(context.Background())
		setContext(ctx)
		time.AfterFunc(100*time.Millisecond, cancel)
		if _, err := pool.Map(p, forever, pool.Range(10)); !errors.Is(err, pool.ErrInterrupted) {
			t.Errorf("got %v", err)
		}
		setContext(context.Background())
		wantEqual(t, must[[]int](t)(pool.Map(p, square, []int{3})), []int{9})
	})
}
