//go:build unix

package pool_test

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"testing"

	"poolbook/pool"
)

func init() {
	register(takeTwice, "rlock")
	register(giveTwice, "rlock")
	register(besideHolder, "rlock", "cond")
	register(takeInGoroutine, "rlock")
}

// tries are what a goroutine may do with a recursive lock.
type tries struct{ Locked, Tried, Released, Notified, Waited bool }

// try tries all of it.
func try() tries {
	took := rlock.TryAcquire()
	if took {
		_ = rlock.Release()
	}
	return tries{rlock.Locked(), took, rlock.Release() == nil, !errors.Is(cond.Notify(1), pool.ErrNotHeld), !errors.Is(cond.Wait(), pool.ErrNotHeld)}
}

// beside is try in another goroutine.
func beside() (got tries) {
	var wg sync.WaitGroup
	wg.Go(func() { got = try() })
	wg.Wait()
	return got
}

func takeTwice(int) bool {
	first := rlock.TryAcquire()
	return rlock.TryAcquire() && first
}

func giveTwice(int) bool {
	first := rlock.Release()
	return errors.Join(first, rlock.Release()) == nil
}

func besideHolder(int) tries {
	rlock.Lock()
	defer rlock.Unlock()
	cond.Lock()
	defer cond.Unlock()
	return beside()
}

// takeInGoroutine leaves the lock with a goroutine that has ended. With n it takes the process with it.
func takeInGoroutine(n int) bool {
	var ok bool
	var wg sync.WaitGroup
	wg.Go(func() { ok = takeTwice(0) })
	wg.Wait()
	if n > 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return ok && rlock.Locked() && !rlock.TryAcquire() && rlock.Release() != nil
}

// TestOwners holds who may release and take again a recursive lock, and use a condition: a thread, as in CPython, which a goroutine stands for.
func TestOwners(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		rlock, cond = pool.NewRLock(), pool.NewCondition()
		p := newPool(threads, pool.Processes(1))
		defer p.Terminate()
		none := []tries{{Locked: true}}

		wantEqual(t, besideHolder(0), none[0])
		wantEqual(t, must[[]tries](t)(pool.Map(p, besideHolder, []int{0})), none)
		wantEqual(t, rlock.Locked(), false)

		// What a worker runs one after the other is one thread.
		wantEqual(t, must[[]bool](t)(pool.Map(p, takeTwice, []int{0, 0}, pool.ChunkSize(1))), []bool{true, true})
		_ = cond.Acquire()
		wantEqual(t, []tries{beside()}, none)
		_ = cond.Release()
		wantEqual(t, must[[]bool](t)(pool.Map(p, giveTwice, []int{0, 0}, pool.ChunkSize(1))), []bool{true, true})
		wantEqual(t, rlock.Locked(), false)

		// A goroutine that ends leaves it taken, and the end of its process frees it.
		wantEqual(t, must[[]bool](t)(pool.Map(p, takeInGoroutine, []int{0})), []bool{true})
		if rlock.TryAcquire() || !rlock.Locked() {
			t.Error("free after the goroutine that held it")
		}
		if threads {
			return
		}
		p.Terminate()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
		heldByDead := func() {
			t.Helper()
			if err := rlock.Acquire(); !errors.Is(err, pool.ErrHolderDied) {
				t.Errorf("got %v", err)
			}
			wantEqual(t, []bool{rlock.TryAcquire(), rlock.Release() == nil, rlock.Locked()}, []bool{true, true, false})
		}
		heldByDead()
		q := pool.New(pool.Processes(1))
		defer q.Terminate()
		_, err := pool.Map(q, takeInGoroutine, []int{1})
		lostError(t, err)
		heldByDead()
	})
}

// BenchmarkRLock takes and gives a recursive lock: what asking for the goroutine costs is the difference to a Lock, with a stack of as many calls.
func BenchmarkRLock(b *testing.B) {
	for _, c := range []struct {
		name  string
		lock  sync.Locker
		depth int
	}{{"Lock", pool.NewLock(), 0}, {"RLock", pool.NewRLock(), 0}, {"RLock below 50 calls", pool.NewRLock(), 50}} {
		b.Run(c.name, func(b *testing.B) {
			taken := 0
			below(c.depth, func() {
				for b.Loop() {
					c.lock.Lock()
					taken++
					c.lock.Unlock()
				}
			})
		})
	}
}

//go:noinline
func below(n int, f func()) {
	if n == 0 {
		f()
		return
	}
	below(n-1, f)
}
