package call

import (
	"reflect"
	"sync/atomic"
	"unsafe"
)

// Loop is a function that calls fn once for each index from *at up to *end, with the elements of slices. Its arguments are a slice for
// each parameter of fn, one for the value that fn returns, if it does, then at, end, done and failed:
//
//	func(a0 []A, a1 []B, …, out []R, at, end *int, done func(i int), failed func(i int, err error))
//
// While an item runs, *at is its index. With each, a result is left in out[0], and done(i) has to take it from there; otherwise results are
// left in out[i]. failed gets the errors of a function whose last result is one. nil is for functions without parameters.
func Loop(fn reflect.Value) (loop func(args []reflect.Value), each bool) {
	switch f := fn.Interface().(type) {
	case func(int) int:
		return direct(f), false
	case func(int) float64:
		return direct(f), false
	case func(float64) float64:
		return direct(f), false
	case func(string) int:
		return direct(f), false
	case func([]float64) float64:
		return direct(f), false
	}
	t := fn.Type()
	if t.NumIn() == 0 || t.IsVariadic() {
		return nil, false
	}
	n := t.NumOut()
	fails := n > 0 && t.Out(n-1) == errorType
	if fails {
		n--
	}
	return func(args []reflect.Value) {
		in, out, tail := args[:t.NumIn()], args[t.NumIn():len(args)-4], tailOf(args)
		actual := make([]reflect.Value, len(in))
		for i := tail.at.Load(); i < tail.end.Load(); i = tail.at.Add(1) {
			for k := range in {
				actual[k] = in[k].Index(int(i))
			}
			results := fn.Call(actual)
			if fails && !results[n].IsNil() {
				tail.failed(int(i), results[n].Interface().(error))
				continue
			}
			if n > 0 {
				out[0].Index(0).Set(results[0])
				tail.done(int(i))
			}
		}
	}, n > 0
}

var errorType = reflect.TypeFor[error]()

// direct is Loop without reflect, which costs more than a short task does, for functions of the commonest types.
func direct[T, R any](f func(T) R) func(args []reflect.Value) {
	return func(args []reflect.Value) {
		in, out, tail := args[0].Interface().([]T), args[1].Interface().([]R), tailOf(args)
		for i := tail.at.Load(); i < tail.end.Load(); i = tail.at.Add(1) {
			out[i] = f(in[i])
		}
	}
}

// tail are the last arguments of a loop.
type tail struct {
	at, end *atomic.Int64
	done    func(int)
	failed  func(int, error)
}

func tailOf(args []reflect.Value) tail {
	n := len(args) - 4
	word := func(v reflect.Value) *atomic.Int64 {
		return (*atomic.Int64)(unsafe.Pointer(v.Interface().(*int))) // an int has 64 bits where workers are processes
	}
	return tail{word(args[n]), word(args[n+1]), args[n+2].Interface().(func(int)), args[n+3].Interface().(func(int, error))}
}

// Guard calls f; it never panics. See [Func].
func Guard(f func(), exit func(error)) (err error) {
	done := false
	defer func() {
		if done {
			return
		}
		if v := recover(); v != nil {
			err = &Panic{Value: v, Stack: stack(3)}
			return
		}
		exit(ErrGoexit)
	}()
	f()
	done = true
	return nil
}
