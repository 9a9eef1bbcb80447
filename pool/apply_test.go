//go:build unix

package pool_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"poolbook/pool"
)

var applied int

func applyNumber() int { return applied }
func applyPrint() int {
	for k := range 30 { // more than goes out line by line
		fmt.Fprintf(printTo.Stdout, "%d.%d ", applied, k)
	}
	return applied
}

func init() {
	share("applied", &applied)
	register(applyNumber, "applied")
	register(applyPrint, "applied")
}

// TestApplyOften holds that quick calls one after the other get their own results, and that what a task writes is there, in order, when its
// result is.
func TestApplyOften(t *testing.T) {
	processes(t, func(t *testing.T, out *output) {
		p := pool.New(pool.Processes(2))
		defer p.Terminate()
		for applied = range 3000 {
			if got := must[int](t)(pool.Apply(p, applyNumber)); got != applied {
				t.Fatalf("%d, want %d", got, applied)
			}
		}
		var want strings.Builder
		for applied = range 200 {
			must[int](t)(pool.Apply(p, applyPrint))
			for k := range 30 {
				fmt.Fprintf(&want, "%d.%d ", applied, k)
			}
			if out.String() != want.String() {
				t.Fatalf("after call %d the output is %q", applied, out.String())
			}
		}
	})
}

// TestApplyKilled ends all workers again and again while calls go to and fro: each gets its result or the news of its worker's death.
func TestApplyKilled(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		applied = 7
		p := pool.New(pool.Processes(2))
		defer p.Terminate()
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						if n < 100 {
							t.Errorf("%d calls only", n)
						}
						return
					default:
					}
					got, err := pool.Apply(p, applyNumber)
					var lost *pool.WorkerLostError
					if err == nil && got != 7 || err != nil && !errors.As(err, &lost) {
						t.Errorf("%d, %v", got, err)
						return
					}
				}
			})
		}
		for i := range 30 {
			time.Sleep(20*time.Millisecond + time.Duration(i)*77*time.Microsecond) // at any moment of a call
			signalAll(syscall.SIGKILL)
		}
		time.Sleep(50 * time.Millisecond)
		close(stop)
		ended := make(chan struct{})
		go func() { wg.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(patience):
			t.Fatal("a call hangs")
		}
	})
}

// TestApplyStopped: a worker that is stopped in the middle of quick calls holds its call up, and nothing else; with its end the call ends.
func TestApplyStopped(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		applied = 1
		p := pool.New(pool.Processes(1))
		defer p.Terminate()
		for range 200 {
			must[int](t)(pool.Apply(p, applyNumber))
		}
		signalAll(syscall.SIGSTOP)
		r := make(chan error, 1)
		go func() { _, err := pool.Apply(p, applyNumber); r <- err }()
		select {
		case err := <-r:
			t.Fatalf("a stopped worker answered: %v", err)
		case <-time.After(30 * time.Millisecond):
		}
		signalAll(syscall.SIGCONT)
		select {
		case err := <-r:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Fatal("hangs")
		}
	})
}
