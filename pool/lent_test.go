//go:build unix

package pool_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"poolbook/pool"
	"poolbook/pool/core"
)

// lentNode is two shared objects; other nodes are in its box.
type lentNode struct {
	Tag *pool.Value[int]
	Box *pool.Queue[lentNode]
}

// lentStep is what a worker is to do with the nodes that it has.
type lentStep struct {
	Do       string
	Slot, To int
	Node     lentNode
	Fails    *pool.Value[bool]
}

// What tasks read of the test, and what a worker has itself.
var (
	lentCaptured lentNode
	lentList     *pool.List[lentNode]
	lentSlots    [3]lentNode
)

func init() {
	share("lentCaptured", &lentCaptured)
	share("lentList", &lentList)
	register(lentRun, "lentCaptured", "lentList")
	register(lentEcho)
	register(lentVariable, "lentCaptured")
	register(lentCollect)
	register(lentThrough, "lentList")
	register(lentCollects)
	register(lentTakes, "lentCaptured")
	register(lentHas)
}

// lentRun does a step, and returns the node that it was about with its tag.
func lentRun(s lentStep) (lentResult, error) {
	slot := &lentSlots[s.Slot]
	switch s.Do {
	case "take":
		*slot = s.Node
	case "captured":
		*slot = lentCaptured
	case "put":
		mustTake(lentSlots[s.To].Box.Put(*slot))
	case "get":
		*slot = must1(lentSlots[s.To].Box.Get())
	case "append":
		lentList.Append(*slot)
	case "pop":
		n, ok := lentList.Pop()
		if !ok {
			return lentResult{}, errors.New("the list is empty")
		}
		*slot = n
	case "die":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "look":
		return lentResult{Tag: s.Node.Tag.Get()}, nil
	case "fail":
		if s.Fails.Get() {
			s.Fails.Set(false)
			return lentResult{}, errors.New("for the first time")
		}
		return lentResult{Tag: s.Node.Tag.Get()}, nil
	}
	r := lentResult{Tag: slot.Tag.Get(), Waiting: slot.Box.Len()}
	switch s.Do {
	case "drop":
		*slot = lentNode{}
	case "give":
		r.Node = *slot
	}
	return r, nil
}

type lentResult struct {
	Tag, Waiting int
	Node         lentNode
}

// lentCollect has the worker find what it has no more.
func lentCollect() { runtime.GC() }

// lentCollects has it do so again and again.
func lentCollects() {
	go func() {
		for {
			runtime.GC()
		}
	}()
}

// lentTakes keeps what it captures.
func lentTakes() int {
	lentSlots[0] = lentCaptured
	return lentSlots[0].Tag.Get()
}

// lentHas is what this worker has kept, and takes a node out of its box too.
func lentHas() int {
	n := must1(lentSlots[0].Box.Get())
	runtime.GC()
	return lentSlots[0].Tag.Get() + n.Tag.Get()
}

func lentEcho(n lentNode) lentNode {
	n.Tag.Set(n.Tag.Get() + 1)
	return n
}

func lentVariable() int { return lentCaptured.Tag.Get() }

// lentThrough has a node come and go in values of other shared objects.
func lentThrough(n lentNode) int {
	mustTake(n.Box.Put(lentNode{Tag: n.Tag}))
	lentList.Append(lentNode{Tag: must1(n.Box.Get()).Tag})
	sum := 0
	for {
		x, ok := lentList.Pop()
		if !ok {
			return sum
		}
		sum += x.Tag.Get()
	}
}

// lentCount counts the shared objects that were made with newNode and have not been collected.
type lentCount struct{ live atomic.Int64 }

func (c *lentCount) watch(v any) {
	x := (*core.Object)(reflect.ValueOf(v).Elem().Field(0).UnsafePointer())
	c.live.Add(1)
	runtime.AddCleanup(x, func(struct{}) { c.live.Add(-1) }, struct{}{})
}

func (c *lentCount) node(tag int) lentNode {
	n := lentNode{pool.NewValue(tag), pool.NewQueue[lentNode](0)}
	c.watch(n.Tag)
	c.watch(n.Box)
	return n
}

// settle waits until no more than n objects are left.
func (c *lentCount) settle(t *testing.T, n int64, pools ...*pool.Pool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); c.live.Load() > n; {
		for _, p := range pools {
			mustTake(pool.RunOnAll(p, lentCollect))
		}
		runtime.GC()
		if time.Now().After(end) {
			t.Fatalf("%d shared objects are left, want %d at most", c.live.Load(), n)
		}
	}
}

// TestLentObjectsGo: shared objects that tasks got do not stay with the pool.
func TestLentObjectsGo(t *testing.T) {
	const rounds, each = 20, 10
	// What a worker may still have: the last items and variables of a function, and what is about to be collected.
	const few = 4 * each
	for name, send := range map[string]func(c *lentCount, p *pool.Pool) error{
		"items": func(c *lentCount, p *pool.Pool) error {
			var nodes []lentNode
			for i := range each {
				nodes = append(nodes, c.node(i))
			}
			back, err := pool.Map(p, lentEcho, nodes, pool.ChunkSize(3))
			for i, n := range back {
				if n.Tag.Get() != i+1 {
					return fmt.Errorf("item %d is %d", i, n.Tag.Get())
				}
			}
			return err
		},
		"items read one by one": func(c *lentCount, p *pool.Pool) error {
			for n, err := range pool.ImapSeq(p, lentEcho, func(yield func(lentNode) bool) {
				for i := range each {
					if !yield(c.node(i)) {
						return
					}
				}
			}) {
				if err != nil || n.Tag.Get() < 1 {
					return err
				}
			}
			return nil
		},
		"variables": func(c *lentCount, p *pool.Pool) error {
			for i := range each {
				lentCaptured = c.node(i)
				r := pool.ApplyAsync(p, lentVariable)
				lentCaptured = lentNode{}
				runtime.GC()
				if got, err := r.Get(); err != nil || got != i {
					return fmt.Errorf("%d, not %d: %w", got, i, err)
				}
			}
			return nil
		},
		"values of shared objects": func(c *lentCount, p *pool.Pool) error {
			var nodes []lentNode
			for range each {
				nodes = append(nodes, c.node(1))
			}
			sums, err := pool.Map(p, lentThrough, nodes)
			sum := 0
			for _, s := range sums {
				sum += s
			}
			if sum != each {
				err = errors.Join(err, fmt.Errorf("sum %d", sum))
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			processes(t, func(t *testing.T, _ *output) {
				t.Setenv("GOGC", "1")
				lentList = pool.NewList[lentNode]()
				p := pool.New(pool.Processes(2))
				defer p.Terminate()
				c := &lentCount{}
				for range rounds {
					if err := send(c, p); err != nil {
						t.Fatal(err)
					}
				}
				c.settle(t, few, p)
			})
		})
	}
}

// TestLentObjectsWhileCollecting: the collectors of both sides find objects at once of which the other one has just told, or is about to.
func TestLentObjectsWhileCollecting(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
					runtime.GC()
				}
			}
		}()
		defer func() { close(stop); <-stopped }()
		p := pool.New(pool.Processes(1), pool.Initializer(lentCollects))
		defer p.Terminate()
		c := &lentCount{}
		n := 100
		if testing.Short() {
			n = 20
		}
		for i := range n {
			func() {
				lentCaptured = c.node(i)
				defer func() { lentCaptured = lentNode{} }()
				mustTake(lentCaptured.Box.Put(c.node(1)))
				for range 3 { // it has it, lets go, and has it again
					wantEqual(t, must[[]lentNode](t)(pool.Map(p, lentEcho, []lentNode{lentCaptured}))[0].Box.Len(), 1)
				}
				wantEqual(t, must[int](t)(pool.Apply(p, lentTakes)), i+3)
			}()
			wantEqual(t, must[int](t)(pool.Apply(p, lentHas)), i+4)
		}
	})
}

// lentModel is what should be where: nodes by their tags.
type lentModel struct {
	t        *testing.T
	r        *rand.Rand
	count    lentCount
	pools    [2]*pool.Pool
	notebook map[int]lentNode
	slots    [2][len(lentSlots)]int // of the workers; 0: nothing
	boxes    map[int][]int          // what is in the box of a node
	list     []int
	last     int
}

// TestLentObjectsModel: whatever is done with shared objects that can be reached from somewhere, they are there, and when they cannot be reached any
// more they are not.
func TestLentObjectsModel(t *testing.T) {
	seeds, steps := 6, 300
	if testing.Short() {
		seeds, steps = 2, 200
	}
	for seed := range seeds {
		processes(t, func(t *testing.T, _ *output) {
			t.Setenv("GOGC", "1")
			defer debug.SetGCPercent(debug.SetGCPercent(1))
			m := &lentModel{t: t, r: rand.New(rand.NewPCG(uint64(seed), 13)), notebook: map[int]lentNode{}, boxes: map[int][]int{}}
			lentList = pool.NewList[lentNode]()
			for i := range m.pools {
				m.pools[i] = pool.New(pool.Processes(1))
				defer m.pools[i].Terminate()
			}
			for i := 0; i < steps && !t.Failed(); i++ {
				m.step()
			}
			if t.Failed() {
				t.Fatal("seed", seed)
			}
			m.end()
		})
	}
}

// any is one of the notebook's nodes; 0 without one.
func (m *lentModel) any() int {
	if len(m.notebook) == 0 {
		return 0
	}
	tags := make([]int, 0, len(m.notebook))
	for tag := range m.notebook {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	return tags[m.r.IntN(len(tags))]
}

// do has a worker do a step, whose node should have that tag afterwards.
func (m *lentModel) do(w int, s lentStep, want int) lentNode {
	m.t.Helper()
	r, err := pool.MapErr(m.pools[w], lentRun, []lentStep{s})
	if err != nil {
		m.t.Errorf("%s: %v", s.Do, err)
		return lentNode{}
	}
	if r[0].Tag != want || r[0].Waiting != len(m.boxes[want]) {
		m.t.Errorf("%s: node %d with %d in its box, not %d with %d", s.Do, r[0].Tag, r[0].Waiting, want, len(m.boxes[want]))
	}
	return r[0].Node
}

func (m *lentModel) step() {
	w, a, b, x, y := m.r.IntN(2), m.r.IntN(len(lentSlots)), m.r.IntN(len(lentSlots)), m.any(), m.any()
	slot, other := &m.slots[w][a], m.slots[w][b]
	switch k := m.r.IntN(18); {
	case x == 0 || k == 0:
		m.last++
		m.notebook[m.last] = m.count.node(m.last)
	case k == 1:
		delete(m.notebook, x)
	case k <= 3:
		n := m.notebook[x]
		if m.r.IntN(2) == 0 {
			delete(m.notebook, x)
		}
		*slot = x
		m.do(w, lentStep{Do: "take", Slot: a, Node: n}, x)
	case k == 4:
		lentCaptured = m.notebook[x]
		delete(m.notebook, x)
		r := pool.MapAsyncErr(m.pools[w], lentRun, []lentStep{{Do: "captured", Slot: a}})
		lentCaptured = lentNode{}
		runtime.GC()
		if rs, err := r.Get(); err != nil || rs[0].Tag != x {
			m.t.Error("captured:", rs, err)
		}
		*slot = x
	case k == 5 && *slot != 0:
		m.do(w, lentStep{Do: "drop", Slot: a}, *slot)
		*slot = 0
	case k <= 7 && *slot != 0:
		m.notebook[*slot] = m.do(w, lentStep{Do: "give", Slot: a}, *slot)
		if m.notebook[*slot].Tag == nil {
			m.t.Error("a node without objects came back")
		}
	case k == 8 && *slot != 0 && other != 0:
		m.boxes[other] = append(m.boxes[other], *slot)
		m.do(w, lentStep{Do: "put", Slot: a, To: b}, *slot)
	case k == 9 && other != 0 && len(m.boxes[other]) > 0:
		*slot, m.boxes[other] = m.boxes[other][0], m.boxes[other][1:]
		m.do(w, lentStep{Do: "get", Slot: a, To: b}, *slot)
	case k == 10:
		mustTake(m.notebook[y].Box.Put(m.notebook[x]))
		m.boxes[y] = append(m.boxes[y], x)
		delete(m.notebook, x)
	case k == 11 && len(m.boxes[x]) > 0:
		n := must1(m.notebook[x].Box.Get())
		m.add(m.boxes[x][0], n)
		m.boxes[x] = m.boxes[x][1:]
	case k == 12 && *slot != 0:
		m.list = append(m.list, *slot)
		m.do(w, lentStep{Do: "append", Slot: a}, *slot)
	case k == 13 && len(m.list) > 0:
		tag := m.list[len(m.list)-1]
		m.list = m.list[:len(m.list)-1]
		if m.r.IntN(2) == 0 {
			n, _ := lentList.Pop()
			m.add(tag, n)
		} else {
			*slot = tag
			m.do(w, lentStep{Do: "pop", Slot: a}, tag)
		}
	case k == 14:
		m.dies(w)
	case k == 15:
		m.fails(w)
	case k == 16:
		runtime.GC()
	case k == 17:
		mustTake(pool.RunOnAll(m.pools[w], lentCollect))
	}
}

// add notes that the notebook has got a node.
func (m *lentModel) add(tag int, n lentNode) {
	m.t.Helper()
	if got := n.Tag.Get(); got != tag {
		m.t.Errorf("node %d in the notebook, not %d", got, tag)
	}
	m.notebook[tag] = n
}

// take takes some nodes from the notebook, as steps.
func (m *lentModel) take(do string) (steps []lentStep, tags []int) {
	for range 1 + m.r.IntN(4) {
		if x := m.any(); x != 0 {
			steps, tags = append(steps, lentStep{Do: do, Node: m.notebook[x]}), append(tags, x)
			if m.r.IntN(2) == 0 {
				delete(m.notebook, x)
			}
		}
	}
	return steps, tags
}

// dies kills a worker in the middle of a chunk: what it had is gone, what was sent to it reaches the next one.
func (m *lentModel) dies(w int) {
	steps, tags := m.take("look")
	at := m.r.IntN(len(steps) + 1)
	steps, tags = slices.Insert(steps, at, lentStep{Do: "die"}), slices.Insert(tags, at, 0)
	r := pool.MapAsyncErr(m.pools[w], lentRun, steps, pool.ChunkSize(len(steps)))
	steps = nil
	runtime.GC()
	m.slots[w] = [len(lentSlots)]int{}
	for i, o := range r.Outcomes() {
		var lost *pool.WorkerLostError
		if i == at {
			if !errors.As(o.Err, &lost) {
				m.t.Errorf("the item that dies: %v", o.Err)
			}
		} else if o.Err != nil || o.Value.Tag != tags[i] {
			m.t.Errorf("node %d beside one that dies: %d, %v", tags[i], o.Value.Tag, o.Err)
		}
	}
}

// fails has items run again that nobody but their job has.
func (m *lentModel) fails(w int) {
	steps, tags := m.take("fail")
	flags := make([]*pool.Value[bool], len(steps))
	for i := range steps {
		flags[i] = pool.NewValue(m.r.IntN(2) == 0)
		m.count.watch(flags[i])
		steps[i].Fails = flags[i]
	}
	r := pool.MapAsyncErr(m.pools[w], lentRun, steps, pool.ChunkSize(2))
	steps, flags = nil, nil
	r.Wait()
	runtime.GC()
	mustTake(pool.RunOnAll(m.pools[w], lentCollect))
	var failed []int
	for i, o := range r.Outcomes() {
		if o.Err != nil {
			failed = append(failed, tags[i])
		} else if o.Value.Tag != tags[i] {
			m.t.Errorf("node %d: %d", tags[i], o.Value.Tag)
		}
	}
	again := r.RetryFailed()
	r = nil
	runtime.GC()
	for i, o := range again.Outcomes() {
		if o.Err != nil || o.Value.Tag != failed[i] {
			m.t.Errorf("node %d that runs again: %d, %v", failed[i], o.Value.Tag, o.Err)
		}
	}
}

// end lets go of everything.
func (m *lentModel) end() {
	clear(m.notebook)
	for {
		if _, ok := lentList.Pop(); !ok {
			break
		}
	}
	for w := range m.slots {
		for a := range m.slots[w] {
			if tag := m.slots[w][a]; tag != 0 {
				m.do(w, lentStep{Do: "drop", Slot: a}, tag)
			}
		}
	}
	m.count.settle(m.t, 24, m.pools[:]...)
}
