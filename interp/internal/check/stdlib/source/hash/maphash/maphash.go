package maphash

import (
	"hash/maphash"

	"poolbook/interp/internal/bridge/native/typed"
)

// Comparable returns the hash of v.
func Comparable[T comparable](seed maphash.Seed, v T) uint64 { return typed.HashComparable(seed, v) }

// WriteComparable adds x to h.
func WriteComparable[T comparable](h *maphash.Hash, x T) { typed.WriteComparable(h, x) }
