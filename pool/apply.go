package pool

import (
	"poolbook/pool/core"
)

// Apply runs fn in a worker and waits for its result. What fn captures is copied at the call.
func Apply[R any](p *Pool, fn func() R, opts ...CallOption) (R, error) {
	var out R
	err := p.c.Apply(core.CallerOrigin(), fn, opts, &out)
	return out, err
}

// ApplyErr is Apply for a function that can fail.
func ApplyErr[R any](p *Pool, fn func() (R, error), opts ...CallOption) (R, error) {
	var out R
	err := p.c.ApplyErr(core.CallerOrigin(), fn, opts, &out)
	return out, err
}

// ApplyAsync starts fn in a worker. What fn captures is copied at the call.
func ApplyAsync[R any](p *Pool, fn func() R, opts ...CallOption) *AsyncResult[R] {
	return &AsyncResult[R]{p.c.Submit(core.CallerOrigin(), 0, fn, opts)}
}

// ApplyAsyncErr is ApplyAsync for a function that can fail.
func ApplyAsyncErr[R any](p *Pool, fn func() (R, error), opts ...CallOption) *AsyncResult[R] {
	return &AsyncResult[R]{p.c.Submit(core.CallerOrigin(), core.LastErr, fn, opts)}
}
