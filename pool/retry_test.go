//go:build unix

package pool_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"poolbook/pool"
)

func init() {
	share("attempts", &attempts)
	share("troubles", &troubles)
	register(troubled, "attempts", "troubles")
	register(troubledAlone, "attempts", "troubles")
}

// attempts counts how often each item ran; troubles are what goes wrong with it at first, one letter for each time.
var (
	attempts *pool.Array[int]
	troubles []string
)

// troubled fails as troubles says: E returns an error, P panics, K kills the worker, T takes too long.
func troubled(n int) (int, error) {
	k := attempts.Update(n, func(k int) int { return k + 1 })
	if k > len(troubles[n]) {
		return 10 * n, nil
	}
	switch troubles[n][k-1] {
	case 'E':
		return 0, fmt.Errorf("attempt %d of %d", k, n)
	case 'P':
		panic(fmt.Sprintf("attempt %d of %d", k, n))
	case 'K':
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	select {}
}

func troubledAlone() (int, error) { return troubled(0) }

// TestRetriesOfAll: random troubles against what must come of them.
func TestRetriesOfAll(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		p := newPool(threads, pool.Processes(3))
		defer p.Terminate()
		kinds := "EPEPEPKT"
		if threads {
			kinds = "EP"
		}
		for round := range 6 {
			seed := uint64(round)
			r := rand.New(rand.NewPCG(seed, 0))
			n, retries := 1+r.IntN(30), r.IntN(3)
			attempts, troubles = pool.NewArray[int](n), make([]string, n)
			for i := range troubles {
				for range max(r.IntN(8)-4, 0) {
					troubles[i] += string(kinds[r.IntN(len(kinds))])
				}
			}
			opts := []pool.CallOption{pool.Retries(retries), pool.ChunkSize(1 + r.IntN(10))}
			if !threads {
				opts = append(opts, pool.Timeout(150*time.Millisecond))
			}
			if r.IntN(2) == 0 {
				opts = append(opts, pool.Backoff(time.Millisecond, 4*time.Millisecond))
			}
			if r.IntN(2) == 0 {
				opts = append(opts, pool.RetryIf(func(err error) bool { return err != nil }))
			}
			var outcomes []pool.Outcome[int]
			if r.IntN(2) == 0 {
				outcomes = pool.MapAsyncErr(p, troubled, pool.Range(n), opts...).Outcomes()
			} else {
				for v, err := range pool.ImapErr(p, troubled, pool.Range(n), opts...) {
					outcomes = append(outcomes, pool.Outcome[int]{Value: v, Err: err})
				}
			}
			wantEqual(t, len(outcomes), n)
			for i, o := range outcomes {
				if ok := len(troubles[i]) <= retries; ok != (o.Err == nil) || ok && o.Value != 10*i {
					t.Errorf("seed %d, item %d, troubles %q, %d retries: %v", seed, i, troubles[i], retries, o)
				}
				if want := min(len(troubles[i]), retries) + 1; attempts.Get(i) != want {
					t.Errorf("seed %d, item %d, troubles %q, %d retries: it ran %d times, not %d", seed, i, troubles[i], retries, attempts.Get(i), want)
				}
				if o.Err == nil {
					continue
				}
				last := troubles[i][retries]
				var remote *pool.RemoteError
				var lost *pool.WorkerLostError
				switch {
				case strings.ContainsRune("EP", rune(last)) && !(errors.As(o.Err, &remote) && remote.Index == i && strings.Contains(o.Err.Error(), fmt.Sprintf("attempt %d of %d", retries+1, i))),
					last == 'K' && !(errors.As(o.Err, &lost) && lost.Index == i),
					last == 'T' && !errors.Is(o.Err, pool.ErrTimeout):
					t.Errorf("seed %d, item %d, troubles %q: %v", seed, i, troubles[i], o.Err)
				}
			}
			if t.Failed() {
				return
			}
		}
	})
}

// TestRetryIf: it is asked with the error that Get would give, and what it refuses does not run again.
func TestRetryIf(t *testing.T) {
	both(t, func(t *testing.T, out *output, threads bool) {
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		attempts, troubles = pool.NewArray[int](4), []string{"EE", "", "PP", "E"}
		var asked atomic.Int32
		r := pool.MapAsyncErr(p, troubled, pool.Range(4), pool.ChunkSize(4), pool.Retries(3), pool.RetryIf(func(err error) bool {
			asked.Add(1)
			var e *pool.RemoteError
			return errors.As(err, &e) && !e.Panic
		}))
		for i, o := range r.Outcomes() {
			if (i == 2) != (o.Err != nil) {
				t.Errorf("item %d: %v", i, o)
			}
		}
		wantEqual(t, attempts.All(), []int{3, 1, 1, 2})
		wantEqual(t, asked.Load(), int32(4))

		// One that panics says no.
		attempts = pool.NewArray[int](1)
		_, err := pool.ApplyErr(p, troubledAlone, pool.Retries(1), pool.RetryIf(func(error) bool { panic("no idea") }))
		if err == nil || attempts.Get(0) != 1 {
			t.Errorf("%v after %d attempts", err, attempts.Get(0))
		}
		out.wait(t, "no idea")
	})
}

// TestRetryFailedAfterRetries: an item that has run again is in two chunks, and runs once.
func TestRetryFailedAfterRetries(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		attempts, troubles = pool.NewArray[int](6), []string{"", "EE", "E", "EEE", "", "EEEE"}
		r := pool.MapAsyncErr(p, troubled, pool.Range(6), pool.ChunkSize(6), pool.Retries(1))
		r.Wait()
		wantEqual(t, attempts.All(), []int{1, 2, 2, 2, 1, 2})
		again := r.RetryFailed().Outcomes()
		wantEqual(t, attempts.All(), []int{1, 3, 2, 4, 1, 4})
		if len(again) != 3 || again[0].Value != 10 || again[1].Value != 30 || again[2].Err == nil {
			t.Errorf("got %v", again)
		}
	})
}

// TestBackoffEnds: a wait before a retry ends with its job.
func TestBackoffEnds(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		attempts, troubles = pool.NewArray[int](1), []string{"EE"}
		p := newPool(threads, pool.Processes(1))
		asked := make(chan struct{}, 1)
		r := pool.MapAsyncErr(p, troubled, pool.Range(1), pool.Retries(1), pool.Backoff(time.Hour, time.Hour), pool.RetryIf(func(error) bool {
			asked <- struct{}{}
			return true
		}))
		<-asked
		r.Cancel()
		if _, err := r.Get(); !errors.Is(err, pool.ErrCancelled) {
			t.Errorf("got %v", err)
		}
		ex := newExecutor(threads, pool.MaxWorkers(1))
		attempts = pool.NewArray[int](1)
		f := pool.SubmitErr(ex, troubledAlone, pool.Retries(1), pool.Backoff(time.Hour, time.Hour))
		eventually(t, "it does not begin", func() bool { return attempts.Get(0) > 0 })
		if err := ex.Shutdown(pool.CancelFutures()); err != nil {
			t.Error(err)
		}
		if _, err := f.Result(); err == nil {
			t.Error("no error")
		}
		p.Close()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
	})
}
