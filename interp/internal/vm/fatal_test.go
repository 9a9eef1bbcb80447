//go:build linux && amd64

package vm_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"poolbook/interp/internal/vm"
)

// TestFatalsOfCompiledCode uses maps in two goroutines where no call in the program shows that compiled code uses them, and
// mutexes as only the runtime finds out.
func TestFatalsOfCompiledCode(t *testing.T) {
	if raceEnabled {
		t.Skip("these are data races")
	}
	for name, body := range map[string]string{
		"reflect read":      `go writes(); v := reflect.ValueOf(m); for { v.MapIndex(reflect.ValueOf(1)) }`,
		"reflect range":     `go writes(); v := reflect.ValueOf(m); for { for it := v.MapRange(); it.Next(); {} }`,
		"reflect write":     `go writes(); v := reflect.ValueOf(m); for i := range 1<<40 { v.SetMapIndex(reflect.ValueOf(i%100), reflect.ValueOf("z")) }`,
		"function value":    `go writes(); f := fmt.Sprint; for { f(m) }`,
		"started":           `go writes(); for { done := make(chan int); go func() { defer close(done); go fmt.Fprintln(io.Discard, m); fmt.Fprintln(io.Discard, m) }(); <-done }`,
		"deferred":          `go writes(); for { func() { defer fmt.Fprintln(io.Discard, m) }() }`,
		"methods":           `f := func() { for i := range 1<<40 { h.Set(fmt.Sprint("K", i%100), "x") } }; go f(); f()`,
		"in compiled types": `v := url.Values(h); go func() { for i := 0; ; i++ { h[fmt.Sprint("K", i%100)] = nil } }(); for { _ = v.Encode() }`,
		"recovered":         `go writes(); v := reflect.ValueOf(m); for { func() { defer func() { recover() }(); v.MapKeys() }() }`,
	} {
		t.Run(name, func(t *testing.T) {
			p := mustLoad(t, `import ("fmt"; "io"; "net/http"; "net/url"; "reflect")
var _ io.Writer
var _ url.Values
var _ reflect.Value
var m = map[int]string{}
var h = http.Header{}
func writes() { for i := 0; ; i++ { m[i%1000] = fmt.Sprint("y") } }
func main() {
	// the maps do not grow: compiled code that finds more in one than it has counted panics
	for i := range 1000 { m[i] = ""; h[fmt.Sprint("K", i%100)] = nil }
	`+body+`
}`)
			r, f := p.mustFault(t)
			if !strings.HasPrefix(f.Message, "concurrent map ") {
				t.Errorf("message %q", f.Message)
			}
			if len(f.Stack) == 0 {
				t.Error("no stack")
			}
			r.Wait()
		})
	}
	for name, body := range map[string]string{
		"sync: unlock of unlocked mutex":     `var mu sync.Mutex; f := mu.Unlock; f()`,
		"sync: RUnlock of unlocked RWMutex":  `var mu sync.RWMutex; l := mu.RLocker(); l.Unlock()`,
		"sync: Unlock of unlocked RWMutex":   `var mu sync.RWMutex; reflect.ValueOf(&mu).MethodByName("Unlock").Call(nil)`,
		"sync: unlock of unlocked  mutex":    `type T struct { sync.Mutex }; var l sync.Locker = &T{}; l.Unlock()`,
		"sync: unlock of  unlocked mutex":    `var mu sync.Mutex; c := sync.NewCond(&mu); c.L.Unlock()`,
		"sync: unlock  of unlocked  mutex":   `var l sync.Locker = &sync.Mutex{}; defer l.Unlock()`,
		"sync:  RUnlock of unlocked RWMutex": `var mu sync.RWMutex; defer mu.RUnlock()`,
	} {
		t.Run(name, func(t *testing.T) {
			p := mustLoad(t, `import ("reflect"; "sync")
var _ reflect.Value
var _ sync.Mutex
var Got any
func main() { defer func() { Got = recover() }(); `+body+` }`)
			r := p.m.NewRun(t.Context(), vm.RunConfig{})
			if _, err := r.Call(p.main.Func("main")); err != nil {
				t.Fatal(err)
			}
			err, _ := p.m.Global(p.main.Var("Got")).Interface().(error)
			if want := "fatal error: " + strings.Join(strings.Fields(name), " "); err == nil || err.Error() != want {
				t.Errorf("recovered %v", err)
			}
		})
	}
}

// TestFatalsOutside has two goroutines that no machine runs in one map: that is a fault of Poolbook's, which ends the process.
func TestFatalsOutside(t *testing.T) {
	if raceEnabled {
		t.Skip("these are data races")
	}
	const child = "POOLBOOK_TEST_MAP_FAULT"
	if os.Getenv(child) != "" {
		mustLoad(t, "func main() {}")
		m := map[int]int{}
		write := func() {
			defer func() { _ = recover() }()
			for i := 0; ; i++ {
				m[i%100] = i
			}
		}
		go write()
		write()
		os.Exit(0) // recovered
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFatalsOutside$")
	cmd.Env = append(os.Environ(), child+"=1", "GOTRACEBACK=none")
	out, err := cmd.CombinedOutput()
	if !errors.As(err, new(*exec.ExitError)) || !strings.HasPrefix(string(out), "fatal error: concurrent map writes") {
		t.Errorf("it ended with %v:\n%s", err, out)
	}
}
