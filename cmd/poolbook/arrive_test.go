//go:build unix

package main

import (
	"strings"
	"testing"
)

// arrives runs cells and compares what they print.
func arrives(t *testing.T, want string, cells ...string) {
	t.Helper()
	if got := strings.TrimPrefix(newPlace(t).travel(cells), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestRuntimeErrors holds that errors.As finds the exported errors of Go's run time in what a task has failed with.
func TestRuntimeErrors(t *testing.T) {
	arrives(t, `true panic called with nil argument
true interface conversion: interface {} is main.Sq, not string
true interface conversion: interface is nil, not main.Shape
true interface conversion: main.Sq is not main.Shape: missing method Area
true
`, `
type Shape interface{ Area() int }
type Sq struct{ N int }
p := pool.New(pool.Processes(1))
fail := func(f func()) error { _, err := pool.Apply(p, func() int { f(); return 0 }); return err }
var pn *runtime.PanicNilError
fmt.Println(errors.As(fail(func() { panic(nil) }), &pn), pn)
var ta *runtime.TypeAssertionError
var re runtime.Error
for _, f := range []func(){
	func() { var a any = Sq{1}; _ = a.(string) },
	func() { var a any; _ = a.(Shape) },
	func() { var a any = Sq{1}; _ = a.(Shape) },
} {
	fmt.Println(errors.As(fail(f), &ta), ta)
}
fmt.Println(errors.As(fail(func() { var a any = 1; _ = a.(string) }), &re))`)
}

// TestDeadlines holds that a task may wait for the deadline of a context that it has got, also in a variable, an item, or a context made of it, and
// that the deadline's cause comes along.
func TestDeadlines(t *testing.T) {
	arrives(t, `context deadline exceeded <nil>
context deadline exceeded <nil>
[context deadline exceeded] <nil>
true context deadline exceeded
`, `
p := pool.New(pool.Processes(1))
soon := func() context.Context { ctx, _ := context.WithTimeout(context.Background(), 50*time.Millisecond); return ctx }
ctx := soon()
fmt.Println(pool.Apply(p, func() error { <-ctx.Done(); return ctx.Err() }))
ctx = soon()
fmt.Println(pool.Apply(p, func() error { sub, end := context.WithCancel(ctx); defer end(); <-sub.Done(); return sub.Err() }))
fmt.Println(pool.Map(p, func(c context.Context) error { <-c.Done(); return c.Err() }, []context.Context{soon()}))
why := errors.New("too late")
over, end := context.WithTimeoutCause(context.Background(), 1, why)
<-over.Done()
defer end()
_, err := pool.ApplyErr(p, func() (int, error) { return 0, fmt.Errorf("%w: %w", context.Cause(over), over.Err()) })
fmt.Println(errors.Is(err, why), over.Err())`)
}

// TestSentinelsOfAllPackages tries errors of packages whose other variables a session has for itself.
func TestSentinelsOfAllPackages(t *testing.T) {
	arrives(t, "[true true true] <nil>\ntrue\n", `
import "go/build/constraint"
p := pool.New(pool.Processes(1))
var _ constraint.Expr
fmt.Println(pool.Starmap(p, func(i int, e error) bool { return e == []error{flag.ErrHelp, io.EOF, http.ErrServerClosed}[i] }, []pool.Args2[int, error]{{0, flag.ErrHelp}, {1, io.EOF}, {2, http.ErrServerClosed}}))
e, _ := pool.Apply(p, func() error { return flag.ErrHelp })
fmt.Println(e == flag.ErrHelp)`)
}
