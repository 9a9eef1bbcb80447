package vm

import (
	"runtime"
	"strings"
)

// leave ends a callback on a goroutine that the machine did not start; it is
// called in a deferred call. A panic there would end the process unless a
// compiled function further up recovers it: where none is known to, it is
// reported to the run and only the goroutine ends.
func (g *goroutine) leave() {
	r, escaped := g.run, g.escaped
	defer func() {
		g.done()
		r.endCallback()
	}()
	if escaped == nil {
		return
	}
	if recovers() {
		return // the panic goes on
	}
	v := recover()
	if v == nil {
		return
	}
	g.started = true
	g.escaped = escaped
	r.report(g.failure(v))
	runtime.Goexit()
}

// recovers reports whether one of the callers is known to recover panics of the
// functions it calls.
func recovers() bool {
	pcs := make([]uintptr, 128)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		for _, p := range []string{"net/http.(*conn).serve", "iter.", "testing.", "text/template.", "encoding/", "fmt.", "poolbook/"} {
			if strings.HasPrefix(f.Function, p) && !strings.HasPrefix(f.Function, "poolbook/interp/internal/vm.") {
				return true
			}
		}
		if !more {
			return false
		}
	}
}
