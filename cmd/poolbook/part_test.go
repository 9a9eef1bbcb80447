//go:build unix

package main

import "testing"

// TestMoreOfPool has one worker need more and more of package pool: what it has of it already stays as it is, also types that come in interfaces, which
// no unit tells of, and errors.
func TestMoreOfPool(t *testing.T) {
	arrives(t, `3 <nil>
[true true true] <nil>
true <nil>
7 <nil>
6 <nil>
3 <nil>
pool: the pool is closed
true <nil>
`, `
p := pool.New(pool.Processes(1))
xs := pool.Shared([]float64{1, 2})
sum := func() float64 { s := 0.0; for _, x := range xs.Slice() { s += x }; return s }
fmt.Println(pool.Apply(p, sum))`, `
lock, queue := pool.NewLock(), pool.NewQueue[any](3)
for _, v := range []any{lock, pool.NewRLock(), xs} { queue.Put(v) }
use := func(int) bool {
	v, err := queue.Get()
	if l, ok := v.(sync.Locker); ok { l.Lock(); l.Unlock(); return true }
	s, ok := v.(*pool.SharedSlice[float64])
	return ok && err == nil && s.Len() == 2 && &s.Slice()[0] == &xs.Slice()[0]
}
fmt.Println(pool.Map(p, use, pool.Range(3)))
fmt.Println(pool.Apply(p, func() bool { return lock.TryAcquire() && lock.Release() == nil }))`, `
fmt.Println(pool.Apply(p, func() int {
	tp := pool.NewThreadPool(pool.Processes(2))
	defer tp.Terminate()
	n := 0
	for v, err := range tp.ImapUnordered(func(n int) int { return n + 1 }, pool.Range(3)) { if err == nil { n += v } }
	return n + len(pool.Range(1))
}))
fmt.Println(pool.Apply(p, func() int { d := pool.NewDict[string, int](); d.Set("a", 6); return d.Map()["a"] }))
fmt.Println(pool.Apply(p, sum))`, `
e, _ := pool.Apply(p, func() error { q := pool.NewThreadPool(pool.Processes(1)); q.Close(); _, err := q.ApplyAsync(func() int { return 1 }).Get(); return err })
fmt.Println(e)
fmt.Println(pool.Apply(p, func() bool { return errors.Is(e, pool.ErrClosed) }))`)
}
