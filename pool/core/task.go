package core

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Task is what a task can know of itself, and tell.
type Task struct {
	Index  int    // of its item; -1 in a function that each worker runs once
	Seed   uint64 // of its job
	Worker int    // number of its worker in the pool
	Run    uint64 // of the item: it is another one when the item runs again in the same worker

	shared *taskState // of its worker
	thread uint64     // the goroutine of its worker, in thread pools
	report func(t *Task, r TaskReport)
}

// TaskReport is what a task has told of itself.
type TaskReport struct {
	Done, Total int    // progress; 0, 0 when it has told none
	Label       string // what it is at
}

// fraction is how much is done, from 0 to 1.
func (r TaskReport) fraction() float64 {
	if r.Total <= 0 {
		return 0
	}
	return min(max(float64(r.Done)/float64(r.Total), 0), 1)
}

// taskState is what a worker keeps for the task that it runs.
type taskState struct {
	mu       sync.Mutex
	run      uint64
	index    int
	rng      *rand.Rand
	told     TaskReport
	sent     time.Time
	waits    bool // told is to be sent
	reporter *time.Timer
}

// of prepares the state for a task: what another one has left is dropped. mu is held.
func (s *taskState) of(t *Task) {
	if s.run != t.Run || s.index != t.Index {
		s.run, s.index, s.rng, s.told = t.Run, t.Index, nil, TaskReport{}
	}
}

// taskKey is under which the context of a thread's task has its Task.
type taskKey struct{}

// CurrentTask is the task that runs the caller, nil outside of one. The goroutines that a task starts are part of it in worker processes, and in
// cells; in the threads of a compiled program they are not.
func CurrentTask(o *Origin) *Task {
	if o != nil && o.Ctx != nil {
		if t, ok := o.Ctx.Value(taskKey{}).(*Task); ok {
			return t
		}
	}
	if threads.n.Load() > 0 {
		if t, ok := threads.tasks.Load(goroutine()); ok {
			return t.(*Task)
		}
	}
	if c := self.Load(); c != nil && c.Running != nil {
		if t := c.Running(); t != nil {
			t.shared, t.report, t.Worker = &c.task, c.Tell, int(c.index.Load())
			return t
		}
	}
	return nil
}

// WorkerIndex is the number of the worker that runs the caller, -1 outside of one.
func WorkerIndex(o *Origin) int {
	if t := CurrentTask(o); t != nil {
		return t.Worker
	}
	if c := self.Load(); c != nil { // an initializer, or what runs last
		return int(c.index.Load())
	}
	return -1
}

// TaskIndex is the index of the item that the caller's task is for, -1 outside of one.
func TaskIndex(o *Origin) int {
	if t := CurrentTask(o); t != nil {
		return t.Index
	}
	return -1
}

// TaskRand is the stream of random numbers of the caller's task. Outside of one it is a new one, which begins anywhere.
func TaskRand(o *Origin) *rand.Rand {
	t := CurrentTask(o)
	if t == nil || t.Index < 0 {
		return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	s := t.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of(t)
	if s.rng == nil {
		s.rng = ItemRand(t.Seed, t.Index)
	}
	return s.rng
}

// ItemRand is the stream of random numbers of an item. Streams with different keys of this generator have nothing to do with each other, which
// cannot be said of the neighbours of a simpler one.
func ItemRand(seed uint64, index int) *rand.Rand {
	var key [32]byte
	copy(key[:], "poolbook/pool")
	binary.LittleEndian.PutUint64(key[16:], seed)
	binary.LittleEndian.PutUint64(key[24:], uint64(index))
	return rand.New(rand.NewChaCha8(key))
}

// reportEvery is how often a task's progress goes out at most.
const reportEvery = 50 * time.Millisecond

// TellProgress tells how far the caller's task is. Outside of one it does nothing.
func TellProgress(o *Origin, done, total int) {
	tell(o, func(r *TaskReport) { r.Done, r.Total = done, total })
}

// TellLabel tells what the caller's task is at. Outside of one it does nothing.
func TellLabel(o *Origin, text string) { tell(o, func(r *TaskReport) { r.Label = text }) }

// tell changes what a task tells of itself, and sends it soon.
func tell(o *Origin, change func(r *TaskReport)) {
	t := CurrentTask(o)
	if t == nil || t.Index < 0 {
		return
	}
	s := t.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of(t)
	before := s.told
	change(&s.told)
	if s.told == before || s.waits {
		return
	}
	if wait := reportEvery - time.Since(s.sent); wait > 0 {
		s.waits = true
		s.reporter = time.AfterFunc(wait, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.waits && s.run == t.Run && s.index == t.Index {
				s.sent = time.Now()
				t.report(t, s.told)
			}
			s.waits = false
		})
		return
	}
	s.sent = time.Now()
	t.report(t, s.told)
}

// threads are the tasks that run in goroutines of compiled programs: nothing else leads from a goroutine to its task there.
var threads struct {
	n     atomic.Int64 // how many there are
	tasks sync.Map     // of *Task, by the number of the goroutine
}
