package pool

import (
	"poolbook/pool/core"
)

// Map calls fn with each of the items, on the pool's workers, and returns the results in the order of the items.
// When items fail, it still runs the others, and its error is that of the failed one with the lowest index.
func Map[T, R any](p *Pool, fn func(T) R, items []T, opts ...CallOption) ([]R, error) {
	o := core.CallerOrigin()
	var out []R
	err := p.c.Start(o, "Map", 0, fn, items, opts).Run(o, &out)
	return out, err
}

// MapErr is Map for a function that can fail.
func MapErr[T, R any](p *Pool, fn func(T) (R, error), items []T, opts ...CallOption) ([]R, error) {
	o := core.CallerOrigin()
	var out []R
	err := p.c.Start(o, "Map", core.LastErr, fn, items, opts).Run(o, &out)
	return out, err
}

// MapAsync is Map that does not wait. The items are copied before it returns.
func MapAsync[T, R any](p *Pool, fn func(T) R, items []T, opts ...CallOption) *MapResult[R] {
	return &MapResult[R]{p.c.Start(core.CallerOrigin(), "MapAsync", 0, fn, items, opts)}
}

// MapAsyncErr is MapAsync for a function that can fail.
func MapAsyncErr[T, R any](p *Pool, fn func(T) (R, error), items []T, opts ...CallOption) *MapResult[R] {
	return &MapResult[R]{p.c.Start(core.CallerOrigin(), "MapAsync", core.LastErr, fn, items, opts)}
}

// ForEach calls fn with each of the items, on the pool's workers, and waits until all are done.
func ForEach[T any](p *Pool, fn func(T), items []T, opts ...CallOption) error {
	o := core.CallerOrigin()
	return p.c.Start(o, "ForEach", core.NoResult, fn, items, opts).Run(o, nil)
}

// ForEachErr is ForEach for a function that can fail.
func ForEachErr[T any](p *Pool, fn func(T) error, items []T, opts ...CallOption) error {
	o := core.CallerOrigin()
	return p.c.Start(o, "ForEach", core.NoResult|core.LastErr, fn, items, opts).Run(o, nil)
}

// ForEachAsync is ForEach that does not wait. Its results are empty structs: Get tells the error.
func ForEachAsync[T any](p *Pool, fn func(T), items []T, opts ...CallOption) *MapResult[struct{}] {
	return &MapResult[struct{}]{p.c.Start(core.CallerOrigin(), "ForEachAsync", core.NoResult, fn, items, opts)}
}

// ForEachAsyncErr is ForEachAsync for a function that can fail.
func ForEachAsyncErr[T any](p *Pool, fn func(T) error, items []T, opts ...CallOption) *MapResult[struct{}] {
	return &MapResult[struct{}]{p.c.Start(core.CallerOrigin(), "ForEachAsync", core.NoResult|core.LastErr, fn, items, opts)}
}
