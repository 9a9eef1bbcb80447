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
	if by := recovers(); by != "" {
		if by == httpServer { // it says so only in the process's log
			g.started = true
			err := g.failure(escaped.value)
			if p, ok := err.(*Panic); !ok || p.Text != abortHandler {
				r.report(err)
			}
		}
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

// httpServer is what recovers the panics of HTTP handlers.
const httpServer = "net/http.(*conn).serve"

// abortHandler is the text of http.ErrAbortHandler, with which handlers end without a word.
const abortHandler = "net/http: abort Handler"

// recovers returns the beginning of the name of a caller that is known to recover
// panics of the functions it calls; "" when there is none.
func recovers() string {
	pcs := make([]uintptr, 128)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		for _, p := range []string{httpServer, "iter.", "testing.", "text/template.", "encoding/", "fmt.", "poolbook/"} {
			if strings.HasPrefix(f.Function, p) && !strings.HasPrefix(f.Function, "poolbook/interp/internal/vm.") {
				return p
			}
		}
		if !more {
			return ""
		}
	}
}
