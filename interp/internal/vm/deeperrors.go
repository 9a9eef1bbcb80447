package vm

import (
	"errors"
	"fmt"
	"reflect"
)

// Errors that join others, nested a million levels deep as a loop of err = errors.Join(err, e) makes them: errors.Is, errors.As and the Error method of
// what Join returns call themselves for each level. Those that cells declare call back into the interpreter, which counts calls.
var (
	joinError  = reflect.TypeOf(errors.Join(errors.ErrUnsupported))
	wrapErrors = reflect.TypeOf(fmt.Errorf("%w%w", errors.ErrUnsupported, errors.ErrUnsupported))
	wrapError  = reflect.TypeOf(fmt.Errorf("%w", errors.ErrUnsupported))

	joinErrorType = rtypeOf(joinError)
)

// joinsDeeply reports whether err is nested too deeply, at a depth where it is already. Only the text of what errors.Join returns is made anew each
// time: with text, others are not followed.
func joinsDeeply(err error, depth int, text bool) bool {
	for {
		t := reflect.TypeOf(err)
		switch {
		case t == joinError, t == wrapErrors && !text:
		case t == wrapError && !text:
			err = errors.Unwrap(err)
			continue
		default:
			return false
		}
		if depth++; depth > deepest {
			return true
		}
		list := err.(interface{ Unwrap() []error }).Unwrap()
		if len(list) == 0 {
			return false
		}
		for _, e := range list[1:] {
			if joinsDeeply(e, depth, text) {
				return true
			}
		}
		err = list[0] // where a loop nests it
	}
}

// errorsEnd is op, a call of errors.Is or errors.As, after a look at the error's depth.
func errorsEnd(name string, args []slot, op coldFunc) coldFunc {
	return func(g *goroutine, fp ptr) {
		if joinsDeeply(*at[error](fp, args[0].off), 0, false) || name == "errors.Is" && nestsDeeply(at[iface](fp, args[1].off), false) {
			tooDeep(name)
		}
		op(g, fp)
	}
}
