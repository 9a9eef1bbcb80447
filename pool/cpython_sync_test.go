//go:build unix

package pool_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"poolbook/pool"
)

func TestCPythonSync(t *testing.T) { syncTests.run(t) }

// What the tasks of these tests share.
var (
	gate          *pool.Event
	door          *pool.Condition
	asleep, woken *pool.Semaphore
	state         *pool.Value[int]
	meeting       *pool.Barrier
	row           *pool.Array[int]
	words         *pool.List[int]
	book          *pool.Dict[string, int]
)

func init() {
	share("gate", &gate)
	share("door", &door)
	share("asleep", &asleep)
	share("woken", &woken)
	share("state", &state)
	share("meeting", &meeting)
	share("row", &row)
	share("words", &words)
	share("book", &book)
	register(sleeper, "door", "asleep", "woken")
	register(waitsFor, "door", "state", "woken")
	register(raiseState, "door", "state")
	register(passGate, "gate")
	register(attend, "meeting")
	register(squareRow, "row")
	register(appendWord, "words")
	register(writeBook, "book")
	register(addState, "state")
}

// sleeper waits for a notification, and counts.
func sleeper(n int) bool {
	door.Lock()
	_ = asleep.Release()
	ok := true
	if n > 0 {
		ok, _ = door.WaitTimeout(time.Duration(n) * time.Millisecond)
	} else {
		_ = door.Wait()
	}
	_ = woken.Release()
	door.Unlock()
	return ok
}

func waitsFor(int) int {
	door.Lock()
	defer door.Unlock()
	state.Set(0)
	_ = woken.Release()
	if err := door.WaitFor(func() bool { return state.Get() == 4 }); err != nil {
		panic(err)
	}
	return state.Get()
}

func raiseState(int) {
	door.Lock()
	defer door.Unlock()
	state.Update(func(v int) int { return v + 1 })
	_ = door.Notify(1)
}

func passGate(n int) bool {
	if n > 0 {
		ok, _ := gate.WaitTimeout(time.Duration(n) * time.Millisecond)
		return ok
	}
	return gate.Wait() == nil
}

// attend meets the others in as many rounds.
func attend(rounds int) int {
	sum := 0
	for range rounds {
		n, err := meeting.Wait()
		if err != nil {
			return -1
		}
		sum += n
	}
	return sum
}

// asleepNow waits until n sleepers sleep.
func asleepNow(t *testing.T, n int) {
	t.Helper()
	for range n {
		if ok, err := asleep.AcquireTimeout(10 * time.Second); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	_ = door.Acquire() // the last one waits only now
	_ = door.Release()
}

// wokenNow checks that n have woken, and no more.
func wokenNow(t *testing.T, n int) {
	t.Helper()
	for range n {
		if ok, err := woken.AcquireTimeout(10 * time.Second); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	if ok, _ := woken.AcquireTimeout(20 * time.Millisecond); ok {
		t.Error("one more has woken")
	}
}

// notifies tests how many of six sleepers a notification wakes.
func notifies(counts ...int) func(t *testing.T, threads bool) {
	return func(t *testing.T, threads bool) {
		door, asleep, woken = pool.NewCondition(), pool.NewSemaphore(0), pool.NewSemaphore(0)
		p := newPool(threads, pool.Processes(6))
		defer p.Terminate()
		r := pool.MapAsync(p, sleeper, pool.Repeat(0, 6), pool.ChunkSize(1))
		asleepNow(t, 6)
		wokenNow(t, 0)
		for _, n := range counts {
			door.Lock()
			if err := door.Notify(n); err != nil {
				t.Error(err)
			}
			door.Unlock()
			wokenNow(t, min(n, 6))
		}
		door.Lock()
		if err := door.NotifyAll(); err != nil {
			t.Error(err)
		}
		door.Unlock()
		must[[]bool](t)(r.Get())
	}
}

var syncTests = conformance{
	"test_lock": func(t *testing.T, threads bool) {
		l := pool.NewLock()
		if err := l.Acquire(); err != nil || l.TryAcquire() {
			t.Error(err)
		}
		if err := l.Release(); err != nil {
			t.Error(err)
		}
		if err := l.Release(); !errors.Is(err, pool.ErrNotHeld) {
			t.Errorf("got %v", err)
		}
	},
	"test_rlock": func(t *testing.T, threads bool) {
		l := pool.NewRLock()
		for range 3 {
			if err := l.Acquire(); err != nil {
				t.Error(err)
			}
		}
		for range 3 {
			if err := l.Release(); err != nil {
				t.Error(err)
			}
		}
		if err := l.Release(); !errors.Is(err, pool.ErrNotHeld) {
			t.Errorf("got %v", err)
		}
	},
	"test_semaphore": func(t *testing.T, threads bool) {
		s := pool.NewSemaphore(2)
		for i, want := range []bool{true, true, false} {
			if s.TryAcquire() != want {
				t.Errorf("try %d: %v", i, !want)
			}
		}
		for range 4 {
			if err := s.Release(); err != nil {
				t.Error(err)
			}
		}
	},
	"test_bounded_semaphore": func(t *testing.T, threads bool) {
		s := pool.NewBoundedSemaphore(2)
		_, _ = s.Acquire(), s.Acquire()
		_, _ = s.Release(), s.Release()
		if err := s.Release(); !errors.Is(err, pool.ErrNotHeld) { // CPython checks it where it can
			t.Errorf("got %v", err)
		}
	},
	"test_timeout_of_a_semaphore": func(t *testing.T, threads bool) {
		s := pool.NewSemaphore(0)
		for _, d := range []time.Duration{0, 30 * time.Millisecond} {
			start := time.Now()
			if ok, err := s.AcquireTimeout(d); ok || err != nil || time.Since(start) < d {
				t.Error(ok, err, time.Since(start))
			}
		}
	},
	"test_notify":     notifies(1, 1),
	"test_notify_n":   notifies(3, 2),
	"test_notify_all": notifies(6),
	"test_timeout_of_a_condition": func(t *testing.T, threads bool) {
		c := pool.NewCondition()
		c.Lock()
		defer c.Unlock()
		start := time.Now()
		if ok, err := c.WaitTimeout(100 * time.Millisecond); ok || err != nil || time.Since(start) < 100*time.Millisecond {
			t.Error(ok, err, time.Since(start))
		}
	},
	"test_waitfor": func(t *testing.T, threads bool) {
		door, state, woken = pool.NewCondition(), pool.NewValue(-1), pool.NewSemaphore(0)
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		r := pool.MapAsync(p, waitsFor, []int{0})
		_ = woken.Acquire()
		for range 4 {
			must[[]struct{}](t)(pool.ForEachAsync(p, raiseState, []int{0}).Get())
		}
		wantEqual(t, must[[]int](t)(r.Get()), []int{4})
	},
	"test_waitfor_timeout": func(t *testing.T, threads bool) {
		door, asleep, woken = pool.NewCondition(), pool.NewSemaphore(0), pool.NewSemaphore(0)
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		wantEqual(t, must[[]bool](t)(pool.Map(p, sleeper, []int{30})), []bool{false})
	},
	"test_event": func(t *testing.T, threads bool) {
		gate = pool.NewEvent()
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		if gate.IsSet() {
			t.Error("a new event is set")
		}
		wantEqual(t, must[[]bool](t)(pool.Map(p, passGate, []int{20})), []bool{false})
		r := pool.MapAsync(p, passGate, []int{0, 0}, pool.ChunkSize(1))
		gate.Set()
		wantEqual(t, must[[]bool](t)(r.Get()), []bool{true, true})
		if !gate.IsSet() || gate.Wait() != nil {
			t.Error("not set")
		}
		gate.Clear()
		if gate.IsSet() {
			t.Error("not cleared")
		}
	},
	"test_barrier": func(t *testing.T, threads bool) {
		meeting = pool.NewBarrier(5)
		p := newPool(threads, pool.Processes(5))
		defer p.Terminate()
		got := must[[]int](t)(pool.Map(p, attend, pool.Repeat(10, 5), pool.ChunkSize(1)))
		wantEqual(t, pool.Reduce(sum2, got, 0), 10*(0+1+2+3+4))
	},
	"test_wait_return": func(t *testing.T, threads bool) {
		meeting = pool.NewBarrier(4)
		p := newPool(threads, pool.Processes(4))
		defer p.Terminate()
		got := must[[]int](t)(pool.Map(p, attend, pool.Repeat(1, 4), pool.ChunkSize(1)))
		slices.Sort(got)
		wantEqual(t, got, []int{0, 1, 2, 3})
	},
	"test_abort": func(t *testing.T, threads bool) {
		meeting = pool.NewBarrier(3)
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		r := pool.MapAsync(p, attend, []int{1, 1}, pool.ChunkSize(1))
		for meeting.Waiting() < 2 {
			time.Sleep(time.Millisecond)
		}
		meeting.Abort()
		wantEqual(t, must[[]int](t)(r.Get()), []int{-1, -1})
		if !meeting.Broken() {
			t.Error("not broken")
		}
	},
	"test_reset": func(t *testing.T, threads bool) {
		meeting = pool.NewBarrier(3)
		p := newPool(threads, pool.Processes(3))
		defer p.Terminate()
		r := pool.MapAsync(p, attend, []int{1, 1}, pool.ChunkSize(1))
		for meeting.Waiting() < 2 {
			time.Sleep(time.Millisecond)
		}
		meeting.Reset()
		wantEqual(t, must[[]int](t)(r.Get()), []int{-1, -1})
		got := must[[]int](t)(pool.Map(p, attend, pool.Repeat(1, 3), pool.ChunkSize(1)))
		wantEqual(t, pool.Reduce(sum2, got, 0), 3)
	},
	"test_abort_and_reset": func(t *testing.T, threads bool) {
		meeting = pool.NewBarrier(2)
		meeting.Abort()
		if _, err := meeting.Wait(); !errors.Is(err, pool.ErrBroken) {
			t.Errorf("got %v", err)
		}
		meeting.Reset()
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		got := must[[]int](t)(pool.Map(p, attend, []int{3, 3}, pool.ChunkSize(1)))
		wantEqual(t, got[0]+got[1], 3)
	},
	"test_timeout_of_a_barrier": func(t *testing.T, threads bool) {
		b := pool.NewBarrier(2)
		if _, err := b.WaitTimeout(20 * time.Millisecond); !errors.Is(err, pool.ErrBroken) || !b.Broken() {
			t.Errorf("got %v", err)
		}
	},
	"test_single_thread": func(t *testing.T, threads bool) {
		b := pool.NewBarrier(1)
		for range 2 {
			wantEqual(t, must[int](t)(b.Wait()), 0)
		}
	},
	"test_thousand": func(t *testing.T, threads bool) {
		meeting = pool.NewBarrier(3)
		p := newPool(threads, pool.Processes(3))
		defer p.Terminate()
		got := must[[]int](t)(pool.Map(p, attend, pool.Repeat(1000, 3), pool.ChunkSize(1)))
		wantEqual(t, pool.Reduce(sum2, got, 0), 1000*(0+1+2))
	},
	"test_value": func(t *testing.T, threads bool) {
		state = pool.NewValue(7)
		p := newPool(threads, pool.Processes(3))
		defer p.Terminate()
		if err := pool.ForEach(p, addState, pool.Range(100), pool.ChunkSize(1)); err != nil {
			t.Error(err)
		}
		wantEqual(t, state.Get(), 7+100)
	},
	"test_array": func(t *testing.T, threads bool) {
		row = pool.NewArray[int](10)
		for i := range row.Len() {
			row.Set(i, i)
		}
		p := newPool(threads, pool.Processes(3))
		defer p.Terminate()
		if err := pool.ForEach(p, squareRow, ten, pool.ChunkSize(1)); err != nil {
			t.Error(err)
		}
		wantEqual(t, row.All(), squares)
	},
	"test_list": func(t *testing.T, threads bool) {
		words = pool.NewList(ten...)
		wantEqual(t, words.All(), ten)
		words.Set(3, 33)
		wantEqual(t, words.Get(3), 33)
		if v, ok := words.Pop(); v != 9 || !ok || words.Len() != 9 {
			t.Error(v, ok)
		}
	},
	"test_list_append": func(t *testing.T, threads bool) {
		words = pool.NewList[int]()
		p := newPool(threads, pool.Processes(3))
		defer p.Terminate()
		if err := pool.ForEach(p, appendWord, ten, pool.ChunkSize(1)); err != nil {
			t.Error(err)
		}
		got := words.All()
		slices.Sort(got)
		wantEqual(t, got, ten)
	},
	"test_dict": func(t *testing.T, threads bool) {
		book = pool.NewDict[string, int]()
		p := newPool(threads, pool.Processes(3))
		defer p.Terminate()
		if err := pool.ForEach(p, writeBook, ten, pool.ChunkSize(1)); err != nil {
			t.Error(err)
		}
		wantEqual(t, book.Map(), map[string]int{"even": 0 + 2 + 4 + 6 + 8, "odd": 1 + 3 + 5 + 7 + 9})
	},
	"test_dict_iter": func(t *testing.T, threads bool) {
		d := pool.NewDict[int, string]()
		for i := range 5 {
			d.Set(i, string(rune('a'+i)))
		}
		n := 0
		for k, v := range d.All() {
			if k != n || v != string(rune('a'+n)) {
				t.Error(k, v)
			}
			n++
		}
		wantEqual(t, n, 5)
	},
}

func addState(int)     { state.Update(func(v int) int { return v + 1 }) }
func squareRow(i int)  { row.Update(i, func(v int) int { return v * v }) }
func appendWord(n int) { words.Append(n) }

func writeBook(n int) {
	k := "even"
	if n%2 == 1 {
		k = "odd"
	}
	book.Update(k, func(v int) int { return v + n })
}
