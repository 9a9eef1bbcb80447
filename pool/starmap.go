package pool

import (
	"poolbook/pool/core"
)

// Args2 are two arguments of one call.
type Args2[A, B any] struct {
	A A
	B B
}

// Args3 are three arguments of one call.
type Args3[A, B, C any] struct {
	A A
	B B
	C C
}

// Starmap is Map for a function of two arguments.
func Starmap[A, B, R any](p *Pool, fn func(A, B) R, args []Args2[A, B], opts ...CallOption) ([]R, error) {
	o := core.CallerOrigin()
	var out []R
	err := p.c.Start(o, "Starmap", core.Spread, fn, args, opts).Run(o, &out)
	return out, err
}

// StarmapErr is Starmap for a function that can fail.
func StarmapErr[A, B, R any](p *Pool, fn func(A, B) (R, error), args []Args2[A, B], opts ...CallOption) ([]R, error) {
	o := core.CallerOrigin()
	var out []R
	err := p.c.Start(o, "Starmap", core.Spread|core.LastErr, fn, args, opts).Run(o, &out)
	return out, err
}

// StarmapAsync is Starmap that does not wait.
func StarmapAsync[A, B, R any](p *Pool, fn func(A, B) R, args []Args2[A, B], opts ...CallOption) *MapResult[R] {
	return &MapResult[R]{p.c.Start(core.CallerOrigin(), "StarmapAsync", core.Spread, fn, args, opts)}
}

// StarmapAsyncErr is StarmapAsync for a function that can fail.
func StarmapAsyncErr[A, B, R any](p *Pool, fn func(A, B) (R, error), args []Args2[A, B], opts ...CallOption) *MapResult[R] {
	return &MapResult[R]{p.c.Start(core.CallerOrigin(), "StarmapAsync", core.Spread|core.LastErr, fn, args, opts)}
}

// Starmap3 is Map for a function of three arguments.
func Starmap3[A, B, C, R any](p *Pool, fn func(A, B, C) R, args []Args3[A, B, C], opts ...CallOption) ([]R, error) {
	o := core.CallerOrigin()
	var out []R
	err := p.c.Start(o, "Starmap3", core.Spread, fn, args, opts).Run(o, &out)
	return out, err
}

// Starmap3Err is Starmap3 for a function that can fail.
func Starmap3Err[A, B, C, R any](p *Pool, fn func(A, B, C) (R, error), args []Args3[A, B, C], opts ...CallOption) ([]R, error) {
	o := core.CallerOrigin()
	var out []R
	err := p.c.Start(o, "Starmap3", core.Spread|core.LastErr, fn, args, opts).Run(o, &out)
	return out, err
}

// Starmap3AsyncErr is Starmap3Async for a function that can fail.
func Starmap3AsyncErr[A, B, C, R any](p *Pool, fn func(A, B, C) (R, error), args []Args3[A, B, C], opts ...CallOption) *MapResult[R] {
	return &MapResult[R]{p.c.Start(core.CallerOrigin(), "Starmap3Async", core.Spread|core.LastErr, fn, args, opts)}
}

// Starmap3Async is Starmap3 that does not wait.
func Starmap3Async[A, B, C, R any](p *Pool, fn func(A, B, C) R, args []Args3[A, B, C], opts ...CallOption) *MapResult[R] {
	return &MapResult[R]{p.c.Start(core.CallerOrigin(), "Starmap3Async", core.Spread, fn, args, opts)}
}

// Zip pairs the elements of two slices, as far as the shorter goes.
func Zip[A, B any](as []A, bs []B) []Args2[A, B] {
	out := make([]Args2[A, B], min(len(as), len(bs)))
	for i := range out {
		out[i] = Args2[A, B]{as[i], bs[i]}
	}
	return out
}

// Zip3 puts together the elements of three slices, as far as the shortest goes.
func Zip3[A, B, C any](as []A, bs []B, cs []C) []Args3[A, B, C] {
	out := make([]Args3[A, B, C], min(len(as), len(bs), len(cs)))
	for i := range out {
		out[i] = Args3[A, B, C]{as[i], bs[i], cs[i]}
	}
	return out
}

// Product pairs each element of as with each of bs, those of bs changing fastest.
func Product[A, B any](as []A, bs []B) []Args2[A, B] {
	out := make([]Args2[A, B], 0, len(as)*len(bs))
	for _, a := range as {
		for _, b := range bs {
			out = append(out, Args2[A, B]{a, b})
		}
	}
	return out
}

// Split divides the indices 0 to length-1 into parts of nearly the same length, from A up to B, those that are longer first; there are no empty ones,
// so that there may be fewer. It panics when parts is less than 1.
func Split(length, parts int) []Args2[int, int] {
	if parts < 1 {
		panic("pool.Split: there must be at least one part")
	}
	out := make([]Args2[int, int], 0, max(min(parts, length), 0))
	for i, lo := 0, 0; i < parts && lo < length; i++ {
		hi := lo + length/parts
		if i < length%parts {
			hi++
		}
		out = append(out, Args2[int, int]{lo, hi})
		lo = hi
	}
	return out
}

// Repeat is a slice of n times v. A negative n makes an empty one.
func Repeat[T any](v T, n int) []T {
	out := make([]T, max(n, 0))
	for i := range out {
		out[i] = v
	}
	return out
}

// Range is Python's range as a slice: Range(stop), Range(start, stop) or Range(start, stop, step). It panics with another number of
// arguments and with a step of 0.
func Range(args ...int) []int {
	start, stop, step := 0, 0, 1
	switch len(args) {
	case 1:
		stop = args[0]
	case 2:
		start, stop = args[0], args[1]
	case 3:
		start, stop, step = args[0], args[1], args[2]
	default:
		panic("pool.Range takes one to three arguments: Range(stop), Range(start, stop), Range(start, stop, step)")
	}
	if step == 0 {
		panic("pool.Range: the step must not be 0")
	}
	out := []int{}
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		out = append(out, i)
	}
	return out
}
