//go:build unix

package pool_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"poolbook/pool"
)

// TestUnseenFailure: the failure of a job that nobody has any more, and has asked about, is told; others are not.
func TestUnseenFailure(t *testing.T) {
	both(t, func(t *testing.T, out *output, threads bool) {
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		start := func(label string) *pool.MapResult[int] {
			return pool.MapAsync(p, panicsAt5, pool.Range(10), pool.Label(label))
		}
		var kept []any
		for _, label := range []string{"got", "outcomes", "successful", "error callback", "retried", "cancelled", "kept", "waited for", "dropped"} {
			var r *pool.MapResult[int]
			if label == "error callback" {
				r = pool.MapAsync(p, panicsAt5, pool.Range(10), pool.Label(label), pool.ErrorCallback(func(error) {}))
			} else {
				r = start(label)
			}
			switch label {
			case "got":
				_, _ = r.Get()
			case "outcomes":
				r.Outcomes()
			case "successful":
				r.Wait()
				r.Successful()
			case "retried":
				_, _ = r.RetryFailed().Get()
			case "cancelled":
				r.Cancel()
			case "kept":
				kept = append(kept, r)
			case "waited for":
				r.Wait()
			}
		}
		if _, err := pool.Map(p, panicsAt5, pool.Range(10), pool.Label("map")); err == nil {
			t.Error("no error")
		}
		for range pool.Imap(p, panicsAt5, pool.Range(10), pool.Label("imap")) {
		}
		for limit := time.Now().Add(patience); strings.Count(out.String(), "nothing has asked") < 2; {
			if time.Now().After(limit) {
				t.Fatalf("got %q", out.String())
			}
			// Workers and their readers hold what they did last.
			must[[]int](t)(pool.Map(p, square, pool.Range(10), pool.ChunkSize(1)))
			runtime.GC()
		}
		for range 5 {
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
		for _, label := range []string{"waited for", "dropped"} {
			if !strings.Contains(out.String(), `MapAsync "`+label+`" has failed, and nothing has asked for its result: panic: five`) {
				t.Errorf("%s: got %q", label, out.String())
			}
		}
		if n := strings.Count(out.String(), "nothing has asked"); n != 2 {
			t.Errorf("%d notes: %q", n, out.String())
		}
		runtime.KeepAlive(kept)
	})
}

func init() { register(panicsAt5) }

func panicsAt5(n int) int {
	if n == 5 {
		panic("five")
	}
	return n
}

func TestLocked(t *testing.T) {
	both(t, func(t *testing.T, _ *output, _ bool) {
		l, r, s := pool.NewLock(), pool.NewRLock(), pool.NewSemaphore(2)
		wantEqual(t, []bool{l.Locked(), r.Locked(), s.Locked()}, []bool{false, false, false})
		for _, err := range []error{l.Acquire(), r.Acquire(), r.Acquire(), s.Acquire()} {
			if err != nil {
				t.Error(err)
			}
		}
		wantEqual(t, []bool{l.Locked(), r.Locked(), s.Locked()}, []bool{true, true, false})
		wantEqual(t, s.Free(), 1)
		for _, err := range []error{l.Release(), r.Release(), s.Acquire()} {
			if err != nil {
				t.Error(err)
			}
		}
		wantEqual(t, []bool{l.Locked(), r.Locked(), s.Locked()}, []bool{false, true, true})
	})
}
