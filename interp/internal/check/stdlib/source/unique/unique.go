package unique

import "poolbook/interp/internal/bridge/native"

// Handle identifies a value: handles are equal when their values are.
type Handle[T comparable] struct{ value *T }

// Value returns a copy of the value.
func (h Handle[T]) Value() T { return *h.value }

// Make returns the handle of a value. The value is kept for the life of the process.
func Make[T comparable](value T) Handle[T] {
	p := native.Unique((*T)(nil), value, func() any {
		p := new(T)
		*p = value
		return p
	})
	return Handle[T]{p.(*T)}
}
