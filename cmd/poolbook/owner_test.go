//go:build unix

package main

import "testing"

// TestOwnersInCells holds which thread cells, their goroutines, the tasks of thread pools and callbacks stand for, as holders of recursive locks.
func TestOwnersInCells(t *testing.T) {
	arrives(t, `cell [1]: true true
cell [2]: true pool: released without being held
cell [2]: <nil> <nil> pool: released without being held
threads: [2 2] <nil> true
task: false pool: released without being held true
callback: false pool: released without being held
waited: true <nil>
`, `
l := pool.NewRLock()
beside := func(f func()) { var wg sync.WaitGroup; wg.Go(f); wg.Wait() }
fmt.Println("cell [1]:", l.TryAcquire(), l.TryAcquire())`, `
beside(func() { fmt.Println("cell [2]:", l.Locked() && !l.TryAcquire(), l.Release()) })
fmt.Println("cell [2]:", l.Release(), l.Release(), l.Release())`, `
// Each thread of a pool takes its own lock in one task, which the next one of the same thread gives back, and no other.
mine := []*pool.RLock{pool.NewRLock(), pool.NewRLock()}
both := pool.NewBarrier(2)
tp := pool.NewThreadPool(pool.Processes(2))
took, err := pool.Map(tp, func(int) int {
	both.Wait()
	w := pool.WorkerIndex()
	if mine[w].Locked() {
		n := 0
		for mine[1-w].Release() != nil && n < 2 && mine[w].Release() == nil { n++ }
		return n
	}
	if !mine[w].TryAcquire() || !mine[w].TryAcquire() { return -1 }
	both.Wait()
	return 0
}, pool.Range(4), pool.ChunkSize(1))
slices.Sort(took)
fmt.Println("threads:", took[2:], err, !mine[0].Locked() && !mine[1].Locked())
l.Lock()
pool.Apply(tp, func() int { fmt.Println("task:", l.TryAcquire(), l.Release(), l.Locked()); return 0 })
pool.ApplyAsync(tp, func() int { return 1 }, pool.Callback(func(int) { fmt.Println("callback:", l.TryAcquire(), l.Release()) })).Get()
l.Unlock()`, `
c := pool.NewCondition()
ready := false
c.Lock()
go func() {
	c.Lock()
	defer c.Unlock()
	ready = true
	c.NotifyAll()
}()
ok, err := c.WaitForTimeout(func() bool { return ready }, time.Minute)
c.Unlock()
fmt.Println("waited:", ok, err)`)
}
