package call

import "reflect"

// Direct is a way to call functions of the commonest types without reflect, which costs more than a short task does: nil for others.
// It calls with the argument in *in and leaves the result in *out; both are variables of the function's types.
func Direct(fn reflect.Value) func(in, out any) {
	switch f := fn.Interface().(type) {
	case func(int) int:
		return direct(f)
	case func(int) float64:
		return direct(f)
	case func(int) bool:
		return direct(f)
	case func(int) string:
		return direct(f)
	case func(float64) float64:
		return direct(f)
	case func(string) int:
		return direct(f)
	case func(string) string:
		return direct(f)
	case func([]float64) float64:
		return direct(f)
	}
	return nil
}

func direct[T, R any](f func(T) R) func(in, out any) {
	return func(in, out any) { *out.(*R) = f(*in.(*T)) }
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
