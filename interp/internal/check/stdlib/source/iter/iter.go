package iter

import "poolbook/interp/internal/bridge/native"

// Seq is an iterator over values.
type Seq[V any] func(yield func(V) bool)

// Seq2 is an iterator over pairs of values.
type Seq2[K, V any] func(yield func(K, V) bool)

// Pull turns an iterator into two functions: next returns the following value, stop ends the iteration.
func Pull[V any](seq Seq[V]) (next func() (V, bool), stop func()) {
	var v, zero V
	more, stop := native.Pull(func(yield func() bool) {
		seq(func(x V) bool {
			v = x
			return yield()
		})
	})
	return func() (V, bool) {
		if !more() {
			return zero, false
		}
		x := v
		v = zero
		return x, true
	}, stop
}

// Pull2 is Pull for an iterator over pairs.
func Pull2[K, V any](seq Seq2[K, V]) (next func() (K, V, bool), stop func()) {
	var (
		k, zeroK K
		v, zeroV V
	)
	more, stop := native.Pull(func(yield func() bool) {
		seq(func(x K, y V) bool {
			k, v = x, y
			return yield()
		})
	})
	return func() (K, V, bool) {
		if !more() {
			return zeroK, zeroV, false
		}
		x, y := k, v
		k, v = zeroK, zeroV
		return x, y, true
	}, stop
}
