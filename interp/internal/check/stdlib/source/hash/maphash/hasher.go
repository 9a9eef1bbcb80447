//go:build go1.27

package maphash

import "hash/maphash"

// A Hasher tells which values are equal and adds a value to a hash, the same for equal ones.
type Hasher[T any] interface {
	Hash(*maphash.Hash, T)
	Equal(x, y T) bool
}

// ComparableHasher is the Hasher of ==.
type ComparableHasher[T comparable] struct {
	_ [0]func(T) // not comparable, and another type for each T
}

// Hash adds v to h.
func (ComparableHasher[T]) Hash(h *maphash.Hash, v T) { WriteComparable(h, v) }

// Equal reports whether x == y.
func (ComparableHasher[T]) Equal(x, y T) bool { return x == y }
