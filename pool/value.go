package pool

import (
	"iter"

	"poolbook/pool/core"
)

// Value is a variable that the notebook and its workers share: what one sets the others get.
type Value[T any] struct{ x *core.Object }

// NewValue makes a shared variable.
func NewValue[T any](v T) *Value[T] {
	s := &Value[T]{core.NewObject(core.CallerOrigin(), core.KindArray, 1)}
	s.Set(v)
	return s
}

// Get is a copy of the value.
func (s *Value[T]) Get() T { return load[T](s.x, 0) }

// Set makes a copy of v the value.
func (s *Value[T]) Set(v T) { store(s.x, 0, &v) }

// Update sets the value to what f makes of it and returns that; nobody else sets or updates it meanwhile. f must not use s.
// When a worker dies in f, the value stays as it was.
func (s *Value[T]) Update(f func(v T) T) T { return update(s.x, 0, f) }

func load[T any](x *core.Object, i int) T {
	var v T
	_, err := x.Do(core.CallerOrigin(), core.OpLoad, core.Call{Timeout: forever, N: i, Out: &v})
	mustHold(err)
	return v
}

func store[T any](x *core.Object, i int, v *T) {
	_, err := x.Do(core.CallerOrigin(), core.OpStore, core.Call{Timeout: forever, N: i, In: v})
	mustHold(err)
}

func update[T any](x *core.Object, i int, f func(v T) T) T {
	o := core.CallerOrigin()
	_, err := x.Do(o, core.OpTake, core.Call{Timeout: forever})
	mustHold(err)
	give := core.Call{N: i}
	defer func() { _, _ = x.Do(o, core.OpGive, give) }() // when f panics the value stays
	v := f(load[T](x, i))
	give.In = &v
	return v
}

// Array is a fixed number of variables that the notebook and its workers share. Its methods panic with [ErrIndex] for an index outside of it.
type Array[T any] struct {
	x *core.Object
	n int
}

// NewArray makes an array of n zero values.
func NewArray[T any](n int) *Array[T] {
	return &Array[T]{core.NewObject(core.CallerOrigin(), core.KindArray, n), n}
}

// Len is the number of variables.
func (a *Array[T]) Len() int { return a.n }

// Get is a copy of the element i.
func (a *Array[T]) Get(i int) T { return load[T](a.x, i) }

// Set makes a copy of v the element i.
func (a *Array[T]) Set(i int, v T) { store(a.x, i, &v) }

// Update sets the element i to what f makes of it and returns that; nobody else changes the array meanwhile. f must not use a.
func (a *Array[T]) Update(i int, f func(v T) T) T { return update(a.x, i, f) }

// All is a copy of all elements, as they are at one moment.
func (a *Array[T]) All() []T { return all[T](a.x) }

func all[T any](x *core.Object) []T {
	var out []T
	mustHold(x.All(core.CallerOrigin(), &out))
	return out
}

// List is a list that the notebook and its workers share. Its methods panic with [ErrIndex] for an index outside of it.
type List[T any] struct{ x *core.Object }

// NewList makes a list of copies of vs.
func NewList[T any](vs ...T) *List[T] {
	l := &List[T]{core.NewObject(core.CallerOrigin(), core.KindList, 0)}
	l.Append(vs...)
	return l
}

// Append adds copies of vs, one behind the other. One call with many costs little more than one with few.
func (l *List[T]) Append(vs ...T) {
	if len(vs) > 0 {
		mustHold(l.x.Extend(core.CallerOrigin(), vs))
	}
}

// Len is the number of elements.
func (l *List[T]) Len() int { return mustDo(l.x, core.OpLen) }

// Get is a copy of the element i.
func (l *List[T]) Get(i int) T { return load[T](l.x, i) }

// Set makes a copy of v the element i.
func (l *List[T]) Set(i int, v T) {
	if i < 0 {
		panic(ErrIndex)
	}
	store(l.x, i, &v)
}

// Update sets the element i to what f makes of it and returns that; nobody else changes the list meanwhile. f must not use l.
func (l *List[T]) Update(i int, f func(v T) T) T { return update(l.x, i, f) }

// Pop takes the last element away; it reports false when there is none.
func (l *List[T]) Pop() (T, bool) {
	var v T
	_, err := l.x.Do(core.CallerOrigin(), core.OpDelete, core.Call{Timeout: forever, N: -1, Out: &v})
	return v, err == nil
}

// All is a copy of all elements, as they are at one moment.
func (l *List[T]) All() []T { return all[T](l.x) }

// Dict is a map that the notebook and its workers share. It keeps the order in which keys were first set. Keys are equal when they are for Go's
// own maps: 0.0 and -0.0 are one key, which comes back as 0.0, and a NaN is a new one each time, which only All and Map find.
type Dict[K comparable, V any] struct{ x *core.Object }

// NewDict makes an empty map.
func NewDict[K comparable, V any]() *Dict[K, V] {
	return &Dict[K, V]{core.NewObject(core.CallerOrigin(), core.KindDict, 0)}
}

// Get is a copy of the value under k; it reports whether there is one.
func (d *Dict[K, V]) Get(k K) (V, bool) {
	var v V
	if k != k {
		return v, false
	}
	_, err := d.x.Do(core.CallerOrigin(), core.OpLoad, core.Call{Key: &k, Out: &v})
	return v, err == nil
}

// Set puts a copy of v under k.
func (d *Dict[K, V]) Set(k K, v V) {
	_, err := d.x.Do(core.CallerOrigin(), core.OpStore, core.Call{Timeout: forever, N: equality(k), Key: &k, In: &v})
	mustHold(err)
}

// equality is what a shared map must know of a key.
func equality[K comparable](k K) int {
	if k != k {
		return core.Unequal
	}
	return 0
}

// Update puts under k what f makes of the value there, which is the zero value when there is none, and returns it. Nobody else changes
// the map meanwhile. f must not use d.
func (d *Dict[K, V]) Update(k K, f func(v V) V) V {
	o := core.CallerOrigin()
	_, err := d.x.Do(o, core.OpTake, core.Call{Timeout: forever})
	mustHold(err)
	give := core.Call{N: equality(k), Key: &k}
	defer func() { _, _ = d.x.Do(o, core.OpGive, give) }()
	old, _ := d.Get(k)
	v := f(old)
	give.In = &v
	return v
}

// Delete takes k away, and reports whether it was there.
func (d *Dict[K, V]) Delete(k K) bool {
	if k != k {
		return false
	}
	_, err := d.x.Do(core.CallerOrigin(), core.OpDelete, core.Call{Timeout: forever, Key: &k})
	return err == nil
}

// Len is the number of keys.
func (d *Dict[K, V]) Len() int { return mustDo(d.x, core.OpLen) }

// All gives copies of the keys and values. As in a loop over a Go map, keys that this process deletes before the loop has come to them are not
// given, and those that it adds need not be; of what other processes change meanwhile the loop may still give what was there a few thousand
// keys before. Each key that stays is given once. See Map for the state at one moment, which is what Python's DictProxy.items gives.
func (d *Dict[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) { d.each(d.x.Iter(false), yield) }
}

func (d *Dict[K, V]) each(it *core.Iter, yield func(K, V) bool) {
	o := core.CallerOrigin()
	for {
		var k K
		var v V
		more, err := it.Next(o, &k, &v)
		mustHold(err)
		if !more || !yield(k, v) {
			return
		}
	}
}

// Map is a copy as an ordinary map, as the Dict is at one moment.
func (d *Dict[K, V]) Map() map[K]V {
	out := make(map[K]V)
	d.each(d.x.Iter(true), func(k K, v V) bool {
		out[k] = v
		return true
	})
	return out
}
