package pool

import (
	"fmt"

	"poolbook/pool/core"
)

// Number is what a [SharedSlice] has elements of.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr | ~float32 | ~float64 | ~complex64 | ~complex128
}

// SharedSlice is a slice of numbers that lies in memory once, however many workers read it: captured by a task, or sent as an item, it is the
// same memory. It is what numpy arrays in multiprocessing.shared_memory are in Python.
//
// Tasks in worker processes read it only: one that writes panics. What the notebook writes into it the tasks see, without any order between the
// two: write when no task reads. The memory is given back when the notebook has neither the SharedSlice nor a slice of it any more, and the pools
// that were given it are gone.
//
// On Linux, on amd64 and arm64, nothing is copied. Elsewhere each worker process that uses it gets one copy.
type SharedSlice[T Number] struct {
	m *core.Memory
	n int
}

// Shared makes a shared copy of xs. When xs is not needed any more let it go, or fill what [MakeShared] makes instead: otherwise there are two.
func Shared[T Number](xs []T) *SharedSlice[T] {
	s := MakeShared[T](len(xs))
	copy(s.Slice(), xs)
	return s
}

// MakeShared makes a shared slice of n zeros, to be filled in place. It panics when n is negative.
func MakeShared[T Number](n int) *SharedSlice[T] {
	if n < 0 {
		panic(fmt.Sprintf("pool.MakeShared(%d): the length must not be negative", n))
	}
	var xs []T
	return &SharedSlice[T]{core.NewMemory(core.CallerOrigin(), n, &xs), n}
}

// Slice is the slice itself, not a copy. Appending to it makes an ordinary slice.
func (s *SharedSlice[T]) Slice() []T {
	var xs []T
	mustHold(s.m.View(s.n, &xs))
	return xs
}

// Len is the number of elements.
func (s *SharedSlice[T]) Len() int { return s.n }

// Split divides the indices of the slice into n parts of nearly the same length, as items for a map: part i is s.Slice()[part.A:part.B].
func (s *SharedSlice[T]) Split(n int) []Args2[int, int] { return Split(s.n, n) }
