//go:build ignore

// Generic packages of the standard library, and generic types of the program.
package main

import (
	"cmp"
	"crypto/hkdf"
	"crypto/pbkdf2"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
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
	"sync"
	"sync/atomic"
	"time"
	"unique"
	"weak"
)

type Celsius float64
type Name string
type Person struct {
	Name Name
	Age  int
	T    Celsius
}

func (p Person) String() string { return fmt.Sprintf("%s/%d", p.Name, p.Age) }

type List[T any] struct {
	head *node[T]
	n    int
}
type node[T any] struct {
	v    T
	next *node[T]
}

func (l *List[T]) Add(v T) *List[T] { l.head = &node[T]{v, l.head}; l.n++; return l }
func (l *List[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for n := l.head; n != nil; n = n.next {
			if !yield(n.v) {
				return
			}
		}
	}
}
func (l List[T]) String() string {
	var b strings.Builder
	for v := range l.All() {
		fmt.Fprint(&b, v, ",")
	}
	return b.String()
}

type Number interface {
	~int | ~int64 | ~float64
}

func Sum[T Number](seq iter.Seq[T]) (s T) {
	for v := range seq {
		s += v
	}
	return s
}

func Map[A, B any](seq iter.Seq[A], f func(A) B) iter.Seq[B] {
	return func(yield func(B) bool) {
		seq(func(a A) bool { return yield(f(a)) })
	}
}

func Filter[T any](seq iter.Seq[T], keep func(T) bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		for v := range seq {
			if keep(v) && !yield(v) {
				return
			}
		}
	}
}

type Cache[K comparable, V any] struct {
	mu sync.RWMutex
	m  map[K]V
	f  func(K) (V, error)
}

func NewCache[K comparable, V any](f func(K) (V, error)) *Cache[K, V] {
	return &Cache[K, V]{m: map[K]V{}, f: f}
}
func (c *Cache[K, V]) Get(k K) (V, error) {
	c.mu.RLock()
	v, ok := c.m[k]
	c.mu.RUnlock()
	if ok {
		return v, nil
	}
	v, err := c.f(k)
	if err != nil {
		var zero V
		return zero, fmt.Errorf("cache %v: %w", k, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.m[k] = v
	return v, nil
}

type Set[T comparable] map[T]struct{}

func (s Set[T]) Add(v ...T) Set[T] {
	for _, x := range v {
		s[x] = struct{}{}
	}
	return s
}
func (s Set[T]) MarshalJSON() ([]byte, error) {
	var list []string
	for v := range s {
		list = append(list, fmt.Sprint(v))
	}
	slices.Sort(list)
	return json.Marshal(list)
}

type Ordered[T any] interface{ Compare(T) int }

func (p Person) Compare(q Person) int {
	return cmp.Or(cmp.Compare(p.Age, q.Age), strings.Compare(string(p.Name), string(q.Name)))
}

func MaxOf[T Ordered[T]](list ...T) T {
	m := list[0]
	for _, v := range list[1:] {
		if v.Compare(m) > 0 {
			m = v
		}
	}
	return m
}

func local[T any](v T) any {
	type box struct{ V T }
	return box{v}
}

type Either[L, R any] struct {
	Left  *L
	Right *R
}

func people() []Person {
	return []Person{{"Bo", 30, 1}, {"Al", 25, 2}, {"Cy", 30, 0.5}, {"Al", 20, 3}}
}

func slicesPart() {
	ps := people()
	slices.SortFunc(ps, func(a, b Person) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(b.Age, a.Age)) })
	fmt.Println(ps)
	slices.SortStableFunc(ps, func(a, b Person) int { return cmp.Compare(a.Age, b.Age) })
	fmt.Println(ps, slices.IsSortedFunc(ps, Person.Compare))
	ts := []Celsius{3, 1, Celsius(math.NaN()), 2}
	slices.Sort(ts)
	fmt.Println(ts, slices.Max(ts[1:]), slices.Min(ts[1:]), slices.Contains(ts, 2), slices.Index(ts, 3))
	names := []Name{"b", "a", "c"}
	slices.Sort(names)
	i, ok := slices.BinarySearch(names, "b")
	fmt.Println(names, i, ok)
	j, ok := slices.BinarySearchFunc(ps, 25, func(p Person, age int) int { return p.Age - age })
	fmt.Println(j, ok, slices.MaxFunc(ps, Person.Compare), slices.IndexFunc(ps, func(p Person) bool { return p.Name == "Cy" }))
	fmt.Println(slices.Equal(names, []Name{"a", "b", "c"}), slices.Compare([]int{1, 2}, []int{1, 3}), slices.Insert([]int{1, 4}, 1, 2, 3), slices.Delete([]int{0, 1, 2, 3}, 1, 3), slices.Compact([]int{1, 1, 2, 2, 1}), slices.Repeat([]int{1}, 3), slices.Concat(names, names))
	fmt.Println(slices.Collect(slices.Chunk([]int{1, 2, 3, 4, 5}, 2)), slices.Sorted(maps.Keys(map[Name]int{"z": 1, "y": 2})), slices.Collect(maps.Values(map[int]Person{1: ps[0]})))
	for i, p := range slices.Backward(ps) {
		fmt.Print(i, p.Name, " ")
	}
	fmt.Println(slices.SortedFunc(slices.Values(ps), func(a, b Person) int { return b.Compare(a) }))
	m := maps.Collect(slices.All(names))
	maps.DeleteFunc(m, func(i int, n Name) bool { return i == 1 })
	fmt.Println(m, maps.Equal(m, maps.Clone(m)))
	func() {
		defer func() { fmt.Println(recover()) }()
		_ = slices.Max([]int{})
	}()
	func() {
		defer func() { fmt.Println(recover()) }()
		_ = slices.Insert([]int{1}, 5, 1)
	}()
}

func iterPart() {
	l := new(List[int]).Add(1).Add(2).Add(3)
	fmt.Println(l, *l, Sum(l.All()), Sum(Map(l.All(), func(i int) Celsius { return Celsius(i) / 2 })))
	fmt.Println(slices.Collect(Filter(Map(slices.Values([]string{"a", "bb", "ccc"}), func(s string) int { return len(s) }), func(n int) bool { return n > 1 })))
	next, stop := iter.Pull(l.All())
	for v, ok := next(); ok; v, ok = next() {
		fmt.Print(v, " ")
	}
	stop()
	n2, s2 := iter.Pull2(maps.All(map[string]Person{"k": people()[0]}))
	fmt.Println(n2())
	s2()
	fmt.Println(n2())
	for s := range strings.SplitSeq("a,b,c", ",") {
		fmt.Print(s, ";")
	}
	var seq iter.Seq[string] = strings.FieldsSeq(" x  y ")
	fmt.Println(slices.Collect(seq), reflect.TypeOf(seq))
	func() {
		defer func() { fmt.Println("got", recover()) }()
		for v := range l.All() {
			if v == 2 {
				panic("in loop")
			}
		}
	}()
	found := func() string {
		for s := range strings.SplitSeq("p q r", " ") {
			if s == "q" {
				return "found " + s
			}
		}
		return "none"
	}
	fmt.Println(found())
}

func typesPart() {
	c := NewCache(func(k Name) (Person, error) {
		if k == "" {
			return Person{}, fs.ErrInvalid
		}
		return Person{Name: k, Age: len(k)}, nil
	})
	fmt.Println(c.Get("Dora"))
	_, err := c.Get("")
	fmt.Println(err, errors.Is(err, fs.ErrInvalid))
	s := Set[Celsius]{}.Add(2, 1, 2)
	b, err := json.Marshal(map[string]any{"s": s, "l": local(Name("x")), "e": Either[int, Name]{Right: new(Name)}})
	fmt.Println(string(b), err)
	fmt.Println(MaxOf(people()...))
	fmt.Printf("%T %T %T %T %T\n", s, c, List[map[Name][]Person]{}, Either[func(int) error, chan Person]{}, Set[struct{ A int }]{})
	fmt.Println(reflect.TypeFor[List[Person]]().Name(), reflect.TypeFor[*Cache[Name, Person]](), reflect.TypeFor[iter.Seq2[int, Person]]())
	var p atomic.Pointer[Person]
	old := &Person{Name: "old"}
	p.Store(old)
	fmt.Println(p.Load(), p.CompareAndSwap(old, &Person{Name: "new"}), p.Swap(nil), p.Load() == nil)
	once := sync.OnceValues(func() (int, error) { fmt.Println("once"); return 1, fs.ErrExist })
	fmt.Println(once())
	fmt.Println(once())
	bad := sync.OnceValue(func() int { panic("never") })
	for range 2 {
		func() {
			defer func() { fmt.Println(recover()) }()
			bad()
		}()
	}
	h1, h2 := unique.Make(people()[0]), unique.Make(Person{"Bo", 30, 1})
	fmt.Println(h1 == h2, h1.Value(), unique.Make("a") == unique.Make("b"))
	obj := &Person{Name: "weak"}
	w := weak.Make(obj)
	fmt.Println(w.Value().Name, w == weak.Make(obj))
	runtime.KeepAlive(obj)
	var n sql.Null[int]
	err = n.Scan("42")
	fmt.Println(err, n)
	err = n.Scan(nil)
	fmt.Println(err, n.Valid)
	v, err := sql.Null[string]{V: "x", Valid: true}.Value()
	fmt.Println(v, err)
	seed := maphash.MakeSeed()
	fmt.Println(maphash.Comparable(seed, people()[0]) == maphash.Comparable(seed, Person{"Bo", 30, 1}))
	r := rand.New(rand.NewPCG(1, 2))
	fmt.Println(r.IntN(100), r.Perm(4), rand.N(5*time.Second) < 5*time.Second)
	k, err := hkdf.Key(sha256.New, []byte("secret"), []byte("salt"), "info", 8)
	fmt.Printf("%x %v\n", k, err)
	k, err = pbkdf2.Key(sha256.New, "password", []byte("salt"), 10, 8)
	fmt.Printf("%x %v\n", k, err)
	pe, ok := errors.AsType[*fs.PathError](fmt.Errorf("x: %w", &fs.PathError{Op: "op", Path: "p", Err: fs.ErrExist}))
	fmt.Println(pe, ok)
	x, ok := reflect.TypeAssert[fmt.Stringer](reflect.ValueOf(people()[0]))
	fmt.Println(x, ok)
	runtime.AddCleanup(obj, func(s string) { fmt.Println(s) }, "cleaned").Stop()
}

func main() {
	slicesPart()
	iterPart()
	typesPart()
}
