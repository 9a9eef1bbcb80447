package vm

import (
	"iter"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"poolbook/interp/internal/goabi"
)

// Compiled code calls interpreted functions on goroutines of its own, too: an
// HTTP server its handlers, os/exec the Write of a command's output. What ends
// such a call (a panic, an interrupt, os.Exit) would end the process unless a
// compiled function further up recovers it, see recoverers. Where none does, it
// is reported to the run, and the call returns all the same: with an error where
// it has one among its results, so that whoever waits for it learns that it failed
// and waits no longer. Tests and benchmarks fail. Where there are no results that
// compiled code would not trip over, the goroutine ends.

// CallbackError is what compiled code gets from a function or method that has
// ended in another way than by returning.
type CallbackError struct {
	Err error // a *Panic, *Exit, *Interrupted …
}

func (e *CallbackError) Error() string {
	if p, ok := e.Err.(*Panic); ok {
		if o, ok := p.Value.(*StackOverflow); ok {
			return o.Error()
		}
		return "panic: " + p.Text
	}
	return e.Err.Error()
}

// Unwrap returns the panic value when it is an error; what else there is, such as
// an *Interrupted, otherwise.
func (e *CallbackError) Unwrap() error {
	if p, ok := e.Err.(*Panic); ok {
		return p.Unwrap()
	}
	return e.Err
}

// failer is a test or a benchmark.
type failer interface{ FailNow() }

// failerAmong returns the *testing.T, B or F that a function of this convention
// has for its first argument, which is at mem; nil when it has none.
func (c *convention) failerAmong(mem ptr) failer {
	if len(c.params) == 0 {
		return nil
	}
	p := c.params[0]
	if t := p.ti.rt; t.Kind() != reflect.Pointer || t.Elem().PkgPath() != "testing" {
		return nil
	}
	f, _ := reflect.NewAt(p.ti.rt, add(mem, p.off)).Elem().Interface().(failer)
	return f
}

// callback runs f for compiled code.
func (m *Machine) callback(r *Run, f *Func, c *closure, args []reflect.Value) (results []reflect.Value) {
	g, fresh := m.goroutineFor(r)
	if !fresh {
		return g.callValues(f, c, args)
	}
	returned := false
	defer func() {
		defer g.left()
		if returned {
			return
		}
		end := g.ending(f)
		if end == endsAbove {
			return
		}
		if v := recover(); v != nil {
			var test failer
			if len(args) > 0 && args[0].Kind() == reflect.Pointer && args[0].Type().Elem().PkgPath() == "testing" {
				test, _ = args[0].Interface().(failer)
			}
			results = f.conv.resultValues(g.land(v, end, f.conv, test))
		}
	}()
	results = g.callValues(f, c, args)
	returned = true
	return results
}

func (c *closure) callback(args []reflect.Value) []reflect.Value {
	return c.fn.m.callback(c.run, c.fn, c, args)
}

// left gives back the machine's side of a goroutine after a callback.
func (g *goroutine) left() {
	r := g.run
	g.done()
	r.endCallback()
}

// end is how a panic out of a callback ends.
type end int

const (
	endsHere  end = iota // reported by land
	endsAbove            // a compiled function recovers it
	endsQuiet            // one of net/http does, and need not print what is no panic of the program
)

// ending tells how the panic ends that is on its way out of f.
func (g *goroutine) ending(f *Func) end {
	name, ok := recoverer(f.ssa.Name())
	switch {
	case !ok:
		return endsHere
	case recoverers[name].abort && g.escaped != nil && g.escaped.abort() != nil:
		return endsQuiet
	}
	return endsAbove
}

// land ends a callback after the panic v, which its caller has just recovered. The
// results that it returns are for compiled code.
func (g *goroutine) land(v any, how end, conv *convention, test failer) ptr {
	if how == endsQuiet {
		g.run.report(g.failure(v))
		if quiet := g.m.abortHandler(); quiet != nil {
			panic(quiet)
		}
		panic(v)
	}
	err := g.failure(v)
	told := &CallbackError{err}
	if p, ok := err.(*Panic); ok {
		mine := *p
		mine.Goroutine = true
		err = &mine
	}
	g.run.report(err)
	if test != nil {
		test.FailNow()
	}
	if block, ok := conv.failed(told); ok {
		return block
	}
	runtime.Goexit()
	return nil
}

// abortHandler is http.ErrAbortHandler, nil where there is none.
func (m *Machine) abortHandler() error {
	v, ok := m.lookup("net/http", "ErrAbortHandler")
	if !ok {
		return nil
	}
	err, _ := reflect.Indirect(v).Interface().(error)
	return err
}

// failed makes the results of a call that ended with err. It reports false when
// they have no place for that and compiled code might use what is nil in them.
func (c *convention) failed(err error) (block ptr, ok bool) {
	if c.resultSize == 0 {
		return ptr(&zeroBlock), true
	}
	block = c.resultBlock()
	ok = true
	for _, s := range c.results {
		ok = ok && usableZero(s.ti.rt)
	}
	for _, s := range c.results {
		if s.ti.rt == typeError {
			*(*error)(add(block, s.off)) = err
			ok = true
		}
	}
	if last := c.results[len(c.results)-1]; last.ti.rt.Kind() == reflect.Bool {
		ok = true // it says that there is no value
	}
	return block, ok
}

var typeError = reflect.TypeFor[error]()

// usableZero reports whether the zero value of a type is one to work with.
func usableZero(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.UnsafePointer, reflect.Interface, reflect.Func, reflect.Map, reflect.Chan:
		return false
	case reflect.Array:
		return t.Len() == 0 || usableZero(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !usableZero(t.Field(i).Type) {
				return false
			}
		}
	}
	return true
}

// recoverers are the compiled functions that keep a panic of a function which they
// call from going on, by the name that their frames have: those of Go's library,
// which TestRecoverers compares with its source, and our own. Functions that
// recover panics of their own making, and panic again with others, are none.
var recoverers = map[string]struct {
	by     string   // the deferred function that recovers: what it calls is not recovered
	before []string // the methods that are called before that is deferred
	abort  bool     // it knows http.ErrAbortHandler
}{
	"flag.isZeroValue":                                 {by: "flag.isZeroValue.func1"},
	"fmt.(*pp).handleMethods":                          {by: "fmt.(*pp).catchPanic"},
	"iter.Pull[...].func1":                             {by: "iter.Pull[...].func1.2"}, // panics again where the next value is asked for
	"iter.Pull2[...].func1":                            {by: "iter.Pull2[...].func1.2"},
	"log/slog.(*handleState).appendValue":              {by: "log/slog.(*handleState).appendValue.func1"},
	"log/slog.Value.Resolve":                           {by: "log/slog.Value.Resolve.func1"},
	"net/http.(*conn).serve":                           {by: "net/http.(*conn).serve.func1", before: []string{"RemoteAddr", "LocalAddr", "String"}, abort: true},
	http2Handler:                                       {by: http2Handler + ".func1", abort: true},
	"net/http.(*timeoutHandler).ServeHTTP.func1":       {by: "net/http.(*timeoutHandler).ServeHTTP.func1.1", abort: true}, // panics again where the handler is waited for
	"text/template.safeCall":                           {by: "text/template.safeCall.func1"},
	"poolbook/interp/display.(*writer).call":           {},
	"poolbook/interp/display.guard":                    {},
	"poolbook/interp/internal/vm.(*goroutine).protect": {}, // another machine's
	"poolbook/kernel.(*request).protect":               {},
	"poolbook/kernel.(*server).runCell":                {},
	"poolbook/pool/internal/call.Func":                 {},
	"poolbook/pool/internal/call.Guard":                {},
	"poolbook/pool/internal/codec.(*Encoder).opaque":   {},
	"poolbook/pool/internal/codec.Text":                {},
	"poolbook/pool/internal/codec.marshalPlan.func1":   {},
	"poolbook/pool/internal/codec.marshalPlan.func2":   {},
}

// http2Handler is the function that calls handlers of HTTP/2.
const http2Handler = goabi.HTTP2Package + ".(*" + goabi.HTTP2Prefix + "serverConn).runHandler"

// recoverer returns the name of the nearest of the recoverers that have called the
// callback which is being left, a function of this name.
func recoverer(callback string) (name string, ok bool) {
	own := true // frames of the callback
	var calls []string
	for f := range stack() {
		if own {
			own = !isLanding(f.Function)
			continue
		}
		r, ok := recoverers[f.Function]
		if ok && !slices.Contains(r.before, callback) && !slices.Contains(calls, r.by) {
			return f.Function, true
		}
		calls = append(calls, f.Function)
	}
	return "", false
}

// isLanding reports whether a function, by its name, is the one at which a callback ends.
func isLanding(name string) bool {
	return name == packagePath+".(*entry).runFresh" || name == packagePath+".(*Machine).callback"
}

// stack yields the frames of the running goroutine, the latest call first.
func stack() iter.Seq[runtime.Frame] {
	return func(yield func(runtime.Frame) bool) {
		pcs := make([]uintptr, 128)
		for n := runtime.Callers(0, pcs); ; n = runtime.Callers(0, pcs) {
			if n < len(pcs) {
				pcs = pcs[:n]
				break
			}
			pcs = make([]uintptr, 4*len(pcs)) // what matters may be at the far end
		}
		frames := runtime.CallersFrames(pcs)
		for {
			f, more := frames.Next()
			if !yield(f) || !more {
				return
			}
		}
	}
}

// libraryAlone returns where in Go's library the running goroutine is, when it has
// begun there and nothing else than callbacks is in it; "" otherwise. The first
// frames, up to that of replacement, do not count.
func libraryAlone(replacement string) (where string) {
	ours, glue, begun := false, false, false
	for f := range stack() {
		switch name := f.Function; {
		case !begun:
			begun = name == packagePath+"."+replacement
		case isLanding(name):
			ours, glue = false, true
		case isGlue(name):
			ours = ours || !glue
		case ours || !inLibrary(name):
			return ""
		default:
			glue = false
			if where == "" && !strings.HasPrefix(name, "runtime.") {
				where = name
			}
		}
	}
	if ours {
		return ""
	}
	return where
}

// isGlue reports whether a function, by its name, is of those between compiled code and a landing.
func isGlue(name string) bool {
	for _, p := range []string{packagePath + ".", "poolbook/interp/internal/rtype", "poolbook/interp.New.func", "github.com/goplus/reflectx"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// inLibrary reports whether a function, by its name, is one of Go's library.
func inLibrary(name string) bool {
	i := strings.IndexAny(name, "./")
	return i > 0 && (name[i] == '/' && name[:i] != "poolbook" || name[i] == '.' && name[:i] != "main" && !strings.Contains(name, "/"))
}

// panicked reports a panic that ends a goroutine of the library's own, and ends the
// run, which may wait for that goroutine.
func (m *Machine) panicked(v any, where string) {
	r := m.latestRun()
	p := &Panic{Value: v, Text: PanicText(v) + " (in " + where + ")", Goroutine: true}
	if !r.endBy(p) {
		r.report(p)
	}
}

const packagePath = "poolbook/interp/internal/vm"
