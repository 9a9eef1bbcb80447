//go:build unix

package pool_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"poolbook/pool"
)

func init() {
	share("sheet", &sheet)
	share("floatRow", &floatRow)
	share("names", &nameList)
	share("queues", &queues)
	register(rangesWell, "sheet")
	register(deletesOdd, "sheet")
	register(writesOfBatches, "floatRow", "names")
	register(takesQueue, "queues")
	registerType(reflect.TypeFor[keyStruct]())
}

var (
	sheet    *pool.Dict[int, int]
	floatRow *pool.Array[float64]
	nameList *pool.List[string]
	queues   *pool.List[*pool.Queue[int]]
)

// rangesWell loops over a Dict that it changes meanwhile, as a random program would, and says what is different from a loop over a Go map.
func rangesWell(seed uint64) string {
	random := rand.New(rand.NewPCG(seed, 7))
	size := random.IntN(60)
	have := map[int]int{} // what is there now
	for k := range sheet.All() {
		sheet.Delete(k)
	}
	if n := sheet.Len(); n != 0 {
		return fmt.Sprintf("%d keys are left of a loop that deletes each", n)
	}
	for k := range size {
		sheet.Set(k, -k)
		have[k] = -k
	}
	stay := map[int]bool{}
	for k := range have {
		stay[k] = true
	}
	seen := map[int]bool{}
	for k, v := range sheet.All() {
		if want, ok := have[k]; !ok || v != want || seen[k] {
			return fmt.Sprintf("seed %d: it gives %d: %d, want %d, which is there: %v, was given: %v", seed, k, v, want, ok, seen[k])
		}
		seen[k] = true
		for range random.IntN(4) {
			k := random.IntN(2*size + 1)
			switch random.IntN(3) {
			case 0:
				_, ok := have[k]
				if sheet.Delete(k) != ok {
					return fmt.Sprintf("seed %d: Delete(%d) is not %v", seed, k, ok)
				}
				delete(have, k)
				delete(stay, k)
			case 1:
				sheet.Set(k, random.IntN(100))
				have[k], _ = sheet.Get(k)
			case 2:
				have[k] = sheet.Update(k, func(v int) int { return v + 1 })
			}
		}
	}
	for k := range stay {
		if !seen[k] {
			return fmt.Sprintf("seed %d: it does not give %d, which was there all the time", seed, k)
		}
	}
	if got := sheet.Map(); !reflect.DeepEqual(got, have) || sheet.Len() != len(have) {
		return fmt.Sprintf("seed %d: got %v, want %v", seed, got, have)
	}
	return ""
}

// TestDictRange holds loops over a Dict that is changed meanwhile to what Go says of maps.
func TestDictRange(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		sheet = pool.NewDict[int, int]()
		for seed := range uint64(300) {
			if bad := rangesWell(seed); bad != "" {
				t.Fatal(bad)
			}
		}
		p := newPool(threads, pool.Processes(1))
		defer p.Terminate()
		for _, bad := range must[[]string](t)(pool.Map(p, rangesWell, []uint64{1, 2, 3, 4, 5, 6, 7, 8})) {
			if bad != "" {
				t.Error("in a worker:", bad)
			}
		}
		// Others delete meanwhile.
		sheet = pool.NewDict[int, int]()
		const size = 3000
		for k := range size {
			sheet.Set(k, k)
		}
		r := pool.MapAsync(p, deletesOdd, pool.Range(size), pool.ChunkSize(100))
		seen := make([]int, size)
		for n := 0; n == 0 || !r.Ready(); n++ {
			clear(seen)
			for k := range sheet.All() {
				seen[k]++
			}
			for k, n := range seen {
				if k%2 == 0 && n != 1 || n > 1 {
					t.Fatalf("key %d was given %d times", k, n)
				}
			}
		}
		must[[]bool](t)(r.Get())
		wantEqual(t, sheet.Len(), size/2)
	})
}

func deletesOdd(k int) bool { return k%2 == 1 && sheet.Delete(k) }

// keyStruct is compared field by field.
type keyStruct struct {
	n int
	f float64
	a any
}

// TestDictKeys holds the equality of keys to that of Go's maps.
func TestDictKeys(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		zero, inf := math.Copysign(0, -1), math.Inf(1)
		floats := []float64{0, zero, 1, -1, inf, -inf, math.NaN(), inf - inf}
		likeMap(t, floats)
		var complexes []complex128
		var structs []keyStruct
		var arrays [][2]float32
		anys := []any{nil, 0, "0", true}
		for _, a := range floats {
			anys = append(anys, a, float32(a), complex(a, -a), [1]float64{a})
			for _, b := range []float64{0, zero, 2} {
				complexes = append(complexes, complex(a, b))
				arrays = append(arrays, [2]float32{float32(a), float32(b)})
				structs = append(structs, keyStruct{1, a, b}, keyStruct{1, b, a}, keyStruct{2, b, nil})
				anys = append(anys, keyStruct{1, a, b})
			}
		}
		likeMap(t, complexes)
		likeMap(t, structs)
		likeMap(t, arrays)
		for _, v := range []any{[1]float64{}, keyStruct{}} {
			registerType(reflect.TypeOf(v))
		}
		likeMap(t, anys)
		likeMap(t, []string{"", "a", "b", "a"})
		likeMap(t, []int8{1, 2, 1, 3})
	})
}

func likeMap[K comparable](t *testing.T, keys []K) {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 1))
	d, m := pool.NewDict[K, int](), map[K]int{}
	for n := range 400 {
		k := keys[random.IntN(len(keys))]
		switch random.IntN(4) {
		case 0:
			_, ok := m[k]
			delete(m, k)
			if d.Delete(k) != ok {
				t.Errorf("Delete(%v) is not %v", k, ok)
			}
		case 1:
			m[k] += n
			d.Update(k, func(v int) int { return v + n })
		default:
			m[k] = n
			d.Set(k, n)
		}
		v, ok := d.Get(k)
		if want, there := m[k]; v != want || ok != there {
			t.Errorf("Get(%v) is %v, %v, want %v, %v", k, v, ok, want, there)
		}
		if d.Len() != len(m) || len(d.Map()) != len(m) {
			t.Fatalf("after %v: %d keys and %d in a copy, want %d", k, d.Len(), len(d.Map()), len(m))
		}
	}
	for k, v := range d.All() {
		if k == k && m[k] != v {
			t.Errorf("%v: %v, want %v", k, v, m[k])
		}
	}
}

// TestElements holds what All and Append do at once to what Get and Set do one by one.
func TestElements(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		likeSlice(t, []int{1, -2, 3 << 40})
		likeSlice(t, []float64{1, math.Inf(-1), 0})
		likeSlice(t, []bool{true, false})
		likeSlice(t, []string{"", "a", strings.Repeat("b", 1000)})
		likeSlice(t, []keyStruct{{1, 2, "three"}, {}})
		likeSlice(t, [][]int{nil, {}, {1, 2}})
		likeSlice(t, []any{nil, 1, "two", 3.0, []int{4}})
		likeSlice(t, []struct{}{{}, {}})
		one := 1
		for _, p := range pool.NewList(&one, nil).All() {
			if p != nil && *p != 1 {
				t.Error(*p)
			}
		}
	})
}

func likeSlice[T any](t *testing.T, vs []T) {
	t.Helper()
	l, a := pool.NewList(vs...), pool.NewArray[T](2*len(vs))
	for i := range vs {
		a.Set(2*i, vs[i])
	}
	l.Append()
	l.Append(vs...)
	want := append(slices.Clone(vs), vs...)
	wantEqual(t, l.Len(), len(want))
	wantEqual(t, l.All(), want)
	for i := range want {
		wantEqual(t, l.Get(i), want[i])
	}
	want = make([]T, 2*len(vs))
	for i := range vs {
		want[2*i] = vs[i]
	}
	wantEqual(t, a.All(), want)
	if v, ok := l.Pop(); !ok || !reflect.DeepEqual(v, vs[len(vs)-1]) {
		t.Error(v, ok)
	}
}

// writesOfBatches is how often the worker writes to the notebook while it reads and adds many elements.
func writesOfBatches(n int) int {
	before := writesSoFar()
	names := make([]string, n)
	for i, v := range floatRow.All() {
		names[i] = fmt.Sprint(v)
	}
	nameList.Append(names...)
	if got := nameList.All(); len(got) != n || got[n-1] != names[n-1] {
		panic(len(got))
	}
	return writesSoFar() - before
}

func writesSoFar() int {
	data, err := os.ReadFile("/proc/self/io")
	if err != nil {
		panic(err)
	}
	_, rest, _ := strings.Cut(string(data), "syscw: ")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		panic(err)
	}
	return n
}

// TestBatches: many elements are one request.
func TestBatches(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		floatRow, nameList = pool.NewArray[float64](2000), pool.NewList[string]()
		p := pool.New(pool.Processes(1))
		defer p.Terminate()
		if n := must[[]int](t)(pool.Map(p, writesOfBatches, []int{2000}))[0]; n > 50 {
			t.Errorf("6000 elements took %d writes", n)
		}
	})
}

func takesQueue(n int) int {
	q := queues.Get(n)
	return must1(q.Get())
}

func must1[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestQueuesInList: a shared object that is only inside another one lives, also in a worker, and no longer than it is there.
func TestQueuesInList(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		queues = pool.NewList[*pool.Queue[int]]()
		heap := func() int {
			runtime.GC()
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int(m.HeapAlloc)
		}
		add := func(n int) {
			for i := range n {
				q := pool.NewQueue[int](0)
				for range 100 {
					mustTake(q.Put(i))
				}
				queues.Append(q)
			}
		}
		add(3)
		runtime.GC()
		p := pool.New(pool.Processes(1))
		defer p.Terminate()
		wantEqual(t, must[[]int](t)(pool.Map(p, takesQueue, []int{0, 1, 2})), []int{0, 1, 2})
		before := heap()
		byKey := pool.NewDict[string, *pool.Queue[int]]()
		for range 20 {
			add(100)
			byKey.Set("one", queues.Get(queues.Len()-1))
			for range 100 {
				if _, ok := queues.Pop(); !ok {
					t.Fatal("the list is empty")
				}
			}
		}
		if q, ok := byKey.Get("one"); !ok || q.Len() != 100 {
			t.Error("the queue that is still in one of them is gone")
		}
		eventually(t, "the heap has grown", func() bool { return heap()-before < 2<<20 })
	})
}
