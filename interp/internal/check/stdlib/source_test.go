package stdlib_test

import (
	"cmp"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"crypto/hkdf"
	"crypto/pbkdf2"
	ourcmp "poolbook/interp/internal/check/stdlib/source/cmp"
	ourhkdf "poolbook/interp/internal/check/stdlib/source/crypto/hkdf"
	ourpbkdf2 "poolbook/interp/internal/check/stdlib/source/crypto/pbkdf2"
	oursql "poolbook/interp/internal/check/stdlib/source/database/sql"
	ourerrors "poolbook/interp/internal/check/stdlib/source/errors"
	ourmaphash "poolbook/interp/internal/check/stdlib/source/hash/maphash"
	ouriter "poolbook/interp/internal/check/stdlib/source/iter"
	ourmaps "poolbook/interp/internal/check/stdlib/source/maps"
	ourrand "poolbook/interp/internal/check/stdlib/source/math/rand/v2"
	ourreflect "poolbook/interp/internal/check/stdlib/source/reflect"
	ourruntime "poolbook/interp/internal/check/stdlib/source/runtime"
	our "poolbook/interp/internal/check/stdlib/source/slices"
	oursync "poolbook/interp/internal/check/stdlib/source/sync"
	ouratomic "poolbook/interp/internal/check/stdlib/source/sync/atomic"
	ourunique "poolbook/interp/internal/check/stdlib/source/unique"
	ourweak "poolbook/interp/internal/check/stdlib/source/weak"
)

// same runs what both sides do and compares results, or the panics.
func same(t *testing.T, name string, got, want func() any) {
	t.Helper()
	run := func(f func() any) (v any) {
		defer func() {
			if r := recover(); r != nil {
				v = fmt.Sprint("panic: ", r)
			}
		}()
		return f()
	}
	if g, w := run(got), run(want); fmt.Sprintf("%#v", g) != fmt.Sprintf("%#v", w) {
		t.Errorf("%s: got %#v, want %#v", name, g, w)
	}
}

// lists returns slices with spare capacity, of several shapes.
func lists() [][]int {
	r := rand.New(rand.NewPCG(1, 2))
	out := [][]int{nil, {}, {1}, {1, 1}, {2, 1}, {1, 1, 2, 2, 2, 3, 1}}
	for range 10 {
		s := make([]int, 0, 40)
		for range r.IntN(30) {
			s = append(s, r.IntN(6))
		}
		out = append(out, s)
	}
	return out
}

func TestSlices(t *testing.T) {
	desc := func(a, b int) int { return b - a }
	odd := func(x int) bool { return x%2 == 1 }
	type full struct {
		S, Back []int // a slice and all of its memory
	}
	whole := func(base, s []int) full {
		return full{append([]int{}, s...), append([]int{}, base[:cap(base)]...)}
	}
	for _, l := range lists() {
		// Each case gets copies with the same capacity.
		c := func() []int {
			if l == nil {
				return nil
			}
			return append(make([]int, 0, cap(l)), l...)
		}
		for _, i := range []int{0, 1, len(l) / 2, len(l)} {
			for _, j := range []int{0, i, i + 2, len(l), len(l) + 1} {
				same(t, "Insert", func() any { b := c(); s := our.Insert(b, i, make([]int, j)...); return full{s, b[:len(b):len(b)]} }, func() any { b := c(); s := slices.Insert(b, i, make([]int, j)...); return full{s, b[:len(b):len(b)]} })
				same(t, "Insert self", func() any { b := c(); return our.Insert(b, i, b...) }, func() any { b := c(); return slices.Insert(b, i, b...) })
				same(t, "Delete", func() any { b := c(); return whole(b, our.Delete(b, i, j)) }, func() any { b := c(); return whole(b, slices.Delete(b, i, j)) })
				same(t, "Replace", func() any { b := c(); return our.Replace(b, i, j, 7, 8, 9) }, func() any { b := c(); return slices.Replace(b, i, j, 7, 8, 9) })
				same(t, "Replace self", func() any { b := c(); return our.Replace(b, i, j, b...) }, func() any { b := c(); return slices.Replace(b, i, j, b...) })
				same(t, "Replace less", func() any { b := c(); return whole(b, our.Replace(b, i, j)) }, func() any { b := c(); return whole(b, slices.Replace(b, i, j)) })
			}
			same(t, "Chunk", func() any { return slices.Collect(our.Chunk(l, i)) }, func() any { return slices.Collect(slices.Chunk(l, i)) })
			same(t, "Repeat", func() any { return our.Repeat(l, i-1) }, func() any { return slices.Repeat(l, i-1) })
			same(t, "Index", func() any { return our.Index(l, i) }, func() any { return slices.Index(l, i) })
			same(t, "Contains", func() any { return our.Contains(l, i) }, func() any { return slices.Contains(l, i) })
			same(t, "Grow", func() any { b := our.Grow(c(), i-1); return []any{b, cap(b) >= len(b)+i-1} }, func() any { b := slices.Grow(c(), i-1); return []any{b, cap(b) >= len(b)+i-1} })
			same(t, "BinarySearch", func() any { b := slices.Sorted(slices.Values(l)); n, ok := our.BinarySearch(b, i); return []any{n, ok} }, func() any {
				b := slices.Sorted(slices.Values(l))
				n, ok := slices.BinarySearch(b, i)
				return []any{n, ok}
			})
			same(t, "BinarySearchFunc", func() any {
				n, ok := our.BinarySearchFunc(slices.SortedFunc(slices.Values(l), desc), i, desc)
				return []any{n, ok}
			}, func() any {
				n, ok := slices.BinarySearchFunc(slices.SortedFunc(slices.Values(l), desc), i, desc)
				return []any{n, ok}
			})
		}
		same(t, "DeleteFunc", func() any { b := c(); return whole(b, our.DeleteFunc(b, odd)) }, func() any { b := c(); return whole(b, slices.DeleteFunc(b, odd)) })
		same(t, "Compact", func() any { b := c(); return whole(b, our.Compact(b)) }, func() any { b := c(); return whole(b, slices.Compact(b)) })
		same(t, "CompactFunc", func() any { b := c(); return whole(b, our.CompactFunc(b, func(a, b int) bool { return a/2 == b/2 })) }, func() any {
			b := c()
			return whole(b, slices.CompactFunc(b, func(a, b int) bool { return a/2 == b/2 }))
		})
		same(t, "Clone", func() any { return our.Clone(l) }, func() any { return slices.Clone(l) })
		same(t, "Clip", func() any { return cap(our.Clip(c())) }, func() any { return cap(slices.Clip(c())) })
		same(t, "Reverse", func() any { b := c(); our.Reverse(b); return b }, func() any { b := c(); slices.Reverse(b); return b })
		same(t, "Concat", func() any { return our.Concat(l, nil, l) }, func() any { return slices.Concat(l, nil, l) })
		same(t, "Sort", func() any { b := c(); our.Sort(b); return b }, func() any { b := c(); slices.Sort(b); return b })
		same(t, "SortFunc", func() any { b := c(); our.SortFunc(b, desc); return b }, func() any { b := c(); slices.SortFunc(b, desc); return b })
		same(t, "IsSorted", func() any { return our.IsSorted(l) }, func() any { return slices.IsSorted(l) })
		same(t, "IsSortedFunc", func() any { return our.IsSortedFunc(l, desc) }, func() any { return slices.IsSortedFunc(l, desc) })
		same(t, "Min", func() any { return our.Min(l) }, func() any { return slices.Min(l) })
		same(t, "Max", func() any { return our.Max(l) }, func() any { return slices.Max(l) })
		same(t, "MinFunc", func() any { return our.MinFunc(l, desc) }, func() any { return slices.MinFunc(l, desc) })
		same(t, "MaxFunc", func() any { return our.MaxFunc(l, desc) }, func() any { return slices.MaxFunc(l, desc) })
		same(t, "ContainsFunc", func() any { return our.ContainsFunc(l, odd) }, func() any { return slices.ContainsFunc(l, odd) })
		same(t, "All", func() any { return maps.Collect(our.All(l)) }, func() any { return maps.Collect(slices.All(l)) })
		same(t, "Backward", func() any { return pairs(our.Backward(l), 3) }, func() any { return pairs(slices.Backward(l), 3) })
		same(t, "Collect", func() any { return our.Collect(our.Values(l)) }, func() any { return slices.Collect(slices.Values(l)) })
		same(t, "Sorted", func() any { return our.Sorted(our.Values(l)) }, func() any { return slices.Sorted(slices.Values(l)) })
		same(t, "SortedFunc", func() any { return our.SortedFunc(our.Values(l), desc) }, func() any { return slices.SortedFunc(slices.Values(l), desc) })
		for _, m := range lists() {
			same(t, "Equal", func() any { return our.Equal(l, m) }, func() any { return slices.Equal(l, m) })
			same(t, "Compare", func() any { return our.Compare(l, m) }, func() any { return slices.Compare(l, m) })
			same(t, "EqualFunc", func() any { return our.EqualFunc(l, m, func(a, b int) bool { return a == b }) }, func() any { return slices.Equal(l, m) })
		}
	}
	type rec struct{ k, n int }
	var recs []rec
	for i := range 100 {
		recs = append(recs, rec{i * 7 % 10, i})
	}
	byKey := func(a, b rec) int { return cmp.Compare(a.k, b.k) }
	same(t, "SortStableFunc", func() any { s := slices.Clone(recs); our.SortStableFunc(s, byKey); return s }, func() any { s := slices.Clone(recs); slices.SortStableFunc(s, byKey); return s })
	same(t, "SortedStableFunc", func() any { return our.SortedStableFunc(slices.Values(recs), byKey) }, func() any { return slices.SortedStableFunc(slices.Values(recs), byKey) })
	nan := math.NaN()
	fl := []float64{3, nan, -1, nan, 2}
	same(t, "floats", func() any { s := slices.Clone(fl); our.Sort(s); return s }, func() any { s := slices.Clone(fl); slices.Sort(s); return s })
	same(t, "Max NaN", func() any { return our.Max(fl) }, func() any { return slices.Max(fl) })
	same(t, "search NaN", func() any { _, ok := our.BinarySearch([]float64{nan, 1}, nan); return ok }, func() any { _, ok := slices.BinarySearch([]float64{nan, 1}, nan); return ok })
	type celsius float32
	temps := []celsius{3, 1, 2}
	our.Sort(temps)
	if !slices.IsSorted(temps) {
		t.Errorf("sorted to %v", temps)
	}
}

func pairs[K, V any](seq iter.Seq2[K, V], n int) (out []string) {
	for k, v := range seq {
		if n--; n < 0 {
			break
		}
		out = append(out, fmt.Sprint(k, v))
	}
	return out
}

func TestMapsAndCmp(t *testing.T) {
	m := map[string]int{"a": 1, "b": 2, "c": 3}
	if !maps.Equal(ourmaps.Collect(ourmaps.All(m)), m) || !ourmaps.Equal(ourmaps.Clone(m), m) || ourmaps.Clone(map[int]int(nil)) != nil {
		t.Error("copies differ")
	}
	if k, v := slices.Sorted(ourmaps.Keys(m)), slices.Sorted(ourmaps.Values(m)); !slices.Equal(k, []string{"a", "b", "c"}) || !slices.Equal(v, []int{1, 2, 3}) {
		t.Errorf("got %v %v", k, v)
	}
	c := ourmaps.Clone(m)
	ourmaps.DeleteFunc(c, func(k string, v int) bool { return v > 1 })
	ourmaps.Copy(c, map[string]int{"z": 9})
	ourmaps.Insert(c, ourmaps.All(map[string]int{"y": 8}))
	if fmt.Sprint(c) != "map[a:1 y:8 z:9]" || ourmaps.Equal(c, m) {
		t.Errorf("got %v", c)
	}
	if !ourmaps.EqualFunc(m, m, func(a, b int) bool { return a == b }) || ourmaps.EqualFunc(m, c, func(a, b int) bool { return true }) {
		t.Error("EqualFunc is wrong")
	}
	for range ourmaps.Keys(m) {
		break // must not panic
	}
	nan := math.NaN()
	for _, x := range []float64{nan, 1, 2, math.Inf(-1)} {
		for _, y := range []float64{nan, 1, 2, math.Inf(-1)} {
			if ourcmp.Compare(x, y) != cmp.Compare(x, y) || ourcmp.Less(x, y) != cmp.Less(x, y) {
				t.Errorf("%v and %v", x, y)
			}
		}
	}
	if ourcmp.Or("", "b", "c") != "b" || ourcmp.Or[int]() != 0 {
		t.Error("Or is wrong")
	}
}

func TestIter(t *testing.T) {
	seq := func(yield func(int) bool) {
		for i := range 3 {
			if !yield(i) {
				return
			}
		}
	}
	next, stop := ouriter.Pull(seq)
	for want := range 3 {
		if v, ok := next(); v != want || !ok {
			t.Errorf("got %d %v", v, ok)
		}
	}
	if v, ok := next(); v != 0 || ok {
		t.Error("more than there is")
	}
	stop()
	next2, stop2 := ouriter.Pull2(func(yield func(string, int) bool) { _ = yield("a", 1) && yield("b", 2) })
	if k, v, ok := next2(); k != "a" || v != 1 || !ok {
		t.Error("wrong pair")
	}
	stop2()
	if _, _, ok := next2(); ok {
		t.Error("a pair after stop")
	}
}

func TestSmallSources(t *testing.T) {
	n := 0
	once := oursync.OnceValue(func() int { n++; return n })
	two := oursync.OnceValues(func() (int, error) { return 4, fs.ErrExist })
	if a, b := once(), once(); a != 1 || b != 1 {
		t.Error("ran twice")
	}
	if v, err := two(); v != 4 || err != fs.ErrExist {
		t.Error("wrong values")
	}
	boom := oursync.OnceValue(func() int { panic("boom") })
	for range 2 {
		same(t, "OnceValue", func() any { return boom() }, func() any { panic("boom") })
	}
	var p ouratomic.Pointer[int]
	x, y := 1, 2
	if p.Load() != nil || !p.CompareAndSwap(nil, &x) || p.Swap(&y) != &x || p.CompareAndSwap(&x, &x) || *p.Load() != 2 {
		t.Error("atomic.Pointer is wrong")
	}
	p.Store(&x)
	if *p.Load() != 1 {
		t.Error("Store is wrong")
	}
	if ourunique.Make("a"+strings.Repeat("b", n)) != ourunique.Make("ab") || ourunique.Make("a") == ourunique.Make("b") || ourunique.Make("v").Value() != "v" || ourunique.Make[any](1).Value() != 1 {
		t.Error("unique is wrong")
	}
	type named int
	if ourunique.Make(named(1)).Value() != 1 || ourunique.Make(1).Value() != 1 {
		t.Error("types are mixed up")
	}
	type object struct{ A, B [40]int }
	o := new(object)
	w := ourweak.Make(o)
	if w.Value() != o || w != ourweak.Make(o) || ourweak.Make[int](nil).Value() != nil {
		t.Error("weak is wrong")
	}
	done := make(chan int, 1)
	ourruntime.AddCleanup(o, func(n int) { done <- n }, 7)
	runtime.KeepAlive(o)
	o = nil
	for end := time.Now().Add(10 * time.Second); ; runtime.GC() {
		select {
		case n := <-done:
			if n != 7 || w.Value() != nil {
				t.Errorf("clean-up of %d, weak pointer to %v", n, w.Value())
			}
		default:
			if time.Now().After(end) {
				t.Error("no clean-up")
				break
			}
			continue
		}
		break
	}
	if ourreflect.TypeFor[error]() != reflect.TypeFor[error]() {
		t.Error("TypeFor is wrong")
	}
	if v, ok := ourreflect.TypeAssert[fmt.Stringer](reflect.ValueOf(time.Second)); !ok || v.String() != "1s" {
		t.Error("TypeAssert is wrong")
	}
	if e, ok := ourerrors.AsType[*fs.PathError](fmt.Errorf("x: %w", &fs.PathError{Op: "open"})); !ok || e.Op != "open" {
		t.Error("AsType is wrong")
	}
	if _, ok := ourerrors.AsType[*fs.PathError](errors.New("x")); ok {
		t.Error("AsType found something")
	}
	for range 100 {
		if n := ourrand.N(10 * time.Second); n < 0 || n >= 10*time.Second {
			t.Errorf("N is %v", n)
		}
	}
	seed := maphash.MakeSeed()
	again := ourmaphash.Comparable(seed, "a")
	if ourmaphash.Comparable(seed, "a") != again || ourmaphash.Comparable(seed, 1) == ourmaphash.Comparable(seed, 2) {
		t.Error("Comparable is wrong")
	}
	same(t, "hkdf.Key", func() any { b, _ := ourhkdf.Key(sha256.New, []byte("secret"), nil, "i", 20); return b }, func() any { b, _ := hkdf.Key(sha256.New, []byte("secret"), nil, "i", 20); return b })
	same(t, "hkdf.Expand", func() any { b, _ := ourhkdf.Expand(sha256.New, make([]byte, 32), "i", 20); return b }, func() any { b, _ := hkdf.Expand(sha256.New, make([]byte, 32), "i", 20); return b })
	same(t, "hkdf.Extract", func() any { b, _ := ourhkdf.Extract(sha256.New, []byte("secret"), nil); return b }, func() any { b, _ := hkdf.Extract(sha256.New, []byte("secret"), nil); return b })
	same(t, "pbkdf2.Key", func() any { b, _ := ourpbkdf2.Key(sha256.New, "pass", []byte("salt"), 10, 20); return b }, func() any { b, _ := pbkdf2.Key(sha256.New, "pass", []byte("salt"), 10, 20); return b })
}

func TestSQLNull(t *testing.T) {
	now := time.Now()
	type id int16
	scan(t, 3, int64(3))
	scan(t, 3, "3")
	scan[int8](t, 0, int64(300))
	scan(t, uint(3), int64(3))
	scan(t, id(3), []byte("3"))
	scan(t, 1.5, "1.5")
	scan(t, "x", []byte("x"))
	scan(t, "5", int64(5))
	scan(t, []byte("x"), "x")
	scan(t, true, "true")
	scan(t, now, now)
	scan[any](t, int64(2), int64(2))
	scan(t, 0, "no number")
	scan(t, 0, nil)
}

// scan compares what our Null does with what the real one does.
func scan[T any](t *testing.T, _ T, src any) {
	t.Helper()
	var got oursql.Null[T]
	var want sql.Null[T]
	gerr, werr := got.Scan(src), want.Scan(src)
	if (gerr == nil) != (werr == nil) || gerr == nil && (got.Valid != want.Valid || !reflect.DeepEqual(got.V, want.V)) {
		t.Errorf("%T(%v) into %T: got %v %v, want %v %v", src, src, got.V, got, gerr, want, werr)
	}
	g, gerr := got.Value()
	w, werr := want.Value()
	if werr == nil && want.Valid && !reflect.DeepEqual(g, w) {
		t.Errorf("the value of %v is %#v, want %#v (%v)", want, g, w, gerr)
	}
}
