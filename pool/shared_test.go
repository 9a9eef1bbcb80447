//go:build unix

package pool_test

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"poolbook/pool"
)

// What tasks share with the test: the stand-in of a session's variables.
var (
	lock     *pool.Lock
	counter  *pool.Value[int]
	total    *pool.Value[float64]
	queue    *pool.Queue[string]
	answers  *pool.Queue[int]
	counts   *pool.Dict[string, int]
	list     *pool.List[any]
	cells    *pool.Array[int]
	started  *pool.Event
	cond     *pool.Condition
	barrier  *pool.Barrier
	places   *pool.Semaphore
	work     *pool.JoinableQueue[int]
	endA     *pool.Connection[int]
	endB     *pool.Connection[int]
	rlock    *pool.RLock
	codeExit int
)

func init() {
	for name, p := range map[string]any{"lock": &lock, "counter": &counter, "total": &total, "queue": &queue, "answers": &answers, "counts": &counts, "list": &list,
		"cells": &cells, "started": &started, "cond": &cond, "barrier": &barrier, "places": &places, "work": &work, "endB": &endB, "rlock": &rlock, "codeExit": &codeExit} {
		variables[name] = reflect.ValueOf(p).Elem()
	}
	register(unsafeAdd, "lock", "counter")
	register(update, "counter", "counts", "cells", "list")
	register(dieWithLock, "lock", "started")
	register(dieWithRLock, "rlock", "started")
	register(consume, "queue", "answers")
	register(worksOff, "work", "total")
	register(waitEvent, "started")
	register(waitCond, "cond", "counter", "started")
	register(meet, "barrier")
	register(useItem)
	register(echoBack, "endB")
	register(sum2)
}

// unsafeAdd would lose counts without the lock.
func unsafeAdd(int) int {
	if err := lock.Acquire(); err != nil {
		panic(err)
	}
	defer lock.Release()
	v := counter.Get()
	counter.Set(v + 1)
	return v
}

func update(n int) {
	counter.Update(func(v int) int { return v + n })
	counts.Update(fmt.Sprint("k", n%3), func(v int) int { return v + 1 })
	cells.Update(n%4, func(v int) int { return v + 1 })
	list.Append(n)
}

func dieWithLock(int) int {
	_ = lock.Acquire()
	started.Set()
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func dieWithRLock(int) int {
	_ = rlock.Acquire()
	_ = rlock.Acquire()
	started.Set()
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func consume(int) int {
	n := 0
	for {
		s, err := queue.Get()
		if errors.Is(err, pool.ErrQueueClosed) {
			return n
		}
		n++
		_ = answers.Put(len(s))
	}
}

func worksOff(int) {
	for {
		n, err := work.Get()
		if err != nil {
			return
		}
		total.Update(func(v float64) float64 { return v + float64(n) })
		if err := work.TaskDone(); err != nil {
			panic(err)
		}
	}
}

func waitEvent(int) bool {
	ok, err := started.WaitTimeout(patience)
	return ok && err == nil
}

func waitCond(int) int {
	cond.Lock()
	defer cond.Unlock()
	started.Set()
	for counter.Get() < 5 {
		if err := cond.Wait(); err != nil {
			panic(err)
		}
	}
	return counter.Get()
}

func meet(int) int {
	n, err := barrier.Wait()
	if err != nil {
		panic(err)
	}
	return n
}

type lockedItem struct {
	lock *pool.Lock
	n    int
}

func useItem(i lockedItem) int {
	i.lock.Lock()
	defer i.lock.Unlock()
	return i.n
}

func echoBack(int) {
	for {
		v, err := endB.Recv()
		if err != nil {
			return
		}
		_ = endB.Send(v * 10)
	}
}

func sum2(a, b int) int { return a + b }

func TestLock(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		lock, counter = pool.NewLock(), pool.NewValue(0)
		p := newPool(threads, pool.Processes(3))
		defer p.Terminate()
		must[[]int](t)(pool.Map(p, unsafeAdd, pool.Range(200), pool.ChunkSize(5)))
		wantEqual(t, counter.Get(), 200)
		if err := lock.Release(); !errors.Is(err, pool.ErrNotHeld) {
			t.Errorf("got %v", err)
		}
		if !lock.TryAcquire() || lock.TryAcquire() {
			t.Error("TryAcquire")
		}
		if ok, err := lock.AcquireTimeout(10 * time.Millisecond); ok || err != nil {
			t.Error(ok, err)
		}
		lock.Unlock()
		items := []lockedItem{{lock, 1}, {lock, 2}}
		wantEqual(t, must[[]int](t)(pool.Map(p, useItem, items)), []int{1, 2})

		r := pool.NewRLock()
		_, _ = r.Acquire(), r.Acquire()
		_, _ = r.Release(), r.Release()
		if err := r.Release(); !errors.Is(err, pool.ErrNotHeld) {
			t.Errorf("got %v", err)
		}
		s := pool.NewBoundedSemaphore(2)
		if _, _ = s.Acquire(), s.Acquire(); s.TryAcquire() {
			t.Error("a third place")
		}
		_, _ = s.Release(), s.Release()
		if err := s.Release(); !errors.Is(err, pool.ErrNotHeld) {
			t.Errorf("got %v", err)
		}
		u := pool.NewSemaphore(0)
		_ = u.Release()
		if !u.TryAcquire() {
			t.Error("a semaphore can be released beyond its first value")
		}
	})
}

// TestHolderDies: an error to the next one, never a hang.
func TestHolderDies(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		lock, rlock, started = pool.NewLock(), pool.NewRLock(), pool.NewEvent()
		p := pool.New(pool.Processes(2))
		defer p.Terminate()
		for _, c := range []struct {
			die              func(int) int
			acquire, release func() error
		}{{dieWithLock, lock.Acquire, lock.Release}, {dieWithRLock, rlock.Acquire, rlock.Release}} {
			started.Clear()
			r := pool.MapAsync(p, c.die, []int{1})
			if err := started.Wait(); err != nil {
				t.Fatal(err)
			}
			if err := c.acquire(); !errors.Is(err, pool.ErrHolderDied) {
				t.Fatalf("got %v", err)
			}
			_, err := r.Get()
			lostError(t, err)
			if err := c.acquire(); err != nil {
				t.Fatal(err)
			}
			if err := c.release(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestSharedValues(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		counter, counts, cells, list = pool.NewValue(0), pool.NewDict[string, int](), pool.NewArray[int](4), pool.NewList[any]("first")
		p := newPool(threads, pool.Processes(3))
		defer p.Terminate()
		if err := pool.ForEach(p, update, pool.Range(60), pool.ChunkSize(3)); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, counter.Get(), 60*59/2)
		wantEqual(t, counts.Map(), map[string]int{"k0": 20, "k1": 20, "k2": 20})
		wantEqual(t, cells.All(), []int{15, 15, 15, 15})
		if n := list.Len(); n != 61 || list.Get(0) != "first" {
			t.Error(n, list.Get(0))
		}
		list.Set(0, 2.5)
		if v, ok := list.Pop(); !ok || list.Get(0) != 2.5 {
			t.Error(v, ok)
		}
		if !counts.Delete("k1") || counts.Delete("k1") || counts.Len() != 2 {
			t.Error("Delete")
		}
		if v, ok := counts.Get("k2"); !ok || v != 20 {
			t.Error(v, ok)
		}
		func() {
			defer func() {
				if err, _ := recover().(error); !errors.Is(err, pool.ErrIndex) {
					t.Error(err)
				}
			}()
			cells.Get(4)
		}()
	})
}

func TestQueues(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		queue, answers = pool.NewQueue[string](3), pool.NewQueue[int](0)
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		r := pool.MapAsync(p, consume, pool.Range(2), pool.ChunkSize(1))
		for i := range 50 {
			if err := queue.Put(strings.Repeat("x", i)); err != nil {
				t.Fatal(err)
			}
		}
		queue.Close()
		n := must[[]int](t)(r.Get())
		wantEqual(t, n[0]+n[1], 50)
		var got []int
		for {
			v, ok := answers.TryGet()
			if !ok {
				break
			}
			got = append(got, v)
		}
		slices.Sort(got)
		wantEqual(t, got, pool.Range(50))
		if err := queue.Put("x"); !errors.Is(err, pool.ErrQueueClosed) {
			t.Errorf("got %v", err)
		}
		small := pool.NewQueue[int](1)
		_ = small.Put(1)
		if err := small.PutTimeout(2, time.Millisecond); !errors.Is(err, pool.ErrTimeout) || !small.Full() || small.Empty() || small.Len() != 1 {
			t.Errorf("got %v", err)
		}
		_, _ = small.Get()
		if _, err := small.GetTimeout(time.Millisecond); !errors.Is(err, pool.ErrTimeout) {
			t.Errorf("got %v", err)
		}

		work, total = pool.NewJoinableQueue[int](0), pool.NewValue(0.0)
		r2 := pool.ForEachAsync(p, worksOff, pool.Range(2), pool.ChunkSize(1))
		for i := range 20 {
			_ = work.Put(i)
		}
		if err := work.Join(); err != nil {
			t.Error(err)
		}
		wantEqual(t, total.Get(), 190.0)
		if err := work.TaskDone(); !errors.Is(err, pool.ErrNotHeld) {
			t.Errorf("got %v", err)
		}
		work.Close()
		r2.Wait()

		endA, endB = pool.NewPipe[int]()
		r3 := pool.ForEachAsync(p, echoBack, pool.Range(1))
		for i := range 5 {
			_ = endA.Send(i)
			wantEqual(t, must[int](t)(endA.Recv()), i*10)
		}
		endA.Close()
		r3.Wait()
	})
}

func TestEvents(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		started, cond, counter, barrier = pool.NewEvent(), pool.NewCondition(), pool.NewValue(0), pool.NewBarrier(3)
		p := newPool(threads, pool.Processes(3))
		defer p.Terminate()
		r := pool.MapAsync(p, waitEvent, pool.Range(3), pool.ChunkSize(1))
		started.Set()
		wantEqual(t, must[[]bool](t)(r.Get()), []bool{true, true, true})
		started.Clear()

		w := pool.MapAsync(p, waitCond, pool.Range(2), pool.ChunkSize(1))
		_ = started.Wait()
		for range 5 {
			cond.Lock()
			counter.Update(func(v int) int { return v + 1 })
			if err := cond.NotifyAll(); err != nil {
				t.Error(err)
			}
			cond.Unlock()
		}
		for _, n := range must[[]int](t)(w.Get()) {
			if n < 5 {
				t.Error(n)
			}
		}
		if err := cond.Wait(); !errors.Is(err, pool.ErrNotHeld) {
			t.Errorf("got %v", err)
		}
		cond.Lock()
		if ok, err := cond.WaitTimeout(5 * time.Millisecond); ok || err != nil {
			t.Error(ok, err)
		}
		cond.Unlock()

		got := must[[]int](t)(pool.Map(p, meet, pool.Range(3), pool.ChunkSize(1)))
		slices.Sort(got)
		wantEqual(t, got, []int{0, 1, 2})
		if _, err := barrier.WaitTimeout(time.Millisecond); !errors.Is(err, pool.ErrBroken) || !barrier.Broken() {
			t.Errorf("got %v", err)
		}
		barrier.Reset()
		if barrier.Broken() || barrier.Parties() != 3 || barrier.Waiting() != 0 {
			t.Error("Reset")
		}
	})
}

func TestImap(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		var got []int
		for v, err := range pool.Imap(p, square, pool.Range(50)) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, v)
		}
		want := must[[]int](t)(pool.Map(p, square, pool.Range(50)))
		wantEqual(t, got, want)
		got = nil
		for v := range pool.ImapUnordered(p, square, pool.Range(50), pool.ChunkSize(7)) {
			got = append(got, v)
		}
		slices.Sort(got)
		wantEqual(t, got, want)
		// Results can be taken by hand.
		next, stop := iter.Pull2(pool.Imap(p, square, pool.Range(5)))
		for n := range 5 {
			v, err, ok := next()
			wantEqual(t, []any{v, err, ok}, []any{n * n, nil, true})
		}
		if _, _, ok := next(); ok {
			t.Error("there is more")
		}
		stop()
		n := 0
		for _, err := range pool.Imap(p, boom, pool.Range(10)) {
			if (err != nil) != (n == 5 || n == 7) {
				t.Errorf("item %d: %v", n, err)
			}
			n++
		}
		wantEqual(t, n, 10)
		late := 0
		for _, err := range pool.Imap(p, napping, []int{200}, pool.NextTimeout(20*time.Millisecond)) {
			if errors.Is(err, pool.ErrTimeout) {
				late++
			}
		}
		if late == 0 {
			t.Error("NextTimeout has no effect")
		}
		// An endless sequence is read a bounded distance ahead.
		read := 0
		n = 0
		for v, err := range pool.ImapSeq(p, square, func(yield func(int) bool) {
			for i := 0; yield(i); i++ {
				read++
			}
		}) {
			if err != nil || v != n*n {
				t.Fatal(v, err)
			}
			if n++; n == 100 {
				break
			}
		}
		p.Close()
		if err := p.Join(); err != nil {
			t.Fatal(err)
		}
		if read < 99 || read > 120 {
			t.Errorf("%d items were read for 100 results", read)
		}
	})
}

func TestStarmap(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		wantEqual(t, must[[]int](t)(pool.Starmap(p, sum2, pool.Product([]int{1, 2}, []int{10, 20}))), []int{11, 21, 12, 22})
		wantEqual(t, must[[]int](t)(pool.StarmapAsync(p, sum2, pool.Zip(pool.Range(3), pool.Repeat(5, 3))).Get()), []int{5, 6, 7})
		thrice := pool.Zip3([]int{6, 7}, []int{3, 0}, []string{"a", "b"})
		got := pool.Starmap3AsyncErr(p, divide3, thrice).Outcomes()
		if got[0].Err != nil || got[0].Value != "a2" || got[1].Err == nil || !strings.Contains(got[1].Err.Error(), "b: divided by 0") {
			t.Errorf("%v", got)
		}
		if _, err := pool.Starmap3Err(p, divide3, thrice); err == nil {
			t.Error("no error")
		}
		wantEqual(t, pool.Range(10, 0, -3), []int{10, 7, 4, 1})
		wantEqual(t, pool.Reduce(sum2, pool.Range(1, 5), 0), 10)
	})
}

func init() { register(divide3) }

func divide3(a, b int, name string) (string, error) {
	if b == 0 {
		return "", fmt.Errorf("%s: divided by 0", name)
	}
	return name + fmt.Sprint(a/b), nil
}
