package pool

import (
	"poolbook/pool/core"
)

// Apply runs fn in a worker and waits for its result. What fn captures is copied at the call.
func Apply[R any](p *Pool, fn func() R, opts ...CallOption) (R, error) {
	var out R
	err := p.c.Call(core.CallerOrigin(), "Apply", 0, fn, opts, &out)
	return out, err
}

// ApplyErr is Apply for a function that can fail.
func ApplyErr[R any](p *Pool, fn func() (R, error), opts ...CallOption) (R, error) {
	var out R
	err := p.c.Call(core.CallerOrigin(), "Apply", core.LastErr, fn, opts, &out)
	return out, err
}

// ApplyAsync starts fn in a worker. What fn captures is copied at the call.
func ApplyAsync[R any](p *Pool, fn func() R, opts ...CallOption) *AsyncResult[R] {
	return &AsyncResult[R]{p.c.Start(core.CallerOrigin(), "ApplyAsync", core.Single, fn, nil, opts)}
}

// ApplyAsyncErr is ApplyAsync for a function that can fail.
func ApplyAsyncErr[R any](p *Pool, fn func() (R, error), opts ...CallOption) *AsyncResult[R] {
	return &AsyncResult[R]{p.c.Start(core.CallerOrigin(), "ApplyAsync", core.Single|core.LastErr, fn, nil, opts)}
}
