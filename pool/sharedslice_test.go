//go:build unix

package pool_test

import (
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"poolbook/pool"
)

type celsius float32

var (
	numbers *pool.SharedSlice[float64]
	degrees *pool.SharedSlice[celsius]
	nested  struct {
		M map[string]*pool.SharedSlice[uint16]
	}
)

func init() {
	share("numbers", &numbers)
	share("degrees", &degrees)
	share("nested", &nested)
	register(sumPart, "numbers")
	register(sumOther, "nested", "degrees")
	register(writesNumber, "numbers")
	register(sumItem)
	register(sameSlice)
	register(ownSlice)
}

func sumPart(part pool.Args2[int, int]) float64 {
	sum := 0.0
	for _, x := range numbers.Slice()[part.A:part.B] {
		sum += x
	}
	return sum
}

func sumOther(int) float64 {
	sum := 0.0
	for _, x := range degrees.Slice() {
		sum += float64(x)
	}
	for _, x := range nested.M["a"].Slice() {
		sum += float64(x)
	}
	return sum
}

func writesNumber(i int) float64 {
	if i == 1 {
		numbers.Slice()[7] = 1
	}
	return numbers.Slice()[7]
}

func sumItem(s *pool.SharedSlice[int64]) int64 {
	sum := int64(0)
	for _, x := range s.Slice() {
		sum += x
	}
	return sum
}

func sameSlice(s *pool.SharedSlice[int64]) *pool.SharedSlice[int64] { return s }

func ownSlice(n int) *pool.SharedSlice[int64] { return pool.MakeShared[int64](n) }

func TestShared(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		xs := make([]float64, 100_003)
		for i := range xs {
			xs[i] = float64(i) + 0.5
		}
		numbers = pool.Shared(xs)
		xs[0] = math.NaN() // it is a copy
		p := newPool(threads, pool.Processes(3))
		defer p.Terminate()
		n := float64(len(xs))
		parts := numbers.Split(7)
		sums := must[[]float64](t)(pool.Map(p, sumPart, parts))
		wantEqual(t, pool.Reduce(func(a, b float64) float64 { return a + b }, sums, 0), n*n/2)

		// What the notebook writes is seen, also by workers that have read it.
		numbers.Slice()[1] += 1000
		more := must[[]float64](t)(pool.Map(p, sumPart, parts))
		wantEqual(t, more[0]-sums[0], 1000.0)

		degrees = pool.Shared([]celsius{-1.5, 40})
		nested.M = map[string]*pool.SharedSlice[uint16]{"a": pool.Shared([]uint16{1, 2, 3}), "b": nil}
		wantEqual(t, must[[]float64](t)(pool.Map(p, sumOther, pool.Range(4)))[3], 44.5)

		a, empty := pool.Shared([]int64{1, 2, 3}), pool.MakeShared[int64](0)
		wantEqual(t, must[[]int64](t)(pool.Map(p, sumItem, []*pool.SharedSlice[int64]{a, empty, a})), []int64{6, 0, 6})
		back := must[[]*pool.SharedSlice[int64]](t)(pool.Map(p, sameSlice, []*pool.SharedSlice[int64]{a}))[0]
		back.Slice()[0] = 5
		wantEqual(t, a.Slice(), []int64{5, 2, 3})
		wantEqual(t, []int{a.Len(), empty.Len(), len(empty.Slice()), cap(a.Slice())}, []int{3, 0, 0, 3})

		own, err := pool.Map(p, ownSlice, []int{4})
		if threads {
			wantEqual(t, own[0].Len(), 4)
		} else if err == nil || !strings.Contains(err.Error(), "cannot leave its worker") {
			t.Errorf("got %v, %v", own, err)
		}
	})
}

// TestSharedIsReadOnly: a task that writes fails, and nothing else.
func TestSharedIsReadOnly(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("workers have copies")
	}
	processes(t, func(t *testing.T, _ *output) {
		numbers = pool.MakeShared[float64](10)
		numbers.Slice()[7] = 7
		p := pool.New(pool.Processes(2))
		defer p.Terminate()
		r := pool.MapAsync(p, writesNumber, pool.Range(3), pool.ChunkSize(1))
		for i, o := range r.Outcomes() {
			if i == 1 && (o.Err == nil || !strings.Contains(o.Err.Error(), "tasks only read it")) || i != 1 && (o.Err != nil || o.Value != 7) {
				t.Errorf("item %d: %v", i, o)
			}
		}
		wantEqual(t, numbers.Slice()[7], 7.0)
	})
}

// TestSharedCopies: where processes share no memory each worker gets a copy, in pieces.
func TestSharedCopies(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		h := newHost("worker")
		spawn := h.Spawn
		h.Spawn = nil
		setHost(h)
		big := pool.MakeShared[int64](5<<20 + 1) // more than two pieces
		for i := range big.Slice() {
			big.Slice()[i] = int64(i)
		}
		h.Spawn = spawn
		p := pool.New(pool.Processes(2))
		n := int64(big.Len())
		wantEqual(t, must[[]int64](t)(pool.Map(p, sumItem, []*pool.SharedSlice[int64]{big, big})), []int64{n * (n - 1) / 2, n * (n - 1) / 2})
		h.Close()
	})
}

// TestSharedInQueue: a queue keeps what is in it.
func TestSharedInQueue(t *testing.T) {
	both(t, func(t *testing.T, _ *output, _ bool) {
		q := pool.NewQueue[*pool.SharedSlice[int64]](0)
		if err := q.Put(pool.Shared([]int64{1, 2})); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		s, err := q.Get()
		if err != nil || !slices.Equal(s.Slice(), []int64{1, 2}) {
			t.Errorf("got %v, %v", s, err)
		}
	})
}

func TestSplit(t *testing.T) {
	for length := range 20 {
		for parts := 1; parts < 25; parts++ {
			at := 0
			var sizes []int
			for _, p := range pool.Split(length, parts) {
				if p.A != at || p.B <= p.A {
					t.Fatalf("Split(%d, %d): %v", length, parts, pool.Split(length, parts))
				}
				sizes, at = append(sizes, p.B-p.A), p.B
			}
			if at != length || len(sizes) != min(length, parts) || len(sizes) > 0 && (!slices.IsSortedFunc(sizes, func(a, b int) int { return b - a }) || sizes[0]-sizes[len(sizes)-1] > 1) {
				t.Fatalf("Split(%d, %d): sizes %v", length, parts, sizes)
			}
		}
	}
}

func TestSharedMisuse(t *testing.T) {
	for name, f := range map[string]func(){
		"negative": func() { pool.MakeShared[int](-1) },
		"parts":    func() { pool.Split(3, 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
